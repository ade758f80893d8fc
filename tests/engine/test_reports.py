"""AWS's own reports: waited for while AWS writes them, done without, and never the ground of a change."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from iamfix.sandbox import Sandbox
from iamfix.sandbox.services.iam.state import IamState
from tests.running import Project

CHECK = {"check": {"kind": "iam_user", "select": "console_access", "message": "{{ name }}", "severity": "low"}}
UNUSED = {"iam_access_key": {"select": "unused_days > 45", "status": "Inactive"}}


def _sent(sandbox: Sandbox) -> Counter[str]:
    return Counter(record.operation for record in sandbox.log.records())


def _state(sandbox: Sandbox) -> IamState:
    return sandbox.cloud.state(IamState, "111111111111", "aws")


def test_the_report_is_waited_for(practice: Sandbox, tmp_path: Path) -> None:
    """A report that AWS is still writing is asked for until it is there, then got once."""
    _state(practice).report_rounds = 3
    plan = Project(tmp_path).plan(CHECK)
    assert sorted(finding.message for finding in plan.accounts[0].findings) == ["break-glass", "frieda.finance"]
    sent = _sent(practice)
    assert (sent["GenerateCredentialReport"], sent["GetCredentialReport"]) == (5, 1)
    assert sent["GetLoginProfile"] == 2


def test_a_report_that_never_comes_is_done_without(practice: Sandbox, tmp_path: Path) -> None:
    """After five minutes every user is looked at instead, and the findings are the same."""
    _state(practice).report_rounds = 1_000_000
    plan = Project(tmp_path).plan(CHECK)
    assert sorted(finding.message for finding in plan.accounts[0].findings) == ["break-glass", "frieda.finance"]
    assert list(plan.problems()) == []
    assert _sent(practice)["GetLoginProfile"] == 3


def test_an_apply_takes_no_report_for_how_things_are(practice: Sandbox, tmp_path: Path) -> None:
    """Looking again before a change, and after it, reads the one key's user, live; what was used since is refused."""
    project = Project(tmp_path)
    plan = project.plan(UNUSED)
    (change,) = plan.changes()
    practice.log.clear()
    assert project.apply(plan).exit_code == 0
    assert _sent(practice) == {"GetCallerIdentity": 1, "ListAccessKeys": 2, "UpdateAccessKey": 1}
    assert list(project.plan(UNUSED).changes()) == []

    again: dict[str, Any] = {"iam_access_key": {"name": change.name, "status": "Active"}}
    plan = project.plan(again)
    practice.client("iam").delete_access_key(
        UserName=change.name.partition("/")[0], AccessKeyId=change.name.partition("/")[2]
    )
    outcome = project.apply(plan)
    assert set(outcome.accounts.values()) == {"refused"}
    assert "it is gone since the plan was made" in outcome.problems[0].summary


def test_a_change_planned_on_what_an_earlier_one_makes_is_no_surprise(bare: Sandbox, tmp_path: Path) -> None:
    """A user who joins a group and gets a tag in one plan does not look moved when it is applied, nor half-way."""
    project = Project(tmp_path)
    bare.client("iam").create_user(UserName="ann")
    tasks: tuple[dict[str, Any], ...] = (
        {"iam_group": {"name": "team", "users": ["ann"]}},
        {"iam_user": {"name": "ann", "tags": {"Owner": "a"}}},
    )
    plan = project.plan(*tasks)
    assert [change.kind for change in plan.changes()] == ["iam_group", "iam_user"]
    bare.faults.fail("iam", "TagUser", code="ServiceFailure", times=1_000)
    assert project.apply(plan).exit_code == 1
    bare.faults.clear()
    assert project.apply(plan).exit_code == 0
    assert list(project.plan(*tasks).changes()) == []
