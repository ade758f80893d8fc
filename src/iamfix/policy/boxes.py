"""Policy documents as boxes: what their statements allow and deny, by action, resource, principal and conditions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from iamfix.policy.compiled import Layer, compile_document
from iamfix.policy.conditionals import read_condition, shown_text
from iamfix.policy.document import Document
from iamfix.policy.globs import EVERYTHING, Pattern, action_pattern, literal_pattern, resource_pattern
from iamfix.policy.spans import ALL, Box, Span, span
from iamfix.policy.variables import parse_template

__all__ = ["Boxes", "boxes_of", "principal_text"]

_ACCOUNT = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True)
class Boxes:
    """What a document says: one box for each statement, in order."""

    allows: tuple[Box, ...]
    denies: tuple[Box, ...]


def boxes_of(document: Document, layer: Layer = "identity_policy") -> Boxes:
    """Read a document for its place in the evaluation; what was read once is kept.

    Raises:
        DocumentError: the document is not of the policy grammar, as `compile_document` says.
    """
    return _read(document.text, document.trust, document.partition, layer)


@lru_cache(maxsize=4096)
def _read(text: str, trust: bool, partition: str, layer: Layer) -> Boxes:
    document = Document(text, trust, partition)
    compile_document(document, layer)
    data = document.data
    variables = data.get("Version") == "2012-10-17"
    given = data["Statement"]
    found: dict[str, list[Box]] = {"Allow": [], "Deny": []}
    for statement in given if isinstance(given, list) else [given]:
        box = _box(statement, variables, trust, partition)
        if box.actions and box.resources and box.principals and not box.void:
            found[statement["Effect"]].append(box)
    return Boxes(tuple(dict.fromkeys(found["Allow"])), tuple(dict.fromkeys(found["Deny"])))


def _box(statement: Mapping[str, Any], variables: bool, trust: bool, partition: str) -> Box:
    if "Resource" in statement or "NotResource" in statement:
        but = "NotResource" in statement
        texts = _texts(statement["NotResource" if but else "Resource"])
        resources = _span([_resource(text, variables) for text in texts], but)
    else:
        resources = ALL
    but = "NotAction" in statement
    actions = _span([action_pattern(text) for text in _texts(statement["NotAction" if but else "Action"])], but)
    when = read_condition(statement.get("Condition") or {}, variables)
    return Box(actions, resources, _principals(statement, trust, partition), when)


def _resource(text: str, variables: bool) -> Pattern:
    if text == "*":
        return EVERYTHING
    return resource_pattern(parse_template(text, variables), shown_text(text, variables))


def _span(patterns: list[Pattern], but: bool) -> Span:
    if not but and EVERYTHING in patterns:
        return ALL
    if but and EVERYTHING in patterns:
        return ()
    return span(patterns, but=but)


def _principals(statement: Mapping[str, Any], trust: bool, partition: str) -> Span:
    but = "NotPrincipal" in statement
    value = statement.get("NotPrincipal" if but else "Principal")
    if value is None:
        return ALL
    named = [
        (kind, f"arn:{partition}:iam::{name}:root" if kind == "AWS" and _ACCOUNT.fullmatch(name) else name)
        for kind, members in (value.items() if isinstance(value, Mapping) else [("", "*")])
        for name in _texts(members)
    ]
    if but:
        # Whom it spares hangs on account, role and session together: it is taken whole, and as wide as it can be.
        names = ", ".join(sorted(name for _, name in named))
        return span([Pattern(("not", frozenset(named)), EVERYTHING.steps, True, f"everyone except {names}")])
    # In the policy of a resource `{"AWS": "*"}` is everyone; in a trust policy it is not (yet) services.
    if any(name == "*" and (not kind or (kind == "AWS" and not trust)) for kind, name in named):
        return ALL
    return span(literal_pattern(f"{kind}:" + ("" if name == "*" else name), prefix=name == "*") for kind, name in named)


def principal_text(pattern: Pattern) -> str:
    """A principal as a policy names it: `arn:…`, `ec2.amazonaws.com`, `*` for everyone, `AWS:*` for all of AWS."""
    if pattern.dynamic:
        return pattern.text
    if pattern == EVERYTHING:
        return "*"
    kind, _, name = pattern.text.partition(":")
    return name or f"{kind}:*"


def _texts(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
