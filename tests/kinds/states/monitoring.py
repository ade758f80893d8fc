"""CloudWatch: log groups, metric filters, alarms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from iamfix.kinds import cloudwatch_metric_alarm, cloudwatchlogs_log_group, cloudwatchlogs_log_group_metric_filter
from iamfix.model import Call, Result

REGION = "us-east-1"
KEY = "alias/logs"
TOPICS = tuple(f"arn:aws:sns:{REGION}:111111111111:{name}" for name in ("urgent", "daily"))

tags = st.dictionaries(st.sampled_from(("Owner", "Env", "cost.center")), st.sampled_from(("a", "b c")), max_size=3)
_actions = st.frozensets(st.sampled_from(TOPICS), max_size=2)
_metrics = st.builds(
    lambda name, value, default, extra: cloudwatchlogs_log_group_metric_filter.Metric(
        **{"metric_name": name, "metric_namespace": "LogMetrics", "metric_value": value, "default_value": default}
        | extra
    ),
    st.sampled_from(("Root", "Other")), st.sampled_from(("1", "$.size")), st.sampled_from((None, 0.0, 1.5)),
    st.sampled_from(({}, {"unit": "Count"}, {"default_value": None, "dimensions": {"Who": "$.user"}})),
)  # fmt: skip
_whole: Mapping[str, Any] = {
    "unit": st.sampled_from((None, "Count")), "comparison": st.sampled_from(cloudwatch_metric_alarm.COMPARISONS[:4]),
    "threshold": st.sampled_from((0.0, 1.0, 2.5)), "threshold_metric_id": st.none(),
    "evaluation_periods": st.sampled_from((2, 3)), "datapoints_to_alarm": st.sampled_from((None, 1, 2)),
    "treat_missing_data": st.sampled_from(("breaching", "notBreaching", "ignore", "missing")),
    "description": st.sampled_from(("", "Für Menschen")), "actions_enabled": st.booleans(),
    "alarm_actions": _actions, "ok_actions": _actions, "insufficient_data_actions": _actions, "tags": tags,
    "also": st.just({}), "state": st.none(),
}  # fmt: skip
_one_metric = st.builds(
    cloudwatch_metric_alarm.State, metric_name=st.sampled_from(("CPUUtilization", "Errors")),
    namespace=st.just("AWS/EC2"), dimensions=st.sampled_from(({}, {"InstanceId": "i-1"})),
    statistic=st.sampled_from(("Sum", "Average")), period=st.sampled_from((10, 300)), **_whole,
)  # fmt: skip
_maths = st.builds(
    cloudwatch_metric_alarm.State,
    metrics=st.sampled_from(("5", "7")).map(lambda text: ({"Id": "e1", "Expression": text, "ReturnData": True},)),
    **(_whole | {"unit": st.none()}),
)

STATES: Mapping[str, st.SearchStrategy[Any]] = {
    "cloudwatch_metric_alarm": _one_metric | _maths,
    "cloudwatchlogs_log_group": st.builds(
        cloudwatchlogs_log_group.State, retention=st.sampled_from((None, 1, 365, 3653)),
        kms_key_id=st.none() | st.just(KEY),
        log_group_class=st.just("STANDARD"), tags=tags, created=st.none(), stored_bytes=st.none(),
    ),
    "cloudwatchlogs_log_group_metric_filter": st.builds(
        cloudwatchlogs_log_group_metric_filter.State,
        filter_pattern=st.sampled_from(("", '{$.userIdentity.type="Root"}', "[ip, user]", "ERROR")),
        metric_transformation=_metrics, apply_on_transformed_logs=st.booleans(),
        field_selection_criteria=st.sampled_from((None, '@aws.account = "111111111111"')), system_fields=st.just(()),
        created=st.none(),
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
