"""The state of an organization; it belongs to the management account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from iamfix.sandbox.store import Store, Visibility


@dataclass(frozen=True)
class Organization:
    """The organization itself: its id (o-…), its root's id (r-…) and its feature set (ALL or CONSOLIDATED_BILLING)."""

    id: str
    root_id: str
    management_account: str
    features: str = "ALL"


@dataclass(frozen=True)
class Unit:
    """An organizational unit; `parent` is the root's or another unit's id."""

    id: str
    name: str
    parent: str


@dataclass(frozen=True)
class Member:
    """An account of the organization. `state` is AWS's: ACTIVE, PENDING_CLOSURE, SUSPENDED …"""

    id: str
    name: str
    email: str
    parent: str
    joined: datetime
    method: str = "CREATED"
    state: str = "ACTIVE"


@dataclass(frozen=True)
class OrgPolicy:
    """A policy of any type. `content` is kept exactly as sent."""

    id: str
    name: str
    type: str
    content: str
    description: str = ""
    aws_managed: bool = False


@dataclass
class Creation:
    """A CreateAccount request. `polls_left` says how often its status is still told IN_PROGRESS."""

    id: str
    name: str
    email: str
    requested: datetime
    role_name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    polls_left: int = 3
    state: str = "IN_PROGRESS"
    account_id: str | None = None
    failure: str | None = None
    completed: datetime | None = None


class OrgState:
    """All of AWS Organizations; there is no organization while `organization` is None.

    `attachments` are policy ids by target id. `types` tells each policy type that is enabled or being enabled.
    """

    def __init__(self, visibility: Visibility) -> None:
        self.organization: Organization | None = None
        self.units: Store[Unit] = Store(visibility)
        self.members: Store[Member] = Store(visibility)
        self.policies: Store[OrgPolicy] = Store(visibility)
        self.attachments: Store[tuple[str, ...]] = Store(visibility)
        self.tags: Store[Mapping[str, str]] = Store(visibility)
        self.types: dict[str, str] = {}
        self.creations: dict[str, Creation] = {}
        self.services: dict[str, datetime] = {}
        self.delegated: dict[tuple[str, str], datetime] = {}
        self.resource_policy: str | None = None
        self.addresses_elsewhere: set[str] = set()
        """E-mail addresses, in small letters, of accounts outside of the organization."""
        self.creation_polls = 3
        self.unusable_seconds = 30.0
        """How long a new account cannot be worked in after AWS has said that it is made."""
        self.type_polls = 1
        """How often ListRoots shows a policy type as PENDING_ENABLE."""
        self.type_polls_left: dict[str, int] = {}
