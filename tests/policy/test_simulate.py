"""The case format of the simulator: what it takes, what it answers, and what is wrong with what is no case."""

from __future__ import annotations

import json
from typing import Any

import pytest

from iamfix.policy.simulate import simulate_lines

ALLOW = {"Version": "2012-10-17", "Statement": [{"Sid": "All", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
ASKED = {"principal": "arn:aws:iam::111111111111:user/ann", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}
FULL = {
    "id": "one",
    "identity_policies": [ALLOW],
    "boundary": None,
    "session_policy": None,
    "scps": None,
    "rcps": None,
    "resource_policy": None,
    "request": {
        **ASKED,
        "resource_account": "111111111111",
        "context": {"aws:SourceIp": "192.0.2.1", "a:b": ["x", "y"]},
    },
}


def ask(*cases: Any) -> list[dict[str, Any]]:
    return list(simulate_lines(one if isinstance(one, str) else json.dumps(one) for one in cases))


def test_an_answer_has_just_the_promised_fields() -> None:
    """One JSON object a case, in order: id, decision, reason, statement, unknown_keys."""
    first, second = ask(FULL, {**FULL, "id": 2, "identity_policies": []})
    assert first == {
        "id": "one",
        "decision": "allowed",
        "reason": "allowed by statement 1 (All) of identity policy 1",
        "statement": {"layer": "identity_policy", "document": 0, "statement": 0, "sid": "All"},
        "unknown_keys": [],
    }
    assert second == {
        "id": 2,
        "decision": "implicit_deny",
        "reason": "no identity policy allows it",
        "statement": None,
        "unknown_keys": [],
    }


def test_the_least_case() -> None:
    """Everything but the request may be left out; the request needs principal, action and resource."""
    assert ask({"request": ASKED})[0]["decision"] == "implicit_deny"
    assert ask("", "  \n", {"request": ASKED}, "")[0]["id"] is None


@pytest.mark.parametrize("where", ["case", "request"])
def test_partial(where: str) -> None:
    """`partial` stands in the case or in its request: keys that are not given are then not known."""
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
        ],
    }
    whole = {"identity_policies": [policy], "request": dict(ASKED)}
    assert ask(whole)[0]["decision"] == "implicit_deny"
    (whole if where == "case" else whole["request"])["partial"] = True
    assert ask(whole)[0]["unknown_keys"] == ["aws:SecureTransport"]


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("nonsense", "column 1: not JSON"),
        ('{"request": {}', "not JSON"),
        ("[]", "a case is a JSON object"),
        ("{}", "request: is missing"),
        ({"request": {**ASKED, "action": "GetObject"}}, "not of the form service:Name"),
        ({"request": {**ASKED, "resource": ""}}, "request.resource: is empty"),
        ({"request": {**ASKED, "principal": "arn:aws:iam::111111111111:group/g"}}, "is a group"),
        ({"request": {**ASKED, "resource_account": 111111111111}}, "put the account id in quotes"),
        ({"request": {**ASKED, "context": ["x"]}}, "request.context: is not an object"),
        ({"request": {**ASKED, "context": {"a:b": 1, "A:B": 2}}}, "given twice"),
        ({"request": {**ASKED, "partial": "yes"}}, "neither true nor false"),
        ({"request": ASKED, "scp": []}, "is 'scps' meant?"),
        ({"request": ASKED, "scps": [ALLOW]}, "there is one list per level"),
        ({"request": ASKED, "identity_policies": ALLOW}, "identity_policies: is not a list"),
        ({"request": ASKED, "identity_policies": [7]}, "identity_policies[0]: is not a policy document"),
        ({"request": ASKED, "boundary": {"Statement": [{"Effect": "allow"}]}}, "the permissions boundary: statement 1"),
        ({"request": ASKED, "scps": [[ALLOW], [{"Version": "2012-10-17"}]]}, "at level 2: there is no Statement"),
    ],
)
def test_what_is_no_case(case: Any, words: str) -> None:
    """Each mistake is told with its line and what was expected; the cases around it are answered."""
    first, bad, last = ask(FULL, case, FULL)
    assert (first["decision"], last["decision"]) == ("allowed", "allowed")
    assert bad["line"] == 2
    assert bad["error"].startswith("line 2: ")
    assert words in bad["error"]
    assert set(bad) == {"id", "line", "error"}
