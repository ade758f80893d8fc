"""SNS topics: subscriptions that wait for people, policies that others share, what a change loses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iamfix.fields import PLAIN, Exact, FieldError, Partial
from iamfix.kinds import sns_topic
from iamfix.kinds.sns_subscriptions import Subscribed, Subscriptions
from iamfix.sandbox import Sandbox
from iamfix.sandbox.services.sns.subscriptions import confirm
from iamfix.wanted import details_of
from iamfix.world import Spot
from tests.direct import Direct
from tests.running import Project

HOME = "us-east-1"
ARN = "arn:aws:sns:us-east-1:111111111111:alarms"
QUEUE = "arn:aws:sqs:us-east-1:111111111111:q"
MAIL = {"protocol": "email", "endpoint": "ops@example.com"}


def _task(**more: Any) -> dict[str, Any]:
    return {"sns_topic": {"name": "alarms", **more}}


def _done(project: Project, *tasks: dict[str, Any]) -> list[str]:
    """Plan and apply; return the calls' names."""
    plan = project.plan(*tasks)
    outcome = project.apply(plan)
    assert set(outcome.accounts.values()) <= {"done", "nothing"}
    return [call.operation for change in plan.changes() for call in change.calls]


def test_an_unconfirmed_subscription_is_asked_for_once(bare: Sandbox, tmp_path: Path) -> None:
    """It counts as there while it waits: the next run sends no second e-mail, and confirming changes nothing."""
    project = Project(tmp_path)
    plan = project.plan(_task(subscriptions=[MAIL]))
    (change,) = plan.changes()
    assert "email:ops@example.com must be confirmed within 48 hours" in change.notes[0]
    assert _done(project, _task(subscriptions=[MAIL])) == ["create_topic", "subscribe"]
    assert _done(project, _task(subscriptions=[MAIL])) == []
    confirm(bare.cloud, ARN, "ops@example.com")
    assert _done(project, _task(subscriptions=[MAIL])) == []


def test_what_waits_cannot_be_taken_away_and_does_not_fail_the_run(bare: Sandbox, tmp_path: Path) -> None:
    """An exact list without it leaves it: SNS takes no such call, and forgets it by itself."""
    project = Project(tmp_path, allow=("irreversible",))
    _done(project, _task(subscriptions=[MAIL]))
    assert _done(project, _task(subscriptions=[], display_name="Alarms")) == ["set_topic_attributes"]
    confirm(bare.cloud, ARN, "ops@example.com")
    assert _done(project, _task(subscriptions=[])) == ["unsubscribe"]
    assert bare.client("sns").list_subscriptions()["Subscriptions"] == []


def test_rollback_of_a_subscription_that_waits(bare: Sandbox, tmp_path: Path) -> None:
    """The way back takes back the rest, and is done: what waits goes by itself."""
    project = Project(tmp_path)
    _done(project, _task())
    outcome = project.apply(
        project.plan(_task(subscriptions=[MAIL, {"protocol": "sqs", "endpoint": QUEUE}], display_name="New"))
    )
    runner = project.runner()
    back = runner.apply(runner.rollback(outcome.run_id), "rollback")
    assert set(back.accounts.values()) == {"done"}
    left = bare.client("sns").list_subscriptions()["Subscriptions"]
    assert [(one["Protocol"], one["SubscriptionArn"]) for one in left] == [("email", "PendingConfirmation")]
    assert bare.client("sns").get_topic_attributes(TopicArn=ARN)["Attributes"]["DisplayName"] == ""


def test_several_subscriptions_go_by_their_own_arns(bare: Sandbox, tmp_path: Path) -> None:
    """Each is ended by the ARN that AWS told of it."""
    project = Project(tmp_path)
    many = [{"protocol": "sqs", "endpoint": f"{QUEUE}{number}"} for number in range(5)]
    _done(project, _task(subscriptions=many))
    assert _done(project, _task(subscriptions={"exclude": many[:3]})) == ["unsubscribe"] * 3
    left = bare.client("sns").list_subscriptions()["Subscriptions"]
    assert [one["Endpoint"] for one in left] == [one["endpoint"] for one in many[3:]]


def test_confirmations_that_a_change_loses_are_named(bare: Sandbox, tmp_path: Path) -> None:
    """Who confirmed by hand must do so again after an undo: the guard refuses it unless it is allowed."""
    project = Project(tmp_path)
    _done(project, _task(subscriptions=[MAIL, {"protocol": "sqs", "endpoint": QUEUE}]))
    assert next(project.plan(_task(state="absent")).changes()).loses == ()
    confirm(bare.cloud, ARN, "ops@example.com")
    plan = project.plan(_task(state="absent"))
    (change,) = plan.changes()
    assert change.loses == ("the confirmation of email:ops@example.com: who is subscribed again must confirm again",)
    assert "irreversible" in {problem.rule for problem in plan.problems() if problem.severity == "error"}


def test_the_default_statement_of_an_existing_topic_stays(bare: Sandbox, tmp_path: Path) -> None:
    """A topic that somebody made keeps its statements; a new one has just what is given."""
    sns = bare.client("sns")
    sns.create_topic(Name="alarms")
    publish = {
        "Sid": "Alarms", "Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish", "Resource": ARN,
    }  # fmt: skip
    project = Project(tmp_path)
    assert _done(project, _task(policy=[publish])) == ["set_topic_attributes"]
    assert _done(project, _task(policy=[publish])) == []
    policy = sns.get_topic_attributes(TopicArn=ARN)["Attributes"]["Policy"]
    assert "__default_statement_ID" in policy
    assert '"Alarms"' in policy


def test_topics_in_two_regions_are_two(bare: Sandbox, tmp_path: Path) -> None:
    """Each region's topic is made and seen there."""
    project = Project(tmp_path)
    both = {**_task(), "regions": ["us-east-1", "eu-west-1"]}
    assert _done(project, both) == ["create_topic", "create_topic"]
    assert _done(project, both) == []
    assert len(bare.client("sns", region="eu-west-1").list_topics()["Topics"]) == 1


def test_topics_cost_one_list_and_details_only_where_they_are_named() -> None:
    """Nothing is asked of topics that nobody named."""
    aws = Direct()
    look = Spot(aws.world(), HOME)
    aws.follow(call for n in range(50) for call in sns_topic.calls(f"t{n}", None, sns_topic.State(), look))
    aws.sent.clear()
    assert len(aws.world().all("sns_topic", HOME)) == 50
    assert aws.sent == ["list_topics"]
    world = aws.world()
    assert world.get("sns_topic", "t7", HOME, details_of(sns_topic)) is not None
    assert aws.sent.count("get_topic_attributes") == 1


@pytest.mark.parametrize(
    ("given", "items"),
    [
        ([MAIL], {"email:ops@example.com"}),
        (["email:ops@example.com"], {"email:ops@example.com"}),
        (["https://example.com/hook"], {"https:https://example.com/hook"}),
        ([f"sqs:{QUEUE}"], {f"sqs:{QUEUE}"}),
        ([], set()),
    ],
)
def test_how_subscriptions_are_written(given: Any, items: set[str]) -> None:
    """As mappings, or as text."""
    assert Subscriptions().read(given, PLAIN) == Exact(items)
    assert Subscriptions().read({"include": given}, PLAIN) == Partial(items, frozenset())


@pytest.mark.parametrize("given", ["email:x", [7], ["ops@example.com"], [{"protocol": "sms", "endpoint": 491}], [{}]])
def test_mistakes_in_subscriptions(given: Any) -> None:
    """What is no subscription is told."""
    with pytest.raises(FieldError):
        Subscriptions().read(given, PLAIN)


def test_subscriptions_survive_their_json_form() -> None:
    """Also which of them wait."""
    codec, value = Subscriptions(), Subscribed({"email:a@b.c", f"sqs:{QUEUE}"}, {"email:a@b.c"})
    again = codec.parse(codec.plain(value), "aws")
    assert again == value
    assert again.waiting == value.waiting


def test_breaches() -> None:
    """Names and policies that AWS refuses are told when planned."""
    look = Spot(Direct().world(), HOME)
    assert [one.summary for one in sns_topic.breaches("a b", None, sns_topic.State(), look)] == [
        "'a b' is no name for a topic"
    ]
    assert [one.summary for one in sns_topic.breaches("a", None, replace(sns_topic.State(), policy=None), look)] == [
        "a topic always has a policy"
    ]


@pytest.mark.parametrize(
    ("protocol", "right", "wrong"),
    [
        ("email", "ops@example.com", "ops"), ("sms", "+1 555 555 0100", "ops@example.com"), ("sqs", QUEUE, "alarms"),
        ("https", "https://example.com/a", "http://example.com/a"), ("lambda", QUEUE.replace("sqs", "lambda"), "f"),
    ],
)  # fmt: skip
def test_an_endpoint_has_the_form_of_its_protocol(protocol: str, right: str, wrong: str) -> None:
    """What SNS would not take is a mistake of the playbook, told offline with its place."""
    codec, context = Subscriptions(), PLAIN
    assert codec.read([{"protocol": protocol, "endpoint": right}], context) == Exact(
        frozenset((f"{protocol}:{right}",))
    )
    with pytest.raises(FieldError) as caught:
        codec.read({"include": [{"protocol": protocol, "endpoint": wrong}]}, context)
    assert (caught.value.path, f"no endpoint of {protocol}" in caught.value.summary) == (("include", 0), True)
