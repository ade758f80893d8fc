"""Policy types: their limits, the policies of AWS that come with them, and enabling them for the root."""

from __future__ import annotations

import json
from dataclasses import dataclass

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.organizations.access import arn, constraint, for_manager, org_state
from iamfix.sandbox.services.organizations.state import Organization, OrgPolicy, OrgState


@dataclass(frozen=True)
class TypeRules:
    """A policy type's limits: characters, policies attached to one target, policies in all."""

    size: int
    attached: int
    policies: int = 1000
    least_attached: int = 0


RULES = {
    "SERVICE_CONTROL_POLICY": TypeRules(size=10240, attached=10, policies=10000, least_attached=1),
    "RESOURCE_CONTROL_POLICY": TypeRules(size=5120, attached=5, least_attached=1),
    "AISERVICES_OPT_OUT_POLICY": TypeRules(size=2500, attached=5),
}
_OTHER = TypeRules(size=10000, attached=10)

_FULL_ACCESS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_RCP_FULL_ACCESS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}
DEFAULTS = {
    "SERVICE_CONTROL_POLICY": OrgPolicy(
        "p-FullAWSAccess",
        "FullAWSAccess",
        "SERVICE_CONTROL_POLICY",
        json.dumps(_FULL_ACCESS),
        "Allows access to every operation",
        aws_managed=True,
    ),
    "RESOURCE_CONTROL_POLICY": OrgPolicy(
        "p-RCPFullAWSAccess",
        "RCPFullAWSAccess",
        "RESOURCE_CONTROL_POLICY",
        json.dumps(_RCP_FULL_ACCESS),
        "Allows access to every resource",
        aws_managed=True,
    ),
}


def rules(policy_type: str) -> TypeRules:
    """The limits of a policy type."""
    return RULES.get(policy_type, _OTHER)


def attach_defaults(state: OrgState, target: str) -> None:
    """Attach to a new target what AWS attaches for the enabled types; the policies of AWS exist from then on."""
    for policy_type, policy in DEFAULTS.items():
        if policy_type in state.types:
            _attach(state, policy, target)


def _attach(state: OrgState, policy: OrgPolicy, target: str) -> None:
    if state.policies.latest(policy.id) is None:
        state.policies.put(policy.id, policy)
    have = state.attachments.latest(target) or ()
    if policy.id not in have:
        state.attachments.put(target, (*have, policy.id))


def settle_types(state: OrgState) -> None:
    """Finish what is being enabled: it has been asked about often enough."""
    for policy_type, status in list(state.types.items()):
        left = state.type_polls_left.get(policy_type, 1) - 1
        state.type_polls_left[policy_type] = left
        if status == "PENDING_ENABLE" and left <= 0:
            state.types[policy_type] = "ENABLED"


def _all_targets(state: OrgState, org: Organization) -> list[str]:
    return [org.root_id, *state.units, *state.members]


def _check_root(call: Call, org: Organization) -> None:
    if call.param("RootId") != org.root_id:
        raise AwsError("RootNotFoundException", "You specified a root that doesn't exist.")


def _root_member(call: Call, org: Organization) -> dict[str, object]:
    types = [{"Type": name, "Status": status} for name, status in org_state(call).types.items()]
    return {"Id": org.root_id, "Arn": arn(call, "root", org.id, org.root_id), "Name": "Root", "PolicyTypes": types}


def enable_policy_type(call: Call) -> Answer:
    """EnablePolicyType: PENDING_ENABLE until it is asked about; again is an error."""
    org, state, policy_type = for_manager(call), org_state(call), call.param("PolicyType")
    _check_root(call, org)
    if policy_type in state.types:
        raise AwsError("PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled.")
    if org.features != "ALL":
        raise constraint("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE", "Enable all features first.")
    state.types[policy_type] = "PENDING_ENABLE"
    state.type_polls_left[policy_type] = state.type_polls
    if policy_type in DEFAULTS:
        for target in _all_targets(state, org):
            _attach(state, DEFAULTS[policy_type], target)
    return {"Root": _root_member(call, org)}


def disable_policy_type(call: Call) -> Answer:
    """DisablePolicyType: detaches all policies of the type everywhere."""
    org, state, policy_type = for_manager(call), org_state(call), call.param("PolicyType")
    _check_root(call, org)
    if policy_type not in state.types:
        raise AwsError("PolicyTypeNotEnabledException", "The specified policy type isn't enabled.")
    del state.types[policy_type]
    gone = {policy.id for policy in state.policies.all_latest() if policy.type == policy_type}
    for target in _all_targets(state, org):
        have = state.attachments.latest(target) or ()
        if gone & set(have):
            state.attachments.put(target, tuple(policy_id for policy_id in have if policy_id not in gone))
    return {"Root": _root_member(call, org)}


OPERATIONS: dict[str, Handler] = {
    "EnablePolicyType": enable_policy_type,
    "DisablePolicyType": disable_policy_type,
}
