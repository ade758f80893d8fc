"""Organizational unit: a place in the organization's tree, named by its path below the root."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from iamfix.fields import SET, TAGS, Partial, asked, seen
from iamfix.kinds import defaults
from iamfix.kinds import organizations_limits as limits
from iamfix.kinds import organizations_shared as org
from iamfix.kinds.organizations_names import account_names, is_clear
from iamfix.kinds.protocol import Breach, Look, Reader, Ripple, Scope, Want
from iamfix.model import UNREAD, Call, Mark

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
LANE = org.LANE
PLACE = org.PLACE
READS = (*org.TREE_READS, ("organizations", "list_tags_for_resource"))
EXAMPLE = """\
- name: Units for workloads
  organizational_unit:
    name: "{{ item }}"
    tags: {owner: platform}
  loop: [workloads, workloads/prod, workloads/dev]
"""

_POLICIES = {"scp": "FullAWSAccess", "rcp": "RCPFullAWSAccess"}
"""What AWS attaches to every new unit and account where the policy type is enabled."""


@dataclass(frozen=True, slots=True)
class State:
    tags: Mapping[str, str] | Mark = asked(TAGS, "Tags.", default={}, detail=True, reads=("list_tags_for_resource",))
    id: str | None = seen("Its id, such as ou-ab12-11111111.", made=True)
    accounts: frozenset[str] = seen("Accounts right in it.", default=frozenset(), codec=SET, volatile=True)
    units: frozenset[str] = seen("Units right below it, by path.", default=frozenset(), codec=SET, volatile=True)


def observe(read: Reader, want: Want) -> dict[str, State]:
    tree = org.tree(read)
    if tree is None:
        return {}
    names = account_names(tree)
    inside: dict[str, set[str]] = {}
    below: dict[str, set[str]] = {}
    for member in tree.members.values():
        inside.setdefault(member.unit, set()).add(names[member.id])
    for unit in tree.units.values():
        below.setdefault(unit.parent, set()).add(unit.path)
    found = {
        path: State(
            tags=UNREAD,
            id=unit.id,
            accounts=frozenset(inside.get(path, ())),
            units=frozenset(below.get(path, ())),
        )
        for path, unit in tree.units.items()
        if want.has(path)
    }
    if "tags" in want.details:
        return {path: replace(state, tags=org.tags_of(read, str(state.id))) for path, state in found.items()}
    return found


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if after is None:
        yield Call("organizations", "delete_organizational_unit", {"OrganizationalUnitId": _id(name, before, look)})
    elif before is None:
        params: dict[str, object] = {
            "ParentId": org.unit_id(look, org.parent_of(name)),
            "Name": name.rpartition("/")[2],
        }
        if tags := org.tag_list(after.tags):
            params["Tags"] = tags
        yield Call("organizations", "create_organizational_unit", params)
    else:
        yield from org.tag_calls(_id(name, before, look), before.tags, after.tags)


def _id(name: str, state: State | None, look: Look) -> org.Id:
    return state.id if state is not None and state.id else org.unit_id(look, name)


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    parent, depth = org.parent_of(name), name.count("/") + 1
    if after is None:
        held = sorted((before.accounts | before.units) if before else ())
        if held:
            yield Breach(
                f"it is not empty: {', '.join(held[:5])}{' …' if len(held) > 5 else ''}",
                "move its accounts and delete the units in it in earlier tasks, the innermost first",
            )
        return
    yield from org.tag_breaches(after.tags, look)
    if before is not None:
        return
    if parent != org.ROOT and look.get("organizational_unit", parent) is None:
        yield Breach(f"there is no unit {parent!r} to hold it", "create it in an earlier task")
    if not all(part.strip() for part in name.split("/")):
        yield Breach(f"{name!r} is no path of a unit", "such as workloads/prod")
    if not is_clear(name):
        yield Breach(
            f"{name!r} is no name for a new unit: as a target it is the root, a tag, or an account's id",
            "give it another name",
        )
    if depth > (most := limits.limit(look, "organization", "depth")):
        yield Breach(f"it would be {depth} levels deep; AWS takes {most}")
    if len(look.all("organizational_unit")) + 1 > (most := limits.limit(look, "organization", "units")):
        yield Breach(f"the organization would have more than {most} units")


def ripples(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Ripple]:
    if before is not None and after is not None:
        return
    step = Partial(frozenset((name,)), frozenset()) if after is not None else Partial(frozenset(), frozenset((name,)))
    if (parent := org.parent_of(name)) != org.ROOT:
        yield Ripple("organizational_unit", parent, "units", step)
    yield from attachment_ripples(name, look, made=after is not None)


def attachment_ripples(target: str, look: Look, *, made: bool) -> Iterator[Ripple]:
    """Tell the policies of AWS, which are attached to all that is made, and those that lose a target with it."""
    organization = look.get("organization", "organization")
    enabled = organization.policy_types if organization is not None else frozenset()
    for kind, type_name in (("scp", "SERVICE_CONTROL_POLICY"), ("rcp", "RESOURCE_CONTROL_POLICY")):
        if made and type_name in enabled:
            yield Ripple(kind, _POLICIES[kind], "targets", Partial(frozenset((target,)), frozenset()))
    if not made:
        for kind, type_name in org.POLICY_KINDS.items():
            if type_name in enabled:
                for policy, state in look.all(kind).items():
                    if target in state.targets:
                        yield Ripple(kind, policy, "targets", Partial(frozenset(), frozenset((target,))))


arn = defaults.no_arn
owner = defaults.no_owner
loses = defaults.loses_nothing
notes = defaults.no_notes
needs = defaults.own_needs
