"""What a change does to each field of its resource, as rows: `+ tags.Owner: platform`, `~ path: / → /app/`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from iamfix.views import documents
from iamfix.views.row import Mark, Row

_EMPTY: tuple[Any, ...] = (None, "", [], {})


def change_rows(change: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a change in the plan's JSON form.

    A create shows what is not empty, a delete what goes with it (documents by their size), an update the fields that
    are known on both sides and differ.
    """
    before, after = change["before"], change["after"]
    if before is None or after is None:
        mark: Mark = "+" if before is None else "-"
        found = (after if before is None else before) or {}
        return [row for name, value in found.items() for row in _whole(name, value, mark)]
    both = [name for name in after if name in before and before[name] != after[name]]
    return [row for name in both for row in _changed(name, before[name], after[name])]


def shown(value: Any) -> str:
    """Return a scalar as a reader of YAML would write it; text that could be taken for something else is quoted."""
    if value is None:
        return "(none)"
    if isinstance(value, str):
        plain = value and value.strip() == value and value not in ("true", "false", "null") and not _number(value)
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def _number(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).replace("-", "", 1).isdigit() and len(text) < 10


def _whole(path: str, value: Any, mark: Mark) -> Iterator[Row]:
    """Yield rows for a value that comes or goes as a whole."""
    if value in _EMPTY or value is False:
        return
    if documents.is_document(value):
        if mark == "-":
            yield Row(mark, f"{path}: {documents.size(value)}")
        else:
            yield Row(mark, f"{path}:")
            yield from documents.mark_all(mark, value, 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _entry(f"{path}.{key}", item, mark)
    elif isinstance(value, list):
        for item in value:
            yield Row(mark, f"{path}: {shown(item)}")
    else:
        yield Row(mark, f"{path}: {shown(value)}")


def _entry(path: str, value: Any, mark: Mark) -> Iterator[Row]:
    """Yield rows for a member of a mapping: it is there or not, so an empty one shows too."""
    rows = list(_whole(path, value, mark))
    yield from rows or [Row(mark, f"{path}: {shown(value)}")]


def _changed(path: str, old: Any, new: Any) -> Iterator[Row]:
    if documents.is_document(old) and documents.is_document(new):
        yield from documents.changed(path, old, new)
    elif old in _EMPTY and new not in _EMPTY:
        yield from _entry(path, new, "+")
    elif new in _EMPTY and old not in _EMPTY:
        yield from _entry(path, old, "-")
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if key not in new:
                yield from _entry(f"{path}.{key}", old[key], "-")
            elif key not in old:
                yield from _entry(f"{path}.{key}", new[key], "+")
            elif old[key] != new[key]:
                yield from _changed(f"{path}.{key}", old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list):
        gone, come = [one for one in old if one not in new], [one for one in new if one not in old]
        yield from (Row("-", f"{path}: {shown(one)}") for one in gone)
        yield from (Row("+", f"{path}: {shown(one)}") for one in come)
        if not gone and not come:
            yield Row("~", f"{path}: {shown(old)} → {shown(new)}")
    else:
        yield Row("~", f"{path}: {shown(old)} → {shown(new)}")
