"""IAM Access Analyzer: analyzers and archive rules, of which moto has nothing. There are no findings."""

from __future__ import annotations

from iamfix.sandbox.call import Service
from iamfix.sandbox.services.accessanalyzer import analyzers, archive_rules

SERVICE = Service("accessanalyzer", {**analyzers.OPERATIONS, **archive_rules.OPERATIONS}, moto=False)
