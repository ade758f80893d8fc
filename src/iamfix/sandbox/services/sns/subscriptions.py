"""Subscriptions: asked for, confirmed, listed, ended. No message is sent: its token is the endpoint itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.cloud import Cloud
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.sns.state import SnsState, Subscription, Topic, change, invalid, the_topic

_PROTOCOLS = frozenset(
    {"http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"}
)  # fmt: skip
_PENDING = "PendingConfirmation"


def subscribe(call: Call) -> Answer:
    """E-mail and HTTP endpoints, and queues of other accounts, must confirm; asking again sends another message."""
    topic, protocol, endpoint = the_topic(call), call.param("Protocol"), str(call.params.get("Endpoint") or "")
    if protocol not in _PROTOCOLS:
        raise invalid(f"Does not support this protocol string: {protocol}")
    if not endpoint or (protocol.startswith("email") and "@" not in endpoint):
        raise invalid("Endpoint")
    if protocol in ("sqs", "lambda", "firehose", "application") and not endpoint.startswith("arn:"):
        raise invalid(f"{protocol.upper()} endpoint ARN")
    if protocol in ("http", "https") and not endpoint.startswith(f"{protocol}://"):
        raise invalid("Endpoint must match the specified protocol")
    found = next((one for one in topic.subscriptions if (one.protocol, one.endpoint) == (protocol, endpoint)), None)
    if found is None:
        at_once = protocol == "sms" or (endpoint.startswith("arn:") and endpoint.split(":")[4] == call.account)
        arn = f"{topic.arn}:{call.cloud.new_id('', 36).lower()}"
        found = Subscription(arn, protocol, endpoint, at_once, call.cloud.clock.now())
        change(call, topic, subscriptions=(*topic.subscriptions, found))
    told = found.confirmed or call.params.get("ReturnSubscriptionArn")
    return {"SubscriptionArn": found.arn if told else "pending confirmation"}


def confirm(cloud: Cloud, topic_arn: str, endpoint: str) -> None:
    """Confirm a subscription, as its endpoint's owner does with the link in the message. Raises KeyError."""
    _, partition, _, region, account, _ = topic_arn.split(":")
    topics = cloud.state(SnsState, f"{account}/{region}", partition).topics
    topic = topics.latest(topic_arn)
    if topic is None or endpoint not in {one.endpoint for one in topic.subscriptions}:
        raise KeyError(endpoint)
    known = [replace(one, confirmed=one.confirmed or one.endpoint == endpoint) for one in topic.subscriptions]
    topics.put(topic_arn, replace(topic, subscriptions=tuple(known)))


def confirm_subscription(call: Call) -> Answer:
    """ConfirmSubscription: with the token of the message, which in this practice AWS is the endpoint; again is fine."""
    topic, token = the_topic(call), call.param("Token")
    found = next((one for one in topic.subscriptions if one.endpoint == token), None)
    if found is None:
        raise invalid("Token")
    known = (replace(one, confirmed=True) if one == found else one for one in topic.subscriptions)
    change(call, topic, subscriptions=tuple(known))
    return {"SubscriptionArn": found.arn}


def _of(call: Call) -> tuple[Topic, Subscription]:
    arn = call.param("SubscriptionArn")
    if not arn.startswith("arn:"):
        raise invalid(f"SubscriptionArn Reason: {arn} does not start with arn")
    if arn.count(":") != 6:
        raise invalid("SubscriptionArn Reason: An ARN must have at least 6 elements")
    topic = call.regional(SnsState).topics.latest(arn.rpartition(":")[0])
    for one in topic.subscriptions if topic else ():
        if one.arn == arn and topic is not None:
            return topic, one
    raise AwsError("NotFound", "Subscription does not exist", status=404)


def unsubscribe(call: Call) -> Answer:
    """Answers well too where there is none; what waits for its confirmation cannot be ended."""
    try:
        topic, subscription = _of(call)
    except AwsError as error:
        if error.code == "NotFound":
            return {}
        raise
    if not subscription.confirmed:
        raise invalid("SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending confirmation")
    return change(call, topic, subscriptions=tuple(one for one in topic.subscriptions if one != subscription))


def _shown(call: Call, topic: Topic, one: Subscription) -> dict[str, Any]:
    return {
        "SubscriptionArn": one.arn if one.confirmed else _PENDING,
        "Owner": call.account,
        "Protocol": one.protocol,
        "Endpoint": one.endpoint,
        "TopicArn": topic.arn,
    }


def list_subscriptions_by_topic(call: Call) -> Answer:
    topic = the_topic(call)
    some, token = page(call, topic.subscriptions, token_param="NextToken")
    return {"Subscriptions": [_shown(call, topic, one) for one in some], "NextToken": token}


def list_subscriptions(call: Call) -> Answer:
    topics = call.regional(SnsState).topics.all_seen(call.replica)
    shown = [_shown(call, topic, one) for topic in topics for one in topic.subscriptions]
    some, token = page(call, shown, token_param="NextToken")
    return {"Subscriptions": some, "NextToken": token}


def get_subscription_attributes(call: Call) -> Answer:
    topic, one = _of(call)
    told = {
        "SubscriptionArn": one.arn,
        "TopicArn": topic.arn,
        "Owner": call.account,
        "Protocol": one.protocol,
        "Endpoint": one.endpoint,
        "PendingConfirmation": str(not one.confirmed).lower(),
    }
    return {"Attributes": told}


OPERATIONS: Mapping[str, Handler] = {
    "Subscribe": subscribe,
    "ConfirmSubscription": confirm_subscription,
    "Unsubscribe": unsubscribe,
    "ListSubscriptionsByTopic": list_subscriptions_by_topic,
    "ListSubscriptions": list_subscriptions,
    "GetSubscriptionAttributes": get_subscription_attributes,
}
