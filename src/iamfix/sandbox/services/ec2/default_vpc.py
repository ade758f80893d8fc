"""The default VPC of an account in a region, with what is in it; all other VPCs are moto's.

Sources: VPC User Guide, "Default VPCs" (what it comes with); EC2 API Reference, "DeleteVpc", "DeleteSubnet",
"DetachInternetGateway", "DeleteInternetGateway", "CreateDefaultVpc" (what must go before what).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.store import Visibility

_ZONES = "abc"


@dataclass
class Network:
    """A default VPC. Subnets by id with their zones; interfaces by id with their subnets."""

    id: str
    subnets: dict[str, str] = field(default_factory=dict)
    interfaces: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)


class NetworkState:
    """Of one region: its default VPC, and which internet gateways are attached to it (None: to nothing)."""

    def __init__(self, visibility: Visibility) -> None:
        self.opened = False
        self.vpc: Network | None = None
        self.gateways: dict[str, str | None] = {}


def _state(call: Call) -> NetworkState:
    """The region's state; an account has a default VPC in each region at first."""
    state = call.regional(NetworkState)
    if not state.opened:
        state.opened = True
        _make(call, state)
    return state


def _new(call: Call, word: str) -> str:
    return f"{word}-{call.cloud.rng.getrandbits(68):017x}"


def _make(call: Call, state: NetworkState) -> Network:
    vpc = Network(_new(call, "vpc"))
    vpc.subnets = {_new(call, "subnet"): f"{call.region}{zone}" for zone in _ZONES}
    vpc.groups = {_new(call, "sg"): "default"}
    state.vpc = vpc
    state.gateways[_new(call, "igw")] = vpc.id
    return vpc


def _filter(call: Call, name: str) -> list[str]:
    for one in call.params.get("Filters") or ():
        if one.get("Name") == name:
            return [str(value) for value in one.get("Values") or ()]
    return []


def _ours(call: Call, name: str = "vpc-id") -> Network | None:
    """The default VPC, if a list asks for what is in it."""
    vpc = _state(call).vpc
    return vpc if vpc is not None and _filter(call, name) == [vpc.id] else None


def _vpc(vpc: Network) -> dict[str, Any]:
    return {"VpcId": vpc.id, "IsDefault": True, "CidrBlock": "172.31.0.0/16", "State": "available"}


def describe_vpcs(call: Call) -> Answer | None:
    """DescribeVpcs, asked for the default one."""
    if _filter(call, "is-default") != ["true"]:
        return None
    vpc = _state(call).vpc
    return {"Vpcs": [] if vpc is None else [_vpc(vpc)]}


def describe_subnets(call: Call) -> Answer | None:
    """DescribeSubnets of the default VPC."""
    vpc = _ours(call)
    if vpc is None:
        return None
    told = [{"SubnetId": name, "VpcId": vpc.id, "AvailabilityZone": zone} for name, zone in vpc.subnets.items()]
    return {"Subnets": told}


def describe_gateways(call: Call) -> Answer | None:
    """DescribeInternetGateways that are attached to the default VPC."""
    vpc = _ours(call, "attachment.vpc-id")
    if vpc is None:
        return None
    attached = [name for name, at in _state(call).gateways.items() if at == vpc.id]
    told = [{"VpcId": vpc.id, "State": "available"}]
    return {"InternetGateways": [{"InternetGatewayId": name, "Attachments": told} for name in attached]}


def describe_interfaces(call: Call) -> Answer | None:
    """DescribeNetworkInterfaces in the default VPC."""
    vpc = _ours(call)
    if vpc is None:
        return None
    return {
        "NetworkInterfaces": [
            {"NetworkInterfaceId": name, "SubnetId": subnet, "VpcId": vpc.id} for name, subnet in vpc.interfaces.items()
        ]
    }


def describe_groups(call: Call) -> Answer | None:
    """DescribeSecurityGroups of the default VPC."""
    vpc = _ours(call)
    if vpc is None:
        return None
    told = [{"GroupId": name, "GroupName": word, "VpcId": vpc.id} for name, word in vpc.groups.items()]
    return {"SecurityGroups": told}


def create_default_vpc(call: Call) -> Answer:
    """CreateDefaultVpc: one for a region."""
    state = _state(call)
    if state.vpc is not None:
        raise AwsError("DefaultVpcAlreadyExists", "A Default VPC already exists for this account in this region.")
    return {"Vpc": _vpc(_make(call, state))}


def create_interface(call: Call) -> Answer | None:
    """CreateNetworkInterface in a subnet of the default VPC."""
    vpc, subnet = _state(call).vpc, call.param("SubnetId")
    if vpc is None or subnet not in vpc.subnets:
        return None
    name = _new(call, "eni")
    vpc.interfaces[name] = subnet
    return {"NetworkInterface": {"NetworkInterfaceId": name, "SubnetId": subnet, "VpcId": vpc.id}}


def detach_gateway(call: Call) -> Answer | None:
    """DetachInternetGateway: not while an interface in the VPC has a public address; the sandbox's have none."""
    state, name = _state(call), call.param("InternetGatewayId")
    if name not in state.gateways:
        return None
    if state.gateways[name] != call.param("VpcId"):
        raise AwsError("Gateway.NotAttached", f"resource {name} is not attached to network {call.param('VpcId')}")
    state.gateways[name] = None
    return {}


def delete_gateway(call: Call) -> Answer | None:
    """DeleteInternetGateway: not while it is attached."""
    state, name = _state(call), call.param("InternetGatewayId")
    if name not in state.gateways:
        return None
    if state.gateways[name] is not None:
        raise _depends("internetGateway", name)
    del state.gateways[name]
    return {}


def delete_subnet(call: Call) -> Answer | None:
    """DeleteSubnet: not while an interface is in it."""
    vpc, name = _state(call).vpc, call.param("SubnetId")
    if vpc is None or name not in vpc.subnets:
        return None
    if name in vpc.interfaces.values():
        raise _depends("subnet", name)
    del vpc.subnets[name]
    return {}


def delete_vpc(call: Call) -> Answer | None:
    """DeleteVpc: not while anything is in it or attached to it, but for the security group that it comes with."""
    state, name = _state(call), call.param("VpcId")
    if state.vpc is None or state.vpc.id != name:
        return None
    own = [word for word in state.vpc.groups.values() if word != "default"]
    if state.vpc.subnets or state.vpc.interfaces or own or name in state.gateways.values():
        raise _depends("vpc", name)
    state.vpc = None
    return {}


def _depends(word: str, name: str) -> AwsError:
    return AwsError("DependencyViolation", f"The {word} '{name}' has dependencies and cannot be deleted.")


OPERATIONS: Mapping[str, Handler] = {
    "DescribeVpcs": describe_vpcs,
    "DescribeSubnets": describe_subnets,
    "DescribeInternetGateways": describe_gateways,
    "DescribeNetworkInterfaces": describe_interfaces,
    "DescribeSecurityGroups": describe_groups,
    "CreateDefaultVpc": create_default_vpc,
    "CreateNetworkInterface": create_interface,
    "DetachInternetGateway": detach_gateway,
    "DeleteInternetGateway": delete_gateway,
    "DeleteSubnet": delete_subnet,
    "DeleteVpc": delete_vpc,
}
