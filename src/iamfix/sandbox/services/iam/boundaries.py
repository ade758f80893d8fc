"""Permissions boundaries of users and roles. The policy must exist; its use as a boundary is counted."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.lookup import iam, is_aws_policy, no_such_entity, see_policy
from iamfix.sandbox.services.iam.principal_kinds import ROLE, USER, PrincipalKind, put


def check_boundary(call: Call, arn: str) -> str:
    """The ARN, if a policy of this account or of AWS has it. Raises InvalidInput or NoSuchEntity."""
    message = f"Scope ARN: {arn} does not exist or is not attachable."
    if not is_aws_policy(arn) and arn.split(":")[4:5] != [call.account]:
        raise AwsError("InvalidInput", f"ARN {arn} is not valid.")
    policy = see_policy(call, arn, message)
    if not is_aws_policy(arn) and iam(call).policies.latest(policy.name.lower()) is None:
        raise no_such_entity(message)
    return arn


def _put_boundary(kind: PrincipalKind, call: Call) -> Answer:
    holder = kind.take(call, kind.name(call))
    put(iam(call), replace(holder, boundary=check_boundary(call, call.param("PermissionsBoundary"))))
    return {}


def _delete_boundary(kind: PrincipalKind, call: Call) -> Answer:
    holder = kind.take(call, kind.name(call))
    if holder.boundary is None:
        raise no_such_entity(f"{kind.word} with name {holder.name} does not have a permissions boundary.")
    put(iam(call), replace(holder, boundary=None))
    return {}


def boundary_member(arn: str | None) -> dict[str, str] | None:
    """A boundary as answers tell it."""
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn} if arn else None


OPERATIONS: dict[str, Handler] = {
    "PutUserPermissionsBoundary": partial(_put_boundary, USER),
    "PutRolePermissionsBoundary": partial(_put_boundary, ROLE),
    "DeleteUserPermissionsBoundary": partial(_delete_boundary, USER),
    "DeleteRolePermissionsBoundary": partial(_delete_boundary, ROLE),
}
