"""Probes: what a principal must stay able to do, asked of policies before they are put in force.

Two default sets. What iamfix's role needs for the next run in an account, and what a break-glass principal needs to
repair one: to work on IAM, to see the organization, and to assume roles. A principal's own probes take their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Probe", "break_glass_probes", "run_probes"]

_GLOBAL_REGION = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
_NAME = "iamfix-probe"


@dataclass(frozen=True, slots=True)
class Probe:
    """One action on one resource, as asked in a region (`aws:RequestedRegion`)."""

    action: str
    resource: str
    region: str

    def __str__(self) -> str:
        return self.action


def global_region(partition: str, home: str) -> str:
    """Return the region in which AWS counts requests to global services such as IAM."""
    return _GLOBAL_REGION.get(partition, home)


def run_probes(role: str, account: str, partition: str, home: str, regions: Sequence[str]) -> Iterator[Probe]:
    """Yield what iamfix does as `role` in an account: it reads and writes IAM, and looks into each of its regions."""
    one, iam = global_region(partition, home), f"arn:{partition}:iam::{account}"
    yield Probe("sts:AssumeRole", role, home)
    for action in ("iam:GetAccountAuthorizationDetails", "iam:ListRoles", "iam:GetAccountPasswordPolicy"):
        yield Probe(action, "*", one)
    for action in ("iam:GetRole", "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy"):
        yield Probe(action, role, one)
    for action in ("iam:CreateRole", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:DeleteRole"):
        yield Probe(action, f"{iam}:role/{_NAME}", one)
    for action in ("iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy"):
        yield Probe(action, f"{iam}:policy/{_NAME}", one)
    for action in ("iam:CreateGroup", "iam:AttachGroupPolicy", "iam:AddUserToGroup"):
        yield Probe(action, f"{iam}:group/{_NAME}", one)
    trail = f"arn:{partition}:cloudtrail:{home}:{account}:trail/{_NAME}"
    for action in ("cloudtrail:UpdateTrail", "cloudtrail:StartLogging"):
        yield Probe(action, trail, home)
    for region in dict.fromkeys((home, *regions)):
        for action in ("cloudtrail:DescribeTrails", "ec2:DescribeRegions", "cloudwatch:DescribeAlarms"):
            yield Probe(action, "*", region)


def break_glass_probes(account: str, partition: str, home: str) -> Iterator[Probe]:
    """Yield what a protected principal without probes of its own must stay able to do."""
    one, role = global_region(partition, home), f"arn:{partition}:iam::{account}:role/{_NAME}"
    yield Probe("sts:AssumeRole", role, home)
    for action in ("iam:ListRoles", "iam:GetAccountAuthorizationDetails"):
        yield Probe(action, "*", one)
    for action in ("iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy"):
        yield Probe(action, role, one)
    for action in ("organizations:DescribeOrganization", "organizations:ListAccounts"):
        yield Probe(action, "*", one)
