"""The tags of log groups."""

from __future__ import annotations

import re
from dataclasses import replace

from iamfix.sandbox.call import Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.logs.state import LogGroup, LogsState, take_group
from iamfix.sandbox.services.tags import Tags


def _by_arn(call: Call) -> LogGroup:
    arn = call.param("resourceArn")
    found = re.fullmatch(r"arn:[a-z-]+:logs:([a-z0-9-]+):([0-9]{12}):log-group:([^:*]+)", arn)
    if found is None or found[1] != call.region or found[2] != call.account:
        raise AwsError("InvalidParameterException", f"{arn} is not the ARN of a log group of this region.")
    return take_group(call, found[3])


_TAGS: Tags[LogGroup] = Tags(
    _by_arn,
    lambda call, group, tags: call.state(LogsState).groups.put(
        f"{group.region}:{group.name}", replace(group, tags=tags)
    ),
    too_many=("TooManyTagsException", "A resource can have no more than 50 tags."),
    pair=None,
    param="tags",
    gone="tagKeys",
)
OPERATIONS: dict[str, Handler] = _TAGS.operations(tell="ListTagsForResource")
