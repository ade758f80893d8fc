"""EC2's defaults of an account in a region: instance metadata, encryption of volumes, public snapshots and images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import FLAG, OPTIONAL_TEXT, SET, Scalar, asked, seen
from iamfix.kinds import defaults
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Scope, Want
from iamfix.model import UNREAD, Call, Mark

SCOPE: Scope = "regional"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = "defaults"
KEPT = "every region of an account has them; say what they shall be"
READS = (
    ("ec2", "get_instance_metadata_defaults"),
    ("ec2", "get_ebs_encryption_by_default"),
    ("ec2", "get_ebs_default_kms_key_id"),
    ("ec2", "get_snapshot_block_public_access_state"),
    ("ec2", "get_image_block_public_access_state"),
)
EXAMPLE = """\
- name: New instances ask for IMDSv2, new volumes are encrypted, nothing is public
  ec2_account_defaults:
    imds_tokens: required
    ebs_encryption: true
    snapshot_public_access: block-all-sharing
    image_public_access: block-new-sharing
  regions: all
"""

NO_PREFERENCE = "no-preference"
_SWITCH = Scalar(str, "enabled, disabled or no-preference", choices=("enabled", "disabled", NO_PREFERENCE))


def _optional(choices: tuple[str, ...]) -> Scalar:
    return Scalar(str, ", ".join(choices), choices=choices)


@dataclass(frozen=True, slots=True)
class State:
    imds_tokens: str | Mark = asked(
        _optional(("required", "optional", NO_PREFERENCE)), "Whether new instances ask for IMDSv2.",
        default=NO_PREFERENCE, detail=True,
    )  # fmt: skip
    imds_enforced: str | Mark = asked(
        _SWITCH, "Whether instances that would allow IMDSv1 are refused.", default=NO_PREFERENCE, detail=True
    )
    imds_endpoint: str | Mark = asked(
        _SWITCH, "Whether new instances have a metadata endpoint.", default=NO_PREFERENCE, detail=True
    )
    imds_instance_tags: str | Mark = asked(
        _SWITCH, "Whether instances see their tags.", default=NO_PREFERENCE, detail=True
    )
    imds_hop_limit: int | Mark = asked(
        Scalar(int, "1 to 64, or -1 for no preference", low=-1, high=64), "How far metadata answers may travel.",
        default=-1, detail=True,
    )  # fmt: skip
    ebs_encryption: bool | Mark = asked(FLAG, "Whether new volumes are encrypted.", default=False, detail=True)
    ebs_kms_key: str | Mark | None = asked(
        OPTIONAL_TEXT, "ARN of the key that encrypts them; null: AWS's own for EBS.", detail=True
    )
    snapshot_public_access: str | Mark = asked(
        _optional(("block-all-sharing", "block-new-sharing", "unblocked")), "Whether snapshots may be public.",
        default="unblocked", detail=True,
    )  # fmt: skip
    image_public_access: str | Mark = asked(
        _optional(("block-new-sharing", "unblocked")), "Whether images may be public.", default="unblocked", detail=True
    )
    declared: frozenset[str] = seen(
        "Fields that a declarative policy of the organization sets; only that policy changes them.",
        default=frozenset(), codec=SET, volatile=True,
    )  # fmt: skip


_IMDS = {
    "imds_tokens": "HttpTokens", "imds_enforced": "HttpTokensEnforced", "imds_endpoint": "HttpEndpoint",
    "imds_instance_tags": "InstanceMetadataTags", "imds_hop_limit": "HttpPutResponseHopLimit",
}  # fmt: skip
_DETAILS = (*_IMDS, "ebs_encryption", "ebs_kms_key", "snapshot_public_access", "image_public_access")
Found = tuple[Mapping[str, Any], bool]
"""(fields with values, whether a declarative policy sets them)"""


def _imds(read: Reader) -> Found:
    found = read.get("ec2", "get_instance_metadata_defaults").get("AccountLevel", {})
    unset = {field: -1 if field == "imds_hop_limit" else NO_PREFERENCE for field in _IMDS}
    values = {field: found.get(name, unset[field]) for field, name in _IMDS.items()}
    return values, _declared(found)


def _encryption(read: Reader) -> Found:
    return {"ebs_encryption": read.get("ec2", "get_ebs_encryption_by_default")["EbsEncryptionByDefault"]}, False


def _key(read: Reader) -> Found:
    key = read.get("ec2", "get_ebs_default_kms_key_id")["KmsKeyId"]
    return {"ebs_kms_key": None if key.endswith("alias/aws/ebs") else key}, False


def _snapshots(read: Reader) -> Found:
    found = read.get("ec2", "get_snapshot_block_public_access_state")
    return {"snapshot_public_access": found["State"]}, _declared(found)


def _images(read: Reader) -> Found:
    found = read.get("ec2", "get_image_block_public_access_state")
    return {"image_public_access": found["ImageBlockPublicAccessState"]}, _declared(found)


def _declared(found: Mapping[str, Any]) -> bool:
    return bool(found.get("ManagedBy") == "declarative-policy")


_READERS: tuple[tuple[frozenset[str], Callable[[Reader], Found]], ...] = (
    (frozenset(_IMDS), _imds),
    (frozenset({"ebs_encryption"}), _encryption),
    (frozenset({"ebs_kms_key"}), _key),
    (frozenset({"snapshot_public_access"}), _snapshots),
    (frozenset({"image_public_access"}), _images),
)


def observe(read: Reader, want: Want) -> dict[str, State]:
    values: dict[str, Any] = dict.fromkeys(_DETAILS, UNREAD)
    declared: set[str] = set()
    for fields, one in _READERS:
        if fields & want.details:
            found, by_policy = one(read)
            values |= found
            declared |= found.keys() if by_policy else set()
    return {SINGLETON: State(**values, declared=frozenset(declared))}


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if after is None:
        return
    old = before or State()
    changed = frozenset(field for field in _DETAILS if _differ(getattr(old, field), getattr(after, field)))

    def call(operation: str, **params: Any) -> Call:
        return Call("ec2", operation, params, look.region)

    if imds := {_IMDS[field]: getattr(after, field) for field in _IMDS if field in changed}:
        yield call("modify_instance_metadata_defaults", **imds)
    if "ebs_kms_key" in changed:
        if after.ebs_kms_key is None:
            yield call("reset_ebs_default_kms_key_id")
        else:
            yield call("modify_ebs_default_kms_key_id", KmsKeyId=after.ebs_kms_key)
    if "ebs_encryption" in changed:
        yield call("enable_ebs_encryption_by_default" if after.ebs_encryption else "disable_ebs_encryption_by_default")
    if "snapshot_public_access" in changed:
        if after.snapshot_public_access == "unblocked":
            yield call("disable_snapshot_block_public_access")
        else:
            yield call("enable_snapshot_block_public_access", State=after.snapshot_public_access)
    if "image_public_access" in changed:
        if after.image_public_access == "unblocked":
            yield call("disable_image_block_public_access")
        else:
            yield call("enable_image_block_public_access", ImageBlockPublicAccessState=after.image_public_access)


def _differ(old: object, new: object) -> bool:
    return not isinstance(old, Mark) and not isinstance(new, Mark) and old != new


arn = defaults.no_arn
owner = defaults.no_owner
loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if before is None or after is None:
        return
    fixed = [field for field in sorted(before.declared) if _differ(getattr(before, field), getattr(after, field))]
    if fixed:
        yield Breach(
            f"{', '.join(fixed)}: a declarative policy of the organization sets it, and AWS refuses other changes",
            "change that policy, or leave the field out", "foreign-owner",
        )  # fmt: skip
    if after.imds_hop_limit == 0:
        yield Breach("imds_hop_limit: 1 to 64, or -1 for no preference")


ripples = defaults.no_ripples
notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    yield Need("*")
    if call.operation == "modify_ebs_default_kms_key_id":
        yield Need(str(call.params["KmsKeyId"]), "kms:DescribeKey")
