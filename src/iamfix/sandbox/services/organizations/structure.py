"""The organization, its root, its organizational units, and who is where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.organizations.access import (
    arn,
    constraint,
    for_manager,
    for_readers,
    is_parent,
    new_id,
    org_page,
    org_state,
    organization,
    path_of,
    see_unit,
)
from iamfix.sandbox.services.organizations.policy_types import attach_defaults, settle_types
from iamfix.sandbox.services.organizations.state import Member, Organization, Unit
from iamfix.sandbox.services.organizations.tagging import put_tags

MOST_UNITS = 2000
DEEPEST = 5


def _organization_member(call: Call, org: Organization) -> dict[str, Any]:
    manager = org_state(call).members.latest(org.management_account)
    return {
        "Id": org.id,
        "Arn": arn(call, "organization", org.id),
        "FeatureSet": org.features,
        "MasterAccountArn": arn(call, "account", org.id, org.management_account),
        "MasterAccountId": org.management_account,
        "MasterAccountEmail": manager.email if manager else None,
        "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
    }


def create_organization(call: Call) -> Answer:
    """CreateOrganization: with all features, service control policies are enabled."""
    state = org_state(call)
    if state.organization is not None:
        raise AwsError("AlreadyInOrganizationException", "The provided account is already a member of an organization.")
    root_id, account = new_id(call, "r-", 4), call.cloud.accounts[call.account]
    org = Organization(new_id(call, "o-", 10), root_id, call.account, call.params.get("FeatureSet", "ALL"))
    state.organization = org
    call.cloud.organization_id = org.id
    state.members.put(account.id, Member(account.id, account.name, account.email, root_id, call.cloud.now(), "INVITED"))
    if org.features == "ALL":
        state.types["SERVICE_CONTROL_POLICY"] = "ENABLED"
        for target in (root_id, account.id):
            attach_defaults(state, target)
    return {"Organization": _organization_member(call, org)}


def describe_organization(call: Call) -> Answer:
    """DescribeOrganization: any account of the organization may ask."""
    return {"Organization": _organization_member(call, organization(call))}


def list_roots(call: Call) -> Answer:
    """ListRoots: policy types that are being enabled show PENDING_ENABLE first."""
    org, state = for_readers(call), org_state(call)
    types = [{"Type": name, "Status": status} for name, status in state.types.items()]
    settle_types(state)
    root = {"Id": org.root_id, "Arn": arn(call, "root", org.id, org.root_id), "Name": "Root", "PolicyTypes": types}
    return {"Roots": [root]}


def unit_member(call: Call, unit: Unit) -> dict[str, Any]:
    """A unit as answers tell it."""
    org = organization(call)
    return {"Id": unit.id, "Arn": arn(call, "ou", org.id, unit.id), "Name": unit.name}


def _check_parent(call: Call, parent: str) -> None:
    if not is_parent(org_state(call), parent, call.replica):
        raise AwsError("ParentNotFoundException", "You specified parent that doesn't exist.")


def _check_name(call: Call, parent: str, name: str, unit_id: str = "") -> None:
    for unit in org_state(call).units.all_latest():
        if unit.parent == parent and unit.name == name and unit.id != unit_id:
            raise AwsError(
                "DuplicateOrganizationalUnitException", "An organizational unit with the same name already exists."
            )


def create_organizational_unit(call: Call) -> Answer:
    """CreateOrganizationalUnit: names are unique in a parent; five levels at most."""
    org, state, parent = for_manager(call), org_state(call), call.param("ParentId")
    _check_parent(call, parent)
    _check_name(call, parent, call.param("Name"))
    if len(path_of(state, parent)) > DEEPEST:
        raise constraint("OU_DEPTH_LIMIT_EXCEEDED", "You can nest organizational units five levels deep.")
    if len(state.units) >= MOST_UNITS:
        raise constraint("OU_NUMBER_LIMIT_EXCEEDED", "You have reached the limit of organizational units.")
    unit = Unit(new_id(call, f"ou-{org.root_id.removeprefix('r-')}-", 8), call.param("Name"), parent)
    put_tags(state, unit.id, call.params.get("Tags", []))
    state.units.put(unit.id, unit)
    attach_defaults(state, unit.id)
    return {"OrganizationalUnit": unit_member(call, unit)}


def describe_organizational_unit(call: Call) -> Answer:
    """DescribeOrganizationalUnit."""
    for_readers(call)
    return {"OrganizationalUnit": unit_member(call, see_unit(call, call.param("OrganizationalUnitId")))}


def update_organizational_unit(call: Call) -> Answer:
    """UpdateOrganizationalUnit: another name."""
    for_manager(call)
    unit = see_unit(call, call.param("OrganizationalUnitId"))
    name = call.params.get("Name", unit.name)
    _check_name(call, unit.parent, name, unit.id)
    changed = replace(unit, name=name)
    org_state(call).units.put(unit.id, changed)
    return {"OrganizationalUnit": unit_member(call, changed)}


def delete_organizational_unit(call: Call) -> Answer:
    """DeleteOrganizationalUnit: only an empty one."""
    for_manager(call)
    unit, state = see_unit(call, call.param("OrganizationalUnitId")), org_state(call)
    parents = {inner.parent for inner in state.units.all_latest()} | {m.parent for m in state.members.all_latest()}
    if unit.id in parents:
        raise AwsError("OrganizationalUnitNotEmptyException", "The organizational unit is not empty.")
    state.units.delete(unit.id)
    if state.attachments.latest(unit.id) is not None:
        state.attachments.delete(unit.id)
    return {}


def list_organizational_units_for_parent(call: Call) -> Answer:
    """ListOrganizationalUnitsForParent."""
    for_readers(call)
    parent = call.param("ParentId")
    _check_parent(call, parent)
    units = [unit for unit in org_state(call).units.all_seen(call.replica) if unit.parent == parent]
    some, token = org_page(call, units)
    return {"OrganizationalUnits": [unit_member(call, unit) for unit in some], "NextToken": token}


def list_children(call: Call) -> Answer:
    """ListChildren: the ACCOUNTs or ORGANIZATIONAL_UNITs of a parent."""
    for_readers(call)
    parent, kind, state = call.param("ParentId"), call.param("ChildType"), org_state(call)
    _check_parent(call, parent)
    have = [*(state.members if kind == "ACCOUNT" else state.units).all_seen(call.replica)]
    some, token = org_page(call, [{"Id": child.id, "Type": kind} for child in have if child.parent == parent])
    return {"Children": some, "NextToken": token}


def list_parents(call: Call) -> Answer:
    """ListParents of an account or unit."""
    org, child, state = for_readers(call), call.param("ChildId"), org_state(call)
    found = state.units.seen(child, call.replica) or state.members.seen(child, call.replica)
    if found is None:
        raise AwsError("ChildNotFoundException", "You specified a child that doesn't exist.")
    kind = "ROOT" if found.parent == org.root_id else "ORGANIZATIONAL_UNIT"
    return {"Parents": [{"Id": found.parent, "Type": kind}]}


def move_account(call: Call) -> Answer:
    """MoveAccount: the source must be the account's parent."""
    for_manager(call)
    state = org_state(call)
    source, destination = call.param("SourceParentId"), call.param("DestinationParentId")
    member = state.members.latest(call.param("AccountId"))
    if member is None or state.members.seen(member.id, call.replica) is None:
        raise AwsError("AccountNotFoundException", "You specified an account that doesn't exist.")
    if not is_parent(state, source, call.replica) or member.parent not in (source, destination):
        raise AwsError("SourceParentNotFoundException", "You specified a source parent that doesn't hold the account.")
    if not is_parent(state, destination, call.replica):
        raise AwsError("DestinationParentNotFoundException", "You specified a destination that doesn't exist.")
    if member.parent == destination:
        raise AwsError("DuplicateAccountException", "The account is already present in the specified destination.")
    state.members.put(member.id, replace(member, parent=destination))
    return {}


def enable_all_features(call: Call) -> Answer:
    """EnableAllFeatures: an organization that has them answers HandshakeConstraintViolationException."""
    for_manager(call)
    raise AwsError("HandshakeConstraintViolationException", "The organization already has all features enabled.")


OPERATIONS: dict[str, Handler] = {
    "CreateOrganization": create_organization,
    "DescribeOrganization": describe_organization,
    "ListRoots": list_roots,
    "CreateOrganizationalUnit": create_organizational_unit,
    "DescribeOrganizationalUnit": describe_organizational_unit,
    "UpdateOrganizationalUnit": update_organizational_unit,
    "DeleteOrganizationalUnit": delete_organizational_unit,
    "ListOrganizationalUnitsForParent": list_organizational_units_for_parent,
    "ListChildren": list_children,
    "ListParents": list_parents,
    "MoveAccount": move_account,
    "EnableAllFeatures": enable_all_features,
}
