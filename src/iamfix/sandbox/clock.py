"""The sandbox's clocks: the computer's, and one that a test turns by hand."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Anything that tells the time as seconds since 1970 (UTC)."""

    def now(self) -> float:
        """Seconds since 1970-01-01T00:00Z."""
        ...


class SystemClock:
    """The computer's own clock."""

    def now(self) -> float:
        """Seconds since 1970-01-01T00:00Z."""
        return time.time()


class TurnableClock:
    """A clock that stands still until it is turned."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self._now = now
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since 1970-01-01T00:00Z."""
        with self._lock:
            return self._now

    def turn(self, seconds: float) -> None:
        """Move on by `seconds` (zero or more)."""
        if seconds < 0:
            raise ValueError("a clock turns forward only")
        with self._lock:
            self._now += seconds
