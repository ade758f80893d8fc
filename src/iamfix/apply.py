"""Apply: look again, refuse what moved, send the plan's calls, and look until AWS is as planned.

This is the only module that makes AWS change. It sends what the plan says and nothing else.
"""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Protocol

from iamfix.clock import Clock
from iamfix.fields import differences
from iamfix.journal import Journal
from iamfix.kinds import optional
from iamfix.model import AwsError, Call, Change, Generated, IamfixError, Problem, Result, Stopped
from iamfix.step import follow, ripples_of
from iamfix.wanted import known_details
from iamfix.world import Spot, World

SIDE_BY_SIDE = 4
"""Changes of one account at a time; IAM takes 1 to 3 writes a second before it throttles."""
PATIENCE = 120.0
"""Seconds within which AWS must look as planned."""


class Moved(IamfixError):
    """AWS does not look as it did when the plan was made. Nothing was sent."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.where}: {problem.summary}" for problem in problems))
        self.problems = tuple(problems)


class NotReached(IamfixError):
    """AWS took the calls and does not look as planned."""


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
    _results: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    _places: dict[str, Change] = field(default_factory=dict)
    _found: World | None = None

    def apply(self, changes: Sequence[Change], whole: Sequence[Change]) -> int:
        """Bring one play's changes about; `whole` are the account's of all plays. Returns how many needed calls.

        Raises:
            Moved, NotReached, Stopped, AwsError
        """
        world = self.new_world()
        due = still_due(world, changes, whole)
        self._places |= {change.address: change for change in whole}
        lanes = {change.kind: optional.lane(world.kinds[change.kind]) for change in due}
        for _, group in groupby(due, key=lambda change: change.origin.step):
            self._side_by_side(list(group), lanes)
        if due:
            self._verify(changes)
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
            sent = self.sender.send(replace(call, params=self._resolved(call.params, change)))
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
        self._results[change.address, call.operation] = sent.response
        self.journal.after(number, self.clock.now(), None, sent.attempts, sent.already)
        self.progress(self.account, call, "done", "")

    def _resolved(self, value: Any, change: Change) -> Any:
        """Put in what earlier calls have given, and what is made at the last moment."""
        if isinstance(value, Result):
            found: Any = self._results.get((value.address, value.operation))
            for part in value.path.split("."):
                found = (found[int(part)] if part.isdigit() else found.get(part)) if found else None
            if found is None and value.field:
                found = self._seen(value)
            if found is None:
                raise NotReached(f"{value.operation} of {value.address} has not given {value.path}")
            return found
        if isinstance(value, Generated):
            password = _password()
            self.journal.keep_secret(f"{self.account}.{change.kind}.{change.name}", password)
            return password
        if isinstance(value, Mapping):
            return {key: self._resolved(item, change) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._resolved(item, change) for item in value]
        return value

    def _seen(self, value: Result) -> Any | None:
        """Return what another run's call has given, from how the resource looks now."""
        change = self._places.get(value.address)
        if change is None:
            return None
        self._found = self._found or self.new_world()
        state = self._found.get(change.kind, change.name, change.region)
        return None if state is None else getattr(state, value.field)

    def _verify(self, changes: Sequence[Change]) -> None:
        """Look, with growing pauses, until AWS is as planned: what was just written is not seen at once."""
        final = {change.address: change for change in changes}
        began, pause = self.clock.monotonic(), 0.5
        while True:
            world = self.new_world()
            _look_ahead(world, final.values(), after=True)
            off = {at: fields for at, change in final.items() if (fields := _off(world, change))}
            if not off:
                return
            if self.clock.monotonic() - began + pause > PATIENCE:
                text = "; ".join(f"{at}: {', '.join(fields)}" for at, fields in off.items())
                raise NotReached(f"AWS took the calls, but after {PATIENCE:.0f} s does not look as planned: {text}")
            if self.stop.is_set():
                raise Stopped("stopped while waiting for AWS to look as planned")
            self.clock.sleep(pause)
            pause = min(pause * 1.6, 10.0)


def still_due(world: World, changes: Sequence[Change], whole: Sequence[Change]) -> list[Change]:
    """Return which of a play's changes are still to be made, having looked at each; none when all were made already.

    `whole` are the account's changes in all plays, in order: later ones may have been made too.

    Raises:
        Moved: a resource looks neither as before its change nor as after it; or the calls are not those that the
            change needs, which happens when a plan file was tampered with.
    """
    _look_ahead(world, changes)
    chains: dict[str, list[Change]] = {}
    for change in whole:
        chains.setdefault(change.address, []).append(change)
    shared = _shared(world, whole)
    made: dict[str, int | str] = {}
    moved, wrong, due = [], [], []
    for change in changes:
        chain = chains[change.address]
        if change.address not in made:
            # Seen where the fold is: what the changes before it do to this resource is done in `world`.
            found = _made(world, chain, shared.get(change.address, frozenset()))
            if isinstance(found, int) and found < chain.index(change):
                found = "what an earlier play made of it is no longer so"
            if isinstance(found, str):
                moved.append(Problem("error", change.address, found, "plan again", "moved"))
            made[change.address] = found
        done = made[change.address]
        if isinstance(done, int) and chain.index(change) >= done:
            due.append(change)
            look = Spot(world, change.region)
            needed = tuple(world.kinds[change.kind].calls(change.name, change.before, change.after, look))
            if not _same_calls(change.calls, needed, world, chains):
                summary = "the calls of the plan are not those that lead from its before to its after"
                wrong.append(Problem("error", change.address, summary, "plan again", "moved"))
        follow(world, change)
    if problems := moved or wrong:
        raise Moved(problems)
    return due


def _shared(world: World, whole: Sequence[Change]) -> Mapping[str, Collection[str]]:
    """Return by address the fields on which changes of other resources bear too: tags, seen in two kinds."""
    found: dict[str, set[str]] = {}
    for change in whole:
        for ripple in ripples_of(world, change):
            if ripple.field is not None:
                region = world.region_of(ripple.kind, change.region)
                found.setdefault(world.address(ripple.kind, ripple.name, region), set()).add(ripple.field)
    return found


def _look_ahead(world: World, changes: Iterable[Change], *, after: bool = False) -> None:
    """Look at all that changes, or has changed, side by side, with the details that will be compared."""
    asked: dict[tuple[str, str | None, frozenset[str]], set[str]] = {}
    for change in changes:
        seen = change.before is not None and not after
        known = change.before if seen else change.after
        details = frozenset() if known is None else known_details(world.kinds[change.kind], known, seen=seen)
        asked.setdefault((change.kind, change.region, details), set()).add(change.name)
    world.read_ahead((kind, region) for kind, region, _ in asked)
    for (kind, region, details), names in asked.items():
        world.look(kind, frozenset(names), region, details)


def _same_calls(planned: Any, needed: Any, world: World, chains: Mapping[str, Sequence[Change]]) -> bool:
    """Tell whether planned calls are those needed. What they leave to an earlier call may have been given by now."""
    if planned == needed:
        return True
    if isinstance(planned, Result):
        made = chains.get(planned.address)
        state = None if made is None or not planned.field else world.get(made[0].kind, made[0].name, made[0].region)
        return state is not None and getattr(state, planned.field) == needed
    if isinstance(planned, Call) and isinstance(needed, Call):
        same = _what(planned) == _what(needed)
        return same and _same_calls(planned.params, needed.params, world, chains)
    if isinstance(planned, Mapping) and isinstance(needed, Mapping):
        return planned.keys() == needed.keys() and all(
            _same_calls(planned[key], needed[key], world, chains) for key in planned
        )
    if isinstance(planned, list | tuple) and isinstance(needed, list | tuple):
        return len(planned) == len(needed) and all(
            _same_calls(*pair, world, chains) for pair in zip(planned, needed, strict=True)
        )
    return False


def _what(call: Call) -> tuple[object, ...]:
    return call.service, call.operation, call.region, call.as_root


def _made(world: World, chain: Sequence[Change], shared: Collection[str]) -> int | str:
    """Return how many of a resource's changes are made already, or what moved.

    What is `shared` may have gone on since it was made.
    """
    first, kind, region = chain[0], chain[0].kind, chain[0].region
    known = next(state for state in (first.before, chain[-1].after, first.after) if state is not None)
    details = known_details(world.kinds[kind], known, seen=first.before is not None)
    now = world.get(kind, first.name, region, details)
    if _same(first.before, now, seen=True):
        return 0
    for number in range(len(chain), 0, -1):
        if _same(chain[number - 1].after, now, but=shared):
            return number
    if first.before is None:
        return "it was made by somebody since the plan was made"
    if now is None:
        return "it is gone since the plan was made"
    return f"it moved since the plan was made: {', '.join(differences(first.before, now, seen=True))}"


def _same(state: Any | None, now: Any | None, *, seen: bool = False, but: Collection[str] = ()) -> bool:
    if state is None or now is None:
        return state is now
    return all(field in but for field in differences(state, now, seen=seen))


def _off(world: World, change: Change) -> tuple[str, ...]:
    """Return in which fields a resource is not as planned."""
    after = change.after
    if after is None:
        return ("still there",) if world.get(change.kind, change.name, change.region) is not None else ()
    details = known_details(world.kinds[change.kind], after, seen=False)
    now = world.get(change.kind, change.name, change.region, details)
    return ("missing",) if now is None else differences(after, now)


def _password() -> str:
    """Return a password that every password policy of AWS takes: 32 characters of all four classes."""
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!@#$%^*()_+-=[]{}")
    letters = [secrets.choice(one) for one in classes]
    letters += [secrets.choice("".join(classes)) for _ in range(28)]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)
