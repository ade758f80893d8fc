"""The lock-out guard: those who must get in keep their access after every single call of a plan.

An apply can stop after any call, and what is lost then stays lost: so each moment is looked at, not only the end. The
changes of one task that touch different resources run side by side; every order of their calls is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise, product
from math import prod

from iamfix.access.doors import provider_of
from iamfix.access.losses import (
    Guard,
    Lane,
    Step,
    arns_changed,
    callers_of,
    credentials_taken,
    last_name,
    moment,
    problem,
)  # fmt: skip
from iamfix.access.picture import Picture
from iamfix.access.probes import Limits, Watched
from iamfix.access.replay import CREDENTIALS, replay
from iamfix.model import Call, Change, Problem

__all__ = ["lockouts"]

MOST_ORDERS = 4096
"""Moments of one task that are looked at; a task with more cannot be proven."""


def lockouts(
    picture: Picture, changes: Sequence[Change], watched: Sequence[Watched], limits: Limits | None = None
) -> list[Problem]:
    """Return what the plan's calls would take from those who must get in, each loss at the first call that makes it.

    Args:
        picture: the account before the plan.
        changes: all of the account's, in the order of the run.
        watched: with the probes that they must keep; a probe that does not hold before the plan is no loss.
        limits: the organization's policies for the account.
    """
    if not watched:
        return []
    last = picture
    for change in changes:
        for call in change.calls:
            last = replay(last, call)
    tasks = [list(group) for _, group in groupby(changes, key=lambda change: change.origin.step)]
    found: list[Problem] = []
    for one in watched:
        guard = Guard(picture, one, limits or Limits(), picture, last)
        for task in tasks:
            found += _task(guard, task)
    return found


def _task(guard: Guard, changes: Sequence[Change]) -> Iterator[Problem]:
    """Look at every moment of one task's changes, in every order in which they can come about."""
    names, policies = _near(guard, changes)
    lanes: dict[str, Lane] = {}
    for change in changes:
        for number, call in enumerate(change.calls, 1):
            if _touches(call, names, policies):
                lanes.setdefault(change.address, []).append(Step(change, call, number))
    for lane in lanes.values():
        yield from credentials_taken(guard, lane)
        yield from arns_changed(guard, lane)
    yield from _orders(guard, _bearing(guard, list(lanes.values())))
    for change in changes:
        for call in change.calls:
            guard.picture = replay(guard.picture, call)


def _near(guard: Guard, changes: Sequence[Change]) -> tuple[set[str], set[str]]:
    """The names of users, roles and groups, and of policies, that can bear on the one watched during these changes."""
    people = {guard.one.name, *(last_name(probe.caller) for probe in guard.one.probes if probe.caller)}
    names, policies = set(people), set[str]()
    calls = [call.params for change in changes for call in change.calls]
    names |= {params["GroupName"] for params in calls if "GroupName" in params and params.get("UserName") in people}
    for name in people:
        for holders in guard.picture.holders.values():
            names |= holders[name].groups if name in holders else frozenset()
    for params in calls:
        if not names.isdisjoint(params.get(key) for key in _NAMES):
            policies |= {last_name(str(params[key])) for key in _POLICIES if key in params}
    for name in names:
        for holders in guard.picture.holders.values():
            if name in holders:
                policies |= {last_name(arn) for arn in (*holders[name].attached, holders[name].boundary or "")}
    return names, policies


_NAMES = ("UserName", "RoleName", "GroupName")
_POLICIES = ("PolicyArn", "PolicyName", "PermissionsBoundary")


def _touches(call: Call, names: set[str], policies: set[str]) -> bool:
    if any(call.params.get(key) in names for key in _NAMES):
        return True
    if provider_of(call) is not None:
        return True
    if call.operation in CREDENTIALS:
        return "UserName" not in call.params and not call.as_root
    return not any(key in call.params for key in _NAMES) and any(
        last_name(str(call.params[key])) in policies for key in _POLICIES if key in call.params
    )


def _basis(guard: Guard, picture: Picture) -> tuple[object, ...]:
    """What the access of the one watched comes from, and whether its caller gets in."""
    holder = picture.holder(guard.one.kind, guard.one.name)
    if holder is None:
        return ()
    trust = None if holder.trust is None else holder.trust.text
    found: list[object] = [picture.basis(holder), trust, frozenset(holder.tags.items())]
    for probe in guard.one.probes:
        if probe.caller:
            found += [picture.basis(other) for other in callers_of(picture, probe.caller)]
    return tuple(found)


def _bearing(guard: Guard, lanes: Sequence[Lane]) -> list[list[Lane]]:
    """Each lane as the runs of calls up to the moments that bear on the one watched; lanes without any are left out.

    A lane is tried from the task's start and from where all others are done, for one may make what another attaches.
    """
    found = []
    for number, lane in enumerate(lanes):
        done = guard.picture
        for other in (*lanes[:number], *lanes[number + 1 :]):
            for step in other:
                done = replay(done, step.call)
        ends: set[int] = set()
        for start in (guard.picture, done) if len(lanes) > 1 else (guard.picture,):
            here, basis = start, _basis(guard, start)
            for place, step in enumerate(lane):
                here = replay(here, step.call)
                now = _basis(guard, here)
                if now != basis:
                    ends.add(place)
                basis = now
        if ends:
            cuts = [-1, *sorted(ends)]
            found.append([lane[a + 1 : b + 1] for a, b in pairwise(cuts)])
    return found


def _orders(guard: Guard, lanes: Sequence[list[Lane]]) -> Iterator[Problem]:
    """Ask all probes at each moment: so many runs of each lane done, in whatever order."""
    if prod(len(lane) + 1 for lane in lanes) > MOST_ORDERS:
        step = lanes[0][0][-1]
        summary = (
            f"cannot be proven to keep its access: {len(lanes)} changes of the task {step.change.origin.task!r} that "
            "bear on it run side by side, in more orders than can be looked at"
        )
        yield problem(guard, step, summary, "split the task")
        return
    pictures: dict[tuple[int, ...], Picture] = {}
    for progress in sorted(product(*(range(len(lane) + 1) for lane in lanes)), key=lambda p: (sum(p), p)):
        moved = next((number for number, done in enumerate(progress) if done), None)
        if moved is None:
            pictures[progress] = guard.picture
            continue
        run = lanes[moved][progress[moved] - 1]
        picture = pictures[(*progress[:moved], progress[moved] - 1, *progress[moved + 1 :])]
        for step in run:
            picture = replay(picture, step.call)
        pictures[progress] = picture
        yield from moment(guard, picture, run[-1])
