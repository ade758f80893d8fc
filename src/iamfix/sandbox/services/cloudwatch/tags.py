"""The tags of alarms."""

from __future__ import annotations

from dataclasses import replace

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.cloudwatch.state import Alarm, AlarmState

MOST_TAGS = 50


def tag_resource(call: Call) -> Answer:
    """TagResource."""
    alarm = _by_arn(call)
    tags = {**alarm.tags, **{tag["Key"]: tag.get("Value", "") for tag in call.params["Tags"]}}
    if len(tags) > MOST_TAGS:
        raise AwsError("InvalidParameterValue", "An alarm can have no more than 50 tags.")
    _put(call, replace(alarm, tags=tags))
    return {}


def untag_resource(call: Call) -> Answer:
    """UntagResource."""
    alarm = _by_arn(call)
    _put(call, replace(alarm, tags={k: v for k, v in alarm.tags.items() if k not in call.params["TagKeys"]}))
    return {}


def list_tags_for_resource(call: Call) -> Answer:
    """ListTagsForResource."""
    return {"Tags": [{"Key": key, "Value": value} for key, value in _by_arn(call).tags.items()]}


def _by_arn(call: Call) -> Alarm:
    arn = call.param("ResourceARN")
    head = f"arn:{call.partition}:cloudwatch:{call.region}:{call.account}:alarm:"
    found = call.state(AlarmState).alarms.latest(f"{call.region}:{arn.removeprefix(head)}")
    if not arn.startswith(head) or found is None:
        raise AwsError("ResourceNotFoundException", f"Unknown resource: {arn}")
    return found


def _put(call: Call, alarm: Alarm) -> None:
    call.state(AlarmState).alarms.put(f"{alarm.region}:{alarm.name}", alarm)


OPERATIONS: dict[str, Handler] = {
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
