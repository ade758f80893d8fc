"""What of a plan is still to be made: how AWS looks now, against the plan's before and after. It sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from iamfix.fields import differences
from iamfix.kinds.protocol import Ripple
from iamfix.model import Call, Change, IamfixError, Mark, Problem, Result
from iamfix.step import follow, ripples_of
from iamfix.wanted import known_details
from iamfix.world import Spot, World


class Moved(IamfixError):
    """AWS does not look as it did when the plan was made. Nothing was sent."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.where}: {problem.summary}" for problem in problems))
        self.problems = tuple(problems)


def still_due(world: World, changes: Sequence[Change], whole: Sequence[Change]) -> list[Change]:
    """Return which of a play's changes are still to be made, having looked at each; none when all were made already.

    `whole` are the account's changes in all plays, in order: later ones may have been made too.

    Raises:
        Moved: a resource looks neither as before its change nor as after it; or the calls are not those that the
            change needs, which happens when a plan file was tampered with.
    """
    look_ahead(world, changes)
    chains: dict[str, list[Change]] = {}
    for change in whole:
        chains.setdefault(change.address, []).append(change)
    bearing = bearing_of(world, whole)
    made: dict[str, int | str] = {}
    moved, wrong, due = [], [], []
    for change in changes:
        chain = chains[change.address]
        if change.address not in made:
            # Seen where the fold is: what the changes before it do to this resource is done in `world`.
            found = _made(world, chain, bearing.get(change.address, ()))
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


def bearing_of(world: World, whole: Sequence[Change]) -> Mapping[str, Sequence[Ripple]]:
    """Return by address what changes of other resources do to it, in order: tags are seen in two kinds."""
    found: dict[str, list[Ripple]] = {}
    for change in whole:
        for ripple in ripples_of(world, change):
            region = world.region_of(ripple.kind, change.region)
            found.setdefault(world.address(ripple.kind, ripple.name, region), []).append(ripple)
    return found


def _goes(ripples: Sequence[Ripple]) -> bool:
    """Tell whether changes of others take a resource away in the end: the tags of a role go with the role."""
    whole = [ripple for ripple in ripples if ripple.field is None]
    return bool(whole) and whole[-1].step is None


def look_ahead(world: World, changes: Iterable[Change], *, after: bool = False) -> None:
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


def _made(world: World, chain: Sequence[Change], bearing: Sequence[Ripple]) -> int | str:
    """Return how many of a resource's changes are made already, or what moved.

    Fields on which changes of others bear may have gone on since, as far as those changes lead and no further.
    """
    first, kind, region = chain[0], chain[0].kind, chain[0].region
    known = next(state for state in (first.before, chain[-1].after, first.after) if state is not None)
    details = known_details(world.kinds[kind], known, seen=first.before is not None)
    now = world.get(kind, first.name, region, details)
    if _same(first.before, now, seen=True):
        return 0
    for number in range(len(chain), 0, -1):
        if _same(chain[number - 1].after, now, ripples=bearing):
            return number
    if first.before is None:
        return "it was made by somebody since the plan was made"
    if now is None:
        return len(chain) if _goes(bearing) else "it is gone since the plan was made"
    return f"it moved since the plan was made: {', '.join(differences(first.before, now, seen=True))}"


def _same(state: Any | None, now: Any | None, *, seen: bool = False, ripples: Sequence[Ripple] = ()) -> bool:
    """Tell whether a resource is as it should be, or would be when what bears on it is done: part of that may be."""
    if state is None or now is None:
        return state is now
    return all(_same_in_the_end(field, state, now, ripples) for field in differences(state, now, seen=seen))


def _same_in_the_end(field: str, state: Any, now: Any, ripples: Sequence[Ripple]) -> bool:
    one, other = getattr(state, field), getattr(now, field)
    mine = [ripple for ripple in ripples if ripple.field == field]
    if not mine or isinstance(one, Mark) or isinstance(other, Mark):
        return False
    for ripple in mine:
        one, other = ripple.of(one), ripple.of(other)
    return bool(one == other)


def off_fields(world: World, change: Change, ripples: Sequence[Ripple] = ()) -> tuple[str, ...]:
    """Return in which fields a resource is not as planned; `ripples` is what changes of others do to it."""
    after = change.after
    if after is None:
        return ("still there",) if world.get(change.kind, change.name, change.region) is not None else ()
    details = known_details(world.kinds[change.kind], after, seen=False)
    now = world.get(change.kind, change.name, change.region, details)
    if now is None:
        return () if _goes(ripples) else ("missing",)
    return tuple(field for field in differences(after, now) if not _same_in_the_end(field, after, now, ripples))
