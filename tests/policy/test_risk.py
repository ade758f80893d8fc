"""Risk classes, and the ways to more privileges that policies show."""

from __future__ import annotations

import re
from typing import Any

import pytest

from iamfix.policy.actions import action
from iamfix.policy.escalation import PATHS, PATHS_BY_ID, EscalationPath, Way, open_paths
from iamfix.policy.reach import escalations
from iamfix.policy.risk import Risk, RiskClass, class_of, risk
from iamfix.policy.statements import statements

ROLE = "arn:aws:iam::111111111111:role/app"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("ec2:DescribeInstances", RiskClass.READ),
        ("iam:ListRoles", RiskClass.READ),
        ("ec2:StartInstances", RiskClass.WRITE),
        ("ec2:CreateTags", RiskClass.WRITE),
        ("nobody:Knows", RiskClass.WRITE),
        ("secretsmanager:GetSecretValue", RiskClass.DATA_EXPOSURE),
        ("SSM:getparametersbypath", RiskClass.DATA_EXPOSURE),
        ("s3:GetObject", RiskClass.DATA_EXPOSURE),
        ("iam:PassRole", RiskClass.PERMISSIONS_MANAGEMENT),
        ("iam:CreateAccessKey", RiskClass.PERMISSIONS_MANAGEMENT),
        ("sts:AssumeRole", RiskClass.PERMISSIONS_MANAGEMENT),
        ("s3:PutBucketPolicy", RiskClass.PERMISSIONS_MANAGEMENT),
    ],
)
def test_class_of_one_action(name: str, wanted: RiskClass) -> None:
    """An action alone has the class of its access levels, or that of the short list of corrections."""
    assert class_of(name) is wanted


@pytest.mark.parametrize(
    ("actions", "more", "wanted"),
    [
        ([], {}, "read"),
        (["ec2:Describe*"], {}, "read"),
        (["ec2:StartInstances", "s3:GetObject"], {}, "data exposure"),
        (["nobody:*"], {}, "write"),
        (["iam:PassRole"], {}, "permissions management"),
        (["iam:PassRole", "ec2:RunInstances"], {}, "privilege escalation (ec2-001)"),
        (["iam:PassRole", "ec2:RunInstances"], {"resources": [ROLE]}, "permissions management"),
        (["iam:PassRole", "ec2:RunInstances"], {"passed_to": ["lambda.amazonaws.com"]}, "permissions management"),
        (["iam:PassRole", "ec2:RunInstances"], {"passed_to": ["ec2.*"]}, "privilege escalation (ec2-001)"),
        (
            ["iam:PassRole", "ec2:RunInstances"],
            {"passed_to": ["ec2.amazonaws.com.cn"]},
            "privilege escalation (ec2-001)",
        ),
        (["sts:AssumeRole"], {}, "privilege escalation (sts-001)"),
        (["sts:AssumeRole"], {"resources": [ROLE]}, "permissions management"),
        (["iam:putuserpolicy"], {"resources": ["arn:aws:iam::*:user/*"]}, "privilege escalation (iam-007)"),
    ],
)
def test_risk_of_a_set(actions: list[str], more: dict[str, Any], wanted: str) -> None:
    """A set has its highest class; where it opens paths on its resources, escalation with their ids."""
    assert str(risk(actions, **more)) == wanted


def test_star_opens_many_paths() -> None:
    """All actions open every path, each told once by the shortest of its kind."""
    found = risk(["*"])
    assert found.risk_class is RiskClass.PRIVILEGE_ESCALATION
    assert {"iam-001", "iam-002", "lambda-001", "ssm-001", "sts-001"} <= set(found.paths)
    assert "iam-003" not in found.paths
    assert found == Risk(RiskClass.PRIVILEGE_ESCALATION, found.paths)


def test_table_of_paths() -> None:
    """Ids are unique and well-formed, every action is AWS's, and a role is passed to somebody."""
    assert len(PATHS_BY_ID) == len(PATHS) >= 65
    for path in PATHS:
        assert re.fullmatch(r"[a-z0-9]+-[0-9]{3}", path.id)
        assert ("iam:PassRole" in path.actions) == bool(path.passed_to)
        for name in path.actions:
            found = action(name)
            assert found is not None, (path.id, name)
            assert found.name == name


def policy(path: EscalationPath, resource: str = "*") -> list[dict[str, Any]]:
    return [{"Effect": "Allow", "Action": sorted(path.actions), "Resource": resource}]


def opened(*given: dict[str, Any]) -> set[str]:
    return {o.path.id for o in escalations(statements({"Statement": list(given)}))}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.id)
def test_each_path(path: EscalationPath) -> None:
    """A path's actions on * open it, or a shorter one of the same actions; without any one of them it is closed."""
    found = opened(*policy(path))
    assert any(PATHS_BY_ID[name].actions <= path.actions for name in found)
    assert path in open_paths(path.actions) or any(p.actions < path.actions for p in open_paths(path.actions))
    for left_out in path.actions:
        rest = {"Effect": "Allow", "Action": sorted(path.actions - {left_out}) or ["s3:GetObject"], "Resource": "*"}
        assert path.id not in opened(rest)


@pytest.mark.parametrize("path", [p for p in PATHS if p.way is Way.NEW_PASSROLE], ids=lambda path: path.id)
def test_passed_to_another_service(path: EscalationPath) -> None:
    """Passing roles only to a service that the path does not use closes it; passing to its own leaves it open."""
    others = sorted(path.actions - {"iam:PassRole"})
    rest = {"Effect": "Allow", "Action": others, "Resource": "*"}

    def passing(service: str) -> dict[str, Any]:
        condition = {"StringEquals": {"iam:PassedToService": service}}
        return {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", "Condition": condition}

    assert path.id not in opened(rest, passing("nobody.amazonaws.com"))
    assert any(PATHS_BY_ID[name].actions <= path.actions for name in opened(rest, passing(path.passed_to[0])))


WIDE = {"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*"}


@pytest.mark.parametrize(
    ("why", "given", "wanted"),
    [
        ("wildcards in the action", [{"Effect": "Allow", "Action": "iam:Put*", "Resource": "*"}], True),
        ("NotAction that leaves it", [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], True),
        ("NotAction that takes it", [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], False),
        ("NotResource is nearly all", [{**WIDE, "NotResource": "arn:aws:iam::*:user/x"} | {"Resource": []}], True),
        ("all users", [{**WIDE, "Resource": "arn:aws:iam::*:user/*"}], True),
        ("all users of the account", [{**WIDE, "Resource": "arn:aws:iam::111111111111:user/*"}], True),
        ("oneself is enough", [{**WIDE, "Resource": "arn:aws:iam::*:user/${aws:username}"}], True),
        ("one path only", [{**WIDE, "Resource": "arn:aws:iam::*:user/ci/*"}], False),
        ("only with MFA", [{**WIDE, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}], True),
        (
            "only with a boundary",
            [{**WIDE, "Condition": {"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::1:policy/b"}}}],
            False,
        ),
        ("only tagged users", [{**WIDE, "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}}], False),
        ("denied", [WIDE, {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}], False),
        (
            "denied for one user",
            [WIDE, {"Effect": "Deny", "Action": "iam:*", "Resource": "arn:aws:iam::*:user/x"}],
            True,
        ),
        (
            "denied but for one",
            [WIDE, {"Effect": "Deny", "Action": "iam:*", "NotResource": "arn:aws:iam::*:user/x"}],
            False,
        ),
        (
            "denied without MFA",
            [
                WIDE,
                {
                    "Effect": "Deny",
                    "NotAction": "s3:*",
                    "Resource": "*",
                    "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
                },
            ],
            True,
        ),
        ("another effect", [{**WIDE, "Effect": "Deny"}], False),
    ],
)
def test_how_far_a_grant_reaches(why: str, given: list[dict[str, Any]], wanted: bool) -> None:
    """A grant on all, or on oneself, escalates; one that is narrowed by resource, condition or Deny does not."""
    for statement in given:
        if statement.get("Resource") == []:
            del statement["Resource"]
    assert ("iam-007" in opened(*given)) is wanted, why


def test_own_keys_are_no_escalation() -> None:
    """Managing one's own access keys is no way to another principal."""
    own = {"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "arn:aws:iam::*:user/${aws:username}"}
    assert opened(own) == set()


def test_actions_of_several_statements_meet() -> None:
    """A path is open when its actions are granted by different statements."""
    one = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
    other = {"Effect": "Allow", "Action": "lambda:*", "Resource": "arn:aws:lambda:*:*:function:x-*"}
    assert "lambda-001" in opened(one, other)
    assert opened(one) == opened(other) == set()


def test_commands_need_a_document() -> None:
    """Sending commands is a way only with a document that runs them."""
    instances = {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": "arn:aws:ec2:*:*:instance/*"}
    assert (
        opened(instances | {"Resource": [instances["Resource"], "arn:aws:ssm:*:*:document/AWS-UpdateSSMAgent"]})
        == set()
    )
    assert opened(instances | {"Resource": [instances["Resource"], "arn:aws:ssm:*:*:document/AWS-RunShellScript"]}) == {
        "ssm-002"
    }
