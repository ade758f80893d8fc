"""What is known of one kind in one place."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from iamfix.fields import fields_of
from iamfix.kinds.protocol import Ripple
from iamfix.model import UNREAD


@dataclass(slots=True)
class Part:
    """What is known of one kind in one place."""

    now: dict[str, Any] = field(default_factory=dict)
    folded: dict[str, str] = field(default_factory=dict)
    whole: bool = False
    """All resources were read."""
    sure: set[str] = field(default_factory=set)
    """Names of which it was seen, or decided by a task, whether they exist."""
    read: dict[str, set[str]] = field(default_factory=dict)
    """Names of which a detail was asked for."""
    told: dict[str, set[str]] = field(default_factory=dict)
    """Names of which only a report, perhaps hours old, told a field."""
    names_told: bool = False
    """A report told which resources there are."""
    later: list[Ripple] = field(default_factory=list)
    """What tasks did to what was not read yet."""

    def put(self, name: str, state: Any | None) -> None:
        """Say how a resource looks from now on; None takes it away."""
        self.sure.add(name)
        if state is None:
            self.now.pop(name, None)
            self.folded.pop(name.casefold(), None)
        else:
            self.now[name] = state
            self.folded[name.casefold()] = name

    def missing(self, names: Collection[str], details: frozenset[str], *, live: bool) -> dict[str, set[str]]:
        """Return by detail the names of which it must be read still; `live`: what a report told will not do."""
        missing: dict[str, set[str]] = {}
        for detail in details:
            told, read = self.told.get(detail, set()), self.read.setdefault(detail, set())
            needed = {
                name
                for name in names
                if name in self.now
                and ((name not in read and getattr(self.now[name], detail) is UNREAD) or (live and name in told))
            }
            if needed:
                missing[detail] = needed
        return missing

    def refresh(self, name: str, fresh: Any | None, *, live: bool) -> None:
        """Put in what was read of a resource: fields that were not known, or that only a report told."""
        if fresh is None:
            if live and self.names_told and name not in self.sure:
                self.put(name, None)  # it has gone since the report
            return
        state = self.now[name]
        values = {}
        for spec in fields_of(type(state)):
            doubtful = live and name in self.told.get(spec, ())
            if (getattr(state, spec) is UNREAD or doubtful) and getattr(fresh, spec) is not UNREAD:
                values[spec] = getattr(fresh, spec)
                if doubtful:
                    self.told[spec].discard(name)
        self.now[name] = replace(state, **values)
