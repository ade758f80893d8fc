"""What the Organizations kinds have in common: the tree, read once; names of accounts; ids that are not known yet."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from iamfix.fields import FieldError
from iamfix.kinds.protocol import Breach, Look, Reader
from iamfix.model import Call, InputError, Json, Mark, NotHere, Problem, Result
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


def account_names(found: Tree) -> dict[str, str]:
    """Return the name of each account by its id: AWS's, or the id where the name is not clear.

    Names are not unique in AWS, and may look like a unit's path or an id.
    """
    taken = Counter(one.name for one in found.members.values())
    return {
        one.id: one.name if taken[one.name] == 1 and _is_clear(one.name, found) else one.id
        for one in found.members.values()
    }


def _is_clear(name: str, found: Tree) -> bool:
    return bool(name) and name != ROOT and name not in found.units and not name.startswith("tag:") and not is_id(name)


def is_id(text: str) -> bool:
    return len(text) == 12 and text.isdigit()


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


def unit_path(text: str, look: Look) -> str:
    """Return the path of a unit that is there or planned, or `root`. Raises FieldError."""
    path = text.strip("/") or ROOT
    if path == ROOT or look.get("organizational_unit", path) is not None:
        return path
    near = get_close_matches(path, [ROOT, *look.all("organizational_unit")], 1)
    hint = f"did you mean {near[0]!r}?" if near else "an earlier task can create it: organizational_unit"
    raise FieldError(f"there is no organizational unit {path!r}", hint)


def account_name(text: str, look: Look) -> str:
    """Return the name here of an account that is given by name or id. Raises FieldError."""
    accounts = look.all("organization_account")
    if text in accounts:
        return text
    found = [name for name, state in accounts.items() if text in (state.id, state.account_name)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(sorted(found))
        raise FieldError(f"several accounts are called {text!r}: {ids}", "give the id")
    near = get_close_matches(text, list(accounts), 1)
    raise FieldError(f"there is no account {text!r} in the organization", f"did you mean {near[0]!r}?" if near else "")


def targets(text: str, look: Look) -> str | frozenset[str]:
    """Return what a policy's target stands for: `root`, a unit's path, an account, or all that carry `tag:key=value`.

    Raises:
        FieldError: there is nothing of that name.
    """
    if text.startswith("tag:"):
        key, _, value = text.removeprefix("tag:").partition("=")
        accounts = look.all("organization_account", details=frozenset(("tags",)))
        return frozenset(name for name, one in accounts.items() if key in one.tags and value in ("", one.tags[key]))
    path = text.strip("/") or ROOT
    if path == ROOT or look.get("organizational_unit", path) is not None:
        return path
    try:
        return account_name(text, look)
    except FieldError:
        known = [ROOT, *look.all("organizational_unit"), *look.all("organization_account")]
        near = get_close_matches(path, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else "root, the path of a unit, an account, or tag:key=value"
        raise FieldError(f"there is no unit and no account {text!r} in the organization", hint) from None


@cache
def _limits() -> Mapping[str, Any]:
    text = files("iamfix").joinpath("data/organization_limits.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def limit(look: Look, of: str, what: str) -> int:
    """Return one of AWS's limits: of the variable `organization_limits` of the account, else of the dated table.

    `organization_limits: {scp: {size: 5120, attached: 5}}` says what AWS has agreed to for this organization.

    Raises:
        InputError: the variable is of another form.
    """
    own: Json = look.account.vars.get("organization_limits")
    if own is None:
        return int(_limits()[of][what])
    known = {name: limits for name, limits in _limits().items() if isinstance(limits, dict)}
    parts: list[tuple[Any, Any]] = list(own.items()) if isinstance(own, Mapping) else [(own, None)]
    for name, limits in parts:
        wrong = name not in known or not isinstance(limits, Mapping) or not limits.keys() <= known[name].keys()
        if wrong or not all(isinstance(most, int) and not isinstance(most, bool) for most in limits.values()):
            hint = f"such as {{scp: {{size: 5120, attached: 5}}}}; known are {', '.join(known)}"
            summary = f"the variable organization_limits is not understood: {name!r:.60}"
            raise InputError(Problem("error", look.account.where or look.account.name, summary, hint))
    return int(own.get(of, {}).get(what, known[of][what]))


def limits_dated() -> str:
    """Return the day as of which the table's limits are AWS's."""
    return str(_limits()["dated"])
