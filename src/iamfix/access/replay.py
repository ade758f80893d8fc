"""What one AWS call makes of the picture of an account: a pure replay, so that each moment of a plan can be looked at.

Source: IAM API Reference, the operations named here. What does not bear on anybody's access changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from iamfix.access.picture import Holder, HolderKind, Managed, Picture
from iamfix.model import Call, Result
from iamfix.policy.document import Document

__all__ = ["CREDENTIALS", "replay"]

CREDENTIALS = frozenset(
    {
        "delete_access_key", "update_access_key", "delete_login_profile", "deactivate_mfa_device",
        "delete_virtual_mfa_device", "delete_signing_certificate", "delete_service_specific_credential",
    }
)  # fmt: skip
"""Operations that take a user's way in, which no policy tells."""


def replay(picture: Picture, call: Call) -> Picture:
    """Return the picture after a call; the very same one where the call bears on nobody's access."""
    step = _STEPS.get(call.operation) if call.service == "iam" else None
    return picture if step is None else step(picture, call.params)


Params = Mapping[str, Any]
Step = Callable[[Picture, Params], Picture]


def _put(picture: Picture, holder: Holder | None, kind: HolderKind, name: str) -> Picture:
    """The picture with a user, group or role as it is now; None takes it away."""
    there = dict(picture.holders[kind])
    if holder is None:
        there.pop(name, None)
    else:
        there[name] = holder
    return replace(picture, holders={**picture.holders, kind: there})


def _on(kind: HolderKind, change: Callable[[Holder, Params, Picture], Holder]) -> Step:
    """A step on one user, group or role; on one that is not there it is none."""

    def step(picture: Picture, params: Params) -> Picture:
        name = params[f"{kind.title()}Name"]
        holder = picture.holder(kind, name)
        return picture if holder is None else _put(picture, change(holder, params, picture), kind, name)

    return step


def _attach(holder: Holder, params: Params, _: Picture) -> Holder:
    return replace(holder, attached=holder.attached | {params["PolicyArn"]})


def _detach(holder: Holder, params: Params, _: Picture) -> Holder:
    return replace(holder, attached=holder.attached - {params["PolicyArn"]})


def _put_inline(holder: Holder, params: Params, picture: Picture) -> Holder:
    document = Document.parse(params["PolicyDocument"], partition=picture.account.partition)
    return replace(holder, inline={**holder.inline, params["PolicyName"]: document})


def _delete_inline(holder: Holder, params: Params, _: Picture) -> Holder:
    return replace(holder, inline={name: one for name, one in holder.inline.items() if name != params["PolicyName"]})


def _bound(holder: Holder, params: Params, _: Picture) -> Holder:
    return replace(holder, boundary=params["PermissionsBoundary"])


def _unbound(holder: Holder, params: Params, _: Picture) -> Holder:
    return replace(holder, boundary=None)


def _tag(holder: Holder, params: Params, _: Picture) -> Holder:
    return replace(holder, tags={**holder.tags, **{tag["Key"]: tag["Value"] for tag in params["Tags"]}})


def _untag(holder: Holder, params: Params, _: Picture) -> Holder:
    gone = {key.lower() for key in params["TagKeys"]}
    return replace(holder, tags={key: value for key, value in holder.tags.items() if key.lower() not in gone})


def _move(holder: Holder, params: Params, _: Picture) -> Holder:
    return replace(holder, path=params.get("NewPath", holder.path))


def _renamed(picture: Picture, params: Params) -> Picture:
    """A user's new path or name. Source: IAM API Reference, UpdateUser."""
    name = params["UserName"]
    holder = picture.holder("user", name)
    if holder is None:
        return picture
    now = replace(_move(holder, params, picture), name=params.get("NewUserName", name))
    return _put(_put(picture, None, "user", name), now, "user", now.name)


def _trust(holder: Holder, params: Params, picture: Picture) -> Holder:
    document = Document.parse(params["PolicyDocument"], trust=True, partition=picture.account.partition)
    return replace(holder, trust=document)


def _create(kind: HolderKind) -> Step:
    def step(picture: Picture, params: Params) -> Picture:
        name, trust = params[f"{kind.title()}Name"], params.get("AssumeRolePolicyDocument")
        holder = Holder(
            kind, name, params.get("Path", "/"), boundary=params.get("PermissionsBoundary"),
            trust=None if trust is None else Document.parse(trust, trust=True, partition=picture.account.partition),
            tags={tag["Key"]: tag["Value"] for tag in params.get("Tags", ())},
        )  # fmt: skip
        return _put(picture, holder, kind, name)

    return step


def _delete(kind: HolderKind) -> Step:
    def step(picture: Picture, params: Params) -> Picture:
        return _put(picture, None, kind, params[f"{kind.title()}Name"])

    return step


def _member(*, joins: bool) -> Step:
    def change(holder: Holder, params: Params, _: Picture) -> Holder:
        group = frozenset((params["GroupName"],))
        return replace(holder, groups=holder.groups | group if joins else holder.groups - group)

    return _on("user", change)


def _policy(change: Callable[[Managed, Params, Picture], Managed]) -> Step:
    """A step on a customer managed policy."""

    def step(picture: Picture, params: Params) -> Picture:
        arn = params["PolicyArn"]
        own = picture.policies.get(arn)
        if own is None:
            return picture
        return replace(picture, policies={**picture.policies, arn: change(own, params, picture)})

    return step


def _create_policy(picture: Picture, params: Params) -> Picture:
    account = picture.account
    arn = f"arn:{account.partition}:iam::{account.id}:policy{params.get('Path', '/')}{params['PolicyName']}"
    document = Document.parse(params["PolicyDocument"], partition=account.partition)
    return replace(picture, policies={**picture.policies, arn: Managed({"v1": document}, "v1")})


def _delete_policy(picture: Picture, params: Params) -> Picture:
    return replace(picture, policies={arn: one for arn, one in picture.policies.items() if arn != params["PolicyArn"]})


def _number(version: str) -> int:
    return int(version.removeprefix("v"))


def _newest(own: Managed) -> str:
    return max(own.versions, key=_number, default="v0")


def _create_version(own: Managed, params: Params, picture: Picture) -> Managed:
    # AWS never gives a number twice; a plan deletes old versions only, so that the newest tells the next.
    made = f"v{_number(_newest(own)) + 1}"
    document = Document.parse(params["PolicyDocument"], partition=picture.account.partition)
    return Managed({**own.versions, made: document}, made if params.get("SetAsDefault") else own.default)


def _version(own: Managed, params: Params) -> str:
    """Which version a call means: where an earlier call will give its number, the newest."""
    version = params["VersionId"]
    return _newest(own) if isinstance(version, Result) else str(version)


def _set_default(own: Managed, params: Params, _: Picture) -> Managed:
    return replace(own, default=_version(own, params))


def _delete_version(own: Managed, params: Params, _: Picture) -> Managed:
    gone = _version(own, params)
    return replace(own, versions={version: one for version, one in own.versions.items() if version != gone})


_KINDS: tuple[HolderKind, ...] = ("user", "group", "role")
_STEPS: Mapping[str, Step] = {
    **{f"attach_{kind}_policy": _on(kind, _attach) for kind in _KINDS},
    **{f"detach_{kind}_policy": _on(kind, _detach) for kind in _KINDS},
    **{f"put_{kind}_policy": _on(kind, _put_inline) for kind in _KINDS},
    **{f"delete_{kind}_policy": _on(kind, _delete_inline) for kind in _KINDS},
    **{f"create_{kind}": _create(kind) for kind in _KINDS},
    **{f"delete_{kind}": _delete(kind) for kind in _KINDS},
    **{f"put_{kind}_permissions_boundary": _on(kind, _bound) for kind in _KINDS[::2]},
    **{f"delete_{kind}_permissions_boundary": _on(kind, _unbound) for kind in _KINDS[::2]},
    **{f"tag_{kind}": _on(kind, _tag) for kind in _KINDS[::2]},
    **{f"untag_{kind}": _on(kind, _untag) for kind in _KINDS[::2]},
    "update_user": _renamed,
    "update_group": _on("group", _move),
    "update_assume_role_policy": _on("role", _trust),
    "add_user_to_group": _member(joins=True),
    "remove_user_from_group": _member(joins=False),
    "create_policy": _create_policy,
    "delete_policy": _delete_policy,
    "create_policy_version": _policy(_create_version),
    "set_default_policy_version": _policy(_set_default),
    "delete_policy_version": _policy(_delete_version),
}
