"""Trusted access of services, delegated administrators, and the organization's resource policy."""

from __future__ import annotations

import json
import re

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.organizations.access import (
    arn,
    constraint,
    for_manager,
    for_readers,
    invalid_input,
    org_page,
    org_state,
    organization,
    see_member,
)
from iamfix.sandbox.services.organizations.accounts import account_member


def _principal(call: Call) -> str:
    principal = call.param("ServicePrincipal")
    if not re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com", principal):
        raise invalid_input("UNRECOGNIZED_SERVICE_PRINCIPAL", "You specified an unrecognized service principal.")
    return principal


def enable_aws_service_access(call: Call) -> Answer:
    """EnableAWSServiceAccess: again is no error."""
    for_manager(call)
    org_state(call).services.setdefault(_principal(call), call.cloud.now())
    return {}


def disable_aws_service_access(call: Call) -> Answer:
    """DisableAWSServiceAccess: not while the service has a delegated administrator."""
    for_manager(call)
    principal = _principal(call)
    if any(service == principal for _, service in org_state(call).delegated):
        raise constraint("DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE", "Deregister the administrator first.")
    org_state(call).services.pop(principal, None)
    return {}


def list_aws_service_access(call: Call) -> Answer:
    """ListAWSServiceAccessForOrganization."""
    for_readers(call)
    services = org_state(call).services.items()
    some, token = org_page(call, [{"ServicePrincipal": name, "DateEnabled": at} for name, at in services])
    return {"EnabledServicePrincipals": some, "NextToken": token}


def register_delegated_administrator(call: Call) -> Answer:
    """RegisterDelegatedAdministrator: the service must have trusted access."""
    org, state, principal = for_manager(call), org_state(call), _principal(call)
    member = see_member(call, call.param("AccountId"))
    if member.id == org.management_account:
        raise constraint("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR", "Choose a member account.")
    if member.state != "ACTIVE":
        raise constraint("CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR", "The account is not active.")
    if principal not in state.services:
        raise constraint("SERVICE_ACCESS_NOT_ENABLED", "Enable trusted access of the service first.")
    if (member.id, principal) in state.delegated:
        raise AwsError("AccountAlreadyRegisteredException", "The account is already a delegated administrator.")
    state.delegated[member.id, principal] = call.cloud.now()
    return {}


def deregister_delegated_administrator(call: Call) -> Answer:
    """DeregisterDelegatedAdministrator."""
    for_manager(call)
    member, principal = see_member(call, call.param("AccountId")), _principal(call)
    if org_state(call).delegated.pop((member.id, principal), None) is None:
        raise AwsError("AccountNotRegisteredException", "The account is not a delegated administrator.")
    return {}


def list_delegated_administrators(call: Call) -> Answer:
    """ListDelegatedAdministrators, of all services or one."""
    for_readers(call)
    wanted, state = call.params.get("ServicePrincipal"), org_state(call)
    found = {account: enabled for (account, service), enabled in state.delegated.items() if wanted in (None, service)}
    told = []
    for account, enabled in found.items():
        member = state.members.latest(account)
        if member is not None:
            shown = {key: value for key, value in account_member(call, member).items() if key != "Paths"}
            told.append({**shown, "DelegationEnabledDate": enabled})
    some, token = org_page(call, told)
    return {"DelegatedAdministrators": some, "NextToken": token}


def list_delegated_services_for_account(call: Call) -> Answer:
    """ListDelegatedServicesForAccount."""
    for_readers(call)
    member = see_member(call, call.param("AccountId"))
    delegated = org_state(call).delegated.items()
    services = [
        {"ServicePrincipal": service, "DelegationEnabledDate": at}
        for (account, service), at in delegated
        if account == member.id
    ]
    if not services:
        raise AwsError("AccountNotRegisteredException", "The account is not a delegated administrator.")
    some, token = org_page(call, services)
    return {"DelegatedServices": some, "NextToken": token}


def put_resource_policy(call: Call) -> Answer:
    """PutResourcePolicy."""
    for_manager(call)
    content = call.param("Content")
    try:
        json.loads(content)
    except ValueError:
        raise invalid_input("INVALID_RESOURCE_POLICY_JSON", "The resource policy is not valid JSON.") from None
    org_state(call).resource_policy = content
    return _resource_policy(call, content)


def _resource_policy(call: Call, content: str) -> Answer:
    policy_arn = arn(call, "resourcepolicy", organization(call).id, "rp-sandbox1")
    return {"ResourcePolicy": {"ResourcePolicySummary": {"Id": "rp-sandbox1", "Arn": policy_arn}, "Content": content}}


def describe_resource_policy(call: Call) -> Answer:
    """DescribeResourcePolicy."""
    for_readers(call)
    content = org_state(call).resource_policy
    if content is None:
        raise _no_resource_policy()
    return _resource_policy(call, content)


def _no_resource_policy() -> AwsError:
    return AwsError("ResourcePolicyNotFoundException", "The organization has no resource policy.")


def delete_resource_policy(call: Call) -> Answer:
    """DeleteResourcePolicy."""
    for_manager(call)
    if org_state(call).resource_policy is None:
        raise _no_resource_policy()
    org_state(call).resource_policy = None
    return {}


OPERATIONS: dict[str, Handler] = {
    "EnableAWSServiceAccess": enable_aws_service_access,
    "DisableAWSServiceAccess": disable_aws_service_access,
    "ListAWSServiceAccessForOrganization": list_aws_service_access,
    "RegisterDelegatedAdministrator": register_delegated_administrator,
    "DeregisterDelegatedAdministrator": deregister_delegated_administrator,
    "ListDelegatedAdministrators": list_delegated_administrators,
    "ListDelegatedServicesForAccount": list_delegated_services_for_account,
    "PutResourcePolicy": put_resource_policy,
    "DescribeResourcePolicy": describe_resource_policy,
    "DeleteResourcePolicy": delete_resource_policy,
}
