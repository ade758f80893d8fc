"""Validation without AWS sees alarms that can never fire, where the playbook alone tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from iamfix.model import InputError, Problem
from iamfix.options import Options
from iamfix.validate import validate
from tests.practices.planning import PLAYBOOKS

FILTER = {
    "name": "trail:Root", "filter_pattern": "x",
    "metric_transformation": {
        "metric_name": "Root", "metric_namespace": "LogMetrics", "metric_value": "1", "default_value": 0,
    },
}  # fmt: skip
ALARM = {
    "name": "Root", "metric_name": "Root", "namespace": "LogMetrics", "statistic": "Sum", "period": 300,
    "comparison": "GreaterThanOrEqualToThreshold", "threshold": 1, "evaluation_periods": 1,
    "treat_missing_data": "notBreaching",
}  # fmt: skip


def _options(folder: Path, **more: Any) -> Options:
    inventory = folder / "inventory.yml"
    accounts = {"one": {"id": "111111111111", "regions": ["us-east-1", "eu-west-1"]}, "two": {"id": "222222222222"}}
    inventory.write_text(yaml.safe_dump({"all": {"accounts": accounts}}), encoding="utf-8")
    return Options(inventory=inventory, journal=folder, **more)


def _found(folder: Path, *tasks: dict[str, Any], **more: Any) -> list[Problem]:
    playbook = folder / "p.yml"
    playbook.write_text(yaml.safe_dump([{"accounts": "all", "tasks": list(tasks)}]), encoding="utf-8")
    told: list[Problem] = []
    try:
        validate([playbook], _options(folder, **more), told.append)
    except InputError as error:
        told += error.problems
    return told


def _tasks(
    alarm: dict[str, Any] | None = None, metric: dict[str, Any] | None = None, **task: Any
) -> list[dict[str, Any]]:
    told = {**FILTER["metric_transformation"], **(metric or {})}  # type: ignore[dict-item]
    told = {key: value for key, value in told.items() if value is not None}
    return [
        {"cloudwatchlogs_log_group_metric_filter": {**FILTER, "metric_transformation": told}},
        {"cloudwatch_metric_alarm": {**ALARM, **(alarm or {})}, **task},
    ]


NEVER: dict[str, tuple[list[dict[str, Any]], str]] = {
    "the average of a count": (_tasks({"statistic": "Average"}), "the average of a count"),
    "a metric that the filter does not make": (_tasks({"metric_name": "Rooot"}), "no metric filter makes the metric"),
    "no default value": (_tasks({"treat_missing_data": "missing"}, {"default_value": None}), "no default value"),
    "another region than the filter": (_tasks(regions=["eu-west-1"]), "its metric is made in us-east-1"),
    "a filter in another region": (
        [{**_tasks()[0], "regions": "eu-west-1"}, _tasks()[1]], "its metric is made in eu-west-1",
    ),
    "a threshold of nothing": (_tasks({"threshold": 0}), "it is in alarm while nothing happens"),
    "a period that AWS does not take": (_tasks({"period": 299}), "a period of 299 s"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(NEVER))
def test_an_alarm_that_can_never_fire_is_told_offline(case: str, tmp_path: Path) -> None:
    """An error at the alarm's task, once for both accounts where it is so in both."""
    tasks, told = NEVER[case]
    (problem,) = _found(tmp_path, *tasks)
    assert problem.severity == "error"
    assert told in problem.summary
    assert problem.hint
    assert "p.yml:" in problem.where
    # The second account has no other region, where the filter could be.
    assert ("(and in two)" in problem.summary) is (case != "a filter in another region")


ASKS = "{{ resources('iam_group')[0].name }}"
FINE: dict[str, list[dict[str, Any]]] = {
    "as it should be": _tasks(),
    "an alarm that is changed in part": [
        _tasks()[0], {"cloudwatch_metric_alarm": {"name": "Root", "statistic": "Average"}},
    ],
    "a metric of AWS": _tasks({"namespace": "AWS/EC2", "statistic": "Average"}),
    "a name space that no filter of the playbook feeds": _tasks({"namespace": "Shop", "statistic": "Average"}),
    "a statistic that only AWS can tell": _tasks({"statistic": ASKS}),
    "a metric that only AWS can tell": _tasks({"statistic": "Average"}, {"metric_name": ASKS}),
    "filters that only AWS can count": [
        {**_tasks()[0], "loop": "{{ resources('iam_group') }}"}, *_tasks({"metric_name": "Other"}),
    ],
    "an alarm that goes": [_tasks()[0], {"cloudwatch_metric_alarm": {"name": "Root", "state": "absent"}}],
    "regions that only AWS can tell": [_tasks()[0], {**_tasks()[1], "regions": "{{ resources('iam_group') }}"}],
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(FINE))
def test_what_the_playbook_cannot_tell_is_left_to_the_plan(case: str, tmp_path: Path) -> None:
    """No false alarm: what hangs on AWS, or on what is there already, is not judged."""
    assert _found(tmp_path, *FINE[case]) == []


def test_it_can_be_allowed(tmp_path: Path) -> None:
    """By the task or on the command line it becomes a warning."""
    for found in (
        _found(tmp_path, *_tasks({"statistic": "Average"}, allow=["never-fires"])),
        _found(tmp_path, *_tasks({"statistic": "Average"}), allow=("never-fires",)),
    ):
        assert [(one.severity, one.rule) for one in found] == [("warning", "never-fires")]


def test_what_else_is_wrong_is_told_beside_what_only_aws_can_tell(tmp_path: Path) -> None:
    """One argument that asks AWS does not hide a mistake in another."""
    (problem,) = _found(tmp_path, *_tasks({"description": "{{ resources('iam_group') | length }}", "period": "often"}))
    assert "period" in problem.summary


def test_regions_are_looked_at_without_aws(tmp_path: Path) -> None:
    """What cannot be a region is an error; one that is not known is a warning, for it may be young."""
    for regions, severity, told in (
        (["mars"], "error", "'mars' is no region"),
        ("us-est-1", "warning", "there is no region 'us-est-1'"),
    ):
        found = _found(tmp_path, {**_tasks()[0], "regions": regions})
        assert [(one.severity, one.summary) for one in found] == [(severity, told)]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"alarm_severities": {"low": {"threshold": 0}}}, "it is in alarm while nothing happens"),
        ({"alarm_severities": {"low": {"period": 301}}}, "a period of 301 s"),
        ({"alarm_severities": {"low": {"datapoints_to_alarm": 2}}}, "2 of 1 periods can never breach"),
    ],
)
def test_settings_of_the_shipped_alarms_are_judged(settings: dict[str, Any], told: str, tmp_path: Path) -> None:
    """Five alarms of low severity: each of them is named."""
    with pytest.raises(InputError) as caught:
        validate([PLAYBOOKS / "practices" / "alarms.yml"], _options(tmp_path, extra_vars=settings))
    assert [told in problem.summary for problem in caught.value.problems] == [True] * 5
    validate([PLAYBOOKS / "practices" / "alarms.yml"], _options(tmp_path))
