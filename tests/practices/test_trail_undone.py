"""The way back of the trail and its alarms: what was there is there again, half done as it was; others' things stay."""

from __future__ import annotations

import json
from typing import Any

import pytest

from iamfix.fields import differences
from iamfix.kinds import KINDS
from iamfix.model import AccountPlan
from iamfix.sandbox.services.sns.subscriptions import confirm
from iamfix.wanted import details_of
from tests.direct import ACCOUNT, Direct
from tests.practices.chains import EMAIL, PRACTICES, REGION, TOPIC, again, call, chains, made
from tests.practices.planning import apply, plan
from tests.practices.test_trail_and_alarms import HALF_DONE

MADE = (
    "cloudtrail", "s3_bucket", "kms_key", "cloudwatchlogs_log_group", "cloudwatchlogs_log_group_metric_filter",
    "cloudwatch_metric_alarm", "sns_topic", "iam_role", "iam_managed_policy",
)  # fmt: skip
BUCKET, KEY = f"iamfix-trail-{ACCOUNT.id}-{REGION}", "iamfix-trail"


def _there(aws: Direct) -> dict[tuple[str, str], Any]:
    """How everything looks that the practices make or change."""
    world, found = aws.world(), {}
    for kind in MADE:
        region = None if KINDS[kind].SCOPE == "global" else REGION
        for name, state in world.all(kind, region, details_of(KINDS[kind])).items():
            found[kind, name] = state
    return found


def _there_and_back(aws: Direct, first: AccountPlan) -> None:
    results: dict[str, Any] = {}
    for change in first.changes:
        aws.follow(change.calls, results)
    confirm(aws._cloud, TOPIC, EMAIL)
    for change in reversed(first.changes):
        aws.follow(change.undo, results)


@pytest.mark.parametrize("case", sorted(HALF_DONE))
def test_the_way_back_leads_to_what_was_half_done(case: str) -> None:
    """Whatever an apply has completed is as it was before, broken links included; what it has made is gone."""
    aws = Direct()
    aws.follow(HALF_DONE[case][0]())
    before, broken = _there(aws), chains(aws)
    first = again(aws)
    _there_and_back(aws, first)
    after = _there(aws)
    assert after.keys() == before.keys()
    assert {key: differences(before[key], after[key]) for key in before} == dict.fromkeys(before, ())
    assert chains(aws) == broken


def test_from_nothing_and_back_to_nothing() -> None:
    """Nothing is left but the key, which waits for its deletion and has no alias any more."""
    aws = Direct()
    before = _there(aws)
    _there_and_back(aws, plan(aws, *PRACTICES, alarm_email=EMAIL))
    assert _there(aws) == before
    (key,) = aws.get("kms", "list_keys")["Keys"]
    assert aws.get("kms", "describe_key", KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"


def _statements(text: str) -> dict[str, Any]:
    return {one["Sid"]: one for one in json.loads(text)["Statement"]}


def test_other_peoples_statements_and_subscriptions_stay() -> None:
    """In the policies of bucket, key and topic: when ours are mended, and when all of it is taken back."""
    aws = made()
    (alias,) = (one for one in aws.get("kms", "list_aliases")["Aliases"] if one["AliasName"] == f"alias/{KEY}")
    key = alias["TargetKeyId"]
    policies = {
        "bucket": aws.get("s3", "get_bucket_policy", Bucket=BUCKET)["Policy"],
        "key": aws.get("kms", "get_key_policy", KeyId=key)["Policy"],
        "topic": aws.get("sns", "get_topic_attributes", TopicArn=TOPIC)["Attributes"]["Policy"],
    }
    theirs = {
        "bucket": ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/*"),
        "key": ("kms:Decrypt", "*"),
        "topic": ("sns:Publish", TOPIC),
    }
    ours = ("IamfixTrailAcl", "IamfixTrailEncrypt")
    root = {"AWS": f"arn:aws:iam::{ACCOUNT.id}:root"}
    changed = {}
    for what, text in policies.items():
        action, resource = theirs[what]
        foreign = {"Sid": "Theirs", "Effect": "Allow", "Principal": root, "Action": action, "Resource": resource}
        kept = [one for one in json.loads(text)["Statement"] if one["Sid"] not in ours]
        changed[what] = json.dumps({"Version": "2012-10-17", "Statement": [foreign, *kept]})
    told = {"TopicArn": TOPIC, "AttributeName": "Policy", "AttributeValue": changed["topic"]}
    aws.follow(
        [
            call("s3", "put_bucket_policy", Bucket=BUCKET, Policy=changed["bucket"]),
            call("kms", "put_key_policy", KeyId=key, PolicyName="default", Policy=changed["key"]),
            call("sns", "set_topic_attributes", **told),
            call("sns", "subscribe", TopicArn=TOPIC, Protocol="email", Endpoint="them@example.com"),
        ]
    )
    mend = again(aws)
    assert {change.kind for change in mend.changes} == {"s3_bucket", "kms_key"}
    apply(aws, mend)
    assert again(aws).changes == ()
    for what, now in (
        ("bucket", aws.get("s3", "get_bucket_policy", Bucket=BUCKET)["Policy"]),
        ("key", aws.get("kms", "get_key_policy", KeyId=key)["Policy"]),
        ("topic", aws.get("sns", "get_topic_attributes", TopicArn=TOPIC)["Attributes"]["Policy"]),
    ):
        assert _statements(now).keys() == {"Theirs", *_statements(policies[what])}
    endpoints = {
        one["Endpoint"] for one in aws.get("sns", "list_subscriptions_by_topic", TopicArn=TOPIC)["Subscriptions"]
    }
    assert endpoints == {EMAIL, "them@example.com"}
    for change in reversed(mend.changes):
        aws.follow(change.undo)
    assert _statements(aws.get("s3", "get_bucket_policy", Bucket=BUCKET)["Policy"]) == _statements(changed["bucket"])
