"""SNS topic: who may publish to it, its encryption, its tags, and who is subscribed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from iamfix.fields import OPTIONAL_TEXT, SET, TAGS, TEXT, asked, seen
from iamfix.kinds import defaults, tagging
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Scope, Want
from iamfix.kinds.sns_subscriptions import BY_HAND, Subscribed, Subscriptions
from iamfix.model import UNREAD, Call, Mark, Result
from iamfix.policy.document import Document
from iamfix.shared_policy import policy_of

SCOPE: Scope = "home"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
READS = (
    ("sns", "list_topics"),
    ("sns", "get_topic_attributes"),
    ("sns", "list_subscriptions_by_topic"),
    ("sns", "list_tags_for_resource"),
)
EXAMPLE = """\
- name: Where alarms go
  sns_topic:
    name: security-alarms
    policy:
      Version: "2012-10-17"
      Statement:
        - Sid: CloudWatchAlarms
          Effect: Allow
          Principal: {Service: cloudwatch.amazonaws.com}
          Action: sns:Publish
          Resource: "arn:{{ partition }}:sns:{{ region }}:{{ account_id }}:security-alarms"
          Condition: {StringEquals: {"aws:SourceAccount": "{{ account_id }}"}}
    subscriptions: {include: [{protocol: email, endpoint: security@example.com}]}
"""

MAX_POLICY = 30 * 1024
"""Bytes of a topic policy (SNS quotas)."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo")
_ATTRIBUTES = {"display_name": "DisplayName", "kms_master_key_id": "KmsMasterKeyId"}

_POLICY = policy_of(
    "sns:GetTopicAttributes", "sns:SetTopicAttributes", "no policy of the account could give that back",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """The policy of a topic for which none is asked is AWS's, which names the topic: it is not known beforehand."""

    policy: Document | Mark | None = asked(
        _POLICY, "Topic policy, merged by statement id. A new topic has just what is given.", default=UNREAD,
        detail=True, reads=("get_topic_attributes",),
    )  # fmt: skip
    display_name: str | Mark = asked(
        TEXT, "The sender's name in e-mails.", default="", detail=True, reads=("get_topic_attributes",)
    )
    kms_master_key_id: str | Mark | None = asked(
        OPTIONAL_TEXT, "Key that encrypts messages: id, ARN or alias/…; null for none.", detail=True,
        reads=("get_topic_attributes",),
    )  # fmt: skip
    subscriptions: Subscribed | Mark = asked(
        Subscriptions(), "Who is subscribed; who waits for a confirmation counts.", default=Subscribed(), detail=True,
        reads=("list_subscriptions_by_topic",),
    )  # fmt: skip
    tags: tagging.Tags | Mark = asked(
        TAGS, "Tags.", default={}, detail=True, always=True, reads=("list_tags_for_resource",)
    )
    waiting: frozenset[str] | Mark = seen(
        "Subscriptions that nobody has confirmed, so that nothing is delivered to them.", default=frozenset(),
        codec=SET, detail=True, volatile=True, reads=("list_subscriptions_by_topic",),
    )  # fmt: skip
    subscription_arns: Mapping[str, str] | Mark = seen(
        "ARNs of the confirmed subscriptions.", default={}, detail=True, volatile=True,
        reads=("list_subscriptions_by_topic",),
    )  # fmt: skip


_SUBSCRIBED = frozenset({"subscriptions", "waiting", "subscription_arns"})
_TOLD = frozenset({"policy", *_ATTRIBUTES})
_UNREAD = dict.fromkeys((*_TOLD, *_SUBSCRIBED, "tags"), UNREAD)


def observe(read: Reader, want: Want) -> dict[str, State]:
    """One list of all topics; of each wanted topic, one request for each group of details."""
    topics = (str(topic["TopicArn"]) for topic in read.get("sns", "list_topics").get("Topics", ()))
    arns = {name: arn for arn in topics if want.has(name := arn.rsplit(":", 1)[-1])}
    states = {name: State(**_UNREAD) for name in arns}
    for fields, operation, param, parse in (
        (_TOLD, "get_topic_attributes", "TopicArn", _attributes),
        (_SUBSCRIBED, "list_subscriptions_by_topic", "TopicArn", _subscriptions),
        (frozenset({"tags"}), "list_tags_for_resource", "ResourceArn", _tags),
    ):
        if not fields & want.details:
            continue
        params = [{param: arns[name]} for name in states]
        answers = read.each("sns", operation, params, "NotFound", "ResourceNotFound")
        for name, answer in zip(list(states), answers, strict=True):
            states[name] = replace(states[name], **parse(answer or {}, read.account.partition))
    return states


def _attributes(answer: Mapping[str, Any], partition: str) -> dict[str, Any]:
    found = answer.get("Attributes", {})
    policy = found.get("Policy")
    return {
        "policy": Document.parse(policy, partition=partition) if policy else None,
        "display_name": found.get("DisplayName", ""),
        "kms_master_key_id": found.get("KmsMasterKeyId") or None,
    }


def _subscriptions(answer: Mapping[str, Any], partition: str) -> dict[str, Any]:
    """What has no ARN waits for its confirmation; "Deleted" is the trace of one that is gone."""
    arns = {f"{one['Protocol']}:{one['Endpoint']}": one["SubscriptionArn"] for one in answer.get("Subscriptions", ())}
    there = {name: arn for name, arn in arns.items() if arn != "Deleted"}
    waiting = frozenset(name for name, arn in there.items() if not arn.startswith("arn:"))
    return {
        "subscriptions": Subscribed(there, waiting),
        "waiting": waiting,
        "subscription_arns": {name: arn for name, arn in there.items() if name not in waiting},
    }


def _tags(answer: Mapping[str, Any], partition: str) -> dict[str, Any]:
    return {"tags": {tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())}}


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    topic = arn(name, after or before, look)

    def call(operation: str, **params: Any) -> Call:
        return Call("sns", operation, params, look.region)

    if after is None:
        yield call("delete_topic", TopicArn=topic)
        return
    old = before or replace(after, subscriptions=Subscribed())
    if before is None:
        yield call("create_topic", **_creation(name, after))
    if isinstance(after.policy, Document) and after.policy != old.policy:
        yield call("set_topic_attributes", TopicArn=topic, AttributeName="Policy", AttributeValue=after.policy.json())
    for field, word in _ATTRIBUTES.items():
        value = getattr(after, field)
        if value is not UNREAD and value != getattr(old, field):
            yield call("set_topic_attributes", TopicArn=topic, AttributeName=word, AttributeValue=value or "")
    gone, new = tagging.changed(old.tags, after.tags)
    if gone:
        yield call("untag_resource", ResourceArn=topic, TagKeys=gone)
    if new:
        yield call("tag_resource", ResourceArn=topic, Tags=tagging.tag_list(new))
    if isinstance(after.subscriptions, Mark) or isinstance(old.subscriptions, Mark):
        return
    for item in sorted(after.subscriptions - old.subscriptions):
        protocol, _, endpoint = item.partition(":")
        yield call("subscribe", TopicArn=topic, Protocol=protocol, Endpoint=endpoint, ReturnSubscriptionArn=True)
    known = {} if isinstance(old.subscription_arns, Mark) else old.subscription_arns
    for item in sorted(old.subscriptions - after.subscriptions - old.subscriptions.waiting):
        made = Result(look.address("sns_topic", name), "subscribe", "SubscriptionArn")
        yield call("unsubscribe", SubscriptionArn=known.get(item, made))


def _creation(name: str, after: State) -> dict[str, Any]:
    attributes = {word: getattr(after, field) for field, word in _ATTRIBUTES.items()}
    if isinstance(after.policy, Document):
        attributes["Policy"] = after.policy.json()
    if name.endswith(".fifo"):
        attributes["FifoTopic"] = "true"
    params: dict[str, Any] = {"Name": name}
    if given := {word: value for word, value in attributes.items() if value and value is not UNREAD}:
        params["Attributes"] = given
    _, tags = tagging.changed({}, after.tags)
    if tags:
        params["Tags"] = tagging.tag_list(tags)
    return params


def arn(name: str, state: Any, look: Look) -> str:
    return f"arn:{look.account.partition}:sns:{look.region}:{look.account.id}:{name}"


def owner(name: str, state: State) -> str | None:
    return tagging.owner_of(name, state.tags)


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    kept = Subscribed() if after is None else after.subscriptions
    if isinstance(before.subscriptions, Mark) or isinstance(kept, Mark):
        return
    for item in sorted(before.subscriptions - kept - before.subscriptions.waiting):
        if item.partition(":")[0] in BY_HAND:
            yield f"the confirmation of {item}: who is subscribed again must confirm again"


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    if not _NAME.fullmatch(name):
        yield Breach(f"{name!r} is no name for a topic", "up to 256 letters, digits, hyphens and underscores")
    if after.policy is None and (before is None or before.policy is not None):
        yield Breach("a topic always has a policy", "write which one")
    if isinstance(after.policy, Document) and (size := len(after.policy.json().encode())) > MAX_POLICY:
        yield Breach(f"a policy of {size} bytes; AWS takes {MAX_POLICY}")
    yield from tagging.limit(after.tags)


ripples = defaults.no_ripples


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    old = frozenset() if before is None or isinstance(before.subscriptions, Mark) else before.subscriptions
    if after is None or isinstance(after.subscriptions, Mark):
        return
    for item in sorted(after.subscriptions - old):
        if item.partition(":")[0] in BY_HAND:
            yield f"{item} must be confirmed within 48 hours, with the link that AWS sends; until then it gets nothing"


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    """Source: Service Authorization Reference, "Amazon SNS"; SNS Developer Guide, "Topic tags"."""
    topic = arn(name, state, look)
    yield Need(topic)
    if call.operation == "create_topic" and "Tags" in call.params:
        yield Need(topic, "sns:TagResource")
