"""Bootstrap: wait until a new account can be worked in.

That Organizations says it is made does not mean that: for some minutes its roles cannot be assumed, and its services
answer that they need a subscription. So it is tried, with what does no harm, until it went well several times in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from iamfix.model import Account, AwsError
from iamfix.organization_tree import Member
from iamfix.run import Runner

PATIENCE = 1200.0
"""Seconds within which a new account can be worked in."""
IN_A_ROW = 3
EVERY = 5.0
"""Seconds between two tries; while they fail, the pauses grow to LONGEST."""
LONGEST = 30.0
READS = (("sts", "get_caller_identity"), ("iam", "list_account_aliases"), ("ec2", "describe_regions"))
_SETTLED = timedelta(hours=1)


def is_settled(member: Member, now: datetime) -> bool:
    """Tell whether an account is so old that once is enough."""
    try:
        return now - datetime.fromisoformat(member.joined) > _SETTLED
    except (TypeError, ValueError):
        return False


def wait_until_usable(runner: Runner, ways: Sequence[Account], *, settled: bool) -> Account:
    """Return the first of several ways into an account by which it can be worked in.

    Raises:
        AwsError: it could not be within 20 minutes, for the reason that AWS gave last.
    """
    began, in_a_row, last, pause = runner.clock.monotonic(), 0, "", EVERY
    while True:
        used, error = _tried(runner, ways)
        in_a_row = in_a_row + 1 if error is None else 0
        if in_a_row >= (1 if settled else IN_A_ROW):
            return used
        pause = EVERY if error is None else min(pause * 1.3, LONGEST)
        if error is not None:
            if error.code in ("NoCredentials", "WrongAccount"):
                raise error
            if error.code != last:
                last = error.code
                runner.progress.account(f"waiting until {ways[0].name} can be worked in: {error}", "note")
            if runner.clock.monotonic() - began > PATIENCE:
                error.add_note(f"after {PATIENCE / 60:.0f} minutes; run the same command again, it goes on from here")
                raise error
        runner.clock.sleep(pause)


def _tried(runner: Runner, ways: Sequence[Account]) -> tuple[Account, AwsError | None]:
    """Try each way in; return the one that went well, or the first with its error."""
    first: AwsError | None = None
    for account in ways:
        try:
            session = runner.worlds.sessions().enter(account)
            with runner.worlds.reading(session) as reads:
                for service, operation in READS:
                    reads.at(None).get(service, operation)
        except AwsError as error:
            first = first or error
        else:
            return account, None
    return ways[0], first
