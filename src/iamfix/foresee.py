"""What a playbook's tasks say of what they make, without AWS: that an alarm can never fire on the filter beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from iamfix.fields import Asked, FieldError
from iamfix.guards import allowed
from iamfix.kinds import optional
from iamfix.kinds.protocol import Kind
from iamfix.model import Account, Problem
from iamfix.playbook import Task
from iamfix.wanted import merge
from iamfix.world import Spot, World

_UNTOLD = "?"
"""Begins the name of a resource, or of a region, that only AWS can tell."""


@dataclass(frozen=True, slots=True)
class _One:
    """A resource that a task asks for, in one region."""

    task: Task
    name: str
    region: str | None
    unknown: frozenset[str]
    """Fields that are asked for with values that only AWS can tell."""


@dataclass(slots=True)
class Foreseen:
    """The resources of one account that its tasks ask for, as if there were no others."""

    account: Account
    kinds: Mapping[str, Kind]
    allow: Collection[str] = ()
    _world: World = field(init=False)
    _found: list[_One] = field(default_factory=list)
    _untold: set[str] = field(default_factory=set)
    """Kinds of which the playbook makes resources that only AWS can tell."""
    _looked_at: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._world = World(self.account, self.kinds, lambda *_: {})
        seen = {name: optional.foresight(kind) for name, kind in self.kinds.items()}
        self._looked_at = frozenset(
            one for name, sight in seen.items() if sight is not None for one in (name, *sight.beside)
        )

    def untold(self, task: Task) -> None:
        """Take note of a task of which nothing can be told."""
        self._untold.add(str(task.kind))

    def add(
        self, task: Task, name: str | None, regions: Collection[str] | None, asked: Mapping[str, Asked],
        unknown: frozenset[str],
    ) -> None:  # fmt: skip
        """Take note of what a task asks for. A name and regions that only AWS can tell are None."""
        kind_name = str(task.kind)
        if kind_name not in self._looked_at or task.state == "absent":
            return
        kind = self.kinds[kind_name]
        for region in self._regions(kind, task, regions):
            known = name or f"{_UNTOLD}{len(self._found)}"
            try:
                state = merge(kind, self._world.get(kind_name, known, region), asked)
            except FieldError:
                continue  # it changes what is there already, which is not seen here
            self._world.put(kind_name, known, region, state)
            self._found.append(_One(task, known, region, unknown))

    def _regions(self, kind: Kind, task: Task, regions: Collection[str] | None) -> list[str | None]:
        if kind.SCOPE == "global":
            return [None]
        if regions is None:
            return [f"{_UNTOLD}{task.regions}"]  # two tasks that say it in the same words mean the same
        if regions:
            return list(regions)
        return [self.account.home_region] if kind.SCOPE == "home" else list(self.account.regions)

    def problems(self) -> Iterator[Problem]:
        """Yield what cannot be right, whatever AWS has besides; what a task allows is a warning."""
        for one in self._found:
            kind_name = str(one.task.kind)
            sight = optional.foresight(self.kinds[kind_name])
            if sight is None or one.unknown & sight.fields or self._untold & sight.beside.keys():
                continue
            beside = [other for other in self._found if str(other.task.kind) in sight.beside]
            if any(other.unknown & sight.beside[str(other.task.kind)] for other in beside):
                continue
            regions = {one.region, *(other.region for other in beside)}
            if len(regions) > 1 and any(str(region).startswith(_UNTOLD) for region in regions):
                continue
            state = self._world.get(kind_name, one.name, one.region)
            for breach in sight.foresee(one.name, state, Spot(self._world, one.region)):
                what = kind_name if one.name.startswith(_UNTOLD) else f"{kind_name} {one.name}"
                summary = f"{self.account.name}: {what}: {breach.summary}"
                place = str(one.task.at(kind_name))
                yield allowed(Problem("error", place, summary, breach.hint, breach.rule), self.allow, one.task.allow)
