"""What a kind needs for the laws that iamfix never makes, but finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from iamfix.model import Call


@dataclass(frozen=True)
class Found:
    """A kind that iamfix never makes: what makes one, what its name then is, and what may be asked of it."""

    makings: tuple[tuple[Call, ...], ...]
    """Several ways in which it is found."""
    name: Callable[[Mapping[str, Any]], str]
    """From the answers of those calls, by operation."""
    asked: st.SearchStrategy[Mapping[str, Any]] = st.just({})  # noqa: RUF009 - a strategy never changes
    ending: Mapping[str, Call] = field(default_factory=dict)
    """What takes it away again, of a kind that iamfix never deletes: operation that made it -> call.

    Its params may hold results of the making.
    """
    account: tuple[str, str] = ("management", "111111111111")
    """Name and id of the account in which it is found by a run; the laws find it where they are."""
    at_once: int = 1
    """How many of a kind that iamfix never deletes go the four steps in one run: `thing` in the makings is numbered."""

    def end(self, answers: Mapping[str, Any]) -> list[Call]:
        """Return what takes away what was made with these answers."""
        return [call for made, call in self.ending.items() if made in answers]
