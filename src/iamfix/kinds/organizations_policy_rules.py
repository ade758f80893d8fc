"""An organization's policies: their State, what AWS would not take of them, and what a reviewer should know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import DOCUMENT, SET, TAGS, TEXT, asked, seen
from iamfix.kinds import organizations_limits as limits
from iamfix.kinds import organizations_lockout as lockout
from iamfix.kinds import organizations_shared as org
from iamfix.kinds.organizations_management import mistakes
from iamfix.kinds.organizations_names import targets
from iamfix.kinds.protocol import Breach, Look
from iamfix.model import Mark
from iamfix.policy.document import Document


@dataclass(frozen=True, slots=True)
class State:
    content: Document | None = asked(
        DOCUMENT, "The policy's document; sent without white space.", required=True, aliases=("policy", "document")
    )
    description: str = asked(TEXT, "Description.", default="")
    targets: frozenset[str] = asked(
        SET, "What it is attached to: root, a unit's path, an account's name or id, or tag:key=value for all accounts "
        "that carry the tag.", default=frozenset(), resolve=targets,
    )  # fmt: skip
    tags: Mapping[str, str] | Mark = asked(TAGS, "Tags.", default={}, detail=True, reads=("list_tags_for_resource",))
    id: str | None = seen("Its id, such as p-11111111.", made=True)
    aws_managed: bool = seen("It is AWS's own, such as FullAWSAccess.", default=False)


def breaches(kind: str, name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    """Yield what AWS would not take, and what holds for the whole organization."""
    yield from _of_aws(before, after)
    if after is not None and after.content is not None and (before is None or before.content != after.content):
        yield from _content(kind, after.content.data)
    yield from _sizes(kind, name, before, after, look)
    yield from _last_ones(kind, name, before, after, look)
    old, new = before or State(), after or State()
    touched = old.targets ^ new.targets
    if before is None or after is None or old.content != new.content:
        touched |= old.targets | new.targets
    if org.ROOT in touched:
        # As the reference of each type says; SCPs and RCPs leave the management account alone, the others do not.
        yield Breach(
            "it holds for every account of the organization: the root is among its targets",
            "try it on one unit first; or allow `whole-organization`",
            "whole-organization",
        )
    yield from _for_management(kind, touched, new.targets - old.targets, look)
    if kind in ("scp", "rcp"):
        yield from lockout.policy_breaches(kind, name, before, after, look)


def _for_management(kind: str, touched: frozenset[str], new: frozenset[str], look: Look) -> Iterator[Breach]:
    """Find what bears on the management account otherwise than by the root, or cannot bear on it.

    Source: Organizations User Guide, "Service control policies" and "Tag policies": only the latter hold there.
    """
    if touched <= {org.ROOT}:
        return
    manager = next(((name, one) for name, one in look.all("organization_account").items() if one.management), None)
    if manager is None:
        return
    name, account = manager
    if kind in ("scp", "rcp"):
        if name in new:
            yield Breach(f"{name} is the management account: no {kind.upper()} holds for it", "leave it out")
    elif found := sorted(touched & {*org.levels(account.ou), name} - {org.ROOT}):
        yield Breach(
            f"it holds for the management account, by {', '.join(found)}",
            "leave that target out, or allow `whole-organization`",
            "whole-organization",
        )


def _content(kind: str, data: Any) -> Iterator[Breach]:
    """Find what AWS does not take in a document; what lint says of SCPs and RCPs, the task tells with its place."""
    if kind not in ("scp", "rcp"):
        yield from mistakes(kind, data)
    elif data.get("Version") != "2012-10-17":
        # Organizations User Guide, "SCP syntax" and "RCP syntax": every one includes it.
        yield Breach(f"every {kind.upper()} has the Version 2012-10-17", 'Version: "2012-10-17"')


def _of_aws(before: State | None, after: State | None) -> Iterator[Breach]:
    if before is None or not before.aws_managed:
        return
    if after is None or (before.content, before.description, before.tags) != (
        after.content, after.description, after.tags,
    ):  # fmt: skip
        yield Breach("it is a policy of AWS: only its targets can change", "give another name")


def _sizes(kind: str, name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    override = f"(limits as of {limits.limits_dated()}; the variable organization_limits says others)"
    size, most = size_of(after), limits.limit(look, kind, "size")
    if size > most:
        yield Breach(f"a document of {size} characters; AWS takes {most} {override}", "split it into two policies")
    elif after.content is not None and not after.aws_managed and not after.content.json().isprintable():
        yield Breach("the document holds characters that cannot be printed")
    for target in sorted(after.targets - (before.targets if before else frozenset())):
        count, most = len(attached(kind, target, look) | {name}), limits.limit(look, kind, "attached")
        if count > most:
            yield Breach(
                f"{target} would carry {count} policies of this type, others' included; AWS takes {most} {override}",
                "detach one in an earlier task, or attach it to the unit above",
            )
    if before is None and len(look.all(kind)) + 1 > (most := limits.limit(look, kind, "policies")):
        yield Breach(f"the organization would have more than {most} policies of this type {override}")
    organization = look.get("organization", "organization")
    if after.targets and organization is not None and org.POLICY_KINDS[kind] not in organization.policy_types:
        yield Breach(
            f"policies of the type {org.POLICY_KINDS[kind]} are not enabled",
            f"in an earlier task: organization: {{policy_types: {{include: [{org.POLICY_KINDS[kind]}]}}}}",
        )
    yield from org.tag_breaches(after.tags, look)


def _last_ones(kind: str, name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    """Find targets that would be left with fewer policies than AWS demands: one SCP, and RCPFullAWSAccess."""
    gone = (before.targets if before else frozenset()) - (after.targets if after else frozenset())
    if kind == "rcp" and gone and before is not None and before.aws_managed:
        yield Breach("AWS does not detach RCPFullAWSAccess")
    elif gone and limits.limit(look, kind, "least"):
        for target in sorted(gone):
            if not attached(kind, target, look) - {name}:
                yield Breach(
                    f"it is the last {kind.upper()} of {target}, and AWS keeps one",
                    "attach its successor (or FullAWSAccess) in an earlier task",
                )


def attached(kind: str, target: str, look: Look) -> frozenset[str]:
    """Return the names of all policies of a kind that are attached to a target itself, as tasks so far leave it."""
    return frozenset(name for name, state in look.all(kind).items() if target in state.targets)


def size_of(state: State) -> int:
    """Return what Organizations counts: every character as it is sent; in bytes, which are never fewer."""
    return state.content.size("organizations") if state.content is not None else 0


def notes(kind: str, name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    """Yield how much of AWS's limits a policy takes, and its targets have taken."""
    if after is None or after.aws_managed:
        return
    if before is None or before.content != after.content:
        yield f"{size_of(after):,} of {limits.limit(look, kind, 'size'):,} characters"
    new = sorted(after.targets - (before.targets if before else frozenset()))
    counts: dict[int, list[str]] = {}
    for target in new:
        counts.setdefault(len(attached(kind, target, look) | {name}), []).append(target)
    most = limits.limit(look, kind, "attached")
    for count, where in sorted(counts.items()):
        shown = ", ".join(where[:5]) + (f" and {len(where) - 5} more" if len(where) > 5 else "")
        yield f"{count} of {most} policies of this type attached to {shown}"
    if kind in ("scp", "rcp") and (missing := lockout.unchecked(kind, name, before, after, look)):
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        yield f"who keeps access is not checked in accounts that the inventory has not: {shown}"
