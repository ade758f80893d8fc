"""Central root access of an organization: its two features, and who may turn them.

Source: IAM API Reference, "ListOrganizationsFeatures", "EnableOrganizationsRootCredentialsManagement",
"EnableOrganizationsRootSessions" and the two that disable them.
"""

from __future__ import annotations

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.state import IamState
from iamfix.sandbox.services.organizations.state import Organization, OrgState

PRINCIPAL = "iam.amazonaws.com"
CREDENTIALS = "RootCredentialsManagement"
SESSIONS = "RootSessions"


def organization_of(call: Call) -> tuple[Organization, OrgState]:
    """The organization that the caller administers IAM for. Raises its three errors."""
    manager = call.cloud.management_account
    state = call.cloud.state(OrgState, manager or call.account, call.partition)
    org = state.organization
    if org is None or state.members.latest(call.account) is None:
        raise AwsError("OrganizationNotFound", "The account is not a member of an organization.", status=400)
    if call.account != org.management_account and (call.account, PRINCIPAL) not in state.delegated:
        told = "The account is not the management account or the delegated administrator for central root access."
        raise AwsError("AccountNotManagementOrDelegatedAdministrator", told, status=400)
    if org.features != "ALL":
        raise AwsError("OrganizationNotInAllFeaturesMode", "The organization has not all features.", status=400)
    if PRINCIPAL not in state.services:
        raise AwsError("ServiceAccessNotEnabled", "Trusted access is not enabled for IAM in Organizations.", status=400)
    return org, state


def features_of(call: Call, org: Organization) -> set[str]:
    """The features that are on; they are kept with the management account."""
    return call.cloud.state(IamState, org.management_account, call.partition).root_features


def list_features(call: Call) -> Answer:
    """ListOrganizationsFeatures."""
    org, _ = organization_of(call)
    return {"OrganizationId": org.id, "EnabledFeatures": sorted(features_of(call, org))}


def _enable(call: Call, feature: str) -> Answer:
    org, _ = organization_of(call)
    if call.account != org.management_account:
        raise AwsError("CallerIsNotManagementAccount", "The caller is not the management account.", status=400)
    features_of(call, org).add(feature)
    return list_features(call)


def _disable(call: Call, feature: str) -> Answer:
    org, _ = organization_of(call)
    features_of(call, org).discard(feature)
    return list_features(call)


OPERATIONS: dict[str, Handler] = {
    "ListOrganizationsFeatures": list_features,
    "EnableOrganizationsRootCredentialsManagement": lambda call: _enable(call, CREDENTIALS),
    "DisableOrganizationsRootCredentialsManagement": lambda call: _disable(call, CREDENTIALS),
    "EnableOrganizationsRootSessions": lambda call: _enable(call, SESSIONS),
    "DisableOrganizationsRootSessions": lambda call: _disable(call, SESSIONS),
}
