"""Patterns that name accounts, as Ansible has them: `a:b`, `a:&b`, `a:!b`, globs, ids, `all`."""

from __future__ import annotations

from fnmatch import fnmatchcase

from iamfix.inventory import Inventory
from iamfix.model import Account, InputError, Problem
from iamfix.yamlfile import nearest


def select_accounts(pattern: str, inventory: Inventory, where: str = "--limit") -> tuple[Account, ...]:
    """Return the accounts a pattern names, in the inventory's order. Raises InputError for a name that is nothing.

    What is to be reached by name only is in no `all` and in no glob.
    """
    chosen: set[str] = set()
    parts = [part.strip() for part in pattern.replace(",", ":").split(":") if part.strip()]
    if not parts:
        raise InputError(Problem("error", where, "the pattern names no account", "such as prod:!payments-prod"))
    # As in Ansible: first what is named, then what it must share, then what is left out.
    for part in sorted(parts, key=lambda part: {"&": 1, "!": 2}.get(part[0], 0)):
        found = _matching(part.lstrip("&!"), inventory, where)
        if part[0] == "&":
            chosen &= found
        elif part[0] == "!":
            chosen -= found
        else:
            chosen |= found
    if all(part[0] in "&!" for part in parts):
        everyone = {account.name for account in inventory.accounts}
        rest = ":".join(["all", *parts])
        return select_accounts(rest, inventory, where) if everyone else ()
    return tuple(account for account in inventory.accounts if account.name in chosen)


def _matching(word: str, inventory: Inventory, where: str) -> set[str]:
    open_to_all = {account.name for account in inventory.accounts if not account.only_by_name}
    if word in ("all", "*"):
        return open_to_all
    named = {account.name for account in inventory.accounts if word in (account.id, account.name)}
    globbed = {account.name for account in inventory.accounts if fnmatchcase(account.name, word)} & open_to_all
    found = named | globbed | set(inventory.groups.get(word, ()))
    for group, names in inventory.groups.items():
        if fnmatchcase(group, word):
            found |= set(names) & open_to_all
    if not found and not any(letter in word for letter in "*?[") and word not in inventory.groups:
        known = [*inventory.groups, *(account.name for account in inventory.accounts)]
        raise InputError(Problem("error", where, f"there is no account or group {word!r}", nearest(word, known)))
    return found
