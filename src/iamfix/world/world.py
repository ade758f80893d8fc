"""One account as the tasks so far leave it: what is read of it, when, and how often."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from iamfix.kinds.optional import one_by_one
from iamfix.kinds.protocol import Kind, Reported, Ripple, Want
from iamfix.model import UNREAD, Account, AwsError, address
from iamfix.world.part import Part

Observe = Callable[[str, str | None, Want], Mapping[str, Any]]
"""(kind, region, want) -> State by name. Raises AwsError."""

Where = tuple[str, str | None]
"""(kind, region); no region for what lives once in an account."""


class Spread(Protocol):
    """Runs one thing for each item, as `map` does; several at once where that is worth while."""

    def __call__(self, one: Callable[[Where], object], items: Sequence[Where], /) -> Iterable[object]: ...


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
        known: Callable[[], Collection[str]] | None = None,
    ) -> None:
        """`accounts` are all those of the inventory, for kinds whose changes bear on other accounts.

        `enabled` asks for the regions that the account has enabled; `known` gives those that are known without asking.
        """
        self.account, self.accounts = account, tuple(accounts) or (account,)
        self.kinds = kinds
        self.principal: str | None = None
        """The ARN as which iamfix runs here, where that is known."""
        self.version = 0
        """Counts the changes, so that who keeps something made of the world knows when to make it anew."""
        self.reports: dict[str, datetime] = {}
        """The reports that told something, and when AWS wrote them."""
        self._observe, self._enabled, self._spread, self._live = observe, enabled, spread, live
        self._known = known
        self._parts: dict[Where, Part] = {}
        self._failed: dict[tuple[Where, frozenset[str]], AwsError] = {}

    def enabled_regions(self) -> Sequence[str]:
        """Return the regions that the account has enabled, by name. Raises AwsError."""
        return self.account.regions if self._enabled is None else self._enabled()

    def is_region(self, name: str) -> bool:
        """Tell whether there is such a region; one that is not known may be young, and AWS is asked for it."""
        if self._known is None or name in self._known():
            return True
        with suppress(AwsError):  # then nobody says that there is
            return self._enabled is not None and name in self._enabled()
        return False

    def known_regions(self) -> Collection[str]:
        """Return the regions that are known without asking AWS."""
        return self.account.regions if self._known is None else self._known()

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
                part.refresh(name, found.get(name), live=True)
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

    def _part(self, where: Where) -> Part:
        return self._parts.setdefault(where, Part())

    def _load(self, where: Where) -> Part:
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
        missing = part.missing(names, details, live=live)
        if not missing:
            return
        wanted = frozenset().union(*missing.values())
        found = self._ask(where, Want(wanted, frozenset(missing), live))
        for detail in missing:
            part.read[detail] |= wanted
        for name in wanted:
            part.refresh(name, found.get(name), live=live)
        self._hear(part, found, missing)
        self._catch_up(part)

    def _hear(self, part: Part, found: Mapping[str, Any], new: Mapping[str, set[str]]) -> None:
        """Note what a report told; `new` are the names by field of which something was taken over."""
        if isinstance(found, Reported):
            self.reports[found.report] = found.made_at
            part.names_told = part.names_told or found.names
            for told in found.fields & new.keys():
                part.told.setdefault(told, set()).update(name for name in new[told] if name in found)

    def _catch_up(self, part: Part) -> None:
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
