"""What an inventory is: accounts and groups; and what a dynamic one tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from iamfix.model import Account, InputError, Json, Problem
from iamfix.yamlfile import Source


@dataclass(frozen=True, slots=True)
class Told:
    """What a dynamic inventory tells: an inventory as a static file would say it, and notes for its user."""

    data: Mapping[str, Json]
    notes: tuple[str, ...] = ()
    """What was left out, and why."""
    offline: bool = False
    """AWS was not asked; the accounts stand for any."""


Plugin = Callable[[Source], Told]
"""Reads a dynamic inventory's file. Raises InputError, AwsError."""

CONNECTION = ("role_arn", "role_name", "external_id", "profile", "regions", "home_region", "protected")


@dataclass(frozen=True, slots=True)
class Inventory:
    """All accounts, in the order written; groups with the names of the accounts in them, children included."""

    accounts: tuple[Account, ...]
    groups: Mapping[str, tuple[str, ...]]
    children: Mapping[str, tuple[str, ...]]
    """Group -> the groups right below it; `all` is the top."""
    members: Mapping[str, tuple[str, ...]]
    """Group -> the accounts right in it."""
    digest: str
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """What a dynamic inventory has left out, and why."""
    offline: bool = False
    """It is dynamic and AWS was not asked: its one account stands for any, its groups are not known."""
    newcomer: Account | None = None
    """How an account would be that is in no group but `all`, and not made yet; None where `all` does not say enough."""


NOT_KNOWN_YET = "000000000000"
"""Stands for the id of an account that is not made yet."""


def with_new_account(inventory: Inventory, name: str) -> tuple[Account, Inventory]:
    """Return an account that is not made yet, as the group `all` says it would be, and the inventory with it.

    Raises:
        InputError: the group `all` does not say enough of an account.
    """
    if inventory.newcomer is None:
        hint = "such as all: vars: {role_name: iamfix}"
        raise InputError(Problem("error", inventory.files[0], "the group all does not say enough of an account", hint))
    known = {*inventory.groups, *(account.name for account in inventory.accounts)}
    account = replace(inventory.newcomer, name=name if name not in known else f"{name}-new")
    groups = {**inventory.groups, "all": (*inventory.groups["all"], account.name)}
    return account, replace(inventory, accounts=(*inventory.accounts, account), groups=groups)
