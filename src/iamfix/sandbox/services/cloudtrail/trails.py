"""Trails: made, changed, deleted, described. A new trail does not log yet."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.cloudtrail.delivery import check_delivery
from iamfix.sandbox.services.cloudtrail.state import Trail, TrailState, put, read_trail, seen_here, take_trail
from iamfix.sandbox.services.cloudtrail.tags import tags_of
from iamfix.sandbox.services.organizations.state import OrgState

MOST_TRAILS = 5
"""Trails that a region shows, shadows included (CloudTrail User Guide, "Quotas")."""
_PARAMS = {
    "S3BucketName": "bucket",
    "S3KeyPrefix": "prefix",
    "SnsTopicName": "topic",
    "IncludeGlobalServiceEvents": "global_events",
    "IsMultiRegionTrail": "multi_region",
    "EnableLogFileValidation": "validation",
    "CloudWatchLogsLogGroupArn": "group",
    "CloudWatchLogsRoleArn": "role",
    "KmsKeyId": "key",
    "IsOrganizationTrail": "organization",
}


def create_trail(call: Call) -> Answer:
    """CreateTrail."""
    name = call.param("Name")
    _check_name(name)
    there = list(seen_here(call))
    if any(trail.name == name for trail in there):
        raise AwsError("TrailAlreadyExistsException", f"Trail {name} already exists for customer: {call.account}")
    if len(there) >= MOST_TRAILS:
        told = f"User: {call.account} already has {MOST_TRAILS} trails in {call.region}."
        raise AwsError("MaximumNumberOfTrailsExceededException", told)
    trail = replace(
        Trail(name=name, account=call.account, region=call.region, bucket=""),
        **_given(call),
        tags=tags_of(call.params.get("TagsList") or []),
    )
    trail = _checked(call, trail)
    put(call, trail)
    return _told(call, trail)


def update_trail(call: Call) -> Answer:
    """UpdateTrail: what is left out is kept; an empty text takes away."""
    before = take_trail(call, call.param("Name"))
    given = _given(call)
    if before.multi_region and given.get("multi_region") is False:
        # Events of global services are off then, unless they are asked for.
        given = {"global_events": False, **given}
    trail = _checked(call, replace(before, **given))
    put(call, trail)
    return _told(call, trail)


def delete_trail(call: Call) -> Answer:
    """DeleteTrail: by name or ARN."""
    trail = take_trail(call, call.param("Name"))
    call.state(TrailState).trails.delete(f"{trail.region}:{trail.name}")
    return {}


def _given(call: Call) -> dict[str, Any]:
    """The fields that a call gives; an empty text is None."""
    found = {field: call.params[name] for name, field in _PARAMS.items() if call.params.get(name) is not None}
    return {field: None if value == "" else value for field, value in found.items()}


def _check_name(name: str) -> None:
    """Source: CloudTrail User Guide, "Naming requirements for CloudTrail resources"."""
    fits = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]", name)
    if not fits or re.search(r"[._-]{2}", name) or re.fullmatch(r"[0-9]+(\.[0-9]+){3}", name):
        raise AwsError("InvalidTrailNameException", f"Trail name {name} is not valid.")


def _checked(call: Call, trail: Trail) -> Trail:
    if trail.multi_region and not trail.global_events:
        told = "Multi-Region trail must include global service events."
        raise AwsError("InvalidParameterCombinationException", told)
    if trail.organization:
        _check_organization(call)
    return check_delivery(call, trail)


def _check_organization(call: Call) -> None:
    manager = call.cloud.management_account or call.account
    state = call.cloud.state(OrgState, manager, call.partition)
    if state.organization is None:
        raise AwsError("OrganizationsNotInUseException", "The account is not a member of an organization.")
    if call.account != state.organization.management_account:
        raise AwsError("NotOrganizationMasterAccountException", "Only the management account can do this.")
    if state.organization.features != "ALL":
        raise AwsError("OrganizationNotInAllFeaturesModeException", "The organization needs all features.")
    if "cloudtrail.amazonaws.com" not in state.services:
        raise AwsError("CloudTrailAccessNotEnabledException", "Enable trusted access of CloudTrail first.")


def describe_trails(call: Call) -> Answer:
    """DescribeTrails: those seen from the region; shadows too unless they are not wanted."""
    wanted, shadows = call.params.get("trailNameList") or [], call.params.get("includeShadowTrails")
    found = [
        trail
        for trail in seen_here(call)
        if (not wanted or trail.name in wanted or trail.arn(call.partition) in wanted)
        and (shadows is not False or (trail.account, trail.region) == (call.account, call.region))
    ]
    told = []
    for trail in sorted(found, key=lambda one: one.name):
        custom = bool(trail.selectors or trail.advanced)
        extra = {"HasCustomEventSelectors": custom, "HasInsightSelectors": bool(trail.insights)}
        told.append({**_told(call, trail), "HomeRegion": trail.region, **extra})
    return {"trailList": told}


def get_trail(call: Call) -> Answer:
    """GetTrail."""
    trail = read_trail(call, call.param("Name"))
    return {"Trail": {**_told(call, trail), "HomeRegion": trail.region}}


def list_trails(call: Call) -> Answer:
    """ListTrails: of all regions."""
    trails = call.state(TrailState).trails.all_seen(call.replica)
    return {"Trails": [{"TrailARN": t.arn(call.partition), "Name": t.name, "HomeRegion": t.region} for t in trails]}


def _told(call: Call, trail: Trail) -> dict[str, Any]:
    return {
        "Name": trail.name,
        "S3BucketName": trail.bucket,
        "S3KeyPrefix": trail.prefix,
        "SnsTopicName": trail.topic,
        "SnsTopicARN": trail.topic,
        "IncludeGlobalServiceEvents": trail.global_events,
        "IsMultiRegionTrail": trail.multi_region,
        "TrailARN": trail.arn(call.partition),
        "LogFileValidationEnabled": trail.validation,
        "CloudWatchLogsLogGroupArn": trail.group,
        "CloudWatchLogsRoleArn": trail.role,
        "KmsKeyId": trail.key,
        "IsOrganizationTrail": trail.organization,
    }


OPERATIONS: dict[str, Handler] = {
    "CreateTrail": create_trail,
    "UpdateTrail": update_trail,
    "DeleteTrail": delete_trail,
    "DescribeTrails": describe_trails,
    "GetTrail": get_trail,
    "ListTrails": list_trails,
}
