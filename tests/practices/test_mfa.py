"""MFA for every person: who is held to it, who would be denied today, and which roles ask for it."""

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

POLICY = f"arn:aws:iam::{ACCOUNT.id}:policy/DenyWithoutMfa"


def _user(aws: Direct, name: str, *, password: bool = False, device: bool = False, key: bool = False) -> None:
    aws.get("iam", "create_user", UserName=name)
    if password:
        aws.get("iam", "create_login_profile", UserName=name, Password="aA1!" + "x" * 20)
    if device:
        made = aws.get("iam", "create_virtual_mfa_device", VirtualMFADeviceName=f"phone-of-{name}")
        serial = made["VirtualMFADevice"]["SerialNumber"]
        codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
        aws.get("iam", "enable_mfa_device", UserName=name, SerialNumber=serial, **codes)
    if key:
        aws.get("iam", "create_access_key", UserName=name)


def _everybody() -> Direct:
    aws = Direct()
    _user(aws, "ready", password=True, device=True)
    _user(aws, "bare", password=True)
    _user(aws, "keys", password=True, device=True, key=True)
    _user(aws, "both", password=True, key=True)
    _user(aws, "machine", key=True)
    _user(aws, "nothing")
    return aws


def _members(aws: Direct) -> set[str]:
    return set(aws.world().get("iam_group", "RequireMfa").users)


def test_only_people_who_lose_nothing_are_held_to_it_at_first() -> None:
    """Who has a device and no key joins at once; who would be denied is a finding that says why; machines stay out."""
    aws = _everybody()
    made = plan(aws, "mfa")
    apply(aws, made)
    assert _members(aws) == {"ready"}
    staged = {one.message.split(" would")[0]: one.message for one in made.findings if one.staged == "mfa"}
    assert set(staged) == {"bare", "both", "keys"}
    assert "can sign in without an MFA device (done" in staged["bare"]
    assert "enrolling a device: has active access keys" in staged["keys"]
    assert "without an MFA device, and has active access keys" in staged["both"]
    people = [one.address for one in made.findings if one.staged is None]
    assert people == ["lab/iam_user/bare", "lab/iam_user/both"]


def test_enforced_everybody_who_can_sign_in_is_held_to_it() -> None:
    """A second plan has nothing left to do; who has no device stays a finding for a person."""
    aws = _everybody()
    apply(aws, plan(aws, "mfa", enforce="mfa"))
    assert _members(aws) == {"ready", "bare", "keys", "both"}
    again = plan(aws, "mfa", enforce="mfa")
    assert again.changes == ()
    assert [(one.address, one.staged) for one in again.findings] == [
        ("lab/iam_user/bare", None), ("lab/iam_user/both", None),
    ]  # fmt: skip


def test_once_held_somebody_stays_so_without_a_word() -> None:
    """Who is in the group already is neither a change nor a staged finding."""
    aws = _everybody()
    apply(aws, plan(aws, "mfa", enforce="all"))
    again = plan(aws, "mfa")
    assert again.changes == ()
    assert [one for one in again.findings if one.staged] == []


def test_the_policy_is_carried_by_a_group_and_never_by_a_role() -> None:
    """No change attaches it to a role, and a role that carries it already is a finding."""
    aws = _everybody()
    aws.get("iam", "create_role", RoleName="app", AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"}))
    made = plan(aws, "mfa", enforce="all")
    assert {call.operation for change in made.changes for call in change.calls} == {
        "create_policy", "create_group", "attach_group_policy", "add_user_to_group",
    }  # fmt: skip
    apply(aws, made)
    assert aws.world().get("iam_managed_policy", "DenyWithoutMfa").attached_to == {"group/RequireMfa"}
    aws.get("iam", "attach_role_policy", RoleName="app", PolicyArn=POLICY)
    found = [one.message for one in plan(aws, "mfa").findings if one.address == "lab/iam_role/app"]
    assert found == ["app carries DenyWithoutMfa, and can do nothing: sessions of roles have no MFA"]


def test_who_is_in_ten_groups_is_reported() -> None:
    """AWS has no room for one more group: a finding, and a plan that AWS takes."""
    aws = Direct()
    _user(aws, "ann", password=True, device=True)
    for number in range(10):
        aws.get("iam", "create_group", GroupName=f"g{number}")
        aws.get("iam", "add_user_to_group", GroupName=f"g{number}", UserName="ann")
    made = plan(aws, "mfa", enforce="all")
    apply(aws, made)
    assert _members(aws) == set()
    assert [one.message for one in made.findings] == [
        "ann is in ten groups, and cannot join RequireMfa: take ann out of one"
    ]


def test_protected_users_are_left_alone() -> None:
    """The break-glass user of the inventory is not held to anything."""
    aws = Direct(replace(ACCOUNT, protected=(Protected("break-glass"),)))
    _user(aws, "break-glass", password=True, device=True)
    apply(aws, plan(aws, "mfa", enforce="all"))
    assert _members(aws) == set()


def _asks(document: str | dict[str, Any]) -> dict[str, Any]:
    data = json.loads(document) if isinstance(document, str) else document
    found: dict[str, Any] = rendered("policies/trust-with-mfa.json.j2", trust=data)
    return found


MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


@pytest.mark.parametrize(
    "who",
    [ID, f"arn:aws:iam::{ID}:root", f"arn:aws:iam::{ID}:user/people/ann", [ID, f"arn:aws:iam::{ID}:user/bob"]],
)
def test_trust_in_people_of_the_account_asks_for_mfa(who: str | list[str]) -> None:
    """A statement for this account or its users gets the condition; conditions that are there stay."""
    (statement,) = _asks(trust({"AWS": who}))["Statement"]
    assert statement["Condition"] == MFA
    limited = {"StringEquals": {"aws:PrincipalTag/team": "core"}, "Bool": {"aws:SecureTransport": "true"}}
    (statement,) = _asks(trust({"AWS": who}, Condition=limited))["Statement"]
    assert statement["Condition"] == {**limited, "Bool": {**limited["Bool"], **MFA["Bool"]}}


@pytest.mark.parametrize(
    "principal",
    [
        {"Service": "ec2.amazonaws.com"}, {"AWS": f"arn:aws:iam::{ID}:role/other"}, {"AWS": "999999999999"}, "*",
        {"AWS": [ID, f"arn:aws:iam::{ID}:role/other"]}, {"AWS": ID, "Service": "ec2.amazonaws.com"},
        {"Federated": f"arn:aws:iam::{ID}:saml-provider/x"}, {"AWS": []},
    ],
)  # fmt: skip
def test_trust_in_others_is_left_as_it_is(principal: Any) -> None:
    """Roles, services, other accounts and identity providers have no MFA to show."""
    before = json.loads(trust(principal))
    assert _asks(before) == before


def test_a_condition_on_mfa_that_is_there_is_left_as_it_is() -> None:
    """However it is written; a Deny is no trust."""
    for condition in (
        {"Bool": {"aws:multifactorauthpresent": "true"}},
        {"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}},
    ):
        before = json.loads(trust({"AWS": ID}, Condition=condition))
        assert _asks(before) == before
    deny = json.loads(trust({"AWS": ID}, Effect="Deny"))
    assert _asks(deny) == deny


def test_a_single_statement_and_an_old_version_stay_what_they_are() -> None:
    """A document without Version is of 2008, and a statement need not be in a list."""
    statement = {"Effect": "Allow", "Principal": {"AWS": ID}, "Action": "sts:AssumeRole"}
    found = _asks({"Statement": statement})
    assert found == {"Version": "2008-10-17", "Statement": [{**statement, "Condition": MFA}]}


def test_roles_of_people_ask_for_mfa_where_it_is_enforced() -> None:
    """Staged, because other roles of the account could no longer assume them; done by the tag mfa-trust alone."""
    aws = Direct()
    own = {"AWS": f"arn:aws:iam::{ACCOUNT.id}:root"}
    aws.get("iam", "create_role", RoleName="people", AssumeRolePolicyDocument=trust(own))
    aws.get("iam", "create_role", RoleName="app", AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"}))
    found = [one for one in plan(aws, "mfa").findings if one.staged]
    assert [(one.address, one.staged) for one in found] == [("lab/iam_role/people", "mfa-trust")]
    made = plan(aws, "mfa", enforce="mfa-trust")
    assert [change.name for change in made.changes if change.kind == "iam_role"] == ["people"]
    apply(aws, made)
    assert plan(aws, "mfa", enforce="all").changes == ()


def test_a_policy_of_that_name_that_is_in_use_is_not_replaced_unasked() -> None:
    """Somebody's own DenyWithoutMfa would mean something else to those who carry it."""
    aws = Direct()
    aws.get("iam", "create_policy", PolicyName="DenyWithoutMfa", PolicyDocument=allow("s3:*"))
    aws.get("iam", "create_group", GroupName="team")
    aws.get("iam", "attach_group_policy", GroupName="team", PolicyArn=POLICY)
    (found,) = plan(aws, "mfa").findings
    assert found.message == "its content would be replaced, for group/team (done with -e enforce=mfa)"


def test_who_is_in_a_group_of_that_name_already_is_not_denied_unasked() -> None:
    """Somebody's own group of the name, with machines in it, gets the policy only where that is enforced."""
    aws = _everybody()
    aws.get("iam", "create_group", GroupName="RequireMfa")
    for name in ("machine", "ready"):
        aws.get("iam", "add_user_to_group", GroupName="RequireMfa", UserName=name)
    made = plan(aws, "mfa")
    assert [change.kind for change in made.changes] == ["iam_managed_policy"]
    (found,) = [one for one in made.findings if one.staged and "already" in one.message]
    assert found.message.startswith("it would carry DenyWithoutMfa, and machine, in it already, would be denied")
    apply(aws, plan(aws, "mfa", enforce="mfa"))
    assert aws.world().get("iam_managed_policy", "DenyWithoutMfa").attached_to == {"group/RequireMfa"}
    assert plan(aws, "mfa").changes == ()


def test_names_in_another_case_are_the_same() -> None:
    """AWS has one policy and one group of a name, however it is spelled: they are taken as they are."""
    aws = _everybody()
    aws.get("iam", "create_policy", PolicyName="denywithoutmfa", Path="/safe/", PolicyDocument=allow("s3:*"))
    aws.get("iam", "create_group", GroupName="requiremfa")
    apply(aws, plan(aws, "mfa", enforce="mfa"))
    assert set(aws.world().get("iam_group", "requiremfa").users) == {"ready", "bare", "keys", "both"}
    assert aws.world().get("iam_managed_policy", "denywithoutmfa").attached_to == {"group/requiremfa"}
    assert plan(aws, "mfa", enforce="all").changes == ()
