"""How S3 tells a bucket's settings, and how it is told them: each has a read and a write of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import FLAG, TEXT, FieldError, Map, Scalar
from iamfix.kinds import tagging
from iamfix.model import UNREAD
from iamfix.policy.document import Document
from iamfix.records import Record, Structure

Answer = Mapping[str, Any] | None
Fields = dict[str, Any]

ENCRYPTION = Scalar(str, "AES256, aws:kms or aws:kms:dsse", choices=("AES256", "aws:kms", "aws:kms:dsse"))
OWNERSHIP = Scalar(
    str, "BucketOwnerEnforced, BucketOwnerPreferred or ObjectWriter",
    choices=("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"),
)  # fmt: skip
TRANSITION_SIZE = "all_storage_classes_128K"
"""What AWS makes of TransitionDefaultMinimumObjectSize where nothing is asked."""

BLOCK_PARTS = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}
ALL_BLOCKED: Mapping[str, bool] = dict.fromkeys(BLOCK_PARTS, True)
PUBLIC_ACCESS = Record(dict.fromkeys(BLOCK_PARTS, FLAG), defaults=ALL_BLOCKED)

_PARTITION_DATE = Scalar(str, "EventTime, DeliveryTime or null", optional=True, choices=("EventTime", "DeliveryTime"))
LOGGING = Record(
    {"target_bucket": TEXT, "target_prefix": TEXT, "partition_date_source": _PARTITION_DATE},
    defaults={"target_prefix": "", "partition_date_source": None},
    needed=frozenset({"target_bucket"}),
    optional=True,
)


def block_of(answer: Answer) -> dict[str, bool]:
    """Return a public access block's parts; where none is configured nothing is blocked."""
    found = (answer or {}).get("PublicAccessBlockConfiguration", {})
    return {part: bool(found.get(word, False)) for part, word in BLOCK_PARTS.items()}


def block_config(parts: Mapping[str, bool]) -> dict[str, bool]:
    return {word: parts[part] for part, word in BLOCK_PARTS.items()}


def _rule(rule: Any) -> dict[str, Any]:
    """Return a lifecycle rule in one form: enabled unless said otherwise, and the old Prefix as a Filter."""
    found = {"Status": "Enabled", **rule}
    found.pop("ID", None)
    if "Filter" in found and "Prefix" in found:
        raise FieldError("a rule has either Filter or Prefix")
    given = found.pop("Prefix", None)
    prefix = "" if given is None else given
    found["Filter"] = found.get("Filter") or {"Prefix": prefix}
    return found


LIFECYCLE = Map(Structure("a lifecycle rule in AWS's words (Filter, Status, Expiration, Transitions, …)", _rule))


def _retention(value: Any) -> dict[str, Any]:
    if set(value) not in ({"mode", "days"}, {"mode", "years"}) or value["mode"] not in ("GOVERNANCE", "COMPLIANCE"):
        raise FieldError("expected mode (GOVERNANCE or COMPLIANCE) and either days or years")
    if any(isinstance(number, bool) or not isinstance(number, int) for key, number in value.items() if key != "mode"):
        raise FieldError("days and years are numbers")
    return dict(value)


RETENTION = Structure("mode (GOVERNANCE or COMPLIANCE) and days or years, or null", _retention, optional=True)


Write = tuple[str, Mapping[str, Any]]
"""An operation, and its parameters besides the bucket's name."""


def _policy_fields(answer: Answer, partition: str) -> Fields:
    return {"policy": None if answer is None else Document.parse(answer["Policy"], partition=partition)}


def _policy_write(after: Any) -> Write:
    if isinstance(after.policy, Document):
        return "put_bucket_policy", {"Policy": after.policy.json()}
    return "delete_bucket_policy", {}


def _encryption_fields(answer: Answer, partition: str) -> Fields:
    rules = (answer or {}).get("ServerSideEncryptionConfiguration", {}).get("Rules") or [{}]
    default = rules[0].get("ApplyServerSideEncryptionByDefault", {})
    return {
        "encryption": default.get("SSEAlgorithm", "AES256"),
        "encryption_key_id": default.get("KMSMasterKeyID"),
        "bucket_key_enabled": bool(rules[0].get("BucketKeyEnabled", False)),
        "block_sse_c": "SSE-C" in rules[0].get("BlockedEncryptionTypes", {}).get("EncryptionType", ()),
    }


def _encryption_write(after: Any) -> Write:
    """The whole rule: PutBucketEncryption replaces it."""
    default: dict[str, Any] = {"SSEAlgorithm": after.encryption}
    if after.encryption_key_id is not None:
        default["KMSMasterKeyID"] = after.encryption_key_id
    rule: dict[str, Any] = {
        "ApplyServerSideEncryptionByDefault": default,
        "BucketKeyEnabled": after.bucket_key_enabled,
    }
    if after.block_sse_c is not UNREAD:
        rule["BlockedEncryptionTypes"] = {"EncryptionType": ["SSE-C" if after.block_sse_c else "NONE"]}
    return "put_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


def _versioning_fields(answer: Answer, partition: str) -> Fields:
    return {"versioning": (answer or {}).get("Status") == "Enabled"}


def _versioning_write(after: Any) -> Write:
    versioning = {"Status": "Enabled" if after.versioning else "Suspended"}
    return "put_bucket_versioning", {"VersioningConfiguration": versioning}


def _ownership_fields(answer: Answer, partition: str) -> Fields:
    rules = (answer or {}).get("OwnershipControls", {}).get("Rules") or [{}]
    return {"object_ownership": rules[0].get("ObjectOwnership", "ObjectWriter")}


def _ownership_write(after: Any) -> Write:
    controls = {"Rules": [{"ObjectOwnership": after.object_ownership}]}
    return "put_bucket_ownership_controls", {"OwnershipControls": controls}


def _block_fields(answer: Answer, partition: str) -> Fields:
    return {"public_access": block_of(answer)}


def _block_write(after: Any) -> Write:
    block = {word: after.public_access[part] for part, word in BLOCK_PARTS.items()}
    return "put_public_access_block", {"PublicAccessBlockConfiguration": block}


def _logging_fields(answer: Answer, partition: str) -> Fields:
    found = (answer or {}).get("LoggingEnabled")
    if not found:
        return {"logging": None, "logging_grants": ()}
    partitioned = found.get("TargetObjectKeyFormat", {}).get("PartitionedPrefix")
    return {
        "logging": {
            "target_bucket": found["TargetBucket"],
            "target_prefix": found.get("TargetPrefix", ""),
            "partition_date_source": None
            if partitioned is None
            else partitioned.get("PartitionDateSource", "DeliveryTime"),
        },
        "logging_grants": tuple(found.get("TargetGrants", ())),
    }


def _logging_write(after: Any) -> Write:
    if after.logging is None:
        return "put_bucket_logging", {"BucketLoggingStatus": {}}
    enabled = {"TargetBucket": after.logging["target_bucket"], "TargetPrefix": after.logging["target_prefix"]}
    if source := after.logging.get("partition_date_source"):
        enabled["TargetObjectKeyFormat"] = {"PartitionedPrefix": {"PartitionDateSource": source}}
    if after.logging_grants not in (UNREAD, ()):
        enabled["TargetGrants"] = list(after.logging_grants)
    return "put_bucket_logging", {"BucketLoggingStatus": {"LoggingEnabled": enabled}}


def _lifecycle_fields(answer: Answer, partition: str) -> Fields:
    found = answer or {}
    size = found.get("TransitionDefaultMinimumObjectSize", TRANSITION_SIZE)
    rules = {str(rule["ID"]): _rule(rule) for rule in found.get("Rules", ())}
    return {"lifecycle_rules": rules, "transition_default_minimum_object_size": size}


def _lifecycle_write(after: Any) -> Write:
    if not after.lifecycle_rules:
        return "delete_bucket_lifecycle", {}
    rules = [{"ID": name, **after.lifecycle_rules[name]} for name in sorted(after.lifecycle_rules)]
    size = after.transition_default_minimum_object_size
    told = {"LifecycleConfiguration": {"Rules": rules}, "TransitionDefaultMinimumObjectSize": size}
    return "put_bucket_lifecycle_configuration", told


def _lock_fields(answer: Answer, partition: str) -> Fields:
    lock = (answer or {}).get("ObjectLockConfiguration", {})
    found = lock.get("Rule", {}).get("DefaultRetention")
    retention = None if not found else {key.lower(): value for key, value in found.items()}
    return {"object_lock_enabled": lock.get("ObjectLockEnabled") == "Enabled", "object_lock_retention": retention}


def _lock_write(after: Any) -> Write:
    config: dict[str, Any] = {"ObjectLockEnabled": "Enabled"}
    if after.object_lock_retention:
        told = {key.capitalize(): value for key, value in after.object_lock_retention.items()}
        config["Rule"] = {"DefaultRetention": told}
    return "put_object_lock_configuration", {"ObjectLockConfiguration": config}


def _tag_fields(answer: Answer, partition: str) -> Fields:
    return {"tags": {tag["Key"]: tag["Value"] for tag in (answer or {}).get("TagSet", ())}}


def _tag_write(after: Any) -> Write:
    """All tags: PutBucketTagging replaces them, so AWS's own must be among them."""
    if after.tags:
        return "put_bucket_tagging", {"Tagging": {"TagSet": tagging.tag_list(after.tags)}}
    return "delete_bucket_tagging", {}


@dataclass(frozen=True, slots=True)
class Setting:
    """What one request reads of a bucket and another writes: its fields, and how it is told and written.

    `missing` are the error codes that mean "not configured". Fields that are `only_told` do not have it written.
    """

    operation: str
    fields: frozenset[str]
    parse: Callable[[Answer, str], Fields]
    write: Callable[[Any], Write]
    missing: tuple[str, ...] = ()
    only_told: frozenset[str] = frozenset()

    @property
    def written(self) -> frozenset[str]:
        return self.fields - self.only_told


SETTINGS = (
    Setting(
        "get_bucket_ownership_controls", frozenset({"object_ownership"}), _ownership_fields, _ownership_write,
        ("OwnershipControlsNotFoundError",),
    ),
    # Before the policy: what loosens must come first, and what tightens then holds for the new policy too.
    Setting(
        "get_public_access_block", frozenset({"public_access"}), _block_fields, _block_write,
        ("NoSuchPublicAccessBlockConfiguration",),
    ),
    Setting(
        "get_bucket_encryption", frozenset({"encryption", "encryption_key_id", "bucket_key_enabled", "block_sse_c"}),
        _encryption_fields, _encryption_write, ("ServerSideEncryptionConfigurationNotFoundError",),
    ),
    Setting("get_bucket_versioning", frozenset({"versioning"}), _versioning_fields, _versioning_write),
    Setting("get_bucket_policy", frozenset({"policy"}), _policy_fields, _policy_write, ("NoSuchBucketPolicy",)),
    Setting(
        "get_bucket_logging", frozenset({"logging", "logging_grants"}), _logging_fields, _logging_write,
        only_told=frozenset({"logging_grants"}),
    ),
    Setting(
        "get_bucket_lifecycle_configuration",
        frozenset({"lifecycle_rules", "transition_default_minimum_object_size"}), _lifecycle_fields, _lifecycle_write,
        ("NoSuchLifecycleConfiguration",), frozenset({"transition_default_minimum_object_size"}),
    ),
    Setting(
        "get_object_lock_configuration", frozenset({"object_lock_enabled", "object_lock_retention"}), _lock_fields,
        _lock_write, ("ObjectLockConfigurationNotFoundError",), frozenset({"object_lock_enabled"}),
    ),
    Setting("get_bucket_tagging", frozenset({"tags"}), _tag_fields, _tag_write, ("NoSuchTagSet",)),
)  # fmt: skip
"""In the order in which they are written."""
