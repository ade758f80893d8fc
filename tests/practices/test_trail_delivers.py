"""Whether the trail's log files arrive, and who used them: keys, policies and access logs that are broken by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from iamfix.model import Call
from tests.direct import ACCOUNT, Direct
from tests.kinds.states.trails import bucket_policy
from tests.practices.chains import ALARMS, EMAIL, TOPIC, TRAIL, again, call, chains, made
from tests.practices.planning import apply, plan

BUCKET = f"iamfix-trail-{ACCOUNT.id}-us-east-1"
ACCESS = f"iamfix-trail-access-{ACCOUNT.id}-us-east-1"
CANNOT = f"{TRAIL} cannot deliver: "


def _messages(aws: Direct) -> list[str]:
    return [one.message for one in plan(aws, "cloudtrail").findings]


def _key(aws: Direct) -> str:
    (key,) = (one for one in aws.get("kms", "list_aliases")["Aliases"] if one["AliasName"] == "alias/iamfix-trail")
    return str(key["TargetKeyId"])


@pytest.mark.parametrize("done", ["disable_key", "schedule_key_deletion"])
def test_a_key_that_cannot_be_used_is_mended_by_one_apply(done: str) -> None:
    """Log files are lost while the key is disabled or about to be deleted: the practice enables it again."""
    aws = made()
    more: dict[str, Any] = {"PendingWindowInDays": 7} if done == "schedule_key_deletion" else {}
    aws.follow([call("kms", done, KeyId=_key(aws), **more)])
    broken = again(aws)
    assert [one.message for one in broken.findings] == [f"{CANNOT}KMS.DisabledException"]
    assert [change.kind for change in broken.changes] == ["kms_key"]
    apply(aws, broken)
    whole = again(aws)
    assert (whole.changes, whole.findings) == ((), ())


def test_a_statement_of_others_that_keeps_the_trail_out_is_named() -> None:
    """A Deny that somebody added to the bucket stays, for it is theirs; that nothing arrives any more is a finding."""
    aws = made()
    policy = json.loads(aws.get("s3", "get_bucket_policy", Bucket=BUCKET)["Policy"])
    statement = {
        "Sid": "Frozen", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }  # fmt: skip
    policy["Statement"].append(statement)
    aws.follow([call("s3", "put_bucket_policy", Bucket=BUCKET, Policy=json.dumps(policy))])
    found = plan(aws, "cloudtrail")
    assert found.changes == ()
    assert [(one.severity, one.message) for one in found.findings] == [("high", f"{CANNOT}AccessDenied")]


def test_a_role_that_may_not_write_breaks_every_chain() -> None:
    """CloudTrail cannot write to the log group: each alarm's chain says so, and one apply mends it."""
    aws = made()
    policy = f"arn:aws:iam::{ACCOUNT.id}:policy/iamfix-trail-logs"
    detach = Call("iam", "detach_role_policy", {"RoleName": "iamfix-trail-logs", "PolicyArn": policy})
    aws.follow([detach])
    told = f"log group: the trail {TRAIL} cannot write to iamfix-trail: AccessDenied"
    assert chains(aws) == dict.fromkeys(ALARMS, told)
    apply(aws, again(aws))
    assert chains(aws) == {}


def test_who_uses_the_log_files_is_logged() -> None:
    """The trail's bucket logs to a bucket of its own; where somebody lets it log elsewhere, that stays."""
    aws = made()
    logging = aws.get("s3", "get_bucket_logging", Bucket=BUCKET)["LoggingEnabled"]
    assert (logging["TargetBucket"], logging["TargetPrefix"]) == (ACCESS, f"{BUCKET}/")
    elsewhere = Direct()
    text = aws.get("s3", "get_bucket_policy", Bucket=ACCESS)["Policy"].replace(ACCESS, "audit")
    target = {"LoggingEnabled": {"TargetBucket": "audit", "TargetPrefix": f"{BUCKET}/"}}
    elsewhere.follow([
        call("s3", "create_bucket", Bucket="audit"), call("s3", "put_bucket_policy", Bucket="audit", Policy=text),
        call("s3", "create_bucket", Bucket=BUCKET),
        call("s3", "put_bucket_logging", Bucket=BUCKET, BucketLoggingStatus=target),
    ])  # fmt: skip
    apply(elsewhere, plan(elsewhere, "cloudtrail"))
    assert elsewhere.get("s3", "get_bucket_logging", Bucket=BUCKET)["LoggingEnabled"]["TargetBucket"] == "audit"
    assert {one["Name"] for one in elsewhere.get("s3", "list_buckets")["Buckets"]} == {"audit", BUCKET}
    assert plan(elsewhere, "cloudtrail").changes == ()


def test_the_bucket_of_a_trail_that_is_kept_is_looked_at() -> None:
    """It is not changed, for it is somebody's; that it has no access log, or is open to the public, is a finding."""
    aws = Direct()
    trail = {"Name": "audit", "S3BucketName": "audit-logs", "IsMultiRegionTrail": True}
    aws.follow([
        call("s3", "create_bucket", Bucket="audit-logs"),
        call("s3", "put_bucket_policy", Bucket="audit-logs", Policy=bucket_policy("audit-logs")),
        call("cloudtrail", "create_trail", **trail), call("cloudtrail", "start_logging", Name="audit"),
    ])  # fmt: skip
    told = "audit-logs, the bucket of audit, has no access log: it keeps what happened in the account."
    assert told in _messages(aws)
    status = {"LoggingEnabled": {"TargetBucket": "audit-logs", "TargetPrefix": "a/"}}
    policy = json.loads(bucket_policy("audit-logs"))
    policy["Statement"].append({
        "Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::audit-logs/*",
    })  # fmt: skip
    aws.follow([
        call("s3", "put_bucket_policy", Bucket="audit-logs", Policy=json.dumps(policy)),
        call("s3", "put_bucket_logging", Bucket="audit-logs", BucketLoggingStatus=status),
    ])  # fmt: skip
    assert not any("the bucket of audit" in message for message in _messages(aws))
    aws.follow([call("s3", "delete_public_access_block", Bucket="audit-logs")])
    assert any("is not blocked for the public" in message for message in _messages(aws))


def test_a_second_trail_that_records_the_same_is_named() -> None:
    """Two trails of one account that record management events cost money; the one that is not kept is named."""
    aws = made()
    other = "second-logs"
    aws.follow([
        call("s3", "create_bucket", Bucket=other),
        call("s3", "put_bucket_policy", Bucket=other, Policy=bucket_policy(other)),
        call("cloudtrail", "create_trail", Name="second", S3BucketName=other),
    ])  # fmt: skip
    assert _messages(aws) == []
    aws.follow([call("cloudtrail", "start_logging", Name="second")])
    (message,) = _messages(aws)
    assert message.startswith(f"second records what {TRAIL} records as well; AWS bills each copy but the first")


def test_who_has_not_confirmed_is_named_though_others_have() -> None:
    """The alarms reach somebody, but not everybody who is to be told: one finding, with the address."""
    aws = made()
    aws.follow([call("sns", "subscribe", TopicArn=TOPIC, Protocol="email", Endpoint="night@example.com")])
    (finding,) = again(aws).findings
    assert finding.message.startswith("night@example.com must confirm the subscription to iamfix-alarms")
    assert EMAIL not in finding.message
