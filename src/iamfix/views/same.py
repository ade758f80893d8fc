"""What holds in many accounts, once: equal changes, findings and problems with the accounts they hold for.

Two changes are equal when their rows and their calls are, the account's own id and the region taken out of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iamfix.views.fields import change_rows
from iamfix.views.row import Row

Plan = Mapping[str, Any]
"""A plan's public JSON form."""

OWN_ID = "<account>"
"""Stands for the id of each account in what holds for several."""


@dataclass(frozen=True, slots=True)
class SameChange:
    """One change, and where: its name, rows, calls and all else as they hold in each of `accounts`."""

    change: Mapping[str, Any]
    rows: tuple[Row, ...]
    accounts: tuple[str, ...]
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SameTask:
    """The changes of one task, over all accounts."""

    task: str
    practice: int | None
    controls: tuple[str, ...]
    changes: tuple[SameChange, ...]


@dataclass(frozen=True, slots=True)
class SameFinding:
    """A finding and its resources: `(account, kind/name)`. `message` says `<name>` where they have different names."""

    severity: str
    message: str
    task: str
    practice: int | None
    controls: tuple[str, ...]
    resources: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SameProblem:
    severity: str
    where: str
    summary: str
    hint: str
    rule: str
    accounts: tuple[str, ...]


SEVERITIES = ("critical", "high", "medium", "low", "info")
_WORST_LAST = ("info", "warning", "error")


def same_tasks(plan: Plan) -> list[SameTask]:
    """Return the plan's changes by task, in the order of the run."""
    groups: dict[str, tuple[Mapping[str, Any], list[tuple[str, Mapping[str, Any]]]]] = {}
    rows_of: dict[str, str] = {}
    for account in plan["accounts"]:
        for original in account["changes"]:
            change = neutral(original, account["id"], original["region"])
            sides = json.dumps([change["before"], change["after"]])
            if sides not in rows_of:
                rows_of[sides] = repr(change_rows(change))
            told = ("kind", "name", "action", "calls", "loses", "notes", "task", "practice", "controls")
            key = rows_of[sides] + json.dumps([change.get(name) for name in told])
            groups.setdefault(key, (change, []))[1].append((account["name"], original))
    tasks: dict[tuple[Any, ...], list[SameChange]] = {}
    for neutral_change, places in groups.values():
        for accounts, regions in _by_regions(places):
            single = len(accounts) == 1 and len(regions) < 2
            change = next(original for name, original in places if name == accounts[0]) if single else neutral_change
            place = (tuple(change.get("step") or ()), change["task"], change.get("practice"), tuple(change["controls"]))
            found = SameChange(change, tuple(change_rows(change)), accounts, regions)
            tasks.setdefault(place, []).append(found)
    ordered = sorted(tasks.items(), key=lambda item: item[0][0])
    return [SameTask(task, practice, controls, tuple(changes)) for (_, task, practice, controls), changes in ordered]


def neutral(change: Mapping[str, Any], account: str, region: str | None) -> dict[str, Any]:
    """Return a change without what only tells in which account and region it is."""
    rest = {key: value for key, value in change.items() if key not in ("address", "undo", "region")}
    text = re.sub(rf"(?<![0-9]){re.escape(account)}(?![0-9])", OWN_ID, json.dumps(rest))
    if region:
        text = re.sub(rf"(?<![\w-]){re.escape(region)}(?![\w-])", "<region>", text)
    found: dict[str, Any] = json.loads(text)
    return found


def _by_regions(places: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield the accounts that have it in the same regions, with these."""
    by_account: dict[str, list[str]] = {}
    for account, change in places:
        by_account.setdefault(account, []).extend([change["region"]] if change["region"] else [])
    by_regions: dict[tuple[str, ...], list[str]] = {}
    for account, regions in by_account.items():
        by_regions.setdefault(tuple(regions), []).append(account)
    for found, accounts in by_regions.items():
        yield tuple(accounts), found


def same_findings(plan: Plan) -> list[SameFinding]:
    """Return the plan's findings, the worst first; those that differ only in the resource's name are one."""
    groups: dict[tuple[Any, ...], list[tuple[str, str, str]]] = {}
    for account in plan["accounts"]:
        for one in account["findings"]:
            resource = one["address"].removeprefix(account["name"] + "/")
            name = resource.rpartition("/")[2]
            message = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "<name>", one["message"]) if name else one["message"]
            key = (one["severity"], message, one["task"], one["practice"], tuple(one["controls"]))
            groups.setdefault(key, []).append((account["name"], resource, one["message"]))
    found = []
    for (severity, message, task, practice, controls), ones in groups.items():
        alike = len({original for _, _, original in ones}) == 1
        resources = tuple((account, resource) for account, resource, _ in ones)
        told = ones[0][2] if alike else message
        found.append(SameFinding(severity, told, task, practice, controls, resources))
    return sorted(found, key=lambda one: SEVERITIES.index(one.severity) if one.severity in SEVERITIES else 99)


def same_problems(plan: Plan) -> list[SameProblem]:
    """Return the plan's problems, errors last."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for account in plan["accounts"]:
        for one in account["problems"]:
            key = tuple(str(one.get(name) or "") for name in ("severity", "where", "summary", "hint", "rule"))
            groups.setdefault(key, []).append(account["name"])
    found = [
        SameProblem(severity, where, summary, hint, rule, tuple(dict.fromkeys(accounts)))
        for (severity, where, summary, hint, rule), accounts in groups.items()
    ]
    return sorted(found, key=lambda one: _WORST_LAST.index(one.severity) if one.severity in _WORST_LAST else 0)


def named(accounts: Sequence[str], everyone: int, most: int = 10) -> str:
    """Return in words which accounts something holds for: `payments-prod`, `all 12 accounts`, `3 accounts: a, b, c`."""
    if len(accounts) == 1:
        return accounts[0]
    if len(accounts) == everyone:
        return f"all {everyone} accounts"
    shown = ", ".join(accounts[:most])
    more = len(accounts) - most
    return f"{len(accounts)} of {everyone} accounts: {shown}" + (f" and {more} more" if more > 0 else "")
