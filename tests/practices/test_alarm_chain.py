"""The chain check: each link of each alarm, broken by hand, is named; nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from iamfix.model import Call
from iamfix.sandbox.services.sns.subscriptions import confirm
from tests.direct import Direct
from tests.practices.chains import ALARMS, EMAIL, GROUP, TOPIC, TRAIL, again, call, chains, made

NAMES = sorted(ALARMS)
Break = Callable[[Direct, str], Iterator[Call]]


@cache
def _whole() -> tuple[Direct, object]:
    aws = made()
    return aws, aws._cloud.save()


@pytest.fixture
def aws() -> Iterator[Direct]:
    """An account whose chains all hold; what a test breaks is whole again afterwards."""
    account, saved = _whole()
    yield account
    account._cloud.restore(saved)


def _filter(aws: Direct, name: str, group: str = GROUP, **changed: Any) -> Call:
    (found,) = (one for one in aws.get("logs", "describe_metric_filters")["metricFilters"] if one["filterName"] == name)
    params = {
        "filterPattern": found["filterPattern"],
        "metricTransformations": found["metricTransformations"],
        **changed,
    }
    return call("logs", "put_metric_filter", logGroupName=group, filterName=name, **params)


def _alarm(aws: Direct, name: str, **changed: Any) -> Call:
    (found,) = aws.get("cloudwatch", "describe_alarms", AlarmNames=[name])["MetricAlarms"]
    told = ("AlarmArn", "State", "AlarmConfiguration")
    kept = {key: value for key, value in found.items() if not key.startswith(told)}
    return call("cloudwatch", "put_metric_alarm", **{**kept, **changed})


def filter_gone(aws: Direct, name: str) -> Iterator[Call]:
    yield call("logs", "delete_metric_filter", logGroupName=GROUP, filterName=name)


def filter_elsewhere(aws: Direct, name: str) -> Iterator[Call]:
    if "other" not in aws.world().all("cloudwatchlogs_log_group", "us-east-1"):
        yield call("logs", "create_log_group", logGroupName="other")
    yield _filter(aws, name, "other")
    yield from filter_gone(aws, name)


def pattern_changed(aws: Direct, name: str) -> Iterator[Call]:
    yield _filter(aws, name, filterPattern="{$.eventName=Nothing}")


def alarm_gone(aws: Direct, name: str) -> Iterator[Call]:
    yield call("cloudwatch", "delete_alarms", AlarmNames=[name])


def other_metric(aws: Direct, name: str) -> Iterator[Call]:
    yield _alarm(aws, name, MetricName=f"{name}s")


def other_namespace(aws: Direct, name: str) -> Iterator[Call]:
    yield _alarm(aws, name, Namespace="CloudTrailMetrics")


def average(aws: Direct, name: str) -> Iterator[Call]:
    yield _alarm(aws, name, Statistic="Average")


def below(aws: Direct, name: str) -> Iterator[Call]:
    yield _alarm(aws, name, ComparisonOperator="LessThanThreshold")


def no_default(aws: Direct, name: str) -> Iterator[Call]:
    metric = {"metricName": name, "metricNamespace": "LogMetrics", "metricValue": "1"}
    yield _filter(aws, name, metricTransformations=[metric])
    yield _alarm(aws, name, TreatMissingData="missing")


def actions_off(aws: Direct, name: str) -> Iterator[Call]:
    yield call("cloudwatch", "disable_alarm_actions", AlarmNames=[name])


def no_action(aws: Direct, name: str) -> Iterator[Call]:
    yield _alarm(aws, name, AlarmActions=[])


def topic_elsewhere(aws: Direct, name: str) -> Iterator[Call]:
    yield _alarm(aws, name, AlarmActions=[TOPIC.replace("iamfix-alarms", "old-alarms")])


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
    return _topic("set_topic_attributes", **POLICY, AttributeValue=_statement(**statement))


def subscription_gone(aws: Direct, name: str) -> Iterator[Call]:
    (one,) = aws.get("sns", "list_subscriptions_by_topic", TopicArn=TOPIC)["Subscriptions"]
    yield call("sns", "unsubscribe", SubscriptionArn=one["SubscriptionArn"])


def subscription_waits(aws: Direct, name: str) -> Iterator[Call]:
    yield from subscription_gone(aws, name)
    yield call("sns", "subscribe", TopicArn=TOPIC, Protocol="email", Endpoint=EMAIL)


def group_gone(aws: Direct, name: str) -> Iterator[Call]:
    """The filters go with it: the group is the first broken link."""
    yield call("logs", "delete_log_group", logGroupName=GROUP)


POLICY = {"AttributeName": "Policy"}


def _statement(**changed: Any) -> str:
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
    "subscription gone": (subscription_gone, "subscription: nobody is subscribed to the topic iamfix-alarms"),
    "subscription waits": (subscription_waits, f"subscription: {EMAIL} must confirm the subscription to iamfix-alarms"),
}  # fmt: skip
"""Links that all alarms share."""


def test_a_whole_chain_has_no_finding(aws: Direct) -> None:
    """Fifteen alarms that reach somebody: the check is silent, and the practices have nothing to change."""
    assert len(ALARMS) == 15
    assert chains(aws) == {}
    assert again(aws).changes == ()


@pytest.mark.parametrize("case", sorted(OWN))
def test_a_link_of_every_alarm_is_named(case: str, aws: Direct) -> None:
    """Broken in each of the 15 alarms, the link is named for each of the 15."""
    broken, told = OWN[case]
    for name in NAMES:
        aws.follow(list(broken(aws, name)))
    found = chains(aws)
    assert sorted(found) == NAMES
    assert all(found[name].startswith(told.format(name, name)) for name in NAMES)


@pytest.mark.parametrize("case", sorted(OWN))
def test_a_link_of_one_alarm_is_named_for_it_alone(case: str, aws: Direct) -> None:
    """Broken in one alarm, the link is named for that alarm, and the other 14 are left in peace."""
    broken, told = OWN[case]
    name = NAMES[sorted(OWN).index(case) % len(NAMES)]
    aws.follow(list(broken(aws, name)))
    found = chains(aws)
    assert list(found) == [name]
    assert found[name].startswith(told.format(name, name))


@pytest.mark.parametrize("case", sorted(SHARED))
def test_a_shared_link_is_named_for_every_alarm(case: str, aws: Direct) -> None:
    """What all alarms share is named for each of them."""
    broken, told = SHARED[case]
    aws.follow(list(broken(aws, "")))
    found = chains(aws)
    assert sorted(found) == NAMES
    assert all(found[name].startswith(told) for name in NAMES)


def test_the_first_broken_link_is_named(aws: Direct) -> None:
    """Of several broken links the one nearest to the API call is named, until it is mended."""
    steps = (
        (SHARED["subscription gone"], None), (SHARED["topic that denies"], None), (OWN["no action"], "RootUse"),
        (OWN["filter gone"], "RootUse"), (SHARED["trail without a log group"], None), (SHARED["trail gone"], None),
    )  # fmt: skip
    for (broken, told), name in steps:
        aws.follow(list(broken(aws, name or "")))
        assert chains(aws)["RootUse"].startswith(told.format("RootUse", "RootUse"))


def test_a_topic_with_awss_own_policy_lets_alarms_in(aws: Direct) -> None:
    """AWS's default policy lets whoever acts for the account publish: CloudWatch's alarms do."""
    default = {"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"AWS:SourceOwner": "111111111111"}}}
    aws.follow([call("sns", "set_topic_attributes", TopicArn=TOPIC, **POLICY, AttributeValue=_statement(**default))])
    assert chains(aws) == {}


def test_a_person_who_follows_the_link_mends_the_chain(aws: Direct) -> None:
    """What only a person can do is a finding until it is done."""
    aws.follow(list(subscription_waits(aws, "")))
    assert len(chains(aws)) == 15
    confirm(aws._cloud, TOPIC, EMAIL)
    assert chains(aws) == {}
