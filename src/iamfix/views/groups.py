"""The same thing in many accounts is one thing to a reader: changes, findings and problems, each once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Plan = Mapping[str, Any]
"""A plan's public JSON form."""
Item = Mapping[str, Any]
Group = tuple[Item, list[str]]
"""(what it is in the first account, the names of all accounts that have it)"""

_CHANGE = ("kind", "name", "region", "action", "before", "after", "loses", "task")


def grouped(plan: Plan) -> Iterator[Group]:
    """Yield each different change once, with the accounts it holds for: task by task, in the plan's order.

    Within a task, what becomes of a resource of one name in different accounts stands together.
    In what holds for several accounts, the id of each is `{account}`.
    """

    def key(change: Item) -> Any:
        return [{name: change[name] for name in _CHANGE}, [call["operation"] for call in change["calls"]]]

    found = list(_once(plan, lambda account: account["changes"], key))
    ids = {account["name"]: account["id"] for account in plan["accounts"]}
    # What only some accounts need done stands with the same task's changes in the others.
    first: dict[tuple[str, ...], list[int]] = {}
    places: dict[tuple[str, ...], int] = {}
    for place, (change, _) in enumerate(found):
        step: list[int] = change.get("step", [])
        at = _task(change)
        first[at] = min(first.get(at, step), step)
        places.setdefault(_resource(change), place)
    for change, names in sorted(found, key=lambda one: (first[_task(one[0])], places[_resource(one[0])])):
        yield (_without(change, ids[names[0]]) if len(names) > 1 else change), names


def _task(change: Item) -> tuple[str, ...]:
    return change.get("where", ""), change["task"]


def _resource(change: Item) -> tuple[str, ...]:
    return *_task(change), change["kind"], change["name"], change["region"] or ""


def _without(value: Any, account: str) -> Any:
    """Return a value without an account's id."""
    if isinstance(value, str):
        return value.replace(account, "{account}")
    if isinstance(value, Mapping):
        return {_without(key, account): _without(item, account) for key, item in value.items()}
    return [_without(item, account) for item in value] if isinstance(value, list) else value


def grouped_findings(plan: Plan) -> Iterator[Group]:
    """Yield each different finding once; those of different resources are different.

    In what holds for several accounts, the id of each is `{account}`.
    """
    ids = {account["name"]: account["id"] for account in plan["accounts"]}
    for one, names in _once(
        plan, lambda account: account["findings"], lambda one: [one["severity"], one["address"], one["message"]]
    ):
        yield (_without(one, ids[names[0]]) if len(names) > 1 else one), names


def grouped_problems(plan: Plan) -> Iterator[Group]:
    """Yield each different problem once; a mistake in many places at the first of them, with how many there are."""
    places: dict[str, list[Group]] = {}
    for problem, names in _once(plan, lambda account: account["problems"], dict):
        at = problem["where"] if problem["rule"] else ""
        key = json.dumps([problem["severity"], problem["summary"], problem["hint"], problem["rule"], at, names])
        places.setdefault(key, []).append((problem, names))
    for found in places.values():
        problem, names = found[0]
        more = len(found) - 1
        also = f" (and {more} more {'place' if more == 1 else 'places'})" if more else ""
        yield {**problem, "where": problem["where"] + also}, names


def whole(account: Item) -> bool:
    """Tell whether all that was asked of an account could be planned: only then does silence say that it is so."""
    mistakes = (one["severity"] == "error" and not one["rule"] for one in account["problems"])
    return not (account["error"] or account.get("incomplete") or any(mistakes))


def _once(plan: Plan, items: Callable[[Item], Iterable[Item]], key: Callable[[Item], Any]) -> Iterator[Group]:
    """Group what differs only in the account's id and name."""
    groups: dict[str, Group] = {}
    for account in plan["accounts"]:
        for item in items(account):
            text = json.dumps(key(item), sort_keys=True, ensure_ascii=False)
            for own in (account["id"], account["name"]):
                text = text.replace(own, "{account}") if own else text
            names = groups.setdefault(text, (item, []))[1]
            if account["name"] not in names:
                names.append(account["name"])
    yield from groups.values()


def within(address: str, account: str) -> str:
    """Return an address without its account."""
    return address.removeprefix(f"{account}/")
