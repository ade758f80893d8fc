"""IAM group: its path, managed and inline policies, and members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iamfix.fields import DOCUMENTS, SET, TEXT, Partial, asked, seen
from iamfix.kinds import defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Ripple, Scope, Want
from iamfix.model import Call

SCOPE: Scope = "global"
FOLDS_CASE = True
CREATABLE = True
SINGLETON = None
READS = (("iam", "get_account_authorization_details"),)
EXAMPLE = """\
- name: Administrators
  iam_group:
    name: Admins
    managed_policies: [AdministratorAccess]
    users: {include: [alice]}
"""


def _user(name: str) -> tuple[str, str]:
    return ("iam_user", name)


@dataclass(frozen=True, slots=True)
class State:
    path: str = asked(TEXT, "Path, beginning and ending with a slash.", default="/")
    managed_policies: frozenset[str] = asked(
        SET, "Managed policies attached, by name or ARN.", default=frozenset(), resolve=iam.policy_arn,
        refers=iam.policy_of,
    )  # fmt: skip
    inline_policies: iam.Documents = asked(DOCUMENTS, "Inline policies: names with documents.", default={})
    users: frozenset[str] = asked(SET, "Members, by user name.", default=frozenset(), refers=_user)
    created: str | None = seen("When it was created (UTC).", volatile=True)


def observe(read: Reader, want: Want) -> dict[str, State]:
    members: dict[str, set[str]] = {}
    for user in iam.details(read, "UserDetailList"):
        for group in user.get("GroupList", ()):
            members.setdefault(group, set()).add(user["UserName"])
    return {
        found["GroupName"]: State(
            path=found["Path"],
            managed_policies=iam.attached_of(found),
            inline_policies=iam.inline_of(found, "GroupPolicyList", read.account.partition),
            users=frozenset(members.get(found["GroupName"], ())),
            created=iam.when(found["CreateDate"]),
        )
        for found in iam.details(read, "GroupDetailList")
        if want.has(found["GroupName"])
    }


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    who = {"GroupName": name}
    old, new = before or State(), after or State()
    if after is None:
        new = State(path=old.path)
    elif before is None:
        yield Call("iam", "create_group", {**who, "Path": new.path})
    elif old.path != new.path:
        yield Call("iam", "update_group", {**who, "NewPath": new.path})
    if after is None:
        yield from _member_calls(who, old, new)
    yield from iam.policy_calls("group", who, old, new)
    if after is None:
        yield Call("iam", "delete_group", who)
    else:
        yield from _member_calls(who, old, new)


def _member_calls(who: dict[str, str], old: State, new: State) -> Iterator[Call]:
    for user in sorted(new.users - old.users):
        yield Call("iam", "add_user_to_group", {**who, "UserName": user})
    for user in sorted(old.users - new.users):
        yield Call("iam", "remove_user_from_group", {**who, "UserName": user})


def arn(name: str, state: State, look: Look) -> str:
    return iam.iam_arn(look, "group", state.path, name)


def owner(name: str, state: State) -> str | None:
    return iam.owner_of(state.path, name, {})


loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    yield from iam.count_breaches("iam_group", before, look)
    yield from iam.attachment_breaches(after.managed_policies)
    yield from iam.inline_breaches("group", after.inline_policies)
    new = after.users - (before.users if before else frozenset())
    for user in sorted(new):
        member = look.get("iam_user", user)
        if member is None:
            yield Breach(f"there is no user {user!r} to be a member", "create the user in an earlier task")
        elif len(member.groups | {name}) > 10:
            yield Breach(f"user {user!r} would be in {len(member.groups | {name})} groups; AWS takes 10")


def ripples(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Ripple]:
    old, new = before or State(), after or State()
    me = frozenset((name,))
    for user in old.users ^ new.users:
        step = Partial(me, frozenset()) if user in new.users else Partial(frozenset(), me)
        yield Ripple("iam_user", user, "groups", step)
    yield from iam.attachment_ripples("group", name, old.managed_policies, new.managed_policies)


notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    return iam.needs("iam_group", call, name, state, look)
