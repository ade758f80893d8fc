"""Policies of the organization, and the targets to which they are attached."""

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
    invalid_input,
    new_id,
    org_page,
    org_state,
    organization,
    see_policy,
    target_kind,
)
from iamfix.sandbox.services.organizations.policy_content import check_content
from iamfix.sandbox.services.organizations.policy_types import DEFAULTS, rules, settle_types
from iamfix.sandbox.services.organizations.state import OrgPolicy, OrgState
from iamfix.sandbox.services.organizations.tagging import put_tags


def summary(call: Call, policy: OrgPolicy) -> dict[str, Any]:
    """A policy without its content."""
    kind = policy.type.lower()
    owner = f"arn:{call.partition}:organizations::aws:policy/{kind}/{policy.id}"
    return {
        "Id": policy.id,
        "Arn": owner if policy.aws_managed else arn(call, "policy", organization(call).id, kind, policy.id),
        "Name": policy.name,
        "Description": policy.description,
        "Type": policy.type,
        "AwsManaged": policy.aws_managed,
    }


def _whole(call: Call, policy: OrgPolicy) -> Answer:
    return {"Policy": {"PolicySummary": summary(call, policy), "Content": policy.content}}


def _check_name(state: OrgState, policy_type: str, name: str, policy_id: str = "") -> None:
    for policy in state.policies.all_latest():
        if (policy.type, policy.name) == (policy_type, name) and policy.id != policy_id:
            raise AwsError("DuplicatePolicyException", "A policy with the same name already exists.")


def create_policy(call: Call) -> Answer:
    """CreatePolicy: names are unique in a type."""
    for_manager(call)
    state, policy_type = org_state(call), call.param("Type")
    check_content(policy_type, call.param("Content"))
    _check_name(state, policy_type, call.param("Name"))
    same = [policy for policy in state.policies.all_latest() if policy.type == policy_type]
    if len(same) >= rules(policy_type).policies:
        raise constraint("POLICY_NUMBER_LIMIT_EXCEEDED", "You have reached the limit of policies of this type.")
    policy = OrgPolicy(
        new_id(call, "p-", 8),
        call.param("Name"),
        policy_type,
        call.param("Content"),
        call.params.get("Description", ""),
    )
    put_tags(state, policy.id, call.params.get("Tags", []))
    state.policies.put(policy.id, policy)
    return _whole(call, policy)


def describe_policy(call: Call) -> Answer:
    """DescribePolicy: the content as it was sent."""
    for_readers(call)
    return _whole(call, see_policy(call, call.param("PolicyId")))


def _take_own(call: Call) -> OrgPolicy:
    policy_id = call.param("PolicyId")
    see_policy(call, policy_id)
    policy = org_state(call).policies.latest(policy_id)
    assert policy is not None
    if policy.aws_managed:
        raise invalid_input("IMMUTABLE_POLICY", "You can't change or delete a policy of AWS.")
    return policy


def update_policy(call: Call) -> Answer:
    """UpdatePolicy: what is left out is kept."""
    for_manager(call)
    policy, state = _take_own(call), org_state(call)
    changed = replace(
        policy,
        name=call.params.get("Name", policy.name),
        description=call.params.get("Description", policy.description),
        content=call.params.get("Content", policy.content),
    )
    check_content(policy.type, changed.content)
    _check_name(state, policy.type, changed.name, policy.id)
    state.policies.put(policy.id, changed)
    return _whole(call, changed)


def delete_policy(call: Call) -> Answer:
    """DeletePolicy: it must be detached from everything."""
    for_manager(call)
    policy, state = _take_own(call), org_state(call)
    if any(policy.id in (state.attachments.latest(target) or ()) for target in state.attachments):
        raise AwsError("PolicyInUseException", "The policy is attached to one or more entities.")
    state.policies.delete(policy.id)
    return {}


def list_policies(call: Call) -> Answer:
    """ListPolicies of a type."""
    for_readers(call)
    wanted = call.param("Filter")
    policies = [policy for policy in org_state(call).policies.all_seen(call.replica) if policy.type == wanted]
    some, token = org_page(call, policies)
    return {"Policies": [summary(call, policy) for policy in some], "NextToken": token}


def attach_policy(call: Call) -> Answer:
    """AttachPolicy: the type must be enabled; a target takes a policy once, and so many of a type."""
    for_manager(call)
    state, policy, target = org_state(call), see_policy(call, call.param("PolicyId")), call.param("TargetId")
    target_kind(state, target, call.replica)
    status = state.types.get(policy.type)
    if status is None:
        raise AwsError("PolicyTypeNotEnabledException", "The specified policy type isn't enabled in this root.")
    if status == "PENDING_ENABLE":
        settle_types(state)
        raise AwsError("PolicyChangesInProgressException", "Changes to the effective policy are in progress.")
    have = state.attachments.latest(target) or ()
    if policy.id in have:
        raise AwsError("DuplicatePolicyAttachmentException", "The selected policy is already attached to the target.")
    if len(_of_type(state, have, policy.type)) >= rules(policy.type).attached:
        raise constraint(
            "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            "You have attached the maximum number of policies of this type.",
        )
    state.attachments.put(target, (*have, policy.id))
    return {}


def detach_policy(call: Call) -> Answer:
    """DetachPolicy: at least one service control policy stays; AWS's resource control policy always does."""
    for_manager(call)
    state, policy, target = org_state(call), see_policy(call, call.param("PolicyId")), call.param("TargetId")
    target_kind(state, target, call.replica)
    have = state.attachments.latest(target) or ()
    if policy.id not in have:
        raise AwsError("PolicyNotAttachedException", "The policy isn't attached to the specified target.")
    if policy.id == DEFAULTS["RESOURCE_CONTROL_POLICY"].id:
        raise invalid_input("NON_DETACHABLE_POLICY", "You can't detach RCPFullAWSAccess.")
    if len(_of_type(state, have, policy.type)) <= rules(policy.type).least_attached:
        raise constraint(
            "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", "You can't remove the last policy of this type from a target."
        )
    state.attachments.put(target, tuple(policy_id for policy_id in have if policy_id != policy.id))
    return {}


def _of_type(state: OrgState, policy_ids: tuple[str, ...], policy_type: str) -> list[OrgPolicy]:
    found = (state.policies.latest(policy_id) for policy_id in policy_ids)
    return [policy for policy in found if policy is not None and policy.type == policy_type]


def list_policies_for_target(call: Call) -> Answer:
    """ListPoliciesForTarget: those attached to it directly."""
    for_readers(call)
    state, target = org_state(call), call.param("TargetId")
    target_kind(state, target, call.replica)
    have = state.attachments.seen(target, call.replica) or ()
    some, token = org_page(call, _of_type(state, have, call.param("Filter")))
    return {"Policies": [summary(call, policy) for policy in some], "NextToken": token}


def list_targets_for_policy(call: Call) -> Answer:
    """ListTargetsForPolicy."""
    org, state = for_readers(call), org_state(call)
    policy = see_policy(call, call.param("PolicyId"))
    attached = state.attachments
    on = [target for target in attached if policy.id in (attached.seen(target, call.replica) or ())]
    targets = [_target(call, org.id, target) for target in on]
    some, token = org_page(call, targets)
    return {"Targets": some, "NextToken": token}


def _target(call: Call, org_id: str, target: str) -> dict[str, Any]:
    state = org_state(call)
    named = state.units.latest(target) or state.members.latest(target)
    kind = "ROOT" if named is None else "ORGANIZATIONAL_UNIT" if target.startswith("ou-") else "ACCOUNT"
    word = {"ROOT": "root", "ORGANIZATIONAL_UNIT": "ou", "ACCOUNT": "account"}[kind]
    name = named.name if named is not None else "Root"
    return {"TargetId": target, "Arn": arn(call, word, org_id, target), "Name": name, "Type": kind}


OPERATIONS: dict[str, Handler] = {
    "CreatePolicy": create_policy,
    "DescribePolicy": describe_policy,
    "UpdatePolicy": update_policy,
    "DeletePolicy": delete_policy,
    "ListPolicies": list_policies,
    "AttachPolicy": attach_policy,
    "DetachPolicy": detach_policy,
    "ListPoliciesForTarget": list_policies_for_target,
    "ListTargetsForPolicy": list_targets_for_policy,
}
