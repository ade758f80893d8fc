"""What a trail records: event selectors, advanced ones in their place, and insights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.cloudtrail.state import Trail, put, read_trail, take_trail

MOST_SELECTORS, MOST_VALUES, MOST_RESOURCES = 5, 500, 250
DEFAULT: Mapping[str, Any] = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}
"""What a trail records without selectors of its own."""
_DATA_TYPES = ("AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table")
_EXCLUDABLE = ("kms.amazonaws.com", "rdsdata.amazonaws.com")


def put_event_selectors(call: Call) -> Answer:
    """PutEventSelectors: the one kind erases the other."""
    trail = take_trail(call, call.param("TrailName"))
    plain, advanced = call.params.get("EventSelectors") or (), call.params.get("AdvancedEventSelectors") or ()
    if bool(plain) == bool(advanced):
        raise _invalid("Give EventSelectors or AdvancedEventSelectors.")
    if len(plain) > MOST_SELECTORS or sum(len(one.get("DataResources") or ()) for one in plain) > MOST_RESOURCES:
        raise _invalid("A trail takes 5 event selectors and 250 data resources.")
    for selector in plain:
        _check_plain(selector)
    values = 0
    for selector in advanced:
        values += _checked_advanced(selector)
    if values > MOST_VALUES:
        raise _invalid("A trail takes 500 values in its advanced event selectors.")
    trail = replace(trail, selectors=tuple({**DEFAULT, **one} for one in plain), advanced=tuple(advanced))
    put(call, trail)
    return _told(call, trail)


def _check_plain(selector: Mapping[str, Any]) -> None:
    for resource in selector.get("DataResources") or ():
        if resource.get("Type") not in _DATA_TYPES or not resource.get("Values"):
            raise _invalid(f"Data resources are of {', '.join(_DATA_TYPES)}, and name values.")
    for source in selector.get("ExcludeManagementEventSources") or ():
        if source not in _EXCLUDABLE or selector.get("IncludeManagementEvents") is False:
            raise _invalid(f"{source} cannot be excluded.")


def _checked_advanced(selector: Mapping[str, Any]) -> int:
    fields = {one["Field"]: one for one in selector["FieldSelectors"]}
    category = fields.get("eventCategory", {}).get("Equals") or []
    if len(fields) < len(selector["FieldSelectors"]) or category not in (["Management"], ["Data"], ["NetworkActivity"]):
        raise _invalid("Each advanced event selector needs one eventCategory, and each field once.")
    if category == ["Data"] and "resources.type" not in fields:
        raise _invalid("Advanced event selectors for data events need resources.type.")
    for one in fields.values():
        if not any(len(values) for key, values in one.items() if key != "Field" and values):
            raise _invalid(f"The field {one['Field']} has no condition.")
    return sum(len(values) for one in fields.values() for key, values in one.items() if key != "Field" and values)


def get_event_selectors(call: Call) -> Answer:
    """GetEventSelectors."""
    return _told(call, read_trail(call, call.param("TrailName")))


def _told(call: Call, trail: Trail) -> Answer:
    if trail.advanced:
        return {"TrailARN": trail.arn(call.partition), "AdvancedEventSelectors": list(trail.advanced)}
    return {"TrailARN": trail.arn(call.partition), "EventSelectors": list(trail.selectors) or [dict(DEFAULT)]}


def _trail_name(call: Call) -> str:
    """The trail; event data stores, which may stand in its place, are not in the sandbox."""
    if "TrailName" not in call.params:
        raise AwsError("InvalidParameterCombinationException", "Specify a trail name.")
    return call.param("TrailName")


def put_insight_selectors(call: Call) -> Answer:
    """PutInsightSelectors: an empty list switches insights off."""
    trail = take_trail(call, _trail_name(call))
    types = tuple(one["InsightType"] for one in call.params["InsightSelectors"])
    if len(set(types)) < len(types):
        raise AwsError("InvalidInsightSelectorsException", "Each insight type once.")
    trail = replace(trail, insights=types)
    put(call, trail)
    return {"TrailARN": trail.arn(call.partition), "InsightSelectors": [{"InsightType": one} for one in types]}


def get_insight_selectors(call: Call) -> Answer:
    """GetInsightSelectors: an error while there are none."""
    trail = read_trail(call, _trail_name(call))
    if not trail.insights:
        told = f"Trail {trail.arn(call.partition)} does not have Insights enabled."
        raise AwsError("InsightNotEnabledException", told)
    return {"TrailARN": trail.arn(call.partition), "InsightSelectors": [{"InsightType": one} for one in trail.insights]}


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidEventSelectorsException", message)


OPERATIONS: dict[str, Handler] = {
    "PutEventSelectors": put_event_selectors,
    "GetEventSelectors": get_event_selectors,
    "PutInsightSelectors": put_insight_selectors,
    "GetInsightSelectors": get_insight_selectors,
}
