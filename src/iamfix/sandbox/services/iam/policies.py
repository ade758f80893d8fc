"""Customer managed policies, their versions and tags; AWS's own for reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam import aws_policies, documents
from iamfix.sandbox.services.iam.lookup import iam, no_such_entity, see_policy, take_policy
from iamfix.sandbox.services.iam.state import Policy, PolicyVersion
from iamfix.sandbox.services.iam.tags import tag_list, tags_page, with_tags, without_tags

MOST_POLICIES = 1500
MOST_VERSIONS = 5
POLICY_LIMIT = 6144


class Uses:
    """How often each managed policy is attached, and used as a boundary, as a replica shows it."""

    def __init__(self, call: Call, *, latest: bool = False) -> None:
        state = iam(call)
        stores = (state.users, state.groups, state.roles)
        holders: list[Any] = []
        for store in stores:
            holders += store.all_latest() if latest else store.all_seen(call.replica)
        self.attached = Counter(arn for holder in holders for arn in holder.attached)
        boundaries = (getattr(holder, "boundary", None) for holder in holders)
        self.boundaries = Counter(arn for arn in boundaries if arn)


def policy_member(policy: Policy, uses: Uses) -> dict[str, Any]:
    """A policy as ListPolicies tells it: without description and tags."""
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default,
        "AttachmentCount": uses.attached[policy.arn],
        "PermissionsBoundaryUsageCount": uses.boundaries[policy.arn],
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }


def version_member(policy: Policy, version: PolicyVersion, *, document: bool) -> dict[str, Any]:
    """A version as answers tell it, with or without its document."""
    told: dict[str, Any] = {
        "VersionId": version.id,
        "IsDefaultVersion": version.id == policy.default,
        "CreateDate": version.created,
    }
    if document:
        told["Document"] = quote(version.document, safe="")
    return told


def _check_document(document: str) -> None:
    documents.check_identity_policy(document)
    if documents.size(document) > POLICY_LIMIT:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for PolicySize: {POLICY_LIMIT}")


def create_policy(call: Call) -> Answer:
    """CreatePolicy: names are unique in the account, whatever the path and case."""
    name, state, now = call.param("PolicyName"), iam(call), call.cloud.now()
    if state.policies.latest(name.lower()) is not None:
        raise AwsError(
            "EntityAlreadyExists", f"A policy called {name} already exists. Duplicate names are not allowed."
        )
    if len(state.policies) >= MOST_POLICIES:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for PoliciesPerAccount: {MOST_POLICIES}")
    _check_document(call.param("PolicyDocument"))
    path = call.params.get("Path", "/")
    policy = Policy(
        name=name,
        path=path,
        id=call.cloud.new_id("ANPA"),
        arn=f"arn:{call.partition}:iam::{call.account}:policy{path}{name}",
        description=call.params.get("Description", ""),
        created=now,
        updated=now,
        versions=(PolicyVersion("v1", call.param("PolicyDocument"), now),),
        default="v1",
        tags=with_tags({}, call.params.get("Tags", []), fold_case=False),
    )
    state.put_policy(policy)
    return {"Policy": {**policy_member(policy, Uses(call)), "Tags": tag_list(policy.tags) or None}}


def get_policy(call: Call) -> Answer:
    """GetPolicy."""
    policy = see_policy(call, call.param("PolicyArn"))
    told = policy_member(policy, Uses(call))
    return {"Policy": {**told, "Description": policy.description or None, "Tags": tag_list(policy.tags)}}


def list_policies(call: Call) -> Answer:
    """ListPolicies: of the account and of AWS, as Scope, OnlyAttached, PathPrefix and PolicyUsageFilter ask."""
    scope, usage = call.params.get("Scope", "All"), call.params.get("PolicyUsageFilter")
    uses, prefix = Uses(call), call.params.get("PathPrefix", "/")
    policies: list[Policy] = []
    if scope != "AWS":
        policies += iam(call).policies.all_seen(call.replica)
    if scope != "Local":
        policies += aws_policies.by_arn(call.partition).values()
    if call.params.get("OnlyAttached"):
        policies = [policy for policy in policies if uses.attached[policy.arn] or uses.boundaries[policy.arn]]
    if usage:
        count = uses.boundaries if usage == "PermissionsBoundary" else uses.attached
        policies = [policy for policy in policies if count[policy.arn]]
    policies = [policy for policy in policies if policy.path.startswith(prefix)]
    some, marker = page(call, sorted(policies, key=lambda policy: policy.name.lower()))
    return {
        "Policies": [policy_member(policy, uses) for policy in some],
        "IsTruncated": marker is not None,
        "Marker": marker,
    }


def delete_policy(call: Call) -> Answer:
    """DeletePolicy: uses and other versions must be gone before."""
    arn = call.param("PolicyArn")
    policy = take_policy(call, arn)
    if any(uses.attached[arn] or uses.boundaries[arn] for uses in (Uses(call), Uses(call, latest=True))):
        raise AwsError("DeleteConflict", "Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise AwsError(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's "
            "versions. The default version is deleted with the policy.",
        )
    iam(call).policies.delete(policy.name.lower())
    return {}


def create_policy_version(call: Call) -> Answer:
    """CreatePolicyVersion: at most five; ids are never used again."""
    policy, now = take_policy(call, call.param("PolicyArn")), call.cloud.now()
    if len(policy.versions) >= MOST_VERSIONS:
        raise AwsError(
            "LimitExceeded",
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
            "existing version.",
        )
    _check_document(call.param("PolicyDocument"))
    version = PolicyVersion(f"v{policy.next_version}", call.param("PolicyDocument"), now)
    changed = replace(
        policy,
        versions=(*policy.versions, version),
        next_version=policy.next_version + 1,
        default=version.id if call.params.get("SetAsDefault") else policy.default,
        updated=now,
    )
    iam(call).put_policy(changed)
    return {"PolicyVersion": version_member(changed, version, document=False)}


def _version(policy: Policy, version_id: str) -> PolicyVersion:
    found = policy.version(version_id)
    if found is None:
        raise no_such_entity(f"Policy {policy.arn} version {version_id} does not exist or is not attachable.")
    return found


def get_policy_version(call: Call) -> Answer:
    """GetPolicyVersion."""
    policy = see_policy(call, call.param("PolicyArn"))
    version = _version(policy, call.param("VersionId"))
    return {"PolicyVersion": version_member(policy, version, document=True)}


def list_policy_versions(call: Call) -> Answer:
    """ListPolicyVersions: newest first, without documents."""
    policy = see_policy(call, call.param("PolicyArn"))
    some, marker = page(call, policy.versions[::-1])
    return {
        "Versions": [version_member(policy, version, document=False) for version in some],
        "IsTruncated": marker is not None,
        "Marker": marker,
    }


def set_default_policy_version(call: Call) -> Answer:
    """SetDefaultPolicyVersion: of the present default it changes nothing."""
    policy = take_policy(call, call.param("PolicyArn"))
    version = _version(policy, call.param("VersionId"))
    if policy.default != version.id:
        iam(call).put_policy(replace(policy, default=version.id, updated=call.cloud.now()))
    return {}


def delete_policy_version(call: Call) -> Answer:
    """DeletePolicyVersion: never the default."""
    policy = take_policy(call, call.param("PolicyArn"))
    version = _version(policy, call.param("VersionId"))
    if version.id == policy.default:
        raise AwsError("DeleteConflict", "Cannot delete the default version of a policy.")
    kept = tuple(other for other in policy.versions if other.id != version.id)
    iam(call).put_policy(replace(policy, versions=kept))
    return {}


def list_entities_for_policy(call: Call) -> Answer:
    """ListEntitiesForPolicy: attachments and boundary uses."""
    arn = see_policy(call, call.param("PolicyArn")).arn
    wanted, usage = call.params.get("EntityFilter"), call.params.get("PolicyUsageFilter")
    state, prefix = iam(call), call.params.get("PathPrefix", "/")
    stores = (("User", state.users), ("Group", state.groups), ("Role", state.roles))
    users_of: list[tuple[str, Any]] = []
    for word, store in stores:
        if wanted in (None, word):
            users_of += [(word, holder) for holder in _named(store.all_seen(call.replica)) if _uses(holder, arn, usage)]
    found = [(word, holder) for word, holder in users_of if holder.path.startswith(prefix)]
    some, marker = page(call, found)
    told: Answer = {"IsTruncated": marker is not None, "Marker": marker}
    for word in ("User", "Group", "Role"):
        told[f"Policy{word}s"] = [
            {f"{word}Name": holder.name, f"{word}Id": holder.id} for kind, holder in some if kind == word
        ]
    return told


def _named(holders: Iterable[Any]) -> list[Any]:
    return sorted(holders, key=lambda holder: holder.name.lower())


def _uses(holder: Any, arn: str, usage: str | None) -> bool:
    attached, bounded = arn in holder.attached, getattr(holder, "boundary", None) == arn
    if usage == "PermissionsBoundary":
        return bounded
    return attached if usage == "PermissionsPolicy" else attached or bounded


def tag_policy(call: Call) -> Answer:
    """TagPolicy: keys differ by case."""
    policy = take_policy(call, call.param("PolicyArn"))
    iam(call).put_policy(replace(policy, tags=with_tags(policy.tags, call.params["Tags"], fold_case=False)))
    return {}


def untag_policy(call: Call) -> Answer:
    """UntagPolicy."""
    policy = take_policy(call, call.param("PolicyArn"))
    iam(call).put_policy(replace(policy, tags=without_tags(policy.tags, call.params["TagKeys"], fold_case=False)))
    return {}


def list_policy_tags(call: Call) -> Answer:
    """ListPolicyTags."""
    return tags_page(call, see_policy(call, call.param("PolicyArn")).tags)


OPERATIONS: dict[str, Handler] = {
    "CreatePolicy": create_policy,
    "GetPolicy": get_policy,
    "ListPolicies": list_policies,
    "DeletePolicy": delete_policy,
    "CreatePolicyVersion": create_policy_version,
    "GetPolicyVersion": get_policy_version,
    "ListPolicyVersions": list_policy_versions,
    "SetDefaultPolicyVersion": set_default_policy_version,
    "DeletePolicyVersion": delete_policy_version,
    "ListEntitiesForPolicy": list_entities_for_policy,
    "TagPolicy": tag_policy,
    "UntagPolicy": untag_policy,
    "ListPolicyTags": list_policy_tags,
}
