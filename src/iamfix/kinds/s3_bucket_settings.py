"""How S3 tells a bucket's settings, and how it is told them: each has a read and a write of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import FLAG, TEXT, FieldError, Map, Scalar
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


def _policy_fields(answer: Answer, partition: str) -> Fields:
    return {"policy": None if answer is None else Document.parse(answer["Policy"], partition=partition)}


def _encryption_fields(answer: Answer, partition: str) -> Fields:
    rules = (answer or {}).get("ServerSideEncryptionConfiguration", {}).get("Rules") or [{}]
    default = rules[0].get("ApplyServerSideEncryptionByDefault", {})
    return {
        "encryption": default.get("SSEAlgorithm", "AES256"),
        "encryption_key_id": default.get("KMSMasterKeyID"),
        "bucket_key_enabled": bool(rules[0].get("BucketKeyEnabled", False)),
        "block_sse_c": "SSE-C" in rules[0].get("BlockedEncryptionTypes", {}).get("EncryptionType", ()),
    }


def _versioning_fields(answer: Answer, partition: str) -> Fields:
    return {"versioning": (answer or {}).get("Status") == "Enabled"}


def _ownership_fields(answer: Answer, partition: str) -> Fields:
    rules = (answer or {}).get("OwnershipControls", {}).get("Rules") or [{}]
    return {"object_ownership": rules[0].get("ObjectOwnership", "ObjectWriter")}


def _block_fields(answer: Answer, partition: str) -> Fields:
    return {"public_access": block_of(answer)}


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


def logging_status(logging: Mapping[str, Any] | None, grants: Iterable[Any]) -> dict[str, Any]:
    if logging is None:
        return {}
    enabled: dict[str, Any] = {"TargetBucket": logging["target_bucket"], "TargetPrefix": logging["target_prefix"]}
    if source := logging.get("partition_date_source"):
        enabled["TargetObjectKeyFormat"] = {"PartitionedPrefix": {"PartitionDateSource": source}}
    if kept := list(grants):
        enabled["TargetGrants"] = kept
    return {"LoggingEnabled": enabled}


def _lifecycle_fields(answer: Answer, partition: str) -> Fields:
    found = answer or {}
    size = found.get("TransitionDefaultMinimumObjectSize", TRANSITION_SIZE)
    rules = {str(rule["ID"]): _rule(rule) for rule in found.get("Rules", ())}
    return {"lifecycle_rules": rules, "transition_default_minimum_object_size": size}


def lifecycle_rules(rules: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"ID": name, **rules[name]} for name in sorted(rules)]


def _lock_fields(answer: Answer, partition: str) -> Fields:
    lock = (answer or {}).get("ObjectLockConfiguration", {})
    found = lock.get("Rule", {}).get("DefaultRetention")
    retention = None if not found else {key.lower(): value for key, value in found.items()}
    return {"object_lock_enabled": lock.get("ObjectLockEnabled") == "Enabled", "object_lock_retention": retention}


def lock_config(retention: Mapping[str, Any] | None) -> dict[str, Any]:
    config: dict[str, Any] = {"ObjectLockEnabled": "Enabled"}
    if retention:
        config["Rule"] = {"DefaultRetention": {key.capitalize(): value for key, value in retention.items()}}
    return config


def _tag_fields(answer: Answer, partition: str) -> Fields:
    return {"tags": {tag["Key"]: tag["Value"] for tag in (answer or {}).get("TagSet", ())}}


@dataclass(frozen=True, slots=True)
class Setting:
    """One read of a bucket: the fields it tells, and the error codes that mean "not configured"."""

    operation: str
    fields: frozenset[str]
    parse: Callable[[Answer, str], Fields]
    missing: tuple[str, ...] = ()


SETTINGS = (
    Setting("get_bucket_policy", frozenset({"policy"}), _policy_fields, ("NoSuchBucketPolicy",)),
    Setting(
        "get_bucket_encryption",
        frozenset({"encryption", "encryption_key_id", "bucket_key_enabled", "block_sse_c"}),
        _encryption_fields,
        ("ServerSideEncryptionConfigurationNotFoundError",),
    ),
    Setting("get_bucket_versioning", frozenset({"versioning"}), _versioning_fields),
    Setting(
        "get_bucket_ownership_controls",
        frozenset({"object_ownership"}),
        _ownership_fields,
        ("OwnershipControlsNotFoundError",),
    ),
    Setting(
        "get_public_access_block",
        frozenset({"public_access"}),
        _block_fields,
        ("NoSuchPublicAccessBlockConfiguration",),
    ),
    Setting("get_bucket_logging", frozenset({"logging", "logging_grants"}), _logging_fields),
    Setting(
        "get_bucket_lifecycle_configuration",
        frozenset({"lifecycle_rules", "transition_default_minimum_object_size"}),
        _lifecycle_fields,
        ("NoSuchLifecycleConfiguration",),
    ),
    Setting(
        "get_object_lock_configuration",
        frozenset({"object_lock_enabled", "object_lock_retention"}),
        _lock_fields,
        ("ObjectLockConfigurationNotFoundError",),
    ),
    Setting("get_bucket_tagging", frozenset({"tags"}), _tag_fields, ("NoSuchTagSet",)),
)
