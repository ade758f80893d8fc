"""Where an element of a JSON document stands in its text: line and column of a path, and keys that are given twice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]

from iamfix.policy.statements import Path

__all__ = ["duplicate_keys", "locate", "positions"]

_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"[^\s,\]}]+")
_DEEPEST = 100


@dataclass
class _Reader:
    """Reads a text once. `places` maps paths to offsets; `twice` has the paths of keys that were there before."""

    text: str
    at: int = 0
    places: dict[Path, int] = field(default_factory=dict)
    twice: list[Path] = field(default_factory=list)
    again: dict[Path, int] = field(default_factory=dict)

    def value(self, path: Path, start: int | None = None) -> None:
        self.space()
        self.places[path] = self.at if start is None else start
        if len(path) > _DEEPEST:
            raise ValueError(f"nested deeper than {_DEEPEST} levels")
        opening = self.text[self.at : self.at + 1]
        if opening == "{":
            self.object(path)
        elif opening == "[":
            self.array(path)
        elif opening == '"':
            self.string()
        else:
            scalar = _SCALAR.match(self.text, self.at)
            if scalar is None:
                raise ValueError("a value is missing")
            self.at = scalar.end()

    def object(self, path: Path) -> None:
        keys: set[str] = set()
        self.at += 1
        while self.more("}"):
            start = self.at
            if self.text[self.at : self.at + 1] != '"':
                raise ValueError("a key is missing")
            key = self.string()
            if key in keys:
                self.twice.append((*path, key))
                self.again[(*path, key)] = start
            keys.add(key)
            self.space()
            if self.text[self.at : self.at + 1] != ":":
                raise ValueError("a colon is missing")
            self.at += 1
            self.value((*path, key), start)

    def array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self.more("]"):
            self.value((*path, index))
            index += 1

    def more(self, closing: str) -> bool:
        self.space()
        char = self.text[self.at : self.at + 1]
        if char == closing:
            self.at += 1
            return False
        if not char:
            raise ValueError(f"{closing} is missing")
        if char == ",":
            self.at += 1
            self.space()
        return True

    def string(self) -> str:
        text, self.at = scanstring(self.text, self.at + 1, True)
        return str(text)

    def space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at


def positions(text: str) -> Mapping[Path, tuple[int, int]]:
    """Return the line and column, from 1, of every element of a JSON text; a key's place is that of its value's path.

    Raises:
        ValueError: the text is not JSON, or nested deeper than 100 levels.
    """
    lines = _line_starts(text)
    return {path: _line_and_column(lines, at) for path, at in _read(text).places.items()}


def locate(text: str, path: Path) -> tuple[int, int]:
    """Return the line and column, from 1, of the element at `path`; of the nearest one around it where it is absent.

    A text that is not JSON has everything at its start.
    """
    try:
        reader = _read(text)
    except ValueError:
        return (1, 1)
    while path and path not in reader.places:
        path = path[:-1]
    return _line_and_column(_line_starts(text), reader.places[path])


def duplicate_keys(text: str) -> tuple[tuple[Path, int, int], ...]:
    """Return the path, line and column of each key that its object already has: AWS refuses such documents.

    Raises:
        ValueError: the text is not JSON, or nested deeper than 100 levels.
    """
    reader, lines = _read(text), _line_starts(text)
    return tuple((path, *_line_and_column(lines, reader.again[path])) for path in reader.twice)


def _read(text: str) -> _Reader:
    reader = _Reader(text)
    try:
        reader.value(())
    except JSONDecodeError as error:
        raise ValueError(str(error)) from error
    return reader


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _line_and_column(starts: list[int], offset: int) -> tuple[int, int]:
    from bisect import bisect_right

    line = bisect_right(starts, offset)
    return (line, offset - starts[line - 1] + 1)
