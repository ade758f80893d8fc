"""Queues: making, listing, deleting them; their attributes, policies, tags, and the number of their messages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services import resource_policies
from iamfix.sandbox.services.tags import Tags
from iamfix.sandbox.store import Store, Visibility

_RANGES = {
    "DelaySeconds": (0, 900, 0),
    "MaximumMessageSize": (1024, 1048576, 1048576),
    "MessageRetentionPeriod": (60, 1209600, 345600),
    "ReceiveMessageWaitTimeSeconds": (0, 20, 0),
    "VisibilityTimeout": (0, 43200, 30),
    "KmsDataKeyReusePeriodSeconds": (60, 86400, 300),
}
"""Attribute -> least, most, default (SQS API Reference, "SetQueueAttributes")."""
_OTHERS = frozenset(
    {"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "SqsManagedSseEnabled",
     "ContentBasedDeduplication", "FifoQueue"}
)  # fmt: skip
MOST = 8192
"""Bytes of a queue policy."""


@dataclass(frozen=True)
class Queue:
    """A queue. `attributes` are those that were set, `messages` their number."""

    name: str
    arn: str
    url: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    messages: int = 0


class SqsState:
    """Queues by name."""

    def __init__(self, visibility: Visibility) -> None:
        self.queues: Store[Queue] = Store(visibility)


def _invalid(name: str, value: str) -> AwsError:
    return AwsError("InvalidAttributeValue", f"Invalid value for the parameter {name}. Reason: {value:.80}")


def _missing() -> AwsError:
    return AwsError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.", status=400)


def _the_queue(call: Call) -> Queue:
    """The queue that QueueUrl names: its account and name count, not the host."""
    account, _, name = call.param("QueueUrl").rpartition("/")
    queues = call.regional(SqsState).queues
    found, latest = queues.seen(name, call.replica), queues.latest(name)
    if found is None or latest is None or not account.endswith(f"/{call.account}"):
        raise _missing()
    return latest


def _checked(call: Call, queue: Queue, given: Mapping[str, str]) -> dict[str, str]:
    """The queue's attributes with these set; an empty text takes one away."""
    for name, value in given.items():
        if name in _RANGES:
            least, most, _ = _RANGES[name]
            if not value.isdigit() or not least <= int(value) <= most:
                raise _invalid(name, value)
        elif name not in _OTHERS:
            raise AwsError("InvalidAttributeName", f"Unknown Attribute {name}.")
    new = {**queue.attributes, **given}
    if given.get("KmsMasterKeyId"):
        if given.get("SqsManagedSseEnabled") == "true":
            raise _invalid("SqsManagedSseEnabled", "Only one server-side encryption option is supported")
        new["SqsManagedSseEnabled"] = "false"
    elif given.get("SqsManagedSseEnabled") == "true":
        new.pop("KmsMasterKeyId", None)
    if policy := given.get("Policy"):
        new["Policy"] = resource_policies.check(call, policy, lambda told: _invalid("Policy", told), "sqs", MOST)
        if any(one not in ("*", queue.arn) for one in resource_policies.resources(policy)):
            raise _invalid("Policy", policy)
    if redrive := given.get("RedrivePolicy"):
        _check_redrive(call, queue, redrive)
    if given.get("ContentBasedDeduplication") == "true" and not queue.name.endswith(".fifo"):
        raise AwsError("InvalidAttributeName", "Unknown Attribute ContentBasedDeduplication.")
    return {name: value for name, value in new.items() if value}


def _check_redrive(call: Call, queue: Queue, text: str) -> None:
    try:
        told = json.loads(text)
        target, most = str(told["deadLetterTargetArn"]), int(told["maxReceiveCount"])
    except (ValueError, KeyError, TypeError):
        raise _invalid("RedrivePolicy", text) from None
    name = target.rpartition(":")[2]
    if not 1 <= most <= 1000 or call.regional(SqsState).queues.latest(name) is None:
        raise _invalid("RedrivePolicy", "Dead letter target does not exist.")
    if name.endswith(".fifo") != queue.name.endswith(".fifo"):
        raise _invalid("RedrivePolicy", "Dead-letter queue must be same type of queue as the source.")


def create_queue(call: Call) -> Answer:
    """Answers with the URL of a queue that is there, unless it was made otherwise."""
    name, given = call.param("QueueName"), dict(call.params.get("Attributes") or {})
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo", name):
        raise AwsError("InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores.")
    if (given.get("FifoQueue") == "true") != name.endswith(".fifo"):
        raise AwsError("InvalidParameterValue", "The name of a FIFO queue can only end with '.fifo'.")
    domain = "amazonaws.com.cn" if call.partition == "aws-cn" else "amazonaws.com"
    arn = f"arn:{call.partition}:sqs:{call.region}:{call.account}:{name}"
    queue = Queue(name, arn, f"https://sqs.{call.region}.{domain}/{call.account}/{name}")
    there = call.regional(SqsState).queues.latest(name)
    if there is not None:
        told = _told(there)
        if any(told.get(key) != value for key, value in _checked(call, queue, given).items()):
            raise AwsError("QueueAlreadyExists", "A queue already exists with the same name and a different value.")
        return {"QueueUrl": there.url}
    given.setdefault("SqsManagedSseEnabled", "false" if given.get("KmsMasterKeyId") else "true")
    tags = dict(call.params.get("tags") or {})
    queue = replace(queue, attributes=_checked(call, queue, given), tags=_TAGS.merged({}, tags))
    call.regional(SqsState).queues.put(name, queue)
    return {"QueueUrl": queue.url}


def delete_queue(call: Call) -> Answer:
    call.regional(SqsState).queues.delete(_the_queue(call).name)
    return {}


def get_queue_url(call: Call) -> Answer:
    found = call.regional(SqsState).queues.seen(call.param("QueueName"), call.replica)
    if found is None:
        raise _missing()
    return {"QueueUrl": found.url}


def list_queues(call: Call) -> Answer:
    """Pages only for who asks for them with MaxResults."""
    prefix = str(call.params.get("QueueNamePrefix") or "")
    urls = [one.url for one in call.regional(SqsState).queues.all_seen(call.replica) if one.name.startswith(prefix)]
    if not call.params.get("MaxResults"):
        return {"QueueUrls": urls[:1000]}
    some, token = page(call, urls, size_param="MaxResults", token_param="NextToken")
    return {"QueueUrls": some, "NextToken": token}


def _told(queue: Queue) -> dict[str, str]:
    plain = {name: str(default) for name, (_, _, default) in _RANGES.items() if not name.startswith("Kms")}
    if queue.attributes.get("KmsMasterKeyId"):
        plain["KmsDataKeyReusePeriodSeconds"] = "300"
    return {
        **plain,
        "QueueArn": queue.arn,
        "ApproximateNumberOfMessages": str(queue.messages),
        "SqsManagedSseEnabled": "false",
        **queue.attributes,
    }


def get_queue_attributes(call: Call) -> Answer:
    told, names = _told(_the_queue(call)), call.params.get("AttributeNames") or ()
    return {"Attributes": {name: value for name, value in told.items() if "All" in names or name in names}}


def set_queue_attributes(call: Call) -> Answer:
    queue = _the_queue(call)
    return _change(call, queue, attributes=_checked(call, queue, call.params["Attributes"]))


def _change(call: Call, queue: Queue, **fields: Any) -> Answer:
    call.regional(SqsState).queues.put(queue.name, replace(queue, **fields))
    return {}


_TAGS: Tags[Queue] = Tags(
    lambda call: _the_queue(call),
    lambda call, queue, tags: _change(call, queue, tags=tags),
    too_many=("InvalidParameterValue", "Too many tags added for queue."),
    reserved=("InvalidParameterValue", "Reserved keys."),
    pair=None,
)


def send_message(call: Call) -> Answer:
    queue = _the_queue(call)
    _change(call, queue, messages=queue.messages + 1)
    return {"MessageId": call.cloud.new_id("", 36).lower(), "MD5OfMessageBody": "0" * 32}


def purge_queue(call: Call) -> Answer:
    return _change(call, _the_queue(call), messages=0)


OPERATIONS: Mapping[str, Handler] = {
    "CreateQueue": create_queue,
    "DeleteQueue": delete_queue,
    "GetQueueUrl": get_queue_url,
    "ListQueues": list_queues,
    "GetQueueAttributes": get_queue_attributes,
    "SetQueueAttributes": set_queue_attributes,
    **_TAGS.operations("TagQueue", "UntagQueue", "ListQueueTags"),
    "SendMessage": send_message,
    "PurgeQueue": purge_queue,
}
