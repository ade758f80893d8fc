"""CloudWatch Logs: log groups, their tags and keys, and metric filters. Log streams and events are not kept."""

from __future__ import annotations

from iamfix.sandbox.call import Service
from iamfix.sandbox.services.logs import groups, metric_filters, tags

SERVICE = Service("logs", {**groups.OPERATIONS, **metric_filters.OPERATIONS, **tags.OPERATIONS}, moto=False)
