"""The boundary of applications, tried with the evaluation: no way out of it, and ordinary work goes on."""

from __future__ import annotations

from typing import Any

import pytest

from iamfix.policy.document import Document
from iamfix.policy.evaluate import compile_policies, evaluate
from iamfix.policy.lint import lint
from iamfix.policy.request import make_request
from tests.practices.templates import ID, REGIONS, document, rendered

ADMIN = Document.parse({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
OWN = "arn:{partition}:iam::{id}:policy/AppBoundary"
APP, ELSEWHERE = "arn:{partition}:iam::{id}:role/app/api", "arn:{partition}:iam::{id}:role/admin"
BOUNDED = {"iam:PermissionsBoundary": OWN}
OTHERWISE = {"iam:PermissionsBoundary": "arn:{partition}:iam::aws:policy/AdministratorAccess"}
BARE: dict[str, Any] = {"iam:PermissionsBoundary": None}

ALLOWED = [
    ("s3:PutObject", "arn:{partition}:s3:::bucket/key", {}), ("ec2:RunInstances", "*", {}),
    ("sqs:SendMessage", "*", {}),
    ("iam:GetRole", ELSEWHERE, {}), ("iam:ListRoles", "*", {}),
    ("iam:PassRole", APP, {}), ("iam:CreateRole", APP, BOUNDED), ("iam:AttachRolePolicy", APP, BOUNDED),
    ("iam:PutRolePolicy", APP, BOUNDED), ("iam:DeleteRole", APP, {}), ("iam:PutRolePermissionsBoundary", APP, BOUNDED),
    ("iam:CreatePolicy", "arn:{partition}:iam::{id}:policy/app/mine", {}),
    ("iam:CreatePolicyVersion", "arn:{partition}:iam::{id}:policy/app/mine", {}),
    ("iam:CreateServiceLinkedRole", "arn:{partition}:iam::{id}:role/aws-service-role/ecs.amazonaws.com/X", {}),
]  # fmt: skip

DENIED = [
    # Making something that is not bounded, or bounded otherwise.
    *((action, APP, context) for action in ("iam:CreateRole", "iam:AttachRolePolicy", "iam:PutRolePolicy")
      for context in (BARE, OTHERWISE)),
    ("iam:CreateRole", ELSEWHERE, BOUNDED), ("iam:AttachRolePolicy", ELSEWHERE, BOUNDED),
    ("iam:CreateUser", "arn:{partition}:iam::{id}:user/x", BARE),
    ("iam:CreateUser", "arn:{partition}:iam::{id}:user/app/x", BOUNDED),
    ("iam:CreateAccessKey", "arn:{partition}:iam::{id}:user/admin", {}),
    # Taking the boundary off, or another one on.
    ("iam:DeleteRolePermissionsBoundary", APP, BOUNDED), ("iam:DeleteRolePermissionsBoundary", ELSEWHERE, {}),
    ("iam:DeleteUserPermissionsBoundary", "arn:{partition}:iam::{id}:user/app/x", BOUNDED),
    ("iam:PutRolePermissionsBoundary", APP, OTHERWISE),
    ("iam:PutUserPermissionsBoundary", "arn:{partition}:iam::{id}:user/app/x", OTHERWISE),
    # Editing the boundary itself.
    *((f"iam:{verb}", OWN, {}) for verb in
      ("CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "SetDefaultPolicyVersion", "TagPolicy")),
    # Other ways to more.
    ("iam:UpdateAssumeRolePolicy", ELSEWHERE, {}), ("iam:UpdateAssumeRolePolicy", APP, {}),
    ("sts:AssumeRole", ELSEWHERE, {}), ("iam:PassRole", ELSEWHERE, {}),
    ("iam:CreatePolicyVersion", "arn:{partition}:iam::{id}:policy/Other", {}),
    ("iam:AttachGroupPolicy", "arn:{partition}:iam::{id}:group/g", {}), ("iam:CreateLoginProfile", "*", {}),
    ("iam:AddUserToGroup", "*", {}), ("iam:UpdateAccountPasswordPolicy", "*", {}),
    ("organizations:LeaveOrganization", "*", {}), ("account:PutAlternateContact", "*", {}),
]  # fmt: skip


def _decide(partition: str, action: str, resource: str, context: dict[str, Any]) -> str:
    """Decide for a bearer who may do everything but for the boundary."""
    names = {"partition": partition, "id": ID}
    boundary = document("policies/app-boundary.json.j2", partition, boundary="AppBoundary", paths=["app"])
    policies = compile_policies(identity=[ADMIN], boundary=boundary)
    known = {key: value.format(**names) if isinstance(value, str) else value for key, value in context.items()}
    bearer = f"arn:{partition}:iam::{ID}:role/app/deployer"
    return evaluate(policies, make_request(bearer, action, resource.format(**names), context=known)).decision


@pytest.mark.parametrize("partition", sorted(REGIONS))
@pytest.mark.parametrize(("action", "resource", "context"), ALLOWED)
def test_ordinary_work_goes_on(partition: str, action: str, resource: str, context: dict[str, Any]) -> None:
    """All services, reading identity, passing and making roles of the own paths with the same boundary."""
    assert _decide(partition, action, resource, context) == "allowed"


@pytest.mark.parametrize("partition", sorted(REGIONS))
@pytest.mark.parametrize(("action", "resource", "context"), DENIED)
def test_there_is_no_way_out(partition: str, action: str, resource: str, context: dict[str, Any]) -> None:
    """Neither unbounded roles nor users, nor taking the boundary off, nor editing it, even to an administrator."""
    assert _decide(partition, action, resource, context) in ("explicit_deny", "implicit_deny")


@pytest.mark.parametrize("partition", sorted(REGIONS))
@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [case for case in DENIED if case[0].partition("Permissions")[1] or case[1] == OWN or case[2] is BARE],
)
def test_what_protects_the_boundary_is_said_explicitly(
    partition: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    """These are denied whatever somebody adds to the boundary's Allow statements."""
    assert _decide(partition, action, resource, context) == "explicit_deny"


@pytest.mark.parametrize("partition", sorted(REGIONS))
@pytest.mark.parametrize(
    ("role", "decision"),
    [(APP, "allowed"), (ELSEWHERE, "explicit_deny"), ("arn:{partition}:iam::444444444444:role/share", "allowed")],
)
def test_roles_to_assume_are_bounded_or_of_other_accounts(partition: str, role: str, decision: str) -> None:
    """A role of this account that trusts everybody in it is no way out, if it is not under the bounded paths."""
    names = {"partition": partition, "id": ID}
    where = role.format(**names)
    statement = {"Effect": "Allow", "Principal": {"AWS": ID}, "Action": "sts:AssumeRole"}
    trust = Document.parse({"Version": "2012-10-17", "Statement": [statement]}, trust=True, partition=partition)
    boundary = document("policies/app-boundary.json.j2", partition, boundary="AppBoundary", paths=["app"])
    policies = compile_policies(identity=[ADMIN], boundary=boundary, resource=trust)
    bearer = f"arn:{partition}:iam::{ID}:role/app/deployer"
    assert evaluate(policies, make_request(bearer, "sts:AssumeRole", where)).decision == decision


@pytest.mark.parametrize("paths", [["app"], ["app", "batch", "data"]])
def test_the_boundary_is_one_that_aws_takes(paths: list[str]) -> None:
    """Nothing that lint calls an error, within the size of a managed policy, each path in it."""
    for partition in REGIONS:
        data = rendered("policies/app-boundary.json.j2", partition, boundary="AppBoundary", paths=paths)
        assert [found for found in lint(data, "boundary", partition) if found.severity in ("error", "high")] == []
        assert Document.parse(data).size() < 6144
        assert all(f"role/{path}/*" in str(data) for path in paths)
