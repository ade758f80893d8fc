"""The practice organization: valid by AWS's own rules, untidy by ours, and described by its inventory."""

import json

import pytest
import yaml

from iamfix.sandbox import Sandbox, inventory_yaml
from iamfix.sandbox.services.iam import aws_policies, documents
from iamfix.sandbox.services.iam.state import IamState


@pytest.fixture
def practice() -> Sandbox:
    return Sandbox(layout="practice")


def test_everything_in_it_could_exist_on_aws(practice: Sandbox) -> None:
    """All documents are well-formed and within the limits; all attached policies and groups exist."""
    aws = aws_policies.by_arn("aws")
    for account in practice.accounts:
        state = practice.cloud.state(IamState, account, "aws")
        policies = {policy.arn for policy in state.policies.all_latest()}
        groups = {group.id for group in state.groups.all_latest()}
        for policy in state.policies.all_latest():
            assert len(policy.versions) <= 5
            for version in policy.versions:
                documents.check_identity_policy(version.document)
        for holder in [*state.users.all_latest(), *state.groups.all_latest(), *state.roles.all_latest()]:
            assert set(holder.attached) <= policies | aws.keys()
            for text in holder.inline.values():
                documents.check_identity_policy(text)
        for role in state.roles.all_latest():
            documents.check_trust_policy(role.trust)
        for user in state.users.all_latest():
            assert set(user.groups) <= groups


def test_it_is_untidy(practice: Sandbox) -> None:
    """There is something to find for each practice: direct policies, no MFA, old keys, wide trust, empty groups …"""
    found = set()
    for account in practice.accounts:
        state = practice.cloud.state(IamState, account, "aws")
        users, roles = state.users.all_latest(), state.roles.all_latest()
        policy = state.password_policy.latest("account")
        found |= {
            name
            for name, there in {
                "direct policy": any(user.attached for user in users),
                "inline policy": any(user.inline for user in users),
                "console without MFA": any(user.login and not user.mfa_devices for user in users),
                "old key": any((practice.cloud.now() - key.created).days > 365 for u in users for key in u.access_keys),
                "unused user": any(not user.login and not user.access_keys for user in users),
                "versions": any(len(policy.versions) > 3 for policy in state.policies.all_latest()),
                "over-broad": any('"Action": ["*"]' in policy.document() for policy in state.policies.all_latest()),
                "wide trust": any(json.loads(role.trust)["Statement"][0]["Principal"] == "*" for role in roles),
                "empty group": any(
                    all(group.id not in user.groups for user in users) for group in state.groups.all_latest()
                ),
                "no tags": any(not user.tags for user in users),
                "weak passwords": policy is not None and policy.length < 8,
                "no password policy": policy is None,
                "root key": bool(state.root.access_keys),
                "root without MFA": not state.root.mfa_devices,
                "service-linked": any(role.path.startswith("/aws-service-role/") for role in roles),
                "Identity Center": any(role.path.startswith("/aws-reserved/sso.amazonaws.com/") for role in roles),
                "Control Tower": any("controltower" in role.name.lower() for role in roles),
                "CloudFormation": any("aws:cloudformation:stack-name" in role.tags for role in roles),
                "unattached policy": bool(
                    {policy.arn for policy in state.policies.all_latest()}
                    - {arn for holder in [*users, *roles, *state.groups.all_latest()] for arn in holder.attached}
                ),
            }.items()
            if there
        }
    assert len(found) == 19


def test_the_inventory_names_the_accounts_of_the_sandbox(practice: Sandbox) -> None:
    """The inventory has every account once, with its name and id, in the groups of its units."""
    inventory = yaml.safe_load(inventory_yaml())

    def accounts(group: dict) -> dict[str, str]:
        own = {told["id"]: name for name, told in group.get("accounts", {}).items()}
        for child in group.get("children", {}).values():
            own |= accounts(child)
        return own

    assert accounts(inventory["all"]) == {account.id: account.name for account in practice.accounts.values()}
    assert inventory["all"]["accounts"]["management"]["role_arn"] is None
    assert set(inventory["all"]["children"]["workloads"]["children"]) == {"prod", "dev"}


@pytest.mark.parametrize("layout", ["bare", "practice"])
def test_the_callers_role_opens_every_account(layout: str) -> None:
    """In each account the role `iamfix` can be assumed from the management account, and can list users."""
    with Sandbox(layout=layout) as sandbox:
        for account in sandbox.accounts:
            arn = f"arn:aws:iam::{account}:role/iamfix"
            assumed = sandbox.client("sts").assume_role(RoleArn=arn, RoleSessionName="run")
            sandbox.client_as(assumed["Credentials"]["AccessKeyId"], "iam").list_users()
