"""When two policy documents are the same: labelled pairs, and documents shuffled, re-wrapped and re-encoded."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamfix.policy.document import Document, dangling_principals
from tests.policy.document_pairs import PAIRS, Pair
from tests.policy.random_spellings import random_document, reencoded, respelled


@pytest.mark.parametrize("pair", PAIRS, ids=[pair.name for pair in PAIRS])
def test_a_labelled_pair(pair: Pair) -> None:
    """Two documents are equal just where AWS would not tell them apart, whichever comes first; so are their hashes."""
    one, other = (Document.parse(d, trust=pair.trust, partition=pair.partition) for d in (pair.one, pair.other))
    assert (one == other) is pair.equal, pair.rule
    assert (other == one) is pair.equal
    assert not pair.equal or hash(one) == hash(other)
    assert len({one, other}) == (1 if pair.equal else 2)


def test_there_are_enough_pairs() -> None:
    """At least 100 pairs, each with a name of its own, some of both verdicts for each rule that can have both."""
    assert len(PAIRS) >= 100
    assert len({pair.name for pair in PAIRS}) == len(PAIRS)
    one_sided = {"Effect and everything else compare exactly", "unique ids of deleted principals never equal an ARN"}
    for rule in {pair.rule for pair in PAIRS}:
        verdicts = {pair.equal for pair in PAIRS if pair.rule == rule}
        expected = {False} if rule in one_sided or "meaning" in rule or "never" in rule else {True, False}
        assert verdicts == expected, rule


def test_dangling_principals() -> None:
    """Ids of deleted users and roles are found among principals only, each once."""
    gone = "AROAEXAMPLEEXAMPLE123"
    principal = {"AWS": [gone, "arn:aws:iam::111111111111:root", gone, "AIDAEXAMPLEEXAMPLE456"]}
    found = Document.parse([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Sid": "AROAX"}])
    assert dangling_principals(found) == (gone, "AIDAEXAMPLEEXAMPLE456")
    assert dangling_principals(Document.parse([{"Effect": "Allow", "Action": "x:y", "Resource": gone}])) == ()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_shuffled_rewrapped_and_reencoded_documents_are_equal(seed: int) -> None:
    """Whatever AWS does to a document's spelling, it stays the same document, with the same hash."""
    chance = random.Random(seed)
    data = random_document(chance)
    one, other = Document.parse(data), Document.parse(reencoded(respelled(data, chance), chance))
    assert one == other, (data, other.data)
    assert hash(one) == hash(other)
    assert Document.parse(one.json()) == one == Document.parse(one.data)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_a_change_of_one_value_is_seen(seed: int) -> None:
    """A document in which one text is another one is never equal to the first, however it is spelled."""
    chance = random.Random(seed)
    data = random_document(chance)
    changed = json.loads(json.dumps(data))
    one = chance.choice(changed["Statement"])
    element = chance.choice(
        [name for name in ("Action", "NotAction", "Resource", "NotResource", "Effect") if name in one]
    )
    one[element] = "Never" if element == "Effect" else [*one[element], "new:Value"]
    assert Document.parse(data) != Document.parse(reencoded(respelled(changed, chance), chance))
