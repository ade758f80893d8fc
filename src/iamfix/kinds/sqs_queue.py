"""SQS queue: who may send to it, how long it keeps messages, its encryption and tags."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from iamfix.fields import FLAG, TAGS, TEXT, FieldError, Scalar, asked, seen
from iamfix.kinds import defaults, tagging
from iamfix.kinds.protocol import MISSING, Breach, Look, Need, Reader, Scope, Want
from iamfix.model import UNREAD, Call, Mark, Result
from iamfix.policy.document import Document
from iamfix.records import Structure
from iamfix.shared_policy import policy_of

SCOPE: Scope = "home"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
READS = (("sqs", "list_queues"), ("sqs", "get_queue_attributes"), ("sqs", "list_queue_tags"))
EXAMPLE = """\
- name: Queue of drift events
  sqs_queue:
    name: iamfix-drift
    message_retention_period: 1209600
    policy:
      Version: "2012-10-17"
      Statement:
        - Sid: DriftRule
          Effect: Allow
          Principal: {Service: events.amazonaws.com}
          Action: sqs:SendMessage
          Resource: "arn:{{ partition }}:sqs:{{ region }}:{{ account_id }}:iamfix-drift"
          Condition:
            ArnEquals: {"aws:SourceArn": "arn:{{ partition }}:events:{{ region }}:{{ account_id }}:rule/iamfix-drift"}
"""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")
_MISSING = ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")
_NUMBERS = {
    "visibility_timeout": "VisibilityTimeout",
    "message_retention_period": "MessageRetentionPeriod",
    "delivery_delay": "DelaySeconds",
    "maximum_message_size": "MaximumMessageSize",
    "receive_message_wait_time": "ReceiveMessageWaitTimeSeconds",
}
OWNED, NONE = "SSE-SQS", "none"


def _redrive(value: Any) -> dict[str, Any]:
    """AWS tells the count as a number, whatever was sent."""
    if set(value) != {"deadLetterTargetArn", "maxReceiveCount"} or not str(value["maxReceiveCount"]).isdigit():
        raise FieldError("expected deadLetterTargetArn and maxReceiveCount")
    return {"deadLetterTargetArn": str(value["deadLetterTargetArn"]), "maxReceiveCount": int(value["maxReceiveCount"])}


REDRIVE = Structure("deadLetterTargetArn and maxReceiveCount, or null", _redrive, optional=True)


def _number(doc: str, default: int, low: int, high: int, **more: Any) -> Any:
    codec = Scalar(int, "a number", low=low, high=high)
    return asked(codec, doc, default=default, detail=True, reads=("get_queue_attributes",), **more)


_POLICY = policy_of(
    "sqs:GetQueueAttributes", "sqs:SetQueueAttributes", "only the account's root user could change it back",
    root_stays=True,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    policy: Document | Mark | None = asked(
        _POLICY, "Queue policy, merged by statement id.", detail=True, reads=("get_queue_attributes",)
    )
    encryption: str | Mark = asked(
        TEXT, "SSE-SQS for keys of SQS, none, or a KMS key: its id, ARN or alias/….", default=OWNED, detail=True,
        reads=("get_queue_attributes",), aliases=("kms_master_key_id",),
    )  # fmt: skip
    visibility_timeout: int | Mark = _number("Seconds for which a message that was taken stays hidden.", 30, 0, 43200)
    message_retention_period: int | Mark = _number("Seconds for which messages are kept.", 345600, 60, 1209600)
    delivery_delay: int | Mark = _number(
        "Seconds before a message can be taken.", 0, 0, 900, aliases=("delay_seconds",)
    )
    maximum_message_size: int | Mark = _number("Bytes of the largest message.", 1048576, 1024, 1048576)
    receive_message_wait_time: int | Mark = _number("Seconds that an empty answer waits for messages.", 0, 0, 20)
    redrive_policy: Mapping[str, Any] | Mark | None = asked(
        REDRIVE, "Where messages go that nobody can work off; null for nowhere.", detail=True,
        reads=("get_queue_attributes",),
    )  # fmt: skip
    content_based_deduplication: bool | Mark = asked(
        FLAG, "Equal messages are one; only for names that end with .fifo.", default=False, detail=True,
        reads=("get_queue_attributes",),
    )  # fmt: skip
    tags: tagging.Tags | Mark = asked(TAGS, "Tags.", default={}, detail=True, always=True, reads=("list_queue_tags",))
    data_key_reuse: str | Mark | None = seen(
        "Seconds for which SQS uses a data key of KMS again; kept when the key changes.", detail=True,
        reads=("get_queue_attributes",),
    )  # fmt: skip
    messages: int | Mark = seen(
        "About how many messages it holds.", default=0, detail=True, volatile=True, reads=("get_queue_attributes",)
    )
    url: str | None = seen("Its URL.")


_TOLD = frozenset(
    {"policy", "encryption", *_NUMBERS, "redrive_policy", "content_based_deduplication", "data_key_reuse", "messages"}
)
_UNREAD = dict.fromkeys((*_TOLD, "tags"), UNREAD)


def observe(read: Reader, want: Want) -> dict[str, State]:
    """One list of all queues; of each wanted one, a request for its attributes and one for its tags."""
    # Without MaxResults SQS tells 1,000 queues and no token (SQS API Reference, "ListQueues").
    urls = read.get("sqs", "list_queues", MaxResults=1000).get("QueueUrls", ())
    states = {name: State(url=url, **_UNREAD) for url in urls if want.has(name := str(url).rpartition("/")[2])}
    names = list(states)
    if _TOLD & want.details:
        params = [{"QueueUrl": states[name].url, "AttributeNames": ["All"]} for name in names]
        for name, answer in zip(names, read.each("sqs", "get_queue_attributes", params, *_MISSING), strict=True):
            found = (answer or {}).get("Attributes", {})
            states[name] = replace(states[name], **_fields(found, read.account.partition))
    if "tags" in want.details:
        asked_for = [{"QueueUrl": states[name].url} for name in names]
        for name, answer in zip(names, read.each("sqs", "list_queue_tags", asked_for, *_MISSING), strict=True):
            states[name] = replace(states[name], tags=dict((answer or {}).get("Tags", {})))
    return states


def _fields(found: Mapping[str, str], partition: str) -> dict[str, Any]:
    numbers = {field: int(found[word]) for field, word in _NUMBERS.items() if word in found}
    policy, redrive = found.get("Policy"), found.get("RedrivePolicy")
    owned = OWNED if found.get("SqsManagedSseEnabled") == "true" else NONE
    plain = State()
    return {
        **{field: getattr(plain, field) for field in _NUMBERS},
        **numbers,
        "policy": Document.parse(policy, partition=partition) if policy else None,
        "encryption": found.get("KmsMasterKeyId") or owned,
        "redrive_policy": _redrive(json.loads(redrive)) if redrive else None,
        "content_based_deduplication": found.get("ContentBasedDeduplication") == "true",
        "data_key_reuse": found.get("KmsDataKeyReusePeriodSeconds") if found.get("KmsMasterKeyId") else None,
        "messages": int(found.get("ApproximateNumberOfMessages", 0)),
    }


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    state = after or before
    assert state is not None
    url: str | Result = state.url or Result(look.address("sqs_queue", name), "create_queue", "QueueUrl", field="url")

    def call(operation: str, **params: Any) -> Call:
        return Call("sqs", operation, params, look.region)

    if after is None:
        yield call("delete_queue", QueueUrl=url)
        return
    attributes = _attributes(before or State(), after)
    gone, new = tagging.changed(before.tags if before else {}, after.tags)
    if before is None:
        if name.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        given = {"Attributes": attributes} if attributes else {}
        yield call("create_queue", QueueName=name, **given, **({"tags": dict(new)} if new else {}))
        return
    if attributes:
        yield call("set_queue_attributes", QueueUrl=url, Attributes=attributes)
    if gone:
        yield call("untag_queue", QueueUrl=url, TagKeys=gone)
    if new:
        yield call("tag_queue", QueueUrl=url, Tags=dict(new))


def _attributes(old: State, after: State) -> dict[str, str]:
    """Return the attributes that differ, as SQS takes them; an empty text takes one away."""

    def differs(field: str) -> bool:
        return getattr(after, field) is not UNREAD and getattr(after, field) != getattr(old, field)

    found = {word: str(getattr(after, field)) for field, word in _NUMBERS.items() if differs(field)}
    if differs("policy"):
        found["Policy"] = after.policy.json() if isinstance(after.policy, Document) else ""
    if differs("redrive_policy"):
        found["RedrivePolicy"] = json.dumps(after.redrive_policy) if after.redrive_policy else ""
    if differs("content_based_deduplication"):
        found["ContentBasedDeduplication"] = str(after.content_based_deduplication).lower()
    if differs("encryption"):
        owned = after.encryption in (OWNED, NONE)
        found["SqsManagedSseEnabled"] = str(after.encryption == OWNED).lower()
        found["KmsMasterKeyId"] = "" if owned else str(after.encryption)
        if not owned and isinstance(after.data_key_reuse, str) and not isinstance(after.data_key_reuse, Mark):
            found["KmsDataKeyReusePeriodSeconds"] = after.data_key_reuse
    return found


def arn(name: str, state: Any, look: Look) -> str:
    return f"arn:{look.account.partition}:sqs:{look.region}:{look.account.id}:{name}"


def owner(name: str, state: State) -> str | None:
    return tagging.owner_of(name, state.tags)


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    if after is None and before.messages is not UNREAD and before.messages:
        yield f"about {before.messages} messages"


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    if not _NAME.fullmatch(name):
        yield Breach(f"{name!r} is no name for a queue", "up to 80 letters, digits, hyphens and underscores")
    if after.content_based_deduplication is True and not name.endswith(".fifo"):
        yield Breach("content_based_deduplication is for FIFO queues", "their names end with .fifo")
    if isinstance(after.redrive_policy, Mapping) and (before is None or before.redrive_policy != after.redrive_policy):
        yield from _redrive_breaches(name, after.redrive_policy["deadLetterTargetArn"], look)
    if not after.encryption:
        yield Breach("encryption is empty", f"write {OWNED}, {NONE} or a key")
    yield from tagging.limit(after.tags)


def _redrive_breaches(name: str, target: str, look: Look) -> Iterator[Breach]:
    """Source: SQS Developer Guide, "Using dead-letter queues": of the same account, region and type."""
    other = target.rpartition(":")[2]
    if target != arn(other, None, look) or other not in look.all("sqs_queue"):
        told = "an earlier task can make it; SQS takes one of the same account and region"
        yield Breach(f"there is no queue {target} for what nobody can work off", told, MISSING)
    elif other.endswith(".fifo") != name.endswith(".fifo"):
        yield Breach(f"{other} is not of the same type", "the one of a FIFO queue is a FIFO queue, and no other's is")


ripples = defaults.no_ripples


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    """Source: SQS API Reference, "SetQueueAttributes"."""
    old, new = (None if state is None else state.message_retention_period for state in (before, after))
    if isinstance(old, int) and isinstance(new, int) and new < old:
        yield "messages that are older than the new retention period are deleted"


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    """Source: SQS Developer Guide, "Queue tags": tags at creation need the right to tag."""
    queue = arn(name, state, look)
    yield Need(queue)
    if call.operation == "create_queue" and "tags" in call.params:
        yield Need(queue, "sqs:TagQueue")
