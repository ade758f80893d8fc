"""AWS Account Management: alternate contacts, contact information, and the list of regions; nothing of it is moto's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, Service, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.organizations.state import OrgState
from iamfix.sandbox.store import Store, Visibility

_PRINCIPAL = "account.amazonaws.com"
_DEFAULT = (
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1",
    "us-east-2", "us-west-1", "us-west-2",
)  # fmt: skip
_OPT_IN = ("af-south-1", "ap-east-1", "eu-south-1", "me-south-1")


class AccountState:
    """Of one account: its alternate contacts by type, its contact information, the opt-in regions it has enabled."""

    def __init__(self, visibility: Visibility) -> None:
        self.contacts: Store[Mapping[str, str]] = Store(visibility)
        self.information: Store[Mapping[str, str]] = Store(visibility)
        self.enabled: set[str] = set()


def _state(call: Call) -> AccountState:
    """The state of the account that a call is about. Raises AccessDeniedException, ValidationException.

    Another account than the caller's own: only from the management account or a delegated administrator, with trusted
    access. The management account itself is never named (Account Management API Reference, AccountId).
    """
    named = call.params.get("AccountId")
    if named is None:
        return call.state(AccountState)
    manager = call.cloud.management_account
    if manager is None:
        raise AwsError("AccessDeniedException", "The account is in no organization.", status=403)
    org = call.cloud.state(OrgState, manager, call.partition)
    delegated = (call.account, _PRINCIPAL) in org.delegated
    if call.account != manager and not delegated:
        raise AwsError("AccessDeniedException", "You may not ask for other accounts.", status=403)
    if _PRINCIPAL not in org.services:
        raise AwsError("AccessDeniedException", "Trusted access for Account Management is not enabled.", status=403)
    member = org.members.latest(named)
    if named == manager:
        raise AwsError("ValidationException", "The management account cannot be named by AccountId.")
    if member is None:
        raise AwsError("AccessDeniedException", "The account is not of this organization.", status=403)
    return call.cloud.state(AccountState, named, call.partition)


def put_alternate_contact(call: Call) -> Answer:
    """PutAlternateContact: one of each type; it replaces the one before."""
    fields = ("Name", "Title", "EmailAddress", "PhoneNumber")
    _state(call).contacts.put(call.param("AlternateContactType"), {name: call.param(name) for name in fields})
    return {}


def get_alternate_contact(call: Call) -> Answer:
    """GetAlternateContact. Raises ResourceNotFoundException."""
    kind = call.param("AlternateContactType")
    found = _state(call).contacts.seen(kind, call.replica)
    if found is None:
        raise _missing()
    return {"AlternateContact": {**found, "AlternateContactType": kind}}


def delete_alternate_contact(call: Call) -> Answer:
    """DeleteAlternateContact. Raises ResourceNotFoundException."""
    kind, state = call.param("AlternateContactType"), _state(call)
    if state.contacts.latest(kind) is None:
        raise _missing()
    state.contacts.delete(kind)
    return {}


def _missing() -> AwsError:
    return AwsError("ResourceNotFoundException", "No contact of the inputted alternate contact type found.", status=404)


def put_contact_information(call: Call) -> Answer:
    """PutContactInformation: replaced whole."""
    _state(call).information.put("primary", dict(call.params["ContactInformation"]))
    return {}


def get_contact_information(call: Call) -> Answer:
    """GetContactInformation. Raises ResourceNotFoundException."""
    found = _state(call).information.seen("primary", call.replica)
    if found is None:
        raise AwsError("ResourceNotFoundException", "No contact information was found.", status=404)
    return {"ContactInformation": dict(found)}


def list_regions(call: Call) -> Answer:
    """ListRegions: those that are on by default, and those to opt in to."""
    state, wanted = _state(call), call.params.get("RegionOptStatusContains")
    regions: list[dict[str, Any]] = [
        *({"RegionName": name, "RegionOptStatus": "ENABLED_BY_DEFAULT"} for name in _DEFAULT),
        *(
            {"RegionName": name, "RegionOptStatus": "ENABLED" if name in state.enabled else "DISABLED"}
            for name in _OPT_IN
        ),
    ]
    have = [region for region in regions if not wanted or region["RegionOptStatus"] in wanted]
    some, token = page(call, have, default_size=20, size_param="MaxResults", token_param="NextToken", most=50)
    return {"Regions": some, "NextToken": token}


OPERATIONS: dict[str, Handler] = {
    "PutAlternateContact": put_alternate_contact,
    "GetAlternateContact": get_alternate_contact,
    "DeleteAlternateContact": delete_alternate_contact,
    "PutContactInformation": put_contact_information,
    "GetContactInformation": get_contact_information,
    "ListRegions": list_regions,
}
SERVICE = Service("account", OPERATIONS, moto=False)
