"""Guards: from a plan to the problems that refuse its apply. Each has a name, by which it can be allowed.

A guard never stops planning; it says what is wrong. `allow: [rule]` on the task or `--allow rule` turns its error into
a warning that stays visible and is journalled.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from iamfix.kinds.protocol import Kind, Look
from iamfix.model import AccountPlan, Change, Plan, Problem

RULES = {
    "irreversible": "what a call destroys for good",
    "own-access": "the principal we run as, or a protected one, would lose access",
    "too-many": "more changes or deletions than --max-changes or --max-deletes take",
    "whole-organization": "a change that holds for every account of the organization",
    "quota": "sizes, counts and forms that AWS would not take",
    "missing": "what the resource needs of others: they are not there, or do not let it in",
    "tasks-disagree": "one task undoes what another does",
    "never-fires": "an alarm that can never fire as it should",
    "foreign-owner": "the resource belongs to an AWS service or another tool",
    "changed-since": "a rollback takes back what others have changed since the run; without it, that stays",
}

QUALITY = frozenset({"never-fires"})
"""Guards that judge how good a thing is that is made. They warn on the way back: it was so before."""


def breach_problems(kind: Kind, change: Change, look: Look) -> Iterator[Problem]:
    """Yield what can be told of one change alone, where it happens: its owner, and AWS's limits."""
    state = change.before if change.before is not None else change.after
    if owner := kind.owner(change.name, state):
        yield _problem(
            change, "foreign-owner", f"it belongs to {owner}", "leave it to its owner, or allow `foreign-owner`"
        )
    for breach in kind.breaches(change.name, change.before, change.after, look):
        yield _problem(change, breach.rule, breach.summary, breach.hint)


def irreversible(plan: AccountPlan) -> Iterator[Problem]:
    for change in plan.changes:
        if change.loses:
            yield _problem(
                change,
                "irreversible",
                f"this destroys for good: {', '.join(change.loses)}",
                "keep it, or allow `irreversible`",
            )


Guard = Callable[[AccountPlan], Iterator[Problem]]
GUARDS: Sequence[Guard] = (irreversible,)


def too_many(plan: Plan, max_changes: int | None, max_deletes: int | None) -> Iterator[Problem]:
    """Find a plan that is larger than its user said it may be, over all accounts."""
    changes = list(plan.changes())
    deletes = [change for change in changes if change.action == "delete"]
    for found, most, what in ((changes, max_changes, "changes"), (deletes, max_deletes, "deletes")):
        if most is not None and len(found) > most:
            yield Problem(
                "error", f"--max-{what}", f"the plan has {len(found)} {what}, and {most} are allowed",
                "look at it with `iamfix plan`, then raise the limit or use --limit and --tags", "too-many",
            )  # fmt: skip


def limited(plan: Plan, allow: Collection[str], max_changes: int | None, max_deletes: int | None) -> Plan:
    """Return the plan with what the guards over the whole of it say, at the first account that has changes."""
    found = too_many(plan, max_changes, max_deletes)
    problems = tuple(allowed(problem, allow) for problem in found)
    if not problems:
        return plan
    first = next(index for index, one in enumerate(plan.accounts) if one.changes)
    accounts = list(plan.accounts)
    accounts[first] = replace(accounts[first], problems=(*accounts[first].problems, *problems))
    return replace(plan, accounts=tuple(accounts))


def guarded(plan: AccountPlan, allow: Collection[str], guards: Sequence[Guard] = GUARDS) -> AccountPlan:
    """Return the account's plan with what the guards say, and with what is allowed made a warning."""
    problems = [*plan.problems, *(problem for guard in guards for problem in guard(plan))]
    tasks: dict[str, set[str]] = {}
    for change in plan.changes:
        tasks.setdefault(change.address, set()).update(change.origin.allow)
    return replace(plan, problems=tuple(allowed(problem, allow, tasks.get(problem.where, ())) for problem in problems))


def allowed(problem: Problem, allow: Collection[str], task: Collection[str] = ()) -> Problem:
    """Turn an error into a warning where its rule is allowed, saying by whom."""
    if problem.severity != "error" or not problem.rule or problem.rule not in {*allow, *task}:
        return problem
    by = f"--allow {problem.rule}" if problem.rule in allow else "the task"
    return replace(problem, severity="warning", hint=f"allowed by {by}")


def _problem(change: Change, rule: str, summary: str, hint: str) -> Problem:
    return Problem("error", change.address, summary, hint, rule)
