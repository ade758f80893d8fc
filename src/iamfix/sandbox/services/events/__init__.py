"""Amazon EventBridge: rules of the default bus, their targets and tags, without events; nothing of it is moto's."""

from __future__ import annotations

from iamfix.sandbox.call import Service
from iamfix.sandbox.services.events import rules

SERVICE = Service("events", rules.OPERATIONS, moto=False)
