"""S3 bucket: who may reach it, how it encrypts, keeps, logs and expires its objects. It is never emptied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import FLAG, OPTIONAL_TEXT, TAGS, Codec, asked, seen
from iamfix.kinds import defaults, tagging
from iamfix.kinds import s3_bucket_rules as rules
from iamfix.kinds import s3_bucket_settings as settings
from iamfix.kinds.protocol import Look, Reader, Scope, Want
from iamfix.model import UNREAD, Call, Mark
from iamfix.policy.document import Document
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

    for setting in settings.SETTINGS:
        pairs = [(getattr(old, field), getattr(after, field)) for field in setting.written]
        if any(new is not UNREAD and was != new for was, new in pairs):
            operation, params = setting.write(after)
            yield call(operation, **params)


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


def arn(name: str, state: State, look: Look) -> str:
    return f"arn:{look.account.partition}:s3:::{name}"


def owner(name: str, state: State) -> str | None:
    return tagging.owner_of(name, state.tags)


loses = defaults.loses_nothing


breaches = rules.breaches
ripples = defaults.no_ripples


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    if after is None:
        yield "the name becomes free: anybody in AWS may take it"
    elif before is not None and before.versioning is True and after.versioning is False:
        yield "versioning is suspended: versions that are there stay, new ones are not kept"


needs = defaults.own_needs
