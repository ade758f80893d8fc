"""Default VPCs, as they are found. A region has one at first; it goes, so that each is one that was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from iamfix.model import Call, Result
from tests.kinds.states.found import Found

STATES: Mapping[str, st.SearchStrategy[Any]] = {}
NAMES: Mapping[str, str] = {}
FOUND: Mapping[str, Found] = {
    "ec2_default_vpc": Found(((Call("ec2", "create_default_vpc", {}, "us-east-1"),),), lambda _: "default"),
}


def _call(operation: str, **params: Any) -> Call:
    return Call("ec2", operation, params, "us-east-1")


def _filter(name: str, value: Any) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": [value]}]


_VPC = Result("", "describe_vpcs", "Vpcs.0.VpcId")
_GATEWAY = Result("", "describe_internet_gateways", "InternetGateways.0.InternetGatewayId")
SURROUNDINGS: tuple[Call, ...] = (
    _call("describe_vpcs", Filters=_filter("is-default", "true")),
    _call("describe_subnets", Filters=_filter("vpc-id", _VPC)),
    _call("describe_internet_gateways", Filters=_filter("attachment.vpc-id", _VPC)),
    _call("detach_internet_gateway", InternetGatewayId=_GATEWAY, VpcId=_VPC),
    _call("delete_internet_gateway", InternetGatewayId=_GATEWAY),
    *(
        _call("delete_subnet", SubnetId=Result("", "describe_subnets", f"Subnets.{number}.SubnetId"))
        for number in range(3)
    ),
    _call("delete_vpc", VpcId=_VPC),
)
