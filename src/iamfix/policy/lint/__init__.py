"""Lint of policy documents, offline: what AWS refuses, what does nothing, and what allows more than it should.

for finding in lint(document.data, "identity"):
    line, column = locate(text, finding.path)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from iamfix.policy.lint import breadth, condition_keys, federation, grammar, names, operators, principals, sizes, trust
from iamfix.policy.lint.finding import LintFinding, LintKind, LintSeverity, Rule, Subject
from iamfix.policy.lint.place import duplicate_keys, locate, positions
from iamfix.policy.statements import statements

__all__ = [
    "KINDS",
    "RULES",
    "SEVERITIES",
    "LintFinding",
    "LintKind",
    "LintSeverity",
    "Rule",
    "duplicate_keys",
    "kind_of",
    "lint",
    "locate",
    "partition_of",
    "positions",
]

_FAMILIES = (grammar, sizes, principals, names, operators, condition_keys, breadth, trust)

RULES: tuple[Rule, ...] = (*(rule for family in _FAMILIES for rule in family.RULES), *federation.RULES)
"""All rules, in the order in which they are asked."""

SEVERITIES: tuple[LintSeverity, ...] = ("error", "high", "medium", "low", "info")
"""The worst first."""

KINDS: tuple[LintKind, ...] = get_args(LintKind)

_DEEPEST = 50


def lint(
    data: Mapping[str, Any], kind: LintKind, partition: str = "aws", *, account: str | None = None
) -> list[LintFinding]:
    """Return what is wrong with a policy document, in the order of its statements, the worst first in each.

    Args:
        data: the document as a JSON-able mapping; anything may be in it.
        kind: what the document is for.
        partition: the partition in which it will live.
        account: id of the account in which it will live; where it is known, lint tells its own from foreign accounts.
    """
    if not isinstance(data, Mapping):
        return [
            grammar.NOT_AN_OBJECT.at((), "The document is not an object", 'Write {"Version": …, "Statement": […]}.')
        ]
    if _depth(data) > _DEEPEST:
        return [grammar.ELEMENT_TYPE.at((), f"The document is nested deeper than {_DEEPEST} levels", "No policy is.")]
    subject = Subject(data, kind, partition, account, statements(data))
    if (huge := sizes.huge(subject)) is not None:
        return [huge]
    found = dict.fromkeys(finding for family in _FAMILIES for finding in family.check(subject))
    return sorted(found, key=lambda f: (-1 if f.statement is None else f.statement, SEVERITIES.index(f.severity)))


def kind_of(data: Mapping[str, Any]) -> LintKind:
    """Guess what a document is for: `trust` where every action is STS's and no resource is named, `resource` where
    principals are named, else `identity`."""
    found = statements(data)
    if not any(s.has("Principal") or s.has("NotPrincipal") for s in found):
        return "identity"
    actions = [text.lower() for s in found for text in s.texts("Action")]
    bare = not any(s.has("Resource") or s.has("NotResource") for s in found)
    return "trust" if bare and actions and all(a.startswith("sts:") for a in actions) else "resource"


def partition_of(data: Mapping[str, Any]) -> str:
    """Guess in which partition a document will live: in that of its ARNs where they agree, else in `aws`."""
    elements = ("Resource", "NotResource")
    texts = [text for s in statements(data) for element in elements for text in s.texts(element)]
    texts += [m.text for s in statements(data) for e in ("Principal", "NotPrincipal") for m in s.principals(e)]
    found = {text.split(":")[1] for text in texts if text.startswith("arn:")} & names.PARTITIONS
    return found.pop() if len(found) == 1 else "aws"


def _depth(value: object) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        deepest = max(deepest, depth)
        if depth > _DEEPEST:
            break
        if isinstance(item, Mapping):
            waiting += [(inner, depth + 1) for inner in item.values()]
        elif isinstance(item, list):
            waiting += [(inner, depth + 1) for inner in item]
    return deepest
