"""A user's console password, named like the user: only seen and removed. `iam_user: console_access` makes one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from iamfix.fields import seen
from iamfix.kinds import credential_report, defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds import iam_user_credentials as credentials
from iamfix.kinds.protocol import Look, Need, Reader, Reported, Ripple, Scope, Want
from iamfix.model import UNREAD, Call, Mark

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = False
SINGLETON = None
ONE_BY_ONE = True
READS = tuple(("iam", operation) for operation in ("list_users", "get_login_profile", *credentials.REPORT))
EXAMPLE = """\
- name: Console passwords that nobody used for 45 days are removed
  iam_login_profile:
    select: "unused_days > 45"
    state: absent
"""


@dataclass(frozen=True, slots=True)
class State:
    password_last_used: str | None = seen("When somebody last signed in with it (UTC).", volatile=True)
    password_last_used_days: int | None = seen("Days since; null: never.", volatile=True)
    unused_days: int = seen("Days since it was last used, or since it was set.", default=0, volatile=True)
    created: str | Mark | None = seen("When it was made (UTC).", detail=True)
    reset_required: bool | Mark = seen(
        "It must be changed at the next sign-in.", default=False, detail=True, volatile=True, reads=credentials.REPORT
    )


def observe(read: Reader, want: Want) -> dict[str, Any]:
    report = None if want.live else credential_report.report_of(read)
    rows = report.rows if report else {}
    used = credentials.passwords_used(read)
    users = sorted(used) if want.names is None else sorted(want.names & used.keys())
    asked = [user for user in users if user not in rows or (rows[user].password and want.details)]
    profiles = credentials.login_profiles(read, asked)
    states = {}
    for user in users:
        profile, row = profiles.get(user), rows.get(user)
        if profile is None and (row is None or not row.password or user in profiles):
            continue
        told = row.password_changed if row is not None else None
        states[user] = _state(read.now, used[user], told, profile)
    if report is None:
        return states
    return Reported(states, credential_report.NAME, report.made_at, ("unused_days",), names=True)


def _state(now: datetime, used: datetime | None, changed: datetime | None, profile: Mapping[str, Any] | None) -> State:
    """`changed` is when the password was last set, which only the report tells."""
    made = profile["CreateDate"] if profile is not None else None
    last = max((moment for moment in (used, changed, made) if moment is not None), default=None)
    return State(
        password_last_used=iam.when(used),
        password_last_used_days=iam.days_since(used, now),
        unused_days=iam.days_since(last, now) or 0,
        created=UNREAD if profile is None else iam.when(made),
        reset_required=UNREAD if profile is None else bool(profile.get("PasswordResetRequired", False)),
    )


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if before is not None and after is None:
        yield Call("iam", "delete_login_profile", {"UserName": name})


arn = defaults.no_arn
owner = defaults.no_owner


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    if after is None:
        yield f"the console password of {name}"


breaches = defaults.no_breaches


def ripples(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Ripple]:
    if after is None:
        yield Ripple("iam_user", name, "console_access", lambda _: False)


notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    return iam.needs("iam_login_profile", call, name, state, look)
