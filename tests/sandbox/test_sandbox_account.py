"""Account Management in the sandbox, and what Organizations adds: delegation, slow types, throttling by turns."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iamfix.sandbox import Sandbox

PROD = "222222222222"
CONTACT = {"Name": "Ann", "Title": "CISO", "EmailAddress": "a@example.com", "PhoneNumber": "+1 555"}


def _code(call: Any, **params: Any) -> str | None:
    try:
        call(**params)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def test_contacts_of_ones_own_and_of_members(bare: Sandbox) -> None:
    """Members only with trusted access and by id, oneself only without; what is not there is not found."""
    account, org = bare.client("account"), bare.client("organizations")
    security: Any = {"AlternateContactType": "SECURITY"}
    assert _code(account.get_alternate_contact, **security) == "ResourceNotFoundException"
    assert _code(account.put_alternate_contact, **security, **CONTACT, AccountId=PROD) == "AccessDeniedException"
    org.enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    account.put_alternate_contact(**security, **CONTACT, AccountId=PROD)
    found = account.get_alternate_contact(**security, AccountId=PROD)["AlternateContact"]
    assert found == {**CONTACT, **security}
    assert _code(account.get_alternate_contact, **security, AccountId="111111111111") == "ValidationException"
    assert _code(account.get_alternate_contact, **security, AccountId="999999999999") == "AccessDeniedException"
    account.delete_alternate_contact(**security, AccountId=PROD)
    assert _code(account.delete_alternate_contact, **security, AccountId=PROD) == "ResourceNotFoundException"


def test_contact_information_and_regions(bare: Sandbox) -> None:
    """Information is kept whole; the list of regions comes in pages and by status."""
    account = bare.client("account")
    information = {
        "FullName": "ACME", "AddressLine1": "Street 1", "City": "Bern", "PostalCode": "3000", "CountryCode": "CH",
        "PhoneNumber": "+41 31",
    }  # fmt: skip
    assert _code(account.get_contact_information) == "ResourceNotFoundException"
    account.put_contact_information(ContactInformation=information)
    assert account.get_contact_information()["ContactInformation"] == information
    first = account.list_regions(MaxResults=15)
    more = account.list_regions(MaxResults=15, NextToken=first["NextToken"])
    assert len(first["Regions"]) + len(more["Regions"]) == 21
    off = account.list_regions(RegionOptStatusContains=["DISABLED"])["Regions"]
    assert {region["RegionOptStatus"] for region in off} == {"DISABLED"}


def test_a_resource_policy_delegates_calls(bare: Sandbox) -> None:
    """A member may do just what the organization's resource policy lets its account do."""
    member, org = bare.client("organizations", PROD), bare.client("organizations")
    assert _code(member.list_roots) == "AccessDeniedException"
    statement = {
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PROD}:root"}, "Action": "organizations:List*",
        "Resource": "*",
    }  # fmt: skip
    org.put_resource_policy(Content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert _code(member.list_roots) is None
    assert _code(member.create_organizational_unit, ParentId="r-prac", Name="x") == "AccessDeniedException"


def test_every_nth_request_of_a_service_can_be_throttled(bare: Sandbox) -> None:
    """The third, sixth, … request of that service; others go through."""
    bare.faults.throttle_every["organizations"] = 3
    org, iam = bare.client("organizations"), bare.client("iam")
    codes = [_code(org.list_roots) for _ in range(6)]
    assert codes == [None, None, "TooManyRequestsException"] * 2
    assert [_code(iam.list_users) for _ in range(4)] == [None] * 4


@pytest.mark.parametrize("polls", [1, 3])
def test_policy_types_may_take_several_polls(bare: Sandbox, polls: int) -> None:
    """ListRoots shows PENDING_ENABLE so often."""
    from tests.organizations.building import state_of

    state_of(bare.cloud).type_polls = polls
    org = bare.client("organizations")
    org.enable_policy_type(RootId="r-prac", PolicyType="TAG_POLICY")
    seen = []
    for _ in range(5):
        types = {one["Type"]: one["Status"] for one in org.list_roots()["Roots"][0]["PolicyTypes"]}
        seen.append(types["TAG_POLICY"])
    assert seen == ["PENDING_ENABLE"] * polls + ["ENABLED"] * (5 - polls)
