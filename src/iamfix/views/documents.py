"""Policy documents for people: written compactly, and compared statement by statement.

The comparison follows what AWS takes as the same: order of statements and of list members does not show, and a single
value is the list of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from iamfix.views.row import Mark, Row

_ROOM = 72
"""Columns that a compact line may take, its own indent included."""


def is_document(value: Any) -> bool:
    """Tell whether a JSON value is a policy document."""
    return isinstance(value, dict) and "Statement" in value


def size(document: Mapping[str, Any]) -> str:
    """Return `document of 3 statements`."""
    number = len(_statements(document))
    return f"document of {number} statement{'' if number == 1 else 's'}"


def lines(value: Any) -> list[str]:
    """Return JSON on as few lines as fit a page: what fits one line is one line."""
    if is_document(value):
        body = [f"  {line}" for key, item in value.items() for line in _member(key, item, 2)]
        return ["{", *body, "}"]
    return _compact(value, 0)


def changed(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Row]:
    """Return the rows that lead from one document to the other; `path` names the field."""
    rows = list(_differences(path, old, new))
    return rows or [Row("~", f"{path}: written differently, the meaning is the same")]


def _differences(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Row]:
    for key in [*new, *(key for key in old if key not in new)]:
        if key != "Statement" and old.get(key) != new.get(key):
            yield from _value(f"{path}.{key}", old.get(key), new.get(key), 0)
    was, now = _statements(old), _statements(new)
    pairs = _pairs(was, now)
    for index, statement in enumerate(now):
        partner = pairs.get(index)
        label = f"{path}, statement {_label(statement, index)}:"
        if partner is None:
            yield Row("+", label)
            yield from (Row("+", line, 1, code=True) for line in _compact(statement, 4))
        elif rows := list(_members(was[partner], statement)):
            yield Row("~", label)
            yield from rows
    for index, statement in enumerate(was):
        if index not in pairs.values():
            yield Row("-", f"{path}, statement {_label(statement, index)}:")
            yield from (Row("-", line, 1, code=True) for line in _compact(statement, 4))


def _statements(document: Mapping[str, Any]) -> list[Any]:
    found = document["Statement"]
    return found if isinstance(found, list) else [found]


def _label(statement: Any, index: int) -> str:
    sid = statement.get("Sid") if isinstance(statement, dict) else None
    return str(sid) if sid else f"number {index + 1}"


def _pairs(was: list[Any], now: list[Any]) -> dict[int, int]:
    """Return which statement of `was` each one of `now` is: the same, of the same Sid, or else the most alike."""
    pairs: dict[int, int] = {}
    tests = (
        lambda a, b: 1.0 if a == b else 0.0,
        lambda a, b: 1.0 if a.get("Sid") and a.get("Sid") == b.get("Sid") else 0.0,
        _likeness,
    )
    flat_was, flat_now = [_flat(one) for one in was], [_flat(one) for one in now]
    for number, test in enumerate(tests):
        sides = (flat_was, flat_now) if number == 0 else (was, now)
        for index, new in enumerate(sides[1]):
            if index in pairs or not isinstance(now[index], dict):
                continue
            free = [i for i in range(len(was)) if i not in pairs.values() and isinstance(was[i], dict)]
            best = max(free, key=lambda i: test(sides[0][i], new), default=None)  # noqa: B023
            if best is not None and test(sides[0][best], new) > 0.5:
                pairs[index] = best
    return pairs


def _likeness(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    keys = {*a, *b} - {"Sid"}
    return sum(_flat(a.get(key)) == _flat(b.get(key)) for key in keys) / len(keys) if keys else 0.0


def _members(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Row]:
    for key in [*new, *(key for key in old if key not in new)]:
        yield from _value(key, old.get(key), new.get(key), 1)


def _value(path: str, old: Any, new: Any, depth: int) -> Iterator[Row]:
    """Yield rows for one member of a statement: each value that comes or goes."""
    was, now = _flat(old), _flat(new)
    if len(was) == len(now) == 1 and was != now and {place for place, _ in was} == {place for place, _ in now}:
        (place, before), (_, after) = next(iter(was)), next(iter(now))
        yield Row("~", f"{_joined(path, place)}: {before} → {after}", depth)
        return
    yield from (Row("-", f"{_joined(path, place)}: {value}", depth) for place, value in sorted(was - now))
    yield from (Row("+", f"{_joined(path, place)}: {value}", depth) for place, value in sorted(now - was))


def _joined(path: str, place: tuple[str, ...]) -> str:
    return " ".join((path, *place))


def _flat(value: Any) -> frozenset[tuple[tuple[str, ...], str]]:
    """Return (path, value) of every scalar in it; a list is its members, what is absent is nothing."""

    def walk(one: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
        if isinstance(one, dict):
            for key, item in one.items():
                yield from walk(item, (*place, str(key)))
        elif isinstance(one, list):
            if not one:
                yield place, "[]"
            for item in one:
                yield from walk(item, place)
        elif one is not None:
            yield place, one if isinstance(one, str) and one else json.dumps(one)

    return frozenset(walk(value, ()))


def _member(key: str, item: Any, indent: int) -> list[str]:
    head = f"{json.dumps(key, ensure_ascii=False)}: "
    if key == "Statement" and isinstance(item, list):
        body = [f"  {line}" for one in item for line in _compact(one, indent + 2)]
        return [head + "[", *body, "]"]
    made = _compact(item, indent, len(head))
    return [head + made[0], *made[1:]]


def _compact(value: Any, indent: int, taken: int = 0) -> list[str]:
    """Return JSON lines that are relative to `indent`; `taken` columns of the first line are in use."""
    whole = json.dumps(value, ensure_ascii=False)
    if indent + taken + len(whole) <= _ROOM or not isinstance(value, dict | list) or not value:
        return [whole]
    if isinstance(value, dict):
        return ["{", *(f"  {line}" for key, item in value.items() for line in _member(key, item, indent + 2)), "}"]
    if any(isinstance(item, dict | list) for item in value):
        return ["[", *(f"  {line}" for item in value for line in _compact(item, indent + 2)), "]"]
    filled = [""]
    for item in value:
        word = json.dumps(item, ensure_ascii=False)
        if filled[-1] and indent + 2 + len(filled[-1]) + 2 + len(word) > _ROOM:
            filled.append("")
        filled[-1] += ", " + word if filled[-1] else word
    return ["[", *(f"  {line}" for line in filled), "]"]


def mark_all(mark: Mark, value: Any, depth: int) -> Iterator[Row]:
    """Yield a document or other nested value as rows of one mark."""
    yield from (Row(mark, line, depth, code=True) for line in lines(value))
