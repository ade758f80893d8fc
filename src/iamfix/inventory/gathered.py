"""What the files of an inventory say, gathered group by group, before it is put together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iamfix import words
from iamfix.inventory.parts import CONNECTION
from iamfix.model import InputError, Json, Problem
from iamfix.yamlfile import Source, load, nearest

SUFFIXES = (".yml", ".yaml")
_GROUP_KEYS = ("accounts", "children", "vars")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+=-]*")


@dataclass(slots=True)
class Group:
    vars: dict[str, Json] = field(default_factory=dict)
    children: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    place: str = ""


@dataclass(slots=True)
class Gathered:
    """What the files say, before it is put together."""

    groups: dict[str, Group] = field(default_factory=lambda: {"all": Group()})
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


def gather(data: Json, source: Source, gathered: Gathered) -> None:
    """Take up what a file says, or a dynamic inventory in its place."""
    if not isinstance(data, dict):
        gathered.wrong(source, (), "an inventory begins with all:", 'all: {accounts: {name: {id: "…"}}}')
        return
    for name in data:
        if name != "all":
            gathered.wrong(source, (name,), f"unknown key {name!r}", nearest(name, ["all", "plugin"]), key=True)
    if "all" in data:
        _group("all", data["all"], source, ("all",), gathered, ())


def _group(
    name: str, data: Json, source: Source, path: tuple[str | int, ...], gathered: Gathered, above: tuple[str, ...]
) -> None:
    group = gathered.groups.setdefault(name, Group())
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
    group: Group, variables: dict[str, Json], source: Source, path: tuple[str | int, ...], gathered: Gathered
) -> None:
    problems = _wrong_connection(variables, source, path)
    gathered.problems += problems
    group.vars.update({key: value for key, value in variables.items() if not problems or key not in CONNECTION})


def _wrong_connection(variables: dict[str, Json], source: Source, path: tuple[str | int, ...]) -> list[Problem]:
    connection = {key: value for key, value in variables.items() if key in CONNECTION}
    return words.check(words.ConnectionWords, connection, source, path)


def _account(name: str, data: Json, source: Source, path: tuple[str | int, ...], gathered: Gathered) -> None:
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


def beside(file: Path, known: Mapping[str, Any], gathered: Gathered, *, is_group: bool) -> bytes:
    """Read a file of group_vars/ or account_vars/; return its text for the digest."""
    if file.suffix not in SUFFIXES or not file.is_file():
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
