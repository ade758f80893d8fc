"""EC2: moto's, but for regions, an account's defaults in them, instances and default VPCs."""

from __future__ import annotations

from iamfix.sandbox.call import Answer, Call, Handler, Service
from iamfix.sandbox.regions import BY_DEFAULT, OPT_IN, enabled
from iamfix.sandbox.services.ec2 import default_vpc, defaults, instances, profiles


def describe_regions(call: Call) -> Answer:
    """DescribeRegions: those that are enabled; with AllRegions the others too."""
    usable = enabled(call.cloud, call.account, call.partition)
    known = {*usable, *(OPT_IN if call.partition == "aws" and call.params.get("AllRegions") else ())}
    wanted = call.params.get("RegionNames")
    suffix = "amazonaws.com.cn" if call.partition == "aws-cn" else "amazonaws.com"

    def status(region: str) -> str:
        if region in BY_DEFAULT.get(call.partition, ()):
            return "opt-in-not-required"
        return "opted-in" if region in usable else "not-opted-in"

    return {
        "Regions": [
            {"RegionName": region, "Endpoint": f"ec2.{region}.{suffix}", "OptInStatus": status(region)}
            for region in sorted(known)
            if wanted in (None, []) or region in wanted
        ]
    }


_OPERATIONS: dict[str, Handler] = {
    "DescribeRegions": describe_regions,
    **defaults.OPERATIONS,
    **default_vpc.OPERATIONS,
    **instances.OPERATIONS,
    **profiles.OPERATIONS,
}
SERVICE = Service("ec2", _OPERATIONS, strict=False)
