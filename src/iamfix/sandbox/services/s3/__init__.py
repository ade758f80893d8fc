"""Amazon S3: buckets with all their settings, and plain objects; nothing of it is moto's."""

from __future__ import annotations

from iamfix.sandbox.call import Service
from iamfix.sandbox.services.s3 import access, buckets, objects, settings

SERVICE = Service(
    "s3", {**buckets.OPERATIONS, **access.OPERATIONS, **settings.OPERATIONS, **objects.OPERATIONS}, moto=False
)
