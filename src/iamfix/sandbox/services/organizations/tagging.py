"""Tags of roots, units, accounts and policies. Keys differ by case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.services.organizations.access import (
    constraint,
    for_manager,
    for_readers,
    invalid_input,
    org_page,
    org_state,
    target_kind,
)
from iamfix.sandbox.services.organizations.state import OrgState

MOST_TAGS = 50


def put_tags(state: OrgState, resource: str, added: Sequence[Mapping[str, str]]) -> None:
    """Add or replace tags. Raises InvalidInputException, or ConstraintViolationException above 50."""
    keys = [tag["Key"] for tag in added]
    if len(set(keys)) != len(keys):
        raise invalid_input("DUPLICATE_TAG_KEY", "Tag keys must be unique.")
    if any(key.lower().startswith("aws:") for key in keys):
        raise invalid_input("INVALID_SYSTEM_TAGS_PARAMETER", "Tag keys that begin with aws: are reserved.")
    tags = {**(state.tags.latest(resource) or {}), **{tag["Key"]: tag.get("Value", "") for tag in added}}
    if len(tags) > MOST_TAGS:
        raise constraint("MAX_TAG_LIMIT_EXCEEDED", f"A resource can have {MOST_TAGS} tags.")
    if added:
        state.tags.put(resource, tags)


def _check_resource(call: Call, resource: str) -> None:
    state = org_state(call)
    if state.policies.latest(resource) is None:
        target_kind(state, resource, call.replica)


def tag_resource(call: Call) -> Answer:
    """TagResource."""
    for_manager(call)
    _check_resource(call, call.param("ResourceId"))
    put_tags(org_state(call), call.param("ResourceId"), call.params["Tags"])
    return {}


def untag_resource(call: Call) -> Answer:
    """UntagResource."""
    for_manager(call)
    resource, gone = call.param("ResourceId"), set(call.params["TagKeys"])
    _check_resource(call, resource)
    tags = org_state(call).tags.latest(resource) or {}
    org_state(call).tags.put(resource, {key: value for key, value in tags.items() if key not in gone})
    return {}


def list_tags_for_resource(call: Call) -> Answer:
    """ListTagsForResource."""
    for_readers(call)
    resource = call.param("ResourceId")
    _check_resource(call, resource)
    tags = org_state(call).tags.seen(resource, call.replica) or {}
    some, token = org_page(call, [{"Key": key, "Value": value} for key, value in tags.items()])
    return {"Tags": some, "NextToken": token}


OPERATIONS: dict[str, Handler] = {
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
