"""Fields that hold several values of their own: a record of named parts, and AWS's own structures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from iamfix.fields import Asked, Codec, Context, Exact, FieldError, GivenWhole, Partial
from iamfix.model import Json


@dataclass(frozen=True, slots=True)
class Record:
    """Named parts, each with a codec; a part that is not given stays. Values are dicts; with `optional`, or None."""

    parts: Mapping[str, Codec]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What a part is when there was no record, and the part is not given."""
    needed: frozenset[str] = frozenset()
    """Parts that must be given when there was no record."""
    optional: bool = False

    @property
    def word(self) -> str:
        return f"a mapping of {', '.join(self.parts)}{', or null' if self.optional else ''}"

    def read(self, value: Json, context: Context) -> Asked:
        if value is None and self.optional:
            return Exact(None)
        if not isinstance(value, Mapping) or not value:
            raise FieldError(f"expected {self.word}")
        given = {}
        for name, part in value.items():
            if name not in self.parts:
                near = get_close_matches(str(name), self.parts, 1)
                raise FieldError(
                    f"unknown part {name!r}; there are {', '.join(self.parts)}",
                    f"did you mean {near[0]!r}?" if near else "",
                    (name,),
                )
            try:
                given[name] = self.parts[name].read(part, context)
            except FieldError as error:
                raise error.below(name) from None
        return Partial(given, frozenset())

    def merge(self, before: Any, asked: Asked) -> Any:
        if isinstance(asked, Exact):
            return asked.value
        there = before if isinstance(before, Mapping) else self.defaults
        if missing := sorted(self.needed - there.keys() - asked.include.keys()):
            raise FieldError(f"{missing[0]!r} is not given, and there is nothing it could stay", f"give {missing[0]}:")
        return {**there, **{name: self.parts[name].merge(there.get(name), ask) for name, ask in asked.include.items()}}

    def back(self, now: Any, before: Any, after: Any) -> Any:
        if not all(isinstance(one, Mapping) for one in (now, before, after)):
            return before
        touched = {name for name in self.parts if before.get(name) != after.get(name)}
        kept = {name: value for name, value in now.items() if name not in touched}
        return kept | {name: before[name] for name in before if name in touched}

    def plain(self, value: Any) -> Json:
        if value is None:
            return None
        return {name: self.parts[name].plain(value[name]) for name in self.parts if name in value}

    def parse(self, plain: Json, partition: str) -> Any:
        if plain is None:
            return None
        return {name: self.parts[name].parse(value, partition) for name, value in plain.items()}

    def schema(self) -> Json:
        record = {
            "type": "object",
            "properties": {name: part.schema() for name, part in self.parts.items()},
            "additionalProperties": False,
            "minProperties": 1,
        }
        return {"anyOf": [record, {"type": "null"}]} if self.optional else record


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Structure(GivenWhole):
    """A structure in AWS's own words, given whole; whether it fits AWS's model is told when its call is checked.

    `normal` brings what means the same into one form; it raises FieldError for what cannot be meant.
    """

    word: str
    normal: Callable[[Any], Any] = _same
    optional: bool = False

    def read(self, value: Json, context: Context) -> Asked:
        if value is None and self.optional:
            return Exact(None)
        if not isinstance(value, Mapping):
            raise FieldError(f"expected {self.word}")
        return Exact(self.normal(_plain(value)))

    def schema(self) -> Json:
        return {"type": ["object", "null"] if self.optional else "object"}


def _plain(value: Any) -> Any:
    """Return a copy in dicts and lists; dates, which YAML makes of unquoted ones, become text again."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
