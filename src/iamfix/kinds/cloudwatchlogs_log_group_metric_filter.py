"""Metric filter of a CloudWatch Logs log group. Its name is LOG_GROUP:FILTER, since each log group has its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from iamfix.fields import FLAG, OPTIONAL_TEXT, TEXT, asked, seen
from iamfix.kinds import defaults
from iamfix.kinds.cloudwatchlogs_log_group import group_arn, when_ms
from iamfix.kinds.protocol import MISSING, Breach, Look, Need, Reader, Scope, Want
from iamfix.model import Call
from iamfix.typed import Part, Real, Text, Typed

SCOPE: Scope = "home"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
READS = (("logs", "describe_metric_filters"),)
EXAMPLE = """\
- name: Uses of the root user are counted
  cloudwatchlogs_log_group_metric_filter:
    name: cloudtrail:RootUse
    filter_pattern: '{$.userIdentity.type="Root"}'
    metric_transformation: {metric_name: RootUse, metric_namespace: LogMetrics, metric_value: "1", default_value: 0}
"""

MAX_FILTERS = 100
"""Metric filters of one log group (CloudWatch Logs User Guide, "Quotas")."""
MAX_DIMENSIONS = 3


class Metric(Part):
    """The metric that each event feeds."""

    metric_name: Text
    metric_namespace: Text
    metric_value: Text = Field(description="What an event adds: a number, or a field of the event such as $.size.")
    default_value: Real | None = Field(None, description="What a period without such events adds.")
    unit: Text | None = None
    dimensions: dict[Text, Text] = Field({}, description="Names with fields of the event.")


@dataclass(frozen=True, slots=True)
class State:
    filter_pattern: str | None = asked(TEXT, "Which events are counted, as CloudWatch Logs writes it.", required=True)
    metric_transformation: Metric | None = asked(
        Typed(Metric | None, "the metric: metric_name, metric_namespace, metric_value and, perhaps, default_value"),
        "The metric that each such event feeds.",
        required=True,
    )
    apply_on_transformed_logs: bool = asked(FLAG, "Count the events as a log transformer leaves them.", default=False)
    field_selection_criteria: str | None = asked(OPTIONAL_TEXT, "Which log groups' events count, of linked ones.")
    system_fields: tuple[str, ...] = seen("System fields that become dimensions.", default=())
    created: str | None = seen("When it was created (UTC).", volatile=True)


def observe(read: Reader, want: Want) -> dict[str, State]:
    found = read.get("logs", "describe_metric_filters")["metricFilters"]
    states = {}
    for one in found:
        name = f"{one['logGroupName']}:{one['filterName']}"
        if want.has(name):
            states[name] = State(
                filter_pattern=one.get("filterPattern", ""),
                metric_transformation=_metric_of(one["metricTransformations"][0]),
                apply_on_transformed_logs=one.get("applyOnTransformedLogs", False),
                field_selection_criteria=one.get("fieldSelectionCriteria"),
                system_fields=tuple(one.get("emitSystemFieldDimensions", ())),
                created=when_ms(one.get("creationTime")),
            )
    return states


def _metric_of(found: Mapping[str, Any]) -> Metric:
    unit, default = found.get("unit"), found.get("defaultValue")
    return Metric(
        metric_name=found["metricName"],
        metric_namespace=found["metricNamespace"],
        metric_value=found["metricValue"],
        default_value=None if default is None else float(default),
        unit=None if unit == "None" else unit,
        dimensions=dict(found.get("dimensions", {})),
    )


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    group, _, filter_name = name.partition(":")
    who = {"logGroupName": group, "filterName": filter_name}
    if after is None:
        yield Call("logs", "delete_metric_filter", who, look.region)
    elif before is None or _params(before) != _params(after):
        # AWS replaces the filter of that name.
        yield Call("logs", "put_metric_filter", {**who, **_params(after)}, look.region)


def _params(state: State) -> dict[str, Any]:
    params: dict[str, Any] = {"filterPattern": state.filter_pattern, "metricTransformations": []}
    if (told := state.metric_transformation) is not None:
        metric = {
            "metricName": told.metric_name,
            "metricNamespace": told.metric_namespace,
            "metricValue": told.metric_value,
            "defaultValue": told.default_value,
            "unit": told.unit,
            "dimensions": dict(told.dimensions) or None,
        }
        params["metricTransformations"] = [{key: value for key, value in metric.items() if value is not None}]
    if state.apply_on_transformed_logs:
        params["applyOnTransformedLogs"] = True
    if state.field_selection_criteria:
        params["fieldSelectionCriteria"] = state.field_selection_criteria
    if state.system_fields:
        params["emitSystemFieldDimensions"] = list(state.system_fields)
    return params


arn = defaults.no_arn
owner = defaults.no_owner
loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    group, separator, filter_name = name.partition(":")
    if not (group and separator and filter_name):
        yield Breach(f"{name!r} is not of the form LOG_GROUP:FILTER", f"such as cloudtrail:{name.strip(':')}")
        return
    metric = after.metric_transformation
    if metric is None:
        yield Breach("a metric filter feeds a metric", "give metric_transformation:")
    elif metric.dimensions and metric.default_value is not None:
        yield Breach("a metric filter with dimensions can have no default value", "leave one of them out")
    elif len(metric.dimensions) > MAX_DIMENSIONS:
        yield Breach(f"{len(metric.dimensions)} dimensions; AWS takes {MAX_DIMENSIONS}")
    if before is None:
        yield from _group_breaches(name, group, look)


def _group_breaches(name: str, group: str, look: Look) -> Iterator[Breach]:
    there = look.get("cloudwatchlogs_log_group", group)
    if there is None:
        yield Breach(f"there is no log group {group!r} in {look.region}", "create it in an earlier task", MISSING)
    elif there.log_group_class != "STANDARD":
        yield Breach(f"the log group is of the class {there.log_group_class}, which takes no metric filters")
    others = [other for other in look.all("cloudwatchlogs_log_group_metric_filter") if other.startswith(f"{group}:")]
    if len(others) >= MAX_FILTERS:
        yield Breach(f"the log group has {len(others)} metric filters; AWS takes {MAX_FILTERS}")


ripples = defaults.no_ripples
notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    group = group_arn(look.account, look.region or look.account.home_region, name.partition(":")[0])
    yield Need(group)
    yield Need(f"{group}:*")
