"""Users: create, read, rename, delete, and their tags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.boundaries import boundary_member, check_boundary
from iamfix.sandbox.services.iam.lookup import iam, no_such_entity, see_user, take_user
from iamfix.sandbox.services.iam.state import ROOT, RootUser, User
from iamfix.sandbox.services.iam.tags import tag_list, tags_page, with_tags, without_tags

MOST_USERS = 5000


def user_member(call: Call, user: User) -> dict[str, Any]:
    """A user as list operations tell it: without tags and boundary."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn(call.account, call.partition),
        "CreateDate": user.created,
        "PasswordLastUsed": user.password_last_used,
    }


def _whole_user(call: Call, user: User) -> dict[str, Any]:
    return {
        **user_member(call, user),
        "Tags": tag_list(user.tags) or None,
        "PermissionsBoundary": boundary_member(user.boundary),
    }


def create_user(call: Call) -> Answer:
    """CreateUser."""
    name, state = call.param("UserName"), iam(call)
    if state.users.latest(name.lower()) is not None:
        raise AwsError("EntityAlreadyExists", f"User with name {name} already exists.")
    if state.users.seen(name.lower(), call.replica) is not None:
        raise AwsError(
            "EntityTemporarilyUnmodifiable", f"The user name {name} was deleted just now and cannot be used again yet."
        )
    if len(state.users) >= MOST_USERS:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for UsersPerAccount: {MOST_USERS}")
    boundary = call.params.get("PermissionsBoundary")
    user = User(
        name=name,
        path=call.params.get("Path", "/"),
        id=call.cloud.new_id("AIDA"),
        created=call.cloud.now(),
        boundary=check_boundary(call, boundary) if boundary else None,
        tags=with_tags({}, call.params.get("Tags", []), fold_case=True),
    )
    state.put_user(user)
    return {"User": _whole_user(call, user)}


def get_user(call: Call) -> Answer:
    """GetUser: of the caller when no name is given."""
    name = call.params.get("UserName")
    if name is None:
        if call.caller.kind == "root":
            return {
                "User": {"Path": "/", "UserId": call.account, "Arn": call.caller.arn, "CreateDate": call.cloud.now()}
            }
        if call.caller.kind == "role":
            raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
        name = call.caller.arn.rsplit("/", 1)[-1]
    return {"User": _whole_user(call, see_user(call, name))}


def caller_user_name(call: Call) -> str:
    """The UserName parameter, or the caller's own name. Raises ValidationError when neither is there."""
    name = call.params.get("UserName")
    if name is not None and name != ROOT:
        return str(name)
    if call.caller.kind == "root":
        return ROOT
    if call.caller.kind != "user":
        raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
    return call.caller.arn.rsplit("/", 1)[-1]


def list_users(call: Call) -> Answer:
    """ListUsers."""
    prefix = call.params.get("PathPrefix", "/")
    users = [user for user in iam(call).users.all_seen(call.replica) if user.path.startswith(prefix)]
    some, marker = page(call, sorted(users, key=lambda user: user.name.lower()))
    return {
        "Users": [user_member(call, user) for user in some],
        "IsTruncated": marker is not None,
        "Marker": marker,
    }


def update_user(call: Call) -> Answer:
    """UpdateUser: another name or path; memberships, keys, tags and attachments stay with the user."""
    user, state = take_user(call, call.param("UserName")), iam(call)
    name, path = call.params.get("NewUserName", user.name), call.params.get("NewPath", user.path)
    other = state.users.latest(name.lower())
    if other is not None and other.id != user.id:
        raise AwsError("EntityAlreadyExists", f"User with name {name} already exists.")
    if name.lower() != user.name.lower():
        state.users.delete(user.name.lower())
    state.put_user(replace(user, name=name, path=path))
    return {}


def delete_user(call: Call) -> Answer:
    """DeleteUser: everything that belongs to the user must be gone before."""
    user = take_user(call, call.param("UserName"))
    seen = see_user(call, user.name)
    for left, message in (
        (user.attached or seen.attached, "must detach all policies first."),
        (user.inline or seen.inline, "must delete policies first."),
        (user.groups or seen.groups, "must remove users from group first."),
        (user.login or seen.login, "must delete login profile first."),
        (user.access_keys or seen.access_keys, "must delete access keys first."),
        (user.mfa_devices or seen.mfa_devices, "must delete MFA device first."),
        (user.signing_certificates, "must delete signing certificates first."),
        (user.ssh_keys, "must delete SSH public keys first."),
        (user.service_credentials, "must delete service specific credentials first."),
    ):
        if left:
            raise AwsError("DeleteConflict", f"Cannot delete entity, {message}")
    iam(call).users.delete(user.name.lower())
    return {}


def tag_user(call: Call) -> Answer:
    """TagUser: keys are the same regardless of case."""
    user = take_user(call, call.param("UserName"))
    iam(call).put_user(replace(user, tags=with_tags(user.tags, call.params["Tags"], fold_case=True)))
    return {}


def untag_user(call: Call) -> Answer:
    """UntagUser: keys that are not there are no error."""
    user = take_user(call, call.param("UserName"))
    iam(call).put_user(replace(user, tags=without_tags(user.tags, call.params["TagKeys"], fold_case=True)))
    return {}


def list_user_tags(call: Call) -> Answer:
    """ListUserTags."""
    return tags_page(call, see_user(call, call.param("UserName")).tags)


def told_name(user: User) -> str | None:
    """The user's name as answers tell it; the root user has none."""
    return None if isinstance(user, RootUser) else user.name


def user_by_id(call: Call, user_id: str) -> User:
    """A user as last written, by unique id. Raises NoSuchEntity."""
    if user_id == call.account:
        return see_user(call, ROOT)
    for user in iam(call).users.all_latest():
        if user.id == user_id:
            return user
    raise no_such_entity(f"The user with id {user_id} cannot be found.")


OPERATIONS: dict[str, Handler] = {
    "CreateUser": create_user,
    "GetUser": get_user,
    "ListUsers": list_users,
    "UpdateUser": update_user,
    "DeleteUser": delete_user,
    "TagUser": tag_user,
    "UntagUser": untag_user,
    "ListUserTags": list_user_tags,
}
