"""JSON text or Python values to plain JSON data, with errors that name the place; nothing here knows of policies."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from math import isfinite
from typing import Any
from urllib.parse import unquote

JsonValue = Any
"""None, bool, int, float, str, list or dict of these (keys are text)."""

_HINT = "a policy document is a JSON object such as {'Version': '2012-10-17', 'Statement': [...]}"
_MAX_DEPTH = 60
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]', re.DOTALL)
_COLON = re.compile(r"\s*:")


class DocumentError(ValueError):
    """A value is not a policy document.

    `line` and `column` (from 1) say where, when the value was text that could not be read; `statement` (from 0) which
    statement is not of the grammar.
    """

    def __init__(
        self, message: str, line: int | None = None, column: int | None = None, statement: int | None = None
    ) -> None:
        where = "" if line is None else f"line {line}, column {column}: "
        super().__init__(where + message)
        self.summary = message
        self.line = line
        self.column = column
        self.statement = statement


def load(text: str) -> JsonValue:
    """JSON text to data. Percent-encoded text is decoded first, once; `+` is not a space in IAM's encoding."""
    source = text.removeprefix("\ufeff")
    if source.lstrip().startswith("%") or ('"' not in source and "%22" in source):
        source = unquote(source, errors="replace")
    if not source.strip():
        raise DocumentError(f"the document is empty; {_HINT}")
    try:
        data = json.loads(source, object_pairs_hook=_object, parse_constant=_constant)
    except _DuplicateKeyError:
        key, line, column = _duplicate_at(source)
        raise DocumentError(f"the key {key!r} is given twice in one object", line, column) from None
    except _ConstantError as error:
        raise DocumentError(f"{error} is not a JSON value") from None
    except json.JSONDecodeError as error:
        raise DocumentError(f"not JSON: {error.msg}", error.lineno, error.colno) from None
    except RecursionError:
        raise DocumentError("not a policy document: nested too deeply") from None
    except ValueError:
        raise DocumentError("not a policy document: a number is too long") from None
    _check(data)
    return data


class _DuplicateKeyError(Exception):
    pass


class _ConstantError(Exception):
    pass


def _constant(name: str) -> JsonValue:
    raise _ConstantError(name)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _DuplicateKeyError
    return result


def _duplicate_at(text: str) -> tuple[str, int, int]:
    """The first key that its object already has, with its line and column (from 1). `text` has one."""
    open_objects: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        if token[0] == "{":
            open_objects.append(set())
        elif token[0] == "}":
            open_objects.pop()
        elif _COLON.match(text, token.end()):
            key: str = json.loads(token[0])
            if key in open_objects[-1]:
                before = text[: token.start()]
                return key, before.count("\n") + 1, token.start() - before.rfind("\n")
            open_objects[-1].add(key)
    raise AssertionError("no key is given twice")


def _check(data: JsonValue) -> None:
    """Refuse what JSON allows and no policy has: nesting without end, endless numbers. Level by level, nothing copied.

    Raises:
        DocumentError: the data has one of these.
    """
    level = [data]
    for _ in range(_MAX_DEPTH + 2):
        below: list[JsonValue] = []
        for value in level:
            kind = type(value)
            if kind is dict:
                below += value.values()
            elif kind is list:
                below += value
            elif kind is int and value.bit_length() > 256:
                raise DocumentError("not a policy document: a number is too long")
        level = [value for value in below if type(value) is not str]
        if not level:
            return
    raise DocumentError("not a policy document: nested too deeply")


def _plain(value: JsonValue, where: str, depth: int) -> JsonValue:
    """A copy made of JSON's own types only. `where` names the place for the error message."""
    if isinstance(value, (str, bool)) or value is None:
        return value
    if isinstance(value, int):
        if value.bit_length() > 256:
            raise DocumentError(f"{where}: a number is too long")
        return value
    if depth > _MAX_DEPTH:
        raise DocumentError("not a policy document: nested too deeply (or it contains itself)")
    kind = type(value)
    if kind is dict or (kind is not list and isinstance(value, Mapping)):
        copy: dict[str, Any] = {}
        for key, item in value.items():
            if type(key) is not str and not isinstance(key, str):
                raise DocumentError(f"{where}: the key {key!r} is {_kind(key)}, not text; put it in quotes")
            copy[key] = item if type(item) is str else _plain(item, key, depth + 1)
        return copy
    if isinstance(value, (list, tuple)):
        return [item if type(item) is str else _plain(item, where, depth + 1) for item in value]
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    what = repr(value) if isinstance(value, float) else _kind(value)
    raise DocumentError(f"{where}: {what} is not a JSON value; {_HINT}")


def to_plain(value: JsonValue) -> JsonValue:
    """A deep copy of a Python value made of JSON's own types; dates (YAML makes them) become text.

    Raises:
        DocumentError: a key that is not text, a value that JSON does not know, or nesting without end.
    """
    return _plain(value, "document", 0)


def to_text(data: JsonValue) -> str:
    """Minified JSON text, order kept, characters beyond ASCII as they are.

    Raises:
        DocumentError: text that cannot be encoded as UTF-8.
    """
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DocumentError(f"the text has half a character ({text[error.start]!a}), which cannot be sent") from None
    return text


def not_an_object(data: JsonValue) -> DocumentError:
    """The error that says what was found in the place of a document."""
    return DocumentError(f"expected an object, found {_kind(data)}; {_HINT}")


def _kind(value: object) -> str:
    names = {"dict": "an object", "list": "a list", "str": "text", "bool": "a boolean", "NoneType": "null"}
    name = type(value).__name__
    return names.get(name, "a number" if name in {"int", "float"} else f"a {name}")
