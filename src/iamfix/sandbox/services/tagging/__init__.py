"""The Resource Groups Tagging API, over the services of the sandbox that it reaches on AWS; nothing of it is moto's.

Source: Resource Groups Tagging API Reference, GetResources, TagResources, UntagResources. IAM's users and roles are not
among what it tells, and it refuses a request that names one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from iamfix.sandbox.authorization import allowed
from iamfix.sandbox.call import Answer, Call, Handler, Service, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.tagging.resources import Taggable, taggable
from iamfix.sandbox.store import Store, Visibility

_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d{0,12}:.+")
MOST_TAGS = 50


class TaggingState:
    """The ARNs of what has ever had a tag, in one region."""

    def __init__(self, visibility: Visibility) -> None:
        self.ever: Store[bool] = Store(visibility)


def _known(call: Call) -> dict[str, Taggable]:
    """What has tags or had some, by ARN, as the replica shows it."""
    ever = call.regional(TaggingState).ever
    found = {}
    for one in taggable(call, seen=True):
        if one.tags:
            ever.put(one.arn, True)
        if one.tags or one.arn in ever:
            found[one.arn] = one
    return found


def get_resources(call: Call) -> Answer:
    """GetResources: what has tags, or had some; 50 a page unless asked, 100 at the most."""
    params = call.params
    if params.get("ResourceARNList") and (params.get("TagFilters") or params.get("ResourceTypeFilters")):
        raise _invalid("ResourceARNList cannot be used with other filters")
    size = params.get("ResourcesPerPage")
    if size is not None and not 1 <= int(size) <= 100:
        raise _invalid("ResourcesPerPage must be between 1 and 100")
    members = [
        {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in one.tags.items()]}
        for arn, one in sorted(_known(call).items())
        if _wanted(one, params)
    ]
    some, token = page(
        call, members, default_size=50, size_param="ResourcesPerPage", token_param="PaginationToken", most=100
    )
    return {"ResourceTagMappingList": some, "PaginationToken": token or ""}


def _wanted(one: Taggable, params: Mapping[str, Any]) -> bool:
    arns, types = params.get("ResourceARNList"), params.get("ResourceTypeFilters")
    if arns and one.arn not in arns:
        return False
    if types and one.type not in types and one.type.split(":")[0] not in types:
        return False
    return all(
        one.tags.get(want["Key"]) in want["Values"] if want.get("Values") else want["Key"] in one.tags
        for want in params.get("TagFilters") or ()
    )


def _invalid(told: str) -> AwsError:
    return AwsError("InvalidParameterException", told)


def _each(call: Call, new: Callable[[Taggable], dict[str, str]]) -> Answer:
    """Give each named resource its new tags; those that cannot have them are told, and stay as they are."""
    for arn in call.params["ResourceARNList"]:
        if not _ARN.fullmatch(arn) or ":iam::" in arn:
            raise _invalid(f"{arn} is not a valid AmazonResourceName (ARN)")
    there = {one.arn: one for one in taggable(call, seen=False)}
    failed: dict[str, Any] = {}
    for arn in call.params["ResourceARNList"]:
        try:
            if arn not in there:
                raise AwsError("InvalidParameterException", f"The resource {arn} does not exist in {call.region}")
            _check_permission(call, there[arn])
            there[arn].put(new(there[arn]))
            call.regional(TaggingState).ever.put(arn, True)
        except AwsError as error:
            failed[arn] = {"StatusCode": error.status or 400, "ErrorCode": error.code, "ErrorMessage": error.message}
    return {"FailedResourcesMap": failed}


def _check_permission(call: Call, one: Taggable) -> None:
    action = one.untag if call.operation == "UntagResources" else one.tag
    if call.cloud.enforce and allowed(call, action, one.arn) != "allow":
        told = f"User: {call.caller.arn} is not authorized to perform: {action} on resource: {one.arn}"
        raise AwsError("AccessDeniedException", told, status=403)


def tag_resources(call: Call) -> Answer:
    """TagResources."""
    given = dict(call.params["Tags"])
    if any(key.lower().startswith("aws:") for key in given):
        raise _invalid("Tag keys that begin with aws: are reserved")

    def new(one: Taggable) -> dict[str, str]:
        tags = {**one.tags, **given}
        if len([key for key in tags if not key.startswith("aws:")]) > MOST_TAGS:
            raise _invalid(f"{one.arn} would have more than {MOST_TAGS} tags")
        return tags

    return _each(call, new)


def untag_resources(call: Call) -> Answer:
    """UntagResources."""
    gone = set(call.params["TagKeys"])
    return _each(call, lambda one: {key: value for key, value in one.tags.items() if key not in gone})


OPERATIONS: Mapping[str, Handler] = {
    "GetResources": get_resources,
    "TagResources": tag_resources,
    "UntagResources": untag_resources,
}
SERVICE = Service("resourcegroupstaggingapi", OPERATIONS, moto=False)
