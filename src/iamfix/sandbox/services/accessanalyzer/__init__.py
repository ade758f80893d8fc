"""IAM Access Analyzer: analyzers and archive rules, of which moto has nothing."""

from __future__ import annotations

from iamfix.sandbox.call import Service
from iamfix.sandbox.services.accessanalyzer import analyzers, archive_rules, findings

SERVICE = Service(
    "accessanalyzer", {**analyzers.OPERATIONS, **archive_rules.OPERATIONS, **findings.OPERATIONS}, moto=False
)
