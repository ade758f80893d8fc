"""Default VPC of a region: found, and removed where nothing is in it. iamfix makes none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iamfix.fields import SET, seen
from iamfix.kinds import defaults
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Scope, Want
from iamfix.model import Call

SCOPE: Scope = "regional"
FOLDS_CASE = False
CREATABLE = False
SINGLETON = "default"
READS = (
    ("ec2", "describe_vpcs"),
    ("ec2", "describe_internet_gateways"),
    ("ec2", "describe_subnets"),
    ("ec2", "describe_network_interfaces"),
    ("ec2", "describe_security_groups"),
)
EXAMPLE = """\
- name: Nobody starts an instance in a network that nobody made
  ec2_default_vpc:
    state: absent
  regions: all
  allow: [irreversible]
"""


@dataclass(frozen=True, slots=True)
class State:
    id: str | None = seen("Its id, such as vpc-0a1b2c3d.", made=True)
    internet_gateways: frozenset[str] = seen("Ids of the internet gateways attached.", default=frozenset(), codec=SET)
    subnets: frozenset[str] = seen("Ids of its subnets.", default=frozenset(), codec=SET)
    network_interfaces: frozenset[str] = seen("Ids of what is in use in it.", default=frozenset(), codec=SET)
    security_groups: frozenset[str] = seen(
        "Ids of its security groups, but for the one that it comes with.", default=frozenset(), codec=SET
    )


def observe(read: Reader, want: Want) -> dict[str, State]:
    ours = [{"Name": "is-default", "Values": ["true"]}]
    found = read.get("ec2", "describe_vpcs", Filters=ours)["Vpcs"]
    if not found:
        return {}
    vpc = found[0]["VpcId"]

    def ids(operation: str, items: str, key: str, by: str = "vpc-id") -> frozenset[str]:
        answer = read.get("ec2", operation, Filters=[{"Name": by, "Values": [vpc]}])[items]
        return frozenset(one[key] for one in answer if one.get("GroupName") != "default")

    state = State(
        id=vpc,
        internet_gateways=ids(
            "describe_internet_gateways", "InternetGateways", "InternetGatewayId", "attachment.vpc-id"
        ),
        subnets=ids("describe_subnets", "Subnets", "SubnetId"),
        network_interfaces=ids("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
        security_groups=ids("describe_security_groups", "SecurityGroups", "GroupId"),
    )
    return {SINGLETON: state}


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if before is None or after is not None:
        return

    def call(operation: str, **params: str | None) -> Call:
        return Call("ec2", operation, params, look.region)

    for gateway in sorted(before.internet_gateways):
        yield call("detach_internet_gateway", InternetGatewayId=gateway, VpcId=before.id)
        yield call("delete_internet_gateway", InternetGatewayId=gateway)
    for subnet in sorted(before.subnets):
        yield call("delete_subnet", SubnetId=subnet)
    yield call("delete_vpc", VpcId=before.id)


def arn(name: str, state: State, look: Look) -> str | None:
    return _arn("vpc", str(state.id), look)


def _arn(word: str, name: str, look: Look) -> str:
    account = look.account
    return f"arn:{account.partition}:ec2:{look.region or account.home_region}:{account.id}:{word}/{name}"


owner = defaults.no_owner


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    if after is None:
        yield f"the default VPC {before.id} with its subnets; `aws ec2 create-default-vpc` makes another one"


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if before is None or after is not None:
        return
    for words, ids in (("network interfaces", before.network_interfaces), ("security groups", before.security_groups)):
        if ids:
            shown = ", ".join(sorted(ids)[:3]) + (" …" if len(ids) > 3 else "")
            yield Breach(f"there are {len(ids)} {words} in it ({shown}): somebody uses it", "move what is in it first")


ripples = defaults.no_ripples
notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    words = (("InternetGatewayId", "internet-gateway"), ("SubnetId", "subnet"), ("VpcId", "vpc"))
    for param, word in words:
        if param in call.params:
            yield Need(_arn(word, str(call.params[param]), look))
