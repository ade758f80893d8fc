"""Four steps for every kind: plan and apply, plan again, roll back, as at the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iamfix.fields import FieldSpec, differences, fields_of, to_plain
from iamfix.kinds import KINDS
from iamfix.kinds.optional import kept
from iamfix.model import Call, Plan
from iamfix.sandbox import Sandbox
from iamfix.shared_policy import SharedPolicy
from tests.direct import resolved
from tests.kinds.states import EXAMPLES, FOUND, GROUPS, NAMES, STATES, SURROUNDINGS
from tests.running import Project


def _task(kind: str, state: Any | None) -> dict[str, Any]:
    """Write a State as a playbook would."""
    name = {} if KINDS[kind].SINGLETON else {"name": NAMES.get(kind, "thing")}
    if state is None:
        return {kind: {**name, "state": "absent"}}
    specs, plain = fields_of(type(state)), to_plain(state)
    return {kind: {**name, **{field: _whole(specs[field], plain[field]) for field in plain if specs[field].settable}}}


def _whole(spec: FieldSpec, value: Any) -> Any:
    """A field's value as it shall be exactly: policies are merged unless one says so."""
    return {"exactly": value} if isinstance(spec.codec, SharedPolicy) else value


def _changes(plan: Plan) -> list[Any]:
    assert [account.error for account in plan.accounts] == [None]
    return list(plan.changes())


def _make(
    sandbox: Sandbox, calls: Sequence[Call], given: Mapping[str, Any] | None = None, account: str = "111111111111"
) -> dict[str, Any]:
    """Send calls as somebody else would, or as the account's root user.

    Returns the answers by operation, those `given` before among them.
    """
    answers: dict[str, Any] = dict(given or {})
    for call in calls:
        who = account if call.as_root else None
        client = sandbox.client(call.service, who, region=call.region or "us-east-1")
        answers[call.operation] = getattr(client, call.operation)(**resolved(call.params, answers))
    return answers


@pytest.mark.parametrize("kinds", GROUPS, ids=lambda kinds: f"{kinds[0]}-and-{len(kinds) - 1}-more")
def test_plan_apply_plan_rollback(kinds: Sequence[str], bare: Sandbox, tmp_path: Path) -> None:
    """A first plan changes, a second does not, and a rollback leaves AWS as it was: on pairs of random States.

    Kinds of a family go the steps together, in one playbook: each has its own pairs, and its own task.
    """
    _make(bare, SURROUNDINGS)
    # What is never deleted is there from the start.
    states = {kind: STATES[kind] if kept(KINDS[kind]) else st.none() | STATES[kind] for kind in kinds}
    fixed = [
        kind
        for kind in kinds
        if not kept(KINDS[kind]) and any(spec.fixed for spec in fields_of(KINDS[kind].State).values())
    ]

    @given(first=st.fixed_dictionaries(states), second=st.fixed_dictionaries(states))
    @settings(
        max_examples=EXAMPLES.get(kinds[0], 25),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    def steps(first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        project = Project(folder, allow=("irreversible", "whole-organization"))
        if fixed:
            project.apply(project.plan(*(_task(kind, None) for kind in fixed)))
        at_first, then = ([_task(kind, state) for kind, state in found.items()] for found in (first, second))
        project.apply(project.plan(*at_first))

        planned = project.plan(*then)
        if not _changes(planned):
            return
        outcome = project.apply(planned)
        assert set(outcome.accounts.values()) == {"done"}
        assert _changes(project.plan(*then)) == []

        runner = project.runner()
        back = runner.apply(runner.rollback(outcome.run_id), "rollback")
        assert set(back.accounts.values()) == {"done"}
        assert _changes(project.plan(*at_first)) == []

    steps()


def _numbered(value: Any, number: int) -> Any:
    """Put a number on each name that begins with `thing`."""
    if isinstance(value, str):
        return value.replace("thing", f"thing-{number}") if value.startswith("thing") else value
    if isinstance(value, Mapping):
        return {key: _numbered(item, number) for key, item in value.items()}
    return [_numbered(item, number) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("kind", sorted(FOUND))
def test_what_is_found_goes_the_four_steps(kind: str, bare: Sandbox, tmp_path: Path) -> None:
    """Plan, apply, plan, roll back, for what is asked of found resources; then each goes, unless it is kept."""
    found, stays = FOUND[kind], kept(KINDS[kind])
    _make(bare, SURROUNDINGS)
    where = {} if KINDS[kind].SCOPE == "global" else {"regions": ["us-east-1"]}
    numbers = count()

    def make(making: Sequence[Call]) -> dict[str, Any]:
        if found.at_once > 1:
            number = next(numbers)
            making = [replace(call, params=_numbered(call.params, number)) for call in making]
        return _make(bare, making, None, found.account[1])

    pair = st.tuples(st.sampled_from(found.makings), found.asked)

    @given(pairs=st.lists(pair, min_size=found.at_once, max_size=found.at_once))
    @settings(
        max_examples=EXAMPLES.get(kind, 25),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    def steps(pairs: Sequence[tuple[Sequence[Call], Mapping[str, Any]]]) -> None:
        made = [(make(making), asked) for making, asked in pairs]
        tasks = [{kind: {"name": found.name(answers), **asked}, **where} for answers, asked in made]
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        project = Project(folder, allow=("irreversible",))
        planned = project.plan(*tasks, accounts=found.account[0])
        if _changes(planned):
            outcome = project.apply(planned)
            assert set(outcome.accounts.values()) == {"done"}
            assert _changes(project.plan(*tasks, accounts=found.account[0])) == []
            runner = project.runner()
            back = runner.apply(runner.rollback(outcome.run_id), "rollback")
            assert set(back.accounts.values()) == {"done"}
            again = _changes(project.plan(*tasks, accounts=found.account[0]))
            assert [change.address for change in again] == [change.address for change in planned.changes()]
            assert all(
                not differences(one.before, was.before) for one, was in zip(again, planned.changes(), strict=True)
            )
        if stays:
            if found.at_once == 1:
                _make(bare, found.end(made[0][0]), made[0][0])
            return
        gone = [{kind: {"name": found.name(answers), "state": "absent"}, **where} for answers, _ in made]
        outcome = project.apply(project.plan(*gone, accounts=found.account[0]))
        assert set(outcome.accounts.values()) == {"done"}
        assert _changes(project.plan(*gone, accounts=found.account[0])) == []
        lost = project.runner().rollback(outcome.run_id)
        assert (_changes(lost), [problem.rule for problem in lost.problems()]) == ([], ["irreversible"])

    steps()
