"""What PutMetricAlarm refuses beyond the model.

Source: CloudWatch API Reference, "PutMetricAlarm".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iamfix.sandbox.call import Call
from iamfix.sandbox.errors import AwsError

_STATIC = ("GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold")
_DAY, _WEEK = 86_400, 604_800


def check_alarm(call: Call) -> None:
    """Raise ValidationError unless AWS would take the alarm."""
    params = call.params
    for list_name in ("OKActions", "AlarmActions", "InsufficientDataActions"):
        for arn in params.get(list_name) or ():
            _check_action(call, str(arn))
    if params.get("EvaluationCriteria"):
        return
    if not params.get("ComparisonOperator") or not params.get("EvaluationPeriods"):
        raise _invalid("The parameters ComparisonOperator and EvaluationPeriods are required.")
    static = params["ComparisonOperator"] in _STATIC
    if static and params.get("Threshold") is None:
        raise _invalid("The parameter Threshold is required for this comparison operator.")
    if not static and not params.get("ThresholdMetricId"):
        raise _invalid("The parameter ThresholdMetricId is required for this comparison operator.")
    if params.get("Metrics"):
        if any(params.get(name) for name in ("MetricName", "Namespace", "Period", "Dimensions", "Statistic")):
            raise _invalid("Exactly one of Metrics and MetricName is allowed.")
    else:
        _check_metric(params)
    points = params.get("DatapointsToAlarm")
    if points is not None and points > params["EvaluationPeriods"]:
        raise _invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
    if params.get("TreatMissingData") not in (None, "breaching", "notBreaching", "ignore", "missing"):
        raise _invalid(f"Invalid TreatMissingData: {params['TreatMissingData']}")


def _check_metric(params: Mapping[str, Any]) -> None:
    for name in ("MetricName", "Namespace", "Period"):
        if not params.get(name):
            raise _invalid(f"The parameter {name} is required.")
    if bool(params.get("Statistic")) == bool(params.get("ExtendedStatistic")):
        raise _invalid("Exactly one of Statistic and ExtendedStatistic must be given.")
    period, span = params["Period"], params["Period"] * params["EvaluationPeriods"]
    if period not in (10, 20, 30) and period % 60:
        raise _invalid("Period must be 10, 20, 30 or a multiple of 60.")
    if span > (_WEEK if period >= 3600 else _DAY):
        raise _invalid(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)."
        )
    if params.get("EvaluateLowSampleCountPercentile") and not params.get("ExtendedStatistic"):
        raise _invalid("EvaluateLowSampleCountPercentile goes with a percentile only.")


def _check_action(call: Call, arn: str) -> None:
    parts = arn.split(":")
    if len(parts) < 6 or parts[0] != "arn" or parts[1] != call.partition:
        raise _invalid(f"Invalid arn syntax: {arn}")
    if parts[2] == "sns" and parts[3] != call.region:
        raise _invalid(f"Invalid region {parts[3]} specified. Only {call.region} is supported.")
    if parts[2] not in ("automate", "sns", "swf", "autoscaling", "ssm", "ssm-incidents", "lambda", "aiops"):
        raise _invalid(f"Unsupported action: {arn}")


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)
