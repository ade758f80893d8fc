"""Amazon SNS: topics and subscriptions, without delivery; nothing of it is moto's."""

from __future__ import annotations

from iamfix.sandbox.call import Service
from iamfix.sandbox.services.sns import subscriptions, topics

SERVICE = Service("sns", {**topics.OPERATIONS, **subscriptions.OPERATIONS}, moto=False)
