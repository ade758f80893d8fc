"""What S3 refuses of a bucket.

Source: S3 User Guide, "Bucket naming rules", "Bucket policies", "Blocking public access", "Enabling server access
logging", "Object Lock"; S3 API Reference, "DeleteBucket".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from iamfix.kinds import tagging
from iamfix.kinds.protocol import MISSING, Breach, Look
from iamfix.kinds.service_access import seen
from iamfix.model import AwsError, Mark
from iamfix.policy.document import Document
from iamfix.policy.public import surely_public

MAX_POLICY = 20 * 1024
"""Bytes of a bucket policy (S3 User Guide, "Bucket policies")."""
_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+\Z)(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def breaches(name: str, before: Any | None, after: Any | None, look: Look) -> Iterator[Breach]:
    if after is None:
        if before is not None and before.holds_objects is True:
            yield Breach("the bucket holds objects; AWS deletes only empty ones", "iamfix never empties a bucket")
        return
    if before is None:
        yield from _creation_breaches(name, look)
    if after.encryption == "AES256" and after.encryption_key_id is not None:
        yield Breach("AES256 takes no encryption_key_id", "write encryption: aws:kms")
    if isinstance(after.policy, Document) and len(after.policy.json().encode()) > MAX_POLICY:
        yield Breach(f"a policy of {len(after.policy.json().encode())} bytes; AWS takes {MAX_POLICY}")
    if after.object_lock_enabled is True and after.versioning is False:
        yield Breach("object lock needs versioning", "write versioning: true")
    if after.object_lock_enabled is False and isinstance(after.object_lock_retention, Mapping):
        yield Breach("object_lock_retention needs object lock", "only a new bucket can have object_lock_enabled: true")
    if isinstance(after.policy, Document) and (before is None or before.policy != after.policy):
        yield from _public_breaches(name, after.policy, after, look)
    if isinstance(after.logging, Mapping) and (before is None or before.logging != after.logging):
        target = after.logging["target_bucket"]
        if target not in {name, *look.all("s3_bucket")}:
            yield Breach(
                f"there is no bucket {target!r} in {look.region}, to which access logs could go",
                "create it in an earlier task; S3 takes one of the same account and region", MISSING,
            )  # fmt: skip
    yield from tagging.limit(after.tags)


def _public_breaches(name: str, policy: Document, after: Any, look: Look) -> Iterator[Breach]:
    """S3 refuses a public policy while the bucket's public access block, or the account's, blocks those."""
    number = surely_public(policy)
    if number is None:
        return
    block, whose = after.public_access, "the bucket's"
    if isinstance(block, Mark):
        there = seen(look, "s3_bucket", name, frozenset({"public_access"}))
        block = {} if there is None or isinstance(there.public_access, Mark) else there.public_access
    if not block.get("block_public_policy"):
        account = seen(look, "s3_account_public_access_block", "account", frozenset())
        if account is None or not account.block_public_policy:
            return
        whose = "the account's"
    yield Breach(
        f"statement {number} of the policy lets everybody in, and {whose} public access block refuses such a policy",
        "name principals, add a condition on who they are, or unblock it: block_public_policy: false",
    )


def _creation_breaches(name: str, look: Look) -> Iterator[Breach]:
    """Bucket names are one name space; AWS refuses odd ones, and one that the account has in another region."""
    if not _NAME.fullmatch(name) or name.endswith(("-s3alias", "--ols-s3", ".mrap", "--x-s3")):
        yield Breach(
            f"{name!r} is no name for a bucket",
            '3 to 63 lower-case letters, digits, dots and hyphens (S3 User Guide, "Bucket naming rules")',
        )
    for region in look.account.regions:
        with suppress(AwsError):  # a region that is closed to us holds no answer
            if region != look.region and name in look.all("s3_bucket", region):
                yield Breach(f"the account has this bucket in {region}", f"write regions: [{region}]")
