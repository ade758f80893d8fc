"""Conditions of one statement on one key that exclude each other, so that the statement never takes effect.

Source: IAM User Guide, reference_policies_elements_condition_operators (all conditions of a statement must hold; of
several values of one key one must fit).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from iamfix.policy.lint import sources
from iamfix.policy.lint.finding import LintFinding, Rule, shown
from iamfix.policy.patterns import matches
from iamfix.policy.statements import Condition, Statement
from iamfix.policy.typed_values import parse_date, parse_number

__all__ = ["NEVER", "contradictions"]

NEVER = Rule("condition-never-holds", "high", "A condition that can never hold", sources.OPERATORS)

_FITS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": operator.eq,
    "StringEqualsIgnoreCase": lambda wanted, text: wanted.lower() == text.lower(),
    "StringLike": matches,
}
_Bound = tuple[Decimal, bool]
"""A number, and whether the values must differ from it."""
_SPLIT = "Make two statements, or remove one of the conditions."


def contradictions(statement: Statement) -> Iterator[LintFinding]:
    """Yield the conditions that no request fulfils together."""
    by_key: dict[str, list[Condition]] = {}
    for condition in statement.conditions:
        by_key.setdefault(condition.low_key, []).append(condition)
    for conditions in by_key.values():
        yield from _absent(statement, conditions)
        single = [c for c in conditions if not c.qualifier and c.values and not any("${" in m.text for m in c.values)]
        if all(c.if_exists or c.negated for c in single):
            continue  # a request without the key fulfils them all
        yield from _texts_excluded(statement, single)
        for kind, parse in (("Numeric", parse_number), ("Date", parse_date)):
            yield from _empty_range(statement, [c for c in single if c.base.startswith(kind)], kind, parse)


def _absent(statement: Statement, conditions: Sequence[Condition]) -> Iterator[LintFinding]:
    if not any(c.operator == "Null" and {m.text.lower() for m in c.values} == {"true"} for c in conditions):
        return
    for condition in conditions:
        lenient = condition.if_exists or condition.negated or condition.qualifier == "ForAllValues"
        if condition.base != "Null" and not lenient:
            yield NEVER.at(
                condition.path,
                f"{shown(condition.key)} must be absent and have a value at once",
                "Make two statements, or use an IfExists operator without Null.",
                statement,
            )


def _texts_excluded(statement: Statement, conditions: Sequence[Condition]) -> Iterator[LintFinding]:
    """Where a key must be one of some texts: another condition excludes all of them."""
    for place, yes in enumerate(conditions):
        if yes.base != "StringEquals":
            continue
        for other, no in enumerate(conditions):
            fits = _FITS.get(no.base.replace("Not", ""))
            if fits is None or (no.base == "StringEquals" and other <= place):
                continue
            if not any(any(fits(n.text, m.text) for n in no.values) != no.negated for m in yes.values):
                what = "none of them" if no.negated else f"fit {no.operator}"
                yield NEVER.at(
                    no.path, f"{shown(no.key)} must be one of its values and {what} at once", _SPLIT, statement
                )


def _empty_range(
    statement: Statement, conditions: Sequence[Condition], kind: str, parse: Callable[[str], Decimal | None]
) -> Iterator[LintFinding]:
    """Where a key must be above one bound and below another: nothing is between them."""
    low: _Bound | None = None
    high: _Bound | None = None
    only: list[Decimal] | None = None
    for condition in conditions:
        values = [parse(member.text) for member in condition.values]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return  # told elsewhere
        how, strict = condition.base.removeprefix(kind), not condition.base.endswith("Equals")
        if how.startswith("GreaterThan"):
            bound = (min(known), strict)
            low = bound if low is None else max(low, bound)
        elif how.startswith("LessThan"):
            bound = (max(known), strict)
            high = bound if high is None else min(high, bound, key=lambda one: (one[0], not one[1]))
        elif how == "Equals":
            only = known if only is None else [value for value in only if value in known]
    if only is None and low is not None and high is not None and low[0] >= high[0]:
        only = [low[0]]  # nothing is left but this, if that
    if only is not None and not any(_between(value, low, high) for value in only):
        last = conditions[-1]
        yield NEVER.at(last.path, f"No value of {shown(last.key)} is within all these bounds", _SPLIT, statement)


def _between(value: Decimal, low: _Bound | None, high: _Bound | None) -> bool:
    if low is not None and (value < low[0] or (value == low[0] and low[1])):
        return False
    return high is None or value < high[0] or (value == high[0] and not high[1])
