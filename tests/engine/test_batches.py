"""Calls that AWS takes together: which go in one request, and what came of each."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from iamfix.aws.reach import Door, Reach
from iamfix.aws.sender import Sender
from iamfix.clock import TurnedClock
from iamfix.model import AwsError, Call

ARNS = [f"arn:aws:sqs:us-east-1:111111111111:queue-{number}" for number in range(45)]


class Tagging:
    """A session whose one client answers TagResources: some ARNs fail."""

    def __init__(self, *bad: str) -> None:
        self.bad = bad
        self.sent: list[dict[str, Any]] = []
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        self.meta = boto3.client("resourcegroupstaggingapi", region_name="us-east-1", **keys).meta

    def client(self, service: str, region: str | None, *, writes: bool = False) -> Any:
        return self

    def door(self, client: Any) -> Door:
        return Reach(TurnedClock(datetime(2026, 11, 24, tzinfo=UTC))).door("https://example.com")

    def tag_resources(self, **params: Any) -> dict[str, Any]:
        self.sent.append(params)
        told = {"StatusCode": 400, "ErrorCode": "InvalidParameterException", "ErrorMessage": "no such queue"}
        return {"FailedResourcesMap": {arn: told for arn in params["ResourceARNList"] if arn in self.bad}}


def _sender(session: Tagging) -> Sender:
    found: Any = session
    return Sender(found, TurnedClock(datetime(2026, 11, 24, tzinfo=UTC)), random.Random(1), lambda name: False)


def _tag(arn: str, region: str = "us-east-1", **tags: str) -> Call:
    return Call("resourcegroupstaggingapi", "tag_resources", {"ResourceARNList": [arn], "Tags": tags}, region)


def test_equal_calls_go_in_twenties() -> None:
    """45 resources that get the same tags take three requests; other tags, regions and operations have their own."""
    calls = [_tag(arn, Owner="x") for arn in ARNS]
    calls += [
        _tag(ARNS[0], Owner="y"),
        _tag(ARNS[0], "eu-west-1", Owner="x"),
        Call("iam", "tag_role", {"RoleName": "r"}),
    ]
    found = _sender(Tagging()).batches(calls)
    assert sorted(len(places) for places in found) == [1, 1, 1, 5, 20, 20]
    assert sorted(place for places in found for place in places) == list(range(48))


def test_a_failure_is_the_failure_of_one() -> None:
    """What AWS did not take of a request is told of that resource alone; the others are done."""
    session = Tagging(ARNS[1])
    came = _sender(session).send_together([_tag(arn, Owner="x") for arn in ARNS[:3]])
    assert session.sent == [{"ResourceARNList": ARNS[:3], "Tags": {"Owner": "x"}}]
    assert [isinstance(one, AwsError) for one in came] == [False, True, False]
    assert "no such queue" in str(came[1])


def test_a_single_call_fails_as_loudly() -> None:
    """A call that goes alone, and whose one resource AWS did not take, is an error too."""
    with pytest.raises(AwsError, match="no such queue"):
        _sender(Tagging(ARNS[0])).send(_tag(ARNS[0], Owner="x"))
