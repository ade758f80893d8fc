"""Groups and their members."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.lookup import iam, see_group, see_user, take_group, take_user
from iamfix.sandbox.services.iam.state import Group
from iamfix.sandbox.services.iam.users import user_member

MOST_GROUPS = 300
MOST_GROUPS_PER_USER = 10


def group_member(call: Call, group: Group) -> dict[str, Any]:
    """A group as answers tell it."""
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn(call.account, call.partition),
        "CreateDate": group.created,
    }


def create_group(call: Call) -> Answer:
    """CreateGroup."""
    name, state = call.param("GroupName"), iam(call)
    if state.groups.latest(name.lower()) is not None:
        raise AwsError("EntityAlreadyExists", f"Group with name {name} already exists.")
    if len(state.groups) >= MOST_GROUPS:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for GroupsPerAccount: {MOST_GROUPS}")
    group = Group(name=name, path=call.params.get("Path", "/"), id=call.cloud.new_id("AGPA"), created=call.cloud.now())
    state.put_group(group)
    return {"Group": group_member(call, group)}


def get_group(call: Call) -> Answer:
    """GetGroup: the group and a page of its members."""
    group = see_group(call, call.param("GroupName"))
    members = [user for user in iam(call).users.all_seen(call.replica) if group.id in user.groups]
    some, marker = page(call, sorted(members, key=lambda user: user.name.lower()))
    return {
        "Group": group_member(call, group),
        "Users": [user_member(call, user) for user in some],
        "IsTruncated": marker is not None,
        "Marker": marker,
    }


def list_groups(call: Call) -> Answer:
    """ListGroups."""
    prefix = call.params.get("PathPrefix", "/")
    groups = [group for group in iam(call).groups.all_seen(call.replica) if group.path.startswith(prefix)]
    return _groups_page(call, groups)


def _groups_page(call: Call, groups: list[Group]) -> Answer:
    some, marker = page(call, sorted(groups, key=lambda group: group.name.lower()))
    return {
        "Groups": [group_member(call, group) for group in some],
        "IsTruncated": marker is not None,
        "Marker": marker,
    }


def list_groups_for_user(call: Call) -> Answer:
    """ListGroupsForUser."""
    user = see_user(call, call.param("UserName"))
    return _groups_page(call, [group for group in iam(call).groups.all_seen(call.replica) if group.id in user.groups])


def update_group(call: Call) -> Answer:
    """UpdateGroup: another name or path, alone or together."""
    group, state = take_group(call, call.param("GroupName")), iam(call)
    name, path = call.params.get("NewGroupName", group.name), call.params.get("NewPath", group.path)
    other = state.groups.latest(name.lower())
    if other is not None and other.id != group.id:
        raise AwsError("EntityAlreadyExists", f"Group with name {name} already exists.")
    if name.lower() != group.name.lower():
        state.groups.delete(group.name.lower())
    state.put_group(replace(group, name=name, path=path))
    return {}


def delete_group(call: Call) -> Answer:
    """DeleteGroup: members and policies must be gone before."""
    group, state = take_group(call, call.param("GroupName")), iam(call)
    seen = see_group(call, group.name)
    users = [*state.users.all_latest(), *state.users.all_seen(call.replica)]
    for left, message in (
        (group.attached or seen.attached, "must detach all policies first."),
        (group.inline or seen.inline, "must delete policies first."),
        (any(group.id in user.groups for user in users), "must remove users from group first."),
    ):
        if left:
            raise AwsError("DeleteConflict", f"Cannot delete entity, {message}")
    state.groups.delete(group.name.lower())
    return {}


def add_user_to_group(call: Call) -> Answer:
    """AddUserToGroup: again is no error; at most ten groups for a user."""
    group, user = take_group(call, call.param("GroupName")), take_user(call, call.param("UserName"))
    if group.id in user.groups:
        return {}
    if len(user.groups) >= MOST_GROUPS_PER_USER:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for GroupsPerUser: {MOST_GROUPS_PER_USER}")
    iam(call).put_user(replace(user, groups=(*user.groups, group.id)))
    return {}


def remove_user_from_group(call: Call) -> Answer:
    """RemoveUserFromGroup: no error when the user is no member."""
    group, user = take_group(call, call.param("GroupName")), take_user(call, call.param("UserName"))
    if group.id in user.groups:
        iam(call).put_user(replace(user, groups=tuple(other for other in user.groups if other != group.id)))
    return {}


OPERATIONS: dict[str, Handler] = {
    "CreateGroup": create_group,
    "GetGroup": get_group,
    "ListGroups": list_groups,
    "ListGroupsForUser": list_groups_for_user,
    "UpdateGroup": update_group,
    "DeleteGroup": delete_group,
    "AddUserToGroup": add_user_to_group,
    "RemoveUserFromGroup": remove_user_from_group,
}
