"""How far policies grant an action: on every resource, on the principal's own, or on some; and which paths that opens.

What a condition takes away is judged by its key: keys that say who asks, from where or when leave the grant as wide as
it is; keys about the resource or the request (tags, `iam:PolicyARN`, `iam:PermissionsBoundary`, …) make it narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from iamfix.policy.actions import resource_arns
from iamfix.policy.escalation import PATHS, EscalationPath, Way, minimal
from iamfix.policy.patterns import arn_parts, arns_overlap, matches
from iamfix.policy.statements import Condition, Path, Statement

__all__ = ["Grant", "OpenPath", "Width", "covers_all", "escalations", "grants", "narrow", "narrow_keys", "passes"]

PASS_ROLE = "iam:PassRole"  # noqa: S105 an action, no password

_WHO_AND_WHEN = (
    "aws:principal",
    "aws:source",
    "aws:multifactorauth",
    "aws:vpc",
    "aws:currenttime",
    "aws:epochtime",
    "aws:tokenissuetime",
    "aws:securetransport",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:resourceorg",
    "aws:userid",
    "aws:username",
    "aws:useragent",
    "aws:referer",
    "aws:federatedprovider",
    "aws:assumedroot",
    "aws:ec2instancesource",
    "aws:requesttag/",
    "aws:tagkeys",
    "ec2:sourceinstancearn",
    "ec2:roledelivery",
)
_PASSED_TO = "iam:passedtoservice"


class Width(IntEnum):
    """On how much a statement grants an action."""

    SOME = 1
    OWN = 2
    """On the user that asks (`${aws:username}`)."""
    ALL = 3
    """On every resource of a type of the action, in the account."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A statement grants an action.

    Attributes:
        path: to the action, or to `NotAction`.
        statement: that grants.
        width: on how much.
        narrow: a condition, or a Deny elsewhere, makes it less than it seems.
        services: patterns of the services to which a role may be passed; None where any will do.
    """

    path: Path
    statement: Statement
    width: Width
    narrow: bool
    services: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class OpenPath:
    """A path that the policies open, and the grant that weighs most in it: the role's, else the first action's."""

    path: EscalationPath
    grant: Grant


def narrow(conditions: Iterable[Condition]) -> bool:
    """Tell whether conditions leave less than they would without them, but for who asks, from where and when."""
    return narrow_keys(c.low_key for c in conditions)


def narrow_keys(keys: Iterable[str]) -> bool:
    """Tell the same of the conditions' keys, in lower case."""
    return any(not key.startswith((*_WHO_AND_WHEN, _PASSED_TO)) for key in keys)


def covers_all(resources: Iterable[str], action: str) -> bool:
    """Tell whether the resources hold all of some type that the action works on; a lone `*` always does."""
    formats = resource_arns(action)
    return any(r == "*" or any(_covers(r, arn) for arn in formats) for r in resources)


def _covers(resource: str, arn_format: str) -> bool:
    mine, whole = arn_parts(resource), arn_parts(arn_format)
    # Partition, region and account are the caller's own in nearly every policy: they do not make it narrow.
    return (
        mine is not None
        and whole is not None
        and "${" not in resource
        and matches(mine[1], whole[1])
        and matches(mine[4], whole[4])
    )


def grants(policy: Sequence[Statement], action: str) -> Iterator[Grant]:
    """Yield what the Allow statements of a principal's policies grant of an action that is spelled out.

    A Deny without condition on all resources takes the action away; a Deny with `NotResource` or with a condition about
    the resource or the request makes every grant narrow.
    """
    restricted = False
    for statement in policy:
        if not statement.denies or _matching(statement, action) is None:
            continue
        if statement.has("NotResource") or narrow(statement.conditions) or _limits_passing(statement):
            restricted = True
        elif not statement.conditions and covers_all(statement.texts("Resource"), action):
            return
    for statement in policy:
        path = _matching(statement, action) if statement.allows else None
        if path is not None:
            yield Grant(
                path,
                statement,
                _width(statement, action),
                restricted or narrow(statement.conditions),
                _services(statement.conditions),
            )


def _limits_passing(statement: Statement) -> bool:
    return any(c.low_key == _PASSED_TO for c in statement.conditions)


def _matching(statement: Statement, action: str) -> Path | None:
    low = action.lower()
    for member in statement.members("Action"):
        if _fits(member.text, low):
            return member.path
    if statement.has("NotAction") and not any(_fits(text, low) for text in statement.texts("NotAction")):
        return (*statement.path, "NotAction")
    return None


def _fits(pattern: str, low_action: str) -> bool:
    return matches(pattern.lower(), low_action)


def _width(statement: Statement, action: str) -> Width:
    if statement.has("NotResource"):
        return Width.ALL
    resources = statement.texts("Resource")
    if covers_all(resources, action):
        return Width.ALL
    return Width.OWN if any("${aws:username}" in text.lower() for text in resources) else Width.SOME


def _services(conditions: Iterable[Condition]) -> tuple[str, ...] | None:
    for condition in conditions:
        if condition.low_key == _PASSED_TO and not condition.negated:
            return tuple(member.text for member in condition.values)
    return None


def escalations(policy: Sequence[Statement]) -> tuple[OpenPath, ...]:
    """Return the paths of pathfinding.cloud that a principal's policies open, shortest first.

    A path counts when each of its actions is granted and not narrow: `iam:PassRole` on all roles and to a service of
    the path, actions on other principals and on what is already running on all of them, actions on oneself on all or
    on one's own, and what makes something new on anything.
    """
    known: dict[str, tuple[Grant, ...]] = {}

    def granted(action: str) -> tuple[Grant, ...]:
        if action not in known:
            known[action] = tuple(g for g in grants(policy, action) if not g.narrow)
        return known[action]

    found = {path.id: opened for path in PATHS if (opened := _opened(path, granted))}
    return tuple(found[path.id] for path in minimal(o.path for o in found.values()))


def passes(allowed: Sequence[str], needed: Sequence[str]) -> bool:
    """Tell whether a role may be passed to one of the services; China's names of services (`.cn`) are the same ones."""
    return any(matches(pattern.removesuffix(".cn"), service) for pattern in allowed for service in needed)


def _opened(path: EscalationPath, granted: Callable[[str], tuple[Grant, ...]]) -> OpenPath | None:
    least = {Way.SELF: Width.OWN, Way.NEW_PASSROLE: Width.SOME}.get(path.way, Width.ALL)
    weighs: Grant | None = None
    for action in sorted(path.actions, key=lambda a: (a != PASS_ROLE, a)):
        wanted = Width.ALL if action == PASS_ROLE else least
        grant = next((g for g in granted(action) if g.width >= wanted and _reaches(g, path, action)), None)
        if grant is None:
            return None
        weighs = weighs or grant
    return OpenPath(path, weighs) if weighs else None


def _reaches_resource(statement: Statement, needed: str) -> bool:
    return statement.has("NotResource") or any(arns_overlap(text, needed) for text in statement.texts("Resource"))


def _reaches(grant: Grant, path: EscalationPath, action: str) -> bool:
    if path.needs and not _reaches_resource(grant.statement, path.needs):
        return False
    if action != PASS_ROLE or grant.services is None:
        return True
    return passes(grant.services, path.passed_to)
