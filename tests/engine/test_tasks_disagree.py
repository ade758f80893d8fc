"""Tasks that undo each other are told in the first plan, whatever there is; a plan that nothing is told of ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamfix.guards import guarded
from iamfix.model import AccountPlan
from tests.direct import Direct

A, B = "SecurityAudit", "ReadOnlyAccess"
Task = dict[str, Any]
_DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


def _group(**fields: Any) -> Task:
    return {"iam_group": {"name": "team", **fields}}


def _told(made: AccountPlan) -> list[str]:
    return [problem.summary.split(":")[0] for problem in made.problems if problem.rule == "tasks-disagree"]


CASES: dict[str, tuple[list[Task], list[Task], list[str]]] = {
    "an exact list, and more": (
        [], [_group(managed_policies=[A]), _group(managed_policies={"include": [B]})], ["managed_policies"],
    ),
    "an exact list that is so already, and more": (
        [_group(managed_policies=[A])], [_group(managed_policies=[A]), _group(managed_policies={"include": [B]})],
        ["managed_policies"],
    ),
    "an exact list that takes back what was included": (
        [], [_group(managed_policies={"include": [B]}), _group(managed_policies=[A])], ["managed_policies"],
    ),
    "excluded and included": (
        [], [_group(managed_policies={"exclude": [A]}), _group(managed_policies={"include": [A]})],
        ["managed_policies"],
    ),
    "included by two": (
        [], [_group(managed_policies={"include": [A]}), _group(managed_policies={"include": [B]})], [],
    ),
    "an exact list that has what another includes": (
        [], [_group(managed_policies=[A, B]), _group(managed_policies={"include": [A]})], [],
    ),
    "two paths": ([], [_group(path="/a/"), _group(path="/b/")], ["path"]),
    "two fields": ([], [_group(path="/a/"), _group(managed_policies=[A])], []),
    "the first of three": (
        [], [_group(managed_policies=[A]), _group(path="/a/"), _group(managed_policies=[])], ["managed_policies"],
    ),
    "absent, and made": ([], [_group(state="absent"), _group()], ["existence"]),
    "made, and absent": ([], [_group(), _group(state="absent")], ["existence"]),
    "absent twice": ([_group()], [_group(state="absent"), _group(state="absent")], []),
    "selected, changed and deleted": (
        [_group()],
        [{"iam_group": {"select": "path == '/'", "managed_policies": [A]}}, _group(state="absent")], [],
    ),
    "deleted by a select, and made": (
        [_group()], [{"iam_group": {"select": "path == '/'", "state": "absent"}}, _group()], ["existence"],
    ),
    "a member, who is then deleted": (
        [{"iam_user": {"name": "ann"}}],
        [_group(users={"include": ["ann"]}), {"iam_user": {"name": "ann", "state": "absent"}}], ["users"],
    ),
    "tags of its own, and tags as one of many": (
        [{"iam_managed_policy": {"name": "x", "policy": _DOCUMENT}}],
        [
            {"iam_managed_policy": {"name": "x", "tags": {"a": "b"}}},
            {"resource_tags": {"name": "arn:aws:iam::111111111111:policy/x", "tags": {"include": {"c": "d"}}}},
        ],
        ["tags"],
    ),
    "what waits for `enforce` asks nothing yet": (
        [_group()],
        [{**_group(managed_policies=[A]), "staged": {"message": "x"}}, _group(managed_policies={"include": [B]})], [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_task_that_undoes_another_is_told_in_the_first_plan(case: str) -> None:
    """By the field, also where the tasks name different kinds; and such a playbook always has something left to do."""
    there, tasks, told = CASES[case]
    aws = Direct()
    for change in aws.plan(*there).changes:
        aws.follow(change.calls)
    made = aws.plan(*tasks)
    assert _told(made) == told
    for change in made.changes:
        aws.follow(change.calls)
    assert bool(aws.plan(*tasks).changes) == bool(told)


def test_it_names_both_tasks_and_can_be_allowed() -> None:
    """An error with the line of the earlier task, which a task or --allow turns into a warning."""
    first, second = {"name": "one", **_group(path="/a/")}, {"name": "two", **_group(path="/b/")}
    (problem,) = guarded(Direct().plan(first, second), ()).problems
    assert (problem.severity, problem.where) == ("error", "lab/iam_group/team")
    assert problem.summary.startswith("path: the task 'two' undoes what 'one' (")
    assert [one.severity for one in guarded(Direct().plan(first, second), ("tasks-disagree",)).problems] == ["warning"]
    allowing = Direct().plan(first, {**second, "allow": ["tasks-disagree"]})
    assert [one.severity for one in guarded(allowing, ()).problems] == ["warning"]


_POLICIES = st.lists(st.sampled_from([A, B, "PowerUserAccess"]), unique=True)
_ASKED = (
    _POLICIES
    | _POLICIES.filter(bool).map(lambda names: {"include": names})
    | _POLICIES.filter(bool).map(lambda names: {"exclude": names})
)
_TASKS = st.lists(st.builds(lambda asked: _group(managed_policies=asked), _ASKED), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(_TASKS)
def test_a_plan_ends_exactly_where_nothing_is_told(tasks: list[Task]) -> None:
    """Applied, a playbook without such tasks has nothing left to do; one with them does its work for ever."""
    aws = Direct()
    made = aws.plan(*tasks)
    for change in made.changes:
        aws.follow(change.calls)
    assert bool(aws.plan(*tasks).changes) == bool(_told(made))
