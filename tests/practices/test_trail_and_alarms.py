"""The trail and the alarms as practices: from nothing, from what is half done, and with the settings there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from iamfix.model import AccountPlan, Call
from iamfix.sandbox.services.sns.subscriptions import confirm
from tests.direct import ACCOUNT, Direct
from tests.kinds.states.trails import bucket_policy, role_calls
from tests.practices.chains import ALARMS, EMAIL, GROUP, TOPIC, TRAIL, again, call, chains, made, trails
from tests.practices.planning import apply, plan

OTHER = "company-audit"
BUCKET = "company-logs"
Start = Callable[[], list[Call]]


def _bucket() -> list[Call]:
    return [
        call("s3", "create_bucket", Bucket=BUCKET),
        call("s3", "put_bucket_policy", Bucket=BUCKET, Policy=bucket_policy(BUCKET)),
    ]


def _trail(name: str = OTHER, *, logging: bool = True, **params: Any) -> list[Call]:
    made_one = call("cloudtrail", "create_trail", Name=name, S3BucketName=BUCKET, **params)
    return [*_bucket(), made_one, *([call("cloudtrail", "start_logging", Name=name)] if logging else [])]


def _findings(made_plan: AccountPlan) -> list[tuple[str, str]]:
    return [(one.severity, one.message) for one in made_plan.findings]


def _patterns(aws: Direct) -> dict[str, str]:
    filters = aws.get("logs", "describe_metric_filters")["metricFilters"]
    return {one["filterName"]: one["filterPattern"] for one in filters}


def _settled(aws: Direct, **variables: Any) -> AccountPlan:
    """Apply, let the person follow the link, and plan once more: nothing to change."""
    apply(aws, again(aws, **variables))
    confirm(aws._cloud, TOPIC, EMAIL)
    second = again(aws, **variables)
    assert second.changes == ()
    return second


def test_one_apply_gives_the_whole_chain() -> None:
    """From an account with nothing: 15 chains that hold but for the person; the second plan is empty."""
    aws = Direct()
    first = plan(aws, "cloudtrail", "alarms", alarm_email=EMAIL)
    assert {change.action for change in first.changes} == {"create"}
    assert sum(change.kind == "cloudwatch_metric_alarm" for change in first.changes) == 15
    assert sum(change.kind == "cloudwatchlogs_log_group_metric_filter" for change in first.changes) == 15
    apply(aws, first)
    second = again(aws)
    assert second.changes == ()
    waits = f"subscription: {EMAIL} must confirm the subscription to iamfix-alarms: the link is in the e-mail from AWS"
    assert sorted(message for _, message in _findings(second)) == [
        f"{name} does not reach anybody. {waits}" for name in sorted(ALARMS)
    ]
    confirm(aws._cloud, TOPIC, EMAIL)
    assert again(aws).findings == ()


def test_without_an_address_the_alarms_still_go_to_the_topic() -> None:
    """Nobody listens, which is a finding of each alarm; everything before that is in place."""
    aws = Direct()
    apply(aws, plan(aws, "cloudtrail", "alarms"))
    second = plan(aws, "cloudtrail", "alarms")
    assert second.changes == ()
    assert {message.partition(". ")[2] for _, message in _findings(second)} == {
        "subscription: nobody is subscribed to the topic iamfix-alarms"
    }


HALF_DONE: dict[str, tuple[Start, str]] = {
    "a trail of one region that does not log": (
        lambda: _trail(TRAIL, logging=False), TRAIL,
    ),
    "another trail, without logs and selectors": (
        lambda: [
            *_trail(IsMultiRegionTrail=True, logging=False),
            call("cloudtrail", "put_event_selectors", TrailName=OTHER, EventSelectors=[{"ReadWriteType": "WriteOnly"}]),
        ],
        OTHER,
    ),
    "the filter on the wrong group": (
        lambda: [
            *_trail(IsMultiRegionTrail=True),
            call("logs", "create_log_group", logGroupName="old"),
            call(
                "logs", "put_metric_filter", logGroupName="old", filterName="RootUse",
                filterPattern=ALARMS["RootUse"]["pattern"],
                metricTransformations=[{"metricName": "RootUse", "metricNamespace": "LogMetrics", "metricValue": "1"}],
            ),
        ],
        OTHER,
    ),
    "an alarm without an action, on the average": (
        lambda: [
            *_trail(IsMultiRegionTrail=True),
            call(
                "cloudwatch", "put_metric_alarm", AlarmName="RootUse", MetricName="Root", Namespace="Old",
                Statistic="Average", ComparisonOperator="GreaterThanThreshold", Threshold=1.0, Period=60,
                EvaluationPeriods=3, DatapointsToAlarm=2, ActionsEnabled=False,
            ),
        ],
        OTHER,
    ),
    "a topic that refuses CloudWatch, and a trail with a log group": (
        lambda: [
            *_bucket(), call("logs", "create_log_group", logGroupName="audit"), *role_calls("audit-writer"),
            call(
                "cloudtrail", "create_trail", Name=OTHER, S3BucketName=BUCKET, IsMultiRegionTrail=True,
                CloudWatchLogsLogGroupArn=f"arn:aws:logs:us-east-1:{ACCOUNT.id}:log-group:audit:*",
                CloudWatchLogsRoleArn=f"arn:aws:iam::{ACCOUNT.id}:role/audit-writer",
            ),
            call("cloudtrail", "start_logging", Name=OTHER),
            call("sns", "create_topic", Name="iamfix-alarms"),
            call(
                "sns", "set_topic_attributes", TopicArn=TOPIC, AttributeName="Policy",
                AttributeValue='{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":{"AWS":"'
                f'{ACCOUNT.id}"' '},"Action":"sns:Publish","Resource":"' f'{TOPIC}"' "}]}",
            ),
        ],
        OTHER,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(HALF_DONE))
def test_one_apply_mends_a_broken_chain_without_a_second_trail(case: str) -> None:
    """Whatever is half done is completed: one trail as before, all 15 chains hold, nothing is left to change."""
    start, trail = HALF_DONE[case]
    aws = Direct()
    aws.follow(start())
    assert chains(aws) != {}
    _settled(aws)
    assert trails(aws) == [trail]
    assert chains(aws) == {}


def test_a_trail_under_another_name_is_said_to_be_kept() -> None:
    """The plan says which trail does the job, and why no second one is made."""
    aws = Direct()
    aws.follow(_trail(IsMultiRegionTrail=True))
    told = _findings(again(aws))
    assert ("info", f"{OTHER} is kept and completed; no second trail is made, for its copy would be billed.") in told
    assert (
        "medium",
        f"{OTHER} does not encrypt with a KMS key: give it one whose policy lets CloudTrail use it.",
    ) in told
    assert not any(change.kind in ("s3_bucket", "kms_key") for change in again(aws).changes)


def test_what_a_kept_trail_records_besides_stays() -> None:
    """Data events that somebody asked for are still recorded when management events are added."""
    aws = Direct()
    objects = {
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        ]
    }
    put = call("cloudtrail", "put_event_selectors", TrailName=OTHER, AdvancedEventSelectors=[objects])
    aws.follow([*_trail(IsMultiRegionTrail=True), put])
    _settled(aws)
    found = aws.get("cloudtrail", "get_event_selectors", TrailName=OTHER)["AdvancedEventSelectors"]
    categories = sorted(field["Equals"][0] for one in found for field in one["FieldSelectors"] if "C" in field["Field"])
    assert categories == ["Data", "Management"]


def test_a_trail_kept_in_another_region_has_its_alarms_there() -> None:
    """Filters and alarms live where the trail's log group is."""
    aws = Direct()
    aws.at("eu-west-1").follow([])
    there = [Call(one.service, one.operation, one.params, "eu-west-1") for one in _trail(IsMultiRegionTrail=True)[2:]]
    aws.follow([*_bucket(), *there])
    first = again(aws)
    assert {change.region for change in first.changes if change.region} == {"eu-west-1"}
    apply(aws, first)
    assert again(aws).changes == ()


def test_a_log_group_keeps_a_year_or_longer() -> None:
    """A shorter retention becomes a year; a longer one, and none, stay."""
    for days, kept in ((30, 365), (731, 731), (None, None)):
        aws = made()
        put = call("logs", "put_retention_policy", logGroupName=GROUP, retentionInDays=days or 1)
        aws.follow([put] if days else [call("logs", "delete_retention_policy", logGroupName=GROUP)])
        apply(aws, again(aws))
        (group,) = aws.get("logs", "describe_log_groups")["logGroups"]
        assert group.get("retentionInDays") == kept


@pytest.mark.parametrize(("profile", "term"), [("securityhub", "AccessDenied*"), ("cis", "HeadBucket")])
def test_a_profile_picks_the_wording(profile: str, term: str) -> None:
    """Where scanners contradict each other, one variable decides; all other patterns are the same."""
    aws = made(alarm_profile=profile)
    found = {
        one["filterName"]: one["filterPattern"] for one in aws.get("logs", "describe_metric_filters")["metricFilters"]
    }
    for name, alarm in ALARMS.items():
        pattern = alarm["pattern"]
        assert found[name] == (pattern if isinstance(pattern, str) else pattern[profile])
    assert term in found["UnauthorizedApiCalls"]
    assert ("ModifySecurityGroupRules" in found["SecurityGroupChanges"]) is (profile == "cis")
    assert again(aws, alarm_profile=profile).changes == ()


def test_threshold_period_and_topic_follow_the_severity_and_the_alarm() -> None:
    """A severity's settings hold for its alarms, and an alarm's own win."""
    alarms = {**ALARMS, "VpcChanges": {**ALARMS["VpcChanges"], "threshold": 9}}
    settings = {"low": {"period": 900, "threshold": 5}, "critical": {"topic": "pager"}}
    aws = made(alarms=alarms, alarm_severities=settings)
    found = {one["AlarmName"]: one for one in aws.get("cloudwatch", "describe_alarms")["MetricAlarms"]}
    assert (found["RouteTableChanges"]["Threshold"], found["RouteTableChanges"]["Period"]) == (5.0, 900)
    assert (found["VpcChanges"]["Threshold"], found["VpcChanges"]["Period"]) == (9.0, 900)
    assert (found["IamPolicyChanges"]["Threshold"], found["IamPolicyChanges"]["Period"]) == (1.0, 300)
    assert found["RootUse"]["AlarmActions"] == [TOPIC.replace("iamfix-alarms", "pager")]
    assert again(aws, alarms=alarms, alarm_severities=settings).changes == ()


def test_sessions_of_assumed_root_may_be_left_out() -> None:
    """With the variable, and only then, the root alarm's pattern has one more term."""
    aws = made(alarm_ignores_assumed_root=True)
    found = {
        one["filterName"]: one["filterPattern"] for one in aws.get("logs", "describe_metric_filters")["metricFilters"]
    }
    assert found["RootUse"].endswith("&& $.userIdentity.sessionContext.assumedRoot NOT EXISTS}")
    assert sum("assumedRoot" in pattern for pattern in found.values()) == 1
    assert chains(aws, alarm_ignores_assumed_root=True) == {}


def test_other_peoples_actions_and_statements_stay() -> None:
    """An alarm's further action, a topic's further statement and subscriber are not taken away."""
    aws = made()
    lambda_arn = f"arn:aws:lambda:us-east-1:{ACCOUNT.id}:function:pager"
    (alarm,) = aws.get("cloudwatch", "describe_alarms", AlarmNames=["RootUse"])["MetricAlarms"]
    told = ("AlarmArn", "State", "AlarmConfiguration")
    params = {key: value for key, value in alarm.items() if not key.startswith(told)}
    aws.follow(
        [call("cloudwatch", "put_metric_alarm", **{**params, "AlarmActions": [*alarm["AlarmActions"], lambda_arn]})]
    )
    assert again(aws).changes == ()
