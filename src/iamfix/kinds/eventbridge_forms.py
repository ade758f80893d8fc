"""What EventBridge takes for an event pattern and for a schedule.

Source: EventBridge User Guide, "Creating event patterns", "Comparison operators for use in event patterns", "Setting a
schedule pattern for scheduled rules".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from iamfix.fields import Asked, Context, FieldError, Scalar
from iamfix.model import Json

MATCHERS = frozenset(
    {"anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix", "wildcard"}
)
_UNITS = ("minute", "hour", "day")
_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
_DAYS = "SUN MON TUE WED THU FRI SAT"
_FIELDS = (
    ("minutes", 0, 59, "", ""),
    ("hours", 0, 23, "", ""),
    ("day of month", 1, 31, "", "?LW"),
    ("month", 1, 12, _MONTHS, ""),
    ("day of week", 1, 7, _DAYS, "?L#"),
    ("year", 1970, 2199, "", ""),
)
"""The fields of cron: name, least, most, words for the values, further signs."""


def pattern(value: Any) -> Any:
    """Return an event pattern as it is. Raises FieldError where EventBridge would refuse it."""
    if not value:
        raise FieldError("an event pattern is not empty", "such as {source: [aws.iam]}")
    _below(value, ())
    return value


def _below(value: Mapping[str, Any], path: tuple[str | int, ...]) -> None:
    for key, inner in value.items():
        here = (*path, key)
        if key == "$or":
            if not isinstance(inner, list) or len(inner) < 2 or not all(isinstance(one, Mapping) for one in inner):
                raise FieldError("$or takes a list of two or more patterns", "", here)
            for number, one in enumerate(inner):
                _below(one, (*here, number))
        elif isinstance(inner, Mapping) and inner:
            _below(inner, here)
        elif isinstance(inner, list) and inner:
            for number, one in enumerate(inner):
                _leaf(one, (*here, number))
        else:
            raise FieldError(f"the values of {key!r} are a list that is not empty", f"such as {key}: [x]", here)


def _leaf(value: Any, path: tuple[str | int, ...]) -> None:
    if isinstance(value, Mapping):
        unknown = sorted(str(key) for key in value.keys() - MATCHERS)
        if unknown or not value:
            near = get_close_matches(unknown[0], MATCHERS, 1) if unknown else []
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(MATCHERS))}"
            raise FieldError(f"{unknown[0] if unknown else ''!r} is no comparison", hint, path)
    elif isinstance(value, list):
        raise FieldError("a value is text, a number, true, false, null or a comparison", "", path)


class Schedule(Scalar):
    """`rate(…)` or `cron(…)`, as EventBridge takes it; null for none."""

    def read(self, value: Json, context: Context) -> Asked:
        if isinstance(value, str):
            _schedule(value)
        return Scalar.read(self, value, context)


def _schedule(text: str) -> None:
    found = re.fullmatch(r"(rate|cron)\((.*)\)", text)
    if found is None:
        raise FieldError(f"{text!r:.60} is no schedule", "rate(1 day), or cron(0 12 * * ? *)")
    if found[1] == "rate":
        _rate(found[2])
    else:
        _cron(found[2])


def _rate(told: str) -> None:
    found = re.fullmatch(r"([1-9][0-9]*) (minute|hour|day)(s?)", told)
    if found is None:
        raise FieldError(f"rate({told}) is no rate", f"a whole number and {', '.join(_UNITS)}, such as rate(5 minutes)")
    if (found[1] == "1") == bool(found[3]):
        right = f"rate({found[1]} {found[2]}{'' if found[1] == '1' else 's'})"
        raise FieldError(f"rate({told}) is no rate", f"write {right}")


def _cron(told: str) -> None:
    parts = told.split()
    if len(parts) != len(_FIELDS):
        names = ", ".join(name for name, *_ in _FIELDS)
        raise FieldError(f"cron({told}) has {len(parts)} fields, and EventBridge takes {len(_FIELDS)}", names)
    for part, field in zip(parts, _FIELDS, strict=True):
        for one in part.split(","):
            if not _fits(one.upper(), *field[1:]):
                raise FieldError(f"{part!r} is no {field[0]} of cron({told})", f"{field[1]} to {field[2]}")
    if (parts[2] == "?") == (parts[4] == "?"):
        raise FieldError(
            f"cron({told}) needs a question mark for one of day of month and day of week", "such as cron(0 12 * * ? *)"
        )


def _fits(text: str, low: int, high: int, words: str, signs: str) -> bool:
    """Whether it is one value of a field, a range of them, or a step."""
    if text == "*" or (text == "?" and "?" in signs):
        return True
    if "L" in signs and (text == "L" or (re.fullmatch(r"[1-7]L", text) and "#" in signs)):
        return True
    if "W" in signs and (text == "LW" or re.fullmatch(r"[0-9]+W", text)):
        return text == "LW" or low <= int(text[:-1]) <= high
    if "#" in signs and (found := re.fullmatch(r"(\w+)#([1-5])", text)):
        return _value(found[1], low, high, words)
    start, slash, step = text.partition("/")
    if slash and not (step.isascii() and step.isdigit() and int(step)):
        return False
    if start == "*":
        return bool(slash)
    first, dash, last = start.partition("-")
    return _value(first, low, high, words) and (not dash or _value(last, low, high, words))


def _value(text: str, low: int, high: int, words: str) -> bool:
    if text.isascii() and text.isdigit():
        return low <= int(text) <= high
    return text in words.split()
