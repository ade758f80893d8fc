"""The access diff on random policies and requests: it hides nothing, and shows where a difference lies."""

from __future__ import annotations

import os
import random

import pytest

from iamfix.policy.difference import Rights, compare, compare_resource
from iamfix.policy.document import Document
from iamfix.policy.evaluate import compile_policies, evaluate
from iamfix.policy.request import make_request
from tests.policy.random_policies import CONDITIONS, CONTEXTS, document, holds, neighbour, request

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


PRINCIPALS = (
    "arn:aws:iam::111111111111:user/ann", "arn:aws:iam::111111111111:role/r", "arn:aws:iam::222222222222:role/r",
    "arn:aws:sts::111111111111:assumed-role/r/s", "ec2.amazonaws.com", "accounts.google.com", "111111111111",
)  # fmt: skip
MEMBERS = (
    {"AWS": "*"}, {"AWS": "111111111111"}, {"AWS": ["arn:aws:iam::111111111111:root", "222222222222"]},
    {"AWS": ["arn:aws:iam::111111111111:user/ann", "arn:aws:iam::111111111111:role/r"]},
    {"AWS": "arn:aws:sts::111111111111:assumed-role/r/s"}, {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]},
    {"Federated": "accounts.google.com", "AWS": "222222222222"}, "*",
)  # fmt: skip


def _trust(chance: random.Random) -> Document:
    statements = [
        {
            "Effect": chance.choice(("Allow", "Allow", "Deny")),
            "NotPrincipal" if chance.random() < 0.15 else "Principal": chance.choice(MEMBERS),
            "Action": chance.choice(("sts:AssumeRole", "sts:*", ["sts:AssumeRole", "sts:TagSession"])),
            **({"Condition": dict(chance.choice(CONDITIONS))} if chance.random() < 0.3 else {}),
        }
        for _ in range(chance.randint(1, 3))
    ]
    return Document.parse({"Version": "2012-10-17", "Statement": statements}, trust=True)


@pytest.mark.parametrize("seed", range(2))
def test_who_may_assume_a_role_tells_nobody_apart_when_the_diff_is_empty(seed: int) -> None:
    """An empty diff of two trust policies means that nobody is answered differently, one way or the other."""
    chance = random.Random(seed)
    told = 0
    role = "arn:aws:iam::111111111111:role/target"
    anything = Document.parse([{"Effect": "Allow", "Action": "*", "Resource": "*"}])
    for _ in range(ROUNDS * 2):
        sides = [_trust(chance), _trust(chance)]
        if chance.random() < 0.3:
            sides[1] = Document.parse({**sides[0].data, "Statement": sides[0].data["Statement"][::-1]}, trust=True)
        found = compare_resource(*sides)
        policies = [compile_policies(identity=[anything], resource=one) for one in sides]
        for who in PRINCIPALS:
            asked = make_request(who, "sts:AssumeRole", role, context=chance.choice(CONTEXTS))
            was, now = (evaluate(one, asked).allowed for one in policies)
            if was != now:
                told += 1
                assert found.gained if now else found.lost, (sides, who)
    assert told > ROUNDS
