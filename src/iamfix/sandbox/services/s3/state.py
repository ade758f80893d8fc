"""The buckets of a partition: their names are one name space over all accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from iamfix.sandbox.call import Call
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.store import Store, Visibility

BLOCK_PARTS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
ALL_BLOCKED: Mapping[str, bool] = dict.fromkeys(BLOCK_PARTS, True)
SSE_S3: Mapping[str, Any] = {
    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
    "BucketKeyEnabled": False,
    "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
}
"""What new buckets have; SSE-C is blocked since April 2026."""


@dataclass(frozen=True)
class Version:
    """One version of an object; `id` is "null" in a bucket without versioning, `body` None a delete marker."""

    key: str
    id: str
    at: datetime
    body: bytes | None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bucket:
    """A bucket. The defaults are AWS's for new buckets, since April 2023."""

    name: str
    account: str
    region: str
    created: datetime
    policy: str | None = None
    encryption: Mapping[str, Any] = field(default_factory=lambda: SSE_S3)
    versioning: str | None = None
    ownership: str | None = "BucketOwnerEnforced"
    block: Mapping[str, bool] | None = field(default_factory=lambda: ALL_BLOCKED)
    logging: Mapping[str, Any] | None = None
    rules: tuple[Mapping[str, Any], ...] = ()
    transition_size: str = "all_storage_classes_128K"
    lock: Mapping[str, Any] | None = None
    """Object lock's configuration; None where it is not enabled."""
    tags: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[Version, ...] = ()
    """The versions of its objects, oldest first."""


class S3State:
    """All buckets of a partition by name, and the public access blocks of accounts."""

    def __init__(self, visibility: Visibility) -> None:
        self.buckets: Store[Bucket] = Store(visibility)
        self.account_blocks: Store[Mapping[str, bool]] = Store(visibility)


def s3_state(call: Call) -> S3State:
    """The state of S3 in the call's partition."""
    return call.cloud.state(S3State, "*", call.partition)


def the_bucket(call: Call) -> Bucket:
    """The bucket that a call names, as last written.

    Raises NoSuchBucket (also while the replica does not show it yet), AccessDenied for another account's, and
    AuthorizationHeaderMalformed when the request went to another region.
    """
    name = call.param("Bucket")
    found, latest = s3_state(call).buckets.seen(name, call.replica), s3_state(call).buckets.latest(name)
    if found is None or latest is None:
        raise AwsError("NoSuchBucket", "The specified bucket does not exist", status=404)
    if latest.account != call.account:
        raise AwsError("AccessDenied", "Access Denied", status=403)
    if latest.region != call.region:
        told = (
            f"The authorization header is malformed; the region '{call.region}' is wrong; expecting '{latest.region}'"
        )
        raise AwsError("AuthorizationHeaderMalformed", told, status=400)
    return latest


def read_bucket(call: Call) -> Bucket:
    """The bucket as the replica that serves the call shows it; raises as `the_bucket`."""
    latest = the_bucket(call)
    return s3_state(call).buckets.seen(latest.name, call.replica) or latest


def change(call: Call, **fields: Any) -> dict[str, Any]:
    """Write fields of the bucket that a call names; the empty answer."""
    bucket = the_bucket(call)
    s3_state(call).buckets.put(bucket.name, replace(bucket, **fields))
    return {}
