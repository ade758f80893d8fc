"""Which regions AWS has, as botocore knows them. A region that is younger than botocore is missing here."""

from __future__ import annotations

from functools import cache

from iamfix.aws.models import shared_loader


@cache
def known_regions(partition: str) -> frozenset[str]:
    """Return the names of a partition's regions, those that accounts must enable included."""
    told = shared_loader().load_data("partitions")
    found = {one["id"]: one["regions"] for one in told["partitions"]}
    return frozenset(name for name in found.get(partition, ()) if not name.endswith("-global"))
