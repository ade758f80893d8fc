"""The way back of a run: a plan towards what was seen before it, made from how AWS looks now.

Only what the run did is taken back. What others have changed since stays, and is told: a field that looks neither as
before the run nor as after it, a resource that the run made and somebody has changed or uses by now, one that somebody
made anew or removed. `--allow changed-since` takes that back all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from iamfix.fields import differences, fields_of
from iamfix.guards import QUALITY, breach_problems
from iamfix.journal import Run
from iamfix.kinds import optional
from iamfix.model import UNREAD, Call, Change, Origin, Problem
from iamfix.since import added, beyond, named_calls, seen_fields, taken_back
from iamfix.step import change, follow
from iamfix.wanted import details_of
from iamfix.world import Spot, World

RULE = "changed-since"
_HINT = "if a later run did it, roll that one back first; --allow changed-since takes it back all the same"
Check = Callable[[Call], Sequence[str]]


@dataclass(slots=True)
class WayBack:
    """One account's way back. `go` plans it; `changes` and `problems` are the result.

    `settled` are the addresses whose changes the run has made whole: they looked as planned then, so that whatever else
    is seen now is somebody's since. Others may be half done. `force`: what others have changed is taken back as well.
    """

    world: World
    run: str
    settled: Collection[str]
    check: Check
    force: bool = False
    changes: list[Change] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def go(self, made: Sequence[Change], attempted: Collection[str]) -> None:
        """Take a run's changes back, last first: of the resources of which a call was sent or about to be."""
        for number, done in enumerate(reversed([one for one in made if one.address in attempted])):
            self._one(number, done)
        self.problems = list(dict.fromkeys(self.problems))

    def _one(self, number: int, done: Change) -> None:
        world = self.world
        if done.before is None and (reason := optional.kept(world.kinds[done.kind])):
            self.problems.append(Problem("warning", done.address, f"it stays: {reason}", "", "irreversible"))
            return
        now = world.get(done.kind, done.name, done.region, _details(world, done))
        back = self._back(number, done, now)
        if back is None:
            return
        self.changes.append(back)
        found = breach_problems(world.kinds[done.kind], back, Spot(world, done.region))
        self.problems += [_as_before(one) if one.rule in QUALITY else one for one in found]
        faults = (fault for call in back.calls for fault in self.check(call))
        self.problems += [Problem("error", back.address, fault, "", "quota") for fault in faults]
        follow(world, back)

    def _back(self, number: int, done: Change, now: Any | None) -> Change | None:
        """Return the change that takes one back; None when there is nothing to take back, or when it stays."""
        settled = done.address in self.settled
        if done.before is None:
            return self._unmade(number, done, now, settled)
        if now is None:
            if settled and done.after is not None and self._stays(done, "it is gone since the run"):
                return None
            new = {name: spec.default for name, spec in fields_of(type(done.before)).items() if spec.made}
            back = self._step(number, done, replace(done.before, **new))
            if back is None:
                lost = ", ".join(done.loses) or "it"
                told = f"nothing brings it back: {lost} is gone for good"
                self.problems.append(Problem("warning", done.address, told, "", "irreversible"))
            return back
        if done.after is None and settled and self._stays(done, "somebody has made it anew since the run"):
            return None
        return self._restored(number, done, now, settled and not self.force)

    def _unmade(self, number: int, done: Change, now: Any | None, settled: bool) -> Change | None:
        """Return the change that removes what the run made, unless it has become somebody's."""
        back = self._step(number, done, None)
        if now is None or back is None:
            return back
        fields = differences(done.after, now) if settled else added(now, type(now)(), done.after)
        if fields and self._stays(done, f"changed since the run: {', '.join(fields)}"):
            return None
        more = beyond(back.calls, done.undo)
        if more and self._stays(done, f"it is in use since the run: to remove it takes {'; '.join(named_calls(more))}"):
            return None
        return back

    def _restored(self, number: int, done: Change, now: Any, careful: bool) -> Change | None:
        """Return the change that gives the fields which the run changed, or took away, their former values.

        `careful`: but for what looks neither as before nor as after. What is half done may look so of itself.
        """
        after = type(now)() if done.after is None else done.after
        values: dict[str, Any] = {}
        theirs: list[str] = []
        for name, spec in fields_of(type(now)).items():
            was, then, here = (getattr(state, name) for state in (done.before, after, now))
            # A resource that was to go may have been changed first: a key is disabled before it is deleted.
            if UNREAD in (was, then, here) or not spec.settable or (was == then and done.after is not None):
                continue
            value, parts = taken_back(spec.codec, here, was, then)
            values[name] = value if careful else spec.codec.back(here, was, then)
            theirs += [f"{name}.{part}" if part else name for part in parts]
        if theirs and (careful or self.force):
            self._stays(done, f"changed since the run: {', '.join(theirs)}")
        elif theirs:
            told = f"left half done by the run, or changed since: {', '.join(theirs)}; it is taken back"
            self.problems.append(Problem("warning", done.address, told, f"run {self.run} did not end well"))
        seen = {name: getattr(done.before, name) for name in seen_fields(type(now))}
        known = {name: value for name, value in seen.items() if UNREAD not in (value, getattr(now, name))}
        back = self._step(number, done, replace(now, **values, **known))
        if back is None or self.force:
            return back
        plain = self._step(number, done, replace(now, **values))
        more = Counter(call.operation for call in back.calls) - Counter(call.operation for call in done.undo)
        if more and plain is not None and len(plain.calls) < len(back.calls):
            fields = [name for name, value in known.items() if getattr(now, name) != value]
            self._stays(done, f"changed since the run: {', '.join(fields)}")
            return plain
        return back

    def _stays(self, done: Change, summary: str) -> bool:
        """Say what others have changed; tell whether it stays so."""
        stays = "it is taken back all the same" if self.force else "it stays as it is"
        hint = f"allowed by --allow {RULE}" if self.force else _HINT
        self.problems.append(Problem("warning", done.address, f"{summary}; {stays}", hint, RULE))
        return not self.force

    def _step(self, number: int, done: Change, target: Any | None) -> Change | None:
        origin = Origin(f"Take back: {done.origin.task}", _where(self.run), done.origin.practice, (), (), (0, number))
        return change(self.world, done.kind, done.name, done.region, target, origin)


def settled(run: Run, account: str, made: Iterable[Change], later: Iterable[Run]) -> frozenset[str]:
    """Return the addresses of one account whose changes a run has made whole, and no rollback of it has touched since.

    `later` are the runs after it.
    """
    planned: Counter[str] = Counter()
    for one in made:
        planned[one.address] += len(one.calls)
    came: dict[str, list[object]] = {}
    for call in run.calls:
        if call["account"] == account:
            came.setdefault(call["address"], []).append(call["ok"])
    done = run.accounts.get(account) == "done"
    whole = {at for at, oks in came.items() if done or (len(oks) >= planned[at] and all(ok is True for ok in oks))}
    return frozenset(whole.difference(*(_touched(one, run.id, account) for one in later)))


def _touched(later: Run, run: str, account: str) -> Collection[str]:
    """Return what a later run, if it is a rollback of this one, was about to change."""
    plans: Iterable[Mapping[str, Any]] = (one for one in later.plan["accounts"] if one["name"] == account)
    ours = any(change["where"] == _where(run) for plan in plans for change in plan["changes"])
    return later.attempted.get(account, frozenset()) if ours else frozenset()


def _where(run: str) -> str:
    return f"run {run}"


def _as_before(problem: Problem) -> Problem:
    return replace(problem, severity="warning", hint="so it was before the run")


def _details(world: World, done: Change) -> frozenset[str]:
    """A resource that will go must be known whole; else what the change knew is enough."""
    details = details_of(world.kinds[done.kind])
    if done.before is None:
        return details
    return frozenset(name for name in details if getattr(done.before, name) is not UNREAD)
