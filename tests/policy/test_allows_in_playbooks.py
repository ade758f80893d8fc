"""`policy | allows(…)` in playbooks: whether a resource's policy lets somebody in."""

from __future__ import annotations

from typing import Any

import pytest

from iamfix.model import Account, InputError, Place
from iamfix.render import Renderer

TOPIC = "arn:aws:sns:us-east-1:111111111111:alarms"
CLOUDWATCH = "cloudwatch.amazonaws.com"


def ask(policy: Any, text: str) -> Any:
    scope = Renderer([]).scope(Account(id="111111111111", name="lab"), {}, None)
    return scope.child({}, {"policy": policy, "topic": TOPIC}).expression(text, Place("playbook.yml", 3))


def document(principal: Any, effect: str = "Allow", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Principal": principal, "Action": "sns:Publish", "Resource": TOPIC}
    return {"Version": "2012-10-17", "Statement": [statement | ({"Condition": condition} if condition else {})]}


SERVICE = document({"Service": CLOUDWATCH}, StringEquals={"aws:SourceAccount": "111111111111"})
DEFAULT = document({"AWS": "*"}, StringEquals={"AWS:SourceOwner": "111111111111"})
PUBLISH = f"policy | allows('sns:Publish', topic, '{CLOUDWATCH}', {{'aws:SourceAccount': '111111111111', "
PUBLISH += "'aws:SourceOwner': '111111111111'})"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (SERVICE, True),
        (DEFAULT, True),
        (None, False),
        (document({"Service": "events.amazonaws.com"}), False),
        (document({"Service": CLOUDWATCH}, StringEquals={"aws:SourceAccount": "222222222222"}), False),
        ({**SERVICE, "Statement": [*SERVICE["Statement"], *document("*", "Deny")["Statement"]]}, False),
    ],
)
def test_a_policy_lets_a_service_in_or_not(policy: Any, expected: bool) -> None:
    """Principals, conditions and denials count, as in IAM's evaluation; no policy lets nobody in."""
    assert ask(policy, PUBLISH) is expected


def test_a_key_that_is_not_given_is_absent() -> None:
    """Without its condition's key a statement does not hold."""
    assert ask(SERVICE, f"policy | allows('sns:Publish', topic, '{CLOUDWATCH}')") is False


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("policy | allows('publish', topic, 'ec2.amazonaws.com')", "action: 'publish'"),
        ("3 | allows('sns:Publish', topic, 'ec2.amazonaws.com')", "allows takes a policy document, not 3"),
        ("policy | allows('sns:Publish', 3, 'ec2.amazonaws.com')", "allows takes an action, a resource"),
        ("polic | allows('sns:Publish', topic, 'ec2.amazonaws.com')", "'polic' is undefined"),
        ("{'a': 1} | allows('sns:Publish', topic, 'ec2.amazonaws.com')", "allows:"),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, told: str) -> None:
    """What is wrong with the question is an error of the playbook, at its line."""
    with pytest.raises(InputError) as refused:
        ask(SERVICE, text)
    (problem,) = refused.value.problems
    assert problem.where == "playbook.yml:3"
    assert told in problem.summary
