"""Who may call Organizations, and how its things are found and named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from iamfix.sandbox.call import Call, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.evaluation import decide_trust, statements_of
from iamfix.sandbox.services.organizations.state import Member, Organization, OrgPolicy, OrgState, Unit

T = TypeVar("T")


def org_state(call: Call) -> OrgState:
    """The organization's state, whichever account asks."""
    account = call.cloud.management_account or call.account
    return call.cloud.state(OrgState, account, call.partition)


def organization(call: Call) -> Organization:
    """The organization. Raises AWSOrganizationsNotInUseException."""
    found = org_state(call).organization
    if found is None or org_state(call).members.latest(call.account) is None:
        raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    return found


def for_readers(call: Call) -> Organization:
    """The organization, for calls of the management account and delegated administrators. Raises AccessDenied…"""
    found = organization(call)
    delegated = any(account == call.account for account, _ in org_state(call).delegated)
    if call.account != found.management_account and not delegated and not _delegated(call):
        raise _denied()
    return found


def for_manager(call: Call) -> Organization:
    """The organization, for calls of the management account, or of whom the resource policy lets make them.

    Raises AccessDeniedException.
    """
    found = organization(call)
    if call.account != found.management_account and not _delegated(call):
        raise _denied()
    return found


def _delegated(call: Call) -> bool:
    """Whether the organization's resource policy lets the caller's account make this call."""
    text = org_state(call).resource_policy
    if text is None:
        return False
    known = (f"arn:{call.partition}:iam::{call.account}:root", call.account, call.caller.principal_arn)
    action = f"organizations:{call.operation}"
    return decide_trust(statements_of(text), action, known, {"aws:PrincipalAccount": call.account}) == "allow"


def _denied() -> AwsError:
    return AwsError("AccessDeniedException", "You don't have permissions to access this resource.")


def org_page(call: Call, items: Sequence[T]) -> tuple[list[T], str | None]:
    """A page as Organizations cuts it: 20 at most; an empty one in between is possible (`Faults.empty_pages`)."""
    return page(call, items, default_size=20, size_param="MaxResults", token_param="NextToken", most=20)


def constraint(reason: str, message: str) -> AwsError:
    """A ConstraintViolationException."""
    return AwsError("ConstraintViolationException", message, fields={"Reason": reason})


def invalid_input(reason: str, message: str) -> AwsError:
    """An InvalidInputException."""
    return AwsError("InvalidInputException", message, fields={"Reason": reason})


def arn(call: Call, kind: str, *ids: str) -> str:
    """The ARN of a part of the organization, such as ("ou", "o-…", "ou-…")."""
    manager = org_state(call).organization
    account = manager.management_account if manager else call.account
    return f"arn:{call.partition}:organizations::{account}:{kind}/{'/'.join(ids)}"


def new_id(call: Call, prefix: str, length: int) -> str:
    """An id of Organizations, in small letters and digits."""
    return prefix + "".join(call.cloud.rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=length))


def target_kind(state: OrgState, target: str, replica: int) -> str:
    """ROOT, ORGANIZATIONAL_UNIT or ACCOUNT. Raises TargetNotFoundException."""
    if state.organization is not None and target == state.organization.root_id:
        return "ROOT"
    if state.units.latest(target) is not None and state.units.seen(target, replica) is not None:
        return "ORGANIZATIONAL_UNIT"
    if state.members.latest(target) is not None and state.members.seen(target, replica) is not None:
        return "ACCOUNT"
    raise AwsError("TargetNotFoundException", "You specified a target that doesn't exist.")


def see_unit(call: Call, unit_id: str) -> Unit:
    """An organizational unit."""
    found = org_state(call).units.seen(unit_id, call.replica)
    if found is None or org_state(call).units.latest(unit_id) is None:
        raise AwsError(
            "OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist."
        )
    return found


def see_member(call: Call, account_id: str) -> Member:
    """An account of the organization."""
    found = org_state(call).members.seen(account_id, call.replica)
    if found is None or org_state(call).members.latest(account_id) is None:
        raise AwsError("AccountNotFoundException", "You specified an account that doesn't exist.")
    return found


def see_policy(call: Call, policy_id: str) -> OrgPolicy:
    """A policy."""
    found = org_state(call).policies.seen(policy_id, call.replica)
    if found is None or org_state(call).policies.latest(policy_id) is None:
        raise AwsError("PolicyNotFoundException", "You specified a policy that doesn't exist.")
    return found


def path_of(state: OrgState, parent: str) -> list[str]:
    """The ids from the root down to a parent (root or unit), as last written."""
    ids = [parent]
    while (unit := state.units.latest(ids[0])) is not None:
        ids.insert(0, unit.parent)
    return ids


def is_parent(state: OrgState, parent: str, replica: int) -> bool:
    """Whether an id is the root's or a unit's."""
    root = state.organization is not None and parent == state.organization.root_id
    return root or (state.units.latest(parent) is not None and state.units.seen(parent, replica) is not None)
