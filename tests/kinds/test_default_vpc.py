"""Default VPCs go where nothing is in them, and stay, with a reason, where something is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iamfix.sandbox import Sandbox
from tests.direct import Direct
from tests.practices.planning import folded
from tests.running import Project

ABSENT: dict[str, Any] = {"ec2_default_vpc": {"state": "absent"}, "regions": ["us-east-1", "eu-west-1"]}
OURS = [{"Name": "is-default", "Values": ["true"]}]


def vpcs(aws: Sandbox, region: str) -> list[Any]:
    found: list[Any] = aws.client("ec2", region=region).describe_vpcs(Filters=OURS)["Vpcs"]
    return found


def test_it_goes_in_each_region_and_is_not_brought_back(bare: Sandbox, tmp_path: Path) -> None:
    """Gateway, subnets, VPC, in AWS's order; the guard asks first, a second plan is empty, a rollback brings none."""
    project = Project(tmp_path)
    asked = project.plan(ABSENT)
    assert {problem.rule for problem in asked.problems()} == {"irreversible"}
    outcome = project.apply(project.plan(ABSENT, allow=("irreversible",)))
    assert outcome.exit_code == 0
    assert (vpcs(bare, "us-east-1"), vpcs(bare, "eu-west-1"), len(vpcs(bare, "us-west-2"))) == ([], [], 1)
    assert list(project.plan(ABSENT).changes()) == []
    assert list(project.runner().rollback(outcome.run_id).changes()) == []


def test_what_is_in_use_stays(bare: Sandbox, tmp_path: Path) -> None:
    """A network interface in it refuses the removal, whatever is allowed, and nothing is sent."""
    ec2 = bare.client("ec2")
    vpc = vpcs(bare, "us-east-1")[0]["VpcId"]
    subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]["SubnetId"]
    ec2.create_network_interface(SubnetId=subnet)
    plan = Project(tmp_path).plan(ABSENT, allow=("irreversible",))
    errors = [problem.summary for problem in plan.problems() if problem.severity == "error"]
    assert len(errors) == 1
    assert errors[0].startswith("there are 1 network interfaces in it (eni-")
    assert len(vpcs(bare, "us-east-1")) == 1


def test_the_sandbox_deletes_in_aws_order_only(bare: Sandbox) -> None:
    """What something depends on cannot be deleted; there is one default VPC for a region."""
    ec2 = bare.client("ec2")
    vpc = vpcs(bare, "us-east-1")[0]["VpcId"]
    by_vpc = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
    gateway = ec2.describe_internet_gateways(Filters=by_vpc)["InternetGateways"][0]["InternetGatewayId"]
    for call, code in (
        (lambda: ec2.delete_vpc(VpcId=vpc), "DependencyViolation"),
        (lambda: ec2.delete_internet_gateway(InternetGatewayId=gateway), "DependencyViolation"),
        (ec2.create_default_vpc, "DefaultVpcAlreadyExists"),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(("given", "gone"), [("false", False), ("no", False), ("true", True), (False, False)])
def test_a_new_account_loses_it_only_where_somebody_said_yes(given: str | bool, gone: bool) -> None:
    """`-e remove_default_vpcs=false` is text; a text that counts as true would destroy every default VPC for good."""
    made = folded(Direct(), "../bootstrap", tags=("new-account",), remove_default_vpcs=given)
    assert "ec2_account_defaults" in {change.kind for change in made.changes}
    assert ("ec2_default_vpc" in {change.kind for change in made.changes}) is gone
