"""CloudWatch metric alarm. AWS replaces an alarm whole, so every call carries all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import FLAG, OPTIONAL_TEXT, SET, TAGS, TEXT, FieldError, Map, Scalar, asked, derived, seen
from iamfix.kinds import cloudwatch_lint, defaults, tagging
from iamfix.kinds.optional import Foresight
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Scope, Want
from iamfix.model import UNREAD, Call
from iamfix.typed import Real, Typed

SCOPE: Scope = "home"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
READS = (("cloudwatch", "describe_alarms"), ("cloudwatch", "list_tags_for_resource"))
EXAMPLE = """\
- name: Somebody is told when root is used
  cloudwatch_metric_alarm:
    name: RootUse
    metric_name: RootUse
    namespace: LogMetrics
    statistic: Sum
    comparison: GreaterThanOrEqualToThreshold
    threshold: 1
    period: 300
    evaluation_periods: 1
    treat_missing_data: notBreaching
    alarm_actions: [security-alarms]
"""

COMPARISONS = (
    "GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold",
)  # fmt: skip
STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
MAX_ACTIONS = 5
_ALSO = (
    "EvaluateLowSampleCountPercentile", "EvaluationWindow", "WarmUpConfiguration", "EvaluationCriteria",
    "EvaluationInterval", "ActionConfiguration",
)  # fmt: skip
"""What else PutMetricAlarm would lose: carried from the alarm that is there."""


def topic_arn(text: str, look: Look) -> str:
    """Return the ARN of an action that is given by ARN, or of the SNS topic of that name in this account and region.

    Raises:
        FieldError: an ARN of another partition.
    """
    account = look.account
    if text.startswith("arn:"):
        if text.split(":")[1] != account.partition:
            raise FieldError(f"{text!r} is of another partition than {account.partition}", "write the topic's name")
        return text
    return f"arn:{account.partition}:sns:{look.region or account.home_region}:{account.id}:{text}"


def _actions(doc: str) -> Any:
    return asked(SET, doc, default=frozenset(), resolve=topic_arn)


@dataclass(frozen=True, slots=True)
class State:
    metric_name: str | None = asked(OPTIONAL_TEXT, "Metric; null for an alarm on `metrics`.", aliases=("metric",))
    namespace: str | None = asked(OPTIONAL_TEXT, "The metric's namespace.")
    dimensions: Mapping[str, str] = asked(Map(TEXT, "dimensions: names with values"), "Dimensions.", default={})
    statistic: str | None = asked(
        Scalar(str, "a statistic, or null", optional=True, choices=(*STATISTICS,)),
        "What is compared of each period: SampleCount, Average, Sum, Minimum or Maximum.",
    )  # fmt: skip
    extended_statistic: str | None = asked(OPTIONAL_TEXT, "A percentile in its place, such as p99.")
    unit: str | None = asked(OPTIONAL_TEXT, "Only data of this unit count.")
    comparison: str | None = asked(
        Scalar(str, "a comparison", choices=COMPARISONS), "How the statistic is compared with the threshold.",
        aliases=("comparison_operator",),
    )  # fmt: skip
    threshold: float | None = asked(Typed(Real | None, "a number, or null"), "What the statistic is compared with.")
    threshold_metric_id: str | None = asked(OPTIONAL_TEXT, "Id of the anomaly band among `metrics`, as threshold.")
    period: int | None = asked(
        Scalar(int, "a number of seconds, or null", optional=True, low=10, high=604_800), "Seconds of a period."
    )
    evaluation_periods: int | None = asked(
        Scalar(int, "a number, or null", optional=True, low=1), "How many periods are looked at."
    )
    datapoints_to_alarm: int | None = asked(
        Scalar(int, "a number, or null", optional=True, low=1), "How many of them must breach; null for all."
    )
    treat_missing_data: str = asked(
        Scalar(str, "text", choices=("breaching", "notBreaching", "ignore", "missing")),
        "What a period without data means: breaching, notBreaching, ignore or missing.", default="missing",
    )  # fmt: skip
    metrics: tuple[Any, ...] = asked(
        Typed(tuple[dict[str, Any], ...], "a list of MetricDataQuery, as AWS writes them"),
        "Metric maths in place of one metric.",
        default=(),
    )
    description: str = asked(TEXT, "Description.", default="")
    actions_enabled: bool = asked(FLAG, "Its actions are carried out.", default=True)
    alarm_actions: frozenset[str] = _actions("Actions on ALARM: ARNs, or names of SNS topics of the region.")
    ok_actions: frozenset[str] = _actions("Actions on OK.")
    insufficient_data_actions: frozenset[str] = _actions("Actions on INSUFFICIENT_DATA.")
    tags: Mapping[str, str] = asked(TAGS, "Tags.", default={}, detail=True, reads=("list_tags_for_resource",))
    also: Mapping[str, Any] = seen("What else the alarm has; iamfix carries it along.", default={})
    state: str | None = seen("OK, ALARM or INSUFFICIENT_DATA.", volatile=True)

    @derived()
    def never_fires(self) -> str | None:
        """Why it can never fire on a metric that counts events; null where it can."""
        return cloudwatch_lint.never_fires_on_events(self)


def observe(read: Reader, want: Want) -> dict[str, State]:
    found = {one["AlarmName"]: one for one in read.get("cloudwatch", "describe_alarms")["MetricAlarms"]}
    wanted = [name for name in found if want.has(name)]
    tags: Mapping[str, Any] = dict.fromkeys(wanted, UNREAD)
    if "tags" in want.details:
        params = [{"ResourceARN": found[name]["AlarmArn"]} for name in wanted]
        answers = read.each("cloudwatch", "list_tags_for_resource", params, "ResourceNotFound")
        lists = ((answer or {}).get("Tags", ()) for answer in answers)
        tags = dict(zip(wanted, ({tag["Key"]: tag["Value"] for tag in one} for one in lists), strict=True))
    return {name: _state_of(found[name], tags[name]) for name in wanted}


def _state_of(found: Mapping[str, Any], tags: Any) -> State:
    threshold = found.get("Threshold")
    return State(
        metric_name=found.get("MetricName"),
        namespace=found.get("Namespace"),
        dimensions={one["Name"]: one["Value"] for one in found.get("Dimensions", ())},
        statistic=found.get("Statistic"),
        extended_statistic=found.get("ExtendedStatistic"),
        unit=found.get("Unit"),
        comparison=found.get("ComparisonOperator"),
        threshold=None if threshold is None else float(threshold),
        threshold_metric_id=found.get("ThresholdMetricId"),
        period=found.get("Period"),
        evaluation_periods=found.get("EvaluationPeriods"),
        datapoints_to_alarm=found.get("DatapointsToAlarm"),
        treat_missing_data=found.get("TreatMissingData", "missing"),
        metrics=tuple(found.get("Metrics", ())),
        description=found.get("AlarmDescription", ""),
        actions_enabled=found.get("ActionsEnabled", True),
        alarm_actions=frozenset(found.get("AlarmActions", ())),
        ok_actions=frozenset(found.get("OKActions", ())),
        insufficient_data_actions=frozenset(found.get("InsufficientDataActions", ())),
        tags=tags,
        also={name: found[name] for name in _ALSO if name in found},
        state=found.get("StateValue"),
    )


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if after is None:
        yield Call("cloudwatch", "delete_alarms", {"AlarmNames": [name]}, look.region)
        return
    params = _params(after)
    if before is None:
        # Tags count only when the alarm is made.
        tags = [{"Key": key, "Value": value} for key, value in sorted(tagging.changed({}, after.tags)[1].items())]
        more = {"Tags": tags} if tags else {}
        yield Call("cloudwatch", "put_metric_alarm", {"AlarmName": name, **params, **more}, look.region)
        return
    if params != _params(before):
        yield Call("cloudwatch", "put_metric_alarm", {"AlarmName": name, **params}, look.region)
    gone, new = tagging.changed(before.tags, after.tags)
    resource = {"ResourceARN": arn(name, after, look)}
    if gone:
        yield Call("cloudwatch", "untag_resource", {**resource, "TagKeys": gone}, look.region)
    if new:
        tags = [{"Key": key, "Value": value} for key, value in new.items()]
        yield Call("cloudwatch", "tag_resource", {**resource, "Tags": tags}, look.region)


def _params(state: State) -> dict[str, Any]:
    """Return all of an alarm but its name and tags, as PutMetricAlarm takes it; what is none is left out."""
    given: dict[str, Any] = {
        "MetricName": state.metric_name,
        "Namespace": state.namespace,
        "Dimensions": [{"Name": key, "Value": value} for key, value in sorted(state.dimensions.items())] or None,
        "Statistic": state.statistic,
        "ExtendedStatistic": state.extended_statistic,
        "Unit": state.unit,
        "ComparisonOperator": state.comparison,
        "Threshold": state.threshold,
        "ThresholdMetricId": state.threshold_metric_id,
        "Period": state.period,
        "EvaluationPeriods": state.evaluation_periods,
        "DatapointsToAlarm": state.datapoints_to_alarm,
        "TreatMissingData": state.treat_missing_data,
        "Metrics": list(state.metrics) or None,
        "AlarmDescription": state.description or None,
        "ActionsEnabled": state.actions_enabled,
        "AlarmActions": sorted(state.alarm_actions) or None,
        "OKActions": sorted(state.ok_actions) or None,
        "InsufficientDataActions": sorted(state.insufficient_data_actions) or None,
        **state.also,
    }
    return {name: value for name, value in given.items() if value is not None}


def arn(name: str, state: State, look: Look) -> str:
    account = look.account
    return f"arn:{account.partition}:cloudwatch:{look.region or account.home_region}:{account.id}:alarm:{name}"


def owner(name: str, state: State) -> str | None:
    return tagging.owner_of(name, state.tags)


loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    yield from cloudwatch_lint.rules(after)
    yield from cloudwatch_lint.never_fires(after, look)
    yield from tagging.limit(after.tags)
    for actions in (after.alarm_actions, after.ok_actions, after.insufficient_data_actions):
        if len(actions) > MAX_ACTIONS:
            yield Breach(f"{len(actions)} actions of one kind; AWS takes {MAX_ACTIONS}")
        for action in sorted(actions):
            parts = action.split(":")
            if parts[2:3] == ["sns"] and parts[3] != (look.region or look.account.home_region):
                yield Breach(f"the topic {action} is in another region than the alarm", "AWS takes none of those")


FORESIGHT = Foresight(
    cloudwatch_lint.foresee,
    frozenset(
        {
            "metric_name", "namespace", "dimensions", "statistic", "extended_statistic", "unit", "comparison",
            "threshold", "period", "evaluation_periods", "datapoints_to_alarm", "treat_missing_data", "metrics",
        }
    ),
    {cloudwatch_lint.FILTERS: frozenset({"metric_transformation"})},
)  # fmt: skip
ripples = defaults.no_ripples
notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    yield Need(arn(name, state, look))
