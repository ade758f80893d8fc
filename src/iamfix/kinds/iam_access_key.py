"""IAM access key, named `user/key id`: its status, age and last use. iamfix makes no keys, and never shows a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from iamfix.fields import Scalar, asked, seen
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
_IN_BULK = ("get_account_authorization_details", *credentials.REPORT)
READS = tuple(("iam", operation) for operation in (*_IN_BULK, *credentials.KEYS))
EXAMPLE = """\
- name: Keys that nobody used for 45 days are switched off
  iam_access_key:
    select: "status == 'Active' and unused_days > 45"
    status: Inactive
"""

USE = frozenset({"last_used", "last_used_days", "unused_days", "last_used_service", "last_used_region"})


@dataclass(frozen=True, slots=True)
class State:
    status: str = asked(
        Scalar(str, "Active or Inactive", choices=("Active", "Inactive")), "Active, or Inactive: it signs nothing.",
        default="Active",
    )  # fmt: skip
    user: str = seen("Whose key it is.", default="")
    created: str | None = seen("When it was made (UTC).")
    age_days: int = seen("Days since it was made.", default=0, volatile=True)
    last_used: str | Mark | None = seen(
        "When it last signed a request (UTC).", detail=True, volatile=True,
        reads=("get_access_key_last_used", *_IN_BULK),
    )  # fmt: skip
    last_used_days: int | Mark | None = seen("Days since; null: never.", detail=True, volatile=True)
    unused_days: int | Mark = seen(
        "Days since it last signed a request, or since it was made.", default=0, detail=True, volatile=True
    )
    last_used_service: str | Mark | None = seen("The service it was last used for.", detail=True, volatile=True)
    last_used_region: str | Mark | None = seen("The region it was last used in.", detail=True, volatile=True)


def observe(read: Reader, want: Want) -> dict[str, Any]:
    report = None if want.live else credential_report.report_of(read)
    rows = report.rows if report else {}
    if want.names is None:
        named = [user["UserName"] for user in iam.details(read, "UserDetailList")]
        users = [user for user in named if user not in rows or rows[user].keys]
    else:
        users = sorted({name.partition("/")[0] for name in want.names})
    keys = {
        f"{user}/{key['AccessKeyId']}": key
        for user, mine in credentials.access_keys(read, users).items()
        for key in mine
        if want.has(f"{user}/{key['AccessKeyId']}")
    }
    states = {
        name: State(
            status=key["Status"],
            user=key["UserName"],
            created=iam.when(key["CreateDate"]),
            age_days=iam.days_since(key["CreateDate"], read.now) or 0,
            **dict.fromkeys(USE, UNREAD),
        )
        for name, key in keys.items()
    }
    if want.details & USE:
        uses = credentials.key_uses(read, list(keys.values()), rows)
        states = {name: _used(read, state, keys[name], uses) for name, state in states.items()}
    if report is None:
        return states
    return Reported(states, credential_report.NAME, report.made_at, USE, names=True)


def _used(read: Reader, state: State, key: Mapping[str, Any], uses: Mapping[str, credentials.Use]) -> State:
    used, region, service = uses[key["AccessKeyId"]]
    return replace(
        state,
        last_used=iam.when(used),
        last_used_days=iam.days_since(used, read.now),
        unused_days=iam.days_since(used or key["CreateDate"], read.now) or 0,
        last_used_region=region,
        last_used_service=service,
    )


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if before is None:
        return  # nothing brings a key back
    user, _, key_id = name.partition("/")
    which = {"UserName": user, "AccessKeyId": key_id}
    if after is None:
        yield Call("iam", "delete_access_key", which)
    elif before.status != after.status:
        yield Call("iam", "update_access_key", {**which, "Status": after.status})


arn = defaults.no_arn
owner = defaults.no_owner


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    if after is None:
        user, _, key_id = name.partition("/")
        yield f"access key {key_id} of {user} ({before.status})"


breaches = defaults.no_breaches


def ripples(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Ripple]:
    user, _, key_id = name.partition("/")

    def step(keys: tuple[Mapping[str, Any], ...]) -> tuple[Mapping[str, Any], ...]:
        others = tuple(key for key in keys if key["id"] != key_id)
        mine = [{**key, "status": after.status} for key in keys if after is not None and key["id"] == key_id]
        return tuple(sorted((*others, *mine), key=lambda key: str(key["id"])))

    yield Ripple("iam_user", user, "access_keys", step)


notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    return iam.needs("iam_access_key", call, name, state, look)
