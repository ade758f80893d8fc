"""Assuming roles in the sandbox: existence, trust, conditions, durations, expiry."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iamfix.sandbox import Sandbox, TurnableClock

PROD, DEV = "222222222222", "333333333333"


def make_role(sandbox: Sandbox, principal: Any, **more: Any) -> str:
    """A role `r` in the production account; its ARN."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = sandbox.client("iam", PROD).create_role(RoleName="r", AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


def assume(sts: Any, arn: str, **more: Any) -> Any:
    return sts.assume_role(RoleArn=arn, RoleSessionName="run-1", **more)


def session_client(sandbox: Sandbox, assumed: Any, service: str) -> Any:
    return sandbox.client_as(assumed["Credentials"]["AccessKeyId"], service)


def test_the_session_acts_in_the_roles_account_under_its_name(sandbox: Sandbox) -> None:
    """The caller behind assumed credentials is the role's session, and its calls go to the role's account."""
    assumed = assume(sandbox.client("sts"), f"arn:aws:iam::{PROD}:role/iamfix")
    told = session_client(sandbox, assumed, "sts").get_caller_identity()
    assert told["Account"] == PROD
    assert told["Arn"] == f"arn:aws:sts::{PROD}:assumed-role/iamfix/run-1"
    assert told["UserId"].endswith(":run-1")
    session_client(sandbox, assumed, "iam").create_user(UserName="u")
    assert [user["UserName"] for user in sandbox.client("iam", PROD).list_users()["Users"]] == ["u"]


@pytest.mark.parametrize(
    ("principal", "condition", "more", "allowed"),
    [
        ({"AWS": "arn:aws:iam::111111111111:root"}, None, {}, True),
        ({"AWS": "111111111111"}, None, {}, True),
        ({"AWS": f"arn:aws:iam::{DEV}:root"}, None, {}, False),
        ("*", None, {}, True),
        ({"Service": "ec2.amazonaws.com"}, None, {}, False),
        ("*", {"StringEquals": {"sts:ExternalId": "secret"}}, {}, False),
        ("*", {"StringEquals": {"sts:ExternalId": "secret"}}, {"ExternalId": "other"}, False),
        ("*", {"StringEquals": {"sts:ExternalId": "secret"}}, {"ExternalId": "secret"}, True),
        ("*", {"StringEquals": {"aws:PrincipalOrgID": "o-practice01"}}, {}, True),
        ("*", {"StringEquals": {"aws:PrincipalOrgID": "o-otherorg01"}}, {}, False),
        ("*", {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, {}, False),
        ("*", {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/aws-reserved/*"}}, {}, True),
        ("*", {"StringLike": {"sts:RoleSessionName": "run-*"}}, {}, True),
        ("*", {"StringNotLike": {"sts:RoleSessionName": ["a*", "run-*"]}}, {}, False),
    ],
)
def test_the_trust_policy_decides(
    sandbox: Sandbox, principal: Any, condition: Any, more: dict[str, str], allowed: bool
) -> None:
    """AssumeRole goes well if the trust policy's principal and conditions match, else it is AccessDenied."""
    arn = make_role(sandbox, principal, **({"Condition": condition} if condition else {}))
    try:
        assume(sandbox.client("sts"), arn, **more)
        code = None
    except ClientError as error:
        code = error.response["Error"]["Code"]
    assert code == (None if allowed else "AccessDenied")


@pytest.mark.parametrize("arn", [f"arn:aws:iam::{PROD}:role/nope", "arn:aws:iam::888888888888:role/iamfix"])
def test_a_role_that_does_not_exist_is_access_denied(sandbox: Sandbox, arn: str) -> None:
    """A missing role or account is told as AccessDenied, as on AWS."""
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(sandbox.client("sts"), arn)


def test_a_deny_statement_wins(sandbox: Sandbox) -> None:
    """An explicit Deny in the trust policy beats an Allow."""
    statements = [{"Effect": effect, "Principal": "*", "Action": "sts:AssumeRole"} for effect in ("Allow", "Deny")]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    sandbox.client("iam", PROD).create_role(RoleName="r", AssumeRolePolicyDocument=document)
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(sandbox.client("sts"), f"arn:aws:iam::{PROD}:role/r")


@pytest.mark.parametrize("seconds", [3601, 43200])
def test_a_session_is_no_longer_than_the_role_allows(sandbox: Sandbox, seconds: int) -> None:
    """A longer duration than MaxSessionDuration is ValidationError."""
    with pytest.raises(ClientError, match="ValidationError"):
        assume(sandbox.client("sts"), f"arn:aws:iam::{PROD}:role/iamfix", DurationSeconds=seconds)


def test_credentials_expire_by_the_sandboxs_clock(sandbox: Sandbox, clock: TurnableClock) -> None:
    """After an hour, or sooner where the sandbox is told so, the session's calls are ExpiredToken."""
    arn = f"arn:aws:iam::{PROD}:role/iamfix"
    long = session_client(sandbox, assume(sandbox.client("sts"), arn), "iam")
    sandbox.faults.short_sessions = 60
    short = session_client(sandbox, assume(sandbox.client("sts"), arn), "iam")
    clock.turn(61)
    long.list_users()
    with pytest.raises(ClientError, match="ExpiredToken"):
        short.list_users()
    clock.turn(3600)
    with pytest.raises(ClientError, match="ExpiredToken"):
        long.list_users()


def test_a_role_made_again_is_not_the_session_s_role(sandbox: Sandbox) -> None:
    """Sessions of a role that is deleted are worth nothing."""
    arn = make_role(sandbox, "*")
    client = session_client(sandbox, assume(sandbox.client("sts"), arn), "iam")
    sandbox.client("iam", PROD).delete_role(RoleName="r")
    make_role(sandbox, "*")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        client.list_users()


def test_the_root_user_assumes_no_roles(sandbox: Sandbox) -> None:
    """AssumeRole as root is AccessDenied."""
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(sandbox.client("sts", "111111111111"), f"arn:aws:iam::{PROD}:role/iamfix")


def test_a_wrong_partition_finds_no_role(sandbox: Sandbox) -> None:
    """A role of the aws partition cannot be assumed in aws-cn."""
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(sandbox.client("sts", region="cn-north-1"), f"arn:aws:iam::{PROD}:role/iamfix")


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("sts", "get_caller_identity", "InvalidClientTokenId", 403),
        ("iam", "list_users", "InvalidClientTokenId", 403),
        ("organizations", "describe_organization", "UnrecognizedClientException", 400),
        ("accessanalyzer", "list_analyzers", "UnrecognizedClientException", 403),
        ("s3", "list_buckets", "InvalidAccessKeyId", 403),
        ("ec2", "describe_regions", "AuthFailure", 401),
    ],
)
@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "999999999999"])
def test_a_key_that_was_never_given_out_is_refused(
    sandbox: Sandbox, key: str, service: str, operation: str, code: str, status: int
) -> None:
    """Nobody gets in with an invented key, or as root of an account that is none; each service has its own words."""
    with pytest.raises(ClientError) as caught:
        getattr(sandbox.client_as(key, service), operation)()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
