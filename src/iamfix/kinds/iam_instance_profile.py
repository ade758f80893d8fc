"""IAM instance profile: the role that it gives to EC2 instances, and its tags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from iamfix.fields import OPTIONAL_TEXT, TAGS, TEXT, Partial, asked, seen
from iamfix.kinds import defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Ripple, Scope, Want
from iamfix.model import UNREAD, Call, Mark

SCOPE: Scope = "global"
FOLDS_CASE = True
CREATABLE = True
SINGLETON = None
READS = (("iam", "list_instance_profiles"), ("iam", "list_instance_profile_tags"))
EXAMPLE = """\
- name: The instances' profile
  iam_instance_profile:
    name: web
    role: web
    tags: {include: {Owner: platform}}
"""


@dataclass(frozen=True, slots=True)
class State:
    path: str = asked(TEXT, "Path, beginning and ending with a slash.", default="/", fixed=True, aliases=("prefix",))
    role: str | None = asked(OPTIONAL_TEXT, "The role that it gives, by name; null for none. It takes one.")
    tags: iam.Tags | Mark = asked(TAGS, "Tags.", default={}, detail=True, reads=("list_instance_profile_tags",))
    created: str | None = seen("When it was created (UTC).", volatile=True)


def observe(read: Reader, want: Want) -> dict[str, Any]:
    states = {
        found["InstanceProfileName"]: State(
            path=found["Path"],
            role=next((role["RoleName"] for role in found["Roles"]), None),
            tags=UNREAD,
            created=iam.when(found["CreateDate"]),
        )
        for found in read.get("iam", "list_instance_profiles")["InstanceProfiles"]
        if want.has(found["InstanceProfileName"])
    }
    if "tags" not in want.details:
        return states
    asks = [{"InstanceProfileName": name} for name in states]
    answers = read.each("iam", "list_instance_profile_tags", asks, "NoSuchEntity")
    return {
        name: replace(states[name], tags=iam.tags_of(answer))
        for name, answer in zip(states, answers, strict=True)
        if answer is not None
    }


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    who = {"InstanceProfileName": name}
    old, new = before or State(), after or State()
    if before is None:
        params: dict[str, Any] = {**who, "Path": new.path}
        if not isinstance(new.tags, Mark) and (tags := iam.without_aws(new.tags)):
            params["Tags"] = iam.tag_list(tags)
        yield Call("iam", "create_instance_profile", params)
        old = replace(new, role=None)
    if old.role != new.role:
        # It holds one role: there is no way to add the new one first.
        if old.role is not None:
            yield Call("iam", "remove_role_from_instance_profile", {**who, "RoleName": old.role})
        if new.role is not None:
            yield Call("iam", "add_role_to_instance_profile", {**who, "RoleName": new.role})
    if after is None:
        yield Call("iam", "delete_instance_profile", who)
    elif not isinstance(old.tags, Mark) and not isinstance(new.tags, Mark):
        yield from iam.tag_calls("instance_profile", who, old.tags, new.tags)


def arn(name: str, state: State, look: Look) -> str:
    return iam.iam_arn(look, "instance-profile", state.path, name)


def owner(name: str, state: State) -> str | None:
    return iam.owner_of(state.path, name, {} if isinstance(state.tags, Mark) else state.tags)


loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    yield from iam.count_breaches("iam_instance_profile", before, look)
    if not isinstance(after.tags, Mark):
        yield from iam.tag_breaches(after.tags, fold_case=False)
    changes = before is None or before.role != after.role
    if changes and after.role is not None and look.get("iam_role", after.role) is None:
        yield Breach(f"there is no role {after.role!r}", "create the role in an earlier task")


def ripples(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Ripple]:
    old, new = before.role if before else None, after.role if after else None
    if old == new:
        return
    me, nobody = frozenset((name,)), frozenset[str]()
    if old is not None:
        yield Ripple("iam_role", old, "instance_profiles", Partial(nobody, me))
    if new is not None:
        yield Ripple("iam_role", new, "instance_profiles", Partial(me, nobody))


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    if before is not None and before.role is not None and (after is None or after.role != before.role):
        yield f"instances that run with it lose what the role {before.role} allows"


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    return iam.needs("iam_instance_profile", call, name, state, look)
