"""An account's world: how every resource looks, observed in bulk when first asked for, and changed by the fold.

A world starts as what is observed. Planning puts into it what each task will make of a resource, so that the next task
sees the account as it will be then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from iamfix.fields import FACTS, derived_of, fields_of
from iamfix.kinds.protocol import Kind, Want
from iamfix.model import UNREAD, Account, AwsError, Json, address

Observe = Callable[[str, str | None, Want], Mapping[str, Any]]
"""(kind, region, want) -> State by name. Raises AwsError."""

Where = tuple[str, str | None]
"""(kind, region); no region for what lives once in an account."""


class Spread(Protocol):
    """Runs one thing for each item, as `map` does; several at once where that is worth while."""

    def __call__(self, one: Callable[[Where], object], items: Sequence[Where], /) -> Iterable[object]: ...


class World:
    """One account, as the tasks so far leave it. Reads are lazy, in bulk, and done once."""

    def __init__(
        self,
        account: Account,
        kinds: Mapping[str, Kind],
        observe: Observe,
        enabled: Callable[[], Sequence[str]] | None = None,
        spread: Spread = map,
        accounts: Sequence[Account] = (),
    ) -> None:
        """`accounts` are all those of the inventory, for kinds whose changes bear on other accounts."""
        self.account, self.accounts = account, tuple(accounts) or (account,)
        self.kinds = kinds
        self._observe, self._enabled, self._spread = observe, enabled, spread
        self.version = 0
        """Counts the changes, so that who keeps something made of the world knows when to make it anew."""
        self._now: dict[Where, dict[str, Any]] = {}
        self._folded: dict[Where, dict[str, str]] = {}
        self._read: dict[Where, dict[str, frozenset[str]]] = {}
        self._failed: dict[tuple[Where, frozenset[str]], AwsError] = {}

    def enabled_regions(self) -> Sequence[str]:
        """Return the regions that the account has enabled, by name. Raises AwsError."""
        return self.account.regions if self._enabled is None else self._enabled()

    def read_ahead(self, wheres: Iterable[Where]) -> None:
        """Read kinds in regions side by side. What fails is told when it is asked for."""

        def one(where: Where) -> None:
            with suppress(AwsError):  # kept, and raised to whoever asks
                self._load(where)

        if len(due := [where for where in dict.fromkeys(wheres) if where not in self._now]) > 1:
            list(self._spread(one, due))

    def get(self, kind: str, name: str, region: str | None = None, details: frozenset[str] = frozenset()) -> Any | None:
        """Return a resource's State with those details read, or None. Raises AwsError."""
        there = self._load((kind, region))
        state = there.get(name)
        if state is not None and details:
            self._load_details((kind, region), frozenset((name,)), details)
            state = there.get(name)
        return state

    def all(self, kind: str, region: str | None = None, details: frozenset[str] = frozenset()) -> Mapping[str, Any]:
        """Return every resource of a kind by name, with those details read. Raises AwsError."""
        there = self._load((kind, region))
        if details:
            self._load_details((kind, region), frozenset(there), details)
        return there

    def spelled(self, kind: str, name: str, region: str | None = None) -> str:
        """Return how an existing resource writes this name, where AWS folds case; else the name itself."""
        there = self._load((kind, region))
        if name in there or not self.kinds[kind].FOLDS_CASE:
            return name
        return self._folded[kind, region].get(name.casefold(), name)

    def put(self, kind: str, name: str, region: str | None, state: Any | None) -> None:
        """Say how a resource looks from now on; None takes it away."""
        where = (kind, region)
        there = self._load(where)
        self.version += 1
        if state is None:
            there.pop(name, None)
            self._folded[where].pop(name.casefold(), None)
        else:
            there[name] = state
            self._folded[where][name.casefold()] = name

    def known(self, kind: str, region: str | None = None) -> bool:
        """Tell whether this kind was read already."""
        return (kind, region) in self._now

    def names(self) -> Iterator[Collection[str]]:
        """Yield the names of each kind that was read."""
        yield from self._now.values()

    def resources(self, kind: str, region: str | None = None) -> Iterator[Resource]:
        """Yield every resource of a kind as templates see it, by name."""
        for name in sorted(self.all(kind, region)):
            yield Resource(self, kind, region, name)

    def address(self, kind: str, name: str, region: str | None = None) -> str:
        return address(self.account.name, kind, name, region)

    def _load(self, where: Where) -> dict[str, Any]:
        if where not in self._now:
            found = self._ask(where, Want())
            self._folded[where] = {name.casefold(): name for name in found}
            self._read[where] = {}
            self._now[where] = dict(found)
        return self._now[where]

    def _load_details(self, where: Where, names: frozenset[str], details: frozenset[str]) -> None:
        there, read = self._now[where], self._read[where]
        missing = {
            field: needed
            for field in details
            if (needed := frozenset(n for n in names if n in there and getattr(there[n], field) is UNREAD))
            and needed - read.get(field, frozenset())
        }
        if not missing:
            return
        wanted = frozenset().union(*missing.values())
        found = self._ask(where, Want(wanted, frozenset(missing)))
        for field in missing:
            read[field] = read.get(field, frozenset()) | wanted
        for name in wanted:
            if name not in found:
                continue
            state, fresh = there[name], found[name]
            unread = [f for f in fields_of(type(state)) if getattr(state, f) is UNREAD]
            there[name] = replace(state, **{field: getattr(fresh, field) for field in unread})

    def _ask(self, where: Where, want: Want) -> Mapping[str, Any]:
        asked = (where, want.details)
        if asked in self._failed:
            raise self._failed[asked]
        try:
            return self._observe(*where, want)
        except AwsError as error:
            self._failed[asked] = error
            raise


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as templates see it: `name` and its fields, in their JSON form. Details are read when touched.

    What a kind tells without asking AWS comes with them: `arn` (or null), `owned_by` (which AWS service or other tool
    it belongs to, or null), and `protected` (the inventory protects it, or iamfix itself runs as it). `resource` is all
    of it, for variables that are made of whatever resource is looked at.
    """

    world: World
    kind: str
    region: str | None
    name: str

    def field(self, field: str) -> Json:
        """Return a field's value, or what follows from fields. Raises KeyError for what the kind has not."""
        if (fact := derived_of(self.world.kinds[self.kind].State).get(field)) is not None:
            state = self.world.all(self.kind, self.region, fact.details)[self.name]
            return FACTS.plain(getattr(state, field))
        spec = fields_of(self.world.kinds[self.kind].State)[field]
        state = self.world.all(self.kind, self.region)[self.name]
        value = getattr(state, field)
        if value is UNREAD:
            # Whoever asks one asks all: one round of reads, side by side.
            state = self.world.all(self.kind, self.region, frozenset((field,)))[self.name]
            value = getattr(state, field)
        return spec.codec.plain(value)

    def __getitem__(self, field: str) -> Json:
        if field == "name":
            return self.name
        if field == "resource":
            return self
        if field not in _TOLD or field in fields_of(self.world.kinds[self.kind].State):
            return self.field(field)
        module, state = self.world.kinds[self.kind], self.world.all(self.kind, self.region)[self.name]
        if field == "owned_by":
            return module.owner(self.name, state)
        arn = module.arn(self.name, state, Spot(self.world, self.region))
        return arn if field == "arn" else arn is not None and self.world.account.protects(arn)

    def keys(self) -> list[str]:
        return ["name", "resource", *_TOLD, *fields_of(self.world.kinds[self.kind].State)]


_TOLD = ("arn", "owned_by", "protected")


@dataclass(frozen=True, slots=True)
class Spot:
    """A `Look`: the world from where one change happens."""

    world: World
    region: str | None

    @property
    def account(self) -> Account:
        return self.world.account

    @property
    def accounts(self) -> Sequence[Account]:
        return self.world.accounts

    def get(self, kind: str, name: str, region: str | None = None, details: frozenset[str] = frozenset()) -> Any | None:
        return self.world.get(kind, name, self._region(kind, region), details)

    def all(self, kind: str, region: str | None = None, details: frozenset[str] = frozenset()) -> Mapping[str, Any]:
        return self.world.all(kind, self._region(kind, region), details)

    def address(self, kind: str, name: str, region: str | None = None) -> str:
        return self.world.address(kind, name, self._region(kind, region))

    def _region(self, kind: str, region: str | None) -> str | None:
        scope = self.world.kinds[kind].SCOPE
        if scope == "global":
            return None
        return region or self.region or self.account.home_region
