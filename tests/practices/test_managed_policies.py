"""Inline policies become managed ones: same content, one policy, nobody without it in between."""

from __future__ import annotations

import json

import pytest

from iamfix.policy.document import Document
from iamfix.sandbox.building import allow, trust
from tests.direct import Direct
from tests.practices.planning import apply, calls, held, plan

EC2 = trust({"Service": "ec2.amazonaws.com"})


def _role(aws: Direct, name: str, **inline: str) -> None:
    aws.get("iam", "create_role", RoleName=name, AssumeRolePolicyDocument=EC2)
    for policy, text in inline.items():
        aws.get("iam", "put_role_policy", RoleName=name, PolicyName=policy, PolicyDocument=text)


def _all(aws: Direct) -> dict[str, set[str]]:
    return {name: set(one.attached_to) for name, one in aws.world().all("iam_managed_policy").items()}


def test_same_content_becomes_one_policy_whatever_its_name_and_spelling() -> None:
    """Roles, groups and users whose inline policies say the same share one policy; others have one of their own."""
    aws = Direct()
    text, other = allow("s3:GetObject", "s3:ListBucket"), allow("sqs:*")
    _role(aws, "one", read=text, queue=other)
    _role(aws, "two", Read=json.dumps({**json.loads(text), "Version": "2012-10-17"}, indent=3))
    aws.get("iam", "create_group", GroupName="team")
    aws.get(
        "iam",
        "put_group_policy",
        GroupName="team",
        PolicyName="zz",
        PolicyDocument=allow("s3:ListBucket", "s3:GetObject"),
    )
    aws.get("iam", "create_user", UserName="ann")
    aws.get("iam", "put_user_policy", UserName="ann", PolicyName="aa", PolicyDocument=text)
    before = held(aws)
    made = plan(aws, "managed-policies")
    for call in calls(made):
        aws.get(call.service, call.operation, **call.params)
        assert all(before[who] <= now for who, now in held(aws).items() if who in before), call
    assert held(aws) == before
    found = _all(aws)
    shared = next(name for name, who in found.items() if "role/two" in who)
    assert found[shared] == {"role/one", "role/two", "group/team", f"group/{shared}"}
    assert [who for name, who in found.items() if name != shared] == [{"role/one"}]
    assert all(name.rpartition("-")[2].isalnum() for name in found)
    assert (plan(aws, "managed-policies").changes, plan(aws, "managed-policies").findings) == ((), ())


def test_a_customer_policy_of_that_content_is_taken() -> None:
    """What exists already is not made twice, wherever it lives."""
    aws = Direct()
    _role(aws, "one", read=allow("s3:GetObject"))
    aws.get("iam", "create_policy", PolicyName="Readers", Path="/data/", PolicyDocument=allow("s3:GetObject"))
    apply(aws, plan(aws, "managed-policies"))
    assert _all(aws) == {"Readers": {"role/one"}}


def test_names_are_the_same_in_every_run_and_collide_with_nothing() -> None:
    """A name is the inline policy's with eight figures of its content; names that differ in case only stay apart."""
    names = set()
    for _ in range(2):
        aws = Direct()
        _role(aws, "one", quick=allow("s3:GetObject"))
        _role(aws, "two", QUICK=allow("s3:PutObject"))
        _role(aws, "long", **{"x" * 128: allow("sqs:SendMessage")})
        apply(aws, plan(aws, "managed-policies"))
        names.add(tuple(sorted(_all(aws))))
    assert len(names) == 1
    (found,) = names
    assert len({name.lower() for name in found}) == 3
    assert max(map(len, found)) == 128


def test_a_name_that_is_taken_by_something_else_is_a_finding() -> None:
    """A policy of that name which somebody has changed since is not overwritten."""
    aws = Direct()
    _role(aws, "one", quick=allow("s3:GetObject"))
    made = plan(aws, "managed-policies")
    (name,) = {change.name for change in made.changes if change.kind == "iam_managed_policy"}
    aws.get("iam", "create_policy", PolicyName=name.upper(), PolicyDocument=allow("s3:*"))
    again = plan(aws, "managed-policies")
    assert again.changes == ()
    assert [(one.address, one.staged) for one in again.findings] == [("lab/iam_role/one", None)]


def test_what_finds_no_room_stays_and_is_reported() -> None:
    """Ten policies are attached already, or the document is larger than a managed policy may be."""
    aws = Direct()
    _role(aws, "full", read=allow("s3:GetObject"))
    for number in range(10):
        arn = aws.get("iam", "create_policy", PolicyName=f"p{number}", PolicyDocument=allow(f"sqs:Send{number}"))[
            "Policy"
        ]["Arn"]
        aws.get("iam", "attach_role_policy", RoleName="full", PolicyArn=arn)
    _role(aws, "large", read=allow(*(f"s3:Get{number:0200}" for number in range(40))))
    made = plan(aws, "managed-policies")
    assert made.changes == ()
    assert sorted(one.address for one in made.findings) == ["lab/iam_role/full", "lab/iam_role/large"]


@pytest.mark.parametrize("name", ["AWSControlTowerExecution", "iamfix"])
def test_roles_of_others_and_the_own_role_are_left_alone(name: str) -> None:
    """Neither Control Tower's roles nor the one that iamfix runs as are touched."""
    from dataclasses import replace

    from tests.direct import ACCOUNT

    aws = Direct(replace(ACCOUNT, role_arn=f"arn:aws:iam::{ACCOUNT.id}:role/iamfix"))
    _role(aws, name, read=allow("s3:GetObject"))
    assert plan(aws, "managed-policies").changes == ()


def test_customer_policies_that_aws_keeps_too_are_found() -> None:
    """A copy of an AWS managed policy is found where something in the account carries AWS's one."""
    aws = Direct()
    arn = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
    version = aws.get("iam", "get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
    told = aws.get("iam", "get_policy_version", PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    aws.get("iam", "create_policy", PolicyName="Queues", PolicyDocument=Document.parse(told).text)
    assert plan(aws, "managed-policies").findings == ()
    aws.get("iam", "create_group", GroupName="admins")
    aws.get("iam", "attach_group_policy", GroupName="admins", PolicyArn=arn)
    (found,) = plan(aws, "managed-policies").findings
    assert (found.address, found.severity) == ("lab/iam_managed_policy/Queues", "info")
    assert "AmazonSQSFullAccess" in found.message


WHY = {
    "ten policies": "no room for them as managed policies: AWS takes ten; join policies",
    "too large": "too large for a managed policy (6,144 characters): split it, or say it shorter",
    "taken": "another policy has the name that it would get: rename the one or the other",
    "ten groups": "no room for the groups that would give them: AWS lets a user be in ten; join policies",
    "nine groups": "no room for the groups that would give them: AWS lets a user be in ten, and one is left for MFA; "
    "join policies",
}  # fmt: skip


@pytest.mark.parametrize("case", WHY)
def test_what_stays_inline_is_told_with_its_own_reason(case: str) -> None:
    """Nobody is told of groups who has none, nor of MFA who is held to it."""
    aws = Direct()
    text = allow(*(f"s3:Get{number:0200}" for number in range(40))) if case == "too large" else allow("s3:GetObject")
    if "groups" in case:
        aws.get("iam", "create_user", UserName="it")
        groups = ["RequireMfa"] if case == "ten groups" else ["one"]
        for group in [*groups, *(f"g{number}" for number in range(9 if case == "ten groups" else 8))]:
            aws.get("iam", "create_group", GroupName=group)
            aws.get("iam", "add_user_to_group", GroupName=group, UserName="it")
        aws.get("iam", "put_user_policy", UserName="it", PolicyName="read", PolicyDocument=text)
    else:
        _role(aws, "it", read=text)
    if case == "taken":
        (name,) = {one.name for one in plan(aws, "managed-policies").changes if one.kind == "iam_managed_policy"}
        aws.get("iam", "create_policy", PolicyName=name, PolicyDocument=allow("s3:*"))
    for number in range(10 if case == "ten policies" else 0):
        document = allow(f"sqs:Send{number}")
        made = aws.get("iam", "create_policy", PolicyName=f"p{number}", PolicyDocument=document)
        aws.get("iam", "attach_role_policy", RoleName="it", PolicyArn=made["Policy"]["Arn"])
    made = plan(aws, "managed-policies")
    assert made.changes == ()
    assert [one.message for one in made.findings] == [f"it keeps read inline: {WHY[case]}"]


def test_a_user_without_room_for_all_joins_nothing_and_keeps_room_for_mfa() -> None:
    """Half of a move frees nothing: no policy and no group is made for it, and the tenth group is left for MFA."""
    aws = Direct()
    aws.get("iam", "create_user", UserName="ann")
    aws.get("iam", "create_login_profile", UserName="ann", Password="aA1!" + "x" * 20)
    for number in range(8):
        aws.get("iam", "create_group", GroupName=f"g{number}")
        aws.get("iam", "add_user_to_group", GroupName=f"g{number}", UserName="ann")
    for name, text in (("a", allow("sns:Publish")), ("b", allow("sqs:SendMessage"))):
        aws.get("iam", "put_user_policy", UserName="ann", PolicyName=name, PolicyDocument=text)
    made = plan(aws, "managed-policies", enforce="all")
    assert made.changes == ()
    (found,) = made.findings
    assert found.message.startswith("ann keeps a, b inline: ")
    aws.get("iam", "remove_user_from_group", GroupName="g0", UserName="ann")
    apply(aws, plan(aws, "managed-policies", "mfa", enforce="all"))
    ann = aws.world().get("iam_user", "ann")
    assert (ann.inline_policies, len(ann.groups), "RequireMfa" in ann.groups) == ({}, 10, True)
