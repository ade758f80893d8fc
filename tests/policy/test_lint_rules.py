"""Every rule of lint: a document that breaks it, and the next one that does not."""

from __future__ import annotations

from typing import Any

import pytest

from iamfix.policy.lint import RULES, LintKind, lint, partition_of
from tests.policy import (
    lint_cases_conditions,
    lint_cases_grammar,
    lint_cases_grants,
    lint_cases_names,
    lint_cases_trust,
)
from tests.policy.lint_documents import Case, allow, doc, github, trust

CASES: list[Case] = [
    *lint_cases_grammar.CASES,
    *lint_cases_names.CASES,
    *lint_cases_conditions.CASES,
    *lint_cases_grants.CASES,
    *lint_cases_trust.CASES,
]


@pytest.mark.parametrize(
    ("rule", "kind", "bad", "severity", "good"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)]
)
def test_rule(rule: str, kind: LintKind, bad: Any, severity: str, good: Any) -> None:
    """The rule finds the bad document with its severity, and is silent on the good one."""
    assert [f.severity for f in lint(bad, kind) if f.rule == rule][:1] == [severity]
    assert [f.summary for f in lint(good, kind) if f.rule == rule] == []


def test_every_rule_has_a_case() -> None:
    """No rule is without a document that breaks it, and ids are unique."""
    ids = [rule.id for rule in RULES]
    assert sorted(ids) == sorted(set(ids))
    assert set(ids) == {case[0] for case in CASES}


PROMISED: dict[str, tuple[str, ...]] = {
    "unknown actions, services and condition keys": ("unknown-action", "unknown-service", "unknown-condition-key"),
    "ARNs that match no resource type": ("arn", "arn-matches-no-type", "action-without-resource"),
    "conditions that can never hold": ("condition-never-holds", "condition-key-not-sent", "wildcard-in-equals"),
    "MFA conditions that do not hold as meant": ("mfa-bool", "mfa-if-exists"),
    "empty sets": ("empty-set", "empty-values", "empty-condition"),
    "duplicate Sids": ("duplicate-sid",),
    "sizes and characters": ("too-big", "characters"),
    "star-star and whole services": ("star-star", "service-wide-write"),
    "Allow with what is not meant": ("allow-not-action", "allow-not-resource", "allow-not-principal"),
    "privilege escalation": ("privilege-escalation", "privilege-escalation-existing", "pass-role-star"),
    "trust": ("trust-anyone", "cross-account-trust", "web-identity-subject", "confused-deputy"),
}


@pytest.mark.parametrize("promise", PROMISED)
def test_what_lint_promises(promise: str) -> None:
    """Each kind of finding has its rules, and each of these a document that breaks it, with why, a hint and a page."""
    for rule in PROMISED[promise]:
        kind, bad = next((case[1], case[2]) for case in CASES if case[0] == rule)
        found = next(f for f in lint(bad, kind) if f.rule == rule)
        assert found.summary
        assert found.hint
        assert found.source.startswith("https://")


@pytest.mark.parametrize("kind", ["identity", "boundary", "session"])
def test_good_document_has_no_findings(kind: LintKind) -> None:
    """A narrow, well-formed document is silent."""
    good = doc(allow(["s3:GetObject", "s3:ListBucket"], ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], Sid="Read"))
    assert lint(good, kind) == []


def test_caps_are_not_grants() -> None:
    """Star-star is what SCPs and boundaries are made of."""
    for kind in ("scp", "boundary", "session"):
        assert lint(doc(allow("*", "*")), kind) == []  # type: ignore[arg-type]


def test_service_control_policies_take_the_full_language() -> None:
    """Since 2025 an SCP may hold conditions, resources and NotAction beside Allow: nothing is refused."""
    scp = doc(
        {
            "Effect": "Allow",
            "Action": "s3:*",
            "Resource": "arn:aws:s3:::b",
            "Condition": {"Bool": {"aws:SecureTransport": "true"}},
        }
    )
    assert [f for f in lint(scp, "scp") if f.severity == "error"] == []


def test_finding_says_where() -> None:
    """A finding has the index, the Sid and the path of the offending element."""
    (found,) = [
        f
        for f in lint(doc(allow(), allow(["s3:GetObject", "s3:GetObjet"], Sid="Typo")), "identity")
        if f.rule == "unknown-action"
    ]
    assert (found.statement, found.sid, found.path) == (1, "Typo", ("Statement", 1, "Action", 1))
    assert "s3:GetObject" in found.hint
    assert found.source.startswith("https://")


def test_single_statement_object_has_paths_without_index() -> None:
    """Where Statement is one object, paths have no index."""
    (found,) = [
        f
        for f in lint({"Version": "2012-10-17", "Statement": allow("s3:GetObjet")}, "identity")
        if f.rule == "unknown-action"
    ]
    assert found.path == ("Statement", "Action")


def test_known_account_tells_own_from_foreign() -> None:
    """With the account known, its own principals are silent and others are found."""
    bad = lint(trust({"AWS": "arn:aws:iam::222222222222:root"}), "trust", account="1" * 12)
    assert [(f.rule, f.severity) for f in bad] == [("cross-account-trust", "medium")]
    assert lint(trust({"AWS": "arn:aws:iam::111111111111:root"}), "trust", account="1" * 12) == []


@pytest.mark.parametrize(
    ("resource", "partition"),
    [
        ("arn:aws-us-gov:s3:::b/*", "aws-us-gov"), (["arn:aws-cn:s3:::b/*", "arn:*:s3:::c/*", "*"], "aws-cn"),
        ("*", "aws"),
        (["arn:aws-cn:s3:::b/*", "arn:aws-us-gov:s3:::b/*"], "aws"), ("arn:amazon:s3:::b/*", "aws"),
    ],
)  # fmt: skip
def test_a_file_is_of_the_partition_of_its_arns(resource: Any, partition: str) -> None:
    """Where no account is known, the ARNs tell the partition as far as they agree on one that there is."""
    assert partition_of(doc(allow(resource=resource))) == partition


def test_partition() -> None:
    """A policy for China is judged by China's partition."""
    data = doc(allow(resource="arn:aws-cn:s3:::b/*"))
    assert lint(data, "identity", "aws-cn") == []


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("s3:GetObjet", "s3:GetObject"),
        ("iam:AssumeRole", "sts:AssumeRole"),
        ("lamda:InvokeFunction", "lambda:InvokeFunction"),
    ],
)
def test_typo_gets_the_right_word(typo: str, meant: str) -> None:
    """An unknown name comes with the word that was meant."""
    found = [f for f in lint(doc(allow(typo, "*")), "identity") if f.rule.startswith("unknown")]
    assert meant in found[0].hint


@pytest.mark.parametrize(
    ("subject", "fixed"),
    [
        ("repo:acme/app:ref:refs/heads/main", True),
        ("repo:acme/*", True),
        ("repo:*", False),
        ("repo:*/app:*", False),
        ("*", False),
        ("?*", False),
        ("project_path:*", False),
        ("project_path:acme/app:ref_type:branch:ref:*", True),
        ("system:serviceaccount:*", False),
        ("system:serviceaccount:*:*", False),
        ("system:serviceaccount:shop:*", True),
    ],
)
def test_subjects_of_web_identity(subject: str, fixed: bool) -> None:
    """A subject counts when it names an owner, not when its first part is a wildcard."""
    found = lint(github({"aud": "sts.amazonaws.com", "sub": subject}), "trust")
    assert ("web-identity-subject" not in {f.rule for f in found}) is fixed
