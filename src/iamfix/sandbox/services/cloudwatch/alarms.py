"""Metric alarms: PutMetricAlarm makes or wholly replaces one; a new one has not seen data yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.cloudwatch.rules import check_alarm
from iamfix.sandbox.services.cloudwatch.state import Alarm, AlarmState

MOST_ALARMS = 5000
"""Alarms of one region, unless AWS has raised it."""
_LISTS = ("OKActions", "AlarmActions", "InsufficientDataActions", "Dimensions")


def put_metric_alarm(call: Call) -> Answer:
    """PutMetricAlarm: what is left out is lost; tags count only for a new alarm."""
    check_alarm(call)
    alarms, name, now = call.state(AlarmState).alarms, call.param("AlarmName"), call.cloud.now()
    there = alarms.latest(f"{call.region}:{name}")
    told = {key: value for key, value in call.params.items() if key not in ("AlarmName", "Tags") and value is not None}
    told["ActionsEnabled"] = told.get("ActionsEnabled", True)
    if there is None:
        if sum(alarm.region == call.region for alarm in alarms.all_latest()) >= MOST_ALARMS:
            raise AwsError("LimitExceeded", "The maximum number of alarms is reached.")
        tags = {tag["Key"]: tag.get("Value", "") for tag in call.params.get("Tags") or ()}
        alarm = Alarm(name, call.region, told, now, "INSUFFICIENT_DATA", now, tags)
    else:
        alarm = replace(there, told=told, updated=now)
    alarms.put(f"{call.region}:{name}", alarm)
    return {}


def describe_alarms(call: Call) -> Answer:
    """DescribeAlarms: metric alarms, 50 unless asked otherwise, 100 at most."""
    params = call.params
    types = params.get("AlarmTypes") or ["MetricAlarm"]
    names, prefix = params.get("AlarmNames"), params.get("AlarmNamePrefix") or ""
    if names and prefix:
        raise AwsError("ValidationError", "Give AlarmNames or AlarmNamePrefix, not both.")
    found = [
        alarm
        for alarm in sorted(call.state(AlarmState).alarms.all_seen(call.replica), key=lambda one: one.name)
        if alarm.region == call.region
        and "MetricAlarm" in types
        and (not names or alarm.name in names)
        and alarm.name.startswith(prefix)
        and params.get("StateValue") in (None, alarm.state)
    ]
    some, token = page(call, found, default_size=50, size_param="MaxRecords", token_param="NextToken", most=100)
    return {"MetricAlarms": [_told(call, alarm) for alarm in some], "CompositeAlarms": [], "NextToken": token}


def _told(call: Call, alarm: Alarm) -> dict[str, Any]:
    return {
        "AlarmName": alarm.name,
        "AlarmArn": alarm.arn(call),
        "AlarmConfigurationUpdatedTimestamp": alarm.updated,
        "StateValue": alarm.state,
        "StateReason": "Unchecked: Initial alarm creation",
        "StateUpdatedTimestamp": alarm.state_since,
        "StateTransitionedTimestamp": alarm.state_since,
        **{name: [] for name in _LISTS},
        **alarm.told,
    }


def delete_alarms(call: Call) -> Answer:
    """DeleteAlarms: none is deleted when one is missing."""
    alarms, keys = call.state(AlarmState).alarms, [f"{call.region}:{name}" for name in call.params["AlarmNames"]]
    if missing := [key for key in keys if alarms.latest(key) is None]:
        raise AwsError("ResourceNotFound", f"Unknown alarm: {missing[0].partition(':')[2]}")
    for key in dict.fromkeys(keys):
        alarms.delete(key)
    return {}


def enable_alarm_actions(call: Call) -> Answer:
    """EnableAlarmActions: names without an alarm are passed over."""
    return _switch(call, on=True)


def disable_alarm_actions(call: Call) -> Answer:
    """DisableAlarmActions: names without an alarm are passed over."""
    return _switch(call, on=False)


def _switch(call: Call, *, on: bool) -> Answer:
    alarms = call.state(AlarmState).alarms
    for name in call.params["AlarmNames"]:
        if (there := alarms.latest(f"{call.region}:{name}")) is not None:
            alarms.put(f"{call.region}:{name}", replace(there, told={**there.told, "ActionsEnabled": on}))
    return {}


def set_alarm_state(call: Call) -> Answer:
    """SetAlarmState: until the alarm is next evaluated."""
    alarms, name = call.state(AlarmState).alarms, call.param("AlarmName")
    there = alarms.latest(f"{call.region}:{name}")
    if there is None:
        raise AwsError("ResourceNotFound", "Unknown alarm.")
    alarms.put(f"{call.region}:{name}", replace(there, state=call.param("StateValue"), state_since=call.cloud.now()))
    return {}


OPERATIONS: dict[str, Handler] = {
    "PutMetricAlarm": put_metric_alarm,
    "DescribeAlarms": describe_alarms,
    "DeleteAlarms": delete_alarms,
    "EnableAlarmActions": enable_alarm_actions,
    "DisableAlarmActions": disable_alarm_actions,
    "SetAlarmState": set_alarm_state,
}
