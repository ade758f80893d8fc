"""Which alarms AWS would not take, and which it takes though they can never fire.

Source of the rules: CloudWatch API Reference, "PutMetricAlarm"; CloudWatch User Guide, "Using CloudWatch alarms" and
"Configuring how CloudWatch alarms treat missing data"; CloudWatch Logs User Guide, "Creating metric filters".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from iamfix.kinds.cloudwatchlogs_log_group_metric_filter import Metric
from iamfix.kinds.protocol import Breach, Look
from iamfix.model import AwsError

FILTERS = "cloudwatchlogs_log_group_metric_filter"
NEVER = "never-fires"
"""The name of this lint, by which `allow:` overrides it."""
_DAY, _WEEK = 86_400, 604_800
_UPWARD = ("GreaterThanOrEqualToThreshold", "GreaterThanThreshold")


def rules(alarm: Any) -> Iterator[Breach]:
    """Yield what AWS refuses."""
    if alarm.also.get("EvaluationCriteria"):
        return
    if alarm.comparison is None or alarm.evaluation_periods is None:
        yield Breach("an alarm needs comparison and evaluation_periods", "give both")
        return
    if alarm.threshold is None and alarm.threshold_metric_id is None:
        yield Breach("an alarm needs a threshold", "give threshold:")
    if alarm.metrics:
        if alarm.metric_name or alarm.namespace or alarm.statistic or alarm.extended_statistic or alarm.period:
            yield Breach("an alarm is on metric_name or on metrics, not on both", "set the other to null")
        return
    if missing := [name for name in ("metric_name", "namespace", "period") if getattr(alarm, name) is None]:
        yield Breach(f"an alarm on a metric needs {missing[0]}", f"give {missing[0]}:")
        return
    if (alarm.statistic is None) == (alarm.extended_statistic is None):
        yield Breach("an alarm needs statistic or extended_statistic, one of both", "such as statistic: Sum")
    if alarm.period not in (10, 20, 30) and alarm.period % 60:
        yield Breach(f"a period of {alarm.period} s; AWS takes 10, 20, 30 and multiples of 60", "such as 300")
    if alarm.period * alarm.evaluation_periods > (_WEEK if alarm.period >= 3600 else _DAY):
        yield Breach("the periods looked at are longer than a day (a week for periods of an hour or more)")


def foresee(name: str, alarm: Any, look: Look) -> Iterator[Breach]:
    """Yield what is wrong with an alarm of which the playbook says all, on the metric filters that it makes."""
    whole = (alarm.metric_name, alarm.namespace, alarm.period, alarm.comparison, alarm.evaluation_periods)
    if None not in whole and (alarm.threshold is not None or alarm.threshold_metric_id is not None):
        yield from rules(alarm)
        yield from never_fires(alarm, look)


def never_fires(alarm: Any, look: Look) -> Iterator[Breach]:
    """Yield why an alarm can never fire, or never again, as its account is."""
    yield from _of_periods(alarm)
    if alarm.metric_name is None or alarm.namespace is None or alarm.namespace.startswith("AWS/"):
        return
    fed = [metric for metric in _metrics(look, look.region) if metric.metric_namespace == alarm.namespace]
    mine = [metric for metric in fed if metric.metric_name == alarm.metric_name]
    if mine:
        yield from _of_count(alarm, mine)
        return
    if (elsewhere := _made_in(alarm, look)) is not None:
        yield _never(f"its metric is made in {elsewhere}, and an alarm sees its own region only", "alarm there")
    elif fed:
        names = ", ".join(sorted({metric.metric_name for metric in fed}))
        yield _never(
            f"no metric filter makes the metric {alarm.metric_name!r} in {alarm.namespace!r}", f"they make {names}"
        )


def _made_in(alarm: Any, look: Look) -> str | None:
    """Return the region of the account in which a metric filter makes the alarm's metric, other than its own."""
    for region in dict.fromkeys((look.account.home_region, *look.account.regions)):
        if region == (look.region or look.account.home_region):
            continue
        with suppress(AwsError):  # a region that is closed to us makes no metric that we could tell
            if any(
                (metric.metric_namespace, metric.metric_name) == (alarm.namespace, alarm.metric_name)
                for metric in _metrics(look, region)
            ):
                return region
    return None


def never_fires_on_events(alarm: Any) -> str | None:
    """Return why an alarm can never fire on a metric that counts events, each as one and none as zero.

    Whether the metric has the alarm's dimensions and unit hangs on the metric filter, and is not asked here.
    """
    told = dict.fromkeys(alarm.dimensions, "-")
    count = Metric(
        metric_name="-", metric_namespace="-", metric_value="1", default_value=0.0, dimensions=told, unit=alarm.unit
    )
    found = (
        next(iter((*_of_periods(alarm), *_of_count(alarm, [count]))), None) if alarm.metric_name is not None else None
    )
    return None if found is None else found.summary


def _of_periods(alarm: Any) -> Iterator[Breach]:
    points, periods = alarm.datapoints_to_alarm, alarm.evaluation_periods
    if points is not None and periods is not None and points > periods:
        yield _never(f"{points} of {periods} periods can never breach", "lower datapoints_to_alarm")


def _metrics(look: Look, region: str | None) -> list[Metric]:
    return [one.metric_transformation for one in look.all(FILTERS, region).values() if one.metric_transformation]


def _of_count(alarm: Any, metrics: list[Metric]) -> Iterator[Breach]:
    """Judge an alarm on a metric that counts log events: each adds a number to the period that it falls into."""
    amounts = [_number(metric.metric_value) for metric in metrics]
    if any(amount is None for amount in amounts):
        return  # the events carry the number, so nobody can tell
    most = max(amount for amount in amounts if amount is not None)
    if most <= 0:
        yield _never(f"its metric filter adds {most:g} for each event", 'metric_value: "1" in the filter')
        return
    told = {tuple(sorted(metric.dimensions)) for metric in metrics}
    if tuple(sorted(alarm.dimensions)) not in told:
        yield _never("its dimensions are not those of the metric filter", "an alarm is on one exact set of dimensions")
    if alarm.unit is not None and all(metric.unit != alarm.unit for metric in metrics):
        yield _never(f"the metric filter makes no data of the unit {alarm.unit}", "set unit: null")
    if alarm.statistic in ("Average", "Minimum"):
        yield _never(f"the {alarm.statistic.lower()} of a count says little of how often", "statistic: Sum")
    elif alarm.extended_statistic is not None:
        yield _never(f"{alarm.extended_statistic} of a count says little of how often", "statistic: Sum")
    elif alarm.statistic == "SampleCount" and any(one.default_value is not None for one in metrics):
        yield _never("the sample count counts the default values too", "statistic: Sum")
    elif alarm.statistic == "Maximum" and alarm.threshold is not None and _short(alarm, most):
        yield _never(f"no event counts more than {most:g}, so the maximum never gets there", "statistic: Sum")
    if alarm.comparison is not None and alarm.comparison not in _UPWARD and alarm.threshold_metric_id is None:
        yield _never("a count of events that shall not be does not fall below a threshold", f"{_UPWARD[0]}")
    elif any(_reached(alarm, one.default_value) for one in metrics):
        yield _never(
            "it is in alarm while nothing happens, so an event changes nothing",
            "a threshold above the filter's default_value, which is best 0",
        )
    if alarm.treat_missing_data in ("missing", "ignore") and all(one.default_value is None for one in metrics):
        yield _never(
            "the metric filter has no default value, so the alarm stays as it is while nothing happens",
            "default_value: 0 in the filter and treat_missing_data: notBreaching here",
        )


def _reached(alarm: Any, default: float | None) -> bool:
    """Tell whether the default value alone holds an alarm up: its action runs once, and never again."""
    if default is None or alarm.threshold is None or alarm.statistic not in ("Sum", "Maximum"):
        return False
    if alarm.comparison == "GreaterThanThreshold":
        return bool(default > alarm.threshold)
    return alarm.comparison == "GreaterThanOrEqualToThreshold" and bool(default >= alarm.threshold)


def _short(alarm: Any, most: float) -> bool:
    if alarm.comparison == "GreaterThanThreshold":
        return bool(most <= alarm.threshold)
    return bool(most < alarm.threshold)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _never(summary: str, hint: str) -> Breach:
    return Breach(f"this alarm can never fire as it should: {summary}", hint, NEVER)
