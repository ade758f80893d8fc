"""The world from where one change happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iamfix.model import Account, Json
from iamfix.world.world import World


@dataclass(frozen=True, slots=True)
class Spot:
    """A `Look`: the world from where one change happens."""

    world: World
    region: str | None
    told: Callable[[str], Json] | None = None
    """A variable's value as the task sees it; without a task, the account's own."""
    remarks: list[str] = field(default_factory=list, compare=False)
    """What was remarked here."""

    @property
    def account(self) -> Account:
        return self.world.account

    @property
    def accounts(self) -> Sequence[Account]:
        return self.world.accounts

    @property
    def principal(self) -> str | None:
        return self.world.principal

    def variable(self, name: str) -> Json:
        return self.world.account.vars.get(name) if self.told is None else self.told(name)

    def remark(self, text: str) -> None:
        self.remarks.append(text)

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
