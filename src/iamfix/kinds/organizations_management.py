"""The documents of tag policies and AI services opt-out policies: what Organizations does not take of them.

Sources: Organizations User Guide, "Policy syntax and inheritance for management policy types" (the operators), "Tag
policy syntax and examples", and "AI services opt-out policy syntax and examples".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from iamfix.kinds.protocol import Breach

_ASSIGN = "@@assign"
_CHANGES = (_ASSIGN, "@@append", "@@remove")
_CHILDREN = "@@operators_allowed_for_child_policies"
_ALLOWED = ("@@all", "@@none", *_CHANGES)
_TAG_LISTS = ("tag_value", "enforced_for", "report_required_tag_for")
_TYPE = re.compile(r"[a-z0-9-]+:([A-Za-z0-9-]+|\\*)")
"""What a tag policy is enforced for: service:type, service:* or service:ALL_SUPPORTED."""


def mistakes(kind: str, data: Mapping[str, Any]) -> Iterator[Breach]:
    """Yield what is wrong with the document of a `tag_policy` or an `ai_opt_out_policy`."""
    top = {"tag_policy": "tags", "ai_opt_out_policy": "services"}[kind]
    if list(data) != [top]:
        yield Breach(f"a document of this type has just the key {top!r} at its top", f"such as {{{top}: {{…}}}}")
        return
    named = _names(data[top], top)
    if isinstance(named, Breach):
        yield named
        return
    yield from _children(data[top], top)
    for name, setting in named.items():
        where = f"{top}.{name}"
        inner = _names(setting, where)
        if isinstance(inner, Breach):
            yield inner
            continue
        yield from _children(setting, where)
        yield from _tag(name, inner, where) if kind == "tag_policy" else _service(inner, where)


def _names(data: Any, where: str) -> Mapping[str, Any] | Breach:
    """Return what a mapping holds but operators, or what is wrong with it."""
    if not isinstance(data, Mapping):
        return Breach(f"{where} needs names with settings")
    named = {name: value for name, value in data.items() if not str(name).startswith("@@")}
    if bad := [name for name in data if str(name).startswith("@@") and name != _CHILDREN]:
        return Breach(f"{where} does not take {bad[0]}", f"operators stand in a setting; here only {_CHILDREN}")
    return named if named else Breach(f"{where} names nothing")


def _children(data: Mapping[str, Any], where: str) -> Iterator[Breach]:
    given = data.get(_CHILDREN, [])
    if not isinstance(given, Sequence) or isinstance(given, str) or not set(given) <= set(_ALLOWED):
        yield Breach(f"{where}.{_CHILDREN} takes a list of {', '.join(_ALLOWED)}")


def _tag(name: str, settings: Mapping[str, Any], where: str) -> Iterator[Breach]:
    for word, setting in settings.items():
        at = f"{where}.{word}"
        if word == "tag_key":
            yield from _text(setting, at)
            key = setting.get(_ASSIGN, name) if isinstance(setting, Mapping) else name
            if isinstance(key, str) and key.lower() != name.lower():
                yield Breach(f"{at} is {key!r}: it may differ from {name!r} in its case only")
        elif word in _TAG_LISTS:
            yield from _list(setting, at, word)
        else:
            yield Breach(f"{where} has no setting {word!r}", f"one of tag_key, {', '.join(_TAG_LISTS)}")


def _service(settings: Mapping[str, Any], where: str) -> Iterator[Breach]:
    for word, setting in settings.items():
        if word != "opt_out_policy":
            yield Breach(f"{where} has no setting {word!r}", "opt_out_policy")
            continue
        yield from _text(setting, f"{where}.{word}")
        given = setting.get(_ASSIGN, "optOut") if isinstance(setting, Mapping) else "optOut"
        if isinstance(given, str) and given not in ("optOut", "optIn"):
            yield Breach(f"{where}.{word} is {given!r}", "optOut or optIn, written so")


def _text(setting: Any, where: str) -> Iterator[Breach]:
    """Check a setting of one value: it can only be assigned."""
    if not isinstance(setting, Mapping) or not setting or not setting.keys() <= {_ASSIGN, _CHILDREN}:
        yield Breach(f"{where} takes one value", f'{{"{_ASSIGN}": "…"}}')
        return
    yield from _children(setting, where)
    if _ASSIGN in setting and (not isinstance(setting[_ASSIGN], str) or not setting[_ASSIGN]):
        yield Breach(f"{where} takes a text", f'{{"{_ASSIGN}": "…"}}')


def _list(setting: Any, where: str, word: str) -> Iterator[Breach]:
    """Check a setting of several values."""
    if not isinstance(setting, Mapping) or not setting or not setting.keys() <= {*_CHANGES, _CHILDREN}:
        yield Breach(f"{where} takes {', '.join(_CHANGES)} or {_CHILDREN}", f'{{"{_ASSIGN}": ["…"]}}')
        return
    yield from _children(setting, where)
    for operator in _CHANGES:
        values = setting.get(operator, [])
        if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
            yield Breach(f"{where}.{operator} takes a list of texts")
            continue
        for value in values:
            if word == "tag_value" and value.count("*") > 1:
                yield Breach(f"{where}: {value!r} has several *, and a value takes one")
            elif word != "tag_value" and not _TYPE.fullmatch(value):
                yield Breach(f"{where}: {value!r} is no type of resource", "such as ec2:instance or secretsmanager:*")
