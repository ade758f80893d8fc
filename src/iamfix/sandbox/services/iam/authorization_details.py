"""GetAccountAuthorizationDetails: all users, groups, roles and policies of an account, page by page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.services.iam import aws_policies
from iamfix.sandbox.services.iam.boundaries import boundary_member
from iamfix.sandbox.services.iam.groups import group_member
from iamfix.sandbox.services.iam.instance_profiles import profile_member
from iamfix.sandbox.services.iam.lookup import iam
from iamfix.sandbox.services.iam.policies import Uses, policy_member, version_member
from iamfix.sandbox.services.iam.principal_policies import inline_list
from iamfix.sandbox.services.iam.roles import finish_deletions, last_used, role_member
from iamfix.sandbox.services.iam.state import Group, InstanceProfile, Policy, Principal, Role, User
from iamfix.sandbox.services.iam.tags import tag_list
from iamfix.sandbox.services.iam.users import user_member

_LISTS = {"User": "UserDetailList", "Group": "GroupDetailList", "Role": "RoleDetailList", "Policy": "Policies"}


def get_account_authorization_details(call: Call) -> Answer:
    """GetAccountAuthorizationDetails: Filter and MaxItems as on AWS; AWS's own policies only if in use."""
    finish_deletions(call)
    wanted = call.params.get("Filter") or ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]
    entries = _entries(call, set(wanted))
    some, marker = page(call, entries)
    told: Answer = {name: [] for name in _LISTS.values()}
    for word, show in some:
        told[_LISTS[word]].append(show())
    return {**told, "IsTruncated": marker is not None, "Marker": marker}


def _entries(call: Call, wanted: set[str]) -> list[tuple[str, Callable[[], dict[str, Any]]]]:
    """What to tell, in order; only what is on the page gets written out."""
    state, replica = iam(call), call.replica
    uses, groups = Uses(call), {group.id: group.name for group in state.groups.all_seen(replica)}
    profiles: dict[str, list[InstanceProfile]] = {}
    for profile in state.instance_profiles.all_seen(replica):
        if profile.role_id:
            profiles.setdefault(profile.role_id, []).append(profile)
    entries: list[tuple[str, Callable[[], dict[str, Any]]]] = []
    if "User" in wanted:
        entries += [("User", partial(_user, call, user, groups)) for user in _sorted(state.users.all_seen(replica))]
    if "Group" in wanted:
        entries += [("Group", partial(_group, call, group)) for group in _sorted(state.groups.all_seen(replica))]
    if "Role" in wanted:
        roles = _sorted(state.roles.all_seen(replica))
        entries += [("Role", partial(_role, call, role, profiles.get(role.id, []))) for role in roles]
    policies: list[Policy] = []
    if "LocalManagedPolicy" in wanted:
        policies += _sorted(state.policies.all_seen(replica))
    if "AWSManagedPolicy" in wanted:
        known = aws_policies.by_arn(call.partition)
        policies += [known[arn] for arn in sorted({*uses.attached, *uses.boundaries}) if arn in known]
    return entries + [("Policy", partial(_policy, policy, uses)) for policy in policies]


def _sorted(named: list[Any]) -> list[Any]:
    return sorted(named, key=lambda one: one.name.lower())


def _attached(holder: Principal) -> list[dict[str, str]]:
    return [{"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn} for arn in holder.attached]


def _user(call: Call, user: User, groups: dict[str, str]) -> dict[str, Any]:
    told = {name: value for name, value in user_member(call, user).items() if name != "PasswordLastUsed"}
    return {
        **told,
        "UserPolicyList": inline_list(user.inline) or None,
        "GroupList": [groups[group_id] for group_id in user.groups if group_id in groups],
        "AttachedManagedPolicies": _attached(user),
        "PermissionsBoundary": boundary_member(user.boundary),
        "Tags": tag_list(user.tags),
    }


def _group(call: Call, group: Group) -> dict[str, Any]:
    told = group_member(call, group)
    return {**told, "GroupPolicyList": inline_list(group.inline), "AttachedManagedPolicies": _attached(group)}


def _role(call: Call, role: Role, profiles: list[InstanceProfile]) -> dict[str, Any]:
    told = role_member(call, role)
    del told["Description"], told["MaxSessionDuration"]
    return {
        **told,
        "InstanceProfileList": [profile_member(call, profile) for profile in profiles],
        "RolePolicyList": inline_list(role.inline),
        "AttachedManagedPolicies": _attached(role),
        "PermissionsBoundary": boundary_member(role.boundary),
        "Tags": tag_list(role.tags),
        "RoleLastUsed": last_used(call, role),
    }


def _policy(policy: Policy, uses: Uses) -> dict[str, Any]:
    versions = [version_member(policy, version, document=True) for version in policy.versions[::-1]]
    described = policy.description or None
    return {**policy_member(policy, uses), "Description": described, "PolicyVersionList": versions}


OPERATIONS: dict[str, Handler] = {"GetAccountAuthorizationDetails": get_account_authorization_details}
