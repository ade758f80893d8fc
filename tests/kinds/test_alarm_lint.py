"""Alarms that can never fire: each is named, and those that can are left alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from iamfix.kinds import cloudwatch_metric_alarm as alarms
from iamfix.kinds import cloudwatchlogs_log_group_metric_filter as filters
from iamfix.world import Spot
from tests.direct import ACCOUNT, Direct

GOOD = alarms.State(
    metric_name="Root", namespace="LogMetrics", statistic="Sum", comparison="GreaterThanOrEqualToThreshold",
    threshold=1.0, period=300, evaluation_periods=1, treat_missing_data="notBreaching",
)  # fmt: skip
METRIC = filters.Metric(metric_name="Root", metric_namespace="LogMetrics", metric_value="1", default_value=0.0)
FILTER = filters.State(filter_pattern="x", metric_transformation=METRIC)

NEVER: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "average of a count": ({"statistic": "Average"}, {}, "the average of a count"),
    "minimum of a count": ({"statistic": "Minimum"}, {}, "the minimum of a count"),
    "maximum below the threshold": ({"statistic": "Maximum", "threshold": 5.0}, {}, "no event counts more than 1"),
    "maximum that must be above one": (
        {"statistic": "Maximum", "comparison": "GreaterThanThreshold"}, {}, "no event counts more than 1",
    ),
    "count below a threshold": ({"comparison": "LessThanThreshold"}, {}, "does not fall below"),
    "wrong metric": ({"metric_name": "Rooot"}, {}, "no metric filter makes the metric 'Rooot'"),
    "more datapoints than periods": ({"datapoints_to_alarm": 2}, {}, "2 of 1 periods"),
    "dimensions that the filter has not": ({"dimensions": {"Who": "x"}}, {}, "dimensions"),
    "unit that the filter has not": ({"unit": "Seconds"}, {}, "the unit Seconds"),
    "percentile of a count": ({"statistic": None, "extended_statistic": "p99"}, {}, "p99 of a count"),
    "sample count that counts defaults": ({"statistic": "SampleCount"}, {}, "counts the default values"),
    "events that count nothing": ({}, {"metric_value": "0"}, "adds 0 for each event"),
    "in alarm while nothing happens": ({"threshold": 0.0}, {}, "it is in alarm while nothing happens"),
    "default value that is an alarm": ({}, {"default_value": 1.0}, "it is in alarm while nothing happens"),
    "default value above the threshold": (
        {"comparison": "GreaterThanThreshold", "threshold": 0.5}, {"default_value": 1.0}, "while nothing happens",
    ),
    "no default value": (
        {"treat_missing_data": "missing"}, {"default_value": None}, "no default value",
    ),
}  # fmt: skip
FIRES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "as it should be": ({}, {}),
    "maximum of one event": ({"statistic": "Maximum"}, {}),
    "no default value, but missing is no breach": ({}, {"default_value": None}),
    "a default value, and missing is missing": ({"treat_missing_data": "missing"}, {}),
    "the number is in the event": (
        {"statistic": "Average", "comparison": "LessThanThreshold"}, {"metric_value": "$.n"},
    ),
    "sample count of events alone": ({"statistic": "SampleCount"}, {"default_value": None}),
    "more than none": ({"comparison": "GreaterThanThreshold", "threshold": 0.0}, {}),
    "the unit that the filter has": ({"unit": "Count"}, {"unit": "Count"}),
    "a metric of AWS": ({"namespace": "AWS/EC2", "statistic": "Average"}, {}),
    "a name space that no filter feeds": ({"namespace": "Shop", "statistic": "Average"}, {}),
}  # fmt: skip


def _told(alarm: alarms.State, metric: filters.Metric, region: str = "us-east-1") -> list[tuple[str, str]]:
    world = Direct().world()
    world.put("cloudwatchlogs_log_group_metric_filter", "trail:Root", "us-east-1",
              replace(FILTER, metric_transformation=metric))  # fmt: skip
    return [(breach.rule, breach.summary) for breach in alarms.breaches("Root", None, alarm, Spot(world, region))]


@pytest.mark.parametrize("case", sorted(NEVER))
def test_an_alarm_that_can_never_fire_is_refused(case: str) -> None:
    """The lint names it under the rule `never-fires`, and says what is wrong."""
    alarm, metric, told = NEVER[case]
    found = _told(replace(GOOD, **alarm), METRIC.model_copy(update=metric))
    assert [rule for rule, _ in found] == ["never-fires"]
    assert told in found[0][1]


@pytest.mark.parametrize("case", sorted(FIRES))
def test_an_alarm_that_can_fire_is_taken(case: str) -> None:
    """Nothing is said of it."""
    alarm, metric = FIRES[case]
    assert _told(replace(GOOD, **alarm), METRIC.model_copy(update=metric)) == []


def test_an_alarm_in_another_region_than_its_metric_is_refused() -> None:
    """The metric is made where the trail's log group is, and an alarm does not see it from elsewhere."""
    found = _told(GOOD, METRIC, "eu-west-1")
    assert found == [("never-fires", found[0][1])]
    assert f"its metric is made in {ACCOUNT.home_region}" in found[0][1]


RULES: dict[str, tuple[dict[str, Any], str]] = {
    "no threshold": ({"threshold": None}, "threshold"),
    "no comparison": ({"comparison": None}, "comparison"),
    "no statistic": ({"statistic": None}, "statistic"),
    "two statistics": ({"extended_statistic": "p99"}, "statistic"),
    "odd period": ({"period": 301}, "period"),
    "more than a day": ({"period": 1800, "evaluation_periods": 50}, "longer than a day"),
    "metric and maths": ({"metrics": ({"Id": "e1", "Expression": "1"},)}, "not on both"),
    "six actions": ({"alarm_actions": frozenset(f"arn:aws:sns:us-east-1:1:t{n}" for n in range(6))}, "AWS takes 5"),
    "topic of another region": ({"alarm_actions": frozenset(("arn:aws:sns:eu-west-1:1:t",))}, "another region"),
}


@pytest.mark.parametrize("case", sorted(RULES))
def test_what_aws_would_refuse_is_told_before(case: str) -> None:
    """A breach of PutMetricAlarm's rules is a problem of the plan."""
    fields, told = RULES[case]
    found = [summary for rule, summary in _told(replace(GOOD, **fields), METRIC) if rule == "quota"]
    assert len(found) == 1
    assert told in found[0]
