"""The plan for a person at a terminal: what changes, once for all accounts it holds for; what is lost stands out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from iamfix.views.access import access_lines
from iamfix.views.field_lines import field_lines
from iamfix.views.groups import Group, Plan, grouped, grouped_findings, grouped_problems, whole, within
from iamfix.views.wording import clean, count, named

MARKS = {"create": ("+", "green"), "update": ("~", "yellow"), "delete": ("-", "red")}
SEVERITIES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}


def show_plan(plan: Plan, console: Console, *, verbose: int = 0) -> None:
    """Print a plan: changes by task, access, findings, problems, and one line that sums up.

    `verbose` shows the AWS calls, and policy documents whole.
    """
    task = None
    for change, accounts in grouped(plan):
        if (header := _task(change)) != task:
            console.print(Text(header, "bold"))
            task = header
        _print_change(change, accounts, console, verbose)
    _print_access(plan, console)
    for line in finding_lines(plan):
        console.print(line)
    for account in plan["accounts"]:
        if account["error"]:
            told = (clean(account["name"]), "bold"), f": {clean(account['error'])}"
            console.print(Text.assemble(("! ", "bold red"), *told))
    for problem, accounts in grouped_problems(plan):
        print_problem(problem, console, accounts)
    ignored = sum(account.get("ignored", 0) for account in plan["accounts"])
    if ignored:
        console.print(Text(f"{count(ignored, 'resource')} of AWS services and other tools left alone.", "dim"))
    console.print(Text(summary(plan), "bold"))


def summary(plan: Plan) -> str:
    """Return the last line of a plan."""
    found = plan["summary"]
    planned = [account for account in plan["accounts"] if not account["error"]]
    accounts = count(len(planned), "account")
    failed = len(plan["accounts"]) - len(planned)
    tail = f" {count(failed, 'account')} could not be planned." if failed else ""
    matching = sum(whole(account) for account in planned)
    if matching < len(planned):
        tail = f" {count(len(planned) - matching, 'account')} could not be planned whole.{tail}"
    tail += _counted_findings(plan)
    if not (found["create"] or found["update"] or found["delete"]):
        verb = "matches" if matching == 1 else "match"
        told = f" {count(matching, 'account')} {verb} the playbooks." if matching else ""
        return f"No changes.{told}{tail}" if planned else tail.strip()
    changes = f"{found['create']} to create, {found['update']} to change, {found['delete']} to delete"
    return f"Plan: {changes} in {accounts}.{tail}"


def _counted_findings(plan: Plan) -> str:
    """Return how many findings there are of each severity; nothing when there are none."""
    number = Counter(one["severity"] for account in plan["accounts"] for one in account["findings"])
    told = ", ".join(f"{number[severity]} {severity}" for severity in SEVERITIES if number[severity])
    return f" Findings: {told}." if told else ""


def _task(change: Mapping[str, Any]) -> str:
    practice = f"  practice {change['practice']}" if change.get("practice") else ""
    controls = "".join(f" [{clean(one)}]" for one in change.get("controls", ()))
    return f"{clean(change['task'])}{practice}{controls}"


def _print_change(change: Mapping[str, Any], accounts: Sequence[str], console: Console, verbose: int) -> None:
    mark, colour = MARKS[change["action"]]
    where = f" ({change['region']})" if change["region"] else ""
    console.print(
        Text.assemble(
            (f"  {mark} ", f"bold {colour}"), (f"{change['kind']} ", colour),
            (clean(change["name"]), f"bold {colour}"), where,
            (f"  in {named(accounts)}", "dim"),
        )
    )  # fmt: skip
    for line, style in field_lines(change, verbose):
        console.print(Text(f"      {clean(line)}", style))
    for lost in change["loses"]:
        console.print(Text(f"      ! destroys for good: {clean(lost)}", "bold red"))
    for note in change.get("notes", ()):
        console.print(Text(f"      note: {clean(note)}", "dim"))
    if verbose:
        for call in change["calls"]:
            params = json.dumps(call["params"], ensure_ascii=False)
            who = " as root" if call.get("as_root") else ""
            console.print(Text(f"      > {call['service']}:{call['operation']}{who} {clean(params)}", "cyan"))


def _print_access(plan: Plan, console: Console) -> None:
    styles = {"who": ("", "bold"), "gained": ("+ ", "yellow"), "lost": ("- ", "red"), "more": ("", "dim")}
    lines = list(access_lines(plan))
    if lines:
        console.print(Text("Access", "bold"))
    for depth, line, what in lines:
        mark, style = styles[what]
        console.print(Text(f"  {'  ' * depth}{mark}{clean(line)}", style))


def worst_first(plan: Plan) -> list[Group]:
    """Return each different finding once, the worst first."""
    order = list(SEVERITIES)
    return sorted(grouped_findings(plan), key=lambda one: order.index(one[0]["severity"]))


def finding_lines(plan: Plan) -> Iterator[Text]:
    """Yield the findings, worst first."""
    for finding, accounts in worst_first(plan):
        style = SEVERITIES[finding["severity"]]
        where = clean(within(finding["address"], accounts[0]))
        yield Text.assemble(
            ("? ", f"bold {style}"), (f"{finding['severity']} ", style), where, (f"  in {named(accounts)}", "dim"),
            f": {clean(finding['message'])}",
        )  # fmt: skip


def print_problem(problem: Mapping[str, Any], console: Console, accounts: Sequence[str] = ()) -> None:
    """Print what is wrong, where, and what to do about it; and in which accounts, when in several."""
    style = {"error": "bold red", "warning": "yellow"}.get(problem["severity"], "")
    rule = f" [{problem['rule']}]" if problem.get("rule") else ""
    told = f"{clean(problem['where'])}: {clean(problem['summary'])}"
    also = f"  (and in {named(accounts[1:])})" if len(accounts) > 1 else ""
    console.print(Text.assemble((f"{problem['severity']}{rule}: ", style), told, (also, "dim")))
    if problem.get("hint"):
        console.print(Text(f"  hint: {clean(problem['hint'])}", "dim"))
