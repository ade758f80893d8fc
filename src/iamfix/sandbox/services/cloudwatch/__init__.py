"""CloudWatch: metric alarms and their tags. Dashboards, metrics and composite alarms are moto's."""

from __future__ import annotations

from iamfix.sandbox.call import Service
from iamfix.sandbox.services.cloudwatch import alarms, tags

SERVICE = Service("cloudwatch", {**alarms.OPERATIONS, **tags.OPERATIONS})
