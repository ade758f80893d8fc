"""The topics of an account in a region, and who is subscribed to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from iamfix.sandbox.call import Call
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.store import Store, Visibility

FORGOTTEN = timedelta(hours=48)
"""After this time SNS deletes what was not confirmed."""
_OWN_ACTIONS = (
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe",
    "ListSubscriptionsByTopic", "Publish",
)  # fmt: skip


@dataclass(frozen=True)
class Subscription:
    """A subscription; `since` is its second of 1970, until `confirmed` it is told as PendingConfirmation."""

    arn: str
    protocol: str
    endpoint: str
    confirmed: bool
    since: float


@dataclass(frozen=True)
class Topic:
    """A topic. `attributes` are those that were set."""

    arn: str
    policy: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    subscriptions: tuple[Subscription, ...] = ()


class SnsState:
    """Topics by ARN."""

    def __init__(self, visibility: Visibility) -> None:
        self.topics: Store[Topic] = Store(visibility)


def default_policy(call: Call, arn: str) -> str:
    """The policy that SNS gives a topic for which none is sent."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _OWN_ACTIONS],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": call.account}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameter", f"Invalid parameter: {message}")


def the_topic(call: Call, param: str = "TopicArn", missing: str = "NotFound") -> Topic:
    """The topic that a call names, as last written; without the subscriptions that SNS has forgotten.

    Raises InvalidParameter for what is no ARN, NotFound.
    """
    arn = call.param(param)
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "sns":
        raise invalid(f"{param} Reason: An ARN must have at least 6 elements, not {len(parts)}")
    if parts[4] != call.account:
        raise AwsError("AuthorizationError", f"User: {call.caller.arn} is not authorized on {arn}", status=403)
    topics = call.regional(SnsState).topics
    found, latest = topics.seen(arn, call.replica), topics.latest(arn)
    if found is None or latest is None:
        raise AwsError(
            missing, "Topic does not exist" if missing == "NotFound" else "Resource does not exist", status=404
        )
    oldest = call.cloud.clock.now() - FORGOTTEN.total_seconds()
    return replace(latest, subscriptions=tuple(s for s in latest.subscriptions if s.confirmed or s.since > oldest))


def change(call: Call, topic: Topic, **fields: Any) -> dict[str, Any]:
    """Write fields of a topic; the empty answer."""
    call.regional(SnsState).topics.put(topic.arn, replace(topic, **fields))
    return {}
