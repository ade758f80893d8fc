"""An account's world: how every resource looks, observed in bulk when first asked for, and changed by the fold.

A world starts as what is observed. Planning puts into it what each task will make of a resource, so that the next task
sees the account as it will be then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from dataclasses import field as data_field
from datetime import datetime
from typing import Any, Protocol

from iamfix.fields import FACTS, derived_of, fields_of
from iamfix.kinds.optional import one_by_one
from iamfix.kinds.protocol import Kind, Reported, Ripple, Want
from iamfix.model import UNREAD, Account, AwsError, Json, address
from iamfix.wanted import details_for

Observe = Callable[[str, str | None, Want], Mapping[str, Any]]
"""(kind, region, want) -> State by name. Raises AwsError."""

Where = tuple[str, str | None]
"""(kind, region); no region for what lives once in an account."""


class Spread(Protocol):
    """Runs one thing for each item, as `map` does; several at once where that is worth while."""

    def __call__(self, one: Callable[[Where], object], items: Sequence[Where], /) -> Iterable[object]: ...


@dataclass(slots=True)
class _Part:
    """What is known of one kind in one place."""

    now: dict[str, Any] = data_field(default_factory=dict)
    folded: dict[str, str] = data_field(default_factory=dict)
    whole: bool = False
    """All resources were read."""
    sure: set[str] = data_field(default_factory=set)
    """Names of which it was seen, or decided by a task, whether they exist."""
    read: dict[str, set[str]] = data_field(default_factory=dict)
    """Names of which a detail was asked for."""
    told: dict[str, set[str]] = data_field(default_factory=dict)
    """Names of which only a report, perhaps hours old, told a field."""
    names_told: bool = False
    """A report told which resources there are."""
    later: list[Ripple] = data_field(default_factory=list)
    """What tasks did to what was not read yet."""

    def put(self, name: str, state: Any | None) -> None:
        self.sure.add(name)
        if state is None:
            self.now.pop(name, None)
            self.folded.pop(name.casefold(), None)
        else:
            self.now[name] = state
            self.folded[name.casefold()] = name


class World:
    """One account, as the tasks so far leave it. Reads are lazy, in bulk, and done once.

    In bulk a report of AWS's may do; a resource that is looked at by its name is looked at as it is now. A `live` world
    takes no report at all.
    """

    def __init__(
        self,
        account: Account,
        kinds: Mapping[str, Kind],
        observe: Observe,
        enabled: Callable[[], Sequence[str]] | None = None,
        spread: Spread = map,
        accounts: Sequence[Account] = (),
        *,
        live: bool = False,
    ) -> None:
        """`accounts` are all those of the inventory, for kinds whose changes bear on other accounts."""
        self.account, self.accounts = account, tuple(accounts) or (account,)
        self.kinds = kinds
        self.principal: str | None = None
        """The ARN as which iamfix runs here, where that is known."""
        self.version = 0
        """Counts the changes, so that who keeps something made of the world knows when to make it anew."""
        self.reports: dict[str, datetime] = {}
        """The reports that told something, and when AWS wrote them."""
        self._observe, self._enabled, self._spread, self._live = observe, enabled, spread, live
        self._parts: dict[Where, _Part] = {}
        self._failed: dict[tuple[Where, frozenset[str]], AwsError] = {}

    def enabled_regions(self) -> Sequence[str]:
        """Return the regions that the account has enabled, by name. Raises AwsError."""
        return self.account.regions if self._enabled is None else self._enabled()

    def read_ahead(self, wheres: Iterable[Where]) -> None:
        """Read kinds in regions side by side. What fails is told when it is asked for."""

        def one(where: Where) -> None:
            with suppress(AwsError):  # kept, and raised to whoever asks
                self._load(where)

        due = [where for where in dict.fromkeys(wheres) if not self._part(where).whole]
        if self._live:
            due = [where for where in due if not one_by_one(self.kinds[where[0]])]
        if len(due) > 1:
            list(self._spread(one, due))

    def get(self, kind: str, name: str, region: str | None = None, details: frozenset[str] = frozenset()) -> Any | None:
        """Return a resource's State with those details read as they are now, or None. Raises AwsError."""
        self.look(kind, frozenset((name,)), region, details)
        return self._part((kind, region)).now.get(name)

    def look(
        self, kind: str, names: frozenset[str], region: str | None = None, details: frozenset[str] = frozenset()
    ) -> None:
        """Look at resources by name, side by side: whether they exist, and those details. Raises AwsError."""
        where = (kind, region)
        part = self._part(where)
        if not part.whole and not one_by_one(self.kinds[kind]):
            self._load(where)
        unsure = frozenset(name for name in names if name not in part.now and name not in part.sure)
        if unsure and (part.names_told or not part.whole):
            found = self._ask(where, Want(unsure, live=True))
            part.sure |= unsure
            for name in unsure & found.keys():
                part.put(name, found[name])
            self._catch_up(part)
        if details:
            self._load_details(where, names, details, live=True)

    def all(self, kind: str, region: str | None = None, details: frozenset[str] = frozenset()) -> Mapping[str, Any]:
        """Return every resource of a kind by name, with those details read. Raises AwsError."""
        part = self._load((kind, region))
        if details:
            self._load_details((kind, region), part.now, details, live=False)
        return part.now

    def closer(self, kind: str, names: frozenset[str], region: str | None, fields: frozenset[str]) -> bool:
        """Look at what only a report told of these fields; False when there was nothing of that. Raises AwsError."""
        part = self._part((kind, region))
        doubtful = frozenset(name for name in fields if not part.told.get(name, set()).isdisjoint(names))
        unsure = names - part.sure if part.names_told else frozenset()
        if unsure:
            found = self._ask((kind, region), Want(unsure, live=True))
            for name in unsure:
                self._refresh(part, name, found.get(name), live=True)
            part.sure |= unsure
        if doubtful:
            self._load_details((kind, region), names, doubtful, live=True)
        return bool(doubtful or unsure)

    def spelled(self, kind: str, name: str, region: str | None = None) -> str:
        """Return how an existing resource writes this name, where AWS folds case; else the name itself."""
        if not self.kinds[kind].FOLDS_CASE:
            return name
        part = self._load((kind, region))
        return name if name in part.now else part.folded.get(name.casefold(), name)

    def put(self, kind: str, name: str, region: str | None, state: Any | None) -> None:
        """Say how a resource looks from now on; None takes it away."""
        self.version += 1
        part = self._part((kind, region))
        old = part.now.get(name)
        for field_name, names in part.told.items():
            if old is None or state is None or getattr(old, field_name) != getattr(state, field_name):
                names.discard(name)
        part.put(name, state)

    def ripple(self, ripple: Ripple, region: str | None) -> None:
        """Do to another resource what a change does to it: now, or as soon as it is read."""
        part = self._part((ripple.kind, self.region_of(ripple.kind, region)))
        part.later.append(ripple)
        if part.whole or ripple.name in part.now:
            self._catch_up(part)

    def kinds_looked_at(self) -> Collection[str]:
        """Return the kinds that something was asked of."""
        return {kind for kind, _ in self._parts}

    def region_of(self, kind: str, region: str | None) -> str | None:
        """Return where what happens in a region bears on a kind; what lives once in an account, on the home region."""
        return None if self.kinds[kind].SCOPE == "global" else region or self.account.home_region

    def names(self) -> Iterator[Collection[str]]:
        """Yield the names of each kind that was read."""
        for part in self._parts.values():
            yield part.now

    def resources(
        self, kind: str, region: str | None = None, *, live: bool = False, only: Collection[str] | None = None
    ) -> Iterator[Resource]:
        """Yield every resource of a kind as templates see it, by name, or `only` those of some names.

        `live`: what reports tell will not do; details are then read of those that are yielded.
        """
        names = sorted(name for name in self.all(kind, region) if only is None or name in only)
        among = frozenset(names) if live else None
        for name in names:
            yield Resource(self, kind, region, name, among)

    def value(self, kind: str, region: str | None, name: str, field_name: str, among: frozenset[str] | None) -> Any:
        """Return a field of a resource that is there, read now if it was not yet. Raises AwsError.

        Whoever asks one asks all, in one round of reads side by side: all resources, or those `among`, as they are now.
        """
        part = self._part((kind, region))
        value = getattr(part.now[name], field_name)
        if among is None and value is UNREAD:
            self._load_details((kind, region), part.now, frozenset((field_name,)), live=False)
        elif among is not None and (value is UNREAD or name in part.told.get(field_name, ())):
            self._load_details((kind, region), among, frozenset((field_name,)), live=True)
        return getattr(part.now[name], field_name) if name in part.now else value

    def address(self, kind: str, name: str, region: str | None = None) -> str:
        return address(self.account.name, kind, name, region)

    def _part(self, where: Where) -> _Part:
        return self._parts.setdefault(where, _Part())

    def _load(self, where: Where) -> _Part:
        part = self._part(where)
        if not part.whole:
            found = self._ask(where, Want(live=self._live))
            new = {name for name in found if name not in part.sure}
            self._hear(part, found, dict.fromkeys(found.fields, new) if isinstance(found, Reported) else {})
            for name, state in found.items():
                if name not in part.sure:
                    part.now[name], part.folded[name.casefold()] = state, name
            part.whole = True
            self._catch_up(part)
        return part

    def _load_details(self, where: Where, names: Collection[str], details: frozenset[str], *, live: bool) -> None:
        part, live = self._part(where), live or self._live
        missing: dict[str, set[str]] = {}
        for detail in details:
            told, read = part.told.get(detail, set()), part.read.setdefault(detail, set())
            needed = {
                name
                for name in names
                if name in part.now
                and ((name not in read and getattr(part.now[name], detail) is UNREAD) or (live and name in told))
            }
            if needed:
                missing[detail] = needed
        if not missing:
            return
        wanted = frozenset().union(*missing.values())
        found = self._ask(where, Want(wanted, frozenset(missing), live))
        for detail in missing:
            part.read[detail] |= wanted
        for name in wanted:
            self._refresh(part, name, found.get(name), live=live)
        self._hear(part, found, missing)
        self._catch_up(part)

    def _refresh(self, part: _Part, name: str, fresh: Any | None, *, live: bool) -> None:
        """Put in what was read of a resource: fields that were not known, or that only a report told."""
        if fresh is None:
            if live and part.names_told and name not in part.sure:
                part.put(name, None)  # it has gone since the report
            return
        state = part.now[name]
        values = {}
        for spec in fields_of(type(state)):
            doubtful = live and name in part.told.get(spec, ())
            if (getattr(state, spec) is UNREAD or doubtful) and getattr(fresh, spec) is not UNREAD:
                values[spec] = getattr(fresh, spec)
                if doubtful:
                    part.told[spec].discard(name)
        part.now[name] = replace(state, **values)

    def _hear(self, part: _Part, found: Mapping[str, Any], new: Mapping[str, set[str]]) -> None:
        """Note what a report told; `new` are the names by field of which something was taken over."""
        if isinstance(found, Reported):
            self.reports[found.report] = found.made_at
            part.names_told = part.names_told or found.names
            for told in found.fields & new.keys():
                part.told.setdefault(told, set()).update(name for name in new[told] if name in found)

    def _catch_up(self, part: _Part) -> None:
        """Do what tasks did to resources and fields that were not read then."""
        due, part.later = part.later, []
        for ripple in due:
            state = part.now.get(ripple.name)
            if state is None:
                if not part.whole and ripple.name not in part.sure:
                    part.later.append(ripple)
                elif ripple.field is None and ripple.step is not None:
                    self.version += 1
                    part.put(ripple.name, ripple.of(None))
            elif ripple.field is None and ripple.step is not None:
                continue
            elif ripple.field is None:
                self.version += 1
                part.put(ripple.name, None)
            elif (value := getattr(state, ripple.field)) is UNREAD:
                part.later.append(ripple)
            else:
                self.version += 1
                part.now[ripple.name] = replace(state, **{ripple.field: ripple.of(value)})
                part.told.get(ripple.field, set()).discard(ripple.name)

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
    among: frozenset[str] | None = None
    """Those with which its details are read, as they are now; None: with all, and a report will do."""
    touched: set[str] = data_field(default_factory=set, compare=False)
    """The fields that were asked for."""

    def field(self, field: str) -> Json:
        """Return a field's value, or what follows from fields.

        Raises:
            KeyError: the kind has no such field.
            AwsError: AWS refused to tell it.
        """
        if (fact := derived_of(self.world.kinds[self.kind].State).get(field)) is not None:
            self.touched.update(fact.details)
            if self.among is not None:
                self.world.look(self.kind, self.among, self.region, fact.details)
            state = self.world.all(self.kind, self.region, fact.details)[self.name]
            return FACTS.plain(getattr(state, field))
        spec = fields_of(self.world.kinds[self.kind].State)[field]
        self.touched.add(field)
        if (value := self.world.value(self.kind, self.region, self.name, field, self.among)) is UNREAD:
            raise self._untold(field)
        return spec.codec.plain(value)

    def _untold(self, field: str) -> AwsError:
        """Return the refusal for a field that was asked for and not told: no condition may take that for empty."""
        module = self.world.kinds[self.kind]
        own = fields_of(module.State)[field].reads
        service, operation = next((one for one in module.READS if one[1] in own), module.READS[0])
        return AwsError(service, operation, "NotTold", f"AWS does not tell {field} of {self.name}.", self.region)

    def __getitem__(self, field: str) -> Json:
        if field == "name":
            return self.name
        if field == "resource":
            return self
        if field not in _TOLD or field in fields_of(self.world.kinds[self.kind].State):
            return self.field(field)
        module = self.world.kinds[self.kind]
        if field == "owned_by":
            return module.owner(self.name, self.world.all(self.kind, self.region, details_for(module, ()))[self.name])
        state = self.world.all(self.kind, self.region)[self.name]
        arn = module.arn(self.name, state, Spot(self.world, self.region))
        if field == "arn" or arn is None:
            return arn if field == "arn" else False
        return self.world.account.protects(arn) or _runs_as(self.world.principal, arn)

    def keys(self) -> list[str]:
        return names_of(self.world.kinds[self.kind])


def names_of(kind: Kind) -> list[str]:
    """Return what a resource of a kind has in an expression."""
    return ["name", "resource", *_TOLD, *fields_of(kind.State), *derived_of(kind.State)]


def _runs_as(principal: str | None, arn: str) -> bool:
    """Tell whether an ARN is that of a principal, or of the role behind its session (whose ARN lacks the path)."""
    if principal is None or ":assumed-role/" not in principal:
        return arn == principal
    return ":role/" in arn and arn.rpartition("/")[2] == principal.split("/")[1]


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
