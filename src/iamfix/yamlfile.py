"""YAML files with the place of everything in them.

Scalars are read as YAML 1.2 does: only true and false are yes or no, `2012-10-17` and `012345678901` stay text. A key
given twice, a tag, and a file that unfolds to more than it should are mistakes with their place.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml

from iamfix.model import InputError, Json, Place, Problem

MAX_BYTES = 4_000_000
MAX_NODES = 400_000
MAX_DEPTH = 60

Path_ = tuple[str | int, ...]
_PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Composes nodes; scalars resolve as in YAML 1.2's core schema, less octal and hexadecimal numbers."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?", "-+0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_first))


@dataclass(frozen=True, slots=True)
class Source:
    """A YAML file as plain values, which knows where each came from."""

    file: str
    data: Json
    text: str
    _places: dict[Path_, Place] = field(repr=False)

    def place(self, *path: str | int, key: bool = False) -> Place:
        """Return the place of a value (or of its key); of the nearest thing around it where it has none itself."""
        for length in range(len(path), -1, -1):
            found = self._places.get((*path[:length], "\0key") if key and length == len(path) else path[:length])
            if found is not None:
                return found
        return Place(self.file)


def load(path: Path, name: str | None = None, problems: list[Problem] | None = None) -> Source:
    """Read a YAML file. Raises InputError, with every mistake in it.

    `problems` gathers those that leave the rest of the file to be read, such as a key given twice.
    """
    shown = name or str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(Problem("error", shown, f"this file cannot be read: {error.strerror}")) from None
    if len(raw) > MAX_BYTES:
        raise InputError(Problem("error", shown, f"this file is too large; at most {MAX_BYTES:,} bytes are read"))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(Problem("error", f"{shown}:{line}", "this is not UTF-8 text")) from None
    return parse(text, shown, problems)


def parse(text: str, file: str, problems: list[Problem] | None = None) -> Source:
    """Read YAML text; as `load`. Raises InputError, with every mistake in it."""
    try:
        _check_depth(text, file)
        node = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        if "nesting depth" in str(error.problem):  # the C library's own limit, seen while it looks ahead
            raise InputError(_too_deep(place)) from None
        raise InputError(
            Problem("error", str(place), f"not YAML: {error.problem or error.context}", _hint(text, mark))
        ) from None
    except yaml.reader.ReaderError as error:
        line = text.encode(errors="replace")[: error.position].count(b"\n") + 1
        raise InputError(Problem("error", str(Place(file, line)), f"not YAML: {error.reason}")) from None
    except yaml.YAMLError as error:
        raise InputError(Problem("error", file, f"not YAML: {str(error).splitlines()[0]}")) from None
    except RecursionError:
        raise InputError(Problem("error", file, f"nested more than {MAX_DEPTH} deep")) from None
    if node is None:
        return Source(file, None, text, {})
    reading = _Reading(file)
    data = reading.value(node, (), 0)
    if problems is not None:
        problems += reading.problems
    elif reading.problems:
        raise InputError(*reading.problems)
    return Source(file, data, text, reading.places)


def _check_depth(text: str, file: str) -> None:
    """Refuse deep nesting event by event: composing it would overflow the C library's stack and end the process."""
    loader, depth = _Loader(text), 0
    while (event := loader.get_event()) is not None:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH + 1:
            place = Place(file, event.start_mark.line + 1, event.start_mark.column + 1)
            raise InputError(_too_deep(place))


def _too_deep(place: Place) -> Problem:
    return Problem("error", str(place), f"nested more than {MAX_DEPTH} deep")


def _hint(text: str, mark: Any) -> str:
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "\t" in line:
        return "YAML is indented with spaces, not tabs"
    return "look at the indentation here and above; text that holds {{ }} or a colon needs quotes" if line else ""


class _Reading:
    """Turns nodes into values, and notes their places and mistakes."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[Path_, Place] = {}
        self.problems: list[Problem] = []
        self._nodes = 0

    def value(self, node: yaml.Node, path: Path_, depth: int) -> Json:
        self._nodes += 1
        place = Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            what = f"more than {MAX_NODES:,} values" if depth <= MAX_DEPTH else f"nested more than {MAX_DEPTH} deep"
            raise InputError(Problem("error", str(place), f"the file unfolds to {what}"))
        self.places[path] = place
        if isinstance(node, yaml.CollectionNode) and node.tag not in _PLAIN_TAGS:
            self._tagged(node.tag, place)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index), depth + 1) for index, item in enumerate(node.value)]
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, path: Path_, depth: int) -> Json:
        found: dict[str, Json] = {}
        own: dict[str, Place] = {}
        # What is merged comes first: the mapping's own keys win over it, wherever it stands.
        for key_node, item in sorted(node.value, key=lambda pair: not _merges(pair[0])):
            place = Place(self.file, key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                hint = "put text that begins with {{ in quotes"
                self.problems.append(Problem("error", str(place), "a key must be text", hint))
                continue
            key = key_node.value
            if _merges(key_node):
                self._merge(item, found, path, depth, place)
                continue
            if key in own:
                hint = f"the first is at line {own[key].line}"
                self.problems.append(Problem("error", str(place), f"the key {key!r} is given twice", hint))
            own[key] = place
            self.places[*path, key, "\0key"] = place
            found[key] = self.value(item, (*path, key), depth + 1)
        return found

    def _merge(self, node: yaml.Node, found: dict[str, Json], path: Path_, depth: int, place: Place) -> None:
        merged = self.value(node, path, depth + 1)
        for part in merged if isinstance(merged, list) else [merged]:
            if not isinstance(part, dict):
                self.problems.append(Problem("error", str(place), "<< takes a mapping, or a list of mappings"))
                continue
            for key, item in part.items():
                found.setdefault(key, item)

    def _scalar(self, node: yaml.Node, place: Place) -> Json:
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        text: str = node.value
        if kind == "str":
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        try:
            if kind == "int" and len(text) < 4000:
                return int(text)
            if kind == "float" and math.isfinite(float(text)):
                return float(text)
        except ValueError:
            pass
        if kind in ("int", "float"):
            self.problems.append(
                Problem("error", str(place), "this is no number that can be read", "text needs quotes")
            )
        else:
            self._tagged(node.tag, place)
        return text

    def _tagged(self, tag: str, place: Place) -> None:
        self.problems.append(Problem("error", str(place), f"the YAML tag {tag!r} is not read here", "leave it out"))


def _merges(key: yaml.Node) -> bool:
    # The C loader gives a plain scalar's style as "", the Python one as None.
    return isinstance(key, yaml.ScalarNode) and key.value == "<<" and not key.style


def nearest(word: str, words: Iterable[str]) -> str:
    """Return a hint that names the word that was probably meant, or all words where there are few."""
    known = sorted(words)
    found = difflib.get_close_matches(word, known, 1, 0.6) or [one for one in known if _plain(one) == _plain(word)]
    # Likeness goes before what a part of the word begins with: `rol` for iam_role.
    part = f"_{_plain(word)}"
    found = found or sorted((one for one in known if len(word) > 2 and part in f"_{_plain(one)}"), key=len)[:1]
    if found:
        return f"did you mean {found[0]!r}?"
    return f"one of: {', '.join(known)}" if 0 < len(known) <= 24 else ""


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")


def walk(data: Json, path: Path_ = ()) -> Iterator[tuple[Path_, Json]]:
    """Yield every value with its path, the outer before the inner."""
    yield path, data
    if isinstance(data, dict):
        for key, item in data.items():
            yield from walk(item, (*path, key))
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from walk(item, (*path, index))
