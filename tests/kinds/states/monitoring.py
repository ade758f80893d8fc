"""CloudWatch: log groups, metric filters, alarms."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from iamfix.kinds import cloudwatch_metric_alarm, cloudwatchlogs_log_group, cloudwatchlogs_log_group_metric_filter
from iamfix.model import Call, Result

REGION = "us-east-1"
KEY = "alias/logs"
TOPICS = tuple(f"arn:aws:sns:{REGION}:111111111111:{name}" for name in ("urgent", "daily"))

TAGS: tuple[dict[str, str], ...] = (
    {},
    {"Owner": "a"},
    {"Owner": "b c", "Env": "a"},
    {"Env": "b c", "cost.center": "a"},
)
ACTIONS = (frozenset[str](), frozenset(TOPICS[:1]), frozenset(TOPICS[1:]), frozenset(TOPICS))


def mixed(make: Callable[..., Any], number: int, **choices: Sequence[Any]) -> list[Any]:
    """Values whose parts are picked at random: to draw each part from Hypothesis costs more than the test itself."""
    chance = random.Random(0)
    return [make(**{name: chance.choice(some) for name, some in choices.items()}) for _ in range(number)]


_whole: Mapping[str, Any] = {
    "unit": (None, "Count"), "comparison": cloudwatch_metric_alarm.COMPARISONS[:4], "threshold": (0.0, 1.0, 2.5),
    "evaluation_periods": (2, 3), "datapoints_to_alarm": (None, 1, 2),
    "treat_missing_data": ("breaching", "notBreaching", "ignore", "missing"), "description": ("", "Für Menschen"),
    "actions_enabled": (True, False), "alarm_actions": ACTIONS, "ok_actions": ACTIONS,
    "insufficient_data_actions": ACTIONS, "tags": TAGS,
}  # fmt: skip
_one_metric = mixed(
    cloudwatch_metric_alarm.State, 300, metric_name=("CPUUtilization", "Errors"), namespace=("AWS/EC2",),
    dimensions=({}, {"InstanceId": "i-1"}), statistic=("Sum", "Average"), period=(10, 300), **_whole,
)  # fmt: skip
_maths = mixed(
    cloudwatch_metric_alarm.State, 100,
    metrics=[({"Id": "e1", "Expression": text, "ReturnData": True},) for text in ("5", "7")],
    **(_whole | {"unit": (None,)}),
)  # fmt: skip
_metrics = mixed(
    lambda extra, **fields: cloudwatchlogs_log_group_metric_filter.Metric(**fields | extra), 40,
    metric_name=("Root", "Other"), metric_namespace=("LogMetrics",), metric_value=("1", "$.size"),
    default_value=(None, 0.0, 1.5),
    extra=({}, {"unit": "Count"}, {"default_value": None, "dimensions": {"Who": "$.user"}}),
)  # fmt: skip

STATES: Mapping[str, st.SearchStrategy[Any]] = {
    "cloudwatch_metric_alarm": st.sampled_from([*_one_metric, *_maths]),
    "cloudwatchlogs_log_group": st.sampled_from(
        mixed(
            cloudwatchlogs_log_group.State, 100, retention=(None, 1, 365, 3653), kms_key_id=(None, KEY), tags=TAGS,
        )
    ),
    "cloudwatchlogs_log_group_metric_filter": st.sampled_from(
        mixed(
            cloudwatchlogs_log_group_metric_filter.State, 200,
            filter_pattern=("", '{$.userIdentity.type="Root"}', "[ip, user]", "ERROR"), metric_transformation=_metrics,
            apply_on_transformed_logs=(True, False),
            field_selection_criteria=(None, '@aws.account = "111111111111"'),
        )
    ),
}  # fmt: skip

NAMES: Mapping[str, str] = {"cloudwatchlogs_log_group_metric_filter": "trail:thing"}

_KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "kms:*", "Resource": "*"},
        {
            "Effect": "Allow", "Principal": {"Service": [f"logs.{REGION}.amazonaws.com", "cloudtrail.amazonaws.com"]},
            "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": "*",
        },
    ],
}  # fmt: skip


def key_calls(alias: str) -> tuple[Call, ...]:
    """A key that CloudWatch Logs and CloudTrail may use."""
    made = Result("", "create_key", "KeyMetadata.KeyId")
    return (
        Call("kms", "create_key", {"Policy": json.dumps(_KEY_POLICY)}, REGION),
        Call("kms", "create_alias", {"AliasName": f"alias/{alias}", "TargetKeyId": made}, REGION),
    )


SURROUNDINGS = (
    *key_calls("logs"),
    Call("logs", "create_log_group", {"logGroupName": "trail"}, REGION),
)
