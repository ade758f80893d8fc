"""The fields of a kind's `State`: how each is written in a playbook, compared, merged, shown and taken back.

A kind declares its fields with `asked` (a playbook may set them) and `seen` (only read). Everything the core does to a
State, it does through the `Codec` of each field, so that it needs to know no kind.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from iamfix.model import UNREAD, Json
from iamfix.policy.document import Document, DocumentError

if TYPE_CHECKING:
    from iamfix.policy.lint.finding import LintKind


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


@dataclass(frozen=True, slots=True)
class Scalar:
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
            raise FieldError(f"expected {self.word}, got {_name(value)}", _scalar_hint(self, value))
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise FieldError(f"{value} is outside of what AWS takes: {self.low} to {self.high}")
        if self.choices and value not in self.choices:
            raise FieldError(f"{value!r} is not one of {', '.join(self.choices)}")
        return Exact(context.resolve(value) if isinstance(value, str) else value)

    def merge(self, before: Any, asked: Asked) -> Any:
        if isinstance(asked, Partial):
            raise AssertionError("a scalar is always given whole")
        return asked.value

    def back(self, now: Any, before: Any, after: Any) -> Any:
        return before

    def plain(self, value: Any) -> Json:
        return value

    def parse(self, plain: Json, partition: str) -> Any:
        return plain

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
            raise FieldError(f"expected {self.word}, got {_name(value)}", hint, path)
        items: set[str] = set()
        for index, item in enumerate(value):
            if not isinstance(item, str) or not item:
                raise FieldError(f"expected text, got {_name(item)}", "", (*path, index))
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
            raise FieldError(f"expected {self.word}, got {_name(value)}", "", path)
        items = {}
        for key, item in value.items():
            try:
                asked = self.item.read(item, context)
            except FieldError as error:
                raise error.below(*path, key) from None
            assert isinstance(asked, Exact)
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


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """An IAM policy document: a mapping, or its JSON text. `trust`: it is a role's trust policy.

    `lint` is what lint takes it for, such as `identity` or `resource`; None: lint leaves it alone.
    """

    trust: bool = False
    optional: bool = False
    lint: LintKind | None = None
    word: str = "a policy document (a mapping with Version and Statement, or its JSON text)"

    def read(self, value: Json, context: Context) -> Asked:
        if value is None and self.optional:
            return Exact(None)
        if not isinstance(value, Mapping | str):
            raise FieldError(f"expected {self.word}, got {_name(value)}", "start from templates/policies/")
        try:
            return Exact(Document.parse(value, trust=self.trust, partition=context.partition))
        except DocumentError as error:
            raise FieldError(str(error)) from None

    def merge(self, before: Any, asked: Asked) -> Any:
        if isinstance(asked, Partial):
            raise AssertionError("a document is always given whole")
        return asked.value

    def back(self, now: Any, before: Any, after: Any) -> Any:
        return before

    def plain(self, value: Document | None) -> Json:
        return None if value is None else value.data

    def parse(self, plain: Json, partition: str) -> Document | None:
        return None if plain is None else Document.parse(plain, trust=self.trust, partition=partition)

    def schema(self) -> Json:
        return {"type": ["object", "string", "null"] if self.optional else ["object", "string"]}


@dataclass(frozen=True, slots=True)
class Facts:
    """What AWS tells and no playbook sets: any JSON value, kept as it is."""

    word: str = "seen only"

    def read(self, value: Json, context: Context) -> Asked:
        raise FieldError("this is only seen, it cannot be set")

    def merge(self, before: Any, asked: Asked) -> Any:
        if isinstance(asked, Partial):
            raise AssertionError("facts are never asked for")
        return asked.value

    def back(self, now: Any, before: Any, after: Any) -> Any:
        return now

    def plain(self, value: Any) -> Json:
        if isinstance(value, Document):
            return value.data
        if isinstance(value, Mapping):
            return {key: self.plain(item) for key, item in value.items()}
        if isinstance(value, frozenset | set):
            return sorted(self.plain(item) for item in value)
        if isinstance(value, list | tuple):
            return [self.plain(item) for item in value]
        return value

    def parse(self, plain: Json, partition: str) -> Any:
        return tuple(plain) if isinstance(plain, list) else plain

    def schema(self) -> Json:
        return {}


TEXT = Scalar(str, "text")
OPTIONAL_TEXT = Scalar(str, "text or null", optional=True)
NUMBER = Scalar(int, "a number")
FLAG = Scalar(bool, "true or false")
SET = Set()
TAGS = Map(TEXT, "tags: names with values", reserved="aws:")
FOLDED_TAGS = Map(TEXT, "tags: names with values", reserved="aws:", fold_case=True)
DOCUMENT = PolicyDocument()
IDENTITY = PolicyDocument(lint="identity")
TRUST = PolicyDocument(trust=True, optional=True, lint="trust")
DOCUMENTS = Map(IDENTITY, "policy names with documents")
FACTS = Facts()


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


def _name(value: Json) -> str:
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return f"{str(value).lower()}"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, Mapping):
        return "names with values"
    return "a list" if isinstance(value, list | tuple) else f"the number {value}"


def _scalar_hint(codec: Scalar, value: Json) -> str:
    if codec.type is str and isinstance(value, int | float):
        return f"put it in quotes: '{str(value).lower() if isinstance(value, bool) else value}'"
    if codec.type is int and isinstance(value, str) and value.isdigit():
        return "write it without quotes"
    return ""
