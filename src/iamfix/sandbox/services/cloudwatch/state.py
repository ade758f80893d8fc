"""CloudWatch's alarms in one account, by region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from iamfix.sandbox.call import Call
from iamfix.sandbox.store import Store, Visibility


@dataclass(frozen=True)
class Alarm:
    """A metric alarm; `told` are the members of PutMetricAlarm as they were put, but for its name and tags."""

    name: str
    region: str
    told: Mapping[str, Any]
    updated: datetime
    state: str
    state_since: datetime
    tags: Mapping[str, str] = field(default_factory=dict)

    def arn(self, call: Call) -> str:
        """The alarm's ARN."""
        return f"arn:{call.partition}:cloudwatch:{self.region}:{call.account}:alarm:{self.name}"


class AlarmState:
    """Alarms; keys begin with the region."""

    def __init__(self, visibility: Visibility) -> None:
        self.alarms: Store[Alarm] = Store(visibility)
