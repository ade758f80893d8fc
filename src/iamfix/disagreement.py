"""Tasks that disagree: what one asks of a resource, a later one takes back. Such a plan never ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from iamfix.fields import Asked, fields_of
from iamfix.model import UNREAD, Origin, Problem


@dataclass(frozen=True, slots=True)
class _Ask:
    fields: Mapping[str, Asked] | None
    """What is asked of each field; None: that the resource is not there."""
    origin: Origin
    named: bool
    """The task names the resource; one that selects may no longer match it."""


@dataclass(slots=True)
class Asks:
    """What the tasks so far have asked of each resource, whether or not anything had to change for it."""

    _asks: dict[str, list[_Ask]] = field(default_factory=dict)

    def add(self, address: str, asked: Mapping[str, Asked] | None, origin: Origin, *, named: bool) -> None:
        """Remember what a task asks. It holds from now on."""
        self._asks.setdefault(address, []).append(_Ask(asked, origin, named))

    def of(self, address: str) -> bool:
        """Tell whether a task has asked something of a resource."""
        return address in self._asks

    def undone(self, address: str, before: Any | None, after: Any | None, by: Origin) -> Iterator[Problem]:
        """Yield what a task takes back that an earlier one has asked: run again, that one would do it again."""
        for ask in self._asks.get(address, ()):
            if found := _undone(ask, before, after):
                earlier = f"{ask.origin.task!r} ({ask.origin.where})"
                summary = f"{', '.join(found)}: the task {by.task!r} undoes what {earlier} asks"
                hint = "let one task own it, or give lists as {include: […]}"
                yield Problem("error", address, summary, hint, "tasks-disagree")
                return


def _undone(ask: _Ask, before: Any | None, after: Any | None) -> list[str]:
    """Return the fields for which what was asked held before a change, and no longer does."""
    if ask.fields is None:
        return ["existence"] if before is None else []
    if after is None:  # what was selected matches no more; what is named would be made once more
        return ["existence"] if ask.named else []
    if before is None:
        return []
    specs = fields_of(type(after))

    def holds(name: str, asked: Asked, state: Any) -> bool:
        there = getattr(state, name)
        return there is UNREAD or specs[name].codec.merge(there, asked) == there

    return [name for name, one in ask.fields.items() if holds(name, one, before) and not holds(name, one, after)]
