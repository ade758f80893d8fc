"""AWS Lambda: functions, their roles, variables and tags, without code and invocations; nothing of it is moto's."""

from __future__ import annotations

from iamfix.sandbox.call import Service
from iamfix.sandbox.services.lambda_ import functions

SERVICE = Service("lambda", functions.OPERATIONS, moto=False)
