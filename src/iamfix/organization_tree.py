"""An organization as a tree: its root, units and accounts, read once from the top down with the fewest requests.

Requests: one DescribeOrganization, one ListRoots, one ListOrganizationalUnitsForParent for the root and each unit (more
where a parent holds over 20), and one ListAccounts for each 20 accounts. 200 accounts in 6 units are 19 requests; no
request is sent for a single account. Only where AWS does not tell an account's path (older partitions) is
ListAccountsForParent sent for each parent in the place of ListAccounts' paths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from iamfix.model import AwsError, NotHere

ROOT = "root"
"""The word for the root where a path is expected."""
READS = (
    ("organizations", "describe_organization"),
    ("organizations", "list_roots"),
    ("organizations", "list_organizational_units_for_parent"),
    ("organizations", "list_accounts"),
    ("organizations", "list_accounts_for_parent"),
)
_SERVICE = "organizations"


class Asks(Protocol):
    """What reads: `kinds.protocol.Reader`, or the inventory's own."""

    def get(self, service: str, operation: str, **params: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Unit:
    """An organizational unit. `path` is its names from below the root: `workloads/prod`."""

    id: str
    path: str
    parent: str
    """The path of its parent, or `root`."""


@dataclass(frozen=True, slots=True)
class Member:
    """An account of the organization. `unit` is the path of the unit it is in, or `root`; `state` is AWS's word."""

    id: str
    name: str
    email: str
    state: str
    unit: str
    joined: str

    @property
    def active(self) -> bool:
        return self.state == "ACTIVE"


@dataclass(frozen=True, slots=True)
class Tree:
    """An organization. Units by path, parents before children; accounts by id."""

    id: str
    root_id: str
    management: str
    features: str
    policy_types: Mapping[str, str]
    """Policy type -> its status: ENABLED, PENDING_ENABLE, PENDING_DISABLE."""
    units: Mapping[str, Unit]
    members: Mapping[str, Member]

    def id_of(self, path: str) -> str:
        """Return the id of the root or of a unit. Raises KeyError."""
        return self.root_id if path == ROOT else self.units[path].id


def levels(unit: str) -> list[str]:
    """Return the root and the units from it down to a unit, as paths; the SCPs of each must allow an action."""
    if unit == ROOT:
        return [ROOT]
    parts = unit.split("/")
    return [ROOT, *("/".join(parts[: number + 1]) for number in range(len(parts)))]


def parent_of(path: str) -> str:
    """Return the path of a unit's parent, or `root`."""
    return path.rpartition("/")[0] or ROOT


def is_id(text: str) -> bool:
    """Tell whether a text is of the form of an account's id."""
    return len(text) == 12 and text.isascii() and text.isdigit()


def is_clear(text: str) -> bool:
    """Tell whether a text means nothing but a name where accounts and units are named: not `root`, a tag or an id."""
    return bool(text) and text != ROOT and not text.startswith("tag:") and not is_id(text)


def read_tree(read: Asks, account: str) -> Tree | None:
    """Read the organization as `account` sees it; None where the account is in none.

    Raises:
        NotHere: the account is a member that may not look at the organization.
        AwsError: AWS refused.
    """
    try:
        organization = read.get(_SERVICE, "describe_organization")["Organization"]
    except AwsError as error:
        if error.code == "AWSOrganizationsNotInUse":
            return None
        raise
    management = organization["MasterAccountId"]
    try:
        root = read.get(_SERVICE, "list_roots")["Roots"][0]
    except AwsError as error:
        if error.code in ("AccessDenied", "AccessDeniedException") and account != management:
            raise NotHere(
                f"account {account} is neither the organization's management account ({management}) nor a delegated "
                "administrator of it, and the organization is planned from there",
                f"run these plays for {management} (or the delegated administrator)",
            ) from None
        raise
    units = _units(read, root["Id"])
    return Tree(
        id=organization["Id"],
        root_id=root["Id"],
        management=management,
        features=organization.get("FeatureSet", "ALL"),
        policy_types={one["Type"]: one["Status"] for one in root.get("PolicyTypes", ())},
        units=units,
        members=_members(read, root["Id"], units),
    )


def _units(read: Asks, root_id: str) -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    due = [(root_id, ROOT)]
    while due:
        parent_id, parent = due.pop(0)
        try:
            answer = read.get(_SERVICE, "list_organizational_units_for_parent", ParentId=parent_id)
        except AwsError as error:
            if error.code != "ParentNotFound" or parent == ROOT:
                raise
            del found[parent]  # it was deleted since its parent was listed, or that has not spread yet
            continue
        for one in sorted(answer["OrganizationalUnits"], key=lambda unit: str(unit["Name"])):
            # A slash in a name would read as one unit inside another.
            name = one["Name"].replace("/", "_")
            path = name if parent == ROOT else f"{parent}/{name}"
            path = f"{path}_{one['Id']}" if path in found or path == ROOT else path
            found[path] = Unit(one["Id"], path, parent)
            due.append((one["Id"], path))
    return found


def _members(read: Asks, root_id: str, units: Mapping[str, Unit]) -> dict[str, Member]:
    paths = {root_id: ROOT, **{unit.id: unit.path for unit in units.values()}}
    told = read.get(_SERVICE, "list_accounts")["Accounts"]
    parents = {one["Id"]: _parent_in(one.get("Paths", ())) for one in told}
    if not all(parents.values()):
        for parent_id in paths:
            answer = read.get(_SERVICE, "list_accounts_for_parent", ParentId=parent_id)
            parents |= {one["Id"]: parent_id for one in answer["Accounts"]}
    return {
        one["Id"]: Member(
            id=one["Id"],
            name=one.get("Name", ""),
            email=one.get("Email", ""),
            # `Status` was to go in September 2026; `State` has taken its place.
            state=str(one.get("State") or one.get("Status") or "ACTIVE"),
            unit=paths.get(parents.get(one["Id"]) or root_id, ROOT),
            joined=str(one.get("JoinedTimestamp", "")),
        )
        for one in sorted(told, key=lambda account: str(account["Id"]))
    }


def _parent_in(paths: Any) -> str | None:
    """Return the id of the last root or unit in an account's path, such as o-1/r-1/ou-1-2/111111111111."""
    parts = [part for path in paths for part in path.split("/") if part.startswith(("r-", "ou-"))]
    return parts[-1] if parts else None
