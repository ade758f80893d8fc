"""Bootstrap: whether the account is there, or being made by a request of an earlier run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from iamfix.aws.errors import send
from iamfix.aws.follow_up import EVERY
from iamfix.aws.patience import ordinary, patiently
from iamfix.aws.session import AccountSession
from iamfix.clock import Clock
from iamfix.journal import runs
from iamfix.kinds.protocol import Reader
from iamfix.model import AwsError
from iamfix.organization_tree import Member, Tree

_SERVICE = "organizations"
_LISTED = timedelta(hours=1)
"""Within this time an account that is made is listed; one that is not after it has left the organization."""
PATIENCE = 900.0
"""Seconds within which AWS has made an account, or has given up."""


def find_account(tree: Tree, email: str) -> Member | None:
    """Return the organization's account of an e-mail address; to AWS these are the same in whatever case."""
    return next((one for one in tree.members.values() if one.email.lower() == email.lower()), None)


def find_request(read: Reader, journal: Path, name: str, email: str) -> str | None:
    """Return the id of a request for this account with which AWS is not done, or was done just now.

    A run that was killed before AWS answered has not written it down: then it is known by the account's name.
    """
    known = {str(one["Id"]): one for one in read.get(_SERVICE, "list_create_account_status")["CreateAccountStatuses"]}
    for request in requests_of(journal, email):
        one = known.get(request, {})
        if one.get("State") == "IN_PROGRESS":
            return request
        if one.get("State") == "SUCCEEDED" and read.now - one["CompletedTimestamp"] < _LISTED:
            return request
    named = [key for key, one in known.items() if one["State"] == "IN_PROGRESS" and one.get("AccountName") == name]
    return named[0] if named else None


def requests_of(journal: Path, email: str) -> Iterator[str]:
    """Yield the ids of the requests that runs have made for an e-mail address, newest first, from their journals."""
    for run in runs(journal):
        for line in run.accepted:
            if line["operation"] == "create_account" and _asked(run.calls, line).lower() == email.lower():
                yield str(line["ask"]["CreateAccountRequestId"])


def _asked(calls: Any, accepted: Any) -> str:
    """Return the e-mail address of the call that AWS took: the last one before the line that says so."""
    before = [one["call"] for one in calls if one["at"] <= accepted["at"]]
    made = [call["params"]["Email"] for call in before if call["operation"] == "create_account"]
    return str(made[-1]) if made else ""


def wait_for_request(session: AccountSession, request: str, clock: Clock, chance: random.Random) -> bool:
    """Wait until AWS is done with a request; tell whether it has made the account. Raises AwsError."""
    client, began = session.client(_SERVICE, None), clock.monotonic()
    operation = "describe_create_account_status"

    def ask() -> Any:
        return client.describe_create_account_status(CreateAccountRequestId=request)

    while True:
        answer, _ = patiently(
            lambda: send(_SERVICE, operation, None, ask), ordinary, clock, chance, session.door(client)
        )
        state = answer["CreateAccountStatus"]["State"]
        if state != "IN_PROGRESS":
            return bool(state == "SUCCEEDED")
        if clock.monotonic() - began > PATIENCE:
            told = (
                f"AWS has not made the account within {PATIENCE:.0f} s; run the same command again, it goes on waiting"
            )
            raise AwsError(_SERVICE, operation, "StillInProgress", told)
        clock.sleep(EVERY)
