"""The variables of the guardrails as people mistake them: refused in words, or understood; never another guardrail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from iamfix.model import Plan
from iamfix.sandbox import Sandbox
from iamfix.variables import parse_extra_vars
from tests.organizations.building import empty
from tests.running import Project

PLAYBOOK = Path(__file__).parents[2] / "playbooks" / "practices" / "guardrails.yml"


def _plan(folder: Path, *given: str) -> Plan:
    inventory = folder / "org.yml"
    inventory.write_text("plugin: aws_organizations\nrole_name: iamfix\n", encoding="utf-8")
    variables = parse_extra_vars(["required_boundary=AppBoundary", *given])
    return Project(folder).runner(inventory=inventory, extra_vars=variables).plan([PLAYBOOK])


def _statements(plan: Plan) -> dict[str, Any]:
    contents = [
        json.loads(call.params["Content"])
        for change in plan.changes()
        for call in change.calls
        if "Content" in call.params
    ]
    return {one["Sid"]: one for content in contents for one in content["Statement"]}


@pytest.mark.parametrize(
    ("given", "summary", "hint"),
    [
        ("exempt_roles=iamfix", "exempt_roles is a list, not 'iamfix'", "in brackets: exempt_roles: [iamfix]"),
        ("protected_policies=AppBoundary", "protected_policies is a list, not 'AppBoundary'", ""),
        ("protected_buckets=logs", "protected_buckets is a list, not 'logs'", ""),
        ("protected_log_groups=/x", "protected_log_groups is a list, not '/x'", ""),
        ("guardrail_targets=workloads", "guardrail_targets is a list, not 'workloads'", ""),
        ("guardrail_targets=[222222222222]", "222222222222 is none", "put it in quotes: '222222222222'"),
        ('guardrail_targets=[""]', "'' is none", ""),
        ("allowed_regions=eu-west-1,us-east-1", "allowed_regions is a list, not 'eu-west-1,us-east-1'", ""),
        ("allowed_regions=[eu-west1]", "allowed_regions: there is no region 'eu-west1'", "did you mean 'eu-west-1'?"),
        ("allowed_regions=[us-east-*]", "allowed_regions: there is no region 'us-east-*'", ""),
    ],
)
def test_what_cannot_be_is_refused_in_words(bare: Sandbox, tmp_path: Path, given: str, summary: str, hint: str) -> None:
    """One text where a list belongs, numbers, regions that do not exist: no policy is made of them."""
    empty(bare.cloud)
    problems = [one for one in _plan(tmp_path, given).problems() if one.severity == "error"]
    told = [one for one in problems if summary in one.summary]
    assert told
    assert hint in told[0].hint


@pytest.mark.parametrize(("given", "there"), [("no", False), ("false", False), ("yes", True), ("true", True)])
def test_yes_and_no_of_the_command_line_are_understood(bare: Sandbox, tmp_path: Path, given: str, there: bool) -> None:
    """`-e deny_iam_users=no` is text, and text that is not empty would be yes."""
    empty(bare.cloud)
    made = _statements(_plan(tmp_path, f"deny_iam_users={given}", f"require_imdsv2={given}"))
    assert "OnlyBoundedRoles" in made
    assert ("NoIamUsers" in made, "NewInstancesWithTokens" in made) == (there, there)
