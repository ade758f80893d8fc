"""A policy document's statements as they were written, each element with its path: for lint, which must not stumble.

Whatever is not of the shape the grammar asks for is left out here; the grammar rules of lint report it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

__all__ = ["Condition", "Member", "Path", "Statement", "statements"]

Path = tuple[str | int, ...]
"""Keys and indices from the document to an element, such as `("Statement", 0, "Action", 2)`."""

_SET_OPERATORS = ("ForAllValues:", "ForAnyValue:")


@dataclass(frozen=True, slots=True)
class Member:
    """A text in an element that may be a text or a list of them, with its place. `type` is a principal's type."""

    path: Path
    text: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of a condition block.

    Attributes:
        path: to the key.
        operator: as written, such as `ForAnyValue:StringLikeIfExists`.
        key: as written.
        values: texts, numbers and booleans (as `true` and `false`), each with its path.
    """

    path: Path
    operator: str
    key: str
    values: tuple[Member, ...]

    @property
    def qualifier(self) -> str:
        """`ForAllValues`, `ForAnyValue` or nothing."""
        return next((q[:-1] for q in _SET_OPERATORS if self.operator.startswith(q)), "")

    @property
    def if_exists(self) -> bool:
        return self.operator.endswith("IfExists")

    @property
    def base(self) -> str:
        """The operator without qualifier and suffix, such as `StringLike`."""
        return self.operator.partition(":")[2].removesuffix("IfExists") if self.qualifier else self._bare

    @property
    def _bare(self) -> str:
        return self.operator.removesuffix("IfExists")

    @property
    def negated(self) -> bool:
        """The operator holds where the values do not fit, so also where the key is not in the request."""
        return "Not" in self.base

    @property
    def low_key(self) -> str:
        return self.key.lower()


@dataclass(frozen=True)
class Statement:
    """A statement. `index` counts from 0; `path` leads to it; `data` is it."""

    index: int
    path: Path
    data: Mapping[str, Any]

    @property
    def sid(self) -> str | None:
        sid = self.data.get("Sid")
        return sid if isinstance(sid, str) else None

    @property
    def allows(self) -> bool:
        return self.data.get("Effect") == "Allow"

    @property
    def denies(self) -> bool:
        return self.data.get("Effect") == "Deny"

    def has(self, element: str) -> bool:
        return element in self.data

    def members(self, element: str) -> tuple[Member, ...]:
        """The texts of `Action`, `NotAction`, `Resource` or `NotResource`."""
        return tuple(_texts(self.data.get(element), (*self.path, element)))

    def texts(self, element: str) -> tuple[str, ...]:
        return tuple(member.text for member in self.members(element))

    def principals(self, element: str = "Principal") -> tuple[Member, ...]:
        """The principals, each with its type (`AWS`, `Service`, `Federated`, …); a lone `"*"` has the type `*`."""
        value, path = self.data.get(element), (*self.path, element)
        if isinstance(value, str):
            return (Member(path, value, "*" if value == "*" else ""),)
        if not isinstance(value, Mapping):
            return ()
        return tuple(
            Member(member.path, member.text, kind)
            for kind, some in value.items()
            for member in _texts(some, (*path, kind))
        )

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        blocks, path = self.data.get("Condition"), (*self.path, "Condition")
        if not isinstance(blocks, Mapping):
            return ()
        return tuple(
            Condition((*path, operator, key), operator, key, tuple(_scalars(values, (*path, operator, key))))
            for operator, block in blocks.items()
            if isinstance(operator, str) and isinstance(block, Mapping)
            for key, values in block.items()
            if isinstance(key, str)
        )


def statements(data: Mapping[str, Any]) -> tuple[Statement, ...]:
    """Return the statements of a document that are objects, in order, whether `Statement` is a list or one object."""
    value = data.get("Statement")
    if isinstance(value, Mapping):
        return (Statement(0, ("Statement",), value),)
    if not isinstance(value, list):
        return ()
    return tuple(Statement(i, ("Statement", i), s) for i, s in enumerate(value) if isinstance(s, Mapping))


def _texts(value: object, path: Path) -> Iterator[Member]:
    if isinstance(value, str):
        yield Member(path, value)
    elif isinstance(value, list):
        yield from (Member((*path, i), text) for i, text in enumerate(value) if isinstance(text, str))


def _scalars(value: object, path: Path) -> Iterator[Member]:
    if isinstance(value, list):
        for i, item in enumerate(value):
            if not isinstance(item, list):
                yield from _scalars(item, (*path, i))
    elif isinstance(value, bool):
        yield Member(path, "true" if value else "false")
    elif isinstance(value, str | int | float):
        yield Member(path, str(value))
