"""What Access Analyzer remembers of one account: its analyzers, by region and name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from iamfix.sandbox.call import Call
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.store import Store, Visibility


@dataclass(frozen=True)
class ArchiveRule:
    """A rule, as its calls give it."""

    filter: Mapping[str, Any]
    created: datetime
    updated: datetime


@dataclass(frozen=True)
class Analyzer:
    """An analyzer of one region."""

    name: str
    arn: str
    type: str
    created: datetime
    configuration: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, ArchiveRule] = field(default_factory=dict)


class AnalyzerState:
    """All analyzers of an account; keys are `region/name`."""

    def __init__(self, visibility: Visibility) -> None:
        self.analyzers: Store[Analyzer] = Store(visibility)


def key(call: Call, name: str) -> str:
    """The key of an analyzer in the called region."""
    return f"{call.region}/{name}"


def take(call: Call, name: str) -> Analyzer:
    """An analyzer of the called region. Raises ResourceNotFoundException."""
    found = call.state(AnalyzerState).analyzers.seen(key(call, name), call.replica)
    latest = call.state(AnalyzerState).analyzers.latest(key(call, name))
    if found is None or latest is None:
        raise AwsError("ResourceNotFoundException", f"The analyzer {name} does not exist.", status=404)
    return latest
