"""Groups by job function: everybody keeps what they have, at every call."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import zip_longest

import pytest

from iamfix.fields import to_plain
from iamfix.model import AccountPlan, Call
from iamfix.sandbox.building import allow
from tests.direct import ACCOUNT, Direct
from tests.practices.planning import apply, calls, held, plan, steps, supported

AWS = "arn:aws:iam::aws:policy/"
OWN = f"arn:aws:iam::{ACCOUNT.id}:policy/"


def _account(users: int = 50) -> Direct:
    """Users who carry policies directly, attached and inline; some are in groups already."""
    aws, chance = supported(), random.Random(7)
    for number in range(6):
        aws.get(
            "iam", "create_policy", PolicyName=f"Team{number}", PolicyDocument=allow("s3:Get*", f"sqs:Send{number}")
        )
    arns = [*(f"{OWN}Team{number}" for number in range(6)), f"{AWS}AdministratorAccess", f"{AWS}ReadOnlyAccess"]
    arns += [f"{AWS}job-function/Billing", f"{AWS}AmazonS3FullAccess"]
    aws.get("iam", "create_group", GroupName="Team0")
    aws.get("iam", "attach_group_policy", GroupName="Team0", PolicyArn=f"{OWN}Team0")
    for number in range(users):
        name = f"user{number:02}"
        aws.get("iam", "create_user", UserName=name, Path="/people/" if number % 3 else "/")
        for arn in chance.sample(arns, chance.randrange(5)):
            aws.get("iam", "attach_user_policy", UserName=name, PolicyArn=arn)
        for inline in range(chance.randrange(3)):
            text = allow("ec2:Describe*", f"sns:Publish{chance.randrange(4)}")
            aws.get("iam", "put_user_policy", UserName=name, PolicyName=f"Fix{inline}", PolicyDocument=text)
        if number % 5 == 0:
            aws.get("iam", "add_user_to_group", GroupName="Team0", UserName=name)
    return aws


def _as_planned(made: AccountPlan) -> Iterator[Call]:
    return calls(made)


def _side_by_side(made: AccountPlan) -> Iterator[Call]:
    """One task's changes of different resources run side by side: take their calls in turns, last resource first."""
    for step in steps(made):
        lanes: dict[str, list[Call]] = {}
        for change in step:
            lanes.setdefault(change.address, []).extend(change.calls)
        turns = zip_longest(*reversed(lanes.values()))
        yield from (call for turn in turns for call in turn if call is not None)


@pytest.mark.parametrize("order", [_as_planned, _side_by_side])
def test_fifty_users_keep_what_they_have_at_every_call(order: object) -> None:
    """Moving 50 users from direct to group policies: after each single call everybody holds all that they end with."""
    aws = _account()
    before = held(aws)
    made = plan(aws, "managed-policies", "groups")
    sent = 0
    for call in order(made):  # type: ignore[operator]
        aws.get(call.service, call.operation, **call.params)
        sent += 1
        now = held(aws)
        assert {who for who, policies in before.items() if not policies <= now[who]} == set(), call
    assert sent == len(list(calls(made))) > 150
    assert held(aws) == before
    for user in aws.world().all("iam_user").values():
        assert (user.managed_policies, user.inline_policies) == (frozenset(), {})
        assert len(user.groups) <= 10
    again = plan(aws, "managed-policies", "groups")
    assert (again.changes, again.findings) == ((), ())


def test_a_move_that_was_killed_anywhere_goes_on() -> None:
    """After whichever call it ended, a new plan leads to the same end."""
    aws = _account(2)
    before, first = held(aws), list(calls(plan(aws, "managed-policies", "groups")))
    assert {"add_user_to_group", "detach_user_policy", "delete_user_policy"} <= {call.operation for call in first}
    for reached in range(len(first)):
        aws = _account(2)
        aws.follow(first[:reached])
        apply(aws, plan(aws, "managed-policies", "groups"))
        assert held(aws) == before
        left = [(one.managed_policies, one.inline_policies) for one in aws.world().all("iam_user").values()]
        assert left == [(frozenset(), {})] * 2, first[reached]


def test_job_functions_and_groups_of_the_policys_name() -> None:
    """The policy of a job function leads to its group; any other to a group that is named after it."""
    aws = supported()
    for name, arn in (("ann", f"{AWS}AdministratorAccess"), ("bob", f"{AWS}job-function/Billing")):
        aws.get("iam", "create_user", UserName=name)
        aws.get("iam", "attach_user_policy", UserName=name, PolicyArn=arn)
    apply(aws, plan(aws, "groups"))
    groups = {name: to_plain(group) for name, group in aws.world().all("iam_group").items()}
    assert {name: group["users"] for name, group in groups.items()} == {
        "Admins": ["ann"], "Billing": ["bob"], "Developers": [], "ReadOnlyUsers": [],
    }  # fmt: skip
    assert groups["Billing"]["managed_policies"] == [f"{AWS}job-function/Billing"]


def test_other_job_functions_by_variable() -> None:
    """The groups and their policies are a variable; a function of several policies takes nobody in by itself."""
    aws = supported()
    aws.get("iam", "create_user", UserName="ann")
    aws.get("iam", "attach_user_policy", UserName="ann", PolicyArn=f"{AWS}ReadOnlyAccess")
    made = plan(
        aws, "groups", job_functions={"Auditors": ["SecurityAudit", "ReadOnlyAccess"], "Readers": ["ReadOnlyAccess"]}
    )
    apply(aws, made)
    assert {name: set(group.users) for name, group in aws.world().all("iam_group").items()} == {
        "Auditors": set(), "Readers": {"ann"},
    }  # fmt: skip


def test_a_job_of_one_policy_may_be_given_as_text() -> None:
    """`Readers: ReadOnlyAccess` is what `Readers: [ReadOnlyAccess]` is, also for who carries the policy already."""
    found = []
    for policies in ("ReadOnlyAccess", ["ReadOnlyAccess"]):
        aws = supported()
        aws.build.user("ann", attached=[f"{AWS}ReadOnlyAccess"])
        apply(aws, plan(aws, "groups", job_functions={"Readers": policies}))
        found.append({name: to_plain(group) for name, group in aws.world().all("iam_group").items()})
    assert found[0] == found[1]
    assert found[0]["Readers"]["users"] == ["ann"]
    assert found[0]["Readers"]["managed_policies"] == [f"{AWS}ReadOnlyAccess"]


def test_who_is_in_nine_groups_keeps_the_policy_and_is_reported() -> None:
    """AWS lets a user be in ten groups, and one is left for MFA: whoever finds no room is a finding."""
    aws = supported()
    aws.get("iam", "create_user", UserName="ann")
    for number in range(8):
        aws.get("iam", "create_group", GroupName=f"g{number}")
        aws.get("iam", "add_user_to_group", GroupName=f"g{number}", UserName="ann")
    for name in ("AmazonS3FullAccess", "SecurityAudit", "ReadOnlyAccess"):
        aws.get("iam", "attach_user_policy", UserName="ann", PolicyArn=f"{AWS}{name}")
    made = plan(aws, "groups")
    apply(aws, made)
    left = aws.world().get("iam_user", "ann")
    assert len(left.groups) == 9
    assert len(left.managed_policies) == 2
    assert [(one.address, one.staged) for one in made.findings] == [("lab/iam_user/ann", None)]
    assert "has no group left to join" in made.findings[0].message


@pytest.mark.parametrize(("others", "moved"), [(8, True), (9, False)])
def test_who_is_held_to_mfa_already_needs_no_room_for_it(others: int, moved: bool) -> None:
    """All ten groups are there for them, and nobody is told of a group that is left for MFA."""
    aws = supported()
    aws.get("iam", "create_user", UserName="ann")
    for group in ("RequireMfa", *(f"g{number}" for number in range(others))):
        aws.get("iam", "create_group", GroupName=group)
        aws.get("iam", "add_user_to_group", GroupName=group, UserName="ann")
    aws.get("iam", "attach_user_policy", UserName="ann", PolicyArn=f"{AWS}SecurityAudit")
    made = plan(aws, "groups")
    apply(aws, made)
    ann = aws.world().get("iam_user", "ann")
    assert (len(ann.groups), "SecurityAudit" in ann.groups, bool(ann.managed_policies)) == (10, moved, not moved)
    told = "ann carries SecurityAudit directly, and has no group left to join (AWS takes ten): "
    assert [one.message for one in made.findings] == [told + "give them to a group of the same job"] * (not moved)


@pytest.mark.parametrize(
    ("policies", "inline", "words"),
    [
        ([f"{AWS}AmazonS3FullAccess", f"{AWS}IAMFullAccess"], {}, "IAMFullAccess"),
        ([f"{AWS}AmazonS3FullAccess"], {"more": allow("sqs:*")}, "more"),
        ([], {}, "its members"),
    ],
)
def test_a_group_that_gives_or_takes_more_is_staged(policies: list[str], inline: dict[str, str], words: str) -> None:
    """A group of the policy's name that is something else is joined only where `enforce` says so."""
    aws = supported()
    for name in ("ann", "bob"):
        aws.get("iam", "create_user", UserName=name)
    aws.get("iam", "attach_user_policy", UserName="ann", PolicyArn=f"{AWS}AmazonS3FullAccess")
    aws.get("iam", "create_group", GroupName="amazons3fullaccess")
    aws.get("iam", "add_user_to_group", GroupName="amazons3fullaccess", UserName="bob")
    for arn in policies:
        aws.get("iam", "attach_group_policy", GroupName="amazons3fullaccess", PolicyArn=arn)
    for name, text in inline.items():
        aws.get("iam", "put_group_policy", GroupName="amazons3fullaccess", PolicyName=name, PolicyDocument=text)
    made = plan(aws, "groups")
    apply(aws, made)
    assert aws.world().get("iam_user", "ann").managed_policies == {f"{AWS}AmazonS3FullAccess"}
    staged = [one for one in made.findings if one.staged]
    assert [one.address for one in staged] == ["lab/iam_group/amazons3fullaccess"]
    assert (words in staged[0].message, staged[0].severity) == (True, "medium")
    apply(aws, plan(aws, "groups", enforce="groups"))
    assert aws.world().get("iam_user", "ann").groups == {"amazons3fullaccess"}
    assert plan(aws, "groups", enforce="groups").changes == ()


def test_members_of_a_group_do_not_gain_a_job_unasked() -> None:
    """A group that happens to be called Admins, and has members, gets its policy only where `enforce` says so."""
    aws = supported()
    aws.get("iam", "create_user", UserName="ann")
    aws.get("iam", "create_group", GroupName="admins")
    aws.get("iam", "add_user_to_group", GroupName="admins", UserName="ann")
    made = plan(aws, "groups")
    assert "admins" not in {change.name for change in made.changes}
    assert [(one.address, one.message, one.severity) for one in made.findings] == [(
        "lab/iam_group/admins",
        "its members (ann) would gain AdministratorAccess (done with -e enforce=groups)",
        "medium",
    )]  # fmt: skip


def test_without_anybody_for_aws_support_there_is_a_finding() -> None:
    """Somebody must be able to open a case when there is an incident."""
    (found,) = plan(Direct(), "groups").findings
    assert (found.address, found.staged) == ("lab/iam_aws_managed_policy/AWSSupportAccess", None)
    assert plan(supported(), "groups").findings == ()
