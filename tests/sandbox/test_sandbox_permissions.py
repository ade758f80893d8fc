"""Callers may do what their policies allow, and no more."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iamfix.sandbox import Sandbox

PROD = "222222222222"


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [_whole(told) for told in statements]})


def _whole(statement: Mapping[str, Any]) -> dict[str, Any]:
    return dict(statement) if "NotResource" in statement else {"Resource": "*", **statement}


def allow(action: str | list[str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, **more}


def deny(action: str | list[str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, **more}


def caller(sandbox: Sandbox, *statements: Mapping[str, Any], service: str = "iam", region: str = "us-east-1") -> Any:
    """A client of a new user `u` in the production account who has one inline policy."""
    iam = sandbox.client("iam", PROD)
    iam.create_user(UserName="u", Tags=[{"Key": "team", "Value": "red"}])
    if statements:
        iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document(*statements))
    key = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    return sandbox.client_as(key, service, region=region)


def may(ask: Any, **params: Any) -> bool:
    try:
        ask(**params)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        assert code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"), code
        return False
    return True


CASES: dict[str, tuple[list[dict[str, Any]], bool]] = {
    "nothing": ([], False),
    "exactly the action": ([allow("iam:CreateGroup")], True),
    "case of actions does not matter": ([allow("IAM:creategroup")], True),
    "wildcard": ([allow("iam:Create*")], True),
    "another action": ([allow("iam:CreateUser")], False),
    "explicit deny": ([allow("*"), deny("iam:CreateGroup")], False),
    "NotAction": ([{"Effect": "Allow", "NotAction": "s3:*"}], True),
    "its resource": ([allow("iam:*", Resource=f"arn:aws:iam::{PROD}:group/team/*")], True),
    "another resource": ([allow("iam:*", Resource=f"arn:aws:iam::{PROD}:group/other/*")], False),
    "NotResource": ([{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:iam::*:group/*"}], False),
    "condition that holds": ([allow("*", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})], True),
    "condition that does not hold": (
        [allow("*", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}})],
        False,
    ),
    "deny without MFA": (
        [allow("*"), deny("*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})],
        False,
    ),
    "region": ([allow("*", Condition={"StringEquals": {"aws:RequestedRegion": ["us-east-1"]}})], True),
}


@pytest.mark.parametrize("case", CASES)
def test_identity_policies_decide(sandbox: Sandbox, case: str) -> None:
    """CreateGroup of /team/g goes well if the caller's policies allow it, else it is AccessDenied."""
    statements, allowed = CASES[case]
    client = caller(sandbox, *statements)
    assert may(client.create_group, GroupName="g", Path="/team/") == allowed
    assert len(sandbox.client("iam", PROD).list_groups()["Groups"]) == int(allowed)


def test_groups_give_their_members_permissions(sandbox: Sandbox) -> None:
    """What a group's managed policy allows, its members may do."""
    client, iam = caller(sandbox), sandbox.client("iam", PROD)
    assert not may(client.list_users)
    iam.create_group(GroupName="g")
    iam.attach_group_policy(GroupName="g", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    iam.add_user_to_group(UserName="u", GroupName="g")
    assert may(client.list_users)


def test_a_boundary_caps(sandbox: Sandbox) -> None:
    """An administrator with a read-only boundary reads and does not write."""
    client = caller(sandbox, allow("*"))
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    sandbox.client("iam", PROD).put_user_permissions_boundary(UserName="u", PermissionsBoundary=boundary)
    assert may(client.list_users)
    assert not may(client.create_group, GroupName="g")


def test_policy_variables_are_filled_in(sandbox: Sandbox) -> None:
    """A statement about user/${aws:username} is about the caller, and nobody else."""
    client = caller(sandbox, allow("iam:*", Resource=f"arn:aws:iam::{PROD}:user/${{aws:username}}"))
    sandbox.client("iam", PROD).create_user(UserName="v")
    assert may(client.list_access_keys, UserName="u")
    assert not may(client.list_access_keys, UserName="v")


def test_service_control_policies_bind_members_and_not_the_manager(sandbox: Sandbox) -> None:
    """A deny on the root closes an action to every principal of members, its root user too; not to the manager."""
    organizations = sandbox.client("organizations")
    made = organizations.create_policy(
        Name="p", Description="", Type="SERVICE_CONTROL_POLICY", Content=document(deny("iam:CreateGroup"))
    )
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId="r-prac")
    assert not may(caller(sandbox, allow("*")).create_group, GroupName="g")
    assert not may(sandbox.client("iam", PROD).create_group, GroupName="g")
    assert may(sandbox.client("iam").create_group, GroupName="g")


def test_without_full_access_above_nothing_is_allowed(sandbox: Sandbox) -> None:
    """Where FullAWSAccess is swapped for a narrower policy, only that is left, in the units below too."""
    organizations = sandbox.client("organizations")
    made = organizations.create_policy(
        Name="p", Description="", Type="SERVICE_CONTROL_POLICY", Content=document(allow("iam:List*"))
    )
    target = {"TargetId": "ou-prac-10000000"}
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], **target)
    organizations.detach_policy(PolicyId="p-FullAWSAccess", **target)
    client = sandbox.client("iam", PROD)
    assert may(client.list_users)
    assert not may(client.create_group, GroupName="g")


def test_a_session_policy_narrows_a_role(sandbox: Sandbox) -> None:
    """A session of the administrator role with a read-only session policy reads and does not write."""
    role = f"arn:aws:iam::{PROD}:role/iamfix"
    assumed = sandbox.client("sts").assume_role(
        RoleArn=role, RoleSessionName="run", Policy=document(allow("iam:List*"))
    )
    client = sandbox.client_as(assumed["Credentials"]["AccessKeyId"], "iam")
    assert may(client.list_users)
    assert not may(client.create_group, GroupName="g")


@pytest.mark.parametrize(
    ("statements", "trusts_user", "allowed"),
    [([], False, False), ([allow("sts:AssumeRole")], False, True), ([], True, True), ([deny("sts:*")], True, False)],
)
def test_assuming_a_role_needs_leave_on_both_sides(
    sandbox: Sandbox, statements: list[dict[str, Any]], trusts_user: bool, allowed: bool
) -> None:
    """Trust in the account needs the caller's policy too; trust in the caller itself, in its account, is enough."""
    client = caller(sandbox, *statements, service="sts")
    principal = f"arn:aws:iam::{PROD}:" + ("user/u" if trusts_user else "root")
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = sandbox.client("iam", PROD).create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    assert may(client.assume_role, RoleArn=arn, RoleSessionName="run") == allowed


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("s3", "list_buckets", "s3:ListAllMyBuckets"),
        ("sns", "list_topics", "sns:ListTopics"),
        ("logs", "describe_log_groups", "logs:DescribeLogGroups"),
        ("organizations", "describe_organization", "organizations:DescribeOrganization"),
    ],
)
def test_other_services_are_guarded_too(sandbox: Sandbox, service: str, operation: str, action: str) -> None:
    """Services of moto refuse callers whose policies do not name the action."""
    client = caller(sandbox, allow("ec2:*"), service=service)
    assert not may(getattr(client, operation))
    sandbox.client("iam", PROD).put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document(allow(action)))
    assert may(getattr(client, operation))


def test_it_can_be_switched_off(sandbox: Sandbox) -> None:
    """Without enforcement, a user without any policy may do everything."""
    client = caller(sandbox)
    sandbox.enforce = False
    assert may(client.create_group, GroupName="g")
