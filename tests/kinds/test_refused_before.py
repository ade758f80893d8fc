"""What AWS refuses because of what is around a resource: told when planned, and refused by the sandbox indeed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from iamfix.model import AwsError, Call, InputError, Problem
from tests.direct import ACCOUNT, Direct
from tests.kinds.states.monitoring import key_calls
from tests.kinds.states.trails import SERVICE, SURROUNDINGS, bucket_policy

REGION = ACCOUNT.home_region
ROOT = {"Sid": "A", "Effect": "Allow", "Principal": {"AWS": ACCOUNT.id}, "Action": "kms:*", "Resource": "*"}
BUCKET = "arn:aws:s3:::one-and-only"
ANYBODY = {"Sid": "Read", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
ACL, WRITE = json.loads(bucket_policy("one-and-only"))["Statement"]
LOGS = {"cloudwatch_logs_log_group_arn": "trail-one", "cloudwatch_logs_role_arn": "trail-logs"}
ONE_BUCKET = Call("s3", "create_bucket", {"Bucket": "one-and-only"}, REGION)


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _bucket(*statements: dict[str, Any]) -> list[Call]:
    put = {"Bucket": "one-and-only", "Policy": _policy(*statements)}
    return [ONE_BUCKET, Call("s3", "put_bucket_policy", put, REGION)]


def _key(*statements: dict[str, Any], alias: str = "own", state: str = "") -> list[Call]:
    name = key_calls(alias)[1]
    changed = Call("kms", state, {"KeyId": name.params["TargetKeyId"]}, REGION)
    return [
        Call("kms", "create_key", {"Policy": _policy(ROOT, *statements)}, REGION),
        name,
        *([changed] if state else []),
    ]


def _topic(policy: str) -> list[Call]:
    return [Call("sns", "create_topic", {"Name": "told", "Attributes": {"Policy": policy}}, REGION)]


def _trail(bucket: str = "trail-logs-a", **more: Any) -> dict[str, Any]:
    return {"cloudtrail": {"name": "audit", "s3_bucket_name": bucket, **more}}


TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT.id}:told"
OWN = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT.id}, "Action": "sns:Publish", "Resource": TOPIC}
USE = {"Effect": "Allow", "Principal": SERVICE, "Resource": "*"}
EDITOR = Call("iam", "update_assume_role_policy", {"RoleName": "trail-logs", "PolicyDocument": _policy(
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})})  # fmt: skip
BLOCK = {"BlockPublicPolicy": True}
ALL_OPEN = dict.fromkeys(
    ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets"), False
)

DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT.id}:dead"

REFUSED: dict[str, tuple[Sequence[Call], dict[str, Any], str]] = {
    "a bucket without a policy": ([ONE_BUCKET], _trail("one-and-only"), "CloudTrail do s3:GetBucketAcl on it"),
    "a bucket that only shows its ACL": (
        _bucket(ACL), _trail("one-and-only"),
        f"does not let CloudTrail do s3:PutObject on {BUCKET}/AWSLogs/{ACCOUNT.id}/*",
    ),
    "a bucket that takes another prefix": (
        _bucket(ACL, {**WRITE, "Resource": f"{BUCKET}/other/AWSLogs/*"}), _trail("one-and-only", s3_key_prefix="mine"),
        f"s3:PutObject on {BUCKET}/mine/AWSLogs/{ACCOUNT.id}/*",
    ),
    "a bucket for another trail": (
        _bucket(ACL, {**WRITE, "Condition": {"StringEquals": {
            "aws:SourceArn": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT.id}:trail/other"}}}),
        _trail("one-and-only"), "does not let CloudTrail do s3:PutObject",
    ),
    "a key that knows no CloudTrail": (
        _key(), _trail(kms_key_id="alias/own"), "cloudtrail.amazonaws.com do kms:GenerateDataKey, kms:DescribeKey",
    ),
    "a disabled key": (
        _key({**USE, "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"]}, state="disable_key"),
        _trail(kms_key_id="alias/own"), "the KMS key alias/own is disabled",
    ),
    "a topic for the account alone": (
        _topic(_policy(OWN)), _trail(sns_topic_name="told"), "the topic told does not let CloudTrail publish",
    ),
    "no topic": ([], _trail(sns_topic_name="told"), "there is no topic 'told' in us-east-1"),
    "a role for another service": ([EDITOR], _trail(**LOGS), "role/trail-logs does not let CloudTrail assume it"),
    "a key that knows no CloudWatch Logs": (
        _key(), {"cloudwatchlogs_log_group": {"name": "one", "kms_key_id": "alias/own"}},
        f"does not let logs.{REGION}.amazonaws.com do kms:Encrypt, kms:Decrypt, kms:GenerateDataKey",
    ),
    "a key for another log group": (
        _key({"Effect": "Allow", "Principal": {"Service": f"logs.{REGION}.amazonaws.com"}, "Action": "kms:*",
              "Resource": "*", "Condition": {"ArnEquals": {
                  "kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT.id}:log-group:two"}}}),
        {"cloudwatchlogs_log_group": {"name": "one", "kms_key_id": "alias/own"}}, "does not let logs",
    ),
    "a recorder without its role": (
        [ONE_BUCKET],
        {"config_recorder": {"name": "default", "role": "nobody", "bucket": "one-and-only"}, "regions": REGION},
        f"there is no role arn:aws:iam::{ACCOUNT.id}:role/nobody",
    ),
    "a queue without its dead letters": (
        [], {"sqs_queue": {"name": "one", "redrive_policy": {"deadLetterTargetArn": DEAD, "maxReceiveCount": 3}}},
        f"there is no queue {DEAD}",
    ),
    "dead letters of another type": (
        [Call("sqs", "create_queue", {"QueueName": "dead"}, REGION)],
        {"sqs_queue": {"name": "one.fifo", "redrive_policy": {"deadLetterTargetArn": DEAD, "maxReceiveCount": 3}}},
        "dead is not of the same type",
    ),
    "access logs to no bucket": (
        [], {"s3_bucket": {"name": "one-and-only", "logging": {"target_bucket": "nowhere-at-all"}}},
        "there is no bucket 'nowhere-at-all' in us-east-1, to which access logs could go",
    ),
    "a public policy of a new bucket": (
        [], {"s3_bucket": {"name": "one-and-only", "policy": [ANYBODY]}},
        "statement 1 of the policy lets everybody in, and the bucket's public access block refuses such a policy",
    ),
    "a public policy of a bucket that is there": (
        [ONE_BUCKET], {"s3_bucket": {"name": "one-and-only", "policy": [ANYBODY]}}, "the bucket's public access block",
    ),
    "a public policy in an account that blocks them": (
        [Call("s3control", "put_public_access_block",
              {"AccountId": ACCOUNT.id, "PublicAccessBlockConfiguration": BLOCK}, REGION)],
        {"s3_bucket": {"name": "one-and-only", "policy": [ANYBODY], "public_access": ALL_OPEN}},
        "the account's public access block",
    ),
}  # fmt: skip


def _errors(found: Sequence[Problem]) -> list[str]:
    return [one.summary for one in found if one.severity == "error"]


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_aws_would_refuse_is_a_problem_of_the_plan(case: str) -> None:
    """One error, with a hint, of the very thing that AWS says no to when the calls are sent all the same."""
    around, task, told = REFUSED[case]
    aws = Direct()
    for group in (SURROUNDINGS, around):
        aws.follow(group)
    made = aws.plan(task)
    (error,) = _errors(made.problems)
    assert told in error
    assert all(one.hint for one in made.problems)
    calls = [call for change in made.changes for call in change.calls]
    with pytest.raises(AwsError):
        aws.follow(calls)


TAKEN: dict[str, tuple[Sequence[Call], dict[str, Any]]] = {
    "a bucket that lets the trail write": (_bucket(ACL, WRITE), _trail("one-and-only")),
    "a key that lets CloudTrail encrypt": (
        _key({**USE, "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"], "Condition": {"StringLike": {
            "kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{ACCOUNT.id}:trail/*"}}}),
        _trail(kms_key_id="alias/own"),
    ),
    "a topic that CloudTrail may use": (
        _topic(_policy({**OWN, "Principal": SERVICE})), _trail(sns_topic_name="told"),
    ),
    "a role that CloudTrail may assume": ([], _trail(**LOGS)),
    "a key for this log group": (
        _key({"Effect": "Allow", "Principal": {"Service": f"logs.{REGION}.amazonaws.com"}, "Action": "kms:*",
              "Resource": "*", "Condition": {"ArnLike": {
                  "kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT.id}:*"}}}),
        {"cloudwatchlogs_log_group": {"name": "one", "kms_key_id": "alias/own"}},
    ),
    "a recorder with role and bucket": (
        [ONE_BUCKET], {"config_recorder": {"name": "default", "role": "trail-logs", "bucket": "one-and-only"},
                       "regions": REGION},
    ),
    "a queue with its dead letters": (
        [Call("sqs", "create_queue", {"QueueName": "dead"}, REGION)],
        {"sqs_queue": {"name": "one", "redrive_policy": {"deadLetterTargetArn": DEAD, "maxReceiveCount": 3}}},
    ),
    "access logs to a bucket of the region": (
        [], {"s3_bucket": {"name": "one-and-only", "logging": {"target_bucket": "trail-logs-a"}}},
    ),
    "a public policy where it is not blocked": (
        [], {"s3_bucket": {"name": "one-and-only", "policy": [ANYBODY], "public_access": ALL_OPEN}},
    ),
    "a policy for everybody of the organization": (
        [], {"s3_bucket": {"name": "one-and-only", "policy": [
            {**ANYBODY, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}]}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(TAKEN))
def test_what_aws_takes_is_no_problem(case: str) -> None:
    """The plan has no error, and the calls go through."""
    around, task = TAKEN[case]
    aws = Direct()
    for group in (SURROUNDINGS, around):
        aws.follow(group)
    made = aws.plan(task)
    assert _errors(made.problems) == []
    for change in made.changes:
        aws.follow(change.calls)


def test_what_cannot_be_seen_is_left_to_aws() -> None:
    """A bucket, a topic and a key of other accounts, and policies that may not be read: nothing is claimed of them."""
    aws = Direct()
    aws.follow(SURROUNDINGS)
    aws.follow(_bucket(ACL))
    far = {"sns_topic_name": TOPIC.replace(ACCOUNT.id, "222222222222"), "kms_key_id": "arn:aws:kms:us-east-1:2:key/1"}
    made = aws.plan(_trail("somebody-elses", **far))
    assert _errors(made.problems) == []
    assert made.changes[0].notes[0].startswith("the bucket somebody-elses is not seen here: it must be there, and its")
    aws.refuse("get_bucket_policy", "AccessDenied")
    (change,) = (made := aws.plan(_trail("one-and-only"))).changes
    assert (_errors(made.problems), change.notes) == ([], ())


def test_a_trail_that_stays_as_it_is_has_nothing_read_for_it() -> None:
    """Only where AWS would try the delivery anew are bucket, key, topic and role looked at."""
    aws = Direct()
    aws.follow(SURROUNDINGS)
    for change in aws.plan(_trail()).changes:
        aws.follow(change.calls)
    aws.sent.clear()
    aws.plan(_trail(tags={"Owner": "a"}))
    assert {"get_bucket_policy", "get_topic_attributes", "get_key_policy"}.isdisjoint(aws.sent)


SCHEDULES = {
    "every day": "is no schedule", "rate(1 days)": "write rate(1 day)", "rate(5 minute)": "write rate(5 minutes)",
    "rate(0 days)": "no rate", "rate(1 week)": "no rate", "rate(5)": "no rate", "cron(0 12 * * *)": "has 5 fields",
    "cron(0 12 * * * *)": "question mark", "cron(0 12 ? * ? *)": "question mark", "cron(60 12 * * ? *)": "no minutes",
    "cron(0 24 * * ? *)": "no hours", "cron(0 12 32 * ? *)": "no day of month", "cron(0 12 * JANUARY ? *)": "no month",
    "cron(0 12 ? * 8 *)": "no day of week", "cron(0 12 * * ? 1969)": "no year", "cron(*/0 12 * * ? *)": "no minutes",
}  # fmt: skip
GOOD_SCHEDULES = (
    "rate(1 day)", "rate(5 minutes)", "cron(0 12 * * ? *)", "cron(0/15 8-17 ? * MON-FRI *)", "cron(0 8 1,15 * ? 2026)",
    "cron(0 0 L * ? *)", "cron(0 0 15W JAN-MAR ? *)", "cron(0 0 ? * 6L *)", "cron(0 0 ? * FRI#2 *)",
    "cron(*/5 * * * ? *)",
)  # fmt: skip


def _rule(**asked: Any) -> list[Problem]:
    """What is wrong with a rule, told when the playbook is read."""
    try:
        return list(Direct().plan({"eventbridge_rule": {"name": "one", **asked}}).problems)
    except InputError as error:
        return list(error.problems)


@pytest.mark.parametrize("text", sorted(SCHEDULES))
def test_a_schedule_that_eventbridge_does_not_take_is_told(text: str) -> None:
    """Each with what is wrong or how to write it."""
    (problem,) = _rule(schedule_expression=text)
    assert SCHEDULES[text] in f"{problem.summary} {problem.hint}"


def test_schedules_that_eventbridge_takes() -> None:
    """Steps, ranges, names of days and months, the last day, weekdays, the second Friday."""
    assert [text for text in GOOD_SCHEDULES if _rule(schedule_expression=text)] == []


PATTERNS: dict[str, tuple[Any, str]] = {
    "empty": ({}, "is not empty"),
    "a value that is no list": ({"source": "aws.iam"}, "the values of 'source' are a list"),
    "no values": ({"source": []}, "the values of 'source' are a list"),
    "nothing below": ({"detail": {}}, "the values of 'detail' are a list"),
    "a comparison that there is not": ({"source": [{"prefx": "aws."}]}, "did you mean 'prefix'?"),
    "a list in a list": ({"detail": {"a": [["x"]]}}, "a value is text"),
    "an or of one": ({"$or": [{"source": ["a"]}]}, "two or more patterns"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(PATTERNS))
def test_an_event_pattern_that_eventbridge_does_not_take_is_told(case: str) -> None:
    """With the place in the pattern."""
    pattern, told = PATTERNS[case]
    (problem,) = _rule(event_pattern=pattern)
    assert told in f"{problem.summary} {problem.hint}"


def test_event_patterns_that_eventbridge_takes() -> None:
    """Texts, numbers, null and comparisons, at any depth, and one of several patterns."""
    pattern = {
        "source": ["aws.iam", {"prefix": "aws."}], "detail": {"a": {"b": [1, None, True, {"exists": False}]}},
        "$or": [{"account": ["1"]}, {"region": [{"anything-but": ["eu-west-1"]}]}],
    }  # fmt: skip
    assert _rule(event_pattern=pattern) == []
