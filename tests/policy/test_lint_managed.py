"""Lint on AWS's own managed policies: no crash, and on fifteen of them exactly what was found true by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from iamfix.policy.lint import LintFinding, lint

MANAGED: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)

# Checked by hand: each line is true of the policy, and nothing else is wrong with it.
CHECKED: dict[str, set[tuple[str, str, str]]] = {
    # One statement, Allow * on *.
    "AdministratorAccess": {("star-star", "high", "all actions on all resources")},
    # Allow NotAction [iam:*, organizations:*, account:*]: roles can be assumed, running things can be changed.
    "PowerUserAccess": {
        ("allow-not-action", "high", "every other action"),
        ("privilege-escalation", "medium", "sts-001"),
        ("privilege-escalation-existing", "low", "lambda-003"),
    },
    # iam:* on *: every way that IAM alone opens, and roles can be passed; assuming them is not in it.
    "IAMFullAccess": {
        ("pass-role-star", "high", "any service"),
        ("service-wide-write", "medium", '"iam:*"'),
        *(("privilege-escalation", "high", f"iam-{number:03}:") for number in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)),
    },
    # s3:* and s3-object-lambda:* on *.
    "AmazonS3FullAccess": {
        ("service-wide-write", "medium", '"s3:*"'),
        ("service-wide-write", "medium", '"s3-object-lambda:*"'),
    },
    # iam:PassRole on all roles, but only to Lambda, beside lambda:*; logs:StopLiveTail takes no resource.
    "AWSLambda_FullAccess": {
        ("service-wide-write", "medium", '"lambda:*"'),
        ("privilege-escalation", "high", "lambda-001"),
        ("privilege-escalation", "high", "lambda-002"),
        ("privilege-escalation", "high", "lambda-006"),
        ("privilege-escalation-existing", "low", "lambda-003"),
        ("action-without-resource", "low", '"logs:StopLiveTail"'),
    },
    # cloudtrail:* on *; its PassRole goes to CloudTrail only, which runs nothing of its caller's.
    "AWSCloudTrail_FullAccess": {("service-wide-write", "medium", '"cloudtrail:*"')},
    # Reads only, on purpose everywhere.
    "IAMReadOnlyAccess": set(),
    # One's own password, by policy variable.
    "IAMUserChangePassword": set(),
    # What an instance needs to be managed.
    "AmazonSSMManagedInstanceCore": set(),
    # Deny * on *.
    "AWSDenyAll": set(),
    # "arn:aws:logs:*:*:/aws/lambda/…" lacks "log-group:", so it is no log group; the ARN beside it is one.
    "AmazonSecurityLakeMetastoreManager": {("arn-matches-no-type", "low", '"arn:aws:logs:*:*:/aws/lambda/')},
    # ListAllMyBuckets, which takes no resource, stands in a statement on certain buckets.
    "AmazonRekognitionCustomLabelsFullAccess": {("action-without-resource", "low", '"s3:ListAllMyBuckets"')},
    # All of Scheduler, and all roles may be passed to it: a schedule calls any API as the role.
    "AmazonEventBridgeSchedulerFullAccess": {
        ("service-wide-write", "medium", '"scheduler:*"'),
        ("privilege-escalation", "high", "scheduler-001"),
    },
    # PassRole on * without a condition, beside RunInstances and RequestSpotInstances.
    "AmazonElasticMapReduceRole": {
        ("pass-role-star", "high", "any service"),
        ("privilege-escalation", "high", "ec2-001"),
        ("privilege-escalation", "high", "ec2-004"),
    },
    # Two actions on event source mappings stand in a statement on functions.
    "SecurityLakeResourceManagementServiceRolePolicy": {
        ("action-without-resource", "medium", '"lambda:GetEventSourceMapping"'),
        ("action-without-resource", "medium", '"lambda:DeleteEventSourceMapping"'),
    },
}


@pytest.mark.parametrize("name", sorted(CHECKED))
def test_checked_by_hand(name: str) -> None:
    """The findings are those that are true of the policy: rule, severity and what it is about."""
    found = lint(MANAGED[name]["Document"], "identity")
    wanted = CHECKED[name]
    assert len(found) == len(wanted), [f.summary for f in found]
    for rule, severity, words in wanted:
        assert any((f.rule, f.severity) == (rule, severity) and words in f.summary for f in found), (rule, words)


@pytest.fixture(scope="module")
def findings() -> list[tuple[str, LintFinding]]:
    return [(name, f) for name, entry in MANAGED.items() for f in lint(entry["Document"], "identity")]


def test_all_of_them_without_a_crash(findings: list[tuple[str, LintFinding]]) -> None:
    """Lint goes through every managed policy, and every path leads to an element."""
    assert len(MANAGED) > 1000
    for name, found in findings:
        element: Any = MANAGED[name]["Document"]
        for step in found.path:
            element = element[step]


def test_aws_would_take_its_own_policies(findings: list[tuple[str, LintFinding]]) -> None:
    """No error but the size, to which AWS does not hold itself."""
    assert {found.rule for _, found in findings if found.severity == "error"} <= {"too-big"}


def test_doubt_is_rare(findings: list[tuple[str, LintFinding]]) -> None:
    """Rules that rest on AWS's lists, which lag behind, are nearly silent on what AWS wrote itself.

    The bounds leave room for newer lists and policies; today it is 1 policy for unknown actions.
    """
    unknown = {name for name, found in findings if found.rule.startswith("unknown-")}
    assert len(unknown) < 0.02 * len(MANAGED)
    never = {name for name, found in findings if found.rule in ("condition-never-holds", "wildcard-in-equals")}
    assert never == set()


def test_limited_pass_role_is_no_pass_role_star(findings: list[tuple[str, LintFinding]]) -> None:
    """Policies that pass roles to named services only are not said to pass them to any."""
    said = {(name, found.statement) for name, found in findings if found.rule == "pass-role-star"}
    for name, index in said:
        statement = MANAGED[name]["Document"]["Statement"][index]
        assert "iam:PassedToService" not in json.dumps(statement.get("Condition", {}))


def test_as_every_kind() -> None:
    """A sample of them goes through lint as every other kind of document, too."""
    for name in sorted(MANAGED)[::20]:
        for kind in ("trust", "resource", "scp", "rcp", "boundary", "session"):
            lint(MANAGED[name]["Document"], kind)  # type: ignore[arg-type]
