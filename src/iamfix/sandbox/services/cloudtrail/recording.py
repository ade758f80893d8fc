"""Whether a trail logs, and delivers."""

from __future__ import annotations

from dataclasses import replace

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.services.cloudtrail.delivery import delivery_errors
from iamfix.sandbox.services.cloudtrail.state import put, read_trail, take_trail


def start_logging(call: Call) -> Answer:
    """StartLogging: again is no error."""
    trail = take_trail(call, call.param("Name"))
    put(call, replace(trail, logging=True, started=call.cloud.now()))
    return {}


def stop_logging(call: Call) -> Answer:
    """StopLogging: again is no error."""
    trail = take_trail(call, call.param("Name"))
    put(call, replace(trail, logging=False, stopped=call.cloud.now()))
    return {}


def get_trail_status(call: Call) -> Answer:
    """GetTrailStatus."""
    trail = read_trail(call, call.param("Name"))
    files, logs = delivery_errors(call, trail)
    return {
        "IsLogging": trail.logging,
        "StartLoggingTime": trail.started,
        "StopLoggingTime": trail.stopped,
        "LatestDeliveryError": files,
        "LatestCloudWatchLogsDeliveryError": logs,
    }


OPERATIONS: dict[str, Handler] = {
    "StartLogging": start_logging,
    "StopLogging": stop_logging,
    "GetTrailStatus": get_trail_status,
}
