"""IAM user: path, policies, permissions boundary, tags and console access; its devices, keys and last use are seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from iamfix.fields import DOCUMENTS, FLAG, FOLDED_TAGS, OPTIONAL_TEXT, SET, TEXT, asked, seen
from iamfix.kinds import credential_report, defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds import iam_user_credentials as credentials
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Reported, Ripple, Scope, Want
from iamfix.model import UNREAD, Call, Generated, Mark

SCOPE: Scope = "global"
FOLDS_CASE = True
CREATABLE = True
SINGLETON = None
READS = (("iam", "get_account_authorization_details"), *credentials.READS)
EXAMPLE = """\
- name: Nobody carries policies directly
  iam_user:
    select: "path == '/' and managed_policies"
    managed_policies: []
    tags: {include: {Owner: platform}}
"""

MAX_GROUPS = 10


@dataclass(frozen=True, slots=True)
class State:
    path: str = asked(TEXT, "Path, beginning and ending with a slash.", default="/")
    managed_policies: frozenset[str] = asked(
        SET, "Managed policies attached, by name or ARN.", default=frozenset(), resolve=iam.policy_arn,
        refers=iam.policy_of,
    )  # fmt: skip
    inline_policies: iam.Documents = asked(DOCUMENTS, "Inline policies: names with documents.", default={})
    permissions_boundary: str | None = asked(
        OPTIONAL_TEXT, "Permissions boundary: a managed policy by name or ARN; null for none.",
        resolve=iam.policy_arn, aliases=("boundary",),
    )  # fmt: skip
    tags: iam.Tags = asked(FOLDED_TAGS, "Tags.", default={})
    console_access: bool | Mark = asked(
        FLAG, "May sign in to the console. A password that is made for it must be changed at once and is put into a "
        "file of the run that only you can read.", default=False, detail=True,
        reads=credentials.OPERATIONS["console_access"],
    )  # fmt: skip
    groups: frozenset[str] = seen("Groups the user is in; a group's `users` sets them.", default=frozenset(), codec=SET)
    mfa_active: bool | Mark = seen(
        "Has an MFA device that is active.", default=False, detail=True, volatile=True,
        reads=credentials.OPERATIONS["mfa_devices"],
    )  # fmt: skip
    mfa_devices: tuple[str, ...] | Mark = seen(
        "MFA devices, by serial number or ARN.", default=(), detail=True, reads=credentials.OPERATIONS["mfa_devices"]
    )
    access_keys: tuple[Mapping[str, Any], ...] | Mark = seen(
        "Access keys: id, status, created, age_days, last_used, unused_days.", default=(), detail=True, volatile=True,
        reads=credentials.OPERATIONS["access_keys"],
    )  # fmt: skip
    other_credentials: tuple[Mapping[str, str], ...] | Mark = seen(
        "Signing certificates, SSH keys and service-specific credentials: type and id.", default=(), detail=True,
        reads=credentials.OPERATIONS["other_credentials"],
    )  # fmt: skip
    password_last_used: str | Mark | None = seen(
        "When the password was last used (UTC).", default=None, detail=True, volatile=True,
        reads=credentials.OPERATIONS["password_last_used"],
    )  # fmt: skip
    created: str | None = seen("When the user was created (UTC).", volatile=True)


def observe(read: Reader, want: Want) -> dict[str, State]:
    partition = read.account.partition
    states = {
        found["UserName"]: State(
            path=found["Path"],
            managed_policies=iam.attached_of(found),
            inline_policies=iam.inline_of(found, "UserPolicyList", partition),
            permissions_boundary=iam.boundary_of(found),
            tags=iam.tags_of(found),
            groups=frozenset(found.get("GroupList", ())),
            created=iam.when(found["CreateDate"]),
            **dict.fromkeys(credentials.DETAILS, UNREAD),
        )
        for found in iam.details(read, "UserDetailList")
        if want.has(found["UserName"])
    }
    if not want.details:
        return states
    report = credentials.report_for(read, want.live, want.details)
    rows = report.rows if report else {}
    facts = {field: credentials.DETAILS[field](read, sorted(states), rows) for field in sorted(want.details)}
    states = {name: replace(state, **{field: facts[field][name] for field in facts}) for name, state in states.items()}
    return Reported(states, credential_report.NAME, report.made_at, credentials.TOLD) if report else states


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    who = {"UserName": name}
    if after is None:
        assert before is not None
        yield from _delete(who, before)
        return
    old = before or State()
    if before is None:
        yield _create(who, after)
        # CreateUser has set these already.
        old = State(path=after.path, permissions_boundary=after.permissions_boundary, tags=after.tags)
    if old.path != after.path:
        yield Call("iam", "update_user", {**who, "NewPath": after.path})
    # A boundary comes before the permissions that it bounds, and goes after them.
    if old.permissions_boundary != after.permissions_boundary and after.permissions_boundary:
        yield iam.boundary_call("user", who, after.permissions_boundary)
    for group in sorted(after.groups - old.groups):
        yield Call("iam", "add_user_to_group", {"GroupName": group, **who})
    yield from iam.policy_calls("user", who, old, after)
    if old.permissions_boundary and not after.permissions_boundary:
        yield iam.boundary_call("user", who, None)
    yield from iam.tag_calls("user", who, old.tags, after.tags)
    if UNREAD not in (old.console_access, after.console_access) and old.console_access != after.console_access:
        yield _console_call(who, bool(after.console_access))


def _create(who: Mapping[str, str], after: State) -> Call:
    params: dict[str, object] = {**who, "Path": after.path}
    if after.permissions_boundary:
        params["PermissionsBoundary"] = after.permissions_boundary
    if tags := iam.without_aws(after.tags):
        params["Tags"] = iam.tag_list(tags)
    return Call("iam", "create_user", params)


def _console_call(who: Mapping[str, str], access: bool) -> Call:
    if not access:
        return Call("iam", "delete_login_profile", who)
    return Call("iam", "create_login_profile", {**who, "Password": Generated(), "PasswordResetRequired": True})


def _delete(who: Mapping[str, str], before: State) -> Iterator[Call]:
    """Remove what AWS wants removed first: credentials before rights, so that nobody acts half-way."""
    console = before.console_access is True
    yield from credentials.removal(who, console, before.access_keys, before.mfa_devices, before.other_credentials)
    yield from iam.inline_calls("user", who, before.inline_policies, {})
    yield from iam.attachment_calls("user", who, before.managed_policies, frozenset())
    for group in sorted(before.groups):
        yield Call("iam", "remove_user_from_group", {"GroupName": group, **who})
    yield Call("iam", "delete_user", who)


def arn(name: str, state: State, look: Look) -> str:
    return iam.iam_arn(look, "user", state.path, name)


def owner(name: str, state: State) -> str | None:
    return iam.owner_of(state.path, name, state.tags)


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    if before.console_access is True and (after is None or after.console_access is False):
        yield f"the console password of {name}"
    if after is not None:
        return
    yield from credentials.losses(before.access_keys, before.mfa_devices, before.other_credentials)


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    yield from iam.count_breaches("iam_user", before, look)
    yield from iam.attachment_breaches(after.managed_policies)
    yield from iam.inline_breaches("user", after.inline_policies)
    yield from iam.tag_breaches(after.tags, fold_case=True)


def ripples(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Ripple]:
    old, new = before or State(), after or State()
    yield from iam.attachment_ripples("user", name, old.managed_policies, new.managed_policies)
    yield from iam.boundary_ripples("user", name, old.permissions_boundary, new.permissions_boundary)
    for group in old.groups ^ new.groups:
        yield iam.membership_ripple(group, name, joins=group in new.groups)
    if after is None:
        yield from credentials.removal_ripples(name, old.access_keys, old.mfa_devices, old.other_credentials)
    elif old.console_access is True and new.console_access is False:
        yield Ripple("iam_login_profile", name)


notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    return iam.needs("iam_user", call, name, state, look)
