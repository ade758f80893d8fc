"""Apply: look again, refuse what moved, send the plan's calls, and look until AWS is as planned.

This is the only module that makes AWS change. It sends what the plan says and nothing else: `due.py` tells what of it
is still to be made, `results.py` puts in what the plan could not know, and the journal has each call before it is sent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Protocol

from iamfix.clock import Clock
from iamfix.due import bearing_of, look_ahead, off_fields, still_due
from iamfix.journal import Journal
from iamfix.kinds import optional
from iamfix.model import AwsError, Call, Change, IamfixError, Stopped
from iamfix.results import NotReached, Results
from iamfix.world import World

SIDE_BY_SIDE = 4
"""Changes of one account at a time; IAM takes 1 to 3 writes a second before it throttles."""
PATIENCE = 120.0
"""Seconds within which AWS must look as planned."""


class Sending(Protocol):
    """What sends a call: `aws.sender.Sender`."""

    def send(self, call: Call) -> Any: ...
    def batches(self, calls: Sequence[Call]) -> list[list[int]]: ...
    def send_together(self, calls: Sequence[Call]) -> list[Any]: ...


_Work = Callable[[Sequence[Change], threading.Event], None]
Progress = Callable[[str, Call, str, str], None]
"""(account, call, "sent" | "done" | "failed", detail)"""


@dataclass(slots=True)
class Applier:
    """One account's part of a run."""

    account: str
    new_world: Callable[[], World]
    """A world that has read nothing yet."""
    sender: Sending
    journal: Journal
    clock: Clock
    progress: Progress
    stop: threading.Event
    results: Results = field(init=False)

    def __post_init__(self) -> None:
        self.results = Results(self.account, self.new_world, self.journal)

    def apply(self, changes: Sequence[Change], whole: Sequence[Change]) -> int:
        """Bring one play's changes about; `whole` are the account's of all plays. Returns how many needed calls.

        Raises:
            Moved, NotReached, Stopped, AwsError
        """
        world = self.new_world()
        due = still_due(world, changes, whole)
        self.results.expect(whole)
        lanes = {change.kind: optional.lane(world.kinds[change.kind]) for change in due}
        for _, group in groupby(due, key=lambda change: change.origin.step):
            self._side_by_side(list(group), lanes)
        if due:
            self._verify(changes, whole)
        return len(due)

    def _side_by_side(self, changes: Sequence[Change], lane_of: Mapping[str, str | None]) -> None:
        """Run one task's changes; those of one resource, or of kinds that share a lane, in order."""
        lanes: dict[str, list[Change]] = {}
        for change in changes:
            lanes.setdefault(lane_of[change.kind] or change.address, []).append(change)
        failed = threading.Event()
        if len(lanes) == 1:
            self._lane(changes, failed)
            return
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix=f"apply-{self.account}") as pool:
            running = [pool.submit(work, lane, failed) for work, lane in self._batched(list(lanes.values()))]
        errors = [error for one in running if (error := one.exception())]
        if errors:
            raise next((error for error in errors if not isinstance(error, Stopped)), errors[0])

    def _batched(self, lanes: Sequence[list[Change]]) -> Iterator[tuple[_Work, list[Change]]]:
        """Yield the lanes with what runs each; those of a single call that AWS takes together become one."""
        single = [lane[0] for lane in lanes if len(lane) == 1 and len(lane[0].calls) == 1]
        for places in self.sender.batches([change.calls[0] for change in single]):
            if len(places) > 1:
                yield self._together, [single[place] for place in places]
            else:
                yield self._lane, [single[places[0]]]
        yield from ((self._lane, lane) for lane in lanes if len(lane) > 1 or len(lane[0].calls) > 1)

    def _together(self, changes: Sequence[Change], failed: threading.Event) -> None:
        """Run changes whose calls go in one request: each is journalled, and what came of each is its own."""
        calls = [change.calls[0] for change in changes]
        if self.stop.is_set() or failed.is_set():
            raise Stopped(f"stopped before {calls[0].service}:{calls[0].operation} of {changes[0].address}")
        pairs = list(zip(changes, calls, strict=True))
        numbers = [self._begin(change, call) for change, call in pairs]
        try:
            came = self.sender.send_together(calls)
        except IamfixError as error:
            failed.set()
            for number, call in zip(numbers, calls, strict=True):
                self._failed(number, call, error)
            raise
        for number, (change, call), one in zip(numbers, pairs, came, strict=True):
            if isinstance(one, AwsError):
                self._failed(number, call, one)
            else:
                self._done(number, change, call, one)
        if errors := [one for one in came if isinstance(one, AwsError)]:
            failed.set()
            raise errors[0]

    def _lane(self, changes: Sequence[Change], failed: threading.Event) -> None:
        try:
            for change in changes:
                for call in change.calls:
                    if self.stop.is_set() or failed.is_set():
                        raise Stopped(f"stopped before {call.service}:{call.operation} of {change.address}")
                    self._send(change, call)
        except BaseException:
            failed.set()
            raise

    def _send(self, change: Change, call: Call) -> None:
        number = self._begin(change, call)
        try:
            sent = self.sender.send(replace(call, params=self.results.resolved(call.params, change)))
        except IamfixError as error:
            self._failed(number, call, error)
            raise
        self._done(number, change, call, sent)

    def _begin(self, change: Change, call: Call) -> int:
        number = self.journal.before(self.account, change.address, call, self.clock.now())
        self.progress(self.account, call, "sent", "")
        return number

    def _failed(self, number: int, call: Call, error: IamfixError) -> None:
        detail = "; ".join([str(error), *getattr(error, "__notes__", ())])
        self.journal.after(number, self.clock.now(), detail, getattr(error, "attempts", 0), already=False)
        self.progress(self.account, call, "failed", detail)

    def _done(self, number: int, change: Change, call: Call, sent: Any) -> None:
        self.results.keep(change, call, sent.response)
        self.journal.after(number, self.clock.now(), None, sent.attempts, sent.already)
        self.progress(self.account, call, "done", "")

    def _verify(self, changes: Sequence[Change], whole: Sequence[Change]) -> None:
        """Look, with growing pauses, until AWS is as planned: what was just written is not seen at once."""
        final = {change.address: change for change in changes}
        began, pause = self.clock.monotonic(), 0.5
        while True:
            world = self.new_world()
            look_ahead(world, final.values(), after=True)
            off = {at: fields for at, change in final.items() if (fields := off_fields(world, change))}
            if off:  # what others' changes do to the same resource may have come on top
                bearing = bearing_of(world, whole)
                off = {at: fields for at in off if (fields := off_fields(world, final[at], bearing.get(at, ())))}
            if not off:
                return
            if self.clock.monotonic() - began + pause > PATIENCE:
                text = "; ".join(f"{at}: {', '.join(fields)}" for at, fields in off.items())
                raise NotReached(f"AWS took the calls, but after {PATIENCE:.0f} s does not look as planned: {text}")
            if self.stop.is_set():
                raise Stopped("stopped while waiting for AWS to look as planned")
            self.clock.sleep(pause)
            pause = min(pause * 1.6, 10.0)
