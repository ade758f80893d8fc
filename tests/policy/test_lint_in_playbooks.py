"""`policy | lint` in playbooks: what a check can ask, and how mistakes in it are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from iamfix.model import Account, InputError, Place
from iamfix.policy.document import Document
from iamfix.render import Renderer, Scope, check_syntax
from iamfix.sandbox import Sandbox
from tests.policy.lint_documents import allow, doc, trust
from tests.running import Project

STAR = doc(allow("*", "*"))
NARROW = doc(allow())
PASSING = doc(allow("iam:PassRole", "*"), allow(["ec2:RunInstances"], "*"))
OUTSIDE = trust({"AWS": "arn:aws:iam::222222222222:root"})


def scope(**variables: Any) -> Scope:
    account = Account(id="111111111111", name="lab")
    return Renderer([]).scope(account, {}, None).child({}, variables)


def ask(text: str, **variables: Any) -> Any:
    return scope(**variables).expression(text, Place("playbook.yml", 3))


@pytest.mark.parametrize(
    ("text", "policy", "expected"),
    [
        ("policy | lint | map(attribute='rule') | list", STAR, ["star-star"]),
        ("policy | lint | map(attribute='rule') | list", NARROW, []),
        ("policy | lint", None, []),
        ("policy | lint('star-star') | length", STAR, 1),
        ("policy | lint('pass-role-star', 'star-star') | length", STAR, 1),
        ("policy | lint('pass-role-star') | length", STAR, 0),
        ("policy | lint('privilege-escalation*') | map(attribute='severity') | list", PASSING, ["high"]),
        ("policy | lint(severity='high') | map(attribute='rule') | unique | list | length", PASSING, 2),
        ("policy | lint(severity='error')", STAR, []),
        ("policy | lint(kind='scp')", STAR, []),
        ("policy | lint('cross-account-trust') | map(attribute='severity') | list", OUTSIDE, ["medium"]),
        ("policy | lint('star-star') | map(attribute='policy') | list", {"a": STAR, "b": NARROW}, ["a"]),
        ("policy | lint('star-star') | length", [STAR, NARROW, STAR], 2),
        ("policy | lint", {}, []),
        ("policy | lint('star-star') | length", Document.parse(STAR).text, 1),
        ("(policy | lint('star-star') | first).path", STAR, "Statement.0.Action"),
    ],
)
def test_what_a_check_can_ask(text: str, policy: Any, expected: Any) -> None:
    """A document, its text, names with documents, lists and nothing are linted; rules, severity and kind choose."""
    assert ask(text, policy=policy) == expected


@pytest.mark.parametrize(
    ("text", "policy", "words"),
    [
        ("policy | lint('star-sta')", STAR, "is 'star-star' meant?"),
        ("policy | lint(kind='trusst')", STAR, "is 'trust' meant?"),
        ("policy | lint(severity='awful')", STAR, "there are error, high"),
        ("policy | lint", 7, "lint takes a policy document"),
        ("policy | lint", "no JSON", "not JSON"),
        ("polici | lint", STAR, "did you mean 'policy'?"),
    ],
)
def test_mistakes_have_their_place(text: str, policy: Any, words: str) -> None:
    """An unknown rule is an error and not a check that never finds anything."""
    with pytest.raises(InputError) as caught:
        ask(text, policy=policy)
    [problem] = caught.value.problems
    assert problem.where == "playbook.yml:3"
    assert words in problem.summary + problem.hint


def test_an_unknown_rule_is_seen_offline() -> None:
    """The syntax check of a playbook knows the rules, in expressions and in text."""
    assert "star-star" in str(check_syntax("policy | lint('star-sta')", expression=True))
    assert "star-star" in str(check_syntax("{{ name }}: {{ policy | lint('star-sta') }}"))
    assert "trust" in str(check_syntax("policy | lint(kind='trusst')", expression=True))
    assert check_syntax("policy | lint('star-star', severity='high', kind='identity')", expression=True) is None
    assert check_syntax("policy | lint(rule)", expression=True) is None


def test_a_check_finds_policies_of_the_account(bare: Sandbox, tmp_path: Path) -> None:
    """A check over customer policies and roles reports just those that lint finds, with lint's words."""
    plan = Project(tmp_path).plan(
        {"name": "wide", "iam_managed_policy": {"name": "Wide", "policy": STAR}},
        {"name": "narrow", "iam_managed_policy": {"name": "Narrow", "policy": NARROW}},
        {
            "name": "role",
            "iam_role": {
                "name": "app",
                "assume_role_policy_document": trust({"Service": "ec2.amazonaws.com"}),
                "inline_policies": {"work": PASSING, "read": NARROW},
            },
        },
        {
            "name": "no star-star",
            "check": {
                "kind": "iam_managed_policy",
                "select": "policy | lint('star-star')",
                "message": "{{ name }}: {{ policy | lint('star-star') | map(attribute='summary') | join('; ') }}",
            },
        },
        {
            "name": "no escalation",
            "check": {
                "kind": "iam_role",
                "select": "inline_policies | lint('privilege-escalation')",
                "message": "{{ (inline_policies | lint('privilege-escalation') | first).policy }}",
            },
        },
    )
    [account] = [one for one in plan.accounts if one.account.name == "management"]
    assert [problem.summary for problem in account.problems] == []
    assert {(finding.address, finding.message) for finding in account.findings} == {
        ("management/iam_managed_policy/Wide", "Wide: The statement allows all actions on all resources"),
        ("management/iam_role/app", "work"),
    }
