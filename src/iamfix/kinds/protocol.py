"""What a kind is: the names that a module in this folder has, and what it is given.

A kind is a module, or where several are alike an object (`KIND`) in a module of its own. It has a frozen dataclass
`State`, `observe` (how a resource looks) and `calls` (which AWS calls lead from one look to another); what is ordinary
it takes over from `defaults`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from iamfix.fields import Partial
from iamfix.model import Account, Call, Json
from iamfix.model import Need as Need

Scope = Literal["global", "home", "regional"]
"""`global`: once per account. `home`: in the account's home region unless the task names regions.
`regional`: in each of the account's regions unless the task names some."""


class Reader(Protocol):
    """Reads one account, in one region. All answers are kept: who asks the same again sends nothing."""

    @property
    def account(self) -> Account: ...

    @property
    def region(self) -> str: ...

    @property
    def now(self) -> datetime:
        """The time of the run, in UTC."""

    def at(self, region: str) -> Reader:
        """Return the reader of another region of the account."""

    def as_root(self) -> Reader:
        """Return a reader that asks as the account's root user, in a session that may look at its credentials only.

        Its requests raise NotHere where the account is the one that iamfix was started in: no session reaches its root.
        """
        ...

    def get(self, service: str, operation: str, **params: Any) -> Mapping[str, Any]:
        """Send one read (all its pages, merged) and return the response.

        Raises:
            AwsError: AWS refused, or the answer never came. `missing=` of `find` is for the ordinary absence.
        """
        ...

    def first(self, service: str, operation: str, **params: Any) -> Mapping[str, Any]:
        """Like `get`, but only the first page of a list: whether there is anything at all."""
        ...

    def find(self, service: str, operation: str, *missing: str, **params: Any) -> Mapping[str, Any] | None:
        """Like `get`, but None when AWS answers with one of the error codes `missing`."""
        ...

    def each(
        self, service: str, operation: str, params: Iterable[Mapping[str, Any]], *missing: str
    ) -> list[Mapping[str, Any] | None]:
        """Like `find` for many params at once, side by side; answers in the order asked."""
        ...


@dataclass(frozen=True, slots=True)
class Want:
    """Which resources are asked for (None: all), and which fields that cost a request of their own."""

    names: frozenset[str] | None = None
    details: frozenset[str] = frozenset()
    live: bool = False
    """How it looks now is asked for: a report that AWS wrote some time ago is not good enough."""

    def has(self, name: str) -> bool:
        return self.names is None or name in self.names


class Reported(dict[str, Any]):
    """What `observe` returns where a report of AWS's, up to hours old, has told something.

    What matches a `select` by it is looked at again before anything is made of it. `fields` are those that the report
    told; with `names` it also told which resources there are, so that one it lacks may exist all the same.
    """

    def __init__(
        self, states: Mapping[str, Any], report: str, made_at: datetime, fields: Iterable[str], *, names: bool = False
    ) -> None:
        super().__init__(states)
        self.report, self.made_at, self.fields, self.names = report, made_at, frozenset(fields), names


class Look(Protocol):
    """Where a change happens: its account and region, and the world as the tasks before have left it."""

    @property
    def account(self) -> Account: ...

    @property
    def region(self) -> str | None: ...

    @property
    def accounts(self) -> Sequence[Account]:
        """All accounts of the inventory."""
        ...

    @property
    def principal(self) -> str | None:
        """The ARN as which iamfix runs in the account, where that is known."""
        ...

    def variable(self, name: str) -> Json:
        """Return a variable as the task at hand sees it, or None. Raises InputError."""
        ...

    def remark(self, text: str) -> None:
        """Tell the user something of what the task asks, that is no mistake: a word that stands for nothing now."""
        ...

    def get(self, kind: str, name: str, region: str | None = None, details: frozenset[str] = frozenset()) -> Any | None:
        """Return another resource's State, or None. For a regional kind the region is this one unless given."""
        ...

    def all(self, kind: str, region: str | None = None, details: frozenset[str] = frozenset()) -> Mapping[str, Any]: ...

    def address(self, kind: str, name: str, region: str | None = None) -> str: ...


MISSING = "missing"
"""The rule of what a resource needs of others, that are not there or do not let it in."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit or rule of AWS that a change would break. `hint` says what to do, `rule` is the guard that tells it."""

    summary: str
    hint: str = ""
    rule: str = "quota"


@dataclass(frozen=True, slots=True)
class Ripple:
    """What a change does to a field of another resource: a user who joins a group has it in `groups`.

    `step` is added to and taken from a set, or makes the new value of the old one. Without a field the other resource
    goes away (a user's keys go with the user), or comes up with the State that `step` gives, unless it is there.
    """

    kind: str
    name: str
    field: str | None = None
    step: Partial | Callable[[Any], Any] | None = None

    def of(self, value: Any) -> Any:
        """Return what the field's value becomes."""
        if isinstance(self.step, Partial):
            return (value | self.step.include) - self.step.exclude
        return value if self.step is None else self.step(value)


class Kind(Protocol):
    """The names of a kind's module."""

    __doc__: str | None

    @property
    def State(self) -> type[Any]:
        """A frozen dataclass whose fields are made by `fields.asked` and `fields.seen`."""

    @property
    def SCOPE(self) -> Scope: ...

    @property
    def FOLDS_CASE(self) -> bool:
        """Names that differ only in case are one name to AWS."""

    @property
    def CREATABLE(self) -> bool:
        """False for what iamfix never makes (an access key, an instance)."""

    @property
    def SINGLETON(self) -> str | None:
        """The name of the one resource that an account (or region) has of this kind; None where there are many."""

    @property
    def READS(self) -> tuple[tuple[str, str], ...]:
        """(service, operation) of every read that `observe` may send."""

    @property
    def EXAMPLE(self) -> str:
        """A task of this kind in YAML; the documentation shows it and the tests run it."""

    def observe(self, read: Reader, want: Want) -> dict[str, Any]:
        """Return the wanted resources that exist, by name; details that are not wanted may be UNREAD.

        Raises:
            AwsError: AWS refused a read.
            NotHere: this account is not the one in which resources of this kind live.
        """

    def calls(self, name: str, before: Any | None, after: Any | None, look: Look) -> Iterator[Call]:
        """Yield the calls that lead from `before` to `after`, in AWS's order. None is absence."""

    def arn(self, name: str, state: Any, look: Look) -> str | None:
        """Return the resource's ARN, where it can be told without asking AWS."""

    def owner(self, name: str, state: Any) -> str | None:
        """Return who else owns this resource ("AWS service-linked role", "CloudFormation stack x"), or None."""

    def loses(self, name: str, before: Any, after: Any | None) -> Iterator[str]:
        """Yield what this change destroys for good, that no undo brings back."""

    def breaches(self, name: str, before: Any | None, after: Any | None, look: Look) -> Iterator[Breach]:
        """Yield the rules and limits of AWS that this change would break, botocore's model apart."""

    def ripples(self, name: str, before: Any | None, after: Any | None, look: Look) -> Iterator[Ripple]:
        """Yield what the change does to other resources' seen fields."""

    def notes(self, name: str, before: Any | None, after: Any | None, look: Look) -> Iterator[str]:
        """Yield what a reviewer should know of the change: what it will cost, what it brings about elsewhere."""

    def needs(self, call: Call, name: str, state: Any, look: Look) -> Iterator[Need]:
        """Yield what a principal must be allowed for one of this kind's calls; nothing: its own action on `arn`.

        `state` is how the resource will look, or looked when it goes; `look` is the world before the change.
        """
