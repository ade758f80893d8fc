"""Accounts put together from what is gathered: variables from all groups above, the way in, the regions."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from iamfix.inventory.gathered import Gathered
from iamfix.inventory.parts import CONNECTION, NOT_KNOWN_YET
from iamfix.model import Account, InputError, Json, Problem, Protected, partition_of
from iamfix.yamlfile import Source

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+")


def _parents(gathered: Gathered) -> dict[str, list[str]]:
    parents: dict[str, list[str]] = {name: [] for name in gathered.groups}
    for name, group in gathered.groups.items():
        for child in group.children:
            parents[child].append(name)
    return parents


def _levels(parents: Mapping[str, Sequence[str]], gathered: Gathered) -> dict[str, int]:
    """Return how far below `all` each group is, by its longest way; parents first. Raises InputError for a circle."""
    levels: dict[str, int] = {}
    try:
        for name in TopologicalSorter(parents).static_order():
            levels[name] = 1 + max((levels[parent] for parent in parents[name]), default=-1)
    except CycleError as error:
        chain = error.args[1]
        summary = f"the groups go round in a circle: {' -> '.join(chain)}"
        raise InputError(Problem("error", gathered.groups[chain[0]].place, summary)) from None
    return levels


def put_together(gathered: Gathered) -> list[Account]:
    """Return the accounts that are right; of the others it is told what is wrong.

    Raises:
        InputError: the groups go round in a circle.
    """
    accounts = []
    ids: dict[str, str] = {}
    parents = _parents(gathered)
    levels = _levels(parents, gathered)
    own: dict[str, list[str]] = {}
    for group, content in gathered.groups.items():
        for name in content.accounts:
            own.setdefault(name, []).append(group)
    for name, facts in gathered.accounts.items():
        source, path = gathered.places[name]
        if name in gathered.broken:
            continue
        if name in gathered.groups:
            gathered.wrong(source, path, f"{name!r} is a group and an account", key=True)
            continue
        above = _above(own.get(name, ()), parents, levels)
        layers = [gathered.groups[group].vars for group in above]
        merged = {key: value for layer in layers for key, value in layer.items()} | facts.get("vars", {})
        account = _one(name, facts, merged, tuple(group for group in above if group != "all"), source, path, gathered)
        if account is None:
            continue
        if account.id in ids:
            gathered.wrong(source, (*path, "id"), f"{account.id} is the id of {ids[account.id]!r} too")
        ids[account.id] = name
        accounts.append(account)
    return accounts


def newcomer(gathered: Gathered) -> Account | None:
    """Return an account that is not made yet as the group `all` says it would be; None where it does not say enough."""
    aside = Gathered()
    return _one("new", {"id": NOT_KNOWN_YET}, gathered.groups["all"].vars, (), Source("", {}, "", {}), (), aside)


def _above(own: Collection[str], parents: Mapping[str, Sequence[str]], levels: Mapping[str, int]) -> list[str]:
    """Return the groups of an account and all above them, parents before children, siblings by name."""
    inside = {"all"}
    due = list(own)
    while due:
        name = due.pop()
        if name not in inside:
            inside.add(name)
            due += parents[name]
    return sorted(inside, key=lambda group: (levels[group], group))


def _one(
    name: str,
    facts: Mapping[str, Json],
    variables: Mapping[str, Json],
    groups: tuple[str, ...],
    source: Source,
    path: tuple[str | int, ...],
    gathered: Gathered,
) -> Account | None:
    """Put one account together. Its own keys win over variables of the same names."""
    found = len(gathered.problems)
    own = {key: facts[key] if key in facts else variables.get(key) for key in CONNECTION}
    account_id = str(facts.get("id"))
    if not re.fullmatch(r"[0-9]{12}", account_id):
        if facts.get("id") is None and "id" not in facts:
            gathered.wrong(source, path, f"the account {name!r} has no id", 'id: "123456789012"')
        else:
            gathered.wrong(source, (*path, "id"), f"{account_id!r} is no account id", "twelve digits, in quotes")
    regions = own["regions"] or ([own["home_region"]] if own["home_region"] else ["us-east-1"])
    regions = [regions] if isinstance(regions, str) else regions
    home = own["home_region"] or regions[0]
    for region in (*regions, home):
        if not isinstance(region, str) or not _REGION.fullmatch(region):
            gathered.wrong(source, (*path, "regions"), f"{region!r} is no region", "such as eu-west-1")
            return None
    partitions = sorted({partition_of(region) for region in (*regions, home)})
    if len(partitions) > 1:
        gathered.wrong(source, path, f"regions of {' and '.join(partitions)} in one account")
    role = own["role_arn"]
    own_credentials = "role_arn" in facts and facts["role_arn"] is None
    # A profile has credentials of the account, unless a role is named beside it, to be assumed with them.
    named = "role_name" in facts or not own["profile"]
    if role is None and own["role_name"] and named and not own_credentials:
        role = f"arn:{partitions[0]}:iam::{account_id}:role/{str(own['role_name']).removeprefix('/')}"
    if role is not None:
        match = re.fullmatch(r"arn:([a-z-]+):iam::([0-9]{12}):role/.+", str(role))
        if not match:
            gathered.wrong(
                source, (*path, "role_arn"), f"{role!r} is no ARN of a role", "arn:…:iam::123456789012:role/name"
            )
        elif match[2] != account_id:
            gathered.wrong(
                source, (*path, "role_arn"), f"the role is of account {match[2]}, the account is {account_id}"
            )
        elif match[1] != partitions[0]:
            gathered.wrong(
                source, (*path, "role_arn"), f"the role is of {match[1]}, the regions are of {partitions[0]}"
            )
    if len(gathered.problems) > found:
        return None
    return Account(
        id=account_id,
        name=name,
        groups=groups,
        vars={key: value for key, value in variables.items() if key not in CONNECTION},
        role_arn=role,
        external_id=own["external_id"],
        profile=own["profile"],
        regions=tuple(dict.fromkeys(regions)),
        home_region=home,
        protected=tuple(_protected(one, account_id, partitions[0]) for one in own["protected"] or ()),
        where=str(source.place(*path, key=True)),
        only_by_name=bool(facts.get("only_by_name")),
    )


def _protected(data: Json, account: str, partition: str) -> Protected:
    """Read a protected principal: an ARN, `user/NAME`, `role/NAME`, or the name of a role of the account."""
    principal = data if isinstance(data, str) else data["principal"]
    given = () if isinstance(data, str) else data.get("probes", ())
    probes = tuple((one["action"], one.get("resource", "*")) for one in given)
    if not principal.startswith("arn:"):
        kind = "" if principal.startswith(("user/", "role/")) else "role/"
        principal = f"arn:{partition}:iam::{account}:{kind}{principal}"
    return Protected(principal, probes)
