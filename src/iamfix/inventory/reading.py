"""The files of an inventory are read: a file or a folder, dynamic inventories, variables beside them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from iamfix.inventory.accounts import newcomer, put_together
from iamfix.inventory.gathered import SUFFIXES, Gathered, beside, gather
from iamfix.inventory.parts import Inventory, Plugin, Told
from iamfix.model import InputError, Json, Problem
from iamfix.yamlfile import Source, load, nearest


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
    gathered = Gathered()
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
        gather(data, source, gathered)
    _add(more or {}, gathered)
    base = path if path.is_dir() else path.parent
    for folder, known in (("group_vars", gathered.groups), ("account_vars", gathered.accounts)):
        for file in sorted(base.glob(f"{folder}/*")):
            digest.update(beside(file, known, gathered, is_group=folder == "group_vars"))
    try:
        accounts = put_together(gathered)
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
        newcomer=newcomer(gathered),
    )


def _add(more: Mapping[str, Mapping[str, Json]], gathered: Gathered) -> None:
    ids = {facts.get("id") for facts in gathered.accounts.values()}
    for name, facts in more.items():
        if facts["id"] not in ids:
            free = name if name not in (*gathered.accounts, *gathered.groups) else f"{name}-{facts['id']}"
            gather({"all": {"accounts": {free: dict(facts)}}}, Source("bootstrap", {}, "", {}), gathered)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        hint = "-i names another one; `iamfix init` writes a starter project"
        raise InputError(Problem("error", str(path), "there is no such inventory", hint))
    files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file())
    if not files:
        raise InputError(Problem("error", str(path), "there is no .yml file in this inventory folder"))
    return files


def _from_plugin(data: dict[str, Json], source: Source, plugins: Mapping[str, Plugin], gathered: Gathered) -> Told:
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
