"""Topics: making, listing, deleting them; their attributes, policies and tags."""

from __future__ import annotations

import re
from collections.abc import Mapping

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.services import resource_policies
from iamfix.sandbox.services.sns.state import SnsState, Topic, change, default_policy, invalid, the_topic
from iamfix.sandbox.services.tags import Tags

MOST = 30 * 1024
_SETTABLE = frozenset(
    {"DeliveryPolicy", "DisplayName", "Policy", "TracingConfig", "KmsMasterKeyId", "SignatureVersion"}
)
_AT_CREATION = _SETTABLE | {"FifoTopic", "ContentBasedDeduplication"}
_SCOPE = frozenset(
    """gettopicattributes settopicattributes addpermission removepermission deletetopic subscribe publish receive
    listsubscriptionsbytopic getdataprotectionpolicy putdataprotectionpolicy listtagsforresource tagresource
    untagresource""".lower().split()
)


def _checked(call: Call, text: str, arn: str) -> str:
    """A topic policy as kept: about this topic, and only with actions that a topic has."""
    kept = resource_policies.check(call, text, lambda told: invalid(f"Policy Error: {told}"), "sns", MOST)
    for resource in resource_policies.resources(kept):
        if resource not in ("*", arn):
            raise invalid("Policy Error: null")
    for action in resource_policies.actions(kept):
        if "*" not in action and action.partition(":")[2].lower() not in _SCOPE:
            raise invalid("Policy statement action out of service scope!")
    return kept


def create_topic(call: Call) -> Answer:
    """Answers with the ARN of a topic that is there, unless it was made otherwise."""
    name, given = call.param("Name"), dict(call.params.get("Attributes") or {})
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo", name):
        raise invalid("Topic Name")
    if unknown := sorted(given.keys() - _AT_CREATION):
        raise invalid(f"Attributes Reason: Unknown attribute {unknown[0]}")
    if (given.get("FifoTopic") == "true") != name.endswith(".fifo"):
        raise invalid("Fifo Topic names must end with .fifo and must be made with FifoTopic")
    arn = f"arn:{call.partition}:sns:{call.region}:{call.account}:{name}"
    tags = _TAGS.merged({}, call.params.get("Tags") or ())
    there = call.regional(SnsState).topics.latest(arn)
    policy = given.pop("Policy", None)
    if there is not None:
        if any(there.attributes.get(key) != value for key, value in given.items()):
            raise invalid("Attributes Reason: Topic already exists with different attributes")
        if tags and tags != there.tags:
            raise invalid("Tags Reason: Topic already exists with different tags")
        return {"TopicArn": arn}
    kept = _checked(call, policy, arn) if policy else default_policy(call, arn)
    call.regional(SnsState).topics.put(arn, Topic(arn, kept, given, tags))
    return {"TopicArn": arn}


def delete_topic(call: Call) -> Answer:
    """Answers well too where there is none."""
    topics = call.regional(SnsState).topics
    if topics.latest(call.param("TopicArn")) is not None:
        topics.delete(the_topic(call).arn)
    return {}


def list_topics(call: Call) -> Answer:
    arns = [{"TopicArn": topic.arn} for topic in call.regional(SnsState).topics.all_seen(call.replica)]
    some, token = page(call, arns, token_param="NextToken")
    return {"Topics": some, "NextToken": token}


def get_topic_attributes(call: Call) -> Answer:
    topic = the_topic(call)
    confirmed = sum(one.confirmed for one in topic.subscriptions)
    return {
        "Attributes": {
            "TopicArn": topic.arn,
            "Owner": call.account,
            "Policy": topic.policy,
            "DisplayName": topic.attributes.get("DisplayName", ""),
            "SubscriptionsConfirmed": str(confirmed),
            "SubscriptionsPending": str(len(topic.subscriptions) - confirmed),
            "SubscriptionsDeleted": "0",
            **{key: value for key, value in topic.attributes.items() if value},
        }
    }


def set_topic_attributes(call: Call) -> Answer:
    topic, name, value = the_topic(call), call.param("AttributeName"), str(call.params.get("AttributeValue") or "")
    if name not in _SETTABLE:
        raise invalid("AttributeName")
    if name == "Policy":
        return change(call, topic, policy=_checked(call, value, topic.arn))
    if name == "DisplayName" and len(value) > 100:
        raise invalid("DisplayName")
    return change(call, topic, attributes={**topic.attributes, name: value})


_TAGS: Tags[Topic] = Tags(
    lambda call: the_topic(call, "ResourceArn", "ResourceNotFound"),
    lambda call, topic, tags: change(call, topic, tags=tags),
    too_many=("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded"),
    reserved=("InvalidParameter", "Invalid parameter: Tags Reason: Duplicated or reserved keys are not allowed."),
)
OPERATIONS: Mapping[str, Handler] = {
    "CreateTopic": create_topic,
    "DeleteTopic": delete_topic,
    "ListTopics": list_topics,
    "GetTopicAttributes": get_topic_attributes,
    "SetTopicAttributes": set_topic_attributes,
    **_TAGS.operations(tell="ListTagsForResource"),
}
