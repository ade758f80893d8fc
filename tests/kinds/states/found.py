"""What a kind needs for the laws that iamfix never makes, but finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    ending: tuple[Call, ...] = ()
    """What takes it away again, of a kind that iamfix never deletes; its params may hold results of the making."""
    account: tuple[str, str] = ("management", "111111111111")
    """Name and id of the account in which it is found by a run; the laws find it where they are."""
