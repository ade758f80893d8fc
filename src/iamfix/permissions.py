"""The smallest IAM policy with which a plan, and its apply, runs: derived from the requests and calls themselves.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS IAM".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from iamfix.aws.model import operation_of
from iamfix.kinds.protocol import Kind
from iamfix.model import Call, Change, Plan

_RESOURCE = {"GroupName": "group", "InstanceProfileName": "instance-profile", "UserName": "user", "RoleName": "role"}
"""Parameter -> type of the resource it names; a call that names a group and a user works on the group."""
_MFA = ("deactivate_mfa_device", "delete_virtual_mfa_device")


def policy_for(
    plan: Plan, reads: Mapping[str, Collection[tuple[str, str]]], kinds: Mapping[str, Kind], *, writes: bool
) -> dict[str, Any]:
    """Return a policy document: what planning read, and, with `writes`, what the plan's calls do to which resources.

    `reads` are (service, operation) by account, as planning sent them. An apply looks again at what it changes, with
    all the reads that the kinds of its changes may send.
    """
    looked = {action_of(*one) for found in reads.values() for one in found}
    if writes or not reads:
        changed = {change.kind for change in plan.changes()}
        looked |= {action_of(*one) for kind in changed for one in kinds[kind].READS}
    statements: list[dict[str, Any]] = [{"Sid": "Look", "Effect": "Allow", "Action": sorted(looked), "Resource": "*"}]
    if writes:
        needed: dict[str, set[str]] = {}
        for account in plan.accounts:
            partition, number = account.account.partition, account.account.id
            for change in account.changes:
                paths = {change.name: _path_of(change)}
                for call in change.calls:
                    for action, resources in _needs(call, f"arn:{partition}:iam::{number}", paths):
                        needed.setdefault(action, set()).update(resources)
        groups: dict[tuple[str, ...], list[str]] = {}
        for action, found in needed.items():
            groups.setdefault(tuple(sorted(found)), []).append(action)
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


def _needs(call: Call, base: str, paths: Mapping[str, str | None]) -> Iterator[tuple[str, list[str]]]:
    """Yield (action, resources) for a call. `base` is the account's part of an IAM ARN, `paths` are those known."""
    resources = _resources_of(call, base, paths)
    yield action_of(call.service, call.operation), resources
    entity = call.operation.removeprefix("create_").title()
    if call.operation in ("create_role", "create_user", "create_policy") and call.params.get("Tags"):
        yield f"iam:Tag{entity}", resources
    if call.operation in ("create_role", "create_user") and call.params.get("PermissionsBoundary"):
        yield f"iam:Put{entity}PermissionsBoundary", resources
    if call.operation == "add_role_to_instance_profile":
        yield "iam:PassRole", _named(f"{base}:role", str(call.params["RoleName"]), paths)


def _resources_of(call: Call, base: str, paths: Mapping[str, str | None]) -> list[str]:
    """Return the ARNs that a call works on."""
    params = call.params
    if call.operation in _MFA:
        return [str(params["SerialNumber"])] if ":mfa/" in str(params["SerialNumber"]) else ["*"]
    for name, kind in _RESOURCE.items():
        if name in params:
            return _named(f"{base}:{kind}", str(params[name]), paths)
    if "PolicyArn" in params:
        return [str(params["PolicyArn"])]
    if "PolicyName" in params:
        return _named(f"{base}:policy", str(params["PolicyName"]), paths)
    return ["*"]


def _named(start: str, name: str, paths: Mapping[str, str | None]) -> list[str]:
    """Return the ARN of a name; under any path, where the path is not known."""
    path = paths.get(name)
    return [f"{start}/{name}", f"{start}/*/{name}"] if path is None else [f"{start}{path}{name}"]


def _path_of(change: Change) -> str | None:
    """Return the path of a changed resource; None when it changes, for then both must be allowed."""
    found = {getattr(state, "path", None) for state in (change.before, change.after) if state is not None}
    return found.pop() if len(found) == 1 else None
