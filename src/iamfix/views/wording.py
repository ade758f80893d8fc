"""How views word things: names that cannot command a terminal, long lists cut, numbers with their nouns."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

LONG = 160
"""Characters of a value that are shown unless one asks for more."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: object) -> str:
    """Return text without what a terminal would obey: escapes, control characters, reversed writing."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", str(text))


def named(names: Sequence[str], most: int = 6) -> str:
    """Return names in words, the first few of many."""
    shown = ", ".join(clean(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def count(number: int, word: str) -> str:
    """Return a number with its noun: 1 account, 2 accounts."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def value_text(value: Any, verbose: int = 0) -> str:
    """Return a value in one line; cut when it is long, unless `verbose`."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool) else str(value)
    text = "none" if value is None else text
    return text if verbose or len(text) <= LONG else f"{text[:LONG]}… ({len(text):,} characters)"
