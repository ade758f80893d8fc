"""The inventory: which accounts there are, in which groups, with which variables, and how to get into them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from iamfix import words
from iamfix.model import Account, InputError, Json, Problem, Protected, partition_of
from iamfix.yamlfile import Source, load, nearest


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
_GROUP_KEYS = ("accounts", "children", "vars")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+=-]*")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+")
_SUFFIXES = (".yml", ".yaml")


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


@dataclass(slots=True)
class _Group:
    vars: dict[str, Json] = field(default_factory=dict)
    children: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    place: str = ""


@dataclass(slots=True)
class _Gathered:
    """What the files say, before it is put together."""

    groups: dict[str, _Group] = field(default_factory=lambda: {"all": _Group()})
    accounts: dict[str, dict[str, Json]] = field(default_factory=dict)
    places: dict[str, tuple[Source, tuple[str | int, ...]]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    """Accounts whose mistakes are already told."""
    problems: list[Problem] = field(default_factory=list)
    dynamic: bool = False
    offline: bool = False
    notes: list[str] = field(default_factory=list)

    def wrong(
        self, source: Source, path: tuple[str | int, ...], summary: str, hint: str = "", *, key: bool = False
    ) -> None:
        self.problems.append(Problem("error", str(source.place(*path, key=key)), summary, hint))


def load_inventory(
    path: Path, plugins: Mapping[str, Plugin] | None = None, more: Mapping[str, Mapping[str, Json]] | None = None
) -> Inventory:
    """Read an inventory file or folder. `plugins` read the dynamic ones, by name.

    `more` are accounts that are added to the group `all`, unless there is one of the same id; where the name is taken,
    the id is added to it.

    Raises:
        InputError: with every mistake in it.
        AwsError: a dynamic inventory could not be read.
    """
    files = _files(path)
    gathered = _Gathered()
    digest = hashlib.sha256()
    for file in files:
        try:
            source = load(file)
        except InputError as error:
            gathered.problems += error.problems
            continue
        digest.update(source.text.encode())
        data = source.data
        if isinstance(data, dict) and "plugin" in data:
            told = _from_plugin(data, source, plugins or {}, gathered)
            data = told.data
            digest.update(json.dumps(data, sort_keys=True, default=str).encode())
        _gather(data, source, gathered)
    _add(more or {}, gathered)
    base = path if path.is_dir() else path.parent
    for folder, known in (("group_vars", gathered.groups), ("account_vars", gathered.accounts)):
        for file in sorted(base.glob(f"{folder}/*")):
            digest.update(_beside(file, known, gathered, is_group=folder == "group_vars"))
    try:
        accounts = _accounts(gathered)
    except InputError as error:
        raise InputError(*gathered.problems, *error.problems) from None
    if gathered.problems:
        raise InputError(*gathered.problems)
    if not accounts:
        raise InputError(Problem("error", str(path), "the inventory has no accounts", "add them below all: accounts:"))
    groups = {
        name: tuple(a.name for a in accounts if name in a.groups or (name == "all" and not a.only_by_name))
        for name in gathered.groups
    }
    return Inventory(
        accounts=tuple(accounts),
        groups=groups,
        children={name: tuple(group.children) for name, group in gathered.groups.items()},
        members={name: tuple(group.accounts) for name, group in gathered.groups.items()},
        digest=f"sha256:{digest.hexdigest()}",
        files=tuple(str(file) for file in files),
        notes=tuple(gathered.notes),
        offline=gathered.offline,
    )


def _add(more: Mapping[str, Mapping[str, Json]], gathered: _Gathered) -> None:
    ids = {facts.get("id") for facts in gathered.accounts.values()}
    for name, facts in more.items():
        if facts["id"] not in ids:
            free = name if name not in (*gathered.accounts, *gathered.groups) else f"{name}-{facts['id']}"
            _gather({"all": {"accounts": {free: dict(facts)}}}, Source("bootstrap", {}, "", {}), gathered)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        hint = "-i names another one; `iamfix init` writes a starter project"
        raise InputError(Problem("error", str(path), "there is no such inventory", hint))
    files = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES and file.is_file())
    if not files:
        raise InputError(Problem("error", str(path), "there is no .yml file in this inventory folder"))
    return files


def _from_plugin(data: dict[str, Json], source: Source, plugins: Mapping[str, Plugin], gathered: _Gathered) -> Told:
    name = str(data["plugin"])
    plugin = plugins.get(name)
    if plugin is None:
        gathered.wrong(source, ("plugin",), f"the inventory plugin {name!r} is not known", nearest(name, plugins))
        return Told({"all": {}})
    gathered.dynamic = True
    try:
        told = plugin(source)
    except InputError as error:
        gathered.problems += error.problems
        return Told({"all": {}})
    gathered.notes += told.notes
    gathered.offline |= told.offline
    return told


def _gather(data: Json, source: Source, gathered: _Gathered) -> None:
    if not isinstance(data, dict):
        gathered.wrong(source, (), "an inventory begins with all:", 'all: {accounts: {name: {id: "…"}}}')
        return
    for name in data:
        if name != "all":
            gathered.wrong(source, (name,), f"unknown key {name!r}", nearest(name, ["all", "plugin"]), key=True)
    if "all" in data:
        _group("all", data["all"], source, ("all",), gathered, ())


def _group(
    name: str, data: Json, source: Source, path: tuple[str | int, ...], gathered: _Gathered, above: tuple[str, ...]
) -> None:
    group = gathered.groups.setdefault(name, _Group())
    group.place = group.place or str(source.place(*path, key=True))
    # A circle is told by _levels, once all groups are known.
    if data is None or name in above:
        return
    if not isinstance(data, dict):
        gathered.wrong(source, path, f"the group {name!r} needs accounts:, children: or vars:")
        return
    for key in data:
        if key not in _GROUP_KEYS:
            gathered.wrong(source, (*path, key), f"unknown key {key!r}", nearest(key, _GROUP_KEYS), key=True)
    parts = {key: {} if data.get(key) is None else data[key] for key in _GROUP_KEYS}
    for key, part in parts.items():
        if not isinstance(part, dict):
            gathered.wrong(source, (*path, key), f"{key}: needs names with values")
            parts[key] = {}
    _group_vars(group, parts["vars"], source, (*path, "vars"), gathered)
    for account, facts in parts["accounts"].items():
        _account(account, facts, source, (*path, "accounts", account), gathered)
        if account not in group.accounts:
            group.accounts.append(account)
    for child, content in parts["children"].items():
        if not _NAME.fullmatch(child):
            gathered.wrong(source, (*path, "children", child), f"{child!r} is no name for a group", key=True)
            continue
        if child not in group.children:
            group.children.append(child)
        _group(child, content, source, (*path, "children", child), gathered, (*above, name))


def _group_vars(
    group: _Group, variables: dict[str, Json], source: Source, path: tuple[str | int, ...], gathered: _Gathered
) -> None:
    problems = _wrong_connection(variables, source, path)
    gathered.problems += problems
    group.vars.update({key: value for key, value in variables.items() if not problems or key not in CONNECTION})


def _wrong_connection(variables: dict[str, Json], source: Source, path: tuple[str | int, ...]) -> list[Problem]:
    connection = {key: value for key, value in variables.items() if key in CONNECTION}
    return words.check(words.ConnectionWords, connection, source, path)


def _parents(gathered: _Gathered) -> dict[str, list[str]]:
    parents: dict[str, list[str]] = {name: [] for name in gathered.groups}
    for name, group in gathered.groups.items():
        for child in group.children:
            parents[child].append(name)
    return parents


def _levels(parents: Mapping[str, Sequence[str]], gathered: _Gathered) -> dict[str, int]:
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


def _account(name: str, data: Json, source: Source, path: tuple[str | int, ...], gathered: _Gathered) -> None:
    if not _NAME.fullmatch(name):
        hint = "letters, digits and _ . @ + = - are taken; it stands in addresses and patterns"
        gathered.wrong(source, path, f"{name!r} is no name for an account", hint, key=True)
        return
    known = gathered.accounts.setdefault(name, {})
    gathered.places.setdefault(name, (source, path))
    if data is None:
        return
    # An account that is named again need not say everything again.
    problems = words.check(
        words.AccountWords, {"id": known.get("id", "0"), **data} if isinstance(data, dict) else data, source, path
    )
    if not problems and "vars" in data:
        problems = _wrong_connection(data["vars"], source, (*path, "vars"))
    gathered.problems += problems
    if problems:
        gathered.broken.add(name)
        return
    for key, value in data.items():
        if key == "vars":
            known.setdefault("vars", {}).update(value)
        elif key in known and known[key] != value:
            gathered.wrong(source, (*path, key), f"{name!r} has {key} {known[key]!r} elsewhere in the inventory")
        else:
            known[key] = value
    gathered.places[name] = (source, path)


def _beside(file: Path, known: Mapping[str, Any], gathered: _Gathered, *, is_group: bool) -> bytes:
    """Read a file of group_vars/ or account_vars/."""
    if file.suffix not in _SUFFIXES or not file.is_file():
        return b""
    try:
        source = load(file)
    except InputError as error:
        gathered.problems += error.problems
        return b""
    name = file.stem
    if name not in known and gathered.dynamic and isinstance(source.data, dict | None):
        # Units, tags and accounts come and go without this file.
        if gathered.offline:
            gathered.problems += _wrong_connection(source.data or {}, source, ())
            gathered.groups["all"].vars.update(source.data or {})
        else:
            what = "group" if is_group else "account"
            gathered.notes.append(f"{source.file} is left out: there is no {what} {name!r} in the organization now")
    elif name not in known:
        what = "group" if is_group else "account"
        gathered.wrong(source, (), f"there is no {what} {name!r} in the inventory", nearest(name, known))
    elif not isinstance(source.data, dict | None):
        gathered.wrong(source, (), "variables are names with values")
    elif is_group:
        _group_vars(gathered.groups[name], source.data or {}, source, (), gathered)
    elif problems := _wrong_connection(source.data or {}, source, ()):
        gathered.problems += problems
        gathered.broken.add(name)
    else:
        gathered.accounts[name].setdefault("vars", {}).update(source.data or {})
    return source.text.encode()


def _accounts(gathered: _Gathered) -> list[Account]:
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
    gathered: _Gathered,
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
    if (
        role is None
        and own["role_name"]
        and not ("role_arn" in facts and facts["role_arn"] is None)
        and not own["profile"]
    ):
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
