"""Roles, service-linked roles, and their tags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam import documents
from iamfix.sandbox.services.iam.boundaries import boundary_member, check_boundary
from iamfix.sandbox.services.iam.lookup import iam, no_such_entity, see_role, take, take_role
from iamfix.sandbox.services.iam.state import DeletionTask, Role
from iamfix.sandbox.services.iam.tags import tag_list, tags_page, with_tags, without_tags

MOST_ROLES = 1000
TRUST_LIMIT = 2048


@cache
def _service_linked() -> Mapping[str, tuple[str, str]]:
    """(role's name, whether it takes a suffix) by service principal."""
    text = files("iamfix").joinpath("data/service_linked_roles.txt").read_text(encoding="utf-8")
    rows = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {f"{service}.amazonaws.com": (f"AWSServiceRoleFor{name}", suffix) for service, name, suffix in rows}


def role_member(call: Call, role: Role) -> dict[str, Any]:
    """A role as ListRoles tells it: without tags, boundary and last use."""
    trust = documents.shown_trust(call, role.trust, role.trust_ids)
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn(call.account, call.partition),
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": quote(trust, safe=""),
        "Description": role.description or None,
        "MaxSessionDuration": role.max_session,
    }


def whole_role(call: Call, role: Role) -> dict[str, Any]:
    """A role as GetRole tells it."""
    return {
        **role_member(call, role),
        "Tags": tag_list(role.tags) or None,
        "PermissionsBoundary": boundary_member(role.boundary),
        "RoleLastUsed": last_used(call, role),
    }


def last_used(call: Call, role: Role) -> dict[str, Any]:
    """A role's last use; empty when it was never used."""
    use = call.cloud.credentials.role_last_use.get(role.id)
    return {"LastUsedDate": use.at, "Region": use.region} if use else {}


def check_trust(call: Call, document: str) -> tuple[str, dict[str, str]]:
    """The trust policy as IAM keeps it, and its principals' ids. Raises MalformedPolicyDocument, LimitExceeded."""
    documents.check_trust_policy(document)
    if documents.size(document) > TRUST_LIMIT:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {TRUST_LIMIT}")
    return documents.resolve_principals(call, document)


def _check_new(call: Call, name: str) -> None:
    state = iam(call)
    if state.roles.latest(name.lower()) is not None:
        raise AwsError("EntityAlreadyExists", f"Role with name {name} already exists.")
    if len(state.roles) >= MOST_ROLES:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for RolesPerAccount: {MOST_ROLES}")


def create_role(call: Call) -> Answer:
    """CreateRole."""
    name, path = call.param("RoleName"), call.params.get("Path", "/")
    _check_new(call, name)
    if path.startswith(("/aws-service-role/", "/aws-reserved/")):
        raise AwsError("ValidationError", f"The path {path} is reserved for AWS.")
    trust, ids = check_trust(call, call.param("AssumeRolePolicyDocument"))
    boundary = call.params.get("PermissionsBoundary")
    role = Role(
        name=name,
        path=path,
        id=call.cloud.new_id("AROA"),
        created=call.cloud.now(),
        trust=trust,
        trust_ids=ids,
        description=call.params.get("Description", ""),
        max_session=call.params.get("MaxSessionDuration", 3600),
        boundary=check_boundary(call, boundary) if boundary else None,
        tags=with_tags({}, call.params.get("Tags", []), fold_case=True),
    )
    iam(call).put_role(role)
    return {"Role": whole_role(call, role)}


def get_role(call: Call) -> Answer:
    """GetRole."""
    finish_deletions(call)
    return {"Role": whole_role(call, see_role(call, call.param("RoleName")))}


def list_roles(call: Call) -> Answer:
    """ListRoles."""
    finish_deletions(call)
    prefix = call.params.get("PathPrefix", "/")
    roles = [role for role in iam(call).roles.all_seen(call.replica) if role.path.startswith(prefix)]
    some, marker = page(call, sorted(roles, key=lambda role: role.name.lower()))
    return {"Roles": [role_member(call, role) for role in some], "IsTruncated": marker is not None, "Marker": marker}


def update_role(call: Call) -> Answer:
    """UpdateRole: what is left out is kept. A service-linked role's description may be changed, nothing else."""
    name = call.param("RoleName")
    described_only = "Description" in call.params and "MaxSessionDuration" not in call.params
    role = take(call, iam(call).roles, "role", name)
    if not (described_only and role.path.startswith("/aws-service-role/")):
        role = take_role(call, name)
    changed = replace(
        role,
        description=call.params.get("Description", role.description),
        max_session=call.params.get("MaxSessionDuration", role.max_session),
    )
    iam(call).put_role(changed)
    return {}


def update_role_description(call: Call) -> Answer:
    """UpdateRoleDescription."""
    role = take(call, iam(call).roles, "role", call.param("RoleName"))
    changed = replace(role, description=call.param("Description"))
    iam(call).put_role(changed)
    return {"Role": role_member(call, changed)}


def update_assume_role_policy(call: Call) -> Answer:
    """UpdateAssumeRolePolicy."""
    role = take_role(call, call.param("RoleName"))
    trust, ids = check_trust(call, call.param("PolicyDocument"))
    iam(call).put_role(replace(role, trust=trust, trust_ids=ids))
    return {}


def delete_role(call: Call) -> Answer:
    """DeleteRole: policies and instance profiles must be gone before, and every replica asked must know."""
    name, state = call.param("RoleName"), iam(call)
    role, seen = take_role(call, name), see_role(call, name)
    profiles = state.instance_profiles
    in_profile = any(p.role_id == role.id for p in [*profiles.all_latest(), *profiles.all_seen(call.replica)])
    for left, message in (
        (in_profile, "must remove roles from instance profile first."),
        (role.attached or seen.attached, "must detach all policies first."),
        (role.inline or seen.inline, "must delete policies first."),
    ):
        if left:
            raise AwsError("DeleteConflict", f"Cannot delete entity, {message}")
    state.roles.delete(name.lower())
    return {}


def tag_role(call: Call) -> Answer:
    """TagRole: keys are the same regardless of case."""
    role = take(call, iam(call).roles, "role", call.param("RoleName"))
    iam(call).put_role(replace(role, tags=with_tags(role.tags, call.params["Tags"], fold_case=True)))
    return {}


def untag_role(call: Call) -> Answer:
    """UntagRole."""
    role = take(call, iam(call).roles, "role", call.param("RoleName"))
    iam(call).put_role(replace(role, tags=without_tags(role.tags, call.params["TagKeys"], fold_case=True)))
    return {}


def list_role_tags(call: Call) -> Answer:
    """ListRoleTags."""
    return tags_page(call, see_role(call, call.param("RoleName")).tags)


def create_service_linked_role(call: Call) -> Answer:
    """CreateServiceLinkedRole: of the services that have one; a second one is InvalidInput."""
    finish_deletions(call)
    service, suffix = call.param("AWSServiceName"), call.params.get("CustomSuffix")
    if service not in _service_linked():
        raise AwsError("AccessDenied", f"Cannot find Service Linked Role template for {service}")
    name, takes_suffix = _service_linked()[service]
    if suffix and takes_suffix == "no":
        raise AwsError("InvalidInput", f"Custom suffix is not allowed for {service}")
    name = f"{name}_{suffix}" if suffix else name
    if iam(call).roles.latest(name.lower()) is not None:
        raise AwsError(
            "InvalidInput", f"Service role name {name} has been taken in this account, please try a different suffix."
        )
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = Role(
        name=name,
        path=f"/aws-service-role/{service}/",
        id=call.cloud.new_id("AROA"),
        created=call.cloud.now(),
        trust=trust,
        description=call.params.get("Description", ""),
    )
    iam(call).put_role(role)
    return {"Role": whole_role(call, role)}


def delete_service_linked_role(call: Call) -> Answer:
    """DeleteServiceLinkedRole: a task, which takes a while."""
    role = take(call, iam(call).roles, "role", call.param("RoleName"))
    if not role.path.startswith("/aws-service-role/"):
        raise no_such_entity(f"The service-linked role with name {role.name} cannot be found.")
    state = iam(call)
    due = call.cloud.now() + timedelta(seconds=state.role_deletion)
    task_id = f"task{role.path}{role.name}/{call.cloud.new_secret(12)}"
    state.deletion_tasks[task_id] = DeletionTask(task_id, role.name, due, state.roles_in_use.get(role.name))
    return {"DeletionTaskId": task_id}


def finish_deletions(call: Call) -> None:
    """Carry out the deletions of service-linked roles that are due; AWS does so whether or not somebody asks."""
    state, now = iam(call), call.cloud.now()
    for task in state.deletion_tasks.values():
        due = task.refused is None and task.due <= now
        if due and state.roles.latest(task.role_name.lower()) is not None and task.id not in state.deleted:
            state.roles.delete(task.role_name.lower())
        if due:
            state.deleted.add(task.id)


def get_service_linked_role_deletion_status(call: Call) -> Answer:
    """GetServiceLinkedRoleDeletionStatus."""
    state, task = iam(call), iam(call).deletion_tasks.get(call.param("DeletionTaskId"))
    if task is None:
        raise no_such_entity(f"DeletionTaskId {call.param('DeletionTaskId')} was not found.")
    finish_deletions(call)
    if task.refused is not None:
        return {"Status": "FAILED", "Reason": {"Reason": task.refused}}
    return {"Status": "SUCCEEDED" if task.id in state.deleted else "IN_PROGRESS"}


OPERATIONS: dict[str, Handler] = {
    "CreateRole": create_role,
    "GetRole": get_role,
    "ListRoles": list_roles,
    "UpdateRole": update_role,
    "UpdateRoleDescription": update_role_description,
    "UpdateAssumeRolePolicy": update_assume_role_policy,
    "DeleteRole": delete_role,
    "TagRole": tag_role,
    "UntagRole": untag_role,
    "ListRoleTags": list_role_tags,
    "CreateServiceLinkedRole": create_service_linked_role,
    "DeleteServiceLinkedRole": delete_service_linked_role,
    "GetServiceLinkedRoleDeletionStatus": get_service_linked_role_deletion_status,
}
