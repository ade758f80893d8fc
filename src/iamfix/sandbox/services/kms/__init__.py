"""AWS KMS: keys and aliases, without cryptography; nothing of it is moto's."""

from __future__ import annotations

from iamfix.sandbox.call import Service
from iamfix.sandbox.services.kms import aliases, keys

SERVICE = Service("kms", {**keys.OPERATIONS, **aliases.OPERATIONS}, moto=False)
