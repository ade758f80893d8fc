"""Which endpoints can be reached at all: where nothing has answered in a run, it is not waited for long.

A network that breaks in the middle of a run is worth a minute of patience; an endpoint that never answered is a wrong
address, a closed firewall or a missing proxy far more often, and every account and region would wait for it anew.
Three tries are what the AWS SDKs make of any request ("Retry behavior" in the AWS SDKs and Tools Reference Guide).
"""

from __future__ import annotations

import threading

from iamfix.aws.errors import TRANSPORT
from iamfix.clock import Clock
from iamfix.model import AwsError

TRIES = 3
SECONDS = 15.0
"""What has not answered within so many seconds, by whatever number of tries, is not tried again."""
REMEMBERED = 30.0
"""Seconds for which an endpoint that cannot be reached is not even tried again: others of the run ask it too."""


class Reach:
    """What is known in a run of its endpoints; may be asked from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._answered: set[str] = set()
        self._lost: dict[str, tuple[float, AwsError]] = {}
        self._lock = threading.Lock()

    def door(self, endpoint: str) -> Door:
        """Return what one request to an endpoint (a URL) goes through."""
        return Door(self, endpoint)

    def answered(self, endpoint: str) -> None:
        with self._lock:
            self._answered.add(endpoint)
            self._lost.pop(endpoint, None)

    def has_answered(self, endpoint: str) -> bool:
        return endpoint in self._answered

    def lose(self, endpoint: str, error: AwsError) -> None:
        with self._lock:
            self._lost[endpoint] = (self._clock.monotonic() + REMEMBERED, error)

    def lost(self, endpoint: str) -> AwsError | None:
        """Return why an endpoint could not be reached a moment ago, or None."""
        with self._lock:
            until, error = self._lost.get(endpoint, (0.0, None))
        return error if error is not None and self._clock.monotonic() < until else None


class Door:
    """One request's way to its endpoint."""

    def __init__(self, reach: Reach, endpoint: str) -> None:
        self._reach, self._endpoint = reach, endpoint

    def before(self) -> None:
        """Raises AwsError where the endpoint could not be reached a moment ago: nothing is sent."""
        if (lost := self._reach.lost(self._endpoint)) is not None:
            raise lost

    def answered(self) -> None:
        self._reach.answered(self._endpoint)

    def unreachable(self, error: AwsError, tries: int, seconds: float) -> AwsError | None:
        """Return the error to end with when an endpoint that never answered was tried enough; else None."""
        if error.code not in TRANSPORT:
            self.answered()
            return None
        if self._reach.has_answered(self._endpoint) or (tries < TRIES and seconds < SECONDS):
            return None
        told = (
            f"{error.message.rstrip('.')}; nothing has answered there (tried {tries} times in {seconds:.0f} s): check "
            "the network, the proxy (HTTPS_PROXY), the region's name and AWS_ENDPOINT_URL"
        )
        found = AwsError(error.service, error.operation, error.code, told, error.region)
        found.attempts, found.answered = tries, False
        self._reach.lose(self._endpoint, found)
        return found
