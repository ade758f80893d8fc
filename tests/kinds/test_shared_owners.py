"""Who owns a bucket, key, topic, queue or rule is told by its tags, which are read of whatever is about to change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from iamfix.sandbox import Sandbox
from iamfix.sandbox.services.events.rules import EventsState
from iamfix.sandbox.services.kms.state import KmsState
from iamfix.sandbox.services.s3.state import S3State
from iamfix.sandbox.services.sns.state import SnsState
from iamfix.sandbox.services.sqs.queues import SqsState
from tests.running import Project

STACK = {"aws:cloudformation:stack-name": "web"}
HERE = "111111111111/us-east-1"
CHANGES: dict[str, dict[str, Any]] = {
    "s3_bucket": {"versioning": True},
    "kms_key": {"description": "new"},
    "sns_topic": {"display_name": "new"},
    "sqs_queue": {"visibility_timeout": 60},
    "eventbridge_rule": {"description": "new"},
}


def _furnish(sandbox: Sandbox) -> None:
    """Two of each: `ours`, and `theirs`, which a CloudFormation stack has made."""
    for name in ("ours", "theirs"):
        sandbox.client("s3").create_bucket(Bucket=name)
        key = sandbox.client("kms").create_key()["KeyMetadata"]["KeyId"]
        sandbox.client("kms").create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
        sandbox.client("sns").create_topic(Name=name)
        sandbox.client("sqs").create_queue(QueueName=name)
        sandbox.client("events").put_rule(Name=name, EventPattern=json.dumps({"source": ["x"]}))
    cloud = sandbox.cloud
    keys = cloud.state(KmsState, HERE, "aws")
    stores: list[tuple[Any, str]] = [
        (cloud.state(S3State, "*", "aws").buckets, "theirs"),
        (keys.keys, str(keys.aliases.latest("alias/theirs"))),
        (cloud.state(SnsState, HERE, "aws").topics, "arn:aws:sns:us-east-1:111111111111:theirs"),
        (cloud.state(SqsState, HERE, "aws").queues, "theirs"),
        (cloud.state(EventsState, HERE, "aws").rules, "theirs"),
    ]
    for store, key in stores:
        found = store.latest(key)
        store.put(key, type(found)(**{**_fields(found), "tags": STACK}))


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


@pytest.mark.parametrize("kind", sorted(CHANGES))
def test_what_a_stack_owns_is_left_alone(bare: Sandbox, tmp_path: Path, kind: str) -> None:
    """A `select` passes it by though it names no tag; a task that names it is refused."""
    _furnish(bare)
    project = Project(tmp_path)
    plan = project.plan({kind: {"select": "name in ('ours', 'theirs')", **CHANGES[kind]}})
    assert [change.name for change in plan.changes()] == ["ours"]
    assert plan.accounts[0].ignored == 1
    named = project.plan({kind: {"name": "theirs", **CHANGES[kind]}})
    (problem,) = [one for one in named.problems() if one.severity == "error"]
    assert (problem.rule, "stack web" in problem.summary) == ("foreign-owner", True)
    owners = project.plan({kind: {"select": "owned_by is none and name in ('ours', 'theirs')", **CHANGES[kind]}})
    assert [change.name for change in owners.changes()] == ["ours"]
