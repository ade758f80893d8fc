"""The kinds of organization policies: how they are read, written and attached.

`PolicyKind` is the whole of such a kind but for what it is for, an example, and what its documents may hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from iamfix.kinds import defaults
from iamfix.kinds import organizations_policy_rules as rules
from iamfix.kinds import organizations_shared as org
from iamfix.kinds.organizations_names import account_names
from iamfix.kinds.organizations_policy_rules import State
from iamfix.kinds.protocol import Breach, Look, Reader, Scope, Want
from iamfix.model import UNREAD, Call, Result
from iamfix.policy.document import Document

__all__ = ["PolicyKind", "State"]

READS = (
    *org.TREE_READS,
    ("organizations", "list_policies"),
    ("organizations", "describe_policy"),
    ("organizations", "list_targets_for_policy"),
    ("organizations", "list_tags_for_resource"),
)


_State = State


class PolicyKind:
    """A kind of organization policies, as `protocol.Kind` says what a kind is."""

    State: ClassVar[type[_State]] = _State
    SCOPE: ClassVar[Scope] = "global"
    FOLDS_CASE: ClassVar[bool] = False
    CREATABLE: ClassVar[bool] = True
    SINGLETON: ClassVar[None] = None
    LANE: ClassVar[str] = org.LANE
    PLACE: ClassVar[str] = org.PLACE
    READS: ClassVar[tuple[tuple[str, str], ...]] = READS

    def __init__(self, kind: str, doc: str | None, example: str) -> None:
        """`doc` is what the kind is for, `example` a task of it."""
        self._kind, self.__doc__, self.EXAMPLE = kind, doc, example

    def observe(self, read: Reader, want: Want) -> dict[str, _State]:
        return _observe(self._kind, read, want)

    def calls(self, name: str, before: _State | None, after: _State | None, look: Look) -> Iterator[Call]:
        return _calls(self._kind, name, before, after, look)

    def breaches(self, name: str, before: _State | None, after: _State | None, look: Look) -> Iterator[Breach]:
        return rules.breaches(self._kind, name, before, after, look)

    def notes(self, name: str, before: _State | None, after: _State | None, look: Look) -> Iterator[str]:
        return rules.notes(self._kind, name, before, after, look)

    arn = staticmethod(defaults.no_arn)
    owner = staticmethod(defaults.no_owner)
    loses = staticmethod(defaults.loses_nothing)
    ripples = staticmethod(defaults.no_ripples)
    needs = staticmethod(defaults.own_needs)


def _observe(kind: str, read: Reader, want: Want) -> dict[str, State]:
    """Return the policies of a kind with all that they are attached to.

    Requests: one for each 20 policies, and for each policy one for its text and one for each 20 of its targets.
    """
    tree = org.tree(read)
    if tree is None:
        return {}
    names = {
        tree.root_id: org.ROOT,
        **{unit.id: unit.path for unit in tree.units.values()},
        **account_names(tree),
    }
    found: dict[str, State] = {}
    # One after the other: Organizations throttles at a few requests a second.
    for policy in read.get("organizations", "list_policies", Filter=org.POLICY_KINDS[kind])["Policies"]:
        if not want.has(policy["Name"]):
            continue
        whole = read.get("organizations", "describe_policy", PolicyId=policy["Id"])["Policy"]
        attached = read.get("organizations", "list_targets_for_policy", PolicyId=policy["Id"])["Targets"]
        found[policy["Name"]] = State(
            content=Document.parse(whole["Content"], partition=read.account.partition),
            description=policy.get("Description", ""),
            targets=frozenset(names.get(one["TargetId"], one["TargetId"]) for one in attached),
            tags=_tags(read, policy) if "tags" in want.details else UNREAD,
            id=policy["Id"],
            aws_managed=bool(policy.get("AwsManaged")),
        )
    return found


def _tags(read: Reader, policy: Mapping[str, str]) -> dict[str, str]:
    return {} if policy.get("AwsManaged") else org.tags_of(read, policy["Id"])


def _calls(kind: str, name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    """Yield the calls between two looks: the text first, then attaching, then detaching, so that no gap opens."""
    policy = _id(kind, name, before, look)
    old, new = before.targets if before else frozenset(), after.targets if after else frozenset()
    if after is not None and before is None:
        yield _create(kind, name, after)
    elif after is not None and before is not None:
        changed: dict[str, object] = {}
        if before.content != after.content and after.content is not None:
            changed["Content"] = after.content.json()
        if before.description != after.description:
            changed["Description"] = after.description
        if changed:
            yield Call("organizations", "update_policy", {"PolicyId": policy, **changed})
        yield from org.tag_calls(policy, before.tags, after.tags)
    for verb, which in (("attach", new - old), ("detach", old - new)):
        for target in sorted(which):
            params = {"PolicyId": policy, "TargetId": org.target_id(look, target)}
            yield Call("organizations", f"{verb}_policy", params)
    if after is None:
        yield Call("organizations", "delete_policy", {"PolicyId": policy})


def _create(kind: str, name: str, after: State) -> Call:
    assert after.content is not None
    params: dict[str, object] = {
        "Name": name,
        "Description": after.description,
        "Type": org.POLICY_KINDS[kind],
        "Content": after.content.json(),
    }
    if tags := org.tag_list(after.tags):
        params["Tags"] = tags
    return Call("organizations", "create_policy", params)


def _id(kind: str, name: str, before: State | None, look: Look) -> org.Id:
    if before is not None and before.id:
        return before.id
    return Result(look.address(kind, name), "create_policy", "Policy.PolicySummary.Id", "id")
