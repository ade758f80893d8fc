"""Codecs of text, numbers and yes/no, of sets, and of names with values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields.values import PLAIN, Asked, Codec, Context, Exact, FieldError, GivenWhole, Partial, told
from iamfix.model import Json


@dataclass(frozen=True, slots=True)
class Scalar(GivenWhole):
    """Text, a number or yes/no; with `optional`, null means none."""

    type: type
    word: str
    optional: bool = False
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()

    def read(self, value: Json, context: Context) -> Asked:
        if value is None and self.optional:
            return Exact(None)
        fits = isinstance(value, self.type) and (self.type is bool or not isinstance(value, bool))
        if not fits:
            raise FieldError(f"expected {self.word}, got {told(value)}", _scalar_hint(self, value))
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise FieldError(f"{value} is outside of what AWS takes: {self.low} to {self.high}")
        if self.choices and value not in self.choices:
            raise FieldError(f"{value!r} is not one of {', '.join(self.choices)}")
        return Exact(context.resolve(value) if isinstance(value, str) else value)

    def schema(self) -> Json:
        names = {str: "string", int: "integer", bool: "boolean"}
        schema: dict[str, Json] = {"type": [names[self.type], "null"] if self.optional else names[self.type]}
        if self.low is not None:
            schema["minimum"] = self.low
        if self.high is not None:
            schema["maximum"] = self.high
        if self.choices:
            schema["enum"] = list(self.choices)
        return schema


@dataclass(frozen=True, slots=True)
class Set:
    """A set of texts: a list is exact, `{include, exclude}` is partial."""

    word: str = "a list of text"

    def read(self, value: Json, context: Context) -> Asked:
        if _is_partial(value):
            _check_sides(value)
            return Partial(*(self._items(value.get(side, ()), context, (side,)) for side in ("include", "exclude")))
        return Exact(self._items(value, context, ()))

    def _items(self, value: Json, context: Context, path: tuple[str, ...]) -> frozenset[str]:
        if not isinstance(value, list | tuple):
            hint = f"write [{value}]" if isinstance(value, str) else "a list, or {include: […], exclude: […]}"
            raise FieldError(f"expected {self.word}, got {told(value)}", hint, path)
        items: set[str] = set()
        for index, item in enumerate(value):
            if not isinstance(item, str) or not item:
                raise FieldError(f"expected text, got {told(item)}", "", (*path, index))
            try:
                found = context.resolve(item)
            except FieldError as error:
                raise error.below(*path, index) from None
            items |= {found} if isinstance(found, str) else found
        return frozenset(items)

    def merge(self, before: frozenset[str], asked: Asked) -> frozenset[str]:
        found: frozenset[str] = asked.value if isinstance(asked, Exact) else (before | asked.include) - asked.exclude
        return found

    def back(self, now: frozenset[str], before: frozenset[str], after: frozenset[str]) -> frozenset[str]:
        return (now - (after - before)) | (before - after)

    def plain(self, value: frozenset[str]) -> Json:
        return sorted(value)

    def parse(self, plain: Json, partition: str) -> frozenset[str]:
        return frozenset(plain)

    def schema(self) -> Json:
        items = {"type": "array", "items": {"type": "string"}}
        return _partial_schema(items, items, items)


@dataclass(frozen=True, slots=True)
class Map:
    """Names with values, such as tags or inline policies. `item` reads one value."""

    item: Codec
    word: str = "names with values"
    reserved: str = ""
    """Keys that begin so are AWS's own: they stay, whatever is asked."""
    fold_case: bool = False
    """Keys that differ only in case are one key."""

    def read(self, value: Json, context: Context) -> Asked:
        if _is_partial(value) and isinstance(value.get("include", {}), Mapping):
            include = self._items(value.get("include", {}), context, ("include",))
            try:
                gone = SET.read(value.get("exclude", []), PLAIN)
            except FieldError as error:
                raise error.below("exclude") from None
            assert isinstance(gone, Exact)
            _check_sides(value)
            return Partial(include, gone.value)
        return Exact(self._items(value, context, ()))

    def _items(self, value: Json, context: Context, path: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise FieldError(f"expected {self.word}, got {told(value)}", "", path)
        items = {}
        for key, item in value.items():
            try:
                asked = self.item.read(item, context)
            except FieldError as error:
                raise error.below(*path, key) from None
            if isinstance(asked, Partial):
                summary = f"{key!r} takes {self.item.word}, and all of it: include and exclude stand one level above"
                raise FieldError(summary, f"include: {{{key}: […]}}", (*path, key))
            if self.reserved and self._reserved(str(key)):
                raise FieldError(f"only AWS itself sets what begins with {self.reserved!r}", "", (*path, key))
            items[str(key)] = asked.value
        return items

    def merge(self, before: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
        given = asked.value if isinstance(asked, Exact) else asked.include
        gone = self._keys(given) | (self._keys(asked.exclude) if isinstance(asked, Partial) else set())
        kept = {
            key: value
            for key, value in before.items()
            if self._reserved(key) or (isinstance(asked, Partial) and self._key(key) not in gone)
        }
        return {**kept, **given}

    def _key(self, key: str) -> str:
        return key.lower() if self.fold_case else key

    def _keys(self, keys: Iterable[str]) -> set[str]:
        return {self._key(key) for key in keys}

    def _reserved(self, key: str) -> bool:
        return bool(self.reserved) and key.lower().startswith(self.reserved)

    def back(self, now: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
        touched = {key for key in {*before, *after} if before.get(key) != after.get(key)}
        kept = {key: value for key, value in now.items() if key not in touched}
        return kept | {key: before[key] for key in before if key in touched}

    def plain(self, value: Mapping[str, Any]) -> Json:
        return {key: self.item.plain(value[key]) for key in sorted(value)}

    def parse(self, plain: Json, partition: str) -> Mapping[str, Any]:
        return {key: self.item.parse(item, partition) for key, item in plain.items()}

    def schema(self) -> Json:
        items = {"type": "object", "additionalProperties": self.item.schema()}
        return _partial_schema(items, items, {"type": "array", "items": {"type": "string"}})


TEXT = Scalar(str, "text")
OPTIONAL_TEXT = Scalar(str, "text or null", optional=True)
NUMBER = Scalar(int, "a number")
FLAG = Scalar(bool, "true or false")
SET = Set()
TAGS = Map(TEXT, "tags: names with values", reserved="aws:")
FOLDED_TAGS = Map(TEXT, "tags: names with values", reserved="aws:", fold_case=True)


def _check_sides(value: Mapping[str, Json]) -> None:
    """Refuse what is asked to be there and not to be there. Names that stand for several may overlap."""
    include, exclude = value.get("include", ()), value.get("exclude", ())
    if not isinstance(include, list | tuple | Mapping) or not isinstance(exclude, list | tuple):
        return
    for index, item in enumerate(exclude):
        if isinstance(item, str) and item in include:
            raise FieldError(f"{item!r} stands in include as well", "name it in one of them", ("exclude", index))


def _is_partial(value: Json) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and value.keys() <= {"include", "exclude"}
        and all(isinstance(side, list | tuple | Mapping) for side in value.values())
    )


def _partial_schema(exact: Json, include: Json, exclude: Json) -> Json:
    partial = {
        "type": "object",
        "properties": {"include": include, "exclude": exclude},
        "additionalProperties": False,
        "minProperties": 1,
    }
    return {"anyOf": [exact, partial]}


def _scalar_hint(codec: Scalar, value: Json) -> str:
    if codec.type is str and isinstance(value, int | float):
        return f"put it in quotes: '{str(value).lower() if isinstance(value, bool) else value}'"
    if codec.type is int and isinstance(value, str) and value.isdigit():
        return "write it without quotes"
    return ""
