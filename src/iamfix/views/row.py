"""One line of a change: what comes, goes or becomes something else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mark = Literal["+", "-", "~"]


@dataclass(frozen=True, slots=True)
class Row:
    """`mark` and `text`, `depth` steps in. `code` is laid out already: it keeps its spaces and is never wrapped."""

    mark: Mark
    text: str
    depth: int = 0
    code: bool = False
