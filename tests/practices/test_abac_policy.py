"""Access by tags, tried with the evaluation: who carries the tag reaches what carries it, and nobody tags a way in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from iamfix.cli import run as iamfix
from iamfix.policy.document import Document
from iamfix.policy.evaluate import compile_policies, evaluate
from iamfix.policy.lint import lint
from iamfix.policy.request import make_request
from tests.direct import ACCOUNT, Direct
from tests.practices.planning import apply, folded, plan
from tests.practices.templates import ID, REGIONS, document

GIVEN: dict[str, Any] = {
    "key": "Team", "policy": "AccessByTag", "groups": ["Engineers"],
    "actions": ["ec2:StartInstances", "ec2:StopInstances", "lambda:InvokeFunction", "secretsmanager:GetSecretValue"],
    "creations": ["ec2:CreateVolume", "lambda:CreateFunction", "secretsmanager:CreateSecret"],
}  # fmt: skip
WIDE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["ec2:*Tags", "lambda:*", "secretsmanager:*", "iam:*", "sts:*"], "Resource": "*"}
    ],
}
"""What somebody may hold besides, so that only a guard stands in the way."""

INSTANCE = f"arn:aws:ec2:us-east-1:{ID}:instance/i-1"
VOLUME = f"arn:aws:ec2:us-east-1:{ID}:volume/*"
FUNCTION = f"arn:aws:lambda:us-east-1:{ID}:function:f"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ID}:secret:s"
USER = f"arn:aws:iam::{ID}:user/ann"
ROLE = f"arn:aws:iam::{ID}:role/app"
POLICY = f"arn:aws:iam::{ID}:policy/AccessByTag"
GROUP = f"arn:aws:iam::{ID}:group/Engineers"


def _context(mine: str | None, theirs: str | None, asked: str | None, keys: list[str] | None, **more: Any) -> Any:
    found: dict[str, Any] = {
        "aws:PrincipalTag/Team": mine,
        "aws:ResourceTag/Team": theirs,
        "aws:RequestTag/Team": asked,
    }
    return {**found, "aws:TagKeys": keys, "ec2:CreateAction": None, **more}


def _decide(action: str, resource: str, context: Any, *others: Any) -> str:
    policies = compile_policies(identity=[document("policies/abac.json.j2", **GIVEN), *map(Document.parse, others)])
    return evaluate(policies, make_request(USER, action, resource, context=context)).decision


TEAM = ["Team"]
ON_CREATE = {"ec2:CreateAction": "CreateVolume"}
TABLE: list[tuple[str, str, str, Any]] = [
    # What is tagged alike, and what is not.
    ("allowed", "ec2:StartInstances", INSTANCE, _context("red", "red", None, None)),
    ("allowed", "lambda:InvokeFunction", FUNCTION, _context("red", "red", None, None)),
    ("allowed", "secretsmanager:GetSecretValue", SECRET, _context("red", "red", None, None)),
    ("implicit_deny", "ec2:StartInstances", INSTANCE, _context("red", "blue", None, None)),
    ("implicit_deny", "ec2:StartInstances", INSTANCE, _context("red", "Red", None, None)),
    ("implicit_deny", "ec2:StartInstances", INSTANCE, _context("red", None, None, None)),
    ("implicit_deny", "secretsmanager:GetSecretValue", SECRET, _context(None, "red", None, None)),
    ("implicit_deny", "secretsmanager:GetSecretValue", SECRET, _context(None, None, None, None)),
    ("implicit_deny", "ec2:StartInstances", INSTANCE, _context("", "", None, None)),
    ("implicit_deny", "ec2:TerminateInstances", INSTANCE, _context("red", "red", None, None)),
    # New things, with the own tag.
    ("allowed", "lambda:CreateFunction", FUNCTION, _context("red", None, "red", TEAM)),
    ("allowed", "ec2:CreateVolume", VOLUME, _context("red", None, "red", TEAM)),
    ("allowed", "ec2:CreateTags", VOLUME, _context("red", None, "red", TEAM, **ON_CREATE)),
    # Lambda and Secrets Manager ask for TagResource with it, and take the tags of the request for the new thing's own.
    ("allowed", "lambda:CreateFunction", FUNCTION, _context("red", "red", "red", TEAM)),
    ("allowed", "lambda:TagResource", FUNCTION, _context("red", "red", "red", [*TEAM, "Name"])),
    ("allowed", "secretsmanager:CreateSecret", SECRET, _context("red", "red", "red", TEAM)),
    ("allowed", "secretsmanager:TagResource", SECRET, _context("red", "red", "red", [*TEAM, "Name"])),
    ("explicit_deny", "lambda:TagResource", FUNCTION, _context("red", "blue", "blue", TEAM)),
    ("explicit_deny", "secretsmanager:TagResource", SECRET, _context("red", "blue", "blue", TEAM)),
    ("implicit_deny", "lambda:TagResource", FUNCTION, _context("red", None, None, ["Name"])),
    # What is there and nobody's is not claimed by it.
    ("implicit_deny", "lambda:TagResource", FUNCTION, _context("red", None, "red", TEAM)),
    ("implicit_deny", "secretsmanager:TagResource", SECRET, _context("red", None, "red", TEAM)),
    ("implicit_deny", "lambda:CreateFunction", FUNCTION, _context("red", None, None, None)),
    ("explicit_deny", "lambda:CreateFunction", FUNCTION, _context("red", None, "blue", TEAM)),
    ("explicit_deny", "ec2:CreateTags", VOLUME, _context("red", None, "blue", TEAM, **ON_CREATE)),
    # Other tags of what is tagged alike.
    ("allowed", "ec2:CreateTags", INSTANCE, _context("red", "red", None, ["Name"])),
    ("allowed", "lambda:UntagResource", FUNCTION, _context("red", "red", None, ["Name"])),
]
TAMPERING: list[tuple[str, str, Any]] = [
    # One's own tag: on the user, on a role that one may assume, on a new user or role, in a session.
    ("iam:TagUser", USER, _context("red", None, "blue", TEAM)),
    ("iam:TagUser", USER, _context("red", None, "red", ["team"])),
    ("iam:UntagUser", USER, _context("red", "red", None, TEAM)),
    ("iam:TagRole", ROLE, _context("red", None, "blue", TEAM)),
    ("iam:UntagRole", ROLE, _context("red", "red", None, ["TEAM"])),
    ("iam:CreateRole", ROLE, _context("red", None, "blue", TEAM)),
    ("iam:CreateUser", USER, _context("red", None, "blue", [*TEAM, "Name"])),
    ("sts:TagSession", ROLE, _context("red", None, "blue", TEAM)),
    # The tags of what is others'.
    ("ec2:CreateTags", INSTANCE, _context("red", "blue", "red", TEAM)),
    ("ec2:CreateTags", INSTANCE, _context("red", "blue", None, ["Name"])),
    ("lambda:TagResource", FUNCTION, _context("red", "blue", "red", TEAM)),
    ("secretsmanager:TagResource", SECRET, _context("red", "blue", "red", TEAM)),
    ("secretsmanager:UntagResource", SECRET, _context("red", "blue", None, TEAM)),
    # What is nobody's is not claimed, and what is one's own is not given away.
    ("ec2:CreateTags", INSTANCE, _context("red", None, "red", TEAM)),
    ("ec2:CreateTags", INSTANCE, _context("red", "red", "blue", TEAM)),
    ("ec2:DeleteTags", INSTANCE, _context("red", "red", None, TEAM)),
    ("ec2:DeleteTags", INSTANCE, _context("red", "red", None, None)),
    ("lambda:UntagResource", FUNCTION, _context("red", "red", None, TEAM)),
    # Without a tag of one's own.
    ("lambda:TagResource", FUNCTION, _context(None, "blue", "red", TEAM)),
    ("secretsmanager:CreateSecret", SECRET, _context(None, None, "blue", TEAM)),
    # The policy itself.
    ("iam:CreatePolicyVersion", POLICY, _context("red", None, None, None)),
    ("iam:SetDefaultPolicyVersion", POLICY, _context("red", None, None, None)),
    ("iam:DetachGroupPolicy", GROUP, _context("red", None, None, None)),
    ("iam:RemoveUserFromGroup", GROUP.replace("/", "/people/"), _context("red", None, None, None)),
]


def test_the_tables_are_long_enough() -> None:
    """At least twenty requests, tampering among them."""
    assert (len(TABLE), len(TAMPERING)) == (27, 24)


@pytest.mark.parametrize(("decision", "action", "resource", "context"), TABLE)
def test_who_reaches_what(decision: str, action: str, resource: str, context: Any) -> None:
    """By the policy alone: only what carries the very same tag, and only what is named."""
    assert _decide(action, resource, context) == decision


@pytest.mark.parametrize(("action", "resource", "context"), TAMPERING)
def test_nobody_tags_a_way_in(action: str, resource: str, context: Any) -> None:
    """Whatever else they hold: neither their own tags, nor those of others' things, nor the policy can be changed."""
    assert _decide(action, resource, context, WIDE) == "explicit_deny"


def test_iamfix_simulate_says_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both tables once more, as a user asks them: cases in a file, an answer for each."""
    policy = document("policies/abac.json.j2", **GIVEN).data
    asked = [(row, [policy]) for row in TABLE] + [(("explicit_deny", *row), [policy, WIDE]) for row in TAMPERING]
    cases = [
        {
            "id": str(number), "identity_policies": policies,
            "request": {
                "principal": USER, "action": action, "resource": resource,
                "context": {key: value for key, value in context.items() if value is not None},
            },
        }
        for number, ((_, action, resource, context), policies) in enumerate(asked)
    ]  # fmt: skip
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")
    assert iamfix(["simulate", "--cases", str(file), "--format", "json"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["decision"] for one in answers] == [row[0] for row, _ in asked]


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("iam:TagUser", USER, _context("red", None, None, ["Phone"])),
        ("iam:CreateRole", ROLE, _context("red", None, None, None)),
        ("iam:DetachGroupPolicy", GROUP.replace("Engineers", "Others"), _context("red", None, None, None)),
        ("lambda:TagResource", FUNCTION, _context("red", None, "red", TEAM)),
        ("lambda:DeleteFunction", FUNCTION, _context("red", "blue", None, None)),
    ],
)
def test_the_guards_are_no_wider_than_that(action: str, resource: str, context: Any) -> None:
    """Other tags, other groups, and what other policies allow besides."""
    assert _decide(action, resource, context, WIDE) == "allowed"


@pytest.mark.parametrize("partition", sorted(REGIONS))
def test_lint_finds_nothing_that_aws_would_refuse(partition: str) -> None:
    """In every partition, within the size of a managed policy."""
    made = document("policies/abac.json.j2", partition, **GIVEN)
    assert [found for found in lint(made.data, "identity", partition) if found.severity in ("error", "high")] == []
    assert made.size() <= 6144


@pytest.mark.parametrize(("what", "sid"), [("actions", "WhatIsTaggedAlike"), ("creations", "NewThingsWithTheOwnTag")])
def test_who_may_do_nothing_or_make_nothing_has_no_such_statement(what: str, sid: str) -> None:
    """An empty list leaves its statement out, and all others stay."""
    whole = document("policies/abac.json.j2", **GIVEN).data["Statement"]
    less = document("policies/abac.json.j2", **{**GIVEN, what: []})
    assert [one["Sid"] for one in less.data["Statement"]] == [one["Sid"] for one in whole if one["Sid"] != sid]
    assert [found for found in lint(less.data, "identity", "aws") if found.severity in ("error", "high")] == []


def test_nothing_happens_until_groups_are_named() -> None:
    """Opt-in: with a group the policy is made and attached, once."""
    aws = Direct()
    assert plan(aws, "abac").changes == ()
    made = plan(aws, "abac", abac_groups=["Engineers"])
    assert [change.address for change in made.changes] == [
        "lab/iam_managed_policy/AccessByTag", "lab/iam_group/Engineers",
    ]  # fmt: skip
    apply(aws, made)
    assert plan(aws, "abac", abac_groups=["Engineers"]).changes == ()
    held = aws.world().get("iam_group", "Engineers").managed_policies
    assert held == {f"arn:aws:iam::{ACCOUNT.id}:policy/AccessByTag"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"abac_groups": "Engineers"}, "abac_groups is a list, not 'Engineers'"),
        ({"abac_actions": "ec2:StopInstances"}, "abac_actions is a list, not 'ec2:StopInstances'"),
        ({"abac_creations": "ec2:CreateVolume"}, "abac_creations is a list, not 'ec2:CreateVolume'"),
        ({"abac_key": ""}, "abac_key is the key of a tag, not ''"),
        ({"abac_key": "aws:x"}, "abac_key is the key of a tag, not 'aws:x'"),
        ({"abac_key": "a}b"}, "abac_key is the key of a tag, not 'a}b'"),
    ],
)
def test_variables_that_cannot_be_make_no_policy(given: dict[str, Any], said: str) -> None:
    """One text where a list belongs, and what is no key of a tag: refused in words."""
    made = folded(Direct(), "abac", **{"abac_groups": ["Engineers"], **given})
    assert [change for change in made.changes if change.kind == "iam_managed_policy"] == []
    assert any(said in one.summary for one in made.problems)


def test_members_without_the_tag_are_told() -> None:
    """They reach nothing: whoever gives the tag should know."""
    aws = Direct()
    apply(aws, plan(aws, "abac", abac_groups=["Engineers"]))
    for name, tags in (("ann", [{"Key": "Team", "Value": "red"}]), ("bob", [])):
        aws.get("iam", "create_user", UserName=name, Tags=tags)
        aws.get("iam", "add_user_to_group", GroupName="Engineers", UserName=name)
    found = plan(aws, "abac", abac_groups=["Engineers"]).findings
    assert [one.address for one in found] == ["lab/iam_user/bob"]
