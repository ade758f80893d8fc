"""How long to go on when AWS says "not now": throttling, concurrency, and things that have not spread yet."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from iamfix.aws.errors import TRANSPORT
from iamfix.aws.reach import Door
from iamfix.clock import Clock
from iamfix.model import AwsError, Stopped

THROTTLES = frozenset(
    {
        "Throttling", "Throttled", "ThrottledException", "RequestThrottled", "TooManyRequests", "RequestLimitExceeded",
        "SlowDown", "PriorRequestNotComplete", "BandwidthLimitExceeded", "ProvisionedThroughputExceeded",
    }
)  # fmt: skip
BROKEN = frozenset({"ServiceFailure", "InternalFailure", "InternalError", "ServiceUnavailable", "InternalServerError"})
"""After these, as after a broken connection, the request may have been carried out."""

Bound = Callable[[AwsError], float]
"""How many seconds a request that failed so may be tried again; 0 for not at all."""


def ordinary(error: AwsError) -> float:
    """Patience for any request: AWS is busy, or the network broke (AWS SDKs Reference Guide, "Retry behavior")."""
    if error.code in THROTTLES:
        return 180.0
    return 60.0 if maybe_done(error) else 0.0


def maybe_done(error: AwsError) -> bool:
    """Tell whether the failed request may have been carried out all the same."""
    return error.code in BROKEN or error.code in TRANSPORT


def patiently(
    request: Callable[[], Mapping[str, Any]], bound: Bound, clock: Clock, chance: random.Random, door: Door
) -> tuple[Mapping[str, Any], list[AwsError]]:
    """Run a request until it succeeds or its patience ends; return the response and the errors on the way.

    Waits grow from a fraction of a second to 10 s, each shortened at random so that many accounts do not move in step.
    `door` knows whether its endpoint has ever answered; one that has not is given up soon.

    Raises:
        AwsError: the last one; its `__notes__` say how often it was tried.
    """
    door.before()
    began = clock.monotonic()
    errors: list[AwsError] = []
    while True:
        try:
            answer = request()
            door.answered()
            return answer, errors
        except AwsError as error:
            errors.append(error)
            error.attempts = len(errors)
            if (lost := door.unreachable(error, len(errors), clock.monotonic() - began)) is not None:
                raise lost from error
            wait = chance.uniform(0.1, min(10.0, 0.2 * 2 ** min(len(errors), 10)))
            if clock.monotonic() - began + wait > bound(error):
                if len(errors) > 1:
                    error.add_note(f"tried {len(errors)} times in {clock.monotonic() - began:.0f} s")
                raise
            try:
                clock.sleep(wait)
            except Stopped:
                error.add_note("not tried again, because the run was stopped")
                raise error from None
