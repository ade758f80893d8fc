"""CloudTrail's trails: where they deliver, what they record, and who sees them. Events themselves are not recorded."""

from __future__ import annotations

from iamfix.sandbox.call import Service
from iamfix.sandbox.services.cloudtrail import recording, selectors, tags, trails

SERVICE = Service(
    "cloudtrail",
    {**trails.OPERATIONS, **recording.OPERATIONS, **selectors.OPERATIONS, **tags.OPERATIONS},
    moto=False,
)
