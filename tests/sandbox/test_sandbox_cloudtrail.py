"""Every rule of CloudTrail that moto lacks and the sandbox holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iamfix.model import Call, Result
from iamfix.sandbox import Sandbox
from tests.direct import resolved
from tests.kinds.states.trails import SERVICE, role_calls

US, EU, ACCOUNT, MEMBER = "us-east-1", "eu-west-1", "111111111111", "222222222222"
ORG = "o-practice01"
ARN = f"arn:aws:cloudtrail:{US}:{ACCOUNT}:trail/audit"
GROUP = f"arn:aws:logs:{US}:{ACCOUNT}:log-group:trail:*"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/writer"


def trail(operation: str = "create_trail", region: str = US, **params: Any) -> Call:
    given = {"Name": "audit"} | ({"S3BucketName": "logs"} if operation == "create_trail" else {}) | params
    return Call("cloudtrail", operation, given, region)


def bucket_policy(*owners: str, prefix: str = "", source: str = ARN, acl: str = "bucket-owner-full-control") -> Call:
    same = {"Effect": "Allow", "Principal": SERVICE}
    source_is = {"aws:SourceArn": source}
    statements = [
        {
            **same, "Action": "s3:GetBucketAcl", "Resource": "arn:aws:s3:::logs",
            "Condition": {"StringEquals": source_is},
        },
        {
            **same, "Action": "s3:PutObject",
            "Resource": [f"arn:aws:s3:::logs/{prefix}AWSLogs/{owner}/*" for owner in owners or (ACCOUNT,)],
            "Condition": {"StringEquals": {**source_is, "s3:x-amz-acl": acl}},
        },
    ]  # fmt: skip
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return Call("s3", "put_bucket_policy", {"Bucket": "logs", "Policy": text}, US)


BUCKET = (Call("s3", "create_bucket", {"Bucket": "logs"}, US), bucket_policy())
LOGS = (Call("logs", "create_log_group", {"logGroupName": "trail"}, US), *role_calls("writer"))
DELIVERS = {"CloudWatchLogsLogGroupArn": GROUP, "CloudWatchLogsRoleArn": ROLE}
EVENTS = {"EventSelectors": [{"ReadWriteType": "WriteOnly"}]}
POLICY, GROUPS, ROLES = (
    "InsufficientS3BucketPolicyException", "InvalidCloudWatchLogsLogGroupArnException",
    "InvalidCloudWatchLogsRoleArnException",
)  # fmt: skip


def selectors(region: str = US, **params: Any) -> Call:
    return Call("cloudtrail", "put_event_selectors", {"TrailName": "audit", **params}, region)


REFUSED: dict[str, tuple[tuple[Call, ...], str]] = {
    "no bucket": ((trail(),), "S3BucketDoesNotExistException"),
    "bucket without a policy": ((BUCKET[0], trail()), POLICY),
    "bucket policy for another trail": ((BUCKET[0], bucket_policy(source=f"{ARN}2"), trail()), POLICY),
    "bucket policy for another account": ((BUCKET[0], bucket_policy(MEMBER), trail()), POLICY),
    "bucket policy for another prefix": ((*BUCKET, trail(S3KeyPrefix="x")), POLICY),
    "bucket policy without the ACL": ((BUCKET[0], bucket_policy(acl="private"), trail()), POLICY),
    "moved to a bucket that refuses": (
        (*BUCKET, trail(), Call("s3", "create_bucket", {"Bucket": "other"}, US),
         trail("update_trail", S3BucketName="other")),
        POLICY,
    ),
    "same name twice": ((*BUCKET, trail(), trail()), "TrailAlreadyExistsException"),
    "name of two characters": ((*BUCKET, trail(Name="ab")), "InvalidTrailNameException"),
    "name with two dots": ((*BUCKET, trail(Name="a..b")), "InvalidTrailNameException"),
    "name like an address": ((*BUCKET, trail(Name="10.0.0.1")), "InvalidTrailNameException"),
    "all regions without global events": (
        (*BUCKET, trail(IsMultiRegionTrail=True, IncludeGlobalServiceEvents=False)),
        "InvalidParameterCombinationException",
    ),
    "log group without a role": ((*BUCKET, *LOGS, trail(CloudWatchLogsLogGroupArn=GROUP)), ROLES),
    "role without a log group": ((*BUCKET, *LOGS, trail(CloudWatchLogsRoleArn=ROLE)), GROUPS),
    "log group that is not there": ((*BUCKET, *LOGS[1:], trail(**DELIVERS)), GROUPS),
    "log group without :*": (
        (*BUCKET, *LOGS, trail(**{**DELIVERS, "CloudWatchLogsLogGroupArn": GROUP.removesuffix(":*")})), GROUPS,
    ),
    "log group of another region": (
        (*BUCKET, *LOGS, trail(**{**DELIVERS, "CloudWatchLogsLogGroupArn": GROUP.replace(US, EU)})), GROUPS,
    ),
    "role that is not there": ((*BUCKET, LOGS[0], trail(**DELIVERS)), ROLES),
    "role that may not write": ((*BUCKET, *LOGS[:2], trail(**DELIVERS)), GROUPS),
    "role that trusts another service": (
        (*BUCKET, LOGS[0],
         Call("iam", "create_role", {**LOGS[1].params, "AssumeRolePolicyDocument": LOGS[1].params[
             "AssumeRolePolicyDocument"].replace("cloudtrail", "ec2")}),
         LOGS[2], trail(**DELIVERS)),
        ROLES,
    ),
    "organization without trusted access": (
        (*BUCKET, trail(IsOrganizationTrail=True)), "CloudTrailAccessNotEnabledException",
    ),
    "unknown trail": ((trail("start_logging"),), "TrailNotFoundException"),
    "changed from another region": (
        (*BUCKET, trail(IsMultiRegionTrail=True), trail("update_trail", EU)), "InvalidHomeRegionException",
    ),
    "deleted from another region by ARN": (
        (*BUCKET, trail(IsMultiRegionTrail=True), trail("delete_trail", EU, Name=ARN)), "InvalidHomeRegionException",
    ),
    "logging from another region": (
        (*BUCKET, trail(IsMultiRegionTrail=True), trail("start_logging", EU)), "InvalidHomeRegionException",
    ),
    "selectors from another region": (
        (*BUCKET, trail(IsMultiRegionTrail=True), selectors(EU, **EVENTS)), "InvalidHomeRegionException",
    ),
    "shadow of the same name": (
        (*BUCKET, trail(IsMultiRegionTrail=True), trail(region=EU)), "TrailAlreadyExistsException",
    ),
    "no selectors": ((*BUCKET, trail(), selectors()), "InvalidEventSelectorsException"),
    "six selectors": (
        (*BUCKET, trail(), selectors(EventSelectors=[{"ReadWriteType": "All"}] * 6)), "InvalidEventSelectorsException",
    ),
    "advanced selector without a category": (
        (*BUCKET, trail(), selectors(
            AdvancedEventSelectors=[{"FieldSelectors": [{"Field": "readOnly", "Equals": ["true"]}]}])),
        "InvalidEventSelectorsException",
    ),
    "no insights": (
        (*BUCKET, trail(), Call("cloudtrail", "get_insight_selectors", {"TrailName": "audit"}, US)),
        "InsightNotEnabledException",
    ),
}  # fmt: skip


_MADE = Result("", "create_key", "KeyMetadata.KeyId")


def key(*statements: dict[str, Any], region: str = US) -> tuple[Call, ...]:
    """A key of the alias `trail`, with these statements beside the account's own."""
    own = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [own, *statements]})
    return (
        Call("kms", "create_key", {"Policy": policy}, region),
        Call("kms", "create_alias", {"AliasName": "alias/trail", "TargetKeyId": _MADE}, region),
    )


ENCRYPT = {
    "Effect": "Allow", "Principal": SERVICE, "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": "*",
    "Condition": {
        "StringEquals": {"aws:SourceArn": ARN},
        "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"},
    },
}  # fmt: skip
ENCRYPTED = trail(KmsKeyId="alias/trail")
TOPIC = f"arn:aws:sns:{US}:{ACCOUNT}:deliveries"


def topic(*statements: dict[str, Any]) -> tuple[Call, ...]:
    """A topic with these statements in place of AWS's own."""
    own = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sns:Publish", "Resource": TOPIC}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [own, *statements]})
    put = {"TopicArn": TOPIC, "AttributeName": "Policy", "AttributeValue": policy}
    return Call("sns", "create_topic", {"Name": "deliveries"}, US), Call("sns", "set_topic_attributes", put, US)


PUBLISH = {"Effect": "Allow", "Principal": SERVICE, "Action": "sns:Publish", "Resource": TOPIC}
NO_TOPIC = "InsufficientSnsTopicPolicyException"
REFUSED |= {
    "topic that is not there": ((*BUCKET, trail(SnsTopicName="deliveries")), NO_TOPIC),
    "topic that lets nobody in": ((*BUCKET, *topic(), trail(SnsTopicName="deliveries")), NO_TOPIC),
    "key that is not there": ((*BUCKET, ENCRYPTED), "KmsKeyNotFoundException"),
    "key of another region": (
        (*BUCKET, *key(ENCRYPT, region=EU), trail(KmsKeyId=f"arn:aws:kms:{EU}:{ACCOUNT}:alias/trail")),
        "KmsKeyNotFoundException",
    ),
    "key that lets nobody in": ((*BUCKET, *key(), ENCRYPTED), "InsufficientEncryptionPolicyException"),
    "key for another trail": (
        (*BUCKET, *key({**ENCRYPT, "Condition": {"StringEquals": {"aws:SourceArn": f"{ARN}2"}}}), ENCRYPTED),
        "InsufficientEncryptionPolicyException",
    ),
    "disabled key": (
        (*BUCKET, *key(ENCRYPT), Call("kms", "disable_key", {"KeyId": _MADE}, US),
         ENCRYPTED),
        "KmsKeyNotFoundException",
    ),
}  # fmt: skip


def test_a_topic_is_kept_by_its_arn(sandbox: Sandbox) -> None:
    """A topic whose policy lets CloudTrail publish is taken by name, and told by ARN."""
    assert _do(sandbox, *BUCKET, *topic(PUBLISH), trail(SnsTopicName="deliveries"))["SnsTopicARN"] == TOPIC


def test_a_key_is_kept_by_its_arn(sandbox: Sandbox) -> None:
    """A key whose policy lets CloudTrail encrypt is taken by alias, and told by ARN."""
    told = _do(sandbox, *BUCKET, *key(ENCRYPT), ENCRYPTED)["KmsKeyId"]
    assert told.startswith(f"arn:aws:kms:{US}:{ACCOUNT}:key/")


def _do(sandbox: Sandbox, *calls: Call, account: str | None = None) -> Any:
    answer = None
    for call in calls:
        client = sandbox.client(call.service, account, region=call.region or US)
        answer = getattr(client, call.operation)(**resolved(call.params, _GIVEN))
        _GIVEN[call.operation] = answer
    return answer


_GIVEN: dict[str, Any] = {}
"""What the last call of each operation has answered."""


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_aws_refuses(case: str, sandbox: Sandbox) -> None:
    """All calls but the last are taken, and the last is refused with AWS's code."""
    calls, code = REFUSED[case]
    _do(sandbox, *calls[:-1])
    with pytest.raises(ClientError) as refused:
        _do(sandbox, calls[-1])
    assert refused.value.response["Error"]["Code"] == code


def test_a_new_trail_does_not_log_and_records_management_events(sandbox: Sandbox) -> None:
    """Until StartLogging it does not log; its selectors are AWS's default ones."""
    _do(sandbox, *BUCKET, trail())
    client = sandbox.client("cloudtrail")
    assert client.get_trail_status(Name="audit")["IsLogging"] is False
    (one,) = client.get_event_selectors(TrailName="audit")["EventSelectors"]
    assert (one["ReadWriteType"], one["IncludeManagementEvents"], one["DataResources"]) == ("All", True, [])
    _do(sandbox, trail("start_logging"))
    assert client.get_trail_status(Name=ARN)["IsLogging"] is True


def test_one_kind_of_selectors_erases_the_other(sandbox: Sandbox) -> None:
    """After advanced event selectors there are no plain ones, and the other way round."""
    advanced = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]
    _do(sandbox, *BUCKET, trail(), selectors(**EVENTS), selectors(AdvancedEventSelectors=advanced))
    client = sandbox.client("cloudtrail")
    found = client.get_event_selectors(TrailName="audit")
    assert (found.get("EventSelectors"), found["AdvancedEventSelectors"]) == (None, advanced)
    _do(sandbox, selectors(**EVENTS))
    assert "AdvancedEventSelectors" not in client.get_event_selectors(TrailName="audit")


def test_a_trail_of_all_regions_is_seen_in_each(sandbox: Sandbox) -> None:
    """It shows as a shadow elsewhere, unless shadows are not wanted; a trail of one region does not."""
    _do(sandbox, *BUCKET, trail(IsMultiRegionTrail=True))
    other = sandbox.client("cloudtrail", region=EU)
    (seen,) = other.describe_trails()["trailList"]
    assert (seen["Name"], seen["HomeRegion"]) == ("audit", US)
    assert other.describe_trails(includeShadowTrails=False)["trailList"] == []
    _do(sandbox, trail("update_trail", IsMultiRegionTrail=False))
    assert other.describe_trails()["trailList"] == []


def test_from_all_regions_to_one_global_events_go(sandbox: Sandbox) -> None:
    """UpdateTrail switches them off unless it is told."""
    _do(sandbox, *BUCKET, trail(IsMultiRegionTrail=True))
    assert _do(sandbox, trail("update_trail", IsMultiRegionTrail=False))["IncludeGlobalServiceEvents"] is False
    _do(sandbox, trail("update_trail", IsMultiRegionTrail=True, IncludeGlobalServiceEvents=True))
    kept = _do(sandbox, trail("update_trail", IsMultiRegionTrail=False, IncludeGlobalServiceEvents=True))
    assert kept["IncludeGlobalServiceEvents"] is True


def test_five_trails_in_a_region_shadows_count(sandbox: Sandbox) -> None:
    """Four of its own and a shadow fill a region; another region has room."""
    sources = f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"
    allowed = bucket_policy(source=sources)
    text = allowed.params["Policy"].replace("StringEquals", "StringLike")
    _do(sandbox, BUCKET[0], Call("s3", "put_bucket_policy", {**allowed.params, "Policy": text}, US))
    _do(sandbox, trail(region=EU, IsMultiRegionTrail=True), *(trail(Name=f"own{number}") for number in range(4)))
    with pytest.raises(ClientError, match="MaximumNumberOfTrailsExceededException"):
        _do(sandbox, trail(Name="own4"))
    _do(sandbox, trail(Name="own4", region=EU))


def test_a_trail_is_deleted_by_arn(sandbox: Sandbox) -> None:
    """At home, the ARN is as good as the name."""
    _do(sandbox, *BUCKET, trail(), trail("delete_trail", Name=ARN))
    assert sandbox.client("cloudtrail").describe_trails()["trailList"] == []


def test_an_organization_trail_is_seen_by_members_and_changed_by_none(sandbox: Sandbox) -> None:
    """With trusted access and a bucket for the organization's logs it is made; members see it, by ARN only."""
    access = Call("organizations", "enable_aws_service_access", {"ServicePrincipal": "cloudtrail.amazonaws.com"})
    _do(sandbox, *BUCKET, access)
    with pytest.raises(ClientError, match=POLICY):
        _do(sandbox, trail(IsOrganizationTrail=True))
    _do(sandbox, bucket_policy(ACCOUNT, ORG), trail(IsOrganizationTrail=True, IsMultiRegionTrail=True))
    member = sandbox.client("cloudtrail", MEMBER, region=EU)
    assert [one["TrailARN"] for one in member.describe_trails()["trailList"]] == [ARN]
    assert member.get_trail_status(Name=ARN)["IsLogging"] is False
    with pytest.raises(ClientError, match="NotOrganizationMasterAccountException"):
        member.stop_logging(Name=ARN)
    with pytest.raises(ClientError, match="NotOrganizationMasterAccountException"):
        _do(sandbox, trail(IsOrganizationTrail=True, Name="mine", S3BucketName="logs"), account=MEMBER)


def test_an_update_keeps_what_it_is_not_told(sandbox: Sandbox) -> None:
    """What is left out stays, and an empty text takes away."""
    _do(sandbox, *BUCKET, *LOGS, trail(**DELIVERS, EnableLogFileValidation=True))
    kept = _do(sandbox, trail("update_trail", IsMultiRegionTrail=True))
    assert (kept["CloudWatchLogsLogGroupArn"], kept["LogFileValidationEnabled"]) == (GROUP, True)
    gone = _do(sandbox, trail("update_trail", CloudWatchLogsLogGroupArn="", CloudWatchLogsRoleArn=""))
    assert "CloudWatchLogsLogGroupArn" not in gone
