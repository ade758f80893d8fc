"""Organizations of any shape, put straight into the sandbox's state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from iamfix.sandbox import Sandbox
from iamfix.sandbox.cloud import Cloud
from iamfix.sandbox.services.organizations.policy_types import attach_defaults
from iamfix.sandbox.services.organizations.state import Member, OrgState, Unit
from iamfix.sandbox.world import MANAGEMENT, add_iamfix_role

ROOT = "r-prac"


def state_of(cloud: Cloud) -> OrgState:
    return cloud.state(OrgState, MANAGEMENT, "aws")


def empty(cloud: Cloud) -> None:
    """Leave the organization with its management account only: no units, no members."""
    state = state_of(cloud)
    for store in (state.units, state.members):
        for key in [key for key in store if key != MANAGEMENT]:
            store.delete(key)
            state.attachments.delete(key)


def add_unit(cloud: Cloud, path: str) -> str:
    """Add a unit below those that are there; returns its id."""
    state = state_of(cloud)
    parent = ROOT
    for name in path.split("/"):
        found = next((one for one in state.units.all_latest() if (one.name, one.parent) == (name, parent)), None)
        if found is None:
            found = Unit(f"ou-prac-{len(state.units):08d}", name, parent)
            state.units.put(found.id, found)
            attach_defaults(state, found.id)
        parent = found.id
    return parent


def add_account(
    cloud: Cloud,
    number: int,
    name: str,
    unit: str = "",
    *,
    status: str = "ACTIVE",
    tags: Mapping[str, str] | None = None,
) -> str:
    """Add an account with a role `iamfix`, in a unit or the root; returns its id."""
    state, account = state_of(cloud), f"{number:012d}"
    cloud.add_account(account, name, f"a{number}@example.com")
    parent = add_unit(cloud, unit) if unit else ROOT
    joined = cloud.now() - timedelta(days=100)
    state.members.put(account, Member(account, name, f"a{number}@example.com", parent, joined, state=status))
    attach_defaults(state, account)
    if tags:
        state.tags.put(account, dict(tags))
    add_iamfix_role(cloud, account)
    return account


def sent(sandbox: Sandbox, service: str = "organizations") -> list[str]:
    """The operations of a service that were asked for, in order."""
    return [record.operation for record in sandbox.log if record.service == service]


def wide(cloud: Cloud, accounts: int, units: Iterable[str]) -> None:
    """Spread that many accounts over units."""
    paths = list(units)
    for number in range(accounts):
        add_account(cloud, 700000000000 + number, f"app-{number:03d}", paths[number % len(paths)])
