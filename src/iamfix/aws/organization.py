"""The inventory plugin `aws_organizations`: accounts of the organization, groups from its units and from tags.

The tree is read once in a run (`organization_tree` states the requests); the accounts' tags cost one request each and
are read only where the file asks for them. The management account is in the inventory, but no pattern matches it unless
it is named: by its own name, its id, or the group `management`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from iamfix.aws.reader import Answers, Reads
from iamfix.aws.session import AccountSession, Sessions
from iamfix.inventory import CONNECTION, Plugin, Told
from iamfix.model import InputError, Json, NotHere, Problem
from iamfix.organization_tree import ROOT, Member, Tree, is_id, levels, read_tree
from iamfix.words import OrganizationWords, check
from iamfix.yamlfile import Source

NAME = "aws_organizations"
MANAGEMENT = "management"
_ANY_ACCOUNT = "any-account"

Tags = Mapping[str, Mapping[str, str]]
"""Account id -> its tags."""


Keep = Callable[[AccountSession, Answers], None]
"""Takes what AWS has answered, and in whose session, so that the plan of that account need not ask again."""


def plugins(sessions: Sessions, keep: Keep | None = None) -> Mapping[str, Plugin]:
    """Return the dynamic inventories by name."""
    return {NAME: lambda source: _read(source, sessions, keep)}


def offline_plugins() -> Mapping[str, Plugin]:
    """Return the dynamic inventories as `iamfix validate` takes them: the file is checked, AWS is not asked."""
    return {NAME: _read_offline}


def _checked(source: Source) -> dict[str, Json]:
    if problems := check(OrganizationWords, source.data, source, ()):
        raise InputError(*problems)
    data: dict[str, Json] = source.data
    for key in ("include", "exclude"):
        for index, word in enumerate(data.get(key, ())):
            place = str(source.place(key, index))
            if word in ("tag:", "") or word.startswith("tag:="):
                told = f"{word!r} names no tag" if word else "an empty word names no account"
                raise InputError(Problem("error", place, told, "tag:key=value, or tag:key for whatever value"))
            if word.startswith("tag:") and not data.get("tags"):
                raise InputError(Problem("error", place, f"{word!r} needs the accounts' tags", "set tags: true"))
    return data


def _read_offline(source: Source) -> Told:
    data = _checked(source)
    account = {"id": "000000000000", "vars": {"ou_path": ROOT, "account_tags": {}}}
    return Told({"all": {"vars": _variables(data), "accounts": {_ANY_ACCOUNT: account}}}, offline=True)


def _variables(data: Mapping[str, Json]) -> dict[str, Json]:
    """Return what holds for all accounts: how to get into them is said as variables of the group `all`."""
    return {**data.get("vars", {}), **{key: data[key] for key in CONNECTION if key in data}}


def _read(source: Source, sessions: Sessions, keep: Keep | None) -> Told:
    data = _checked(source)
    home = data.get("home_region") or _first(data.get("regions")) or "us-east-1"
    session = sessions.caller(data.get("profile"), home)
    reads = Reads(session, sessions.clock, sessions.chance)
    try:
        tree = read_tree(reads.at(None), session.account.id)
        if tree is None:
            hint = "use credentials of the management account, or a static inventory"
            summary = f"account {session.account.id} is in no organization"
            raise InputError(Problem("error", str(source.place("plugin")), summary, hint))
        tags = _tags(reads, tree) if data.get("tags") else {}
        if keep is not None:
            keep(session, reads.answers())
    except NotHere as error:
        raise InputError(Problem("error", str(source.place("plugin")), error.summary, error.hint)) from None
    finally:
        reads.close()
    return _inventory(data, tree, tags, session.account.id)


def _first(regions: Json) -> str | None:
    return regions if isinstance(regions, str) else regions[0] if regions else None


def _tags(reads: Reads, tree: Tree) -> Tags:
    # One after the other: Organizations throttles at a few requests a second.
    ask = reads.at(None).get
    return {
        one.id: {
            tag["Key"]: tag["Value"]
            for tag in ask("organizations", "list_tags_for_resource", ResourceId=one.id)["Tags"]
        }
        for one in tree.members.values()
        if one.active
    }


def _inventory(data: Mapping[str, Json], tree: Tree, tags: Tags, caller: str) -> Told:
    """Write the tree as a static inventory would say it."""
    notes, accounts, members = [], {}, []
    for one in tree.members.values():
        if not one.active:
            notes.append(f"{one.name or one.id} ({one.id}) is left out: it is {one.state}")
        elif one.id == tree.management or _wanted(one, tags.get(one.id, {}), data):
            members.append(one)
    notes += [
        f"{key}: {word!r} names no account of the organization now"
        for key in ("include", "exclude")
        for word in data.get(key) or ()
        if not any(_matches(word, one, tags.get(one.id, {})) for one in tree.members.values())
    ]
    notes += _spared(data, tree, tags)
    names = _names(tree)
    for one in members:
        facts: dict[str, Json] = {
            "id": one.id,
            "vars": {"ou_path": one.unit, "account_tags": dict(tags.get(one.id, {}))},
        }
        if one.id == caller:
            facts["role_arn"] = None
        if one.id == tree.management:
            facts["only_by_name"] = True
        accounts[names[one.id]] = facts
    children: dict[str, Json] = {}
    if names[tree.management] != MANAGEMENT:
        children[MANAGEMENT] = {"accounts": {names[tree.management]: None}}
    others = [one for one in members if one.id != tree.management]
    children |= _units(tree, others, names)
    children |= _tag_groups(others, names, tags, data.get("tags", False))
    return Told({"all": {"vars": _variables(data), "accounts": accounts, "children": children}}, tuple(notes))


def _spared(data: Mapping[str, Json], tree: Tree, tags: Tags) -> Iterator[str]:
    """Say where `exclude` names the management account, which stays, and which nothing but its name reaches."""
    manager = tree.members.get(tree.management)
    for word in data.get("exclude") or ():
        named = [one for one in tree.members.values() if _matches(word, one, tags.get(one.id, {}))]
        if manager is not None and (named == [manager] or word == MANAGEMENT):
            yield f"exclude: {word!r} is the management account, which stays: no pattern reaches it but its name"


def _wanted(member: Member, tags: Mapping[str, str], data: Mapping[str, Json]) -> bool:
    include, exclude = data.get("include") or ["*"], data.get("exclude") or []
    return any(_matches(word, member, tags) for word in include) and not any(
        _matches(word, member, tags) for word in exclude
    )


def _matches(word: str, member: Member, tags: Mapping[str, str]) -> bool:
    """Tell whether a word names an account: by name, id, the path of a unit above it, or a tag."""
    if word.startswith("tag:"):
        key, _, value = word.removeprefix("tag:").partition("=")
        return key in tags and fnmatchcase(tags[key], value or "*")
    if word == member.id or fnmatchcase(member.name, word):
        return True
    return any(fnmatchcase(path, word) for path in levels(member.unit))


def clean_name(text: str) -> str:
    """Return a text as a name for an account or group may be: what patterns and addresses do not take, is a dash."""
    return re.sub(r"[^A-Za-z0-9_.@+=-]+", "-", text).strip("-.@+=")


def _names(tree: Tree) -> dict[str, str]:
    """Return each account's name by its id: as AWS has it, made clean, with the id where two would be the same.

    All accounts count, those too that are left out: a name stays the same whatever the file includes.
    `management` is always the management account, by its own name or as a group.
    """
    plain = {one.id: clean_name(one.name) or one.id for one in tree.members.values()}
    taken = Counter(plain.values())
    names = {}
    for one in tree.members.values():
        name = plain[one.id]
        word = name == MANAGEMENT and one.id != tree.management
        if taken[name] > 1 and not (name == MANAGEMENT and one.id == tree.management):
            word = True
        if word or name == "all" or name.startswith(("ou_", "tag_")) or (is_id(name) and name != one.id):
            name = f"{name}-{one.id}"
        names[one.id] = name
    return names


def group_name(kind: str, text: str) -> str:
    """Return a group's name: `ou_workloads_prod`, `tag_env_prod`."""
    return f"{kind}_" + re.sub(r"[^A-Za-z0-9_.-]+", "_", text.replace("/", "_"))


def _units(tree: Tree, members: Collection[Member], names: Mapping[str, str]) -> dict[str, Json]:
    """Return the groups of the units, one inside the other; those whose names come out the same carry their ids."""
    inside: dict[str, list[str]] = {}
    for one in members:
        inside.setdefault(one.unit, []).append(names[one.id])
    groups: dict[str, dict[str, Json]] = {
        path: {"accounts": dict.fromkeys(inside.get(path, ())), "children": {}} for path in tree.units
    }
    taken = Counter(group_name("ou", path) for path in tree.units)
    top: dict[str, Json] = {}
    for path, unit in tree.units.items():
        within = top if unit.parent == ROOT else groups[unit.parent]["children"]
        name = group_name("ou", path)
        if taken[name] > 1:
            name = f"{name}_{unit.id.rpartition('-')[2]}"
        within[name] = groups[path]
    return top


def _tag_groups(
    members: Collection[Member], names: Mapping[str, str], tags: Tags, wanted: bool | list[str]
) -> dict[str, Json]:
    found: dict[str, Any] = {}
    for one in members:
        for name in _tag_names(tags.get(one.id, {}), wanted):
            found.setdefault(name, {"accounts": {}})["accounts"][names[one.id]] = None
    return {name: found[name] for name in sorted(found)}


def _tag_names(tags: Mapping[str, str], wanted: bool | list[str]) -> Iterator[str]:
    for key, value in tags.items():
        if wanted is True or (isinstance(wanted, list) and key in wanted):
            yield group_name("tag", f"{key}_{value}" if value else key)
