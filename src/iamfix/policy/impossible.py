"""Whether conditions and the exceptions from them leave anything over, so that what is split in two is found whole.

What is found impossible is; not all that is impossible is found.
Source: IAM User Guide, reference_policies_elements_condition_operators.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from iamfix.policy.conditionals import NEVER, ONE_VALUE, Literal, Literals, contradict, implies

__all__ = ["impossible"]

_MOST_TRIES = 256
_MOST_BLOCKS = 48
_OPPOSITES = {
    "StringEquals": "StringNotEquals",
    "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase",
    "StringLike": "StringNotLike",
    "ArnLike": "ArnNotLike",
    "IpAddress": "NotIpAddress",
    "NumericEquals": "NumericNotEquals",
    "DateEquals": "DateNotEquals",
}
_OPPOSITES |= {negated: plain for plain, negated in _OPPOSITES.items()}
_QUANTIFIERS = {"": "", "ForAnyValue": "ForAllValues", "ForAllValues": "ForAnyValue"}
_TRUTH = frozenset(("true", "false"))
_ABSENT = "absent"


@lru_cache(maxsize=65536)
def impossible(when: Literals, unless: frozenset[Literals]) -> bool:
    """Whether no request meets all of `when` and none of the blocks `unless`."""
    if NEVER in when or any(implies(when, block) for block in unless):
        return True
    return 1 < len(unless) <= _MOST_BLOCKS and _may_meet(when, unless) and _no_way(when, unless, [_MOST_TRIES])


def _may_meet(when: Literals, unless: Iterable[Literals]) -> bool:
    """Whether anything can follow at all: from values that stand for themselves, or from a condition's opposite."""
    asked = {_sort(literal) for block in unless for literal in block}
    if any(_sort(literal) in asked and _splits(literal) for literal in when):
        return True
    return any(
        operator in ("Bool", "Null") or (_QUANTIFIERS[quantifier], _OPPOSITES.get(operator), key) in asked
        for quantifier, operator, key in asked
    )


def _no_way(when: Literals, unless: Iterable[Literals], tries: list[int]) -> bool:
    """Take what follows from the exceptions as known, then try the values of one condition after the other."""
    tries[0] -= 1
    left = set(unless)
    facts = when
    while True:
        rest = {frozenset(literal for literal in block if not implies(facts, frozenset((literal,)))) for block in left}
        if frozenset() in rest or _broken(facts):
            return True
        single = {block for block in rest if len(block) == 1}
        more = frozenset(other for (one,) in single if (other := _opposite(one)) is not None) - facts
        if not more:
            break
        facts, left = facts | more, rest
    asked = {_sort(literal) for block in rest for literal in block}
    for literal in sorted(facts, key=lambda one: (len(one.values), one.shown)):
        if tries[0] <= 0:
            return False
        if _sort(literal) in asked and _splits(literal):
            others = facts - {literal}
            return all(_no_way(others | {one}, rest, tries) for one in _cases(literal))
    return False


def _sort(literal: Literal) -> tuple[str, str, str]:
    """What literals must have in common for one value to tell something about the other."""
    operator = {"StringLike": "StringEquals", "StringNotLike": "StringNotEquals"}.get(literal.operator)
    return literal.quantifier, operator or literal.operator, literal.key


def _broken(facts: Literals) -> bool:
    by_key: dict[str, list[Literal]] = {}
    for literal in facts:
        if literal.key in ONE_VALUE:
            by_key.setdefault(literal.key, []).append(literal)
    return any(contradict(same) for same in by_key.values())


def _opposite(literal: Literal) -> Literal | None:
    """What holds just where the literal does not; None where no one operator says it."""
    if literal.operator == "Bool" and literal.key in ONE_VALUE and not literal.quantifier:
        # The key is absent, true or false.
        return replace(literal, if_exists=not literal.if_exists, values=_TRUTH - literal.values)
    if literal.operator == "Null" and not literal.quantifier:
        return replace(literal, values=_TRUTH - literal.values)
    operator = _OPPOSITES.get(literal.operator)
    if operator is None or literal.if_exists:
        return None
    return replace(literal, operator=operator, quantifier=_QUANTIFIERS[literal.quantifier])


def _splits(literal: Literal) -> bool:
    """Whether it holds just where it would with one of its values alone."""
    many = len(literal.values) + literal.if_exists > 1
    return many and not literal.negated and literal.quantifier != "ForAllValues" and literal.operator != _ABSENT


def _cases(literal: Literal) -> Iterator[Literal]:
    if literal.if_exists:
        yield replace(literal, operator=_ABSENT, if_exists=False, values=frozenset())
    for value in literal.values:
        # Without a wildcard the two are one, as where conditions are read.
        plain = literal.operator == "StringLike" and isinstance(value, str) and not set(value) & set("*?$")
        operator = "StringEquals" if plain else literal.operator
        yield replace(literal, operator=operator, if_exists=False, values=frozenset((value,)))
