"""The policy that denies without MFA, tried with the evaluation: enrolment goes, everything else does not."""

from __future__ import annotations

from typing import Any

import pytest

from iamfix.policy.document import Document
from iamfix.policy.evaluate import compile_policies, evaluate
from iamfix.policy.lint import lint
from iamfix.policy.request import make_request
from tests.practices.templates import ID, REGIONS, document, rendered

NO = {"aws:MultiFactorAuthPresent": "false"}
"""Signed in to the console without a device, or a session of GetSessionToken without a code."""
YES = {"aws:MultiFactorAuthPresent": "true"}
KEYS: dict[str, Any] = {"aws:MultiFactorAuthPresent": None}
"""A long-term access key: the key is absent."""
ADMIN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}

USER, DEVICE, OTHER = "{user}", "arn:{partition}:iam::{id}:mfa/any-name-she-likes", "arn:{partition}:iam::{id}:user/bob"
ENROLMENT = [
    ("iam:CreateVirtualMFADevice", DEVICE), ("iam:EnableMFADevice", USER), ("iam:ListMFADevices", USER),
    ("iam:GetMFADevice", USER), ("iam:ResyncMFADevice", USER), ("iam:ListVirtualMFADevices", "*"),
    ("iam:GetUser", USER),
]  # fmt: skip
PASSWORD = [("iam:ChangePassword", USER), ("iam:GetAccountPasswordPolicy", "*")]
REST = [
    ("iam:DeactivateMFADevice", USER), ("iam:DeleteVirtualMFADevice", DEVICE), ("iam:CreateAccessKey", USER),
    ("iam:DetachUserPolicy", USER), ("iam:RemoveUserFromGroup", "arn:{partition}:iam::{id}:group/RequireMfa"),
    ("iam:ListUsers", "*"), ("s3:GetObject", "arn:{partition}:s3:::bucket/key"), ("ec2:RunInstances", "*"),
    ("sts:AssumeRole", "arn:{partition}:iam::{id}:role/any"), ("sts:GetFederationToken", USER),
    ("iam:UpdateLoginProfile", USER), ("iam:DeleteLoginProfile", USER), ("organizations:ListAccounts", "*"),
]  # fmt: skip
OF_OTHERS = [("iam:ChangePassword", OTHER), ("iam:EnableMFADevice", OTHER), ("iam:ResyncMFADevice", OTHER)]

PATHS = ["/", "/people/", "/people/eu/berlin/"]


def _decide(
    partition: str, path: str, action: str, resource: str, context: dict[str, Any], *, others: tuple[Any, ...] = ()
) -> str:
    policy = document("policies/deny-without-mfa.json.j2", partition)
    user = f"arn:{partition}:iam::{ID}:user{path}ann"
    policies = compile_policies(identity=[policy, *(Document.parse(one) for one in others)])
    where = resource.format(user=user, partition=partition, id=ID)
    return evaluate(policies, make_request(user, action, where, context=context)).decision


everywhere = pytest.mark.parametrize("partition", sorted(REGIONS))
on_every_path = pytest.mark.parametrize("path", PATHS)


@everywhere
@on_every_path
@pytest.mark.parametrize(("action", "resource"), [*ENROLMENT, *PASSWORD])
@pytest.mark.parametrize("context", [NO, YES])
def test_enrolment_and_a_forced_password_change_are_allowed(
    partition: str, path: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    """Who has no device yet, and no other policy, can set the first password and enrol a device of any name."""
    assert _decide(partition, path, action, resource, context) == "allowed"


@everywhere
@on_every_path
@pytest.mark.parametrize(("action", "resource"), REST)
@pytest.mark.parametrize("context", [NO, KEYS])
def test_everything_else_is_denied_without_mfa_even_to_administrators(
    partition: str, path: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    """In the console without MFA, and with access keys: whatever other policies allow; a device cannot be taken off."""
    assert _decide(partition, path, action, resource, context, others=(ADMIN,)) == "explicit_deny"


@everywhere
@on_every_path
@pytest.mark.parametrize(("action", "resource"), [case for case in REST if case[0] != "sts:AssumeRole"])
def test_with_mfa_other_policies_decide(partition: str, path: str, action: str, resource: str) -> None:
    """An administrator with MFA may do all; without other policies, only what concerns the own device is allowed."""
    assert _decide(partition, path, action, resource, YES, others=(ADMIN,)) == "allowed"
    own = "allowed" if action == "iam:DeactivateMFADevice" else "implicit_deny"
    assert _decide(partition, path, action, resource, YES) == own


@everywhere
@on_every_path
@pytest.mark.parametrize("context", [NO, KEYS, YES])
def test_keys_can_get_a_session_with_mfa(partition: str, path: str, context: dict[str, Any]) -> None:
    """GetSessionToken is the way of access keys to MFA, so it is never denied."""
    assert _decide(partition, path, "sts:GetSessionToken", "*", context) == "allowed"


@everywhere
@on_every_path
@pytest.mark.parametrize(("action", "resource"), OF_OTHERS)
@pytest.mark.parametrize("context", [NO, KEYS, YES])
def test_nobody_enrols_for_others(
    partition: str, path: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    """The policy allows nothing on other users."""
    assert _decide(partition, path, action, resource, context) == "implicit_deny"


@pytest.mark.parametrize("name", ["ann", "x/ann", "joann", "ann/bob"])
def test_a_path_is_no_way_to_another_user(name: str) -> None:
    """Only users of that very name are meant, whatever their path."""
    policies = compile_policies(identity=[document("policies/deny-without-mfa.json.j2")])
    request = make_request(
        f"arn:aws:iam::{ID}:user/ann", "iam:ChangePassword", f"arn:aws:iam::{ID}:user/{name}", context=NO
    )
    assert evaluate(policies, request).decision == ("allowed" if name.split("/")[-1] == "ann" else "implicit_deny")


def test_the_policy_is_one_that_aws_takes() -> None:
    """No finding of lint that is more than a hint, and well within the size of a managed policy."""
    for partition in REGIONS:
        data = rendered("policies/deny-without-mfa.json.j2", partition)
        assert [found for found in lint(data, "identity", partition) if found.severity in ("error", "high")] == []
        assert Document.parse(data).size() < 6144
