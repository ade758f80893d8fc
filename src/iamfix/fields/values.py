"""What a playbook asks of a field, and what a codec of such values has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from iamfix.model import Json


class FieldError(ValueError):
    """A value that a field cannot take. `path` leads from the field's value to the offending part."""

    def __init__(self, summary: str, hint: str = "", path: tuple[str | int, ...] = ()) -> None:
        super().__init__(summary)
        self.summary, self.hint, self.path = summary, hint, path

    def below(self, *path: str | int) -> FieldError:
        return FieldError(self.summary, self.hint, (*path, *self.path))


@dataclass(frozen=True, slots=True)
class Exact:
    """The field shall be just this."""

    value: Any


@dataclass(frozen=True, slots=True)
class Partial:
    """The field shall hold `include` and not `exclude`; what else is in it stays."""

    include: Any
    exclude: Any


Asked = Exact | Partial


def _as_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Context:
    """For whom a value is read. `resolve` turns what a user may write (a policy's name) into AWS's word (its ARN).

    For a set it may give several words for one (the accounts that carry a tag).
    """

    partition: str = "aws"
    resolve: Callable[[str], str | frozenset[str]] = _as_is


PLAIN = Context()


class Codec(Protocol):
    """How values of one type are read, merged, compared, shown and taken back."""

    @property
    def word(self) -> str:
        """What a user should write, e.g. "a list of text"."""

    def read(self, value: Json, context: Context) -> Asked:
        """Read what a playbook says. Raises FieldError."""

    def merge(self, before: Any, asked: Asked) -> Any:
        """Return what `before` becomes when this is asked for."""

    def back(self, now: Any, before: Any, after: Any) -> Any:
        """Take the step from `before` to `after` back from `now`, which others may have changed since."""

    def plain(self, value: Any) -> Json: ...

    def parse(self, plain: Json, partition: str) -> Any:
        """The inverse of `plain`."""

    def schema(self) -> Json: ...


class GivenWhole:
    """What codecs have in common whose values a playbook gives as one, never in part, and that are kept as JSON is."""

    __slots__ = ()

    def merge(self, before: Any, asked: Asked) -> Any:
        if isinstance(asked, Partial):
            raise AssertionError("it is always given whole")
        return asked.value

    def back(self, now: Any, before: Any, after: Any) -> Any:
        return before

    def plain(self, value: Any) -> Json:
        return value

    def parse(self, plain: Json, partition: str) -> Any:
        return plain


def told(value: Json) -> str:
    """Say what a playbook has written, shortly."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return f"{str(value).lower()}"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, Mapping):
        return "names with values"
    return "a list" if isinstance(value, list | tuple) else f"the number {value}"
