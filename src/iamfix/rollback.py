"""The way back of a run: a plan towards what was seen before it, made from how AWS looks now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from iamfix.fields import fields_of
from iamfix.guards import QUALITY, breach_problems
from iamfix.kinds import optional
from iamfix.model import UNREAD, Call, Change, Origin, Problem
from iamfix.step import change, follow
from iamfix.wanted import details_of
from iamfix.world import Spot, World


def rollback_changes(
    world: World, made: Sequence[Change], attempted: Collection[str], run: str, check: Callable[[Call], Sequence[str]]
) -> tuple[tuple[Change, ...], tuple[Problem, ...]]:
    """Return the changes that take a run's changes back, last first, and the problems with them.

    Only what the run may have touched is taken back: resources of which a call was sent or about to be, and of those
    the fields that the run changed. What others have changed since stays.
    """
    changes: list[Change] = []
    problems: list[Problem] = []
    for number, done in enumerate(reversed([one for one in made if one.address in attempted])):
        if done.before is None and (reason := optional.kept(world.kinds[done.kind])):
            problems.append(Problem("warning", done.address, f"it stays: {reason}", "", "irreversible"))
            continue
        now = world.get(done.kind, done.name, done.region, _details(world, done))
        target = _target(done, now)
        origin = Origin(f"Take back: {done.origin.task}", f"run {run}", done.origin.practice, (), (), (0, number))
        back = change(world, done.kind, done.name, done.region, target, origin)
        if back is None:
            if now is None and target is not None:
                lost = ", ".join(done.loses) or "it"
                problems.append(
                    Problem(
                        "warning", done.address, f"nothing brings it back: {lost} is gone for good", "", "irreversible"
                    )
                )
            continue
        changes.append(back)
        found = breach_problems(world.kinds[done.kind], back, Spot(world, done.region))
        problems += [_as_before(one) if one.rule in QUALITY else one for one in found]
        problems += [Problem("error", back.address, fault, "", "quota") for call in back.calls for fault in check(call)]
        follow(world, back)
    return tuple(changes), tuple(problems)


def _as_before(problem: Problem) -> Problem:
    return replace(problem, severity="warning", hint="so it was before the run")


def _details(world: World, done: Change) -> frozenset[str]:
    """A resource that will go must be known whole; else what the change knew is enough."""
    details = details_of(world.kinds[done.kind])
    if done.before is None:
        return details
    return frozenset(name for name in details if getattr(done.before, name) is not UNREAD)


def _target(done: Change, now: Any | None) -> Any | None:
    """Return how the resource should look: as now, with the run's own step taken back."""
    if done.before is not None and now is None:
        new = {name: spec.default for name, spec in fields_of(type(done.before)).items() if spec.made}
        return replace(done.before, **new)
    if done.before is None or now is None or done.after is None:
        return done.before
    fields = {}
    for name, spec in fields_of(type(now)).items():
        before, after, here = (getattr(state, name) for state in (done.before, done.after, now))
        if UNREAD in (before, after, here):
            continue
        if spec.settable and before != after:
            fields[name] = spec.codec.back(here, before, after)
        elif not spec.settable and not spec.volatile:
            fields[name] = before
    return replace(now, **fields)
