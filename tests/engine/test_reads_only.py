"""Looking never changes anything, and applying sends the plan's calls and no others."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

from iamfix.aws.clients import ReadOnlyViolation
from iamfix.aws.session import Sessions
from iamfix.clock import TurnedClock
from iamfix.model import Account
from iamfix.sandbox import Sandbox
from tests import ledger
from tests.running import Project, use

TASKS: tuple[dict[str, Any], ...] = (
    {"name": "g", "iam_group": {"name": "readers"}},
    {"name": "u", "iam_user": {"name": "ann", "tags": {"team": "a"}}},
    {"name": "w", "iam_password_policy": {"minimum_password_length": 14}},
)


def sent(sandbox: Sandbox) -> list[str]:
    return [xform_name(record.operation) for record in sandbox.log.mutating() if record.service == "iam"]


def test_apply_sends_exactly_the_calls_of_the_plan(bare: Sandbox, tmp_path: Path) -> None:
    """Planning and planning the way back send no change; apply and rollback send just their plan's calls.

    That these are sent with the plan's parameters and in its order is asserted of every test (`ledger.check`).
    """
    project = Project(tmp_path)
    plan = project.plan(*TASKS)
    assert sent(bare) == []
    planned = [call.operation for change in plan.changes() for call in change.calls]
    assert planned
    assert project.apply(plan).exit_code == 0
    assert sorted(sent(bare)) == sorted(planned)
    bare.log.clear()
    back = project.runner().rollback("latest")
    assert sent(bare) == []
    assert project.runner().apply(back, "rollback").exit_code == 0
    assert sorted(sent(bare)) == sorted(call.operation for change in back.changes() for call in change.calls)


def test_a_change_that_no_apply_sent_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request of iamfix that changes something and stands in no journal fails the test in which it was sent."""
    with Sandbox() as sandbox:
        use(sandbox, monkeypatch)
        sessions = Sessions(TurnedClock(), random.Random(0), "20260101T000000-000-0000")
        client = sessions.enter(Account(id="111111111111", name="management")).client("iam", None, writes=True)
        client.create_user(UserName="ann")
        with pytest.raises(AssertionError, match="by no apply"):
            ledger.check(sandbox, tmp_path)


@pytest.mark.parametrize("what", ["params", "missing", "order", "unplanned"])
def test_a_call_that_was_not_planned_so_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """The check of every test sees other parameters, a call that never came, another order, and a call too many."""
    with Sandbox() as sandbox:
        use(sandbox, monkeypatch)
        project = Project(tmp_path)
        run = project.apply(project.plan(*TASKS, {"name": "g", "iam_group": {"name": "readers", "users": ["ann"]}}))
        ledger.check(sandbox, tmp_path)
        path = tmp_path / "journal" / f"{run.run_id}.jsonl"
        text = path.read_text(encoding="utf-8")
        if what == "params":
            text = text.replace('"ann"', '"eve"')
        elif what == "missing":
            text = text.replace('"MinimumPasswordLength":14', '"MinimumPasswordLength":15')
        elif what == "order":
            text = text.replace('"step":[0,1]', '"step":[0,9]')
        else:
            lines = text.splitlines()
            text = "\n".join(line for line in lines if '"event":"call"' not in line or '"n":2' not in line)
        path.write_text(text, encoding="utf-8")
        with pytest.raises(AssertionError):
            ledger.check(sandbox, tmp_path)


def test_a_client_that_reads_cannot_send_a_change(bare: Sandbox) -> None:
    """A mutating operation raises ReadOnlyViolation, and nothing arrives at AWS."""
    sessions = Sessions(TurnedClock(), random.Random(0), "test")
    client = sessions.enter(Account(id="111111111111", name="management")).client("iam", None)
    bare.log.clear()
    with pytest.raises(ReadOnlyViolation):
        client.create_user(UserName="ann")
    assert bare.log.records() == []
