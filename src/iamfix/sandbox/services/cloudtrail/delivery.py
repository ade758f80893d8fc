"""Whether CloudTrail can deliver: AWS tries bucket, key, topic, role and log group when a trail is made or changed.

Source: CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail", "Configure AWS KMS key policies for
CloudTrail", "Amazon SNS topic policy for CloudTrail", "Role policy document for CloudTrail to use CloudWatch Logs".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from iamfix.sandbox.call import Call
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.evaluation import decide, statements_of
from iamfix.sandbox.services.cloudtrail.state import Trail
from iamfix.sandbox.services.iam import aws_policies
from iamfix.sandbox.services.iam.state import IamState, Role
from iamfix.sandbox.services.kms.use import find_key, service_may_use
from iamfix.sandbox.services.logs.state import LogsState
from iamfix.sandbox.services.organizations.state import OrgState
from iamfix.sandbox.services.s3.state import Bucket, s3_state
from iamfix.sandbox.services.service_principals import service_may
from iamfix.sandbox.services.sns.state import SnsState

SERVICE = "cloudtrail.amazonaws.com"


def check_delivery(call: Call, trail: Trail) -> Trail:
    """The trail as CloudTrail keeps it: its topic and key by ARN. Raises what AWS answers when it cannot deliver."""
    context = _source(call, trail)
    bucket = _check_bucket(call, trail, context)
    _check_logs(call, trail)
    key = _checked_key(call, trail, bucket, context) if trail.key else None
    topic = _checked_topic(call, trail, context) if trail.topic else None
    return replace(trail, key=key, topic=topic)


def delivery_errors(call: Call, trail: Trail) -> tuple[str | None, str | None]:
    """What keeps a trail that logs from its bucket and from its log group now, in S3's and CloudWatch Logs' words.

    AWS tells it after the next delivery has failed, minutes later; here it is told at once.
    """
    if not trail.logging or trail.account != call.account:
        return None, None
    context = _source(call, trail)
    told: list[str | None] = []
    checks: tuple[Callable[[], None], ...] = (
        lambda: _check_files(call, trail, context),
        lambda: _check_logs(call, trail),
    )
    for check in checks:
        try:
            check()
        except AwsError as error:
            told.append(_DELIVERY.get(error.code, "AccessDenied"))
        else:
            told.append(None)
    return told[0], told[1]


_DELIVERY = {"S3BucketDoesNotExistException": "NoSuchBucket", "KmsKeyNotFoundException": "KMS.DisabledException"}
"""Refusals of CreateTrail with the errors of a delivery that come of the same cause; all others are AccessDenied."""


def _check_files(call: Call, trail: Trail, context: Mapping[str, str]) -> None:
    bucket = _check_bucket(call, trail, context)
    if trail.key:
        _checked_key(call, trail, bucket, context)


def _checked_topic(call: Call, trail: Trail, context: Mapping[str, str]) -> str:
    name = str(trail.topic)
    arn = name if name.startswith("arn:") else f"arn:{call.partition}:sns:{trail.region}:{trail.account}:{name}"
    _, partition, _, region, account, _ = arn.split(":", 5)
    topic = call.cloud.state(SnsState, f"{account}/{region}", partition).topics.seen(arn, call.replica)
    if topic is None or not service_may(topic.policy, SERVICE, "sns:Publish", arn, context):
        raise AwsError("InsufficientSnsTopicPolicyException", "The SNS topic or its policy is not right.")
    return arn


def _checked_key(call: Call, trail: Trail, bucket: Bucket, context: Mapping[str, str]) -> str:
    key = find_key(call, str(trail.key))
    if key is None or key.arn.split(":")[3] != bucket.region:
        raise AwsError("KmsKeyNotFoundException", f"KMS key {trail.key} is not found in the bucket's region.")
    encrypting = {**context, "kms:EncryptionContext:aws:cloudtrail:arn": trail.arn(call.partition)}
    if not service_may_use(key, SERVICE, ("kms:GenerateDataKey", "kms:DescribeKey"), encrypting):
        raise AwsError("InsufficientEncryptionPolicyException", f"Insufficient permissions to access KMS key {key.arn}")
    return key.arn


def _check_bucket(call: Call, trail: Trail, context: Mapping[str, str]) -> Bucket:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", trail.bucket or ""):
        raise AwsError("InvalidS3BucketNameException", f"Bucket name {trail.bucket} is not valid.")
    bucket = s3_state(call).buckets.seen(trail.bucket, call.replica)
    if bucket is None:
        raise AwsError("S3BucketDoesNotExistException", f"S3 bucket {trail.bucket} does not exist!")
    arn = f"arn:{call.partition}:s3:::{trail.bucket}"
    owners = [trail.account]
    if trail.organization:
        state = call.cloud.state(OrgState, trail.account, call.partition)
        owners.append(state.organization.id if state.organization else "")
    head = f"{arn}/{trail.prefix}/AWSLogs" if trail.prefix else f"{arn}/AWSLogs"
    writes = {**context, "s3:x-amz-acl": "bucket-owner-full-control"}
    may = service_may(bucket.policy, SERVICE, "s3:GetBucketAcl", arn, context) and all(
        service_may(bucket.policy, SERVICE, "s3:PutObject", f"{head}/{owner}/CloudTrail/x", writes) for owner in owners
    )
    if not may:
        told = f"Incorrect S3 bucket policy is detected for bucket: {trail.bucket}"
        raise AwsError("InsufficientS3BucketPolicyException", told)
    return bucket


def _check_logs(call: Call, trail: Trail) -> None:
    if trail.group is None and trail.role is None:
        return
    if trail.group is None:
        raise _bad_group("You must specify a log group as well as a role.")
    if trail.role is None:
        raise _bad_role("You must specify a role as well as a log group.")
    head = f"arn:{call.partition}:logs:{trail.region}:{trail.account}:log-group:"
    name = trail.group.removeprefix(head).removesuffix(":*")
    if not trail.group.startswith(head) or not trail.group.endswith(":*") or ":" in name:
        raise _bad_group("CloudTrail cannot validate the specified log group ARN.")
    if call.state(LogsState).groups.seen(f"{trail.region}:{name}", call.replica) is None:
        raise _bad_group("CloudTrail cannot validate the specified log group ARN.")
    found = re.fullmatch(rf"arn:{call.partition}:iam::{trail.account}:role/(?:.*/)?([^/]+)", trail.role)
    role = call.state(IamState).roles.seen(found[1].lower(), call.replica) if found else None
    if role is None or not service_may(role.trust, SERVICE, "sts:AssumeRole", None, _source(call, trail)):
        raise _bad_role("Access denied. Check the trust relationships for your role.")
    streams = [f"{trail.account}_CloudTrail_{trail.region}"]
    if trail.organization:
        state = call.cloud.state(OrgState, trail.account, call.partition)
        streams.append(f"{state.organization.id if state.organization else ''}_{trail.account}_{trail.region}")
    for stream in streams:
        resource = f"{head}{name}:log-stream:{stream}"
        if not all(_role_may(call, role, action, resource) for action in ("logs:CreateLogStream", "logs:PutLogEvents")):
            raise _bad_group("Access denied. Verify in IAM that the role has adequate permissions.")


def _source(call: Call, trail: Trail) -> dict[str, str]:
    return {"aws:SourceArn": trail.arn(call.partition), "aws:SourceAccount": trail.account}


def _role_may(call: Call, role: Role, action: str, resource: str) -> bool:
    """Whether the role's own policies let it do something; a trust policy's Resource is not asked for."""
    statements: list[Any] = []
    for text in role.inline.values():
        statements += statements_of(text)
    for arn in role.attached:
        known = aws_policies.by_arn(call.partition).get(arn)
        own = call.state(IamState).policies.latest(arn.rpartition("/")[2].lower())
        statements += statements_of((known or own).document()) if known or own else []  # type: ignore[union-attr]
    return decide(statements, action, resource, {}) == "allow"


def _bad_group(message: str) -> AwsError:
    return AwsError("InvalidCloudWatchLogsLogGroupArnException", message)


def _bad_role(message: str) -> AwsError:
    return AwsError("InvalidCloudWatchLogsRoleArnException", message)
