"""Metric filters: PutMetricFilter replaces the filter of that name in the group, and keeps nothing of it."""

from __future__ import annotations

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.logs.state import LogsState, MetricFilter, filters_here, milliseconds, take_group

MOST_FILTERS = 100
"""Metric filters of one log group."""
MOST_DIMENSIONS = 3


def put_metric_filter(call: Call) -> Answer:
    """PutMetricFilter."""
    state = call.state(LogsState)
    group, name = take_group(call, call.param("logGroupName")), call.param("filterName")
    _check_pattern(call.param("filterPattern"))
    transformation = call.params["metricTransformations"][0]
    dimensions = transformation.get("dimensions") or {}
    if len(dimensions) > MOST_DIMENSIONS:
        raise AwsError("InvalidParameterException", "A metric filter can have at most 3 dimensions.")
    if dimensions and transformation.get("defaultValue") is not None:
        raise AwsError("InvalidParameterException", "Invalid metric transformation: dimensions and default value")
    key = f"{call.region}:{group.name}:{name}"
    there = state.filters.latest(key)
    others = [one for one in state.filters.all_latest() if (one.region, one.group) == (call.region, group.name)]
    if there is None and len(others) >= MOST_FILTERS:
        raise AwsError("LimitExceededException", "Resource limit exceeded.")
    told = {
        "filterPattern": call.param("filterPattern"),
        "metricTransformations": [dict(transformation)],
        "applyOnTransformedLogs": call.params.get("applyOnTransformedLogs") or False,
        "fieldSelectionCriteria": call.params.get("fieldSelectionCriteria"),
        "emitSystemFieldDimensions": call.params.get("emitSystemFieldDimensions"),
    }
    created = call.cloud.now() if there is None else there.created
    state.filters.put(key, MetricFilter(group.name, name, call.region, created, told))
    return {}


def _check_pattern(pattern: str) -> None:
    """Refuse what cannot be a filter pattern: quotes and brackets that do not close."""
    quoted, open_ = False, []
    for char in pattern:
        if char == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif char in "{[(":
            open_.append(char)
        elif char in "}])" and (not open_ or open_.pop() + char not in ("{}", "[]", "()")):
            raise AwsError("InvalidParameterException", "Invalid metric filter pattern")
    if quoted or open_:
        raise AwsError("InvalidParameterException", "Invalid metric filter pattern")


def describe_metric_filters(call: Call) -> Answer:
    """DescribeMetricFilters: of one log group, or of all in the region; 50 at most."""
    params = call.params
    if group := params.get("logGroupName"):
        take_group(call, group)
    if bool(params.get("metricName")) != bool(params.get("metricNamespace")):
        raise AwsError("InvalidParameterException", "Give metricName and metricNamespace together.")
    found = [
        one
        for one in filters_here(call)
        if params.get("logGroupName") in (None, one.group)
        and one.name.startswith(params.get("filterNamePrefix") or "")
        and (not params.get("metricName") or _makes(one, params["metricName"], params["metricNamespace"]))
    ]
    some, token = page(call, found, default_size=50, size_param="limit", token_param="nextToken", most=50)
    told = [
        {"filterName": one.name, "logGroupName": one.group, "creationTime": milliseconds(one.created), **one.told}
        for one in some
    ]
    return {"metricFilters": told, "nextToken": token}


def _makes(one: MetricFilter, name: str, namespace: str) -> bool:
    made = one.told["metricTransformations"][0]
    return bool(made["metricName"] == name and made["metricNamespace"] == namespace)


def delete_metric_filter(call: Call) -> Answer:
    """DeleteMetricFilter."""
    group, name = take_group(call, call.param("logGroupName")), call.param("filterName")
    filters = call.state(LogsState).filters
    if filters.latest(f"{call.region}:{group.name}:{name}") is None:
        raise AwsError("ResourceNotFoundException", "The specified metric filter does not exist.")
    filters.delete(f"{call.region}:{group.name}:{name}")
    return {}


OPERATIONS: dict[str, Handler] = {
    "PutMetricFilter": put_metric_filter,
    "DescribeMetricFilters": describe_metric_filters,
    "DeleteMetricFilter": delete_metric_filter,
}
