"""Sets of requests as boxes: actions, resources, principals and conditions; and what is left of one without another.

A box holds the requests that are in each of its dimensions. A dimension is a union of cells, a cell is "all of these
patterns and none of those". What is left may be told too wide, never too narrow: only conditions make it so, and
policy variables, and boxes that fall into very many pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from iamfix.policy.conditionals import Literal, Literals, implies, joined
from iamfix.policy.globs import EVERYTHING, Pattern, empty
from iamfix.policy.impossible import impossible

__all__ = ["ALL", "Box", "Cell", "Span", "cross", "cross_all", "left_of", "left_of_all", "span"]

_MOST_PIECES = 48


@dataclass(frozen=True, slots=True)
class Cell:
    """The texts that fit all of `includes` and none of `excludes`."""

    includes: frozenset[Pattern]
    excludes: frozenset[Pattern] = frozenset()

    @property
    def void(self) -> bool:
        return empty(self.includes, self.excludes)

    @property
    def head(self) -> str | None:
        """What all its texts begin with, to the first colon (an action's service); None where that differs."""
        start = max((pattern.start for pattern in self.includes), key=len, default="")
        head, colon, _ = start.partition(":")
        return head if colon else None


Span = tuple[Cell, ...]
"""A union of cells, none of them void."""

ALL: Span = (Cell(frozenset((EVERYTHING,))),)


def span(patterns: Iterable[Pattern], *, but: bool = False) -> Span:
    """The texts that fit one of the patterns, or (`but`) none of them."""
    if but:
        return (Cell(frozenset((EVERYTHING,)), frozenset(patterns)),)
    return tuple(Cell(frozenset((pattern,))) for pattern in dict.fromkeys(patterns))


def _crossed(a: Span, b: Span) -> Span:
    if a is ALL or a == b:
        return b
    if b is ALL:
        return a
    found = []
    for one, others in _facing(a, b):
        for other in others:
            cell = Cell(one.includes | other.includes, one.excludes | other.excludes)
            if not cell.void:
                found.append(_tidy(cell))
    return tuple(dict.fromkeys(found))


def _facing(a: Span, b: Span) -> Iterator[tuple[Cell, Sequence[Cell]]]:
    """Yield each cell of `a` with those of `b` that it can have texts in common with.

    Policies of AWS's own list a thousand actions: most are of other services than the one at hand.
    """
    heads = [(other.head, other) for other in b]
    by_head: dict[str | None, Sequence[Cell]] = {None: b}
    for one in a:
        head = one.head
        if head not in by_head:
            by_head[head] = [other for theirs, other in heads if theirs in (None, head)]
        yield one, by_head[head]


def _tidy(cell: Cell) -> Cell:
    """Leave out includes that another one lies within, and excludes that take nothing away."""
    includes, excludes = cell.includes, cell.excludes
    if len(includes) > 1:
        for wide in sorted(includes, key=lambda p: len(p.steps)):
            rest = includes - {wide}
            if rest and not wide.dynamic and empty(rest, frozenset((wide,))):
                includes = rest
    if excludes:
        excludes = frozenset(p for p in excludes if p.dynamic or not empty(includes | {p}, frozenset()))
    return Cell(includes, excludes)


def _without(a: Span, b: Span) -> Span:
    """What of `a` is not in `b`."""
    found: list[Cell] = []
    for one, others in _facing(a, b):
        left = [one]
        for taken in others:
            left = [rest for cell in left for rest in _cell_without(cell, taken)]
            if not left:
                break
        found += left
    return tuple(found)


def _cell_without(cell: Cell, taken: Cell) -> list[Cell]:
    """not (all of I and none of E) is: not one of I, or one of E."""
    if empty(cell.includes | taken.includes, cell.excludes):
        return [cell]
    found = []
    for include in taken.includes:
        rest = _tidy(Cell(cell.includes, cell.excludes | {include}))
        if not rest.void:
            found.append(rest)
    for exclude in taken.excludes:
        rest = _tidy(Cell(cell.includes | {exclude}, cell.excludes))
        if not rest.void:
            found.append(rest)
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Box:
    """Requests by principal, action and resource, where all of `when` and none of the blocks in `unless` hold."""

    actions: Span
    resources: Span
    principals: Span = ALL
    when: Literals = frozenset()
    unless: frozenset[Literals] = frozenset()

    @cached_property
    def _hash(self) -> int:
        return hash((self.actions, self.resources, self.principals, self.when, self.unless))

    def __hash__(self) -> int:
        return self._hash

    @property
    def void(self) -> bool:
        return impossible(self.when, self.unless)


def cross(a: Box, b: Box) -> Box | None:
    """The requests in both, or None where there are none."""
    actions = _crossed(a.actions, b.actions)
    resources = _crossed(a.resources, b.resources) if actions else ()
    principals = _crossed(a.principals, b.principals) if resources else ()
    if not principals:
        return None
    box = Box(actions, resources, principals, joined(a.when, b.when), a.unless | b.unless)
    return None if box.void else box


def cross_all(boxes: Iterable[Box], others: Sequence[Box]) -> list[Box]:
    """The requests that are in a box of each."""
    found = (cross(box, other) for box in boxes for other in others)
    return list(dict.fromkeys(box for box in found if box is not None))


def _apart(a: Span, b: Span) -> bool:
    """Whether two spans have no text in common."""
    return all(
        empty(one.includes | other.includes, one.excludes | other.excludes)
        for one, others in _facing(a, b)
        for other in others
    )


@lru_cache(maxsize=65536)
def left_of(box: Box, taken: Box) -> tuple[Box, ...]:
    """What of a box is not in another one, in disjoint pieces."""
    if _apart(box.resources, taken.resources):
        return (box,)
    actions = _crossed(box.actions, taken.actions)
    resources = _crossed(box.resources, taken.resources) if actions else ()
    principals = _crossed(box.principals, taken.principals) if resources else ()
    if not principals:
        return (box,)
    pieces = []
    if rest := _without(box.actions, taken.actions):
        pieces.append(replace(box, actions=rest))
    if rest := _without(box.resources, taken.resources):
        pieces.append(replace(box, actions=actions, resources=rest))
    if rest := _without(box.principals, taken.principals):
        pieces.append(replace(box, actions=actions, resources=resources, principals=rest))
    if not implies(box.when, taken.when):
        # One block of conditions on both sides tells nothing new; else what holds is "unless those hold too".
        unless = frozenset((*box.unless, taken.when - box.when))
        piece = Box(actions, resources, principals, box.when, unless)
        if not piece.void:
            pieces.append(piece)
    return tuple(pieces)


def left_of_all(boxes: Iterable[Box], others: Sequence[Box]) -> list[Box]:
    """What of the boxes is in none of the others. A box that falls into very many pieces is told whole."""
    found: list[Box] = []
    for box in boxes:
        pieces = [box]
        for taken in others:
            pieces = [piece for one in pieces for piece in left_of(one, taken)]
            if len(pieces) > _MOST_PIECES:
                pieces = [box] if not _covered(box, others) else []
                break
        found += pieces
    return list(dict.fromkeys(found))


def _covered(box: Box, others: Sequence[Box]) -> bool:
    """Whether a single other box holds all of this one."""
    return any(not left_of(box, other) for other in others)


def literals_of(boxes: Iterable[Box]) -> frozenset[Literal]:
    """All conditions that some box names."""
    return frozenset(literal for box in boxes for literal in box.when.union(*box.unless))
