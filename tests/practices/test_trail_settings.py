"""The variables of the trail and its alarms: what each changes, and what is said of one that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.direct import ACCOUNT, Direct
from tests.kinds.states.trails import bucket_policy
from tests.practices.chains import ALARMS, PRACTICES, TRAIL, again_only, call
from tests.practices.planning import apply, folded, plan

ORGANIZATION = {"trail_organization": True, "trail_management": ACCOUNT.id, "trail_organization_id": "o-practice01"}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a profile that there is not": (
        {"alarm_profile": "bogus"}, "alarm_profile is one of securityhub, cis, not 'bogus'",
    ),
    "an organization's trail without the management account": (
        {"trail_organization": True}, "trail_organization needs trail_management: the id of the management account",
    ),
    "an organization's trail without the organization": (
        {"trail_organization": True, "trail_management": ACCOUNT.id}, "needs trail_organization_id: the id of the org",
    ),
    "a management account by name": (
        {**ORGANIZATION, "trail_management": "management"}, "trail_management is the id of an account, 12 digits",
    ),
    "an archive by name": (
        {**ORGANIZATION, "trail_archive": "log-archive"}, "trail_archive is the id of an account, 12 digits",
    ),
    "an address that is none": ({"alarm_email": "nobody"}, "'nobody' is no endpoint of email"),
    "a bucket's name that is none": ({"trail_bucket": "Bad_Bucket"}, "'Bad_Bucket' is no name for a bucket"),
    "a trail's name that is none": ({"trail_name": "a"}, "AWS takes no trail of the name 'a'"),
    "a key of AWS": ({"trail_key": "aws/s3"}, "'aws/s3' is no alias"),
    "a log group of AWS": ({"trail_log_group": "aws/x"}, "names that begin with aws/ are AWS's own"),
    "a topic's name that is none": ({"alarm_topic": "has.dots"}, "'has.dots' is no name for a topic"),
    "a topic of another region": (
        {"alarm_topic": f"arn:aws:sns:eu-west-1:{ACCOUNT.id}:x"}, "is in another region than the alarm",
    ),
    "a threshold that nothing reaches": (
        {"alarm_severities": {"low": {"threshold": 0}}}, "it is in alarm while nothing happens",
    ),
    "a severity that there is not": (
        {"alarm_severities": {"hig": {"threshold": 5}}},
        "a severity in alarm_severities is one of critical, high, medium, low, info, not 'hig'",
    ),
    "a setting that there is not": (
        {"alarm_severities": {"high": {"treshold": 5}}},
        "evaluation_periods, datapoints_to_alarm, topic, not 'treshold'",
    ),
    "a period that AWS does not take": ({"alarm_severities": {"low": {"period": 299}}}, "a period of 299 s"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(WRONG))
def test_a_variable_that_cannot_be_is_told(case: str) -> None:
    """Each mistake is an error of the plan, in words that name what was meant."""
    variables, told = WRONG[case]
    found = [one.summary for one in folded(Direct(), *PRACTICES, **variables).problems if one.severity == "error"]
    assert any(told in one for one in found), found


def test_all_is_kept_in_the_region_that_is_asked_for() -> None:
    """Bucket, key, trail, log group, filters, alarms and topic; again there is nothing to do."""
    aws = Direct()
    first = plan(aws, *PRACTICES, trail_region="eu-west-1")
    assert {change.region for change in first.changes} == {None, "eu-west-1"}
    apply(aws, first)
    assert plan(aws, *PRACTICES, trail_region="eu-west-1").changes == ()
    assert plan(aws, *PRACTICES).changes == (), "the trail that is there tells its region"


def test_a_trail_of_ours_in_another_region_gets_what_it_needs_there() -> None:
    """A trail of our name is completed where it is kept, with a bucket and a key that let just this trail in."""
    aws = Direct()
    made = [
        call("s3", "create_bucket", Bucket="old-logs"),
        call("s3", "put_bucket_policy", Bucket="old-logs", Policy=bucket_policy("old-logs")),
    ]
    aws.follow(made)
    there = {"Name": TRAIL, "S3BucketName": "old-logs", "IsMultiRegionTrail": True}
    aws.at("eu-west-1").get("cloudtrail", "create_trail", **there)
    apply(aws, plan(aws, *PRACTICES))
    (trail,) = aws.at("eu-west-1").get("cloudtrail", "describe_trails")["trailList"]
    assert trail["HomeRegion"] == "eu-west-1"
    assert trail["S3BucketName"] == f"iamfix-trail-{ACCOUNT.id}-eu-west-1"
    assert plan(aws, *PRACTICES).changes == ()


def test_alarms_may_go_to_a_topic_of_another_account() -> None:
    """It is named by ARN and not made here; the chain check says that it cannot see it."""
    aws = Direct()
    far = "arn:aws:sns:us-east-1:222222222222:security"
    first = plan(aws, *PRACTICES, alarm_topic=far)
    assert not any(change.kind == "sns_topic" for change in first.changes)
    apply(aws, first)
    alarms = aws.get("cloudwatch", "describe_alarms")["MetricAlarms"]
    assert {tuple(one["AlarmActions"]) for one in alarms} == {(far,)}
    found = again_only(aws, alarm_topic=far).findings
    assert [one.severity for one in found] == ["info"] * len(ALARMS)


@pytest.mark.parametrize("operation", ["list_topics", "describe_metric_filters"])
def test_a_chain_that_cannot_be_seen_is_no_mistake_of_the_playbook(operation: str) -> None:
    """The read that was refused is told, also where the alarm is there, with fields of its own."""
    aws = Direct()
    apply(aws, plan(aws, *PRACTICES))
    aws.refuse(operation, "AccessDenied")
    problems = folded(aws, *PRACTICES).problems
    assert [one.summary for one in problems if one.severity == "error"] == []
    told = [one.summary for one in problems if one.rule == "unreadable"]
    assert any(one.startswith("Each alarm's chain holds") and operation in one for one in told)
