"""Least privilege: what may do everything is taken away where enforced, what is wide is reported with its statement."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from iamfix.model import Protected
from iamfix.sandbox.building import allow, trust
from tests.direct import ACCOUNT, Direct
from tests.practices.planning import apply, plan
from tests.practices.templates import ID, rendered

EC2 = trust({"Service": "ec2.amazonaws.com"})
ALL = f"arn:aws:iam::{ACCOUNT.id}:policy/Everything"


def _account(aws: Direct) -> Direct:
    """A user, a group and three roles that may do everything through a customer policy, or inline."""
    aws.get("iam", "create_policy", PolicyName="Everything", PolicyDocument=allow("*"))
    aws.get("iam", "create_policy", PolicyName="Queues", PolicyDocument=allow("sqs:SendMessage"))
    aws.get("iam", "create_user", UserName="ann")
    aws.get("iam", "attach_user_policy", UserName="ann", PolicyArn=ALL)
    aws.get("iam", "attach_user_policy", UserName="ann", PolicyArn=ALL.replace("Everything", "Queues"))
    aws.get("iam", "create_group", GroupName="team")
    aws.get("iam", "attach_group_policy", GroupName="team", PolicyArn=ALL)
    for role in ("app", "iamfix", "AWSControlTowerExecution"):
        aws.get("iam", "create_role", RoleName=role, AssumeRolePolicyDocument=EC2)
        aws.get("iam", "attach_role_policy", RoleName=role, PolicyArn=ALL)
    aws.get("iam", "put_role_policy", RoleName="app", PolicyName="all", PolicyDocument=allow("*"))
    aws.get("iam", "put_role_policy", RoleName="app", PolicyName="some", PolicyDocument=allow("s3:GetObject"))
    return aws


def _own() -> Direct:
    return _account(Direct(replace(ACCOUNT, role_arn=f"arn:aws:iam::{ACCOUNT.id}:role/iamfix")))


def test_what_may_do_everything_is_a_finding_first() -> None:
    """Nothing is taken unasked; the finding names who would lose what."""
    made = plan(_own(), "least-privilege")
    assert made.changes == ()
    assert [(one.address, one.message.split(",")[0], one.severity, one.staged) for one in made.findings] == [
        ("lab/iam_role/app", "may do everything through Everything", "high", "least-privilege"),
        ("lab/iam_group/team", "may do everything through Everything", "high", "least-privilege"),
        ("lab/iam_user/ann", "may do everything through Everything", "high", "least-privilege"),
    ]


def test_enforced_it_is_taken_from_all_but_the_own_role_and_those_of_others() -> None:
    """The policy itself stays, what else they carry stays, and iamfix can still go on."""
    aws = _own()
    apply(aws, plan(aws, "least-privilege", enforce="1"))
    world = aws.world()
    assert world.get("iam_managed_policy", "Everything").attached_to == {"role/iamfix", "role/AWSControlTowerExecution"}
    assert set(world.get("iam_role", "app").inline_policies) == {"some"}
    assert len(world.get("iam_user", "ann").managed_policies) == 1
    again = plan(aws, "least-privilege", enforce="1")
    assert again.changes == ()
    assert [one for one in again.findings if one.staged] == []


def test_protected_principals_and_their_groups_are_left_alone() -> None:
    """Neither the break-glass user nor a group it is in loses anything."""
    aws = _account(Direct(replace(ACCOUNT, protected=(Protected("ann"),))))
    aws.get("iam", "add_user_to_group", GroupName="team", UserName="ann")
    made = plan(aws, "least-privilege", enforce="all")
    assert {change.address for change in made.changes} == {"lab/iam_role/app", "lab/iam_role/iamfix"}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (allow("s3:*"), 'statement 1: "s3:*" on all resources'),
        (allow("iam:PassRole", "lambda:CreateFunction"), "statement 1: iam:PassRole on all roles"),
        (allow("iam:CreatePolicyVersion"), "statement 1: iam-001: iam:CreatePolicyVersion leads to more privileges"),
        (json.dumps({"Version": "2012-10-17", "Statement": [
            {"Sid": "Ok", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
            {"Sid": "Wide", "Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        ]}), "statement 2 (Wide): Allow with NotAction"),
    ],
)  # fmt: skip
def test_what_is_wide_is_reported_with_its_statement(document: str, words: str) -> None:
    """Customer policies that somebody carries, and inline ones; unattached ones give nobody anything."""
    aws = Direct()
    aws.get("iam", "create_policy", PolicyName="Wide", PolicyDocument=document)
    assert plan(aws, "least-privilege", enforce="all").findings == ()
    aws.get("iam", "create_role", RoleName="app", AssumeRolePolicyDocument=EC2)
    aws.get("iam", "attach_role_policy", RoleName="app", PolicyArn=ALL.replace("Everything", "Wide"))
    aws.get("iam", "put_role_policy", RoleName="app", PolicyName="inline", PolicyDocument=document)
    made = plan(aws, "least-privilege", enforce="all")
    assert made.changes == ()
    found = {one.address: one for one in made.findings}
    assert set(found) == {"lab/iam_managed_policy/Wide", "lab/iam_role/app"}
    assert words in found["lab/iam_managed_policy/Wide"].message
    assert f"inline, {words}" in found["lab/iam_role/app"].message
    assert {one.staged for one in made.findings} == {None}


def test_a_long_list_is_cut_and_says_so() -> None:
    """Three are told, the worst first, and how many more there are."""
    aws = Direct()
    aws.get("iam", "create_role", RoleName="app", AssumeRolePolicyDocument=EC2)
    aws.get(
        "iam",
        "put_role_policy",
        RoleName="app",
        PolicyName="x",
        PolicyDocument=allow("s3:*", "sqs:*", "sns:*", "iam:*"),
    )
    (found,) = plan(aws, "least-privilege").findings
    assert "iam:PassRole on all roles" in found.message
    assert found.message.endswith(" more")


OWN = f"arn:aws:iam::{ID}:root"


@pytest.mark.parametrize(
    ("principal", "after"),
    [
        ("*", {"AWS": [OWN]}),
        ({"AWS": "*"}, {"AWS": [OWN]}),
        ({"AWS": ["*", "999999999999"]}, {"AWS": ["999999999999", OWN]}),
        ({"AWS": "*", "Service": "ec2.amazonaws.com"}, {"AWS": [OWN], "Service": "ec2.amazonaws.com"}),
    ],
)
def test_trust_in_everyone_becomes_trust_in_the_account(principal: Any, after: Any) -> None:
    """Only the statement that is open changes, and only whom it names."""
    other = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    statement = {"Sid": "Open", "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    before = {"Version": "2012-10-17", "Statement": [other, statement]}
    found = rendered("policies/trust-own-account.json.j2", trust=before, open=[1])
    assert found == {"Version": "2012-10-17", "Statement": [other, {**statement, "Principal": after}]}


def test_an_open_role_is_closed_where_it_is_enforced() -> None:
    """Critical and staged; then people of the account only, with MFA, which the MFA practice leaves as it is."""
    aws = Direct()
    aws.get("iam", "create_role", RoleName="open", AssumeRolePolicyDocument=trust("*"))
    (found,) = [one for one in plan(aws, "least-privilege").findings if one.address == "lab/iam_role/open"]
    assert (found.severity, found.staged) == ("critical", "least-privilege")
    apply(aws, plan(aws, "least-privilege", "mfa", enforce="all"))
    (statement,) = aws.world().get("iam_role", "open").assume_role_policy_document.data["Statement"]
    assert statement["Principal"] == {"AWS": [f"arn:aws:iam::{ACCOUNT.id}:root"]}
    assert statement["Condition"] == {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    assert plan(aws, "least-privilege", "mfa", enforce="all").changes == ()


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({}, 1),
        ({"StringEquals": {"sts:ExternalId": "x-7"}}, 0),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}, 0),
    ],
)
def test_other_accounts_need_an_external_id_or_the_organization(condition: Any, found: int) -> None:
    """For a person to mend, because only they know the id."""
    aws = Direct()
    document = trust({"AWS": "arn:aws:iam::999999999999:root"}, **({"Condition": condition} if condition else {}))
    aws.get("iam", "create_role", RoleName="vendor", AssumeRolePolicyDocument=document)
    made = plan(aws, "least-privilege", enforce="all")
    assert made.changes == ()
    assert [one.staged for one in made.findings] == [None] * found


def test_all_of_cloudshell_is_a_finding_with_those_who_carry_it() -> None:
    """Through files that go in and out data can leave; without a carrier nothing is said."""
    aws = Direct()
    assert plan(aws, "least-privilege").findings == ()
    arn = "arn:aws:iam::aws:policy/AWSCloudShellFullAccess"
    aws.build.group("team", attached=[arn])
    aws.build.user("ann", attached=[arn])
    (found,) = plan(aws, "least-privilege", enforce="all").findings
    assert (found.address, found.staged) == ("lab/iam_aws_managed_policy/AWSCloudShellFullAccess", None)
    assert found.message.startswith("group/team, user/ann may move files in and out through CloudShell: ")
