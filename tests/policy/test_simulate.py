"""The evaluation by cases: one request, one rule of AWS, one answer."""

from __future__ import annotations

from typing import Any

import pytest

from iamfix.policy.simulate import simulate_case

USER = "arn:aws:iam::111111111111:user/ann"
SESSION = "arn:aws:sts::111111111111:assumed-role/app/work"
BUCKET = "arn:aws:s3:::bucket/key"


def doc(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: str = "s3:*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": "*", **more}


def deny(action: str = "s3:*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": "*", **more}


def case(**given: Any) -> dict[str, Any]:
    request = {
        "principal": USER, "action": "s3:GetObject", "resource": BUCKET, "resource_account": "111111111111",
        "context": {}, **given.pop("request", {}),
    }  # fmt: skip
    empty = {"identity_policies": [], "boundary": None, "session_policy": None, "scps": None, "rcps": None}
    return {"id": "x", **empty, "resource_policy": None, "request": request, **given}


NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
CASES = [
    ("nothing allows: implicit deny", case(), "implicit_deny"),
    ("an identity policy allows", case(identity_policies=[doc(allow())]), "allowed"),
    ("actions fold case", case(identity_policies=[doc(allow("S3:getobject"))]), "allowed"),
    ("a deny anywhere wins", case(identity_policies=[doc(allow(), deny("s3:Get*"))]), "explicit_deny"),
    ("? is one character", case(identity_policies=[doc(allow("s3:GetObjec?"))]), "allowed"),
    (
        "a boundary that does not allow",
        case(identity_policies=[doc(allow())], boundary=doc(allow("sqs:*"))),
        "implicit_deny",
    ),
    ("a boundary that allows", case(identity_policies=[doc(allow())], boundary=doc(allow())), "allowed"),
    ("a boundary grants nothing", case(boundary=doc(allow())), "implicit_deny"),
    (
        "every SCP level must allow",
        case(identity_policies=[doc(allow())], scps=[[doc(allow("*"))], [doc(allow("sqs:*"))]]),
        "implicit_deny",
    ),
    (
        "SCPs that allow at each level",
        case(identity_policies=[doc(allow())], scps=[[doc(allow("*"))], [doc(allow("*"))]]),
        "allowed",
    ),
    ("an SCP denies", case(identity_policies=[doc(allow())], scps=[[doc(allow("*"), deny())]]), "explicit_deny"),
    ("an SCP grants nothing", case(scps=[[doc(allow("*"))]]), "implicit_deny"),
    (
        "BoolIfExists holds for a missing key",
        case(identity_policies=[doc(allow(), deny(Condition=NO_MFA))]),
        "explicit_deny",
    ),
    (
        "with MFA the deny is off",
        case(
            identity_policies=[doc(allow(), deny(Condition=NO_MFA))],
            request={"context": {"aws:MultiFactorAuthPresent": "true"}},
        ),
        "allowed",
    ),
    (
        "a resource policy for the user is enough in its account",
        case(resource_policy=doc({**allow(), "Principal": {"AWS": USER}})),
        "allowed",
    ),
    (
        "cross-account needs both sides",
        case(identity_policies=[doc(allow())], request={"resource_account": "222222222222"}),
        "implicit_deny",
    ),
    (
        "cross-account with both sides",
        case(
            identity_policies=[doc(allow())],
            resource_policy=doc({**allow(), "Principal": {"AWS": USER}}),
            request={"resource_account": "222222222222"},
        ),
        "allowed",
    ),
    (
        "a session policy that does not allow",
        case(identity_policies=[doc(allow())], session_policy=doc(allow("sqs:*")), request={"principal": SESSION}),
        "implicit_deny",
    ),
    (
        "a resource policy that names the session passes the session policy by",
        case(
            session_policy=doc(allow("sqs:*")),
            resource_policy=doc({**allow(), "Principal": {"AWS": SESSION}}),
            request={"principal": SESSION},
        ),
        "allowed",
    ),
    ("root needs no policy", case(request={"principal": "arn:aws:iam::111111111111:root"}), "allowed"),
    (
        "a negated operator holds for a missing key",
        case(identity_policies=[doc(allow(Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}))]),
        "allowed",
    ),
    (
        "ForAllValues holds for a missing key",
        case(identity_policies=[doc(allow(Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}))]),
        "allowed",
    ),
    (
        "ForAnyValue fails for a missing key",
        case(identity_policies=[doc(allow(Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}))]),
        "implicit_deny",
    ),
    (
        "Null true holds for a missing key",
        case(identity_policies=[doc(allow(Condition={"Null": {"aws:TokenIssueTime": "true"}}))]),
        "allowed",
    ),
    (
        "a key that is not told leaves the answer open",
        case(
            partial=True,
            identity_policies=[doc(allow(Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))],
        ),
        "unknown",
    ),
    ("an allow that needs no key is not open", case(partial=True, identity_policies=[doc(allow())]), "allowed"),
    (
        "an RCP denies",
        case(identity_policies=[doc(allow())], rcps=[[doc({**deny(), "Principal": "*"})]]),
        "explicit_deny",
    ),
]


@pytest.mark.parametrize(("rule", "given", "expected"), CASES, ids=[rule for rule, _, _ in CASES])
def test_the_rule(rule: str, given: dict[str, Any], expected: str) -> None:
    """Each case is a rule of "Policy evaluation logic" in the IAM User Guide."""
    answer = simulate_case(given)
    assert answer["decision"] == expected, answer["reason"]
    assert set(answer) == {"id", "decision", "reason", "statement", "unknown_keys"}
    assert bool(answer["unknown_keys"]) == (expected == "unknown")
