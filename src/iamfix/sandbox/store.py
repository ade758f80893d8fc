"""Eventually consistent storage: what was just written may be unseen, for a while, by some of the replicas."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from iamfix.sandbox.clock import Clock

REPLICAS = 3

V = TypeVar("V")


class Visibility:
    """When each replica will see a write.

    `delay` is the longest time, in seconds of the sandbox's clock, after which every replica has seen it; 0 means
    at once. A request reads from one replica drawn at random, so that two reads in a row may disagree, as on AWS.
    """

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self.delay = 0.0
        self._clock = clock
        self._rng = rng

    def now(self) -> float:
        """The sandbox's time, seconds since 1970."""
        return self._clock.now()

    def draw_replica(self) -> int:
        """The replica that serves a request."""
        return self._rng.randrange(REPLICAS) if self.delay else 0

    def draw_times(self) -> tuple[float, ...] | None:
        """When each replica will see a write made now; None when all do so at once."""
        if not self.delay:
            return None
        now = self.now()
        return tuple(now + self._rng.uniform(0, self.delay) for _ in range(REPLICAS))


@dataclass(frozen=True)
class _Version(Generic[V]):
    value: V | None
    seen_at: tuple[float, ...] | None


class Store(Generic[V]):
    """Values by key, each with the versions that some replica may still show.

    Values must be immutable: a change is a `put` of a new value. Keys keep the order in which they were first put.
    """

    def __init__(self, visibility: Visibility) -> None:
        self._visibility = visibility
        self._versions: dict[str, list[_Version[V]]] = {}
        self._latest: dict[str, V] = {}

    def put(self, key: str, value: V) -> None:
        """Write a value."""
        self._latest[key] = value
        self._write(key, value)

    def delete(self, key: str) -> None:
        """Remove a value."""
        del self._latest[key]
        self._write(key, None)

    def _write(self, key: str, value: V | None) -> None:
        seen_at = self._visibility.draw_times()
        if seen_at is None:
            if value is None:
                self._versions.pop(key, None)
            else:
                self._versions[key] = [_Version(value, None)]
            return
        now = self._visibility.now()
        before = self._versions.get(key, [])
        settled = [number for number, version in enumerate(before) if _settled(version, now)]
        kept = before[settled[-1] :] if settled else before
        self._versions[key] = [*kept, _Version(value, seen_at)]

    def latest(self, key: str) -> V | None:
        """The value as last written."""
        return self._latest.get(key)

    def seen(self, key: str, replica: int) -> V | None:
        """The value as a replica shows it now."""
        if not self._visibility.delay:
            return self._latest.get(key)
        versions = self._versions.get(key)
        if versions is None:
            return None
        return _pick(versions, replica, self._visibility.now())

    def all_latest(self) -> list[V]:
        """All values as last written."""
        return list(self._latest.values())

    def all_seen(self, replica: int) -> list[V]:
        """All values as a replica shows them now."""
        if not self._visibility.delay:
            return self.all_latest()
        now = self._visibility.now()
        picked = (_pick(versions, replica, now) for versions in self._versions.values())
        return [value for value in picked if value is not None]

    def __len__(self) -> int:
        return len(self._latest)

    def __iter__(self) -> Iterator[str]:
        return iter(self._latest)


def _settled(version: _Version[V], now: float) -> bool:
    return version.seen_at is None or max(version.seen_at) <= now


def _pick(versions: list[_Version[V]], replica: int, now: float) -> V | None:
    for version in reversed(versions):
        if version.seen_at is None or version.seen_at[replica] <= now:
            return version.value
    return None
