"""Ways to break the links of alarms by hand, and what the chain check must say of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from iamfix.model import Call
from tests.direct import Direct
from tests.practices.chains import EMAIL, GROUP, TOPIC, TRAIL, call

Break = Callable[[Direct, str], Iterator[Call]]


def put_filter(aws: Direct, name: str, group: str = GROUP, **changed: Any) -> Call:
    (found,) = (one for one in aws.get("logs", "describe_metric_filters")["metricFilters"] if one["filterName"] == name)
    params = {
        "filterPattern": found["filterPattern"],
        "metricTransformations": found["metricTransformations"],
        **changed,
    }
    return call("logs", "put_metric_filter", logGroupName=group, filterName=name, **params)


def put_alarm(aws: Direct, name: str, **changed: Any) -> Call:
    (found,) = aws.get("cloudwatch", "describe_alarms", AlarmNames=[name])["MetricAlarms"]
    told = ("AlarmArn", "State", "AlarmConfiguration")
    kept = {key: value for key, value in found.items() if not key.startswith(told)}
    return call("cloudwatch", "put_metric_alarm", **{**kept, **changed})


def filter_gone(aws: Direct, name: str) -> Iterator[Call]:
    yield call("logs", "delete_metric_filter", logGroupName=GROUP, filterName=name)


def filter_elsewhere(aws: Direct, name: str) -> Iterator[Call]:
    if "other" not in aws.world().all("cloudwatchlogs_log_group", "us-east-1"):
        yield call("logs", "create_log_group", logGroupName="other")
    yield put_filter(aws, name, "other")
    yield from filter_gone(aws, name)


def pattern_changed(aws: Direct, name: str) -> Iterator[Call]:
    yield put_filter(aws, name, filterPattern="{$.eventName=Nothing}")


def alarm_gone(aws: Direct, name: str) -> Iterator[Call]:
    yield call("cloudwatch", "delete_alarms", AlarmNames=[name])


def other_metric(aws: Direct, name: str) -> Iterator[Call]:
    yield put_alarm(aws, name, MetricName=f"{name}s")


def other_namespace(aws: Direct, name: str) -> Iterator[Call]:
    yield put_alarm(aws, name, Namespace="CloudTrailMetrics")


def average(aws: Direct, name: str) -> Iterator[Call]:
    yield put_alarm(aws, name, Statistic="Average")


def below(aws: Direct, name: str) -> Iterator[Call]:
    yield put_alarm(aws, name, ComparisonOperator="LessThanThreshold")


def no_default(aws: Direct, name: str) -> Iterator[Call]:
    metric = {"metricName": name, "metricNamespace": "LogMetrics", "metricValue": "1"}
    yield put_filter(aws, name, metricTransformations=[metric])
    yield put_alarm(aws, name, TreatMissingData="missing")


def _metric(told: str, **changed: Any) -> tuple[Break, str]:
    """A metric filter on the right group and with the right pattern, whose metric no alarm can go by."""

    def broken(aws: Direct, name: str) -> Iterator[Call]:
        metric = {"metricName": name, "metricNamespace": "LogMetrics", "metricValue": "1", **changed}
        yield put_filter(aws, name, metricTransformations=[metric])

    return broken, f"filter: the metric filter {GROUP}:{{}} {told}"


def _set(told: str, **changed: Any) -> tuple[Break, str]:
    def broken(aws: Direct, name: str) -> Iterator[Call]:
        yield put_alarm(aws, name, **changed)

    return broken, f"alarm: the alarm {{}} on {{}}: {told}"


def percentile(aws: Direct, name: str) -> Iterator[Call]:
    params = {**put_alarm(aws, name, ExtendedStatistic="p99").params}
    del params["Statistic"]
    yield call("cloudwatch", "put_metric_alarm", **params)


def actions_off(aws: Direct, name: str) -> Iterator[Call]:
    yield call("cloudwatch", "disable_alarm_actions", AlarmNames=[name])


def no_action(aws: Direct, name: str) -> Iterator[Call]:
    yield put_alarm(aws, name, AlarmActions=[])


def topic_elsewhere(aws: Direct, name: str) -> Iterator[Call]:
    yield put_alarm(aws, name, AlarmActions=[TOPIC.replace("iamfix-alarms", "old-alarms")])


OWN: dict[str, tuple[Break, str]] = {
    "filter gone": (filter_gone, f"filter: no metric filter of the log group {GROUP} has the pattern"),
    "filter on another group": (
        filter_elsewhere, f"filter: the metric filter is on the log group other, and the trail sends to {GROUP}",
    ),
    "pattern changed": (pattern_changed, f"filter: no metric filter of the log group {GROUP} has the pattern"),
    "alarm gone": (alarm_gone, "alarm: no alarm is on the metric {} in LogMetrics"),
    "alarm on another metric": (other_metric, "alarm: no alarm is on the metric {} in LogMetrics"),
    "alarm in another name space": (other_namespace, "alarm: no alarm is on the metric {} in LogMetrics"),
    "alarm on the average": (average, "alarm: the alarm {} on {}: this alarm can never fire as it should: the average"),
    "alarm below a threshold": (below, "alarm: the alarm {} on {}: this alarm can never fire as it should: a count"),
    "no default value": (no_default, "alarm: the alarm {} on {}: its metric filter has no default value"),
    "filter that counts nothing": _metric("adds 0 for each event, not 1", metricValue="0"),
    "filter that counts a field": _metric("adds $.n for each event, not 1", metricValue="$.n"),
    "filter that counts by dimensions": _metric(
        "counts by Who, and no alarm sees all of it", dimensions={"Who": "$.userIdentity.arn"},
    ),
    "filter that counts without events": _metric("adds 1.0 while nothing happens", defaultValue=1.0),
    "alarm of dimensions": _set("its metric has no dimensions", Dimensions=[{"Name": "Who", "Value": "x"}]),
    "alarm of a unit": _set("its metric has no data of the unit Count", Unit="Count"),
    "alarm of no event": _set("this alarm can never fire as it should: it is in alarm", Threshold=0.0),
    "alarm on a percentile": (percentile, "alarm: the alarm {} on {}: this alarm can never fire as it should: p99"),
    "actions off": (actions_off, "action: the actions of the alarm {} are switched off"),
    "no action": (no_action, "action: the alarm {} tells no topic"),
    "topic that is not there": (topic_elsewhere, "topic: the topic old-alarms is not there"),
}  # fmt: skip
"""Links that each alarm has for itself."""


def _trail(operation: str, **params: Any) -> Break:
    def broken(aws: Direct, name: str) -> Iterator[Call]:
        key = "TrailName" if operation == "put_event_selectors" else "Name"
        yield call("cloudtrail", operation, **{key: TRAIL}, **params)

    return broken


def _topic(operation: str, **params: Any) -> Break:
    def broken(aws: Direct, name: str) -> Iterator[Call]:
        yield call("sns", operation, TopicArn=TOPIC, **params)

    return broken


def _policy(**statement: Any) -> Break:
    return _topic("set_topic_attributes", **POLICY, AttributeValue=topic_policy(**statement))


def subscription_gone(aws: Direct, name: str) -> Iterator[Call]:
    (one,) = aws.get("sns", "list_subscriptions_by_topic", TopicArn=TOPIC)["Subscriptions"]
    yield call("sns", "unsubscribe", SubscriptionArn=one["SubscriptionArn"])


def subscription_waits(aws: Direct, name: str) -> Iterator[Call]:
    yield from subscription_gone(aws, name)
    yield call("sns", "subscribe", TopicArn=TOPIC, Protocol="email", Endpoint=EMAIL)


def group_gone(aws: Direct, name: str) -> Iterator[Call]:
    """The filters go with it: the group is the first broken link."""
    yield call("logs", "delete_log_group", logGroupName=GROUP)


def own_key(*, state: str = "", policy: str | None = None) -> Break:
    """The topic is encrypted with a key of the account, which its alarms need as well."""

    def broken(aws: Direct, name: str) -> Iterator[Call]:
        params = {} if policy is None else {"Policy": policy}
        aws.follow([call("kms", "create_key", **params)])
        (key,) = {one["KeyId"] for one in aws.get("kms", "list_keys")["Keys"]} - {
            one.get("TargetKeyId") for one in aws.get("kms", "list_aliases")["Aliases"]
        }
        yield call("kms", "create_alias", AliasName="alias/topic", TargetKeyId=key)
        if state:
            more = {"PendingWindowInDays": 7} if state == "schedule_key_deletion" else {}
            yield call("kms", state, KeyId=key, **more)
        yield call("sns", "set_topic_attributes", TopicArn=TOPIC, AttributeName="KmsMasterKeyId", AttributeValue=key)

    return broken


def key_policy(*services: str) -> str:
    account = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "kms:*", "Resource": "*"}
    use = [{"Effect": "Allow", "Principal": {"Service": one}, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*", "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}}
           for one in services]  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": [account, *use]})


POLICY = {"AttributeName": "Policy"}


def topic_policy(**changed: Any) -> str:
    statement = {
        "Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish",
        "Resource": TOPIC, **changed,
    }  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


SINGLE = {"IsMultiRegionTrail": False, "IncludeGlobalServiceEvents": True}
NO_KMS = {"EventSelectors": [{"ExcludeManagementEventSources": ["kms.amazonaws.com"]}]}
READS = {"AdvancedEventSelectors": [{"FieldSelectors": [
    {"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "Equals": ["true"]}]}]}  # fmt: skip
OTHER_SERVICE, DENIED = {"Principal": {"Service": "events.amazonaws.com"}}, {"Effect": "Deny"}
WRONG_ACCOUNT = {"Condition": {"StringEquals": {"aws:SourceAccount": "222222222222"}}}
REFUSES = "topic: the policy of the topic iamfix-alarms does not let CloudWatch publish"
SHARED: dict[str, tuple[Break, str]] = {
    "trail gone": (_trail("delete_trail"), "trail: no trail records all regions"),
    "trail of one region": (_trail("update_trail", **SINGLE), "trail: no trail records all regions"),
    "trail does not log": (_trail("stop_logging"), f"trail: the trail {TRAIL} does not log"),
    "trail leaves a service out": (
        _trail("put_event_selectors", **NO_KMS), f"trail: the trail {TRAIL} does not record all management events",
    ),
    "trail records reads only": (
        _trail("put_event_selectors", **READS), f"trail: the trail {TRAIL} does not record all management events",
    ),
    "trail without a log group": (
        _trail("update_trail", CloudWatchLogsLogGroupArn="", CloudWatchLogsRoleArn=""),
        f"log group: the trail {TRAIL} sends its events to no log group",
    ),
    "log group gone": (group_gone, f"log group: the log group {GROUP} of the trail {TRAIL} is not there"),
    "topic gone": (_topic("delete_topic"), "topic: the topic iamfix-alarms is not there"),
    "topic for another service": (_policy(**OTHER_SERVICE), REFUSES),
    "topic that denies": (_policy(**DENIED), REFUSES),
    "topic for another account": (_policy(**WRONG_ACCOUNT), REFUSES),
    "topic with AWS's key": (
        _topic("set_topic_attributes", AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns"),
        "topic: the topic iamfix-alarms is encrypted with a key of AWS",
    ),
    "topic with a key for others": (
        own_key(policy=key_policy("events.amazonaws.com")),
        "topic: the topic iamfix-alarms is encrypted with the key topic, whose policy does not let CloudWatch use it",
    ),
    "topic with a disabled key": (
        own_key(state="disable_key", policy=key_policy("cloudwatch.amazonaws.com")),
        "topic: the topic iamfix-alarms is encrypted with the key topic, which is disabled",
    ),
    "topic with a key that goes": (
        own_key(state="schedule_key_deletion", policy=key_policy("cloudwatch.amazonaws.com")),
        "topic: the topic iamfix-alarms is encrypted with the key topic, which is to be deleted",
    ),
    "topic with a key that is not there": (
        _topic("set_topic_attributes", AttributeName="KmsMasterKeyId", AttributeValue="alias/gone"),
        "topic: the topic iamfix-alarms is encrypted with the key alias/gone, which is not there",
    ),
    "subscription gone": (subscription_gone, "subscription: nobody is subscribed to the topic iamfix-alarms"),
    "subscription waits": (subscription_waits, f"subscription: {EMAIL} must confirm the subscription to iamfix-alarms"),
}  # fmt: skip
"""Links that all alarms share."""
