"""The evaluation against a table of requests: each line of `cases/*.jsonl` is one rule of AWS with its answer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from iamfix.policy.simulate import simulate_case

FILES = sorted((Path(__file__).parent / "cases").glob("*.jsonl"))
CASES: list[dict[str, Any]] = [json.loads(line) for file in FILES for line in file.read_text("utf-8").splitlines()]
OF_THE_TABLE = ("id", "expect", "expect_keys", "rule", "source")
LAYERS = {
    "identity_policy": "identity_policies",
    "boundary": "boundary",
    "session_policy": "session_policy",
    "resource_policy": "resource_policy",
    "trust_policy": "resource_policy",
    "scp": "scps",
    "rcp": "rcps",
}
PAGE = re.compile(
    r"https://docs\.aws\.amazon\.com/(IAM/latest/UserGuide|STS/latest/APIReference|kms/latest/developerguide"
    r"|organizations/latest/userguide|AmazonS3/latest/API)/[A-Za-z_-]+\.html"
)
CORNERS = {
    "a negated operator on an unset variable in a Deny": ["var-deny-not-equals-unset", "var-deny-both-missing"],
    "variables in a 2008 document": ["var-2008", "var-2008-literal", "var-no-version", "var-deny-not-equals-2008"],
    "a resource policy that names the session against a session policy": ["resource-session", "resource-session-both"],
    "root with no policies": ["root-no-policies", "root-boundary", "root-scp-lacks"],
    "service-linked roles under SCPs": ["scp-service-linked", "scp-service-linked-session", "scp-service-role"],
    "ForAllValues on a missing key": ["for-all-missing", "for-all-missing-deny", "for-all-with-null"],
    "cross-account with boundary": ["cross-boundary", "cross-session-boundary"],
    "NotPrincipal": ["not-principal-spared", "not-principal-boundary", "not-principal-role-only"],
    "question mark": ["action-question", "resource-question", "string-like-question", "arn-like-question"],
    "IfExists": ["bool-if-exists-missing-deny", "if-exists-not-equals", "not-ip-if-exists-deny", "for-any-if-exists"],
    "Null": ["null-true-missing", "null-false-empty-set", "for-all-with-null"],
    "defaults of variables": ["var-default", "var-default-unused", "var-default-condition", "unknown-default"],
    "NotAction and NotResource": ["not-action", "not-resource", "not-both", "var-unset-not-resource"],
    "users, roles, sessions": ["resource-user", "resource-role", "resource-session", "role-path-session"],
    "federated": ["federated-user", "trust-oidc", "trust-saml", "trust-google", "trust-cognito"],
    "services": ["service-granted", "service-scp", "trust-service", "service-linked-is-no-service"],
    "canonical users and anonymous callers": ["canonical-user", "anonymous-public", "anonymous-principal-account"],
    "the management account": ["scp-management", "scp-management-root", "rcp-management", "scp-member"],
    "SCPs level by level": ["scp-root-lacks", "scp-ou-lacks", "scp-account-lacks", "scp-levels-differ"],
    "RCPs": ["rcp-deny", "rcp-external", "rcp-other-service", "rcp-retire-grant", "rcp-service-linked-trust"],
    "key policies": ["kms-policy-required", "kms-delegated", "kms-root", "kms-default", "kms-cross", "kms-no-policy"],
    "unique ids of principals": ["id-user", "id-user-other", "id-role-session", "id-deny-deleted", "id-user-partial"],
    "a bucket's policy and its owner's root user": ["bucket-root-put", "bucket-root-scp", "bucket-root-other"],
    "a role without trust policy": ["trust-none"],
    "trust policies of AssumeRole": ["trust-user", "trust-account", "trust-cross", "trust-self", "trust-root"],
    "of AssumeRoleWithSAML": ["trust-saml", "trust-saml-audience", "trust-saml-plain"],
    "of AssumeRoleWithWebIdentity": ["trust-oidc", "trust-oidc-subject", "trust-oidc-action", "trust-oidc-tags"],
    "of TagSession, SetSourceIdentity and SetContext": [
        "trust-tag-session", "trust-source-identity", "trust-set-context", "federation-token-tags",
    ],
    "AssumeRoot, GetFederationToken, GetSessionToken, GetCallerIdentity": [
        "assume-root", "federation-token", "get-session-token", "get-caller-identity-denied",
    ],
    "both version rules": ["version-2008", "var-star-2008", "var-condition-2008"],
    "case": ["action-case", "resource-case", "key-case", "string-equals-case", "var-key-case", "resource-user-case"],
    "not given is not absent": ["unknown-allow", "unknown-absent", "unknown-deny-anyway", "unknown-variable-no-match"],
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_rule(case: dict[str, Any]) -> None:
    """The answer is AWS's, hangs on just the keys named, and points to the statement that gives it."""
    answer = simulate_case({key: value for key, value in case.items() if key not in OF_THE_TABLE[1:]})
    assert answer["decision"] == case["expect"], f"{case['rule']} {answer['reason']} {case['source']}"
    assert answer["unknown_keys"] == case.get("expect_keys", [])
    assert bool(answer["unknown_keys"]) == (case["expect"] == "unknown")
    where = answer["statement"]
    if case["expect"] == "explicit_deny":
        assert where is not None
    if where is not None:
        assert _statement(case, where)["Effect"] == ("Deny" if case["expect"] == "explicit_deny" else "Allow")


def _statement(case: dict[str, Any], where: dict[str, Any]) -> dict[str, Any]:
    """The statement at which an answer points."""
    documents = case[LAYERS[where["layer"]]]
    documents = documents if where.get("level") is None else documents[where["level"]]
    document = documents[where["document"]] if isinstance(documents, list) else documents
    statements = document["Statement"]
    found: dict[str, Any] = statements[where["statement"]] if isinstance(statements, list) else statements
    assert found.get("Sid") == where["sid"]
    return found


def test_the_table() -> None:
    """At least 250 requests, each with a sentence and a page of AWS; none asks the same as another."""
    assert len(CASES) >= 250
    assert len({case["id"] for case in CASES}) == len(CASES)
    for case in CASES:
        assert re.fullmatch(r".{10,}\.", case["rule"], re.DOTALL), case["id"]
        assert PAGE.fullmatch(case["source"]), case["id"]
    asked = [
        json.dumps({k: v for k, v in case.items() if k not in OF_THE_TABLE}, sort_keys=True).replace(" ", "")
        for case in CASES
    ]
    assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("corner", CORNERS)
def test_corners_have_cases(corner: str) -> None:
    """Each corner of the evaluation is asked by name."""
    assert set(CORNERS[corner]) <= {case["id"] for case in CASES}
