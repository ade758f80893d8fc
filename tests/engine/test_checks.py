"""Checks that name their resource, and severities that follow from variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from iamfix.model import Finding, InputError
from iamfix.sandbox import Sandbox
from tests.running import Project


def _check(**check: Any) -> dict[str, Any]:
    return {"name": "c", "check": {"kind": "iam_user", "message": "{{ name }}", **check}}


def _findings(project: Project, *tasks: dict[str, Any]) -> list[Finding]:
    (account,) = project.plan(*tasks).accounts
    assert (account.error, [one for one in account.problems if one.severity == "error"]) == (None, [])
    return list(account.findings)


def test_a_check_may_name_a_resource_that_is_not_there(tmp_path: Path, bare: Sandbox) -> None:
    """With `name` the check is about one resource, and sees whether it exists and its fields."""
    bare.client("iam").create_user(UserName="ann", Path="/people/")
    project = Project(tmp_path)
    task = {**_check(name="{{ item }}", select="not exists"), "loop": ["ann", "bob"]}
    assert [(one.address, one.message) for one in _findings(project, task)] == [("management/iam_user/bob", "bob")]
    there = {**_check(name="{{ item }}", select="exists and path == '/people/'"), "loop": ["ann", "bob"]}
    assert [one.address for one in _findings(project, there)] == ["management/iam_user/ann"]


def test_a_named_check_sees_what_earlier_tasks_make(tmp_path: Path, bare: Sandbox) -> None:
    """It stands in the fold like any task: what is planned before it is there."""
    made = {"name": "m", "iam_user": {"name": "cyd"}}
    assert _findings(Project(tmp_path), made, _check(name="cyd", select="not exists")) == []


def test_a_severity_may_be_a_template(tmp_path: Path, bare: Sandbox) -> None:
    """The severity is rendered, and must be one of the words."""
    project = Project(tmp_path)
    task = {**_check(name="x", select=True, severity="{{ item }}"), "loop": ["high", "low"]}
    assert [one.severity for one in _findings(project, task)] == ["high", "low"]
    wrong = _check(name="x", select=True, severity="{{ 'hgih' }}")
    (account,) = project.plan(wrong).accounts
    assert [problem.summary for problem in account.problems] == ["this is no severity"]


@pytest.mark.parametrize("severity", ["urgent", "", 3])
def test_a_severity_that_is_none_is_refused_offline(severity: Any, tmp_path: Path, bare: Sandbox) -> None:
    """A word that is spelled out is checked without AWS."""
    with pytest.raises(InputError, match="severity"):
        Project(tmp_path).plan(_check(name="x", select=True, severity=severity))


def test_controls_may_follow_the_item(tmp_path: Path, bare: Sandbox) -> None:
    """Each item of a loop serves its own controls, in findings and in what was asked for at all."""
    project = Project(tmp_path)
    loop = [{"name": "ann", "ids": ["A/1", "A/2"]}, {"name": "bob", "ids": ["B/1"]}]
    task = {
        **_check(name="{{ item.name }}", select="item.name == 'ann'"), "loop": loop, "practice": 5,
        "controls": "{{ item.ids }}",
    }  # fmt: skip
    runner = project.runner()
    (account,) = runner.plan([project.playbook(task)]).accounts
    assert [finding.origin.controls for finding in account.findings] == [("A/1", "A/2")]
    assert {(5, ("A/1", "A/2")), (5, ("B/1",))} <= set().union(*runner.asked.values())
    (wrong,) = project.plan({**task, "controls": "{{ item.name }}"}).accounts
    assert [problem.summary for problem in wrong.problems] == ["controls are a list of text, got text"]


def test_what_follows_from_fields_can_be_asked_for(tmp_path: Path, bare: Sandbox) -> None:
    """`select` and `message` know every word that `iamfix doc` lists, those that follow from others included."""
    alarm = {
        "AlarmName": "a", "MetricName": "M", "Namespace": "N", "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0, "Period": 300, "EvaluationPeriods": 1,
    }  # fmt: skip
    client = bare.client("cloudwatch")
    client.put_metric_alarm(**alarm, Statistic="Average")
    client.put_metric_alarm(**{**alarm, "AlarmName": "b"}, Statistic="Sum")
    asked = {"kind": "cloudwatch_metric_alarm", "select": "never_fires", "message": "{{ never_fires }}"}
    (found,) = _findings(Project(tmp_path), {"name": "c", "check": asked})
    assert (found.address, "the average of a count" in found.message) == (
        "management/us-east-1/cloudwatch_metric_alarm/a", True,
    )  # fmt: skip
