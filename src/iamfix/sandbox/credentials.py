"""Who sends a request: access keys, sessions of assumed roles, and the caller that they stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from iamfix.sandbox.errors import AwsError

OPERATOR_KEY = "AKIASANDBOXOPERATOR0"
"""The access key of whoever works with the sandbox: its documentation and `Sandbox.environment` give it out."""


@dataclass(frozen=True)
class Caller:
    """The principal behind a request.

    `arn` is as GetCallerIdentity tells it; `principal_arn` is the IAM user's or role's own ARN (for an assumed role
    these differ), as the condition key aws:PrincipalArn has it. `user_id` is AIDA…, AROA…:session, or the account id.
    """

    account: str
    arn: str
    user_id: str
    principal_arn: str
    kind: Literal["root", "user", "role"]


@dataclass(frozen=True)
class Session:
    """Temporary credentials of an assumed role, or of an `assumed_root`, which has no role.

    `policies` are the documents of the session policies; of an assumed root, that of its task.
    """

    caller: Caller
    role_id: str
    expires: float
    policies: tuple[str, ...] = ()
    assumed_root: bool = False


@dataclass(frozen=True)
class UserKey:
    """A long-term access key of an IAM user."""

    account: str
    partition: str
    user_id: str


@dataclass(frozen=True)
class LastUse:
    """When, where and for what an access key was last used."""

    at: datetime
    region: str
    service: str


@dataclass
class Credentials:
    """All keys that the sandbox has given out, also those that are deleted or expired since.

    `default` is the caller behind OPERATOR_KEY, which is documented: the administrator of the management account.
    `last_use` holds access keys; `role_last_use` role ids.
    """

    user_keys: dict[str, UserKey] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    last_use: dict[str, LastUse] = field(default_factory=dict)
    role_last_use: dict[str, LastUse] = field(default_factory=dict)
    default: Caller | None = None


def root_caller(account: str, partition: str) -> Caller:
    """The root user of an account."""
    arn = f"arn:{partition}:iam::{account}:root"
    return Caller(account=account, arn=arn, user_id=account, principal_arn=arn, kind="root")


def is_account_id(text: str) -> bool:
    """Whether a text is a twelve-digit account id."""
    return re.fullmatch(r"[0-9]{12}", text) is not None


def invalid_token(service: str = "sts", protocol: str = "query") -> AwsError:
    """The answer to a key that does not exist, or is inactive, in the words of the service that is asked.

    Source: IAM API Reference, "Common errors" (InvalidClientTokenId); S3 API Reference, "Error responses"
    (InvalidAccessKeyId); EC2 API Reference, "Error codes" (AuthFailure); services of JSON protocols answer
    UnrecognizedClientException.
    """
    if service in ("s3", "s3control"):
        told = "The AWS Access Key Id you provided does not exist in our records."
        return AwsError("InvalidAccessKeyId", told, status=403)
    if service == "ec2":
        return AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", status=401)
    told = "The security token included in the request is invalid."
    if protocol in ("json", "rest-json"):
        return AwsError("UnrecognizedClientException", told, status=400 if protocol == "json" else 403)
    return AwsError("InvalidClientTokenId", told, status=403)


def expired_token(protocol: str) -> AwsError:
    """The answer to temporary credentials that have expired."""
    code = "ExpiredToken" if protocol in ("query", "rest-xml", "ec2") else "ExpiredTokenException"
    return AwsError(code, "The security token included in the request is expired", status=403)
