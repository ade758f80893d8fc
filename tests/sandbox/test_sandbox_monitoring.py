"""Every rule of CloudWatch and CloudWatch Logs that moto lacks and the sandbox holds."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from iamfix.sandbox import Sandbox

Step = tuple[str, str, dict[str, Any]]

METRIC = {"metricName": "Root", "metricNamespace": "LogMetrics", "metricValue": "1"}
TOPIC = "arn:aws:sns:us-east-1:111111111111:alarms"
ALARM = {
    "AlarmName": "Root", "MetricName": "Root", "Namespace": "LogMetrics", "Statistic": "Sum", "Period": 300,
    "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}  # fmt: skip


def logs(operation: str, **params: Any) -> Step:
    return "logs", operation, {"logGroupName": "trail", **params}


def put_filter(name: str = "Root", pattern: str = '{$.userIdentity.type="Root"}', **metric: Any) -> Step:
    return logs("put_metric_filter", filterName=name, filterPattern=pattern, metricTransformations=[METRIC | metric])


def alarm(**params: Any) -> Step:
    given = {**ALARM, **params}
    return "cloudwatch", "put_metric_alarm", {key: value for key, value in given.items() if value is not None}


GROUP = logs("create_log_group")
REFUSED: dict[str, tuple[list[Step], str]] = {
    "log group made twice": ([GROUP, GROUP], "ResourceAlreadyExistsException"),
    "log group in AWS's name space": ([logs("create_log_group", logGroupName="aws/x")], "InvalidParameterException"),
    "no log group": ([logs("put_retention_policy", retentionInDays=7)], "ResourceNotFoundException"),
    "retention outside of the list": (
        [GROUP, logs("put_retention_policy", retentionInDays=364)],
        "InvalidParameterException",
    ),
    "key that is not there": (
        [
            GROUP,
            logs(
                "associate_kms_key",
                kmsKeyId="arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555",
            ),
        ],
        "InvalidParameterException",
    ),
    "key by alias": (
        [GROUP, logs("associate_kms_key", kmsKeyId="alias/trail")],
        "InvalidParameterException",
    ),
    "deleted twice": ([GROUP, logs("delete_log_group"), logs("delete_log_group")], "ResourceNotFoundException"),
    "filter without a group": ([put_filter()], "ResourceNotFoundException"),
    "broken pattern": ([GROUP, put_filter(pattern="{ ($.a = 1 }")], "InvalidParameterException"),
    "open quote": ([GROUP, put_filter(pattern='{ $.a = "x }')], "InvalidParameterException"),
    "default value with dimensions": (
        [GROUP, put_filter(defaultValue=0.0, dimensions={"a": "$.a"})],
        "InvalidParameterException",
    ),
    "filter that is not there": ([GROUP, logs("delete_metric_filter", filterName="x")], "ResourceNotFoundException"),
    "alarm without a threshold": ([alarm(Threshold=None)], "ValidationError"),
    "alarm with two statistics": ([alarm(ExtendedStatistic="p99")], "ValidationError"),
    "alarm with an odd period": ([alarm(Period=301)], "ValidationError"),
    "alarm over more than a day": ([alarm(Period=1800, EvaluationPeriods=50)], "ValidationError"),
    "more datapoints than periods": ([alarm(DatapointsToAlarm=2)], "ValidationError"),
    "topic of another region": ([alarm(AlarmActions=[TOPIC.replace("us-east-1", "eu-west-1")])], "ValidationError"),
    "action that is no ARN": ([alarm(AlarmActions=["alarms"])], "ValidationError"),
    "six actions": ([alarm(AlarmActions=[f"{TOPIC}{n}" for n in range(6)])], "ValidationError"),
    "missing alarm deleted": ([("cloudwatch", "delete_alarms", {"AlarmNames": ["x"]})], "ResourceNotFound"),
    "metric maths beside a metric": (
        [alarm(Metrics=[{"Id": "e1", "Expression": "1"}])],
        "ValidationError",
    ),
}


def _do(sandbox: Sandbox, steps: list[Step]) -> None:
    for service, operation, params in steps:
        getattr(sandbox.client(service), operation)(**params)


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_aws_refuses(case: str, sandbox: Sandbox) -> None:
    """All steps but the last are taken, and the last is refused with AWS's code."""
    steps, code = REFUSED[case]
    _do(sandbox, steps[:-1])
    with pytest.raises(ClientError) as refused:
        _do(sandbox, steps[-1:])
    assert refused.value.response["Error"]["Code"] == code


def test_a_metric_filter_is_replaced_not_added(sandbox: Sandbox) -> None:
    """PutMetricFilter of the same name leaves one filter, the new one, and nothing of the old one's transformation."""
    _do(sandbox, [GROUP, put_filter(defaultValue=0.0), put_filter(pattern="ERROR", metricName="Errors")])
    found = sandbox.client("logs").describe_metric_filters(logGroupName="trail")["metricFilters"]
    assert [(one["filterPattern"], one["metricTransformations"]) for one in found] == [
        ("ERROR", [METRIC | {"metricName": "Errors"}])
    ]


def test_a_log_group_takes_a_hundred_filters(sandbox: Sandbox) -> None:
    """The hundredth is taken, a second group has room of its own, and the hundred-and-first is refused."""
    other = put_filter("first")
    _do(sandbox, [GROUP, *(put_filter(f"f{number}") for number in range(100))])
    _do(sandbox, [logs("create_log_group", logGroupName="other"), (*other[:2], {**other[2], "logGroupName": "other"})])
    with pytest.raises(ClientError, match="LimitExceededException"):
        _do(sandbox, [put_filter("f100")])
    pages = sandbox.client("logs").get_paginator("describe_metric_filters").paginate()
    assert [len(page["metricFilters"]) for page in pages] == [50, 50, 1]


def test_a_log_group_takes_its_filters_along(sandbox: Sandbox) -> None:
    """A deleted log group leaves no filter, and one made again has none."""
    _do(sandbox, [GROUP, put_filter(), logs("delete_log_group"), GROUP])
    assert sandbox.client("logs").describe_metric_filters()["metricFilters"] == []


def test_an_alarm_is_replaced_whole_but_for_its_tags(sandbox: Sandbox) -> None:
    """What a second PutMetricAlarm leaves out is lost; the tags it gives are not taken, the old ones stay."""
    tags = [{"Key": "Owner", "Value": "a"}]
    _do(
        sandbox,
        [
            alarm(AlarmActions=[TOPIC], AlarmDescription="x", Tags=tags, TreatMissingData="notBreaching"),
            alarm(Threshold=2.0, Tags=[{"Key": "Other", "Value": "b"}]),
        ],
    )
    client = sandbox.client("cloudwatch")
    found = client.describe_alarms()["MetricAlarms"][0]
    assert (found["Threshold"], found["AlarmActions"], found.get("AlarmDescription")) == (2.0, [], None)
    assert "TreatMissingData" not in found
    assert client.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"] == tags


def test_a_new_alarm_has_seen_no_data(sandbox: Sandbox) -> None:
    """A new alarm is INSUFFICIENT_DATA, and lives in the region where it was made."""
    _do(sandbox, [alarm()])
    assert sandbox.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["StateValue"] == "INSUFFICIENT_DATA"
    assert sandbox.client("cloudwatch", region="eu-west-1").describe_alarms()["MetricAlarms"] == []
