"""CloudTrail's state in one account, and which trails can be seen from where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from iamfix.sandbox.call import Call
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.organizations.state import OrgState
from iamfix.sandbox.store import Store, Visibility


@dataclass(frozen=True)
class Trail:
    """A trail, kept in its home region. `selectors` and `advanced` are as put; both empty: AWS's default."""

    name: str
    account: str
    region: str
    bucket: str
    prefix: str | None = None
    topic: str | None = None
    global_events: bool = True
    multi_region: bool = False
    validation: bool = False
    group: str | None = None
    role: str | None = None
    key: str | None = None
    organization: bool = False
    selectors: tuple[Mapping[str, Any], ...] = ()
    advanced: tuple[Mapping[str, Any], ...] = ()
    insights: tuple[str, ...] = ()
    logging: bool = False
    started: datetime | None = None
    stopped: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def arn(self, partition: str) -> str:
        """The trail's ARN."""
        return f"arn:{partition}:cloudtrail:{self.region}:{self.account}:trail/{self.name}"


class TrailState:
    """The trails of an account by `region:name`."""

    def __init__(self, visibility: Visibility) -> None:
        self.trails: Store[Trail] = Store(visibility)


def put(call: Call, trail: Trail) -> None:
    """Write a trail of the called account."""
    call.state(TrailState).trails.put(f"{trail.region}:{trail.name}", trail)


def seen_here(call: Call) -> Iterator[Trail]:
    """The trails that the called account sees in the called region: its own, shadows, and the organization's."""
    for account in dict.fromkeys((call.account, _manager(call))):
        if account is None:
            continue
        for trail in call.cloud.state(TrailState, account, call.partition).trails.all_seen(call.replica):
            if (trail.region == call.region or trail.multi_region) and (account == call.account or trail.organization):
                yield trail


def _manager(call: Call) -> str | None:
    """The management account of the organization that the called account is a member of."""
    manager = call.cloud.management_account
    if manager is None:
        return None
    state = call.cloud.state(OrgState, manager, call.partition)
    return manager if state.organization is not None and state.members.latest(call.account) is not None else None


def read_trail(call: Call, name: str) -> Trail:
    """A trail for a read: by its name in its home region, by its ARN from wherever it is seen.

    Raises TrailNotFoundException.
    """
    for trail in seen_here(call):
        if name == trail.arn(call.partition) or (
            name == trail.name and (trail.account, trail.region) == (call.account, call.region)
        ):
            return trail
    raise _unknown(call, name)


def take_trail(call: Call, name: str) -> Trail:
    """A trail for a change: only its own account may make one, and only in its home region.

    Raises TrailNotFoundException, InvalidHomeRegionException, NotOrganizationMasterAccountException.
    """
    for trail in seen_here(call):
        if name not in (trail.name, trail.arn(call.partition)):
            continue
        if trail.account != call.account:
            raise AwsError(
                "NotOrganizationMasterAccountException", "Only the management account can change an organization trail."
            )
        if trail.region != call.region:
            told = f"Operation is only allowed in the trail's home region {trail.region}."
            raise AwsError("InvalidHomeRegionException", told)
        return call.state(TrailState).trails.latest(f"{trail.region}:{trail.name}") or trail
    raise _unknown(call, name)


def _unknown(call: Call, name: str) -> AwsError:
    if name.startswith("arn:") and ":trail/" not in name:
        return AwsError("CloudTrailARNInvalidException", f"{name} is not the ARN of a trail.")
    return AwsError("TrailNotFoundException", f"Unknown trail: {name} for the user: {call.account}")
