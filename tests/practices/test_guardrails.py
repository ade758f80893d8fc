"""The guardrails, tried with the evaluation: what they deny, whom they exempt, and that all fit AWS's limits."""

from __future__ import annotations

from typing import Any

import pytest

from iamfix.policy.document import Document
from iamfix.policy.evaluate import compile_policies, evaluate
from iamfix.policy.lint import lint
from iamfix.policy.request import make_request
from tests.practices.templates import ID, REGIONS, document

FULL = Document.parse([{"Effect": "Allow", "Action": "*", "Resource": "*"}])
PARAMETERS: dict[str, Any] = {
    "exempt_roles": ["iamfix", "OrganizationAccountAccessRole"],
    "allowed_regions": ["eu-west-1", "us-east-1"],
    "global_services": ["quicksight:*"],
    "boundary": "AppBoundary",
    "protected_policies": ["AppBoundary"],
    "protected_buckets": ["trail-logs-*"],
    "protected_log_groups": ["/iamfix/trail"],
}
GUARDRAILS = (
    "deny-root", "deny-leaving", "protect-detection", "deny-regions", "deny-unbounded-roles", "protect-baseline",
    "require-imdsv2", "deny-iam-users",
)  # fmt: skip
ADMIN, IAMFIX, ROOT = "role/admin", "role/iamfix", "root"
IAM = "arn:{p}:iam::{id}:"
INSTANCES = "arn:{p}:ec2:us-east-1:{id}:instance/*"
BOUNDED = {"iam:PermissionsBoundary": IAM + "policy/AppBoundary"}

DENIED: list[tuple[str, str, str, str, dict[str, Any]]] = [
    ("deny-root", ROOT, "s3:ListAllMyBuckets", "*", {}),
    ("deny-root", ROOT, "iam:CreateAccessKey", IAM + "user/x", {}),
    ("deny-leaving", ADMIN, "organizations:LeaveOrganization", "*", {}),
    ("deny-leaving", IAMFIX, "account:CloseAccount", "*", {}),
    ("protect-detection", ADMIN, "cloudtrail:StopLogging", "arn:{p}:cloudtrail:us-east-1:{id}:trail/t", {}),
    ("protect-detection", ADMIN, "config:StopConfigurationRecorder", "*", {}),
    ("protect-detection", ADMIN, "guardduty:DeleteDetector", "*", {}),
    ("protect-detection", ADMIN, "access-analyzer:DeleteAnalyzer", "*", {}),
    ("protect-detection", ADMIN, "securityhub:DisableSecurityHub", "*", {}),
    ("deny-regions", ADMIN, "ec2:RunInstances", "*", {"aws:RequestedRegion": "ap-east-1"}),
    ("deny-regions", ADMIN, "s3:CreateBucket", "*", {"aws:RequestedRegion": "us-west-2"}),
    ("deny-unbounded-roles", ADMIN, "iam:CreateRole", IAM + "role/x", {"iam:PermissionsBoundary": None}),
    ("deny-unbounded-roles", ADMIN, "iam:CreateUser", IAM + "user/x",
     {"iam:PermissionsBoundary": "arn:{p}:iam::aws:policy/AdministratorAccess"}),
    ("deny-unbounded-roles", ADMIN, "iam:DeleteRolePermissionsBoundary", IAM + "role/x", {}),
    ("protect-baseline", ADMIN, "iam:UpdateAssumeRolePolicy", IAM + "role/iamfix", {}),
    ("protect-baseline", ADMIN, "iam:CreateRole", IAM + "role/OrganizationAccountAccessRole", {}),
    ("protect-baseline", ADMIN, "iam:CreatePolicyVersion", IAM + "policy/AppBoundary", {}),
    ("protect-baseline", ADMIN, "s3:PutBucketPolicy", "arn:{p}:s3:::trail-logs-1", {}),
    ("protect-baseline", ADMIN, "logs:DeleteLogGroup", "arn:{p}:logs:us-east-1:{id}:log-group:/iamfix/trail:*", {}),
    ("require-imdsv2", ADMIN, "ec2:RunInstances", INSTANCES, {"ec2:MetadataHttpTokens": "optional"}),
    ("require-imdsv2", ADMIN, "s3:GetObject", "arn:{p}:s3:::b/k", {"ec2:RoleDelivery": "1.0"}),
    ("require-imdsv2", ADMIN, "ec2:ModifyInstanceMetadataOptions", "*", {}),
    ("deny-iam-users", ADMIN, "iam:CreateUser", IAM + "user/x", {}),
    ("deny-iam-users", ADMIN, "iam:CreateAccessKey", IAM + "user/x", {}),
]  # fmt: skip

ALLOWED: list[tuple[str, str, str, str, dict[str, Any]]] = [
    ("deny-root", ROOT, "iam:DeleteLoginProfile", IAM + "root", {"aws:AssumedRoot": "true"}),
    ("deny-root", ADMIN, "iam:CreateRole", IAM + "role/x", {}),
    ("deny-leaving", ADMIN, "organizations:DescribeOrganization", "*", {}),
    ("protect-detection", ADMIN, "cloudtrail:LookupEvents", "*", {}),
    ("protect-detection", IAMFIX, "cloudtrail:UpdateTrail", "arn:{p}:cloudtrail:us-east-1:{id}:trail/t", {}),
    ("deny-regions", ADMIN, "ec2:RunInstances", "*", {"aws:RequestedRegion": "eu-west-1"}),
    ("deny-regions", ADMIN, "iam:CreateRole", IAM + "role/x", {"aws:RequestedRegion": "us-west-2"}),
    ("deny-regions", ADMIN, "quicksight:ListUsers", "*", {"aws:RequestedRegion": "us-west-2"}),
    ("deny-regions", ADMIN, "sts:DecodeAuthorizationMessage", "*", {"aws:RequestedRegion": "eu-north-1"}),
    ("deny-regions", IAMFIX, "ec2:DescribeInstances", "*", {"aws:RequestedRegion": "ap-east-1"}),
    ("deny-unbounded-roles", ADMIN, "iam:CreateRole", IAM + "role/x", BOUNDED),
    ("deny-unbounded-roles", IAMFIX, "iam:CreateRole", IAM + "role/x", {"iam:PermissionsBoundary": None}),
    ("protect-baseline", IAMFIX, "iam:UpdateAssumeRolePolicy", IAM + "role/iamfix", {}),
    ("protect-baseline", ADMIN, "iam:GetRole", IAM + "role/iamfix", {}),
    ("protect-baseline", ADMIN, "iam:CreateRole", IAM + "role/iamfix-like", {}),
    ("protect-baseline", ADMIN, "s3:PutObject", "arn:{p}:s3:::trail-logs-1/k", {}),
    ("require-imdsv2", ADMIN, "ec2:RunInstances", INSTANCES, {"ec2:MetadataHttpTokens": "required"}),
    ("require-imdsv2", ADMIN, "s3:GetObject", "arn:{p}:s3:::b/k", {"ec2:RoleDelivery": "2.0"}),
    ("require-imdsv2", ADMIN, "s3:GetObject", "arn:{p}:s3:::b/k", {}),
    ("deny-iam-users", IAMFIX, "iam:CreateUser", IAM + "user/x", {}),
    ("deny-iam-users", ADMIN, "iam:DeleteUser", IAM + "user/x", {}),
]  # fmt: skip


def _filled(value: Any, partition: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, partition) for key, item in value.items()}
    return value.replace("{p}", partition).replace("{id}", ID) if isinstance(value, str) else value


def _decide(case: tuple[str, str, str, str, dict[str, Any]], partition: str) -> str:
    name, who, action, resource, context = case
    guardrail = document(f"scps/{name}.json.j2", partition, **PARAMETERS)
    policies = compile_policies(identity=[FULL], scps=[[FULL, guardrail]], management_account="111111111111")
    known = {"aws:RequestedRegion": REGIONS[partition], **_filled(context, partition)}
    request = make_request(
        f"arn:{partition}:iam::{ID}:{who}", action, _filled(resource, partition), resource_account=ID, context=known
    )
    return evaluate(policies, request).decision


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov"])
@pytest.mark.parametrize("case", DENIED, ids=lambda case: f"{case[0]} {case[1]} {case[2]}")
def test_what_a_guardrail_is_for_is_denied(case: Any, partition: str) -> None:
    """Each of its statements does what its name says, to an administrator of a member account."""
    assert _decide(case, partition) == "explicit_deny"


@pytest.mark.parametrize("case", ALLOWED, ids=lambda case: f"{case[0]} {case[1]} {case[2]}")
def test_ordinary_work_and_exempt_roles_go_on(case: Any) -> None:
    """Nothing beyond it is denied: other actions, central root access, iamfix's own work."""
    assert _decide(case, "aws") == "allowed"


@pytest.mark.parametrize("name", GUARDRAILS)
def test_each_guardrail_is_clean_and_small(name: str) -> None:
    """Lint has nothing against it, and it takes less than a seventh of an SCP."""
    guardrail = document(f"scps/{name}.json.j2", **PARAMETERS)
    assert lint(guardrail.data, "scp") == []
    assert guardrail.size("organizations") < 10240 / 7


def test_all_guardrails_fit_in_one_policy() -> None:
    """Joined they take 5,300 characters of 10,240; the playbook makes four policies of them, of 10 on a target."""
    joined = document("scps/joined.json.j2", parts=list(GUARDRAILS), parameters=PARAMETERS)
    assert len(joined.data["Statement"]) == 12
    assert joined.size("organizations") < 5300


def test_nothing_to_protect_is_no_statement() -> None:
    """Without policies, buckets and log groups only the exempt roles are protected."""
    bare = {"protected_policies": [], "protected_buckets": [], "protected_log_groups": []}
    guardrail = document("scps/protect-baseline.json.j2", **{**PARAMETERS, **bare})
    assert [one["Sid"] for one in guardrail.data["Statement"]] == ["ExemptRolesStay"]
