"""A saved plan in other hands: judged for those who were to keep their access then, it is judged for those of now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from iamfix.access.judge import judged, judged_for
from iamfix.guards import guarded
from iamfix.model import AccountPlan, Problem
from iamfix.step import follow
from iamfix.world import World

__all__ = ["judged_again"]


def judged_again(
    plan: AccountPlan,
    world: Callable[[], World],
    runs_as: str,
    caller: Callable[[], str | None],
    allow: Collection[str] = (),
) -> Iterator[Problem]:
    """Yield the errors of the guard `own-access` for whoever applies a plan that somebody else made.

    Nothing is read where the plan was judged for the same principals: who sends the calls, who enters the account, and
    those that the inventory protects.

    Args:
        plan: as it was saved.
        world: gives the account as it is, which this changes; called only where it is needed.
        runs_as: ARN of the principal that will send the calls.
        caller: gives the ARN of who assumes the account's role; called only where the plan bears on that.
        allow: rules that are overridden, besides those that the tasks allow.

    Raises:
        AwsError: who enters cannot be asked for.
    """
    if not plan.judged_for:
        return
    entered = any(one.startswith("entered by") for one in plan.judged_for)
    if set(judged_for(plan.account, runs_as, caller() if entered else None)) <= set(plan.judged_for):
        return
    after = world()
    for change in plan.changes:
        follow(after, change)
    found = guarded(judged(replace(plan, problems=()), after, runs_as, caller), allow, ())
    yield from (problem for problem in found.problems if problem.severity == "error")
