"""S3 bucket: who may reach it, how it encrypts, keeps, logs and expires its objects. It is never emptied."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from iamfix.fields import FLAG, OPTIONAL_TEXT, TAGS, Codec, asked, seen
from iamfix.kinds import defaults, tagging
from iamfix.kinds import s3_bucket_settings as settings
from iamfix.kinds.protocol import MISSING, Breach, Look, Reader, Scope, Want
from iamfix.kinds.service_access import seen as seen_of
from iamfix.model import UNREAD, AwsError, Call, Mark
from iamfix.policy.document import Document
from iamfix.policy.public import surely_public
from iamfix.shared_policy import policy_of

SCOPE: Scope = "home"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
READS = (
    ("s3", "list_buckets"),
    *(("s3", setting.operation) for setting in settings.SETTINGS),
    ("s3", "list_object_versions"),
)
EXAMPLE = """\
- name: Bucket for the trail's logs
  s3_bucket:
    name: "trail-logs-{{ account_id }}"
    policy:
      Version: "2012-10-17"
      Statement:
        - Sid: TlsOnly
          Effect: Deny
          Principal: "*"
          Action: "s3:*"
          Resource:
            - "arn:{{ partition }}:s3:::trail-logs-{{ account_id }}"
            - "arn:{{ partition }}:s3:::trail-logs-{{ account_id }}/*"
          Condition: {Bool: {"aws:SecureTransport": "false"}}
    versioning: true
    public_access: {block_public_acls: true, ignore_public_acls: true, block_public_policy: true,
                    restrict_public_buckets: true}
    lifecycle_rules: {include: {expire: {Expiration: {Days: 400}}}}
    tags: {include: {Owner: security}}
"""

MAX_POLICY = 20 * 1024
"""Bytes of a bucket policy (S3 User Guide, "Bucket policies")."""
_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+\Z)(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def _setting(codec: Codec, doc: str, read: str, **facts: Any) -> Any:
    """Declare a field that one request for each bucket tells."""
    return asked(codec, doc, detail=True, reads=(read,), **facts)


def _told(doc: str, read: str, **facts: Any) -> Any:
    return seen(doc, detail=True, reads=(read,), **facts)


_POLICY = policy_of(
    "s3:GetBucketPolicy", "s3:PutBucketPolicy", "only the account's root user could change it back", root_stays=True,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """The defaults are those of new buckets since April 2023."""

    policy: Document | Mark | None = _setting(_POLICY, "Bucket policy, merged by statement id.", "get_bucket_policy")
    encryption: str | Mark = _setting(
        settings.ENCRYPTION, "Default encryption: AES256, aws:kms or aws:kms:dsse.", "get_bucket_encryption",
        default="AES256",
    )  # fmt: skip
    encryption_key_id: str | Mark | None = _setting(
        OPTIONAL_TEXT, "Key id, ARN or alias for aws:kms; null for AWS's own key.", "get_bucket_encryption"
    )
    bucket_key_enabled: bool | Mark = _setting(
        FLAG, "One data key for many objects, which makes KMS cheaper.", "get_bucket_encryption", default=False
    )
    block_sse_c: bool | Mark = _setting(
        FLAG, "Objects encrypted with keys that the customer sends are refused.", "get_bucket_encryption",
        default=UNREAD,
    )  # fmt: skip
    versioning: bool | Mark = _setting(
        FLAG, "Old versions of objects are kept; once on, it can only be suspended.", "get_bucket_versioning",
        default=False,
    )  # fmt: skip
    object_ownership: str | Mark = _setting(
        settings.OWNERSHIP, "Who owns objects; BucketOwnerEnforced switches ACLs off.",
        "get_bucket_ownership_controls", default="BucketOwnerEnforced",
    )  # fmt: skip
    public_access: Mapping[str, bool] | Mark = _setting(
        settings.PUBLIC_ACCESS, "Public access block of the bucket.", "get_public_access_block",
        default=dict(settings.ALL_BLOCKED),
    )  # fmt: skip
    logging: Mapping[str, Any] | Mark | None = _setting(
        settings.LOGGING, "Where server access logs go; null for nowhere.", "get_bucket_logging"
    )
    lifecycle_rules: Mapping[str, Any] | Mark = _setting(
        settings.LIFECYCLE, "Lifecycle rules: ids with rules in AWS's words.", "get_bucket_lifecycle_configuration",
        default={},
    )  # fmt: skip
    object_lock_enabled: bool | Mark = _setting(
        FLAG, "Objects can be locked; only a new bucket can have it set.", "get_object_lock_configuration",
        default=False, fixed=True,
    )  # fmt: skip
    object_lock_retention: Mapping[str, Any] | Mark | None = _setting(
        settings.RETENTION, "For how long new objects are locked: mode, and days or years; null for not.",
        "get_object_lock_configuration", aliases=("object_lock_default_retention",),
    )  # fmt: skip
    tags: tagging.Tags | Mark = _setting(TAGS, "Tags.", "get_bucket_tagging", default={}, always=True)
    transition_default_minimum_object_size: str | Mark = _told(
        "Below which size objects do not change their storage class.", "get_bucket_lifecycle_configuration",
        default=settings.TRANSITION_SIZE,
    )  # fmt: skip
    logging_grants: tuple[Any, ...] | Mark = _told(
        "To whom ACLs of the log objects give access; kept when logging changes.", "get_bucket_logging", default=()
    )
    holds_objects: bool | Mark = _told(
        "It holds objects, or versions of deleted ones.", "list_object_versions", volatile=True
    )
    created: str | None = seen("When it was created (UTC).", volatile=True)


_UNREAD = {name: UNREAD for setting in settings.SETTINGS for name in setting.fields} | {"holds_objects": UNREAD}


def observe(read: Reader, want: Want) -> dict[str, State]:
    """One list for the region; then each wanted setting of each wanted bucket, side by side."""
    listed = read.get("s3", "list_buckets", BucketRegion=read.region)["Buckets"]
    made = {one["Name"]: one["CreationDate"].strftime("%Y-%m-%dT%H:%M:%SZ") for one in listed if want.has(one["Name"])}
    fields: dict[str, dict[str, Any]] = {name: {**_UNREAD, "created": at} for name, at in made.items()}
    names = sorted(made)
    for setting in settings.SETTINGS:
        if not setting.fields & want.details:
            continue
        asked_for = [{"Bucket": name} for name in names]
        answers = read.each("s3", setting.operation, asked_for, *setting.missing, "NoSuchBucket")
        for name, answer in zip(names, answers, strict=True):
            fields[name] |= setting.parse(answer, read.account.partition)
    if "holds_objects" in want.details:
        for name in names:
            page = read.first("s3", "list_object_versions", Bucket=name, MaxKeys=1)
            fields[name]["holds_objects"] = bool(page.get("Versions") or page.get("DeleteMarkers"))
    return {name: State(**found) for name, found in fields.items()}


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    def call(operation: str, **params: Any) -> Call:
        return Call("s3", operation, {"Bucket": name, **params}, look.region)

    if after is None:
        yield call("delete_bucket")
        return
    if before is None:
        yield call("create_bucket", **_creation(after, look))
        old = State(object_ownership=after.object_ownership, versioning=after.object_lock_enabled)
    else:
        old = before

    def differs(*fields: str) -> bool:
        pairs = [(getattr(old, field), getattr(after, field)) for field in fields]
        return any(new is not UNREAD and was != new for was, new in pairs)

    if differs("object_ownership"):
        controls = {"Rules": [{"ObjectOwnership": after.object_ownership}]}
        yield call("put_bucket_ownership_controls", OwnershipControls=controls)
    if differs("public_access") and not isinstance(after.public_access, Mark):
        # Before the policy: what loosens must come first, and what tightens then holds for the new policy too.
        block = settings.block_config(after.public_access)
        yield call("put_public_access_block", PublicAccessBlockConfiguration=block)
    if differs("encryption", "encryption_key_id", "bucket_key_enabled", "block_sse_c"):
        rule = _encryption_rule(after)
        yield call("put_bucket_encryption", ServerSideEncryptionConfiguration={"Rules": [rule]})
    if differs("versioning"):
        versioning = {"Status": "Enabled" if after.versioning else "Suspended"}
        yield call("put_bucket_versioning", VersioningConfiguration=versioning)
    if differs("policy"):
        if isinstance(after.policy, Document):
            yield call("put_bucket_policy", Policy=after.policy.json())
        else:
            yield call("delete_bucket_policy")
    if differs("logging") and not isinstance(after.logging, Mark):
        status = settings.logging_status(after.logging, () if after.logging_grants is UNREAD else after.logging_grants)
        yield call("put_bucket_logging", BucketLoggingStatus=status)
    if differs("lifecycle_rules"):
        if after.lifecycle_rules and not isinstance(after.lifecycle_rules, Mark):
            yield call(
                "put_bucket_lifecycle_configuration",
                LifecycleConfiguration={"Rules": settings.lifecycle_rules(after.lifecycle_rules)},
                TransitionDefaultMinimumObjectSize=after.transition_default_minimum_object_size,
            )
        else:
            yield call("delete_bucket_lifecycle")
    if differs("object_lock_retention") and not isinstance(after.object_lock_retention, Mark):
        lock = settings.lock_config(after.object_lock_retention)
        yield call("put_object_lock_configuration", ObjectLockConfiguration=lock)
    if differs("tags") and not isinstance(after.tags, Mark):
        # It replaces all tags; AWS's own must be among them.
        if after.tags:
            yield call("put_bucket_tagging", Tagging={"TagSet": tagging.tag_list(after.tags)})
        else:
            yield call("delete_bucket_tagging")


def _creation(after: State, look: Look) -> dict[str, Any]:
    """us-east-1 is said by leaving the location out (S3 API Reference, "CreateBucket")."""
    params: dict[str, Any] = {}
    if look.region != "us-east-1":
        params["CreateBucketConfiguration"] = {"LocationConstraint": look.region}
    if after.object_lock_enabled is True:
        params["ObjectLockEnabledForBucket"] = True
    if after.object_ownership not in (UNREAD, "BucketOwnerEnforced"):
        params["ObjectOwnership"] = after.object_ownership
    return params


def _encryption_rule(after: State) -> dict[str, Any]:
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
    return rule


def arn(name: str, state: State, look: Look) -> str:
    return f"arn:{look.account.partition}:s3:::{name}"


def owner(name: str, state: State) -> str | None:
    return tagging.owner_of(name, state.tags)


loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
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


def _public_breaches(name: str, policy: Document, after: State, look: Look) -> Iterator[Breach]:
    """S3 refuses a public policy while the bucket's public access block, or the account's, blocks those."""
    number = surely_public(policy)
    if number is None:
        return
    block, whose = after.public_access, "the bucket's"
    if isinstance(block, Mark):
        there = seen_of(look, "s3_bucket", name, frozenset({"public_access"}))
        block = {} if there is None or isinstance(there.public_access, Mark) else there.public_access
    if not block.get("block_public_policy"):
        account = seen_of(look, "s3_account_public_access_block", "account", frozenset())
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


ripples = defaults.no_ripples


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    if after is None:
        yield "the name becomes free: anybody in AWS may take it"
    elif before is not None and before.versioning is True and after.versioning is False:
        yield "versioning is suspended: versions that are there stay, new ones are not kept"


needs = defaults.own_needs
