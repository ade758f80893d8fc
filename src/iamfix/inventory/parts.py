"""What an inventory is: accounts and groups; and what a dynamic one tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from iamfix.model import Account, Json
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
