"""What a change does to each field of a resource, in lines."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from iamfix.views.wording import count, value_text

Line = tuple[str, str]
"""(text, style)"""


def field_lines(change: Mapping[str, Any], verbose: int = 0) -> Iterator[Line]:
    """Yield the lines of a change; a new resource's policy documents are told by their statements unless `verbose`."""
    before, after = change["before"] or {}, change["after"] or {}
    if change["after"] is None:
        return
    for field, new in after.items():
        old = before.get(field)
        empty = new in (None, "", [], {}, False)
        if old == new or (not before and empty):
            continue
        yield from _field(field, old, new, verbose)


def _field(field: str, old: Any, new: Any, verbose: int) -> Iterator[Line]:
    if isinstance(new, list) or isinstance(old, list):
        was, now = old or [], new or []
        yield f"{field}:", ""
        yield from ((f"  + {value_text(item, verbose)}", "green") for item in now if item not in was)
        yield from ((f"  - {value_text(item, verbose)}", "red") for item in was if item not in now)
    elif _is_document(new) or _is_document(old):
        yield from _document(field, old, new, verbose)
    elif isinstance(new, dict) or isinstance(old, dict):
        yield f"{field}:", ""
        yield from _names(old or {}, new or {}, verbose)
    elif old in (None, "") or old == new:
        yield f"{field}: {value_text(new, verbose)}", "green"
    else:
        yield f"{field}: {value_text(old, verbose)} -> {value_text(new, verbose)}", "yellow"


def _names(was: Mapping[str, Any], now: Mapping[str, Any], verbose: int) -> Iterator[Line]:
    for key in sorted({*was, *now}):
        if was.get(key) == now.get(key):
            continue
        if _is_document(was.get(key)) or _is_document(now.get(key)):
            document = _document(key, was.get(key), now.get(key), verbose)
            yield from ((f"  {line}", style) for line, style in document)
            continue
        if key in was:
            yield f"  - {key}: {value_text(was[key], verbose)}", "red"
        if key in now:
            yield f"  + {key}: {value_text(now[key], verbose)}", "green"


def _is_document(value: Any) -> bool:
    return isinstance(value, dict) and "Statement" in value


def _document(name: str, old: Any, new: Any, verbose: int) -> Iterator[Line]:
    """Yield the difference of two policy documents; one that comes or goes whole in a line, unless `verbose`."""
    if not verbose and (old is None or new is None):
        mark, style = ("-", "red") if new is None else ("+", "green")
        yield f"{name}: {mark} {_statements(old if new is None else new)}", style
        return
    yield f"{name}:", ""
    was, now = (json.dumps(one, indent=2, ensure_ascii=False).splitlines() if one else [] for one in (old, new))
    for line in list(difflib.unified_diff(was, now, lineterm="", n=2))[2:]:
        if not line.startswith("@@"):
            yield f"  {line}", {"+": "green", "-": "red"}.get(line[:1], "dim")


def _statements(document: Mapping[str, Any]) -> str:
    """Tell a document by its statements: `3 statements: Allow Read, Allow Own, Deny Rest`."""
    found = document["Statement"]
    statements = found if isinstance(found, list) else [found]
    told = [
        f"{one.get('Effect', '?')} {one.get('Sid') or _actions(one)}" for one in statements if isinstance(one, dict)
    ]
    return f"{count(len(statements), 'statement')}: {value_text(', '.join(told))}"


def _actions(statement: Mapping[str, Any]) -> str:
    actions = statement.get("Action", statement.get("NotAction", "?"))
    listed = [actions] if isinstance(actions, str) else list(actions)
    no = "" if "Action" in statement else "all but "
    return no + " ".join(str(one) for one in listed[:3]) + (" …" if len(listed) > 3 else "")
