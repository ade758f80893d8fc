"""Accounts of the organization: made in the background, closed, and listed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.state import IamState, Role, RootUser
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
    see_member,
)
from iamfix.sandbox.services.organizations.policy_types import attach_defaults
from iamfix.sandbox.services.organizations.state import Creation, Member, OrgState
from iamfix.sandbox.services.organizations.tagging import put_tags

MOST_CREATIONS = 5
_WAITING = timedelta(days=4)
_OLD_STATUS = {"PENDING_ACTIVATION": "ACTIVE", "CLOSED": "SUSPENDED"}


def account_member(call: Call, member: Member) -> dict[str, Any]:
    """An account as answers tell it."""
    org, state = organization(call), org_state(call)
    return {
        "Id": member.id,
        "Arn": arn(call, "account", org.id, member.id),
        "Email": member.email,
        "Name": member.name,
        "Status": _OLD_STATUS.get(member.state, member.state),
        "State": member.state,
        "Paths": ["/".join([org.id, *path_of(state, member.parent), member.id])],
        "JoinedMethod": member.method,
        "JoinedTimestamp": member.joined,
    }


def list_accounts(call: Call) -> Answer:
    """ListAccounts: closing accounts get to their final state when they are listed."""
    for_readers(call)
    some, token = org_page(call, org_state(call).members.all_seen(call.replica))
    told = [account_member(call, member) for member in some]
    _settle_closing(call)
    return {"Accounts": told, "NextToken": token}


def _settle_closing(call: Call) -> None:
    state = org_state(call)
    for member in state.members.all_latest():
        if member.state == "PENDING_CLOSURE":
            state.members.put(member.id, replace(member, state="SUSPENDED"))


def list_accounts_for_parent(call: Call) -> Answer:
    """ListAccountsForParent."""
    for_readers(call)
    state, parent = org_state(call), call.param("ParentId")
    if not is_parent(state, parent, call.replica):
        raise AwsError("ParentNotFoundException", "You specified parent that doesn't exist.")
    members = [member for member in state.members.all_seen(call.replica) if member.parent == parent]
    some, token = org_page(call, members)
    return {"Accounts": [account_member(call, member) for member in some], "NextToken": token}


def describe_account(call: Call) -> Answer:
    """DescribeAccount."""
    for_readers(call)
    return {"Account": account_member(call, see_member(call, call.param("AccountId")))}


def create_account(call: Call) -> Answer:
    """CreateAccount: runs in the background; a repeated e-mail address fails there."""
    for_manager(call)
    state = org_state(call)
    if sum(creation.state == "IN_PROGRESS" for creation in state.creations.values()) >= MOST_CREATIONS:
        raise AwsError("TooManyRequestsException", "You have sent too many requests.")
    creation = Creation(
        id=new_id(call, "car-", 32),
        name=call.param("AccountName"),
        email=call.param("Email"),
        requested=call.cloud.now(),
        role_name=call.params.get("RoleName", "OrganizationAccountAccessRole"),
        tags={tag["Key"]: tag.get("Value", "") for tag in call.params.get("Tags", [])},
        polls_left=state.creation_polls,
    )
    state.creations[creation.id] = creation
    return {"CreateAccountStatus": _status_member(creation)}


def _status_member(creation: Creation) -> dict[str, Any]:
    return {
        "Id": creation.id,
        "AccountName": creation.name,
        "State": creation.state,
        "RequestedTimestamp": creation.requested,
        "CompletedTimestamp": creation.completed,
        "AccountId": creation.account_id,
        "FailureReason": creation.failure,
    }


def describe_create_account_status(call: Call) -> Answer:
    """DescribeCreateAccountStatus: IN_PROGRESS for some polls."""
    for_manager(call)
    creation = org_state(call).creations.get(call.param("CreateAccountRequestId"))
    if creation is None:
        raise AwsError("CreateAccountStatusNotFoundException", "You specified a request that doesn't exist.")
    told = _status_member(creation)
    if creation.state == "IN_PROGRESS":
        creation.polls_left -= 1
        if creation.polls_left <= 0:
            _finish(call, creation)
    return {"CreateAccountStatus": told}


def _finish(call: Call, creation: Creation) -> None:
    state, org = org_state(call), organization(call)
    creation.completed = call.cloud.now()
    if failure := _email_failure(state, creation.email):
        creation.state, creation.failure = "FAILED", failure
        return
    account_id = "".join(call.cloud.rng.choices("0123456789", k=12))
    member = Member(account_id, creation.name, creation.email, org.root_id, call.cloud.now())
    call.cloud.add_account(account_id, creation.name, creation.email, unusable=state.unusable_seconds)
    # Accounts that an organization makes have no root credentials (IAM User Guide, "AWS account root user").
    call.cloud.state(IamState, account_id, call.partition).root = RootUser(id=account_id)
    state.members.put(account_id, member)
    attach_defaults(state, account_id)
    put_tags(state, account_id, [{"Key": key, "Value": value} for key, value in creation.tags.items()])
    _add_access_role(call, account_id, creation.role_name, org.management_account)
    creation.state, creation.account_id = "SUCCEEDED", account_id


_EMAIL = re.compile(r"(?!\.)[!-~]+@(?![-.])[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(?<![-.])")
_NOT_IN_LOCAL = frozenset("\"'()<>[]:;,\\|%&")


def _email_failure(state: OrgState, email: str) -> str | None:
    """Why AWS makes no account of this address: another account has it, or it breaks the rules of CreateAccount."""
    taken = {member.email.lower() for member in state.members.all_latest()} | state.addresses_elsewhere
    if email.lower() in taken:
        return "EMAIL_ALREADY_EXISTS"
    good = _EMAIL.fullmatch(email) and email.count("@") == 1 and not _NOT_IN_LOCAL & set(email.partition("@")[0])
    return None if good else "INVALID_EMAIL"


def _add_access_role(call: Call, account_id: str, name: str, manager: str) -> None:
    principal = {"AWS": f"arn:{call.partition}:iam::{manager}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    role = Role(
        name=name,
        path="/",
        id=call.cloud.new_id("AROA"),
        created=call.cloud.now(),
        attached=(f"arn:{call.partition}:iam::aws:policy/AdministratorAccess",),
        trust=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    call.cloud.state(IamState, account_id, call.partition).put_role(role)


def list_create_account_status(call: Call) -> Answer:
    """ListCreateAccountStatus."""
    for_manager(call)
    wanted = call.params.get("States")
    have = [c for c in org_state(call).creations.values() if not wanted or c.state in wanted]
    some, token = org_page(call, have)
    return {"CreateAccountStatuses": [_status_member(creation) for creation in some], "NextToken": token}


def close_account(call: Call) -> Answer:
    """CloseAccount: PENDING_CLOSURE first, SUSPENDED later."""
    org, state = for_manager(call), org_state(call)
    member = see_member(call, call.param("AccountId"))
    if member.id == org.management_account:
        raise constraint("CANNOT_CLOSE_MANAGEMENT_ACCOUNT", "You can't close the management account.")
    if member.state != "ACTIVE":
        raise AwsError("AccountAlreadyClosedException", "You attempted to close an account that is already closed.")
    state.members.put(member.id, replace(member, state="PENDING_CLOSURE"))
    return {}


def leave_organization(call: Call) -> Answer:
    """LeaveOrganization: a member's own call."""
    organization(call)
    return _removed(call, call.account)


def remove_account(call: Call) -> Answer:
    """RemoveAccountFromOrganization: the management account's call."""
    for_manager(call)
    return _removed(call, see_member(call, call.param("AccountId")).id)


def _removed(call: Call, account: str) -> Answer:
    """Take an account out; one that was made here first waits four days, and then needs a way to pay."""
    state, org = org_state(call), organization(call)
    member = state.members.latest(account)
    assert member is not None
    if account == org.management_account:
        raise AwsError("MasterCannotLeaveOrganizationException", "The management account can't leave.")
    if any(delegate == account for delegate, _ in state.delegated):
        raise constraint("CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG", "Deregister the administrator first.")
    if member.method == "CREATED":
        young = call.cloud.now() - member.joined < _WAITING
        reason = "WAIT_PERIOD_ACTIVE" if young else "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED"
        raise constraint(reason, "The account can't leave the organization yet.")
    state.members.delete(account)
    for store in (state.attachments, state.tags):
        if store.latest(account) is not None:
            store.delete(account)
    return {}


OPERATIONS: dict[str, Handler] = {
    "ListAccounts": list_accounts,
    "ListAccountsForParent": list_accounts_for_parent,
    "DescribeAccount": describe_account,
    "CreateAccount": create_account,
    "DescribeCreateAccountStatus": describe_create_account_status,
    "ListCreateAccountStatus": list_create_account_status,
    "CloseAccount": close_account,
    "LeaveOrganization": leave_organization,
    "RemoveAccountFromOrganization": remove_account,
}
