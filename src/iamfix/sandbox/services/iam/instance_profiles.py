"""Instance profiles, each with at most one role."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.lookup import iam, no_such_entity, see, see_role, take, take_role
from iamfix.sandbox.services.iam.roles import role_member
from iamfix.sandbox.services.iam.state import InstanceProfile
from iamfix.sandbox.services.iam.tags import tag_list, tags_page, with_tags, without_tags

MOST_PROFILES = 1000


def profile_member(call: Call, profile: InstanceProfile, *, tags: bool = False) -> dict[str, Any]:
    """An instance profile as answers tell it, its role inside."""
    roles = [role for role in iam(call).roles.all_seen(call.replica) if role.id == profile.role_id]
    told = {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn(call.account, call.partition),
        "CreateDate": profile.created,
        "Roles": [role_member(call, role) for role in roles],
    }
    return {**told, "Tags": tag_list(profile.tags)} if tags else told


def _see(call: Call) -> InstanceProfile:
    store = iam(call).instance_profiles
    return see(call, store, "instance profile", call.param("InstanceProfileName"))


def _take(call: Call) -> InstanceProfile:
    store = iam(call).instance_profiles
    return take(call, store, "instance profile", call.param("InstanceProfileName"))


def _put(call: Call, profile: InstanceProfile) -> None:
    iam(call).instance_profiles.put(profile.name.lower(), profile)


def create_instance_profile(call: Call) -> Answer:
    """CreateInstanceProfile."""
    name, store = call.param("InstanceProfileName"), iam(call).instance_profiles
    if store.latest(name.lower()) is not None:
        raise AwsError("EntityAlreadyExists", f"Instance Profile {name} already exists.")
    if len(store) >= MOST_PROFILES:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for InstanceProfilesPerAccount: {MOST_PROFILES}")
    profile = InstanceProfile(
        name=name,
        path=call.params.get("Path", "/"),
        id=call.cloud.new_id("AIPA"),
        created=call.cloud.now(),
        tags=with_tags({}, call.params.get("Tags", []), fold_case=False),
    )
    _put(call, profile)
    return {"InstanceProfile": profile_member(call, profile, tags=True)}


def get_instance_profile(call: Call) -> Answer:
    """GetInstanceProfile."""
    return {"InstanceProfile": profile_member(call, _see(call), tags=True)}


def _profiles_page(call: Call, profiles: list[InstanceProfile]) -> Answer:
    some, marker = page(call, sorted(profiles, key=lambda profile: profile.name.lower()))
    told = [profile_member(call, profile) for profile in some]
    return {"InstanceProfiles": told, "IsTruncated": marker is not None, "Marker": marker}


def list_instance_profiles(call: Call) -> Answer:
    """ListInstanceProfiles."""
    prefix = call.params.get("PathPrefix", "/")
    seen = iam(call).instance_profiles.all_seen(call.replica)
    return _profiles_page(call, [profile for profile in seen if profile.path.startswith(prefix)])


def list_instance_profiles_for_role(call: Call) -> Answer:
    """ListInstanceProfilesForRole."""
    role = see_role(call, call.param("RoleName"))
    seen = iam(call).instance_profiles.all_seen(call.replica)
    return _profiles_page(call, [profile for profile in seen if profile.role_id == role.id])


def add_role_to_instance_profile(call: Call) -> Answer:
    """AddRoleToInstanceProfile: one role only."""
    profile, role = _take(call), take_role(call, call.param("RoleName"))
    if profile.role_id is not None:
        raise AwsError("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    _put(call, replace(profile, role_id=role.id))
    return {}


def remove_role_from_instance_profile(call: Call) -> Answer:
    """RemoveRoleFromInstanceProfile."""
    profile, role = _take(call), see_role(call, call.param("RoleName"))
    if profile.role_id != role.id:
        raise no_such_entity(f"The role with name {role.name} cannot be found in instance profile {profile.name}.")
    _put(call, replace(profile, role_id=None))
    return {}


def delete_instance_profile(call: Call) -> Answer:
    """DeleteInstanceProfile: its role must be removed before."""
    profile = _take(call)
    if profile.role_id is not None or _see(call).role_id is not None:
        raise AwsError("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
    iam(call).instance_profiles.delete(profile.name.lower())
    return {}


def tag_instance_profile(call: Call) -> Answer:
    """TagInstanceProfile."""
    profile = _take(call)
    _put(call, replace(profile, tags=with_tags(profile.tags, call.params["Tags"], fold_case=False)))
    return {}


def untag_instance_profile(call: Call) -> Answer:
    """UntagInstanceProfile."""
    profile = _take(call)
    _put(call, replace(profile, tags=without_tags(profile.tags, call.params["TagKeys"], fold_case=False)))
    return {}


def list_instance_profile_tags(call: Call) -> Answer:
    """ListInstanceProfileTags."""
    return tags_page(call, _see(call).tags)


OPERATIONS: dict[str, Handler] = {
    "CreateInstanceProfile": create_instance_profile,
    "GetInstanceProfile": get_instance_profile,
    "ListInstanceProfiles": list_instance_profiles,
    "ListInstanceProfilesForRole": list_instance_profiles_for_role,
    "AddRoleToInstanceProfile": add_role_to_instance_profile,
    "RemoveRoleFromInstanceProfile": remove_role_from_instance_profile,
    "DeleteInstanceProfile": delete_instance_profile,
    "TagInstanceProfile": tag_instance_profile,
    "UntagInstanceProfile": untag_instance_profile,
    "ListInstanceProfileTags": list_instance_profile_tags,
}
