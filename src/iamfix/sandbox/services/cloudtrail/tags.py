"""The tags of trails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.cloudtrail.state import put, read_trail, take_trail

MOST_TAGS = 50


def tags_of(given: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """A TagsList as names with values. Raises TagsLimitExceededException, InvalidTagParameterException."""
    tags = {tag["Key"]: tag.get("Value", "") for tag in given}
    if len(tags) < len(given) or any(key.lower().startswith("aws:") for key in tags):
        raise AwsError("InvalidTagParameterException", "Tag keys are given once, and do not begin with aws:.")
    if len(tags) > MOST_TAGS:
        raise AwsError("TagsLimitExceededException", "A trail can have no more than 50 tags.")
    return tags


def add_tags(call: Call) -> Answer:
    """AddTags."""
    trail = take_trail(call, _arn(call.param("ResourceId")))
    new = tags_of(call.params["TagsList"])
    tags_of([{"Key": key} for key in {**trail.tags, **new}])
    put(call, replace(trail, tags={**trail.tags, **new}))
    return {}


def remove_tags(call: Call) -> Answer:
    """RemoveTags: by key."""
    trail = take_trail(call, _arn(call.param("ResourceId")))
    gone = {tag["Key"] for tag in call.params["TagsList"]}
    put(call, replace(trail, tags={key: value for key, value in trail.tags.items() if key not in gone}))
    return {}


def list_tags(call: Call) -> Answer:
    """ListTags: of up to 20 trails, in their home region."""
    found = []
    for arn in call.params["ResourceIdList"]:
        trail = read_trail(call, _arn(arn))
        if (trail.account, trail.region) != (call.account, call.region):
            raise AwsError("CloudTrailARNInvalidException", f"{arn} is not a trail of this account and region.")
        found.append({"ResourceId": arn, "TagsList": [{"Key": k, "Value": v} for k, v in trail.tags.items()]})
    return {"ResourceTagList": found}


def _arn(text: str) -> str:
    if not text.startswith("arn:"):
        raise AwsError("CloudTrailARNInvalidException", f"{text} is not an ARN.")
    return text


OPERATIONS: dict[str, Handler] = {"AddTags": add_tags, "RemoveTags": remove_tags, "ListTags": list_tags}
