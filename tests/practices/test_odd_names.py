"""Names with all the characters that AWS takes, deep paths, and names that differ in case from those asked for."""

from __future__ import annotations

import pytest

from iamfix.sandbox.building import allow, trust
from tests.practices.planning import apply, held, plan, supported

PRACTICES = (
    "password-policy", "root", "credentials", "least-privilege", "managed-policies", "groups", "boundaries", "mfa",
)  # fmt: skip
EC2 = trust({"Service": "ec2.amazonaws.com"})


@pytest.mark.parametrize("name", ["a+b=c,d.e@f-g_h", "=", "@,+", "-rf", "None"])
def test_every_name_that_aws_takes_is_ordinary(name: str) -> None:
    """Users, groups, roles, policies and inline policies of such names are moved, bounded and held to MFA."""
    aws = supported()
    arn = aws.build.policy(name, allow("s3:GetObject"), path="/o.d@d/p,a=t+h/")
    aws.build.group(name, inline={name: allow("sqs:SendMessage")})
    aws.build.user(
        name, path="/a/b/", console=True, console_used=2, mfa=True, keys=[(300, 1, True), (400, 100, True)],
        attached=[arn, "arn:aws:iam::aws:policy/SecurityAudit"],
        inline={name: allow("sns:Publish"), f"{name[:60]}+2": allow("ec2:RebootInstances")},
    )  # fmt: skip
    aws.build.role(name, EC2, path="/app/a!b~/", inline={name: allow("iam:GetRole")})
    before = held(aws)
    apply(aws, plan(aws, *PRACTICES, enforce="all"))
    assert all(policies <= held(aws)[who] for who, policies in before.items())
    user, role = aws.world().get("iam_user", name), aws.world().get("iam_role", name)
    assert (user.managed_policies, user.inline_policies, "RequireMfa" in user.groups) == (frozenset(), {}, True)
    assert (role.inline_policies, bool(role.permissions_boundary)) == ({}, True)
    again = plan(aws, *PRACTICES, enforce="all")
    assert (again.changes, {one.staged for one in again.findings}) == ((), set())


def test_groups_and_policies_in_another_case_are_those_that_are_meant() -> None:
    """AWS has one of a name: nothing is made a second time, and nothing is left to do."""
    aws = supported()
    for group in ("ADMINS", "developers", "readonlyUsers", "requiremfa", "securityaudit"):
        aws.build.group(group)
    for policy in ("APPBOUNDARY", "denyWITHOUTmfa"):
        aws.build.policy(policy, allow("s3:GetObject"))
    aws.build.user("Ann", console=True, mfa=True, console_used=1, attached=["arn:aws:iam::aws:policy/SecurityAudit"])
    aws.build.role("App", EC2, path="/app/")
    apply(aws, plan(aws, *PRACTICES, enforce="all"))
    assert set(aws.world().all("iam_group")) == {"ADMINS", "developers", "readonlyUsers", "requiremfa", "securityaudit"}
    assert set(aws.world().all("iam_managed_policy")) == {"APPBOUNDARY", "denyWITHOUTmfa"}
    assert aws.world().get("iam_user", "Ann").groups == {"requiremfa", "securityaudit"}
    again = plan(aws, *PRACTICES, enforce="all")
    assert (again.changes, again.findings) == ((), ())
