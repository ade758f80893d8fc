"""Every condition operator, compiled once and asked three-valued: true, false, or None where a key is not known.

Source: IAM User Guide, reference_policies_elements_condition_operators, reference_policies_condition-logic-multiple-
context-keys-or-values and reference_policies_condition-single-vs-multi-valued-context-keys.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from iamfix.policy.json_text import DocumentError
from iamfix.policy.match import Piece, Test, arn_test, like_test
from iamfix.policy.typed_values import ip_range, ip_value, parse_binary, parse_date, parse_number
from iamfix.policy.variables import Context, Template, Variable, parse_template

__all__ = ["OPERATORS", "Condition", "compile_condition", "operator_parts"]

Build = Callable[[Sequence[Sequence[Piece]]], Test]


class Condition(Protocol):
    """One operator with one key and its values."""

    def check(self, context: Context, missing: tuple[str, ...] | None, unknown: list[str]) -> bool | None:
        """Whether the condition holds; None when that hangs on the keys then put into `unknown`."""


def _equals(patterns: Sequence[Sequence[Piece]]) -> Test:
    return frozenset("".join(text for text, _ in pieces) for pieces in patterns).__contains__


def _equals_ignore_case(patterns: Sequence[Sequence[Piece]]) -> Test:
    wanted = frozenset("".join(text for text, _ in pieces).lower() for pieces in patterns)
    return lambda value: value.lower() in wanted


def _bool(patterns: Sequence[Sequence[Piece]]) -> Test:
    wanted = frozenset("".join(text for text, _ in pieces).strip().lower() for pieces in patterns) & {"true", "false"}
    return lambda value: value.strip().lower() in wanted


def _compared(parse: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Build:
    def build(patterns: Sequence[Sequence[Piece]]) -> Test:
        wanted = [p for p in (parse("".join(text for text, _ in pieces)) for pieces in patterns) if p is not None]

        def test(value: str) -> bool:
            given = parse(value)
            return given is not None and any(compare(given, want) for want in wanted)

        return test

    return build


def _binary(patterns: Sequence[Sequence[Piece]]) -> Test:
    wanted = [b for b in (parse_binary("".join(text for text, _ in pieces)) for pieces in patterns) if b is not None]
    return lambda value: parse_binary(value) in wanted or value.encode(errors="replace") in wanted


def _ip(patterns: Sequence[Sequence[Piece]]) -> Test:
    ranges = [r for r in (ip_range("".join(text for text, _ in pieces)) for pieces in patterns) if r is not None]

    def test(value: str) -> bool:
        address = ip_value(value)
        return address is not None and any(
            version == address[0] and network >> bits == address[1] >> bits for version, network, bits in ranges
        )

    return test


@dataclass(frozen=True, slots=True)
class _Operator:
    build: Build
    negated: bool = False
    variables: bool = False
    exact: bool = False  # wildcards in the policy's values are ordinary characters


def _family(name: str, parse: Callable[[str], Any]) -> dict[str, _Operator]:
    equals = _compared(parse, operator.eq)
    return {
        f"{name}Equals": _Operator(equals),
        f"{name}NotEquals": _Operator(equals, negated=True),
        f"{name}LessThan": _Operator(_compared(parse, operator.lt)),
        f"{name}LessThanEquals": _Operator(_compared(parse, operator.le)),
        f"{name}GreaterThan": _Operator(_compared(parse, operator.gt)),
        f"{name}GreaterThanEquals": _Operator(_compared(parse, operator.ge)),
    }


_TABLE: dict[str, _Operator] = {
    "StringEquals": _Operator(_equals, variables=True, exact=True),
    "StringNotEquals": _Operator(_equals, negated=True, variables=True, exact=True),
    "StringEqualsIgnoreCase": _Operator(_equals_ignore_case, variables=True, exact=True),
    "StringNotEqualsIgnoreCase": _Operator(_equals_ignore_case, negated=True, variables=True, exact=True),
    "StringLike": _Operator(like_test, variables=True),
    "StringNotLike": _Operator(like_test, negated=True, variables=True),
    "ArnEquals": _Operator(arn_test, variables=True),
    "ArnLike": _Operator(arn_test, variables=True),
    "ArnNotEquals": _Operator(arn_test, negated=True, variables=True),
    "ArnNotLike": _Operator(arn_test, negated=True, variables=True),
    "Bool": _Operator(_bool, exact=True),
    "BinaryEquals": _Operator(_binary),
    "IpAddress": _Operator(_ip),
    "NotIpAddress": _Operator(_ip, negated=True),
    **_family("Numeric", parse_number),
    **_family("Date", parse_date),
}
_BY_LOWER_NAME = {name.lower(): name for name in (*_TABLE, "Null")}

OPERATORS: frozenset[str] = frozenset((*_TABLE, "Null"))
"""The operators without `IfExists` and without a set operator."""


@lru_cache(maxsize=512)
def operator_parts(name: str) -> tuple[str, str, bool] | None:
    """`ForAnyValue:StringLikeIfExists` as `("ForAnyValue", "StringLike", True)`; case does not count; None: unknown."""
    quantifier, colon, rest = name.rpartition(":")
    lowered = rest.lower()
    if_exists = lowered.endswith("ifexists")
    plain = _BY_LOWER_NAME.get(lowered.removesuffix("ifexists"))
    found = {"": "", "forallvalues": "ForAllValues", "foranyvalue": "ForAnyValue"}.get(quantifier.lower())
    if plain is None or found is None or (colon and not found) or (plain == "Null" and if_exists):
        return None
    return found, plain, if_exists


def compile_condition(name: str, key: str, values: Sequence[str], variables: bool) -> Condition:
    """Compile one operator with one key.

    Args:
        name: the operator as written, with `ForAnyValue:` or `ForAllValues:` and `IfExists`.
        key: the context key as written.
        values: the policy's values as text.
        variables: whether the document's version knows policy variables.

    Raises:
        DocumentError: there is no such operator.
    """
    parts = operator_parts(name)
    if parts is None:
        raise DocumentError(f"there is no condition operator {name!r}")
    quantifier, plain, if_exists = parts
    if plain == "Null":
        return _Null(key, key.lower(), frozenset(value.strip().lower() for value in values))
    found = _TABLE[plain]
    templates = [parse_template(value, variables and found.variables) for value in values]
    static = [template.static for template in templates if template.static is not None]
    return _Comparison(
        key=key,
        lowered=key.lower(),
        quantifier=quantifier,
        negated=found.negated,
        when_absent=True if if_exists else quantifier == "ForAllValues" or (not quantifier and found.negated),
        test=found.build(static),
        dynamic=tuple((t, _could_match(t, found)) for t in templates if t.static is None),
        build=found.build,
    )


def _could_match(template: Template, found: _Operator) -> Test:
    """A test that is true for every value that the template could match, whatever its variables hold."""
    if found.build is _equals_ignore_case:
        return like_test([(("*", False),)])
    if not found.exact:
        return like_test([template.loose])
    return like_test([[("*", False) if isinstance(part, Variable) else (part[0], True) for part in template.parts]])


@dataclass(frozen=True, slots=True)
class _Null:
    """`Null`: `true` holds when the key is absent, or has only empty values; `false` when it is there."""

    key: str
    lowered: str
    wanted: frozenset[str]

    def check(self, context: Context, missing: tuple[str, ...] | None, unknown: list[str]) -> bool | None:
        values = context.get(self.lowered, missing)
        if values is None:
            unknown.append(self.key)
            return None
        return ("false" if any(values) else "true") in self.wanted


@dataclass(frozen=True, slots=True)
class _Comparison:
    """An operator that compares the key's values with those of the policy.

    Attributes:
        when_absent: what holds when the key is absent.
        test: whether a value is among the policy's values without variables.
        dynamic: the policy's values with variables, each with a test that rules values out beforehand.
    """

    key: str
    lowered: str
    quantifier: str
    negated: bool
    when_absent: bool
    test: Test
    dynamic: tuple[tuple[Template, Test], ...]
    build: Build

    def check(self, context: Context, missing: tuple[str, ...] | None, unknown: list[str]) -> bool | None:
        values = context.get(self.lowered, missing)
        if values is None:
            unknown.append(self.key)
            return None
        if not values:
            return self.when_absent
        if self.quantifier and not any(values):
            return self.quantifier == "ForAllValues"
        every = self.quantifier == "ForAllValues" or (self.negated and not self.quantifier)
        result: bool | None = every
        hangs_on: list[str] = []
        for value in values:
            holds = self._holds(value, context, missing, hangs_on)
            if holds is None:
                result = None
            elif holds is not every:
                return not every
        if result is None:
            unknown.extend(hangs_on)
        return result

    def _holds(self, value: str, context: Context, missing: tuple[str, ...] | None, unknown: list[str]) -> bool | None:
        """Whether one value of the request satisfies the operator."""
        if self.test(value):
            return not self.negated
        hangs_on: list[str] = []
        for template, could_match in self.dynamic:
            if not could_match(value):
                continue
            pieces = template.resolve(context, missing, hangs_on)
            if pieces is not None and self.build([pieces])(value):
                return not self.negated
        if hangs_on:
            unknown.extend(hangs_on)
            return None
        return self.negated
