"""What is gained or lost, as entries for people and programs: patterns first, then the known actions among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from iamfix.policy.actions import actions_matching
from iamfix.policy.boxes import principal_text
from iamfix.policy.conditionals import Literals, blocks
from iamfix.policy.globs import Pattern, intersections
from iamfix.policy.patterns import is_wild
from iamfix.policy.reach import narrow_keys
from iamfix.policy.risk import Risk, RiskClass, class_of, highest_class, rank, risk_of_known
from iamfix.policy.spans import Box, Span

__all__ = ["Entry", "entries", "risk_text"]

SHOWN = 12
"""Known actions that are named of each risk class; the others are counted."""


@dataclass(frozen=True)
class Entry:
    """Requests: one of the actions on one of the resources by one of the principals, where the conditions hold.

    Attributes:
        actions, not_actions: patterns; what fits one of the second is not meant.
        resources, not_resources: likewise.
        principals, not_principals: of the policy of a resource; empty for the policies of a principal.
        when: conditions that all hold.
        unless: blocks of conditions, none of which holds.
        denied: a Deny came or went where nothing allows it; only the policy of a resource could allow it.
        policy: ARN of a policy of which the document is not known; nothing else is then.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_actions: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    not_principals: tuple[str, ...] = ()
    when: Literals = frozenset()
    unless: frozenset[Literals] = frozenset()
    denied: bool = False
    policy: str | None = None

    @classmethod
    def of_policy(cls, arn: str) -> Entry:
        """The entry for all that a policy says whose document could not be read."""
        return cls((), (), policy=arn)

    @cached_property
    def risk(self) -> Risk:
        """The worst that the actions are good for. What no list knows is a write; an unread policy may be anything."""
        if self.policy is not None:
            return Risk(RiskClass.PRIVILEGE_ESCALATION)
        passed_to = next(
            (
                tuple(one.shown[2])
                for one in self.when
                if one.key == "iam:passedtoservice" and not one.negated and one.operator.startswith("String")
            ),
            None,
        )
        resources = ("*",) if self.not_resources else self.resources
        found = _risk(self.actions, self.not_actions, resources, passed_to)
        return found[1] if narrow_keys(one.key for one in self.when) else found[0]

    @property
    def known(self) -> dict[str, dict[str, Any]]:
        """The listed actions behind the wildcards by risk class, worst first: how many, and the first of them."""
        if not any(is_wild(action) for action in self.actions):
            return {}
        return _known_by_class(self.actions, self.not_actions)

    @property
    def order(self) -> tuple[Any, ...]:
        """Worst first; what is only denied last."""
        return (self.denied, -rank(self.risk.risk_class), self.actions, self.resources, self.not_actions)

    def as_json(self) -> dict[str, Any]:
        """The entry as JSON data; what is empty is left out, but for the four that every entry has."""
        conditions = blocks(self.when)
        found: dict[str, Any] = {
            "actions": list(self.actions),
            "resources": list(self.resources),
            "conditions": None if not conditions else conditions[0] if len(conditions) == 1 else conditions,
            "risk": risk_text(self.risk),
        }
        if self.risk.paths:
            found["paths"] = list(self.risk.paths)
        for name in ("not_actions", "not_resources", "principals", "not_principals"):
            if value := getattr(self, name):
                found[name] = list(value)
        if self.unless:
            unless = [blocks(one) for one in sorted(self.unless, key=lambda one: sorted(o.shown for o in one))]
            found["unless"] = [one[0] if len(one) == 1 else one for one in unless]
        if self.denied:
            found["denied"] = True
        if self.policy is not None:
            found["policy"] = self.policy
        if known := self.known:
            found["known"] = known
        return found


def risk_text(risk: Risk) -> str:
    """A risk in words: its class, and the first of the paths that it opens."""
    first, more = risk.paths[:SHOWN], len(risk.paths) - SHOWN
    return str(Risk(risk.risk_class, first))[: -1 if more > 0 else None] + (f" and {more} more)" if more > 0 else "")


@lru_cache(maxsize=2048)
def _expanded(actions: tuple[str, ...], but: tuple[str, ...]) -> frozenset[str]:
    found = frozenset(name for pattern in actions for name in actions_matching(pattern))
    return found.difference(*(actions_matching(pattern) for pattern in but))


@lru_cache(maxsize=2048)
def _risk(
    actions: tuple[str, ...], but: tuple[str, ...], resources: tuple[str, ...], passed_to: tuple[str, ...] | None
) -> tuple[Risk, Risk]:
    """The risk of actions, and the same when a condition makes the grant too narrow for a path of escalation."""
    known = _expanded(actions, but)
    unlisted = any(not actions_matching(pattern) for pattern in actions)
    return risk_of_known(known, resources, passed_to, unlisted=unlisted), Risk(highest_class(known, unlisted=unlisted))


@lru_cache(maxsize=512)
def _known_by_class(actions: tuple[str, ...], but: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    found: dict[RiskClass, list[str]] = {}
    for name in sorted(_expanded(actions, but)):
        found.setdefault(class_of(name), []).append(name)
    return {
        str(one): {"count": len(found[one]), "actions": found[one][:SHOWN]} for one in sorted(found, key=rank)[::-1]
    }


def entries(boxes: Iterable[Box], denied: Iterable[Box] = (), *, principals: bool = False) -> tuple[Entry, ...]:
    """Return the boxes as entries, the riskiest first; those of `denied` after them, and marked so.

    With `principals` they are of the policy of a resource, and each principal has entries of its own.
    """
    found = [*_of(_gathered(boxes), principals, denied=False), *_of(_gathered(denied), principals, denied=True)]
    return tuple(sorted(dict.fromkeys(found), key=lambda entry: entry.order))


def _gathered(boxes: Iterable[Box]) -> list[Box]:
    """Boxes that differ only in their actions as one."""
    together: dict[tuple[Any, ...], list[Span]] = {}
    for box in boxes:
        together.setdefault((box.resources, box.principals, box.when, box.unless), []).append(box.actions)
    return [Box(tuple(dict.fromkeys(cell for one in spans for cell in one)), *rest) for rest, spans in together.items()]


def _of(boxes: Iterable[Box], principals: bool, *, denied: bool) -> Iterable[Entry]:
    for box in boxes:
        for actions, not_actions in _shown(box.actions, fold=True):
            for resources, not_resources in _shown(box.resources):
                for who, but in _shown_principals(box.principals) if principals else [((), ())]:
                    yield Entry(actions, resources, not_actions, not_resources, who, but, box.when, box.unless, denied)


_Shown = list[tuple[tuple[str, ...], tuple[str, ...]]]
"""(patterns, but not these)"""


def _shown(span: Span, *, fold: bool = False) -> _Shown:
    """A span as texts: cells with the same exceptions together."""
    groups: dict[frozenset[Pattern], list[str]] = {}
    for cell in span:
        groups.setdefault(cell.excludes, []).extend(_texts(cell.includes, fold))
    return [
        (tuple(sorted(dict.fromkeys(texts))), tuple(sorted(pattern.text for pattern in excludes)))
        for excludes, texts in groups.items()
    ]


def _texts(includes: frozenset[Pattern], fold: bool) -> Sequence[str]:
    if len(includes) == 1:
        return [pattern.text for pattern in includes]
    texts = [pattern.text.lower() if fold else pattern.text for pattern in includes]
    crossed = () if any(pattern.dynamic for pattern in includes) else intersections(texts)
    return crossed or [max(texts, key=lambda text: (len(text.replace("*", "")), text))]


def _shown_principals(span: Span) -> _Shown:
    """Principals one by one: each is somebody else. Of patterns that all fit, the longest names them best."""
    found: _Shown = []
    for cell in span:
        best = max(cell.includes, key=lambda pattern: (not any(wild for _, wild in pattern.steps), len(pattern.steps)))
        found.append(((principal_text(best),), tuple(sorted(principal_text(pattern) for pattern in cell.excludes))))
    return found
