"""Conditions as literals that can be compared: what means the same is equal, and one may imply another.

Source: IAM User Guide, reference_policies_elements_condition_operators.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from iamfix.policy.conditions import operator_parts
from iamfix.policy.json_text import DocumentError
from iamfix.policy.typed_values import ip_range, parse_number
from iamfix.policy.variables import Variable, parse_template

__all__ = ["NEVER", "Literal", "Literals", "blocks", "implies", "joined", "read_condition", "shown_text"]

_SAME = {"ArnEquals": "ArnLike", "ArnNotEquals": "ArnNotLike"}
_ONE_VALUE = frozenset(
    ("aws:multifactorauthpresent", "aws:securetransport", "aws:viaawsservice", "aws:principalisawsservice")
)
"""Keys that have a single boolean, so that two values cannot both be theirs (reference_policies_condition-keys)."""


@dataclass(frozen=True, slots=True)
class Literal:
    """One operator with one key: equal in meaning is `==`.

    Attributes:
        quantifier: `ForAllValues`, `ForAnyValue` or nothing.
        operator: AWS's spelling, without quantifier and suffix; `ArnEquals` is `ArnLike`.
        key: in lower case.
        values: any of them (for a negated operator: none of them), in normal form.
        shown: operator, key and values as written.
    """

    quantifier: str
    operator: str
    if_exists: bool
    key: str
    values: frozenset[object]
    shown: tuple[str, str, tuple[str, ...]] = field(compare=False)

    @property
    def negated(self) -> bool:
        return "Not" in self.operator

    def implies(self, other: Literal) -> bool:
        """Whether the other holds wherever this one does. May say no where a closer look would say yes."""
        if (self.key, self.operator, self.quantifier) != (other.key, other.operator, other.quantifier):
            return False
        if self.if_exists and not other.if_exists and not self._holds_absent_anyhow:
            return False
        return self.values >= other.values if self.negated else self.values <= other.values

    @property
    def _holds_absent_anyhow(self) -> bool:
        """`IfExists` adds nothing: the operator holds for an absent key without it too."""
        return self.quantifier == "ForAllValues" or (self.negated and not self.quantifier)


Literals = frozenset[Literal]
"""A condition block: all of them hold."""

NEVER = Literal("", "never", False, "", frozenset(), ("", "", ()))
"""Stands in a block that no request can meet."""


def read_condition(data: Mapping[str, Mapping[str, Any]], variables: bool) -> Literals:
    """Read a statement's `Condition`, which has been checked already.

    Raises:
        DocumentError: there is no such operator.
    """
    found: list[Literal] = []
    for name, keys in data.items():
        parts = operator_parts(name)
        if parts is None:
            raise DocumentError(f"there is no condition operator {name!r}")
        quantifier, operator, if_exists = parts
        for key, given in keys.items():
            texts = tuple(_text(value) for value in (given if isinstance(given, list) else [given]))
            plain = _SAME.get(operator, operator)
            if plain in ("StringLike", "StringNotLike") and not any(set(text) & set("*?$") for text in texts):
                plain = plain.replace("Like", "Equals")
            values = frozenset(_normal(plain, text, variables) for text in texts)
            shown = tuple(shown_text(text, variables) for text in texts)
            found.append(Literal(quantifier, plain, if_exists, key.lower(), values, (name, key, shown)))
    return frozenset(found)


def shown_text(text: str, variables: bool) -> str:
    """The text as a document of 2012-10-17 has it: where `${` is no variable, it is written so there too."""
    return text if variables else text.replace("${", "${$}{")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def _normal(operator: str, text: str, variables: bool) -> object:
    if variables and "${" in text:
        parts = parse_template(text, True).parts
        return tuple((p.lowered, p.default) if isinstance(p, Variable) else ("", *p) for p in parts)
    if operator in ("Bool", "Null"):
        return text.strip().lower()
    if operator in ("IpAddress", "NotIpAddress"):
        return ip_range(text) or text
    if operator.startswith("Numeric"):
        number = parse_number(text)
        return text if number is None else number
    return text.lower() if operator.endswith("IgnoreCase") else text


def implies(block: Literals, other: Literals) -> bool:
    """Whether every request that meets the one block meets the other."""
    return other <= block or all(any(literal.implies(needed) for literal in block) for needed in other)


def joined(a: Literals, b: Literals) -> Literals:
    """Both blocks as one."""
    if not a or not b:
        return a or b
    both = a | b
    by_key: dict[str, list[Literal]] = {}
    for literal in both:
        by_key.setdefault(literal.key, []).append(literal)
    kept: set[Literal] = set()
    for key, same in by_key.items():
        if key in _ONE_VALUE and _contradict(same):
            return frozenset((NEVER,))
        for literal in same:
            if not any(o != literal and o.implies(literal) and not literal.implies(o) for o in same):
                kept.add(literal)
    return frozenset(kept)


def _contradict(literals: Iterable[Literal]) -> bool:
    bools = [one for one in literals if one.operator == "Bool" and not one.quantifier]
    return any(
        not a.values & b.values and not (a.if_exists and b.if_exists)
        for number, a in enumerate(bools)
        for b in bools[number + 1 :]
    )


def blocks(literals: Literals) -> list[dict[str, dict[str, Any]]]:
    """The literals as `Condition` elements, all of which hold: one, unless an operator has a key twice."""
    found: list[dict[str, dict[str, Any]]] = []
    for literal in sorted(literals, key=lambda one: one.shown):
        name, key, values = literal.shown
        value = values[0] if len(values) == 1 else sorted(values)
        block = next((one for one in found if key not in one.get(name, {})), None)
        if block is None:
            block = {}
            found.append(block)
        block.setdefault(name, {})[key] = value
    return found
