"""Keys: making, describing, switching, rotating, scheduling their deletion; their policies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services import resource_policies
from iamfix.sandbox.services.kms.state import Key, KmsState, change, default_policy, new_key, the_key
from iamfix.sandbox.services.tags import Tags

MOST = 32 * 1024
"""Bytes of a key policy (KMS Developer Guide, "Resource quotas")."""
_LIVE = ("Enabled", "Disabled")


def _malformed(message: str) -> AwsError:
    return AwsError("MalformedPolicyDocumentException", message)


def _checked(call: Call) -> str:
    """The policy as kept. KMS refuses one with which the caller could not change the policy again."""
    text = resource_policies.check(call, call.param("Policy"), _malformed, "kms", MOST)
    root = f"arn:{call.partition}:iam::{call.account}:root"
    bypass = call.params.get("BypassPolicyLockoutSafetyCheck")
    if not bypass and not resource_policies.allows(text, {root, call.caller.principal_arn}, "kms:PutKeyPolicy"):
        raise _malformed("The new key policy will not allow you to update the key policy in the future.")
    return text


def create_key(call: Call) -> Answer:
    spec = call.params.get("KeySpec") or call.params.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"
    usage = call.params.get("KeyUsage") or ("ENCRYPT_DECRYPT" if spec == "SYMMETRIC_DEFAULT" else "")
    if not usage:
        raise AwsError("ValidationException", "You must specify a KeyUsage value for an asymmetric KMS key.")
    key = new_key(
        call,
        policy=_checked(call) if call.params.get("Policy") else default_policy(call),
        description=call.params.get("Description") or "",
        spec=spec,
        usage=usage,
        multi_region=bool(call.params.get("MultiRegion")),
        tags=_TAGS.merged({}, call.params.get("Tags") or ()),
    )
    return {"KeyMetadata": _metadata(call, key)}


def _metadata(call: Call, key: Key) -> dict[str, Any]:
    told: dict[str, Any] = {
        "AWSAccountId": call.account,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": key.created,
        "Enabled": key.state == "Enabled",
        "Description": key.description,
        "KeyUsage": key.usage,
        "KeyState": key.state,
        "KeyManager": key.manager,
        "KeySpec": key.spec,
        "CustomerMasterKeySpec": key.spec,
        "Origin": "AWS_KMS",
        "MultiRegion": key.multi_region,
    }
    return told if key.deleted_at is None else {**told, "DeletionDate": key.deleted_at}


def describe_key(call: Call) -> Answer:
    return {"KeyMetadata": _metadata(call, the_key(call, aliases=True))}


def list_keys(call: Call) -> Answer:
    found = call.regional(KmsState).keys.all_seen(call.replica)
    some, marker = page(call, found, size_param="Limit")
    keys = [{"KeyId": key.id, "KeyArn": key.arn} for key in some]
    return {"Keys": keys, "NextMarker": marker, "Truncated": marker is not None}


def get_key_policy(call: Call) -> Answer:
    return {"Policy": the_key(call).policy, "PolicyName": "default"}


def put_key_policy(call: Call) -> Answer:
    if call.params.get("PolicyName") not in (None, "default"):
        raise AwsError("ValidationException", "The only valid value is default.")
    return change(call, the_key(call, *_LIVE), policy=_checked(call))


def update_key_description(call: Call) -> Answer:
    return change(call, the_key(call, *_LIVE), description=call.param("Description"))


def enable_key(call: Call) -> Answer:
    return change(call, the_key(call, *_LIVE), enabled=True)


def disable_key(call: Call) -> Answer:
    return change(call, the_key(call, *_LIVE), enabled=False)


def _rotatable(call: Call, *states: str) -> Key:
    key = the_key(call, *states)
    if key.spec != "SYMMETRIC_DEFAULT":
        raise AwsError("UnsupportedOperationException", f"{key.arn} does not support rotation.")
    return key


def enable_key_rotation(call: Call) -> Answer:
    """Without a period it stays as it is, 365 days at first."""
    key = _rotatable(call, "Enabled")
    return change(call, key, rotation=call.params.get("RotationPeriodInDays") or key.rotation or 365)


def disable_key_rotation(call: Call) -> Answer:
    return change(call, _rotatable(call, "Enabled"), rotation=0)


def get_key_rotation_status(call: Call) -> Answer:
    """While a deletion is pending the answer is no; afterwards it is as before."""
    key = _rotatable(call)
    if not key.rotation or key.deleted_at is not None:
        return {"KeyRotationEnabled": False, "KeyId": key.arn}
    return {"KeyRotationEnabled": True, "KeyId": key.arn, "RotationPeriodInDays": key.rotation}


def schedule_key_deletion(call: Call) -> Answer:
    key = the_key(call, *_LIVE)
    window = int(call.params.get("PendingWindowInDays") or 30)
    if not 7 <= window <= 30:
        raise AwsError("ValidationException", "PendingWindowInDays must be between 7 and 30.")
    at = call.cloud.now() + timedelta(days=window)
    change(call, key, deleted_at=at, window=window, enabled=False)
    return {"KeyId": key.arn, "DeletionDate": at, "KeyState": "PendingDeletion", "PendingWindowInDays": window}


def cancel_key_deletion(call: Call) -> Answer:
    """The key is disabled then."""
    key = the_key(call)
    if key.deleted_at is None:
        raise AwsError("KMSInvalidStateException", f"{key.arn} is not pending deletion.", status=400)
    change(call, key, deleted_at=None, enabled=False)
    return {"KeyId": key.arn}


_TAGS: Tags[Key] = Tags(
    lambda call: the_key(call, *_LIVE),
    lambda call, key, tags: change(call, key, tags=tags),
    too_many=("LimitExceededException", "Too many tags."),
    reserved=("TagException", "Duplicate or reserved tag keys."),
    pair=("TagKey", "TagValue"),
)


def list_resource_tags(call: Call) -> Answer:
    tags = _TAGS.told(the_key(call).tags)
    some, marker = page(call, tags, default_size=50, size_param="Limit")
    return {"Tags": some, "NextMarker": marker, "Truncated": marker is not None}


OPERATIONS: Mapping[str, Handler] = {
    "CreateKey": create_key,
    "DescribeKey": describe_key,
    "ListKeys": list_keys,
    "GetKeyPolicy": get_key_policy,
    "PutKeyPolicy": put_key_policy,
    "UpdateKeyDescription": update_key_description,
    "EnableKey": enable_key,
    "DisableKey": disable_key,
    "EnableKeyRotation": enable_key_rotation,
    "DisableKeyRotation": disable_key_rotation,
    "GetKeyRotationStatus": get_key_rotation_status,
    "ScheduleKeyDeletion": schedule_key_deletion,
    "CancelKeyDeletion": cancel_key_deletion,
    **_TAGS.operations(),
    "ListResourceTags": list_resource_tags,
}
