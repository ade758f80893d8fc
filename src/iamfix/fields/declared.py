"""Fields as a kind declares them, and what the core does to a State by them: list, compare, write and read back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from iamfix.fields.documents import FACTS
from iamfix.fields.values import Codec, FieldError
from iamfix.model import UNREAD, Json


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What a kind says of one field."""

    name: str
    doc: str
    codec: Codec
    default: Any
    settable: bool
    required: bool = False
    """A resource cannot be created without it."""
    fixed: bool = False
    """AWS has no call that changes it; only a new resource can have another value."""
    detail: bool = False
    """AWS tells it one resource at a time: it is UNREAD until a task names it."""
    reads: tuple[str, ...] = ()
    """The operations of READS that only this detail is read with; the others of READS are the bulk reads."""
    always: bool = False
    """A detail that is read of every resource that a task names: without it nothing can be said of the others."""
    made: bool = False
    """AWS gives it when the resource is made: one that is made again gets another."""
    volatile: bool = False
    """It changes by itself (last use): never a reason to refuse a plan as stale."""
    resolve: Callable[..., Any] | None = None
    """(text, look) -> what AWS calls it."""
    refers: Callable[[str], tuple[str, str]] | None = None
    """member -> (kind, name) of the resource that a member of this set stands for."""
    aliases: tuple[str, ...] = ()
    """Other names under which a playbook may give it."""


def asked(codec: Codec, doc: str, *, default: Any = None, **facts: Any) -> Any:
    """Declare a field that a playbook may set. `facts` are those of FieldSpec."""
    return _field(codec, doc, default, {"settable": True, **facts})


def seen(doc: str, *, default: Any = None, codec: Codec = FACTS, **facts: Any) -> Any:
    """Declare a field that is only read."""
    return _field(codec, doc, default, {"settable": False, **facts})


def _field(codec: Codec, doc: str, default: Any, facts: Mapping[str, Any]) -> Any:
    metadata = {"codec": codec, "doc": doc, **facts}
    if isinstance(default, dict | list | set):
        return dataclasses.field(default_factory=lambda: type(default)(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


class Derived(property):
    """What follows from a State's fields; templates see it as they see a field. `details` are those it looks at."""

    details: frozenset[str] = frozenset()


def derived(*details: str) -> Callable[[Callable[[Any], Any]], Derived]:
    """Make a State's method a fact that follows from its fields; its docstring is the sentence for the user."""

    def made(function: Callable[[Any], Any]) -> Derived:
        found = Derived(function)
        found.details = frozenset(details)
        return found

    return made


def derived_of(state: type[Any]) -> Mapping[str, Derived]:
    """Return what a State class derives, by name."""
    return {name: value for name, value in vars(state).items() if isinstance(value, Derived)}


def fields_of(state: type[Any]) -> Mapping[str, FieldSpec]:
    """Return a State class's fields by name, in the order declared."""
    known: Any = state
    found: Mapping[str, FieldSpec] = _fields_of(known)
    return found


@cache
def _fields_of(state: Any) -> Mapping[str, FieldSpec]:
    empty = state()
    return {f.name: FieldSpec(f.name, default=getattr(empty, f.name), **f.metadata) for f in dataclasses.fields(state)}


def to_plain(state: Any) -> dict[str, Json]:
    """Return a State as JSON: every field that is known."""
    specs = fields_of(type(state))
    known = ((name, getattr(state, name)) for name in specs)
    return {name: specs[name].codec.plain(value) for name, value in known if value is not UNREAD}


def from_plain(kind_state: type[Any], plain: Mapping[str, Json], partition: str) -> Any:
    """Return the State that `to_plain` wrote. Raises FieldError, KeyError or TypeError on what it never wrote."""
    specs = fields_of(kind_state)
    if unknown := plain.keys() - specs.keys():
        raise FieldError(f"unknown field {sorted(unknown)[0]!r}")
    details = {name: UNREAD for name, spec in specs.items() if spec.detail}
    return kind_state(**(details | {name: specs[name].codec.parse(value, partition) for name, value in plain.items()}))


def differences(before: Any, after: Any, *, seen: bool = False) -> tuple[str, ...]:
    """Return the names of the fields in which two States differ, of those known in both.

    With `seen`, fields that are only read count too, except volatile ones.
    """
    found = []
    for name, spec in fields_of(type(after)).items():
        old, new = getattr(before, name), getattr(after, name)
        if old is UNREAD or new is UNREAD or not (spec.settable or (seen and not spec.volatile)):
            continue
        if old != new:
            found.append(name)
    return tuple(found)
