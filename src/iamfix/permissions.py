"""The smallest IAM policy with which a plan, and its apply, runs: derived from the requests and calls themselves.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS IAM".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from iamfix.aws.model import operation_of
from iamfix.model import Call, Plan

_RESOURCE = {"UserName": "user", "RoleName": "role", "GroupName": "group", "InstanceProfileName": "instance-profile"}
_MFA = ("deactivate_mfa_device", "delete_virtual_mfa_device")


def policy_for(plan: Plan, reads: Mapping[str, Collection[tuple[str, str]]], *, writes: bool) -> dict[str, Any]:
    """Return a policy document: what planning read, and, with `writes`, what the plan's calls do to which resources.

    `reads` are (service, operation) by account, as planning sent them; a saved plan knows none, and gets those that
    an apply sends to look again.
    """
    looked = {action_of(*one) for found in reads.values() for one in found}
    looked |= {"iam:GetAccountAuthorizationDetails", "iam:ListRoles"}
    statements: list[dict[str, Any]] = [{"Sid": "Look", "Effect": "Allow", "Action": sorted(looked), "Resource": "*"}]
    if writes:
        needed: dict[str, set[str]] = {}
        for account in plan.accounts:
            partition, number = account.account.partition, account.account.id
            for change in account.changes:
                for call in change.calls:
                    for action, resource in _needs(call, partition, number):
                        needed.setdefault(action, set()).add(resource)
        groups: dict[tuple[str, ...], list[str]] = {}
        for action, resources in needed.items():
            groups.setdefault(tuple(sorted(resources)), []).append(action)
        for index, (arns, actions) in enumerate(sorted(groups.items(), key=lambda item: sorted(item[1]))):
            statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": list(arns)}
            statements.append({"Sid": f"Change{index + 1}", **statement})
    return {"Version": "2012-10-17", "Statement": statements}


def action_of(service: str, operation: str) -> str:
    """Return the IAM action of an operation, such as `iam:GetUser`."""
    model = operation_of(Call(service, operation, {}))
    name = model.name if model is not None else operation
    prefix = service if model is None else model.service_model.signing_name
    return f"{prefix}:{name}"


def _needs(call: Call, partition: str, account: str) -> Iterator[tuple[str, str]]:
    """Yield (action, resource) for a call."""
    resource = _resource_of(call, partition, account)
    yield action_of(call.service, call.operation), resource
    entity = call.operation.removeprefix("create_").title()
    if call.operation in ("create_role", "create_user", "create_policy") and call.params.get("Tags"):
        yield f"iam:Tag{entity}", resource
    if call.operation in ("create_role", "create_user") and call.params.get("PermissionsBoundary"):
        yield f"iam:Put{entity}PermissionsBoundary", resource
    if call.operation == "add_role_to_instance_profile":
        yield "iam:PassRole", f"arn:{partition}:iam::{account}:role/{call.params['RoleName']}"


def _resource_of(call: Call, partition: str, account: str) -> str:
    """Return the ARN that a call works on. Paths are not in most calls, so a name matches under any path."""
    params = call.params
    if call.operation in _MFA:
        return str(params["SerialNumber"]) if ":mfa/" in str(params["SerialNumber"]) else "*"
    base = f"arn:{partition}:iam::{account}"
    if "GroupName" in params:
        return f"{base}:group{_path(params)}{params['GroupName']}"
    for name, kind in _RESOURCE.items():
        if name in params:
            return f"{base}:{kind}{_path(params)}{params[name]}"
    if "PolicyArn" in params:
        return str(params["PolicyArn"])
    if "PolicyName" in params:
        return f"{base}:policy{params.get('Path', '/')}{params['PolicyName']}"
    return "*"


def _path(params: Mapping[str, Any]) -> str:
    return str(params.get("Path") or "/*")
