"""The sandbox's central root access: AWS's rules of AssumeRoot, of its sessions, and of the two features."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from iamfix.sandbox import Sandbox
from iamfix.sandbox.building import Builder

MEMBER, MANAGER = "222222222222", "111111111111"
TASK = "arn:aws:iam::aws:policy/root-task/"


def code(request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        request()
    return str(caught.value.response["Error"]["Code"])


def on(aws: Sandbox) -> None:
    aws.client("organizations").enable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
    aws.client("iam").enable_organizations_root_credentials_management()


def assume(aws: Sandbox, target: str = MEMBER, task: str = "IAMDeleteRootUserCredentials", **more: Any) -> Any:
    sts = aws.client("sts", more.pop("account", None))
    return sts.assume_root(TargetPrincipal=target, TaskPolicyArn={"arn": TASK + task}, **more)


def session(aws: Sandbox, **more: Any) -> Any:
    key = assume(aws, **more)["Credentials"]
    return boto3.client(
        "iam", region_name="us-east-1", endpoint_url=aws.endpoint_url, aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"], aws_session_token=key["SessionToken"],
    )  # fmt: skip


def test_features_have_their_errors(bare: Sandbox) -> None:
    """Trusted access comes first; only the management account turns features on; members may not look."""
    manager, member = bare.client("iam"), bare.client("iam", MEMBER)
    assert code(manager.list_organizations_features) == "ServiceAccessNotEnabled"
    assert code(manager.enable_organizations_root_sessions) == "ServiceAccessNotEnabled"
    on(bare)
    assert manager.list_organizations_features()["EnabledFeatures"] == ["RootCredentialsManagement"]
    assert manager.enable_organizations_root_sessions()["EnabledFeatures"] == [
        "RootCredentialsManagement", "RootSessions",
    ]  # fmt: skip
    assert code(member.list_organizations_features) == "AccountNotManagementOrDelegatedAdministrator"
    bare.client("organizations").register_delegated_administrator(
        AccountId=MEMBER, ServicePrincipal="iam.amazonaws.com"
    )
    assert code(member.enable_organizations_root_sessions) == "CallerIsNotManagementAccount"
    assert member.disable_organizations_root_sessions()["EnabledFeatures"] == ["RootCredentialsManagement"]


def test_whom_assume_root_lets_in(bare: Sandbox) -> None:
    """Only once it is on, from the management account, into a member, for a known task, for 15 minutes at most."""
    assert code(lambda: assume(bare)) == "AccessDenied"
    on(bare)
    assert assume(bare)["Credentials"]["AccessKeyId"]
    assert code(lambda: assume(bare, MANAGER)) == "AccessDenied"
    assert code(lambda: assume(bare, "999999999999")) == "AccessDenied"
    assert code(lambda: assume(bare, account="333333333333")) == "AccessDenied"
    assert code(lambda: assume(bare, task="Everything")) == "ValidationError"
    assert code(lambda: assume(bare, DurationSeconds=901)) in ("ValidationError", "ParamValidationError")
    assert code(lambda: assume(bare, task="S3UnlockBucketPolicy")) == "AccessDenied"
    bare.client("organizations").close_account(AccountId=MEMBER)
    assert code(lambda: assume(bare)) == "AccessDenied"


def test_a_session_does_its_task_only(bare: Sandbox) -> None:
    """The audit looks and removes nothing; the removal removes and makes nothing; both are the root user."""
    on(bare)
    Builder(bare.cloud, MEMBER).root(keys=1)
    audit, removal = session(bare, task="IAMAuditRootUserCredentials"), session(bare)
    key = audit.list_access_keys()["AccessKeyMetadata"][0]["AccessKeyId"]
    assert code(lambda: audit.delete_access_key(AccessKeyId=key)) == "AccessDenied"
    assert code(removal.create_access_key) == "AccessDenied"
    assert code(audit.list_users) == "AccessDenied"
    removal.delete_access_key(AccessKeyId=key)
    assert audit.list_access_keys()["AccessKeyMetadata"] == []
    assert audit.get_user()["User"]["Arn"] == f"arn:aws:iam::{MEMBER}:root"


def test_an_scp_tells_a_session_from_the_root_user(bare: Sandbox) -> None:
    """A deny of root with `Null aws:AssumedRoot` lets the session through, and stops the root user's own key."""
    on(bare)
    Builder(bare.cloud, MEMBER).root(keys=1)
    statement: dict[str, Any] = {
        "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}, "Null": {"aws:AssumedRoot": "true"}},
    }  # fmt: skip
    org = bare.client("organizations")
    made = org.create_policy(
        Name="deny-root", Description="", Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Policy"]["PolicySummary"]["Id"]  # fmt: skip
    org.attach_policy(PolicyId=made, TargetId=MEMBER)
    assert len(session(bare).list_access_keys()["AccessKeyMetadata"]) == 1
    assert code(bare.client("iam", MEMBER).list_access_keys) == "AccessDenied"
