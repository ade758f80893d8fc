"""A bucket's other settings: encryption, versioning, logging, lifecycle, object lock, tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.s3.state import SSE_S3, change, read_bucket, s3_state, the_bucket

_ACTIONS = frozenset(
    {"Expiration", "Transitions", "NoncurrentVersionTransitions", "NoncurrentVersionExpiration",
     "AbortIncompleteMultipartUpload"}
)  # fmt: skip


def _invalid(message: str, code: str = "InvalidArgument") -> AwsError:
    return AwsError(code, message, status=400)


def put_bucket_encryption(call: Call) -> Answer:
    rules = call.params["ServerSideEncryptionConfiguration"]["Rules"]
    if len(rules) != 1:
        raise _invalid("The XML you provided was not well-formed", "MalformedXML")
    default = rules[0].get("ApplyServerSideEncryptionByDefault") or {"SSEAlgorithm": "AES256"}
    if default["SSEAlgorithm"] == "AES256" and default.get("KMSMasterKeyID"):
        raise _invalid("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse")
    blocked = rules[0].get("BlockedEncryptionTypes") or the_bucket(call).encryption.get("BlockedEncryptionTypes")
    kept = {
        "ApplyServerSideEncryptionByDefault": default,
        "BucketKeyEnabled": bool(rules[0].get("BucketKeyEnabled")),
        **({"BlockedEncryptionTypes": blocked} if blocked else {}),
    }
    return change(call, encryption=kept)


def get_bucket_encryption(call: Call) -> Answer:
    return {"ServerSideEncryptionConfiguration": {"Rules": [dict(read_bucket(call).encryption)]}}


def delete_bucket_encryption(call: Call) -> Answer:
    """Back to what every bucket has: SSE-S3."""
    return change(call, encryption=SSE_S3)


def put_bucket_versioning(call: Call) -> Answer:
    status = call.params["VersioningConfiguration"].get("Status")
    if status is None:
        raise _invalid("The Versioning element must be specified", "IllegalVersioningConfigurationException")
    if status != "Enabled" and the_bucket(call).lock is not None:
        told = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
        raise AwsError("InvalidBucketState", told, status=409)
    return change(call, versioning=status)


def get_bucket_versioning(call: Call) -> Answer:
    return {"Status": read_bucket(call).versioning}


def put_bucket_logging(call: Call) -> Answer:
    enabled = call.params["BucketLoggingStatus"].get("LoggingEnabled")
    if enabled is not None:
        target = s3_state(call).buckets.latest(enabled["TargetBucket"])
        if target is None or target.account != call.account:
            told = "The target bucket for logging does not exist, is not owned by you"
            raise _invalid(told, "InvalidTargetBucketForLogging")
        if target.region != the_bucket(call).region:
            told = "The target bucket for logging must be in the region of the source bucket"
            raise AwsError("CrossLocationLoggingProhibited", told, status=403)
    return change(call, logging=enabled)


def get_bucket_logging(call: Call) -> Answer:
    return {"LoggingEnabled": read_bucket(call).logging}


def put_bucket_lifecycle_configuration(call: Call) -> Answer:
    rules = []
    for number, rule in enumerate(call.params.get("LifecycleConfiguration", {}).get("Rules", ())):
        if not _ACTIONS & rule.keys():
            told = "At least one action needs to be specified in a rule"
            raise _invalid(told, "InvalidRequest")
        if ("Filter" in rule) == ("Prefix" in rule):
            raise _invalid("The XML you provided was not well-formed", "MalformedXML")
        rules.append({"ID": f"{call.cloud.new_id('', 32)}{number}", **rule})
    if len({rule["ID"] for rule in rules}) != len(rules):
        raise _invalid("Rule ID must be unique. Found same ID for more than one rule")
    if not rules or len(rules) > 1000:
        raise _invalid("The XML you provided was not well-formed", "MalformedXML")
    size = call.params.get("TransitionDefaultMinimumObjectSize") or "all_storage_classes_128K"
    change(call, rules=tuple(rules), transition_size=size)
    return {"TransitionDefaultMinimumObjectSize": size}


def get_bucket_lifecycle_configuration(call: Call) -> Answer:
    bucket = read_bucket(call)
    if not bucket.rules:
        raise AwsError("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", status=404)
    return {
        "Rules": [dict(rule) for rule in bucket.rules],
        "TransitionDefaultMinimumObjectSize": bucket.transition_size,
    }


def delete_bucket_lifecycle(call: Call) -> Answer:
    return change(call, rules=(), transition_size="all_storage_classes_128K")


def put_object_lock_configuration(call: Call) -> Answer:
    """Since November 2023 it can be enabled later too, in a bucket with versioning."""
    given = call.params.get("ObjectLockConfiguration") or {}
    if the_bucket(call).versioning != "Enabled":
        raise AwsError("InvalidBucketState", "Versioning must be 'Enabled' on the bucket to apply", status=409)
    retention = given.get("Rule", {}).get("DefaultRetention", {})
    if retention and (("Days" in retention) == ("Years" in retention) or "Mode" not in retention):
        raise _invalid("The XML you provided was not well-formed", "MalformedXML")
    return change(call, lock={"ObjectLockEnabled": "Enabled", **({"Rule": given["Rule"]} if retention else {})})


def get_object_lock_configuration(call: Call) -> Answer:
    bucket = read_bucket(call)
    if bucket.lock is None:
        told = "Object Lock configuration does not exist for this bucket"
        raise AwsError("ObjectLockConfigurationNotFoundError", told, status=404)
    return {"ObjectLockConfiguration": dict(bucket.lock)}


def put_bucket_tagging(call: Call) -> Answer:
    """Replaces all tags; AWS's own must be among them, as they are."""
    given: list[Mapping[str, Any]] = call.params["Tagging"]["TagSet"]
    tags = {tag["Key"]: tag["Value"] for tag in given}
    own = {key: value for key, value in the_bucket(call).tags.items() if key.startswith("aws:")}
    if len(tags) != len(given):
        raise _invalid("Cannot provide multiple Tags with the same key", "InvalidTag")
    if len(tags) > 50:
        raise _invalid("Bucket tag count cannot be greater than 50", "BadRequest")
    if {key: value for key, value in tags.items() if key.startswith("aws:")} != own:
        raise _invalid("System tags cannot be added/updated/removed by requester", "InvalidTag")
    return change(call, tags=tags)


def get_bucket_tagging(call: Call) -> Answer:
    tags = read_bucket(call).tags
    if not tags:
        raise AwsError("NoSuchTagSet", "The TagSet does not exist", status=404)
    return {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}


def delete_bucket_tagging(call: Call) -> Answer:
    if any(key.startswith("aws:") for key in the_bucket(call).tags):
        raise _invalid("System tags cannot be removed by requester", "InvalidTag")
    return change(call, tags={})


OPERATIONS: Mapping[str, Handler] = {
    "PutBucketEncryption": put_bucket_encryption,
    "GetBucketEncryption": get_bucket_encryption,
    "DeleteBucketEncryption": delete_bucket_encryption,
    "PutBucketVersioning": put_bucket_versioning,
    "GetBucketVersioning": get_bucket_versioning,
    "PutBucketLogging": put_bucket_logging,
    "GetBucketLogging": get_bucket_logging,
    "PutBucketLifecycleConfiguration": put_bucket_lifecycle_configuration,
    "GetBucketLifecycleConfiguration": get_bucket_lifecycle_configuration,
    "DeleteBucketLifecycle": delete_bucket_lifecycle,
    "PutObjectLockConfiguration": put_object_lock_configuration,
    "GetObjectLockConfiguration": get_object_lock_configuration,
    "PutBucketTagging": put_bucket_tagging,
    "GetBucketTagging": get_bucket_tagging,
    "DeleteBucketTagging": delete_bucket_tagging,
}
