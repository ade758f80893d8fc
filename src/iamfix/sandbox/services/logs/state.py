"""CloudWatch Logs' state in one account: log groups and metric filters, by region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from iamfix.sandbox.call import Call
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.store import Store, Visibility


@dataclass(frozen=True)
class LogGroup:
    """A log group. `retention` is in days, None for ever; `key` is the ARN of a KMS key."""

    name: str
    region: str
    created: datetime
    retention: int | None = None
    key: str | None = None
    log_class: str = "STANDARD"
    tags: Mapping[str, str] = field(default_factory=dict)

    def arn(self, call: Call) -> str:
        """The ARN without the `:*` at its end."""
        return f"arn:{call.partition}:logs:{self.region}:{call.account}:log-group:{self.name}"


@dataclass(frozen=True)
class MetricFilter:
    """A metric filter of a log group; `told` are the members that DescribeMetricFilters tells as they were put."""

    group: str
    name: str
    region: str
    created: datetime
    told: Mapping[str, Any]


class LogsState:
    """Log groups and metric filters; keys begin with the region."""

    def __init__(self, visibility: Visibility) -> None:
        self.groups: Store[LogGroup] = Store(visibility)
        self.filters: Store[MetricFilter] = Store(visibility)


def take_group(call: Call, name: str) -> LogGroup:
    """A log group as last written. Raises ResourceNotFoundException."""
    found = call.state(LogsState).groups.latest(f"{call.region}:{name}")
    if found is None:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return found


def groups_here(call: Call) -> list[LogGroup]:
    """The log groups of the called region, by name, as the replica shows them."""
    found = (group for group in call.state(LogsState).groups.all_seen(call.replica) if group.region == call.region)
    return sorted(found, key=lambda group: group.name)


def filters_here(call: Call) -> list[MetricFilter]:
    """The metric filters of the called region, by log group and name, as the replica shows them."""
    found = (one for one in call.state(LogsState).filters.all_seen(call.replica) if one.region == call.region)
    return sorted(found, key=lambda one: (one.group, one.name))


def milliseconds(moment: datetime) -> int:
    """A time as this service tells it: milliseconds since 1970."""
    return int(moment.timestamp() * 1000)
