"""Time, passed in: so that tests can turn it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol

from iamfix.model import Stopped


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the time in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some moment; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Stopped when the run is interrupted meanwhile."""
        ...


class SystemClock:
    """The machine's own time. Whoever sleeps wakes when `stop` is set."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self.stop = stop or threading.Event()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Stopped("stopped while waiting for AWS")


class TurnedClock:
    """A clock whose sleepers do not wait: sleeping moves the time on."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._passed = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._start.timestamp() + self._passed, UTC)

    def monotonic(self) -> float:
        return self._passed

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._passed += seconds
