"""One step of the fold: a resource goes from how it looks to how it shall, as a `Change`; and the world follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from iamfix.kinds import optional
from iamfix.kinds.protocol import Kind, Look, Ripple
from iamfix.model import Call, Change, Need, Origin
from iamfix.world import Spot, World


def change(
    world: World, kind_name: str, name: str, region: str | None, after: Any | None, origin: Origin,
    notes: tuple[str, ...] = (), look: Spot | None = None,
) -> Change | None:  # fmt: skip
    """Return the change that takes a resource to `after` (None: away), or None when no call is needed.

    The world is not touched; `follow` does that. `look` is where the task stands, with its variables.
    """
    before = world.get(kind_name, name, region)
    kind = world.kinds[kind_name]
    if before is None and after is None:
        return None
    look = look or Spot(world, region)
    forward = tuple(kind.calls(name, before, after, look))
    if not forward:
        return None
    undo = tuple(kind.calls(name, after, before, look))
    then = _Then(world, region, look.told, [], kind_name, name, after)
    notes = (*notes, *kind.notes(name, before, after, look))
    return Change(
        address=world.address(kind_name, name, region),
        kind=kind_name,
        name=name,
        region=region,
        before=before,
        after=after,
        calls=forward,
        undo=undo,
        loses=() if before is None else tuple(kind.loses(name, before, after)),
        origin=origin,
        notes=notes,
        needs=tuple(_needs(kind, call, name, before if after is None else after, look) for call in forward),
        undo_needs=tuple(_needs(kind, call, name, after if before is None else before, then) for call in undo),
    )


def _needs(kind: Kind, call: Call, name: str, state: Any, look: Spot) -> tuple[Need, ...]:
    """Return what a call must be allowed: its own action on the resource, unless the kind knows better."""
    return tuple(kind.needs(call, name, state, look)) or (Need(kind.arn(name, state, look) or "*"),)


@dataclass(frozen=True, slots=True)
class _Then(Spot):
    """The world from where a change happens, as the change alone will have left it."""

    kind: str = ""
    name: str = ""
    after: Any | None = None

    def get(self, kind: str, name: str, region: str | None = None, details: frozenset[str] = frozenset()) -> Any | None:
        if (kind, name, self._region(kind, region)) == (self.kind, self.name, self._region(self.kind, None)):
            return self.after
        return self.world.get(kind, name, self._region(kind, region), details)


def follow(world: World, done: Change) -> None:
    """Put a change's result into the world, and what it does to others' seen fields."""
    ripples = ripples_of(world, done)
    world.put(done.kind, done.name, done.region, done.after)
    for ripple in ripples:
        world.ripple(ripple, done.region)


def ripples_of(world: World, done: Change) -> list[Ripple]:
    """Return what a change does to other resources."""
    kind, look = world.kinds[done.kind], Spot(world, done.region)
    return [*kind.ripples(done.name, done.before, done.after, look), *_reflections(world, kind, done, look)]


def _reflections(world: World, kind: Kind, done: Change, look: Look) -> Iterator[Ripple]:
    """Yield what a change does to kinds that show resources of all others."""
    for other in world.kinds.values():
        if other is not kind and (reflect := optional.reflections(other)) is not None:
            old, new = (None if one is None else kind.arn(done.name, one, look) for one in (done.before, done.after))
            yield from reflect(old, new, done.before, done.after)
