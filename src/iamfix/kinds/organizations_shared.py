"""What the Organizations kinds have in common: the tree, read once; tags; ids that are not known yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamfix.kinds.organizations_limits import limit
from iamfix.kinds.organizations_names import is_id
from iamfix.kinds.protocol import Breach, Look, Reader
from iamfix.model import Call, Mark, NotHere, Result
from iamfix.organization_tree import READS as TREE_READS
from iamfix.organization_tree import ROOT, Tree, levels, parent_of, read_tree

__all__ = ["LANE", "PLACE", "ROOT", "TREE_READS", "Tags", "levels", "parent_of"]

LANE = "organizations"
"""Organizations takes one writer at a time."""
PLACE = "once in an organization: plan it for the management account or a delegated administrator"
SERVICE = "organizations"
Tags = Mapping[str, str]
POLICY_KINDS = {
    "scp": "SERVICE_CONTROL_POLICY",
    "rcp": "RESOURCE_CONTROL_POLICY",
    "tag_policy": "TAG_POLICY",
    "ai_opt_out_policy": "AISERVICES_OPT_OUT_POLICY",
}
"""Kind -> AWS's word for its type of policy."""
Id = str | Result
"""An id, or the place where the call that makes the thing will give it."""


def tree(read: Reader) -> Tree | None:
    """Return the organization, or None where the account is in none. Raises NotHere, AwsError."""
    return read_tree(read, read.account.id)


def tags_of(read: Reader, resource: str) -> dict[str, str]:
    found = read.get(SERVICE, "list_tags_for_resource", ResourceId=resource)
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}


def tag_list(tags: Tags | Mark) -> list[dict[str, str]]:
    if isinstance(tags, Mark):
        return []
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items()) if not key.lower().startswith("aws:")]


def tag_calls(resource: Id, before: Tags | Mark, after: Tags | Mark) -> Iterator[Call]:
    if isinstance(before, Mark) or isinstance(after, Mark):
        return
    if gone := sorted(key for key in before.keys() - after.keys() if not key.lower().startswith("aws:")):
        yield Call(SERVICE, "untag_resource", {"ResourceId": resource, "TagKeys": gone})
    if new := tag_list({key: value for key, value in after.items() if before.get(key) != value}):
        yield Call(SERVICE, "tag_resource", {"ResourceId": resource, "Tags": new})


def tag_breaches(tags: Tags | Mark, look: Look) -> Iterator[Breach]:
    most = limit(look, "organization", "tags")
    if not isinstance(tags, Mark) and len(tags) > most:
        yield Breach(f"{len(tags)} tags; AWS takes {most}")


def root_id(look: Look) -> Id:
    """Return the root's id. Raises NotHere where there is no organization, now or in the plan."""
    organization = look.get("organization", "organization")
    if organization is None:
        raise NotHere(f"account {look.account.id} is in no organization", "create one in an earlier task: organization")
    made: Id = organization.root_id or Result(
        look.address("organization", "organization"), "create_organization", "Roots.0.Id", "root_id"
    )
    return made


def unit_id(look: Look, path: str) -> Id:
    """Return the id of the root or of a unit, by its path."""
    if path == ROOT:
        return root_id(look)
    unit = look.get("organizational_unit", path)
    if unit is not None and unit.id:
        return str(unit.id)
    at = look.address("organizational_unit", path)
    return Result(at, "create_organizational_unit", "OrganizationalUnit.Id", "id")


def account_id(look: Look, name: str) -> Id:
    """Return an account's id, by its name here."""
    if is_id(name):
        return name
    account = look.get("organization_account", name)
    if account is not None and account.id:
        return str(account.id)
    at = look.address("organization_account", name)
    return Result(at, "create_account", "CreateAccountStatus.AccountId", "id")


def target_id(look: Look, target: str) -> Id:
    """Return the id of what a policy is attached to: the root, a unit, or an account."""
    if target == ROOT or look.get("organizational_unit", target) is not None:
        return unit_id(look, target)
    return account_id(look, target)
