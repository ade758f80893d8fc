"""The users, groups, roles and policies of one account as values: what its principals' access comes from.

Source: IAM User Guide, reference_policies_evaluation-logic (the policies of a user are its own and its groups').
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from iamfix.model import Account, Change
from iamfix.policy.difference import Rights
from iamfix.policy.document import Document

__all__ = ["PRINCIPALS", "Holder", "Managed", "Picture", "Source", "picture_of", "taken_back"]

HolderKind = Literal["user", "group", "role"]
PRINCIPALS: tuple[HolderKind, ...] = ("user", "role")
"""Those who make requests; a group's policies are its users'."""
AwsPolicy = Callable[[str], Document | None]
"""ARN of an AWS managed policy -> its document, or None where it cannot be read."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A user, group or role. `trust` is a role's, `groups` are a user's."""

    kind: HolderKind
    name: str
    path: str = "/"
    attached: frozenset[str] = frozenset()
    inline: Mapping[str, Document] = field(default_factory=dict)
    boundary: str | None = None
    groups: frozenset[str] = frozenset()
    trust: Document | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Managed:
    """A customer managed policy: all its versions, and which of them is in force."""

    versions: Mapping[str, Document]
    default: str

    @property
    def document(self) -> Document | None:
        return self.versions.get(self.default)


@dataclass(frozen=True, slots=True)
class Source:
    """A document that bears on a principal, and what it is called: `inline policy x of group y`."""

    name: str
    document: Document | None
    arn: str | None = None
    """Of a managed policy."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An account's principals and customer managed policies (by ARN). It never changes; `replay` makes new ones."""

    account: Account
    holders: Mapping[HolderKind, Mapping[str, Holder]]
    policies: Mapping[str, Managed]
    aws: AwsPolicy

    def arn(self, holder: Holder) -> str:
        return f"arn:{self.account.partition}:iam::{self.account.id}:{holder.kind}{holder.path}{holder.name}"

    def principals(self) -> Iterator[Holder]:
        """Yield the users and roles, by name."""
        for kind in PRINCIPALS:
            yield from (self.holders[kind][name] for name in sorted(self.holders[kind]))

    def holder(self, kind: HolderKind, name: str) -> Holder | None:
        return self.holders[kind].get(name)

    def identity(self, holder: Holder) -> list[Source]:
        """The policies of a user or role, its groups' included, in an order that does not change."""
        found: list[Source] = []
        groups = [self.holders["group"].get(name) for name in sorted(holder.groups)]
        for one in (holder, *(group for group in groups if group is not None)):
            of = f" of {one.kind} {one.name}"
            found += [Source(f"inline policy {name}{of}", one.inline[name]) for name in sorted(one.inline)]
            found += [self.managed(arn, of) for arn in sorted(one.attached)]
        return found

    def managed(self, arn: str, of: str = "") -> Source:
        """A managed policy by its ARN."""
        own = self.policies.get(arn)
        document = own.document if own is not None else self.aws(arn) if ":iam::aws:" in arn else None
        return Source(f"policy {arn.rpartition('/')[2]}{of}", document, arn)

    def rights(self, holder: Holder) -> Rights:
        """The documents of a user or role, and what could not be read of them."""
        sources = self.identity(holder)
        unread = {source.arn for source in sources if source.document is None and source.arn}
        boundary = None
        if holder.boundary is not None:
            boundary = self.managed(holder.boundary).document
            if boundary is None:
                unread.add(f"{holder.boundary} (permissions boundary)")
        return Rights(tuple(s.document for s in sources if s.document is not None), boundary, frozenset(unread))

    def basis(self, holder: Holder) -> tuple[Any, ...]:
        """What the access of a user or role comes from: where it is the same, the access is. Reads nothing from AWS."""
        parts: list[Any] = [holder.boundary, self._own(holder.boundary)]
        groups = [self.holders["group"].get(name) for name in sorted(holder.groups)]
        for one in (holder, *(group for group in groups if group is not None)):
            parts += [document.text for document in one.inline.values()]
            parts += [(arn, self._own(arn)) for arn in one.attached]
        return (holder.path, frozenset(parts[2:]), *parts[:2])

    def _own(self, arn: str | None) -> str | None:
        own = None if arn is None else self.policies.get(arn)
        return None if own is None or own.document is None else own.document.text


def picture_of(
    account: Account, states: Callable[[str], Mapping[str, Any]], aws: AwsPolicy, *, roles: bool = True
) -> Picture:
    """Make a picture of the States of the IAM kinds; `states` gives those of a kind, by name. Raises AwsError.

    Without `roles` it has none, where they do not matter.
    """
    holders: dict[HolderKind, dict[str, Holder]] = {"user": {}, "group": {}, "role": {}}
    for kind, there in holders.items():
        if kind != "role" or roles:
            there.update((name, _holder(kind, name, one)) for name, one in states(f"iam_{kind}").items())
    policies = {
        _policy_arn(account, one.path, name): _managed(one.versions, one.policy)
        for name, one in states("iam_managed_policy").items()
    }
    return Picture(account, holders, policies, aws)


def _holder(kind: HolderKind, name: str, state: Any) -> Holder:
    return Holder(
        kind, name, state.path, state.managed_policies, state.inline_policies,
        getattr(state, "permissions_boundary", None), getattr(state, "groups", frozenset()),
        getattr(state, "assume_role_policy_document", None), getattr(state, "tags", {}),
    )  # fmt: skip


def _policy_arn(account: Account, path: str, name: str) -> str:
    return f"arn:{account.partition}:iam::{account.id}:policy{path}{name}"


def taken_back(after: Picture, changes: Sequence[Change]) -> Picture:
    """Return the picture of an account before the changes that led to this one."""
    holders = {kind: dict(there) for kind, there in after.holders.items()}
    policies = dict(after.policies)
    groups = {name: set(user.groups) for name, user in holders["user"].items()}
    for change in reversed(changes):
        kind = change.kind.removeprefix("iam_")
        if kind == "managed_policy":
            state: Any = change.before if change.before is not None else change.after
            arn = _policy_arn(after.account, state.path, change.name)
            policies.pop(arn, None)
            if change.before is not None:
                policies[arn] = _managed(state.versions, state.policy)
            _attached_again(holders, arn, change)
        elif kind in holders:
            there = holders[kind]
            there.pop(change.name, None)
            if change.before is not None:
                there[change.name] = _holder(kind, change.name, change.before)
        # A membership shows on both sides: on the user's it may be a group's change that made it.
        for user, group, joined in _memberships(change, kind):
            (groups.setdefault(user, set()).discard if joined else groups.setdefault(user, set()).add)(group)
    holders["user"] = {
        name: replace(user, groups=frozenset(groups.get(name, ()))) for name, user in holders["user"].items()
    }
    return replace(after, holders=holders, policies=policies)


def _attached_again(holders: Mapping[HolderKind, dict[str, Holder]], policy: str, change: Change) -> None:
    """Give a policy back to those who carried it before a change of the policy itself: its deletion detaches it."""
    old: frozenset[str] = getattr(change.before, "attached_to", frozenset())
    new: frozenset[str] = getattr(change.after, "attached_to", frozenset())
    for user in old ^ new:
        kind, _, name = user.partition("/")
        there = holders[kind]  # type: ignore[index]
        if name in there:  # roles are not read where they do not matter
            one = there[name]
            there[name] = replace(one, attached=one.attached | {policy} if user in old else one.attached - {policy})


def _memberships(change: Change, kind: str) -> Iterator[tuple[str, str, bool]]:
    """Yield (user, group, joins) for what a change does to memberships."""
    field_name = {"group": "users", "user": "groups"}.get(kind)
    if field_name is None:
        return
    old: frozenset[str] = getattr(change.before, field_name, frozenset())
    new: frozenset[str] = getattr(change.after, field_name, frozenset())
    for other in sorted(old ^ new):
        yield (*((other, change.name) if kind == "group" else (change.name, other)), other in new)


def _managed(versions: Mapping[str, Document], document: Document | None) -> Managed:
    """The version in force is the newest that holds the State's document; a planned one has no number yet."""
    if document is None:
        return Managed(versions, "")
    held = [version for version, one in versions.items() if one == document]
    if not held:
        number = max((int(version.removeprefix("v")) for version in versions), default=0) + 1
        return Managed({**versions, f"v{number}": document}, f"v{number}")
    return Managed(versions, max(held, key=lambda version: int(version.removeprefix("v"))))
