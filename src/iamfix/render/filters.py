"""The filters of playbooks: those of Ansible that playbooks cannot do without, and what iamfix knows of policies."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.filters import do_indent
from jinja2.runtime import Undefined

_TAG_KEY = re.compile(r"[\w .:/=+\-@]{1,128}")


class WrongValueError(Exception):
    """A value that the playbook's author has said cannot be, in the author's words where there are some."""

    def __init__(self, summary: str, hint: str = "") -> None:
        super().__init__(summary)
        self.hint = hint


def defined(value: Any) -> Any:
    """Return a value as it is. Raises what Jinja2 raises of a variable that is not there."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    return value


def _dict2items(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": item} for key, item in value.items()]


def _items2dict(value: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {item["key"]: item["value"] for item in value}


def _combine(first: Mapping[str, Any], *others: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(first)
    for other in others:
        merged.update(other)
    return merged


def _indent(value: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    if (len(width) if isinstance(width, str) else width) > 100:
        raise SecurityError("indent takes at most 100")
    return do_indent(value, width, first, blank)


@jinja2.pass_context
def _lint(
    context: jinja2.runtime.Context,
    value: Any,
    *rules: str,
    kind: str | None = None,
    severity: str | None = None,
) -> list[dict[str, Any]]:
    """`policy | lint('star-star')`: what lint finds in a policy document, in the account at hand."""
    from iamfix.policy.checks import CheckError, findings

    defined(value)
    account, partition = (context.resolve_or_missing(name) for name in ("account_id", "partition"))
    try:
        return findings(
            value, *rules, kind=kind, severity=severity,
            partition=partition if isinstance(partition, str) else "aws",
            account=account if isinstance(account, str) else None,
        )  # fmt: skip
    except CheckError as error:
        raise SecurityError(str(error)) from None


@jinja2.pass_context
def _allows(
    context: jinja2.runtime.Context, value: Any, action: Any, resource: Any, by: Any,
    given: Mapping[str, Any] | None = None,
) -> bool:  # fmt: skip
    """`policy | allows('sns:Publish', arn, by)`: whether a resource's policy lets somebody in by itself."""
    from iamfix.policy.allows import AllowsError, allows

    for one in (value, action, resource, by):
        defined(one)
    if not isinstance(value, str | Mapping | None):
        raise SecurityError(f"allows takes a policy document, not {value!r:.60}")
    if not isinstance(action, str) or not isinstance(resource, str) or not isinstance(given or {}, Mapping):
        raise SecurityError("allows takes an action, a resource, who asks, and perhaps condition keys with values")
    partition = context.resolve_or_missing("partition")
    try:
        return allows(value, action, resource, by, given, partition if isinstance(partition, str) else "aws")
    except AllowsError as error:
        raise SecurityError(str(error)) from None


def _subelements(items: Iterable[Any], field: str) -> list[list[Any]]:
    """As Ansible has it: [item, member] for each member of a field of each item; a mapping's are {key, value}."""
    return [
        [item, member]
        for item in items
        for member in (_dict2items(item[field]) if isinstance(item[field], Mapping) else item[field])
    ]


YES, NO = ("true", "yes", "on", "y", "t", "1"), ("false", "no", "off", "n", "f", "0")


def _bool(value: Any) -> bool:
    """As Ansible has it: `-e name=yes` gives text. What says neither yes nor no is a mistake, and not silently no."""
    defined(value)
    if not isinstance(value, str):
        return bool(value)
    said = value.strip().lower()
    if said and said not in YES and said not in NO:
        raise SecurityError(f"bool takes yes or no, true or false, not {value!r:.60}")
    return said in YES


def _int(value: Any, default: int | None = None) -> int:
    """Like Jinja's, for what `-e days=30` gives is text; but what is no number is a mistake, and not silently 0."""
    defined(value)
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        if default is not None:
            return default
        raise SecurityError(f"int takes a whole number, not {value!r:.60}") from None


def _days(value: Any, what: str = "it") -> int:
    """`unused_for | days('unused_for')`: a number of days, 0 or more; with less, what is of today would be old."""
    defined(value)
    if re.fullmatch(r"\s*\d{1,6}\s*", str(value), re.ASCII):
        return int(value)
    raise WrongValueError(f"{what} is a number of days, 0 or more, not {value!r:.60}")


def _mandatory(value: Any, message: str = "") -> Any:
    """As Ansible has it: a variable that must be given; `message` says so in its own words."""
    if isinstance(value, Undefined) and message:
        raise WrongValueError(message)
    return defined(value)


def _one_of(value: Any, choices: Sequence[Any], what: str = "a value that is taken") -> Any:
    """`profile | one_of(['cis', 'securityhub'], 'alarm_profile')`: a value of a list, as it is."""
    defined(value)
    if value in choices:
        return value
    near = get_close_matches(str(value), [str(one) for one in choices], 1)
    hint = f"did you mean {near[0]!r}?" if near else ""
    raise WrongValueError(f"{what} is one of {', '.join(str(one) for one in choices)}, not {value!r:.60}", hint)


def _account_id(value: Any, what: str = "it") -> str:
    """`trail_archive | account_id('trail_archive')`: an account's id as text, though YAML takes it for a number."""
    defined(value)
    text = str(value)
    if len(text) == 12 and text.isascii() and text.isdigit():
        return text
    hint = "put it in quotes: YAML drops the zeros before a number" if isinstance(value, int) else ""
    raise WrongValueError(f"{what} is the id of an account, 12 digits, not {value!r:.60}", hint)


def _texts(value: Any, what: str = "it") -> list[str]:
    """`names | texts('exempt_roles')`: a list of text; templates would take one text letter by letter."""
    defined(value)
    if isinstance(value, str):
        raise WrongValueError(f"{what} is a list, not {value!r:.60}", f"in brackets: {what}: [{value:.60}]")
    if not isinstance(value, Sequence):
        raise WrongValueError(f"{what} is a list, not {value!r:.60}")
    for one in value:
        if not isinstance(one, str) or not one:
            hint = f"put it in quotes: '{one}'" if isinstance(one, int | float) else ""
            raise WrongValueError(f"{what} is a list of names, and {one!r:.60} is none", hint)
    return list(value)


@jinja2.pass_context
def _region_names(context: jinja2.runtime.Context, value: Any, what: str = "it") -> list[str]:
    """`regions | region_names('allowed_regions')`: a list of regions of the account's partition, or of its own."""
    from iamfix.aws.regions import known_regions

    names = _texts(value, what)
    partition, own = (context.resolve_or_missing(name) for name in ("partition", "regions"))
    known = known_regions(partition if isinstance(partition, str) else "aws")
    for name in names:
        if name not in known and not (isinstance(own, Sequence) and name in own):
            near = get_close_matches(name, sorted(known), 1)
            hint = f"did you mean {near[0]!r}?" if near else "such as eu-west-1"
            raise WrongValueError(f"{what}: there is no region {name!r:.60}", hint)
    return names


def _tag_key(value: Any, what: str = "it") -> str:
    """`key | tag_key('abac_key')`: a key that people may give a tag, and that IAM takes."""
    defined(value)
    if isinstance(value, str) and _TAG_KEY.fullmatch(value) and not value.lower().startswith("aws:"):
        return value
    hint = "1 to 128 letters, digits, spaces and _ . : / = + - @; what begins with aws: is AWS's own"
    raise WrongValueError(f"{what} is the key of a tag, not {value!r:.60}", hint)


def _zip(*lists: Iterable[Any]) -> list[list[Any]]:
    return [list(pair) for pair in zip(*lists, strict=True)]


@jinja2.pass_environment
def _extract(environment: jinja2.Environment, key: Any, container: Any) -> Any:
    """As Ansible has it: `names | map('extract', ids)` looks each name up; what is not there is undefined."""
    try:
        return container[key]
    except (KeyError, IndexError):
        return environment.undefined(name=str(key))


def _digest(value: Any) -> str:
    """Return a fingerprint of a policy document: the same for documents that mean the same."""
    from iamfix.policy.document import Document, DocumentError

    defined(value)
    if not isinstance(value, str | Mapping):
        raise SecurityError(f"digest takes a policy document, not {value!r:.60}")
    try:
        return _digest_of(Document.parse(value).text)
    except DocumentError as error:
        raise SecurityError(f"digest: {error}") from None


@jinja2.pass_context
def _days_since(context: jinja2.runtime.Context, value: Any, otherwise: int | None = None) -> int:
    """Return the days from a date, or a time as fields tell it, to today (UTC); `otherwise` for what is no date."""
    defined(value)
    try:
        return (date.fromisoformat(str(context.resolve_or_missing("today"))) - date.fromisoformat(str(value)[:10])).days
    except ValueError:
        if otherwise is not None:
            return otherwise
        raise SecurityError(f"days_since takes a date such as 2026-01-31, not {value!r:.60}") from None


@lru_cache(maxsize=4096)
def _digest_of(text: str) -> str:
    from iamfix.policy.document import Document

    return Document.parse(text).digest


UNBOUNDED_FILTERS = ("batch", "center", "format", "slice")


FILTERS: dict[str, Callable[..., Any]] = {
    "account_id": _account_id,
    "allows": _allows,
    "bool": _bool,
    "int": _int,
    "dict2items": _dict2items,
    "items2dict": _items2dict,
    "combine": _combine,
    "days": _days,
    "days_since": _days_since,
    "digest": _digest,
    "extract": _extract,
    "to_json": lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False),
    "from_json": json.loads,
    "difference": lambda first, second: [item for item in first if item not in second],
    "intersect": lambda first, second: [item for item in first if item in second],
    "indent": _indent,
    "lint": _lint,
    "mandatory": _mandatory,
    "one_of": _one_of,
    "region_names": _region_names,
    "split": lambda text, separator=None: text.split(separator),
    "subelements": _subelements,
    "tag_key": _tag_key,
    "texts": _texts,
    "union": lambda first, second: [*first, *(item for item in second if item not in first)],
    "zip": _zip,
}
