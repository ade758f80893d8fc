"""SQS queues and EventBridge rules: drift events on their way to a queue."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from iamfix.fields import PLAIN, FieldError
from iamfix.kinds import (
    eventbridge_rule,
    kms_key,
    s3_account_public_access_block,
    s3_bucket,
    sns_topic,
    sqs_queue,
)
from iamfix.sandbox import Sandbox
from iamfix.sandbox.services.events.rules import EventsState, Rule
from iamfix.wanted import details_of
from iamfix.world import Spot
from tests.direct import Direct
from tests.running import Project

HOME = "us-east-1"
QUEUE = "arn:aws:sqs:us-east-1:111111111111:iamfix-drift"
PATTERN = {"source": ["aws.iam"]}


def _operations(plan: Any) -> list[str]:
    return [call.operation for change in plan.changes() for call in change.calls]


def _rule(**more: Any) -> dict[str, Any]:
    return {"eventbridge_rule": {"name": "iamfix-drift", "event_pattern": PATTERN, **more}}


def test_the_examples_together_bring_drift_events_to_a_queue(bare: Sandbox, tmp_path: Path) -> None:
    """The queue lets the rule in, the rule has the queue as its target; a second run changes nothing."""
    kinds = (s3_account_public_access_block, s3_bucket, kms_key, sns_topic, sqs_queue, eventbridge_rule)
    tasks = [task for kind in kinds for task in yaml.safe_load(kind.EXAMPLE)]
    project = Project(tmp_path)
    plan = project.plan(*tasks)
    assert [problem for problem in plan.problems() if problem.severity == "error"] == []
    assert _operations(plan)[-3:] == ["create_queue", "put_rule", "put_targets"]
    assert len(list(plan.changes())) == len(kinds)
    assert set(project.apply(plan).accounts.values()) == {"done"}
    assert list(project.plan(*tasks).changes()) == []
    (target,) = bare.client("events").list_targets_by_rule(Rule="iamfix-drift")["Targets"]
    assert target == {"Id": "queue", "Arn": QUEUE}


def test_put_rule_says_everything_again(bare: Sandbox, tmp_path: Path) -> None:
    """A task that names only the description keeps pattern, schedule and role: PutRule would clear them."""
    events = bare.client("events")
    events.put_rule(Name="iamfix-drift", EventPattern='{"source": ["aws.iam"]}', ScheduleExpression="rate(1 day)")
    project = Project(tmp_path)
    plan = project.plan({"eventbridge_rule": {"name": "iamfix-drift", "description": "new"}})
    project.apply(plan)
    told = events.describe_rule(Name="iamfix-drift")
    assert (told["Description"], told["ScheduleExpression"]) == ("new", "rate(1 day)")
    assert told["EventPattern"] == '{"source":["aws.iam"]}'


def test_a_target_that_failed_fails_the_run(bare: Sandbox, tmp_path: Path) -> None:
    """AWS answers well and counts a failure: the account has failed, and says which target."""
    bare.cloud.state(EventsState, "111111111111/us-east-1", "aws").failing.add("queue")
    project = Project(tmp_path)
    outcome = project.apply(project.plan(_rule(targets={"queue": {"Arn": QUEUE}})))
    assert set(outcome.accounts.values()) == {"failed"}
    assert "TargetId queue: The target could not be changed." in outcome.problems[0].summary


def test_targets_go_before_their_rule(bare: Sandbox, tmp_path: Path) -> None:
    """AWS deletes no rule that has targets."""
    project = Project(tmp_path)
    project.apply(project.plan(_rule(targets={"queue": {"Arn": QUEUE}})))
    plan = project.plan(_rule(state="absent") | {"eventbridge_rule": {"name": "iamfix-drift", "state": "absent"}})
    assert _operations(plan) == ["remove_targets", "delete_rule"]
    assert set(project.apply(plan).accounts.values()) == {"done"}


def test_rules_of_aws_services_are_theirs(bare: Sandbox, tmp_path: Path) -> None:
    """A managed rule is left to the service that made it."""
    arn = "arn:aws:events:us-east-1:111111111111:rule/iamfix-drift"
    rule = Rule(
        "iamfix-drift", arn, {"EventPattern": '{"source":["x"]}', "State": "ENABLED"}, managed_by="x.amazonaws.com"
    )
    bare.cloud.state(EventsState, "111111111111/us-east-1", "aws").rules.put(rule.name, rule)
    problems = list(Project(tmp_path).plan(_rule()).problems())
    assert [problem.rule for problem in problems if problem.severity == "error"] == ["foreign-owner"]


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (eventbridge_rule.State(), "needs an event_pattern"),
        (eventbridge_rule.State(event_pattern=PATTERN, targets={str(n): {"Arn": "x"} for n in range(6)}), "6 targets"),
    ],
)
def test_rules_that_aws_refuses(after: Any, says: str) -> None:
    """What AWS would refuse is told when planned."""
    (found,) = eventbridge_rule.breaches("r", None, after, Spot(Direct().world(), HOME))
    assert says in found.summary


def test_a_target_needs_its_arn() -> None:
    """And its id is its name in the map."""
    codec = eventbridge_rule.TARGETS
    with pytest.raises(FieldError, match="Arn"):
        codec.read({"queue": {"RoleArn": "x"}}, PLAIN)


def test_a_queue_keeps_what_is_not_asked(bare: Sandbox, tmp_path: Path) -> None:
    """A change of one attribute sends one attribute; the data key's time stays when the key changes."""
    sqs = bare.client("sqs")
    url = sqs.create_queue(
        QueueName="q", Attributes={"KmsMasterKeyId": "alias/a", "KmsDataKeyReusePeriodSeconds": "600"}
    )["QueueUrl"]
    project = Project(tmp_path)
    plan = project.plan({"sqs_queue": {"name": "q", "visibility_timeout": 60}})
    (call,) = next(plan.changes()).calls
    assert call.params["Attributes"] == {"VisibilityTimeout": "60"}
    project.apply(project.plan({"sqs_queue": {"name": "q", "kms_master_key_id": "alias/b"}}))
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (told["KmsMasterKeyId"], told["KmsDataKeyReusePeriodSeconds"]) == ("alias/b", "600")


def test_messages_that_a_deletion_loses_are_told(bare: Sandbox, tmp_path: Path) -> None:
    """A queue with messages is not deleted without saying so."""
    sqs = bare.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    project = Project(tmp_path)
    task = {"sqs_queue": {"name": "q", "state": "absent"}}
    assert next(project.plan(task).changes()).loses == ()
    sqs.send_message(QueueUrl=url, MessageBody="x")
    assert next(project.plan(task).changes()).loses == ("about 1 messages",)


def test_a_shorter_retention_is_noted() -> None:
    """It deletes older messages at once."""
    look, state = Spot(Direct().world(), HOME), sqs_queue.State()
    shorter = replace(state, message_retention_period=60)
    assert list(sqs_queue.notes("q", state, shorter, look)) == [
        "messages that are older than the new retention period are deleted"
    ]
    assert list(sqs_queue.notes("q", shorter, state, look)) == []


def test_1500_queues_are_all_seen() -> None:
    """SQS tells 1,000 queues and no token to who does not ask for pages."""
    aws = Direct()
    look = Spot(aws.world(), HOME)
    aws.follow(call for n in range(1500) for call in sqs_queue.calls(f"q{n}", None, sqs_queue.State(), look))
    assert len(aws.get("sqs", "list_queues")["QueueUrls"]) == 1000
    assert len(aws.world().all("sqs_queue", HOME)) == 1500


def test_what_a_queue_tells_is_read_once_for_all_fields() -> None:
    """One request for all attributes, one for the tags."""
    aws = Direct()
    aws.follow(sqs_queue.calls("q", None, sqs_queue.State(), Spot(aws.world(), HOME)))
    aws.sent.clear()
    assert aws.world().get("sqs_queue", "q", HOME, details_of(sqs_queue)) is not None
    assert [aws.sent.count(one) for one in ("get_queue_attributes", "list_queue_tags")] == [1, 1]
