"""What Access Analyzer remembers of one region of an account."""

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
    """The analyzers of a region, by name."""

    def __init__(self, visibility: Visibility) -> None:
        self.analyzers: Store[Analyzer] = Store(visibility)


def take(call: Call, name: str) -> Analyzer:
    """An analyzer of the called region. Raises ResourceNotFoundException."""
    found = call.regional(AnalyzerState).analyzers.seen(name, call.replica)
    latest = call.regional(AnalyzerState).analyzers.latest(name)
    if found is None or latest is None:
        raise AwsError("ResourceNotFoundException", f"The analyzer {name} does not exist.", status=404)
    return latest
