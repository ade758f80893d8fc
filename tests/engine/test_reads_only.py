"""Looking never changes anything, and applying sends the plan's calls and no others."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

from iamfix.aws.session import ReadOnlyViolation, Sessions
from iamfix.clock import TurnedClock
from iamfix.model import Account
from iamfix.sandbox import Sandbox
from tests.running import Project

TASKS: tuple[dict[str, Any], ...] = (
    {"name": "g", "iam_group": {"name": "readers"}},
    {"name": "u", "iam_user": {"name": "ann", "tags": {"team": "a"}}},
    {"name": "w", "iam_password_policy": {"minimum_password_length": 14}},
)


def sent(sandbox: Sandbox) -> list[str]:
    return [xform_name(record.operation) for record in sandbox.log.mutating() if record.service == "iam"]


def test_apply_sends_exactly_the_calls_of_the_plan(bare: Sandbox, tmp_path: Path) -> None:
    """Planning and planning the way back send no change; apply and rollback send just their plan's calls."""
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


def test_a_client_that_reads_cannot_send_a_change(bare: Sandbox) -> None:
    """A mutating operation raises ReadOnlyViolation, and nothing arrives at AWS."""
    sessions = Sessions(TurnedClock(), random.Random(0), "test")
    client = sessions.enter(Account(id="111111111111", name="management")).client("iam", None)
    bare.log.clear()
    with pytest.raises(ReadOnlyViolation):
        client.create_user(UserName="ann")
    assert bare.log.records() == []
