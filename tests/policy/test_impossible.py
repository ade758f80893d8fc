"""Conditions and exceptions that leave nothing over: found where they do, and never claimed where a request is left."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from iamfix.policy.compiled import Statement, compile_document
from iamfix.policy.conditionals import read_condition
from iamfix.policy.document import Document
from iamfix.policy.impossible import impossible
from iamfix.policy.request import make_request

TAG, KEYS, MFA = "aws:PrincipalTag/x", "aws:TagKeys", "aws:MultiFactorAuthPresent"
IP, AGE = "aws:SourceIp", "aws:MultiFactorAuthAge"
VALUES: dict[str, list[Any]] = {
    TAG: [None, "", "a", "b", "ab", "a*", ["a", "b"], ["b", "ab"]],
    KEYS: [None, [], ["k"], ["l"], ["k", "l"], ["k", "m"]],
    MFA: [None, "true", "false"],
    IP: [None, "10.0.0.1", "10.1.2.3", "192.0.2.1"],
    AGE: [None, "5", "60"],
}
OPERATORS: dict[str, tuple[list[str], list[str]]] = {
    TAG: (
        ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIfExists",
         "StringLikeIfExists", "StringNotEqualsIfExists", "Null"],
        ["a", "b", "ab", "a*", "?", "*", "${aws:username}", "true", "false"],
    ),
    KEYS: (
        [f"{q}:{o}" for q in ("ForAllValues", "ForAnyValue")
         for o in ("StringEquals", "StringNotEquals", "StringLike", "StringEqualsIfExists")] + ["Null"],
        ["k", "l", "m", "*", "true", "false"],
    ),
    MFA: (["Bool", "BoolIfExists", "Null"], ["true", "false"]),
    IP: (["IpAddress", "NotIpAddress", "IpAddressIfExists"], ["10.0.0.0/8", "10.1.0.0/16", "10.0.0.1", "0.0.0.0/0"]),
    AGE: (["NumericLessThan", "NumericGreaterThanEquals", "NumericEquals", "NumericNotEquals"], ["5", "6", "60"]),
}  # fmt: skip


def block(chance: random.Random, keys: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in keys:
        operators, values = OPERATORS[key]
        found.setdefault(chance.choice(operators), {})[key] = chance.sample(values, chance.choice((1, 1, 2)))
    return found


def compiled(condition: dict[str, Any]) -> Statement:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    return compile_document(Document.parse([statement])).allows[0]


@pytest.mark.parametrize("seed", range(2))
def test_what_is_called_impossible_is_met_by_no_request(seed: int) -> None:
    """Over all values of the keys, nothing that meets `when` and none of the exceptions is called impossible."""
    chance = random.Random(seed)
    found = rest = 0
    for _ in range(200):
        keys = chance.sample(sorted(VALUES), chance.choice((1, 1, 2)))
        when = block(chance, keys[: chance.randint(0, 2)])
        unless = [block(chance, chance.sample(keys, chance.randint(1, len(keys)))) for _ in range(chance.randint(1, 4))]
        claimed = impossible(
            read_condition(when, variables=True), frozenset(read_condition(one, variables=True) for one in unless)
        )
        statements = [compiled(when), *map(compiled, unless)]
        for values in itertools.product(*(VALUES[key] for key in keys)):
            asked = make_request(
                "arn:aws:iam::111111111111:user/ab", "s3:GetObject", "*", context=dict(zip(keys, values, strict=True))
            )
            holds = [statement.applies(asked, []) for statement in statements]
            if holds[0] and not any(holds[1:]):
                rest += 1
                assert not claimed, (when, unless, asked.context)
                break
        else:
            found += claimed
    assert found > 25
    assert rest > 60


def test_many_exceptions_are_given_up_soon() -> None:
    """Conditions made to be tried without end are given up, and then count as possible."""
    keys = [f"aws:PrincipalTag/{number}" for number in range(20)]
    when = read_condition({"StringEquals": {key: ["a", "b"] for key in keys}}, variables=True)
    unless = frozenset(
        read_condition({"StringEquals": {one: "a", two: "b"}}, variables=True) for one, two in itertools.pairwise(keys)
    )
    assert not impossible(when, unless)
