"""The plan for a person: what changes, once for all accounts it holds for; what is removed or lost stands out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iamfix.views import access
from iamfix.views.calls import call_text
from iamfix.views.page import Page, Part, Tone, count
from iamfix.views.same import (
    Plan,
    SameChange,
    SameFinding,
    SameProblem,
    SameTask,
    named,
    same_findings,
    same_problems,
    same_tasks,
)

MARKS: Mapping[str, tuple[str, Tone]] = {"create": ("+", "add"), "update": ("~", "change"), "delete": ("-", "remove")}
_ROWS: Mapping[str, Tone] = {"+": "add", "~": "change", "-": "remove"}
_SEVERITY: Mapping[str, Tone] = {"critical": "danger", "high": "remove", "medium": "change", "low": "info"}
_PROBLEM: Mapping[str, Tone] = {"error": "danger", "warning": "warning"}
_MANY = 100_000


def plan_text(plan: Plan, *, width: int = 80, color: bool = False, verbose: int = 0) -> str:
    """Return a plan as text that ends with `summary_line`.

    `verbose` 1 adds the AWS calls and names every account, 2 shows the calls whole and those that take them back.
    `width` 0 wraps nothing.
    """
    page = Page(width, color=color)
    tasks = same_tasks(plan)
    everyone = len(_planned(plan))
    for task in tasks:
        _task(page, task, everyone, verbose)
    access.section(page, plan, verbose)
    _findings(page, same_findings(plan), verbose)
    _waves(page, plan)
    _errors(page, plan, everyone, verbose)
    page.blank()
    _tally(page, plan, tasks)
    page.line(0, (summary_line(plan), "title"))
    return page.text()


def summary_line(plan: Plan) -> str:
    """Return the last line of a plan; accounts that could not be planned are not in its count."""
    found = plan["summary"]
    if found["create"] or found["update"] or found["delete"]:
        changes = f"{found['create']} to create, {found['update']} to change, {found['delete']} to delete"
        return f"Plan: {changes} in {count(len(_planned(plan)), 'account')}."
    whole = [account for account in _planned(plan) if not account.get("incomplete")]
    return f"No changes. {count(len(whole), 'account')} {'matches' if len(whole) == 1 else 'match'} the playbooks."


def problem_lines(page: Page, problem: SameProblem, place: str = "") -> None:
    """Add what is wrong, where, and what to do about it."""
    rule = f" [{problem.rule}]" if problem.rule else ""
    head: Part = (f"{problem.severity}{rule}: ", _PROBLEM.get(problem.severity, "info"))
    page.wrap(0, head, f"{problem.where}: {problem.summary}" if problem.where else problem.summary)
    if place:
        page.wrap(2, ("in ", "dim"), (place, "dim"))
    if problem.hint:
        page.wrap(2, ("hint: ", "info"), problem.hint, hang=6)


def _planned(plan: Plan) -> list[Mapping[str, object]]:
    return [account for account in plan["accounts"] if not account["error"]]


def _task(page: Page, task: SameTask, everyone: int, verbose: int) -> None:
    page.blank()
    serves = [f"practice {task.practice}"] if task.practice else []
    serves += task.controls
    page.wrap(0, (task.task or "(no name)", "title"), (f"  ({', '.join(serves)})" if serves else "", "dim"), hang=4)
    for change in task.changes:
        _change(page, change, everyone, verbose)


def _change(page: Page, same: SameChange, everyone: int, verbose: int) -> None:
    change = same.change
    mark, tone = MARKS[change["action"]]
    where = f" ({', '.join(same.regions)})" if same.regions else ""
    accounts = named(same.accounts, everyone, _MANY if verbose else 10)
    title: list[Part] = [(f"{mark} {change['kind']} ", tone), (change["name"], tone), where]
    if change["action"] == "delete":
        title.append((" is deleted", "danger"))
    page.wrap(2, *title, ("  in ", "dim"), (accounts, "dim"), hang=4)
    for row in same.rows:
        text: list[Part] = [(f"{row.mark} ", _ROWS[row.mark]), (row.text, _ROWS[row.mark])]
        if row.code:
            page.line(6 + 4 * row.depth, *text)
        else:
            page.wrap(6 + 4 * row.depth, *text, hang=4)
    for lost in change["loses"]:
        page.wrap(6, ("! destroys for good: ", "danger"), (lost, "danger"), hang=2)
    for note in change.get("notes", ()):
        page.wrap(6, ("note: ", "info"), (note, "dim"), hang=6)
    if verbose:
        room = 0 if verbose > 1 else max(page.width - 8, 40)
        for call in change["calls"]:
            page.line(6, ("> " + call_text(call, room), "info"))
        if verbose > 1:
            for call in change.get("undo", ()):
                page.line(6, ("< " + call_text(call, room), "dim"))


def _findings(page: Page, findings: Sequence[SameFinding], verbose: int) -> None:
    if not findings:
        return
    page.blank()
    page.line(0, ("Findings", "title"), ("  what no call can mend", "dim"))
    for found in findings:
        page.wrap(2, (found.severity.ljust(9), _SEVERITY.get(found.severity, "dim")), found.message, hang=9)
        for text in resources(found, _MANY if verbose else 10):
            page.wrap(11, (text, "dim"), hang=2)


def resources(found: SameFinding, most: int) -> list[str]:
    """Return `payments-prod: iam_user/alice, carol` for each account of a finding, the first `most` of them."""
    by_account: dict[str, dict[str, list[str]]] = {}
    for account, resource in found.resources:
        kind, _, name = resource.rpartition("/")
        by_account.setdefault(account, {}).setdefault(kind, []).append(name)
    lines = [
        f"{account}: " + "; ".join(f"{kind}/{', '.join(names)}" for kind, names in kinds.items())
        for account, kinds in by_account.items()
    ]
    left = len(lines) - most
    return [*lines[:most], f"and in {count(left, 'account')} more"] if left > 0 else lines


def _waves(page: Page, plan: Plan) -> None:
    for wave in plan.get("waves", ()):
        sizes = [len(batch) for batch in wave["batches"]]
        if len(sizes) > 1:
            page.blank()
            steps = ", then ".join(str(size) for size in sizes)
            page.wrap(0, ("Waves  ", "title"), f"{wave['play'] or '(play without a name)'}: {steps} accounts")


def _errors(page: Page, plan: Plan, everyone: int, verbose: int) -> None:
    problems = same_problems(plan)
    failed = [account for account in plan["accounts"] if account["error"]]
    if problems or failed:
        page.blank()
    for problem in problems:
        place = named(problem.accounts, everyone, _MANY if verbose else 10)
        problem_lines(page, problem, "" if problem.where.startswith(f"{place}/") else place)
    for account in failed:
        page.wrap(0, ("error: ", "danger"), (account["name"], "title"), f" could not be planned: {account['error']}")


def _tally(page: Page, plan: Plan, tasks: Sequence[SameTask]) -> None:
    """Add what a reader must not overlook, and what was left alone."""
    deleted = plan["summary"]["delete"]
    taken = sum(
        len(same.accounts) * max(1, len(same.regions)) * sum(row.mark == "-" and not row.code for row in same.rows)
        for task in tasks
        for same in task.changes
        if same.change["action"] == "update"
    )
    lost = sum(len(same.accounts) * len(same.change["loses"]) for task in tasks for same in task.changes)
    parts = [f"{count(deleted, 'resource')} deleted"] if deleted else []
    parts += [f"{count(taken, 'entry', 'entries')} taken out of what stays"] if taken else []
    parts += [f"{count(lost, 'thing')} destroyed for good"] if lost else []
    if parts:
        page.wrap(0, ("! Removals: ", "danger"), ", ".join(parts))
    ignored = sum(account.get("ignored", 0) for account in plan["accounts"])
    if ignored:
        page.wrap(0, (f"{count(ignored, 'resource')} of AWS services and other tools left alone", "dim"))
    findings = plan["summary"]["findings"]
    if findings:
        page.wrap(0, (count(findings, "finding") + " that no call can mend", "dim"))
