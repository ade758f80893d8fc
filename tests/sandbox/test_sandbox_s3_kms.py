"""S3 and KMS in the sandbox: what AWS refuses, and what it makes by itself."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iamfix.sandbox import Sandbox, TurnableClock

ROOT = "arn:aws:iam::111111111111:root"
NOBODY = "arn:aws:iam::111111111111:role/nobody"


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _statement(action: str, resource: str, principal: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource, **more}


def _code(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return str(caught.value.response["Error"]["Code"])


def test_a_new_bucket_has_the_settings_of_april_2023(sandbox: Sandbox) -> None:
    """Public access is blocked, ACLs are off, objects are encrypted."""
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="one")
    assert set(s3.get_public_access_block(Bucket="one")["PublicAccessBlockConfiguration"].values()) == {True}
    rules = s3.get_bucket_ownership_controls(Bucket="one")["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    rule = s3.get_bucket_encryption(Bucket="one")["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert _code(s3.get_bucket_policy, Bucket="one") == "NoSuchBucketPolicy"
    assert _code(s3.get_bucket_tagging, Bucket="one") == "NoSuchTagSet"
    assert _code(s3.get_bucket_lifecycle_configuration, Bucket="one") == "NoSuchLifecycleConfiguration"
    assert _code(s3.get_object_lock_configuration, Bucket="one") == "ObjectLockConfigurationNotFoundError"


def test_bucket_names_are_one_name_space(sandbox: Sandbox) -> None:
    """What another account has is taken; one's own again is an error, but for us-east-1."""
    s3, other = sandbox.client("s3"), sandbox.client("s3", "222222222222")
    west = sandbox.client("s3", region="eu-west-1")
    s3.create_bucket(Bucket="one")
    s3.create_bucket(Bucket="one")
    west.create_bucket(Bucket="two", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert _code(other.create_bucket, Bucket="one") == "BucketAlreadyExists"
    again = {"Bucket": "two", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    assert _code(west.create_bucket, **again) == "BucketAlreadyOwnedByYou"
    assert _code(west.create_bucket, Bucket="three") == "IllegalLocationConstraintException"
    assert _code(other.get_bucket_policy, Bucket="one") == "AccessDenied"
    assert _code(s3.create_bucket, Bucket="Under_Score") == "InvalidBucketName"
    assert [one["Name"] for one in west.list_buckets(BucketRegion="eu-west-1")["Buckets"]] == ["two"]
    told = s3.list_buckets(MaxBuckets=10)["Buckets"]
    assert [(one["Name"], one["BucketRegion"]) for one in told] == [("one", "us-east-1"), ("two", "eu-west-1")]
    assert "BucketRegion" not in s3.list_buckets()["Buckets"][0]


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ("{", "MalformedPolicy"),
        (_policy(_statement("s3:GetObject", "arn:aws:s3:::other/*", ROOT)), "MalformedPolicy"),
        (_policy(_statement("sqs:SendMessage", "arn:aws:s3:::one", {"AWS": ROOT})), "MalformedPolicy"),
        (
            _policy(_statement("s3:GetObject", "arn:aws:s3:::one/*", {"AWS": f"{ROOT[:-4]}role/nobody"})),
            "MalformedPolicy",
        ),
        (_policy(_statement("s3:GetObject", "arn:aws:s3:::one/*")), "AccessDenied"),
        (
            _policy({**_statement("s3:Get*", "arn:aws:s3:::one/*", {"AWS": ROOT}), "Sid": "x" * 21000}),
            "MalformedPolicy",
        ),
    ],
)
def test_bucket_policies_that_are_refused(sandbox: Sandbox, policy: str, code: str) -> None:
    """JSON, resources, actions, principals and size are checked; public ones are blocked."""
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="one")
    assert _code(s3.put_bucket_policy, Bucket="one", Policy=policy) == code


def test_a_deny_without_tls_lets_tls_through(sandbox: Sandbox) -> None:
    """A policy that denies only requests without TLS is kept, is not public, and breaks nothing."""
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="one")
    deny = _statement("s3:*", "arn:aws:s3:::one/*", Condition={"Bool": {"aws:SecureTransport": "false"}})
    s3.put_bucket_policy(Bucket="one", Policy=_policy({**deny, "Effect": "Deny"}))
    s3.put_object(Bucket="one", Key="a", Body=b"x")
    assert s3.get_object(Bucket="one", Key="a")["Body"].read() == b"x"


def test_public_policies_are_blocked_by_the_account_too(sandbox: Sandbox) -> None:
    """The account's block holds whatever the bucket's says; a condition with fixed values makes a policy not public."""
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="one")
    s3.delete_public_access_block(Bucket="one")
    public = _statement("s3:GetObject", "arn:aws:s3:::one/*")
    s3.put_bucket_policy(Bucket="one", Policy=_policy(public))
    assert s3.get_bucket_policy_status(Bucket="one")["PolicyStatus"]["IsPublic"] is True
    fixed = {**public, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-x"}}}
    s3.put_bucket_policy(Bucket="one", Policy=_policy(fixed))
    assert s3.get_bucket_policy_status(Bucket="one")["PolicyStatus"]["IsPublic"] is False


def test_full_buckets_stay(sandbox: Sandbox) -> None:
    """Objects, their old versions and delete markers keep a bucket."""
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="one")
    s3.put_bucket_versioning(Bucket="one", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="one", Key="a", Body=b"x")["VersionId"]
    s3.delete_object(Bucket="one", Key="a")
    assert s3.list_objects_v2(Bucket="one")["KeyCount"] == 0
    assert _code(s3.delete_bucket, Bucket="one") == "BucketNotEmpty"
    marker = s3.list_object_versions(Bucket="one")["DeleteMarkers"][0]["VersionId"]
    s3.delete_object(Bucket="one", Key="a", VersionId=version)
    s3.delete_object(Bucket="one", Key="a", VersionId=marker)
    s3.delete_bucket(Bucket="one")
    assert _code(s3.delete_bucket, Bucket="one") == "NoSuchBucket"


def test_other_bucket_rules(sandbox: Sandbox) -> None:
    """Object lock keeps versioning on; logs go to one's own bucket in the same region; rules do something."""
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="one", ObjectLockEnabledForBucket=True)
    suspended = {"Status": "Suspended"}
    assert _code(s3.put_bucket_versioning, Bucket="one", VersioningConfiguration=suspended) == "InvalidBucketState"
    target = {"LoggingEnabled": {"TargetBucket": "nowhere", "TargetPrefix": ""}}
    assert _code(s3.put_bucket_logging, Bucket="one", BucketLoggingStatus=target) == "InvalidTargetBucketForLogging"
    idle = {"Rules": [{"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}}]}
    assert _code(s3.put_bucket_lifecycle_configuration, Bucket="one", LifecycleConfiguration=idle) == "InvalidRequest"
    twice = {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}
    assert _code(s3.put_bucket_tagging, Bucket="one", Tagging=twice) == "InvalidTag"


def test_a_new_bucket_may_be_unseen_for_a_while(sandbox: Sandbox, clock: TurnableClock) -> None:
    """Writes spread: a request right after CreateBucket may find no bucket."""
    sandbox.consistency_delay = 30
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="one")
    codes = set()
    for _ in range(20):
        try:
            s3.get_bucket_versioning(Bucket="one")
        except ClientError as error:
            codes.add(error.response["Error"]["Code"])
    assert codes == {"NoSuchBucket"}
    clock.turn(31)
    s3.get_bucket_versioning(Bucket="one")
    sandbox.consistency_delay = 0


def test_a_key_policy_must_not_lock_its_writer_out(sandbox: Sandbox) -> None:
    """KMS refuses what is no policy, and a policy that the caller could not change again."""
    kms = sandbox.client("kms")
    for wrong in (
        "{",
        _policy(_statement("kms:Encrypt", "*", {"AWS": ROOT})),
        _policy(_statement("kms:*", "*", {"AWS": "arn:aws:iam::222222222222:root"})),
        _policy(_statement("kms:*", "*", {"AWS": NOBODY})),
    ):
        assert _code(kms.create_key, Policy=wrong) == "MalformedPolicyDocumentException"
    key = kms.create_key(Policy=_policy(_statement("kms:*", "*", {"AWS": "111111111111"})))["KeyMetadata"]["KeyId"]
    kept = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    assert kept["Statement"][0]["Principal"] == {"AWS": ROOT}


def test_keys_keep_their_rotation_and_wait_for_their_deletion(sandbox: Sandbox, clock: TurnableClock) -> None:
    """The period is kept, a pending deletion blocks changes and can be cancelled, and comes when its time has come."""
    kms = sandbox.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/one", TargetKeyId=key)
    assert _code(kms.create_alias, AliasName="alias/one", TargetKeyId=key) == "AlreadyExistsException"
    assert _code(kms.create_alias, AliasName="alias/aws/one", TargetKeyId=key) == "NotAuthorizedException"
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=120)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 120
    assert _code(kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=3) == "ValidationException"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert kms.describe_key(KeyId="alias/one")["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert _code(kms.tag_resource, KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}]) == "KMSInvalidStateException"
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 120
    assert _code(kms.disable_key_rotation, KeyId=key) == "DisabledException"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    clock.turn(timedelta(days=8).total_seconds())
    assert _code(kms.describe_key, KeyId=key) == "NotFoundException"
    assert "alias/one" not in {one["AliasName"] for one in kms.list_aliases()["Aliases"]}
