"""The tags of alarms."""

from __future__ import annotations

from dataclasses import replace

from iamfix.sandbox.call import Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.cloudwatch.state import Alarm, AlarmState
from iamfix.sandbox.services.tags import Tags


def _by_arn(call: Call) -> Alarm:
    arn = call.param("ResourceARN")
    head = f"arn:{call.partition}:cloudwatch:{call.region}:{call.account}:alarm:"
    found = call.state(AlarmState).alarms.latest(f"{call.region}:{arn.removeprefix(head)}")
    if not arn.startswith(head) or found is None:
        raise AwsError("ResourceNotFoundException", f"Unknown resource: {arn}")
    return found


_TAGS: Tags[Alarm] = Tags(
    _by_arn,
    lambda call, alarm, tags: call.state(AlarmState).alarms.put(
        f"{alarm.region}:{alarm.name}", replace(alarm, tags=tags)
    ),
    too_many=("InvalidParameterValue", "An alarm can have no more than 50 tags."),
)
OPERATIONS: dict[str, Handler] = _TAGS.operations(tell="ListTagsForResource")
