"""The access diff of an account: for each principal, what it gains and loses by the whole plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from iamfix.access.picture import PRINCIPALS, Holder, Picture
from iamfix.model import Json
from iamfix.policy.difference import Difference, Rights, compare, compare_resource
from iamfix.policy.entries import Entry
from iamfix.policy.risk import rank

__all__ = ["access_diff", "changed_holders"]

_Key = tuple[tuple[str, ...], str | None, frozenset[str]]


def changed_holders(before: Picture, after: Picture) -> Iterator[tuple[str, Holder | None, Holder | None]]:
    """Yield (ARN, as it was, as it will be) of the users and roles whose access can have changed."""
    for kind in PRINCIPALS:
        old, new = before.holders[kind], after.holders[kind]
        for name in sorted({*old, *new}):
            was, now = old.get(name), new.get(name)
            if was is None or now is None or before.basis(was)[1:] != after.basis(now)[1:]:
                yield _arn(before, was, after, now), was, now


def _arn(before: Picture, was: Holder | None, after: Picture, now: Holder | None) -> str:
    if now is not None:
        return after.arn(now)
    return "" if was is None else before.arn(was)


def access_diff(before: Picture, after: Picture) -> tuple[Mapping[str, Json], ...]:
    """Return who gains and loses what, in the plan's JSON form, whoever has most at stake first.

    A role's trust policy is told of those whom it names: they gain or lose `sts:AssumeRole` on the role.

    Raises:
        DocumentError: a document of the account is not of the policy grammar.
    """
    found: dict[str, tuple[list[Entry], list[Entry]]] = {}
    known: dict[tuple[_Key, _Key], Difference] = {}
    for arn, was, now in changed_holders(before, after):
        sides = [Rights() if one is None else where.rights(one) for where, one in ((before, was), (after, now))]
        keys = (_key(sides[0]), _key(sides[1]))
        if keys not in known:
            known[keys] = compare(*sides)
        _add(found, arn, known[keys].gained, known[keys].lost)
    for role, gained, lost in _trusts(before, after):
        for number, entries in enumerate((gained, lost)):
            for entry in entries:
                mine = replace(entry, resources=(role,), principals=(), not_principals=())
                name = entry.principals[0]
                if entry.not_principals:
                    name += f" except {', '.join(entry.not_principals)}"
                _add(found, name, *((mine,), ()) if number == 0 else ((), (mine,)))
    shown: dict[Entry, Json] = {}
    return tuple(
        {
            "principal": arn,
            "gained": [_json(entry, shown) for entry in gained],
            "lost": [_json(entry, shown) for entry in lost],
        }
        for arn, (gained, lost) in sorted(found.items(), key=lambda item: (-_worst(*item[1]), item[0]))
    )


def _add(
    found: dict[str, tuple[list[Entry], list[Entry]]], arn: str, gained: tuple[Entry, ...], lost: tuple[Entry, ...]
) -> None:
    if gained or lost:
        there = found.setdefault(arn, ([], []))
        there[0].extend(gained)
        there[1].extend(lost)


def _key(rights: Rights) -> _Key:
    boundary = None if rights.boundary is None else rights.boundary.text
    return tuple(sorted(document.text for document in rights.identity)), boundary, rights.unread


def _json(entry: Entry, shown: dict[Entry, Json]) -> Json:
    if entry not in shown:
        shown[entry] = entry.as_json()
    return shown[entry]


def _worst(gained: list[Entry], lost: list[Entry]) -> int:
    """The place of the worst risk among what changes; what is only denied counts least."""
    return max(rank(entry.risk.risk_class) if not entry.denied else -1 for entry in (*gained, *lost))


def _trusts(before: Picture, after: Picture) -> Iterator[tuple[str, tuple[Entry, ...], tuple[Entry, ...]]]:
    """Yield what changes in who may assume each role."""
    old, new = before.holders["role"], after.holders["role"]
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        trusts = [None if one is None else one.trust for one in (was, now)]
        if trusts[0] == trusts[1]:
            continue
        found = compare_resource(*trusts)
        yield _arn(before, was, after, now), found.gained, found.lost
