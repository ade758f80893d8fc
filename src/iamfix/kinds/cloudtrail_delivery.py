"""Whether a trail can deliver: AWS tries its bucket, key, topic and role when it is made or changed.

Source: CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail", "Configure AWS KMS key policies for
CloudTrail", "Amazon SNS topic policy for CloudTrail", "Role policy document for CloudTrail to use CloudWatch Logs".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from iamfix.kinds.protocol import MISSING, Breach, Look
from iamfix.kinds.service_access import bucket_of, key_breaches, refused_to, seen, unseen_bucket

_SERVICE = "cloudtrail.amazonaws.com"
_POLICY = frozenset({"policy"})


def breaches(arn: str, after: Any, look: Look) -> Iterator[Breach]:
    """Yield what of the account surely does not let the trail of this ARN deliver."""
    source = {"aws:SourceArn": arn, "aws:SourceAccount": look.account.id, "aws:SecureTransport": "true"}
    yield from _bucket(after, look, source)
    encrypting = {**source, "kms:EncryptionContext:aws:cloudtrail:arn": arn}
    yield from key_breaches(
        after.kms_key_id, look, _SERVICE, ("kms:GenerateDataKey", "kms:DescribeKey"), encrypting
    )  # fmt: skip
    yield from _topic(after, look, source)
    yield from _role(after, look, source)


def _bucket(after: Any, look: Look, source: Mapping[str, str]) -> Iterator[Breach]:
    name = str(after.s3_bucket_name)
    bucket = bucket_of(name, look, _POLICY)
    if bucket is None:
        return
    arn = f"arn:{look.account.partition}:s3:::{name}"
    prefix = f"{after.s3_key_prefix}/" if after.s3_key_prefix else ""
    head = f"{arn}/{prefix}AWSLogs/{look.account.id}"
    writes = {**source, "s3:x-amz-acl": "bucket-owner-full-control"}
    for action, resource, context in (
        ("s3:GetBucketAcl", arn, source), ("s3:PutObject", f"{head}/CloudTrail/x", writes),
    ):  # fmt: skip
        if refused_to(_SERVICE, bucket.policy, action, resource, context, look):
            where = "it" if resource == arn else f"{head}/*"
            yield Breach(
                f"the policy of the bucket {name} does not let CloudTrail do {action} on {where}",
                "allow it in an earlier task; templates/policies/trail-bucket.json.j2 does",
                MISSING,
            )
            return


def notes(before: Any | None, after: Any, look: Look) -> Iterator[str]:
    if before is None or before.s3_bucket_name != after.s3_bucket_name:
        yield from unseen_bucket(str(after.s3_bucket_name), look, "CloudTrail")


def _topic(after: Any, look: Look, source: Mapping[str, str]) -> Iterator[Breach]:
    parts = str(after.sns_topic_name or "").split(":")
    if len(parts) < 6 or (parts[3], parts[4]) != (look.region or look.account.home_region, look.account.id):
        return
    topic = seen(look, "sns_topic", parts[5], _POLICY)
    if topic is None:
        yield Breach(f"there is no topic {parts[5]!r} in {parts[3]}", "create it in an earlier task", MISSING)
    elif refused_to(_SERVICE, topic.policy, "sns:Publish", str(after.sns_topic_name), source, look):
        yield Breach(
            f"the policy of the topic {parts[5]} does not let CloudTrail publish",
            "allow it in an earlier task",
            MISSING,
        )


def _role(after: Any, look: Look, source: Mapping[str, str]) -> Iterator[Breach]:
    role = seen(look, "iam_role", str(after.cloudwatch_logs_role_arn or "").rpartition("/")[2], frozenset())
    if role is None or after.cloudwatch_logs_role_arn is None:
        return
    trust = role.assume_role_policy_document
    if refused_to(_SERVICE, trust, "sts:AssumeRole", after.cloudwatch_logs_role_arn, source, look):
        yield Breach(
            f"the role {after.cloudwatch_logs_role_arn} does not let CloudTrail assume it",
            "Principal: {Service: cloudtrail.amazonaws.com} in its assume_role_policy_document",
            MISSING,
        )
