"""CloudWatch Logs log group: how long it keeps events, its KMS key and tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from iamfix.fields import OPTIONAL_TEXT, TAGS, FieldError, Scalar, asked, seen
from iamfix.kinds import defaults, kms_names, tagging
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Scope, Want
from iamfix.kinds.service_access import key_breaches
from iamfix.model import UNREAD, Call

SCOPE: Scope = "home"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
READS = (("logs", "describe_log_groups"), ("logs", "list_tags_for_resource"), ("kms", "list_aliases"))
EXAMPLE = """\
- name: Where the trail delivers
  cloudwatchlogs_log_group:
    name: cloudtrail
    retention: 365
    tags: {include: {Owner: security}}
"""

_KEY_USE = ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey")
"""What CloudWatch Logs needs of a key (CloudWatch Logs User Guide, "Encrypt log data … using AWS KMS")."""
DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""What PutRetentionPolicy takes (CloudWatch Logs API Reference)."""


@dataclass(frozen=True, slots=True)
class Retention(Scalar):
    """Days, of AWS's fixed list; null for ever."""

    def read(self, value: Any, context: Any) -> Any:
        asked_for = Scalar.read(self, value, context)
        if value is not None and value not in DAYS:
            nearest = min((days for days in DAYS if days >= value), default=DAYS[-1])
            raise FieldError(
                f"AWS keeps events for a fixed list of days, and {value} is not in it", f"such as {nearest}"
            )
        return asked_for


@dataclass(frozen=True, slots=True)
class State:
    retention: int | None = asked(
        Retention(int, "a number of days, or null", optional=True),
        "Days for which events are kept; null for ever.", aliases=("retention_in_days",),
    )  # fmt: skip
    kms_key_id: str | None = asked(
        OPTIONAL_TEXT, "KMS key that encrypts the events, by alias or ARN; null for AWS's own encryption.",
        resolve=kms_names.resolve,
    )  # fmt: skip
    log_group_class: str = asked(
        Scalar(str, "a class of log groups", choices=("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")),
        "Class of the group; only STANDARD ones take metric filters.", default="STANDARD", fixed=True,
    )  # fmt: skip
    tags: Mapping[str, str] = asked(TAGS, "Tags.", default={}, detail=True, reads=("list_tags_for_resource",))
    created: str | None = seen("When it was created (UTC).", volatile=True)
    stored_bytes: int | None = seen("Size of what it keeps, in bytes.", volatile=True)


def observe(read: Reader, want: Want) -> dict[str, State]:
    found = {group["logGroupName"]: group for group in read.get("logs", "describe_log_groups")["logGroups"]}
    wanted = [name for name in found if want.has(name)]
    tags: Mapping[str, Any] = dict.fromkeys(wanted, UNREAD)
    if "tags" in want.details:
        params = [{"resourceArn": group_arn(read.account, read.region, name)} for name in wanted]
        answers = read.each("logs", "list_tags_for_resource", params, "ResourceNotFound")
        tags = {name: (answer or {}).get("tags", {}) for name, answer in zip(wanted, answers, strict=True)}
    return {
        name: State(
            retention=found[name].get("retentionInDays"),
            kms_key_id=kms_names.seen(read, found[name].get("kmsKeyId")),
            log_group_class=found[name].get("logGroupClass", "STANDARD"),
            tags=tags[name],
            created=when_ms(found[name].get("creationTime")),
            stored_bytes=found[name].get("storedBytes"),
        )
        for name in wanted
    }


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    who, region = {"logGroupName": name}, look.region
    if after is None:
        yield Call("logs", "delete_log_group", who, region)
        return
    old = before or State()
    if before is None:
        more: dict[str, object] = {"logGroupClass": after.log_group_class}
        if after.kms_key_id:
            more["kmsKeyId"] = kms_names.key_arn(after.kms_key_id, look)
        if tags := tagging.changed({}, after.tags)[1]:
            more["tags"] = dict(tags)
        yield Call("logs", "create_log_group", {**who, **more}, region)
        # CreateLogGroup has set these already.
        old = State(kms_key_id=after.kms_key_id, tags=after.tags)
    if old.kms_key_id != after.kms_key_id and after.kms_key_id:
        yield Call("logs", "associate_kms_key", {**who, "kmsKeyId": kms_names.key_arn(after.kms_key_id, look)}, region)
    elif old.kms_key_id != after.kms_key_id:
        yield Call("logs", "disassociate_kms_key", who, region)
    if old.retention != after.retention and after.retention:
        yield Call("logs", "put_retention_policy", {**who, "retentionInDays": after.retention}, region)
    elif old.retention != after.retention:
        yield Call("logs", "delete_retention_policy", who, region)
    gone, new = tagging.changed(old.tags, after.tags)
    resource = {"resourceArn": arn(name, after, look)}
    if gone:
        yield Call("logs", "untag_resource", {**resource, "tagKeys": gone}, region)
    if new:
        yield Call("logs", "tag_resource", {**resource, "tags": new}, region)


def when_ms(milliseconds: int | None) -> str | None:
    """Return a time that is given in milliseconds since 1970 in ISO 8601, UTC, to the second."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def group_arn(account: Any, region: str, name: str) -> str:
    """Return a log group's ARN, without the `:*` that some services want behind it."""
    return f"arn:{account.partition}:logs:{region}:{account.id}:log-group:{name}"


def arn(name: str, state: State, look: Look) -> str:
    return group_arn(look.account, look.region or look.account.home_region, name)


def owner(name: str, state: State) -> str | None:
    return tagging.owner_of(name, state.tags)


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    if after is None:
        yield "the events that the log group keeps"
    elif after.retention is not None and (before.retention is None or after.retention < before.retention):
        yield f"the events older than {after.retention} days"


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    if before is None and name.startswith("aws/"):
        yield Breach("names that begin with aws/ are AWS's own", "choose another name")
    yield from kms_names.missing(after.kms_key_id, look)
    if before is None or before.kms_key_id != after.kms_key_id:
        mine = arn(name, after, look)
        told = {"aws:SourceArn": mine, "kms:EncryptionContext:aws:logs:arn": mine, "aws:SourceAccount": look.account.id}
        service = f"logs.{look.region or look.account.home_region}.amazonaws.com"
        yield from key_breaches(after.kms_key_id, look, service, _KEY_USE, told)
    yield from tagging.limit(after.tags)


ripples = defaults.no_ripples
notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    # Some of its actions are checked against the ARN with `:*` behind it, others without.
    yield Need(arn(name, state, look))
    yield Need(f"{arn(name, state, look)}:*")
