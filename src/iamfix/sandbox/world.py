"""What there is in the sandbox at first: nothing, bare accounts, or a practice organization as untidy as real ones."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from iamfix.sandbox import practice
from iamfix.sandbox.building import PARTITION, Builder, aws_policy, trust
from iamfix.sandbox.cloud import Cloud
from iamfix.sandbox.credentials import Caller
from iamfix.sandbox.services.organizations.policy_types import attach_defaults
from iamfix.sandbox.services.organizations.state import Member, Organization, OrgState, Unit

Layout = Literal["none", "bare", "practice"]

MANAGEMENT = "111111111111"
OPERATOR_ROLE = "AWSReservedSSO_AdministratorAccess_0a1b2c3d4e5f6071"
ACCOUNTS = {
    MANAGEMENT: "management",
    "222222222222": "payments-prod",
    "333333333333": "payments-dev",
    "444444444444": "data-prod",
    "555555555555": "sandbox-alice",
}
OUS: dict[str, dict[str, list[str]]] = {
    "workloads": {"prod": ["222222222222", "444444444444"], "dev": ["333333333333"]},
    "sandbox": {"": ["555555555555"]},
}
"""Organizational units under the root, those inside them, and their accounts ("": the unit itself)."""


def build(cloud: Cloud, layout: Layout) -> None:
    """Fill an empty cloud.

    "none": the management account without an organization. "bare": the organization, with a role `iamfix` in each
    account and nothing else. "practice": the same, and everything in `practice`.
    """
    cloud.management_account = MANAGEMENT
    accounts = {MANAGEMENT: "management"} if layout == "none" else ACCOUNTS
    for account_id, name in accounts.items():
        cloud.add_account(account_id, name)
    _add_operator(cloud)
    if layout == "none":
        return
    _add_organization(cloud)
    for account_id in accounts:
        add_iamfix_role(cloud, account_id)
    if layout == "practice":
        practice.build(cloud)


def _add_operator(cloud: Cloud) -> None:
    """The management account's administrator, who signs in through Identity Center: the default caller."""
    saml = f"arn:{PARTITION}:iam::{MANAGEMENT}:saml-provider/AWSSSO_0a1b2c3d_DO_NOT_DELETE"
    role = Builder(cloud, MANAGEMENT).role(
        OPERATOR_ROLE,
        trust({"Federated": saml}, action="sts:AssumeRoleWithSAML"),
        path="/aws-reserved/sso.amazonaws.com/",
        attached=[aws_policy("AdministratorAccess")],
        max_session=43200,
    )
    cloud.credentials.default = Caller(
        account=MANAGEMENT,
        arn=f"arn:{PARTITION}:sts::{MANAGEMENT}:assumed-role/{OPERATOR_ROLE}/operator",
        user_id=f"{role.id}:operator",
        principal_arn=role.arn(MANAGEMENT, PARTITION),
        kind="role",
    )


def _add_organization(cloud: Cloud) -> None:
    """The organization: all accounts in their units, service control policies enabled, CloudTrail trusted."""
    state, joined = cloud.state(OrgState, MANAGEMENT, PARTITION), cloud.now() - timedelta(days=1500)
    state.organization = Organization("o-practice01", "r-prac", MANAGEMENT)
    cloud.organization_id = state.organization.id
    state.types["SERVICE_CONTROL_POLICY"] = "ENABLED"
    state.services["sso.amazonaws.com"] = joined
    parents = {MANAGEMENT: "r-prac"}
    for number, (outer, inner) in enumerate(OUS.items(), start=1):
        unit = Unit(f"ou-prac-{number}0000000", outer, "r-prac")
        state.units.put(unit.id, unit)
        for inside, (name, ids) in enumerate(inner.items(), start=1):
            parent = unit.id
            if name:
                child = Unit(f"ou-prac-{number}{inside}000000", name, unit.id)
                state.units.put(child.id, child)
                parent = child.id
            parents.update(dict.fromkeys(ids, parent))
    for account in cloud.accounts.values():
        method = "INVITED" if account.id == MANAGEMENT else "CREATED"
        member = Member(account.id, account.name, account.email, parents[account.id], joined, method)
        state.members.put(account.id, member)
    for target in ("r-prac", *state.units, *state.members):
        attach_defaults(state, target)


def add_iamfix_role(cloud: Cloud, account_id: str) -> None:
    """The role `iamfix` of an account: an administrator whom the management account may assume."""
    Builder(cloud, account_id).role(
        "iamfix",
        trust({"AWS": f"arn:{PARTITION}:iam::{MANAGEMENT}:root"}),
        attached=[aws_policy("AdministratorAccess")],
        description="Lets iamfix, run from the management account, manage this account.",
    )


def inventory_yaml() -> str:
    """The inventory with which iamfix works on the sandbox (the endpoint comes from AWS_ENDPOINT_URL)."""
    lines = [
        "all:",
        "  vars:",
        "    role_name: iamfix",
        "    home_region: us-east-1",
        "    regions: [us-east-1, eu-west-1]",
        "  accounts:",
        "    management:",
        f'      id: "{MANAGEMENT}"',
        "      role_arn: null # the caller's own credentials",
        f'      protected: ["arn:{PARTITION}:iam::{MANAGEMENT}:user/break-glass"]',
        "  children:",
    ]
    for unit, inner in OUS.items():
        lines.append(f"    {unit}:")
        lines += _accounts(inner.get("", []), "      ")
        children = {name: ids for name, ids in inner.items() if name}
        if children:
            lines.append("      children:")
        for name, ids in children.items():
            lines.append(f"        {name}:")
            lines += _accounts(ids, "          ")
    return "\n".join(lines) + "\n"


def _accounts(ids: list[str], indent: str) -> list[str]:
    if not ids:
        return []
    return [f"{indent}accounts:", *(f'{indent}  {ACCOUNTS[account_id]}: {{id: "{account_id}"}}' for account_id in ids)]
