"""Fields with parts of their own, such as lifecycle rules: described by pydantic models, and always given whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from iamfix.fields import Asked, Context, Exact, FieldError, GivenWhole
from iamfix.model import Json
from iamfix.words import MESSAGES
from iamfix.yamlfile import nearest

Text = Annotated[str, Field(strict=True, min_length=1)]
Number = Annotated[int, Field(strict=True)]
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A number, with or without a fraction."""
Flag = Annotated[bool, Field(strict=True)]
Texts = Annotated[tuple[Text, ...], AfterValidator(lambda texts: tuple(sorted(set(texts))))]
"""A set of texts: their order and repetitions do not count."""


class Part(BaseModel):
    """A part of a field. Its fields are Text, Number, Real, Flag, Texts, other Parts, or these or None."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Typed(GivenWhole):
    """The codec of a field whose value is of any type that pydantic knows: a Part, `dict[str, Part]`, `tuple[Part, …]`.

    Values are what pydantic makes of them; parts that are None are left out of their JSON form.
    """

    type: Any
    word: str

    def read(self, value: Json, context: Context) -> Asked:
        """Read what a playbook says. Raises FieldError for the first mistake, with its path."""
        try:
            return Exact(_adapter(self.type).validate_python(value))
        except ValidationError as error:
            raise _field_error(error, value, self.schema()) from None

    def plain(self, value: Any) -> Json:
        return _adapter(self.type).dump_python(value, mode="json", exclude_none=True)

    def parse(self, plain: Json, partition: str) -> Any:
        try:
            return _adapter(self.type).validate_python(plain)
        except ValidationError as error:
            raise _field_error(error, plain, self.schema()) from None

    def schema(self) -> Json:
        return _adapter(self.type).json_schema()


@cache
def _adapter(type_: Any) -> TypeAdapter[Any]:
    return TypeAdapter(type_)


def _field_error(error: ValidationError, value: Json, schema: Json) -> FieldError:
    """Return the mistake that lies deepest: the members of a union all fail, and the nearest one says most."""
    found = error.errors(include_url=False, include_input=False)
    one = max(found, key=lambda each: len(_path(each["loc"], value)))
    path = _path(one["loc"], value)
    word = str(one["loc"][-1]) if one["loc"] else ""
    if one["type"] == "extra_forbidden":
        return FieldError(f"unknown key {word!r}", nearest(word, sorted(_words(schema))), path)
    if one["type"] == "missing":
        return FieldError(f"{word!r} is missing", "", path)
    return FieldError(MESSAGES.get(one["type"], one["msg"][:1].lower() + one["msg"][1:]), "", path)


def _path(loc: tuple[str | int, ...], value: Json) -> tuple[str | int, ...]:
    """Return the steps that are the value's own: pydantic also names the members of unions that it has tried."""
    path: list[str | int] = []
    for step in loc:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            continue
        path.append(step)
    return tuple(path)


def _words(schema: Json) -> set[str]:
    """Return the names of all fields that a schema has anywhere."""
    if isinstance(schema, Mapping):
        own = schema.get("properties", {})
        return {*own} | {word for part in schema.values() for word in _words(part)}
    return {word for part in schema for word in _words(part)} if isinstance(schema, list) else set()
