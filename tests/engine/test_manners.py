"""What AWS's refusals mean, service by service: what is waited for, what is done already, what goes one at a time."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from iamfix.aws.manners import lanes
from iamfix.aws.reach import Door, Reach
from iamfix.aws.sender import Sender
from iamfix.clock import TurnedClock
from iamfix.model import AwsError, Call


class Refusing:
    """A session whose clients answer with errors first, and then with `{}`."""

    def __init__(self, *codes: tuple[str, str]) -> None:
        self.codes = list(codes)
        self.params: list[dict[str, Any]] = []

    def client(self, service: str, region: str | None, *, writes: bool = False) -> Any:
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        self.meta = boto3.client(service, region_name="us-east-1", **keys).meta
        return self

    def door(self, client: Any) -> Door:
        return Reach(TurnedClock(datetime(2026, 11, 24, tzinfo=UTC))).door("https://example.com")

    def __getattr__(self, operation: str) -> Any:
        def request(**params: Any) -> dict[str, Any]:
            self.params.append(params)
            if self.codes:
                code, message = self.codes.pop(0)
                raise ClientError({"Error": {"Code": code, "Message": message}}, operation)
            return {}

        return request


def _sender(session: Any, known: bool = False) -> tuple[Sender, TurnedClock]:
    clock = TurnedClock(datetime(2026, 11, 24, tzinfo=UTC))
    return Sender(session, clock, random.Random(1), lambda name: known), clock


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        (Call("organizations", "attach_policy", {}), "ConcurrentModificationException", ""),
        (Call("organizations", "attach_policy", {}), "TooManyRequestsException", ""),
        (Call("organizations", "attach_policy", {}), "PolicyChangesInProgressException", ""),
        (Call("s3", "put_bucket_policy", {"Bucket": "b"}), "OperationAborted", ""),
        (Call("cloudtrail", "create_trail", {}), "InvalidCloudWatchLogsRoleArnException", "Access denied."),
        (Call("cloudtrail", "update_trail", {}), "ConflictException", ""),
        (Call("iam", "delete_role", {"RoleName": "r"}), "DeleteConflict", ""),
        (Call("lambda", "tag_resource", {}), "ThrottlingException", ""),
    ],
)
def test_what_ends_by_itself_is_waited_for(call: Call, code: str, message: str) -> None:
    """Three refusals, and the fourth try is taken."""
    session = Refusing(*[(code, message)] * 3)
    sender, _ = _sender(session)
    assert sender.send(call).attempts == 4


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        (Call("iam", "create_role", {"RoleName": "r", "T": "arn:aws:iam::1:role/x"}), "MalformedPolicyDocument",
         "Invalid principal in policy"),
        (Call("s3", "put_bucket_policy", {"Bucket": "b", "P": "arn:aws:iam::1:role/x"}), "MalformedPolicy",
         "Invalid principal in policy"),
        (Call("cloudtrail", "create_trail", {"S3BucketName": "arn:x:x"}), "InsufficientS3BucketPolicyException", ""),
    ],
)  # fmt: skip
def test_what_names_something_unknown_fails_at_once(call: Call, code: str, message: str) -> None:
    """Only where the principal or bucket exists is its spreading waited for."""
    session = Refusing((code, message))
    sender, clock = _sender(session)
    began = clock.monotonic()
    with pytest.raises(AwsError):
        sender.send(call)
    assert clock.monotonic() == began
    session = Refusing((code, message))
    sender, _ = _sender(session, known=True)
    assert sender.send(call).attempts == 2


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (Call("iam", "delete_user", {"UserName": "u"}), "NoSuchEntity"),
        (Call("organizations", "detach_policy", {"PolicyId": "p"}), "PolicyNotAttachedException"),
        (Call("s3", "delete_bucket", {"Bucket": "b"}), "NoSuchBucket"),
        (Call("cloudtrail", "delete_trail", {"Name": "t"}), "TrailNotFoundException"),
        (Call("logs", "delete_log_group", {"logGroupName": "g"}), "ResourceNotFoundException"),
    ],
)
def test_what_shall_go_and_is_gone_is_done(call: Call, code: str) -> None:
    """Removing what is not there is no failure, and is told as done already."""
    sender, _ = _sender(Refusing((code, "")))
    assert sender.send(call).already


def test_an_unanswered_creation_that_was_carried_out_is_done() -> None:
    """After a broken answer, "exists already" means that the first request arrived; else it is an error."""
    call = Call("s3", "create_bucket", {"Bucket": "b"})
    sender, _ = _sender(Refusing(("InternalError", ""), ("BucketAlreadyOwnedByYou", "")))
    assert sender.send(call).attempts == 2
    sender, _ = _sender(Refusing(("BucketAlreadyOwnedByYou", "")))
    with pytest.raises(AwsError, match="BucketAlreadyOwnedByYou"):
        sender.send(call)


def test_a_retry_is_the_same_request() -> None:
    """Where AWS knows repeated requests by a token, every try of a call has the same one; another call has another."""
    session = Refusing(("ThrottlingException", ""), ("ThrottlingException", ""))
    sender, _ = _sender(session)
    call = Call("accessanalyzer", "create_analyzer", {"analyzerName": "a", "type": "ACCOUNT"})
    assert sender.send(call).attempts == 3
    sender.send(call)
    tokens = [params["clientToken"] for params in session.params]
    assert tokens[0] == tokens[1] == tokens[2] != tokens[3]


def test_lanes() -> None:
    """Organizations takes one write at a time; IAM one to each principal; a service nobody told of, one."""
    assert list(lanes(Call("organizations", "create_policy", {"Name": "p"}))) == ["organizations None"]
    both = list(lanes(Call("iam", "add_user_to_group", {"GroupName": "g", "UserName": "u"})))
    assert both == ["iam None UserName=u", "iam None GroupName=g"]
    assert list(lanes(Call("guardduty", "create_detector", {}, "eu-west-1"))) == ["guardduty eu-west-1"]
    assert list(lanes(Call("s3", "put_bucket_policy", {"Bucket": "b"}))) == ["s3 None Bucket=b"]
