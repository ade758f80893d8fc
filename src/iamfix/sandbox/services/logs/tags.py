"""The tags of log groups."""

from __future__ import annotations

import re
from dataclasses import replace

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.logs.state import LogGroup, LogsState, take_group

MOST_TAGS = 50


def tag_resource(call: Call) -> Answer:
    """TagResource."""
    group = _by_arn(call)
    tags = {**group.tags, **call.params["tags"]}
    if len(tags) > MOST_TAGS:
        raise AwsError("TooManyTagsException", "A resource can have no more than 50 tags.")
    _put(call, replace(group, tags=tags))
    return {}


def untag_resource(call: Call) -> Answer:
    """UntagResource."""
    group = _by_arn(call)
    _put(call, replace(group, tags={k: v for k, v in group.tags.items() if k not in call.params["tagKeys"]}))
    return {}


def list_tags_for_resource(call: Call) -> Answer:
    """ListTagsForResource: `tags` is there even when it is empty."""
    return {"tags": dict(_by_arn(call).tags)}


def _by_arn(call: Call) -> LogGroup:
    arn = call.param("resourceArn")
    found = re.fullmatch(r"arn:[a-z-]+:logs:([a-z0-9-]+):([0-9]{12}):log-group:([^:*]+)", arn)
    if found is None or found[1] != call.region or found[2] != call.account:
        raise AwsError("InvalidParameterException", f"{arn} is not the ARN of a log group of this region.")
    return take_group(call, found[3])


def _put(call: Call, group: LogGroup) -> None:
    call.state(LogsState).groups.put(f"{group.region}:{group.name}", group)


OPERATIONS: dict[str, Handler] = {
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
