"""The sandbox allows and denies as AWS documents it: the same cases as the evaluation, and random policies."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from iamfix.policy.evaluate import compile_policies, evaluate
from iamfix.policy.principals import parse_principal
from iamfix.sandbox.evaluation import decide, decide_trust, like, statements_of
from tests.policy.random_policies import USER, document, request

ANSWERS = {"allow": "allowed", "deny": "explicit_deny", "none": "implicit_deny"}
OTHER_LAYERS = {"boundary", "session_policy", "scps", "rcps", "resource_policy", "management_account"}
FILES = sorted((Path(__file__).parents[1] / "policy" / "cases").glob("*.jsonl"))


def _is_plain(case: dict[str, Any]) -> bool:
    """The case has identity policies only, a user who asks, one value a key, and an action that policies decide."""
    asked = case["request"]
    return (
        not OTHER_LAYERS & case.keys()
        and case["expect"] != "unknown"
        and ":user/" in str(asked["principal"])
        and not asked["action"].startswith("sts:")
        and not case["id"].startswith("cross-")
        and all(isinstance(value, str) and value for value in asked["context"].values())
    )


CASES = [case for file in FILES for case in map(json.loads, file.read_text("utf-8").splitlines()) if _is_plain(case)]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_identity_policies(case: dict[str, Any]) -> None:
    """What a user's policies allow in the sandbox is what AWS's documentation says of them."""
    asked = case["request"]
    owner = asked.get("resource_account") or asked["resource"].split(":")[4:5] or [""]
    derived = {key: values[0] for key, values in parse_principal(asked["principal"]).context().items() if values}
    derived["aws:ResourceAccount"] = (owner if isinstance(owner, str) else owner[0]) or derived["aws:principalaccount"]
    statements = [one for policy in case["identity_policies"] for one in statements_of(json.dumps(policy))]
    answer = decide(statements, asked["action"], asked["resource"], derived | asked["context"])
    assert ANSWERS[answer] == case["expect"], case["rule"]


def test_there_are_many_plain_cases() -> None:
    """The cases that fit the sandbox are most of those about elements, conditions and variables."""
    assert len(CASES) > 200


def test_random_policies() -> None:
    """Sandbox and evaluation answer alike, request by request, on one policy or several."""
    chance = random.Random(7)
    seen = set()
    for _ in range(300):
        documents = [document(chance) for _ in range(chance.randint(1, 3))]
        policies = compile_policies(identity=documents)
        statements = [one for each in documents for one in statements_of(each.text)]
        for _ in range(10):
            asked = request(chance)
            if any(len(values) > 1 for values in asked.context.values()):
                continue
            context = {key: values[0] for key, values in asked.context.items() if values}
            answer = ANSWERS[decide(statements, asked.action, asked.resource, context)]
            assert answer == evaluate(policies, asked).decision, (documents, asked)
            seen.add(answer)
    assert seen == set(ANSWERS.values())


def test_any_resource() -> None:
    """Asked about no resource in particular, a policy allows what it allows somewhere."""
    text = json.dumps({"Statement": {"Effect": "Allow", "Action": "s3:Get*", "NotResource": "arn:aws:s3:::b"}})
    assert decide(statements_of(text), "s3:GetObject", None, {}) == "allow"
    assert decide(statements_of(text), "s3:GetObject", "arn:aws:s3:::b", {}) == "none"


def test_trust_policies() -> None:
    """A trust policy names the caller by ARN, id or account; its conditions count, and a Deny wins."""
    allow = {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "sts:AssumeRole"}
    guarded = {**allow, "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}
    deny = {**allow, "Effect": "Deny", "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}
    trust = statements_of(json.dumps({"Version": "2012-10-17", "Statement": [guarded, deny]}))
    names = [USER, "AIDAEXAMPLEEXAMPLE123"]
    assert decide_trust(trust, "sts:AssumeRole", names, {"sts:ExternalId": "x"}) == "allow"
    assert decide_trust(trust, "sts:AssumeRole", names, {}) == "none"
    assert decide_trust(trust, "sts:AssumeRole", ["arn:aws:iam::1:root"], {"sts:ExternalId": "x"}) == "none"
    assert decide_trust(trust, "sts:AssumeRole", names, {"sts:ExternalId": "x", "aws:SourceIp": "192.0.2.9"}) == "deny"


def test_wildcards() -> None:
    """`like` is the policy language's own: `*` is any run, `?` one character, case counts unless it is folded."""
    assert like("s3:GetObject", "s3:*ect")
    assert not like("s3:GetObject", "S3:get?bject")
    assert like("s3:GetObject", "S3:get?bject", fold_case=True)
    assert not like("a+b", "a.b")


def test_aws_managed_policies_can_be_asked() -> None:
    """A sample of the policies that AWS manages: none has what the sandbox cannot read."""
    managed = json.loads(aws_managed_policies_data)
    for name in sorted(managed)[::12]:
        statements = statements_of(json.dumps(managed[name]["Document"]))
        assert decide(statements, "none:Such", "arn:aws:s3:::b/k", {}) in ANSWERS
