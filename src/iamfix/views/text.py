"""The plan for a person at a terminal: what changes, once for all accounts it holds for; what is lost stands out."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from iamfix.views.access import access_lines

Plan = Mapping[str, Any]
"""A plan's public JSON form."""

MARKS = {"create": ("+", "green"), "update": ("~", "yellow"), "delete": ("-", "red")}
SEVERITIES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: object) -> str:
    """Return text without what a terminal would obey: escapes, control characters, reversed writing."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", str(text))


def show_plan(plan: Plan, console: Console, *, verbose: int = 0) -> None:
    """Print a plan: changes, access, findings, problems, and one line that sums up."""
    for change, accounts in grouped(plan):
        _print_change(change, accounts, console, verbose)
    _print_access(plan, console)
    _print_findings(plan, console)
    for account in plan["accounts"]:
        if account["error"]:
            console.print(
                Text.assemble(("! ", "bold red"), (clean(account["name"]), "bold"), f": {clean(account['error'])}")
            )
        for problem in account["problems"]:
            print_problem(problem, console)
    ignored = sum(account.get("ignored", 0) for account in plan["accounts"])
    if ignored:
        console.print(Text(f"{_count(ignored, 'resource')} of AWS services and other tools left alone.", "dim"))
    console.print(Text(summary(plan), "bold"))


def summary(plan: Plan) -> str:
    """Return the last line of a plan."""
    found = plan["summary"]
    planned = [account for account in plan["accounts"] if not account["error"]]
    accounts = _count(len(planned), "account")
    failed = len(plan["accounts"]) - len(planned)
    tail = f" {_count(failed, 'account')} could not be planned." if failed else ""
    if not (found["create"] or found["update"] or found["delete"]):
        verb = "matches" if len(planned) == 1 else "match"
        return f"No changes. {accounts} {verb} the playbooks.{tail}" if planned else f"No changes.{tail}"
    changes = f"{found['create']} to create, {found['update']} to change, {found['delete']} to delete"
    return f"Plan: {changes} in {accounts}.{tail}"


def grouped(plan: Plan) -> Iterator[tuple[Mapping[str, Any], list[str]]]:
    """Yield each different change once, with the names of the accounts it holds for, in the plan's order."""
    groups: dict[str, tuple[Mapping[str, Any], list[str]]] = {}
    for account in plan["accounts"]:
        for change in account["changes"]:
            neutral = {
                key: change[key] for key in ("kind", "name", "region", "action", "before", "after", "loses", "task")
            }
            key = json.dumps(neutral, sort_keys=True).replace(account["id"], "{account}")
            key += json.dumps([call["operation"] for call in change["calls"]])
            groups.setdefault(key, (change, []))[1].append(account["name"])
    yield from groups.values()


def _print_change(change: Mapping[str, Any], accounts: Sequence[str], console: Console, verbose: int) -> None:
    mark, colour = MARKS[change["action"]]
    where = f" ({change['region']})" if change["region"] else ""
    console.print(
        Text.assemble(
            (f"{mark} ", f"bold {colour}"), (f"{change['kind']} ", colour),
            (clean(change["name"]), f"bold {colour}"), where,
            (f"  in {named(accounts)}", "dim"),
        )
    )  # fmt: skip
    task = clean(change["task"])
    extra = "".join(f" [{clean(one)}]" for one in change.get("controls", ()))
    practice = f", practice {change['practice']}" if change.get("practice") else ""
    console.print(Text(f"    task: {task}{practice}{extra}", "dim"))
    for line, style in field_lines(change):
        console.print(Text(f"    {clean(line)}", style))
    for lost in change["loses"]:
        console.print(Text(f"    ! destroys for good: {clean(lost)}", "bold red"))
    for note in change.get("notes", ()):
        console.print(Text(f"    note: {clean(note)}", "dim"))
    if verbose:
        for call in change["calls"]:
            params = json.dumps(call["params"], ensure_ascii=False)
            console.print(Text(f"    > {call['service']}:{call['operation']} {clean(params)}", "cyan"))


def named(accounts: Sequence[str], most: int = 6) -> str:
    """Return account names in words, the first few of many."""
    shown = ", ".join(clean(name) for name in accounts[:most])
    return shown if len(accounts) <= most else f"{shown} and {len(accounts) - most} more"


def field_lines(change: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a change does to each field, as (line, style)."""
    before, after = change["before"] or {}, change["after"] or {}
    if change["after"] is None:
        return
    for field, new in after.items():
        old = before.get(field)
        empty = new in (None, "", [], {}, False)
        if old == new or (not before and empty) or field not in after:
            continue
        yield from _field(field, old, new)


def _field(field: str, old: Any, new: Any) -> Iterator[tuple[str, str]]:
    if isinstance(new, list) or isinstance(old, list):
        was, now = old or [], new or []
        yield f"{field}:", ""
        yield from ((f"  + {_short(item)}", "green") for item in now if item not in was)
        yield from ((f"  - {_short(item)}", "red") for item in was if item not in now)
    elif _is_document(new) or _is_document(old):
        yield f"{field}:", ""
        yield from _document(old, new)
    elif isinstance(new, dict) or isinstance(old, dict):
        yield f"{field}:", ""
        was, now = old or {}, new or {}
        for key in sorted({*was, *now}):
            if was.get(key) == now.get(key):
                continue
            if _is_document(was.get(key)) or _is_document(now.get(key)):
                yield f"  {key}:", ""
                yield from ((f"  {line}", style) for line, style in _document(was.get(key), now.get(key)))
                continue
            if key in was:
                yield f"  - {key}: {_short(was[key])}", "red"
            if key in now:
                yield f"  + {key}: {_short(now[key])}", "green"
    elif old in (None, "") or old == new:
        yield f"{field}: {_short(new)}", "green"
    else:
        yield f"{field}: {_short(old)} -> {_short(new)}", "yellow"


def _is_document(value: Any) -> bool:
    return isinstance(value, dict) and "Statement" in value


def _document(old: Any, new: Any) -> Iterator[tuple[str, str]]:
    """Yield the difference of two policy documents, line by line."""
    was, now = (json.dumps(one, indent=2, ensure_ascii=False).splitlines() if one else [] for one in (old, new))
    for line in list(difflib.unified_diff(was, now, lineterm="", n=2))[2:]:
        if line.startswith("@@"):
            continue
        yield f"  {line}", {"+": "green", "-": "red"}.get(line[:1], "dim")


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool) else str(value)


def _print_access(plan: Plan, console: Console) -> None:
    styles = {"who": ("", "bold"), "gained": ("+ ", "yellow"), "lost": ("- ", "red"), "more": ("", "dim")}
    lines = list(access_lines(plan))
    if lines:
        console.print(Text("Access:", "bold"))
    for depth, line, what in lines:
        mark, style = styles[what]
        console.print(Text(f"  {'  ' * depth}{mark}{clean(line)}", style))


def _print_findings(plan: Plan, console: Console) -> None:
    findings = [finding for account in plan["accounts"] for finding in account["findings"]]
    order = list(SEVERITIES)
    for finding in sorted(findings, key=lambda one: order.index(one["severity"])):
        style = SEVERITIES[finding["severity"]]
        console.print(
            Text.assemble(
                ("? ", f"bold {style}"), (f"{finding['severity']} ", style), clean(finding["address"]),
                f": {clean(finding['message'])}",
            )
        )  # fmt: skip


def print_problem(problem: Mapping[str, Any], console: Console) -> None:
    """Print what is wrong, where, and what to do about it."""
    style = {"error": "bold red", "warning": "yellow"}.get(problem["severity"], "")
    rule = f" [{problem['rule']}]" if problem.get("rule") else ""
    console.print(
        Text.assemble(
            (f"{problem['severity']}{rule}: ", style), f"{clean(problem['where'])}: {clean(problem['summary'])}"
        )
    )
    if problem.get("hint"):
        console.print(Text(f"  hint: {clean(problem['hint'])}", "dim"))


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
