"""SNS in the sandbox: subscriptions that wait, policies that are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iamfix.sandbox import Sandbox, TurnableClock
from iamfix.sandbox.services.sns.subscriptions import confirm

ARN = "arn:aws:sns:us-east-1:111111111111:one"
HOUR = 3600


def _policy(**more: Any) -> str:
    own = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**own, "Resource": ARN, **more}]})


def _code(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return str(caught.value.response["Error"]["Code"])


def test_email_waits_until_it_is_confirmed(sandbox: Sandbox) -> None:
    """Told as PendingConfirmation, cannot be ended; confirmed it has an ARN and can."""
    sns = sandbox.client("sns")
    sns.create_topic(Name="one")
    assert sns.subscribe(TopicArn=ARN, Protocol="email", Endpoint="a@b.c")["SubscriptionArn"] == "pending confirmation"
    asked = sns.subscribe(TopicArn=ARN, Protocol="email", Endpoint="a@b.c", ReturnSubscriptionArn=True)
    (told,) = sns.list_subscriptions_by_topic(TopicArn=ARN)["Subscriptions"]
    assert told["SubscriptionArn"] == "PendingConfirmation"
    assert _code(sns.unsubscribe, SubscriptionArn="PendingConfirmation") == "InvalidParameter"
    assert _code(sns.unsubscribe, SubscriptionArn=asked["SubscriptionArn"]) == "InvalidParameter"
    assert sns.get_topic_attributes(TopicArn=ARN)["Attributes"]["SubscriptionsPending"] == "1"
    confirm(sandbox.cloud, ARN, "a@b.c")
    (told,) = sns.list_subscriptions()["Subscriptions"]
    assert told["SubscriptionArn"] == asked["SubscriptionArn"]
    sns.unsubscribe(SubscriptionArn=told["SubscriptionArn"])
    assert sns.list_subscriptions()["Subscriptions"] == []


def test_a_subscription_is_confirmed_with_its_endpoint_as_token(sandbox: Sandbox) -> None:
    """No message is sent, so its token is the endpoint; what is no token confirms nothing, and again is fine."""
    sns = sandbox.client("sns")
    sns.create_topic(Name="one")
    asked = sns.subscribe(TopicArn=ARN, Protocol="email", Endpoint="a@b.c", ReturnSubscriptionArn=True)
    assert _code(sns.confirm_subscription, TopicArn=ARN, Token="d@e.f") == "InvalidParameter"
    for _ in range(2):
        told = sns.confirm_subscription(TopicArn=ARN, Token="a@b.c")
        assert told["SubscriptionArn"] == asked["SubscriptionArn"]
        (one,) = sns.list_subscriptions_by_topic(TopicArn=ARN)["Subscriptions"]
        assert one["SubscriptionArn"] == asked["SubscriptionArn"]


def test_what_nobody_confirms_is_forgotten(sandbox: Sandbox, clock: TurnableClock) -> None:
    """After 48 hours; a queue of the own account needs no confirmation, that of another does."""
    sns = sandbox.client("sns")
    sns.create_topic(Name="one")
    for endpoint in ("arn:aws:sqs:us-east-1:111111111111:q", "arn:aws:sqs:us-east-1:222222222222:q"):
        sns.subscribe(TopicArn=ARN, Protocol="sqs", Endpoint=endpoint)
    clock.turn(49 * HOUR)
    (left,) = sns.list_subscriptions_by_topic(TopicArn=ARN)["Subscriptions"]
    assert left["Endpoint"].split(":")[4] == "111111111111"


@pytest.mark.parametrize(
    "policy",
    [
        "{",
        "",
        _policy(Resource="arn:aws:sns:us-east-1:111111111111:other"),
        _policy(Action="sns:CreateTopic"),
        _policy(Action="sqs:SendMessage"),
        _policy(Principal={"AWS": "arn:aws:iam::111111111111:user/nobody"}),
    ],
)
def test_topic_policies_that_are_refused(sandbox: Sandbox, policy: str) -> None:
    """JSON, resource, actions and principals are checked."""
    sns = sandbox.client("sns")
    sns.create_topic(Name="one")
    assert _code(sns.set_topic_attributes, TopicArn=ARN, AttributeName="Policy", AttributeValue=policy) == (
        "InvalidParameter"
    )
    sns.set_topic_attributes(TopicArn=ARN, AttributeName="Policy", AttributeValue=_policy())


def test_topics(sandbox: Sandbox) -> None:
    """Made again is the same topic, unless it is asked for otherwise; what is not there is NotFound."""
    sns = sandbox.client("sns")
    assert sns.create_topic(Name="one")["TopicArn"] == sns.create_topic(Name="one")["TopicArn"] == ARN
    assert _code(sns.create_topic, Name="one", Attributes={"DisplayName": "x"}) == "InvalidParameter"
    assert _code(sns.create_topic, Name="a b") == "InvalidParameter"
    assert _code(sns.get_topic_attributes, TopicArn=f"{ARN}x") == "NotFound"
    assert _code(sns.subscribe, TopicArn=ARN, Protocol="pigeon", Endpoint="x") == "InvalidParameter"
    sns.delete_topic(TopicArn=ARN)
    sns.delete_topic(TopicArn=ARN)
    assert sns.list_topics()["Topics"] == []
