"""What a task may call the root, a unit or an account, and what it means by that.

Names of accounts are not unique in AWS, and may look like a unit's path, an id or a tag. Where a word could mean two
things it is refused; `/` before a unit's path, and an account's id, are never two things.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from iamfix.fields import FieldError
from iamfix.kinds.protocol import Look
from iamfix.organization_tree import ROOT, Tree, is_clear, is_id

__all__ = ["account_name", "account_names", "is_clear", "is_id", "targets", "unit_path"]


def account_names(found: Tree) -> dict[str, str]:
    """Return the name of each account by its id: AWS's, or the id where the name is not clear."""
    taken = Counter(one.name for one in found.members.values())
    return {
        one.id: one.name if taken[one.name] == 1 and is_clear(one.name) and one.name not in found.units else one.id
        for one in found.members.values()
    }


def unit_path(text: str, look: Look) -> str:
    """Return the path of a unit that is there or planned, or `root`. Raises FieldError."""
    path = text.strip("/") or ROOT
    if path == ROOT or look.get("organizational_unit", path) is not None:
        return path
    hint = _near(path, [ROOT, *look.all("organizational_unit")])
    hint = hint or "an earlier task can create it: organizational_unit"
    raise FieldError(f"there is no organizational unit {path!r}", hint)


def account_name(text: str, look: Look) -> str:
    """Return the name here of an account that is given by name or id. Raises FieldError."""
    accounts = look.all("organization_account")
    by_id = [name for name, state in accounts.items() if state.id == text]
    if by_id or text in accounts:
        return by_id[0] if by_id else text
    found = _called(text, accounts)
    if len(found) == 1 and not is_id(text):
        return found[0]
    if found:
        ids = ", ".join(sorted(found))
        told = f"no account has the id {text}, but the name" if is_id(text) else f"several accounts are called {text!r}"
        raise FieldError(f"{told}: {ids}", "give the id")
    raise FieldError(f"there is no account {text!r} in the organization", _near(text, accounts))


def _near(text: str, known: Iterable[str]) -> str:
    """Return a hint with the name that was probably meant, in whatever case it was written, or nothing."""
    low = {name.lower(): name for name in known}
    near = get_close_matches(text.lower(), list(low), 1)
    return f"did you mean {low[near[0]]!r}?" if near else ""


def _called(text: str, accounts: Mapping[str, Any]) -> list[str]:
    return [name for name, state in accounts.items() if state.account_name == text]


def targets(text: str, look: Look) -> str | frozenset[str]:
    """Return what a policy's target stands for: `root`, a unit's path, an account, or all that carry `tag:key=value`.

    Raises:
        FieldError: there is nothing of that name, or it could be two things.
    """
    if text.startswith("tag:"):
        return _tagged(text, look)
    path = text.strip("/") or ROOT
    if path == ROOT:
        return path
    if look.get("organizational_unit", path) is not None:
        accounts = look.all("organization_account")
        same = [name for name, state in accounts.items() if text in (state.id, state.account_name)]
        if same and text == path:
            told = f"{text!r} is a unit, and an account ({accounts[same[0]].id or same[0]})"
            raise FieldError(told, f"write /{path} for the unit, or the account's id")
        return path
    try:
        return account_name(text, look)
    except FieldError as error:
        if not error.summary.startswith("there is no account"):
            raise
        known = [ROOT, *look.all("organizational_unit"), *look.all("organization_account")]
        hint = _near(path, known) or "root, the path of a unit, an account, or tag:key=value"
        raise FieldError(f"there is no unit and no account {text!r} in the organization", hint) from None


def _tagged(text: str, look: Look) -> frozenset[str]:
    """Return the accounts that carry a tag. Raises FieldError."""
    key, given, value = text.removeprefix("tag:").partition("=")
    if not key:
        raise FieldError(f"{text!r} names no tag", "tag:key=value, or tag:key for whatever value")
    if {"*", "?"} & set(text):
        raise FieldError(f"{text!r}: a tag is named as it is, not by a pattern", f"tag:{key} stands for whatever value")
    accounts = look.all("organization_account", details=frozenset(("tags",)))
    found = {name: one.tags[key] for name, one in accounts.items() if key in one.tags}
    carriers = frozenset(name for name, held in found.items() if not given or held == value)
    if not carriers:
        look.remark(f"no account carries {text!r} now: it stands for nothing")
    return carriers
