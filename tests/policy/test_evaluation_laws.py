"""Laws of the evaluation on random policies of all layers and random requests."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from iamfix.policy.document import Document
from iamfix.policy.evaluate import Policies, compile_policies, evaluate
from iamfix.policy.request import Request, make_request
from tests.policy.random_policies import ASKED, CONTEXTS, TARGETS, statement
from tests.policy.random_spellings import PRINCIPALS, reencoded, respelled, reworded

CALLERS: tuple[Any, ...] = (
    "arn:aws:iam::111111111111:user/ann", "arn:aws:sts::111111111111:assumed-role/r/work", "111111111111",
    "arn:aws:iam::222222222222:role/r", "ec2.amazonaws.com", "*", "arn:aws:sts::111111111111:federated-user/ann",
    "arn:aws:iam::111111111111:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
)  # fmt: skip
VALUES: dict[str, tuple[tuple[str, ...], ...]] = {
    "aws:multifactorauthpresent": ((), ("true",), ("false",)),
    "aws:multifactorauthage": ((), ("10",), ("900",)),
    "aws:principaltag/x": ((), ("a",), ("b",), ("ann",), ("annabel",), ("",)),
    "aws:tagkeys": ((), ("k",), ("k", "l"), ("m",)),
    "aws:sourcearn": ((), ("arn:aws:s3:::b",), ("arn:aws:s3:::c",)),
    "aws:sourceip": ((), ("10.0.0.1",), ("10.1.9.9",), ("192.0.2.1",)),
}
"""What each key may have in a completion; nothing is absence."""

Layers = dict[str, Any]


def layers(chance: random.Random) -> Layers:
    """Documents for all layers, as data; a layer is often left out."""

    def one(principals: bool = False) -> dict[str, Any]:
        statements = [statement(chance) for _ in range(chance.randint(1, 3))]
        if principals:
            for each in statements:
                each[chance.choice(("Principal", "Principal", "NotPrincipal"))] = chance.choice(PRINCIPALS)
        return {"Version": chance.choice(("2012-10-17", "2012-10-17", "2008-10-17")), "Statement": statements}

    full = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    return {
        "identity": [one() for _ in range(chance.randint(0, 3))],
        "boundary": one() if chance.random() < 0.3 else None,
        "session": [one()] if chance.random() < 0.2 else None,
        "resource": one(principals=True) if chance.random() < 0.5 else None,
        "scps": [[full], [full, one()]] if chance.random() < 0.3 else None,
        "rcps": [[one(principals=True)]] if chance.random() < 0.15 else None,
    }


def compiled(given: Layers, spell: Any = lambda data: data) -> Policies:
    def read(data: Any) -> Any:
        if isinstance(data, list):
            return [read(item) for item in data]
        return None if data is None else Document.parse(spell(data))

    return compile_policies(**{name: read(data) for name, data in given.items()})


def asked(chance: random.Random, *, partial: bool = False) -> Request:
    return make_request(
        chance.choice(CALLERS), chance.choice(ASKED), chance.choice(TARGETS),
        resource_account=chance.choice((None, "111111111111", "222222222222")),
        context={} if partial else chance.choice(CONTEXTS), partial=partial,
    )  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32))
def test_equal_in_meaning_means_equal_answers(seed: int) -> None:
    """No request tells a document from its other spellings, nor from one that means the same in other words."""
    chance = random.Random(seed)
    given = layers(chance)
    first = compiled(given)
    spelled = compiled(given, lambda data: reencoded(respelled(data, chance), chance))
    worded = compiled(given, lambda data: reworded(data, chance))
    for _ in range(12):
        request = asked(chance, partial=chance.random() < 0.3)
        answer = evaluate(first, request)
        again = evaluate(spelled, request)
        assert again.decision == answer.decision == evaluate(worded, request).decision, (given, request)
        assert {key.lower() for key in again.unknown_keys} == {key.lower() for key in answer.unknown_keys}


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_no_completion_contradicts_a_three_valued_answer(seed: int) -> None:
    """A decision on a partial context holds whatever the missing keys are; an unknown one hangs on keys it names."""
    chance = random.Random(seed)
    policies = compiled(layers(chance))
    for _ in range(4):
        request = asked(chance, partial=True)
        known = {key: chance.choice(values) for key, values in VALUES.items() if chance.random() < 0.3}
        request = replace(request, context={**request.context, **known})
        answer = evaluate(policies, request)
        assert (answer.decision == "unknown") == bool(answer.unknown_keys)
        assert not {key.lower() for key in answer.unknown_keys} & set(request.context)
        for _ in range(12):
            rest = {key: chance.choice(values) for key, values in VALUES.items() if key not in request.context}
            whole = replace(request, context={**request.context, **rest}, missing=())
            complete = evaluate(policies, whole)
            assert complete.decision != "unknown"
            if answer.decision != "unknown":
                assert complete.decision == answer.decision, (answer, complete, rest)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_the_keys_that_are_named_are_enough(seed: int) -> None:
    """Whoever gives the keys that an answer names, and asks again, gets to a decision; the others never matter."""
    chance = random.Random(seed)
    policies = compiled(layers(chance))
    request = asked(chance, partial=True)
    rest = {key: chance.choice(values) for key, values in VALUES.items()}
    rounds = 0
    while (answer := evaluate(policies, request)).decision == "unknown":
        named = {key.lower(): rest[key.lower()] for key in answer.unknown_keys}
        request = replace(request, context={**request.context, **named})
        rounds += 1
        assert rounds <= len(VALUES)
    whole = replace(request, context={**rest, **request.context}, missing=())
    assert evaluate(policies, whole).decision == answer.decision


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_more_denies_never_allow_more(seed: int) -> None:
    """A Deny more takes access away and never gives it; an Allow more never takes it away."""
    chance = random.Random(seed)
    given = layers(chance)
    more = {"Version": "2012-10-17", "Statement": [statement(chance)]}
    wider = compiled({**given, "identity": [*given["identity"], more]})
    for _ in range(10):
        request = asked(chance)
        before, after = evaluate(compiled(given), request), evaluate(wider, request)
        if more["Statement"][0]["Effect"] == "Deny":
            assert before.allowed or not after.allowed
        else:
            assert after.allowed or not before.allowed
