"""The access diff on random policies and requests: it hides nothing, and shows where a difference lies."""

from __future__ import annotations

import os
import random

import pytest

from iamfix.policy.difference import Rights, compare
from iamfix.policy.evaluate import compile_policies, evaluate
from tests.policy.random_policies import document, holds, neighbour, request

ROUNDS = int(os.environ.get("IAMFIX_ROUNDS", "60"))
"""Random pairs of policies for each seed."""


@pytest.mark.parametrize("seed", range(4))
def test_a_request_that_tells_before_from_after_is_in_the_diff(seed: int) -> None:
    """What is allowed on one side only is in `gained` or `lost`; an empty diff means equal answers to all requests."""
    chance = random.Random(seed)
    told = same = 0
    for _ in range(ROUNDS):
        identity = [document(chance) for _ in range(chance.randint(1, 2))]
        bound = document(chance) if chance.random() < 0.3 else None
        after = [neighbour(one, chance) for one in identity]
        new_bound = bound if chance.random() < 0.5 else document(chance) if chance.random() < 0.5 else None
        sides = [Rights(tuple(identity), bound), Rights(tuple(after), new_bound)]
        found = compare(*sides)
        policies = [compile_policies(identity=one.identity, boundary=one.boundary) for one in sides]
        for _ in range(60):
            asked = request(chance)
            was, now = (evaluate(one, asked) for one in policies)
            if was.decision == now.decision:
                same += 1
                continue
            told += 1
            where = f"{sides[0]}\n{sides[1]}\n{asked}: {was.decision} {now.decision}"
            if now.allowed and not was.allowed:
                assert any(holds(entry, asked) for entry in found.gained if not entry.denied), where
            elif was.allowed and not now.allowed:
                assert any(holds(entry, asked) for entry in found.lost if not entry.denied), where
            if now.decision == "explicit_deny" and not was.allowed:
                assert any(holds(entry, asked) for entry in found.lost), where
            if was.decision == "explicit_deny" and not now.allowed:
                assert any(holds(entry, asked) for entry in found.gained), where
    assert told > ROUNDS
    assert same > ROUNDS
