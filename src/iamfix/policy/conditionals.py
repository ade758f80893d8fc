"""Conditions as literals that can be compared: what means the same is equal, and one may imply another.

Source: IAM User Guide, reference_policies_elements_condition_operators.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from iamfix.policy.conditions import operator_parts
from iamfix.policy.globs import glob_inside
from iamfix.policy.json_text import DocumentError
from iamfix.policy.typed_values import IpRange, ip_range, parse_date, parse_number
from iamfix.policy.variables import Variable, parse_template

__all__ = [
    "NEVER", "ONE_VALUE", "Literal", "Literals", "blocks", "contradict", "implies", "joined", "read_condition",
    "shown_text",
]  # fmt: skip

_SAME = {"ArnEquals": "ArnLike", "ArnNotEquals": "ArnNotLike"}
ONE_VALUE = frozenset(
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

    @property
    def holds_absent(self) -> bool:
        """Whether it holds where the key is not in the request."""
        negated = self.negated and not self.quantifier
        return self.if_exists or negated or self.quantifier == "ForAllValues" or self.operator == "absent"

    def implies(self, other: Literal) -> bool:
        """Whether the other holds wherever this one does. May say no where a closer look would say yes."""
        if self.key != other.key:
            return False
        if self.operator == "absent":
            return other.holds_absent
        if self.quantifier != other.quantifier or (self.if_exists and not other.holds_absent):
            return False
        same = self.operator == other.operator
        if not same and (self.operator, other.operator) not in _WIDER:
            return False
        wide, narrow = (self, other) if self.negated else (other, self)
        return all(any(_covers(wide.operator, one, two) for one in wide.values) for two in narrow.values)


_WIDER = frozenset((("StringEquals", "StringLike"), ("StringNotLike", "StringNotEquals")))
"""Operators of which the first, with the same values, implies the second."""


def _covers(operator: str, wide: object, narrow: object) -> bool:
    """Whether a request's value that fits the one value of a policy, of that operator, fits the other too."""
    if wide == narrow:
        return True
    if operator in ("StringLike", "StringNotLike") and isinstance(wide, str) and isinstance(narrow, str):
        return not set(wide).isdisjoint("*?") and glob_inside(narrow, wide)
    if operator in ("IpAddress", "NotIpAddress"):
        outer, inner = _range(wide), _range(narrow)
        if outer is None or inner is None or outer[0] != inner[0]:
            return False
        return inner[2] <= outer[2] and outer[1] >> outer[2] == inner[1] >> outer[2]
    if isinstance(wide, Decimal) and isinstance(narrow, Decimal):
        if "LessThan" in operator:
            return narrow <= wide
        return "GreaterThan" in operator and narrow >= wide
    return False


def _range(value: object) -> IpRange | None:
    found = isinstance(value, tuple) and len(value) == 3 and all(isinstance(part, int) for part in value)
    return cast(IpRange, value) if found else None


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
            # `IfExists` adds nothing to what holds for an absent key anyhow.
            optional = if_exists and quantifier != "ForAllValues" and (bool(quantifier) or "Not" not in plain)
            found.append(Literal(quantifier, plain, optional, key.lower(), values, (name, key, shown)))
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
    if operator.startswith("Date"):
        moment = parse_date(text)
        return text if moment is None else moment
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
        if key in ONE_VALUE and contradict(same):
            return frozenset((NEVER,))
        for literal in same:
            if not any(o != literal and o.implies(literal) and not literal.implies(o) for o in same):
                kept.add(literal)
    return frozenset(kept)


def contradict(literals: Iterable[Literal]) -> bool:
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
