"""The evaluation is quick enough to be asked for every principal, action and call of a plan."""

from __future__ import annotations

import json
import time
from typing import Any

from iamfix.policy.document import Document
from iamfix.policy.evaluate import compile_policies, evaluate
from iamfix.policy.request import Request, make_request
from iamfix.policy.simulate import simulate_lines

REGIONS = ["eu-west-1", "eu-central-1", "us-east-1"]
ROLE = "arn:aws:iam::111122223333:role/app/worker"


def document(*statements: dict[str, Any]) -> Document:
    return Document.parse({"Version": "2012-10-17", "Statement": list(statements)})


def of_ordinary_size() -> dict[str, Any]:
    """Five identity policies of three statements, a boundary and three levels of SCPs, all with conditions."""
    identity = [
        document(
            {
                "Effect": "Allow",
                "Action": [f"{service}:Get*", f"{service}:List*", f"{service}:Describe*", f"{service}:BatchGet*"],
                "Resource": [f"arn:aws:{service}:*:111122223333:*", f"arn:aws:{service}:::app-*/*"],
            },
            {
                "Effect": "Allow",
                "Action": [f"{service}:Put*", f"{service}:Create*", f"{service}:UpdateItem"],
                "Resource": f"arn:aws:{service}:*:111122223333:*/${{aws:PrincipalTag/team}}-*",
                "Condition": {"StringEquals": {"aws:RequestedRegion": REGIONS}},
            },
            {
                "Effect": "Deny",
                "Action": f"{service}:Delete*",
                "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
            },
        )
        for service in ("s3", "dynamodb", "sqs", "lambda", "kms")
    ]
    boundary = document(
        {
            "Effect": "Allow",
            "Action": ["s3:*", "dynamodb:*", "sqs:*", "lambda:*", "kms:*", "logs:*"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": REGIONS}},
        },
        {"Effect": "Allow", "Action": ["iam:Get*", "iam:List*", "sts:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": ["iam:*Boundary", "kms:ScheduleKeyDeletion"], "Resource": "*"},
    )
    full = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    regions = document(
        {
            "Effect": "Deny",
            "NotAction": ["iam:*", "sts:*", "organizations:*", "support:*", "route53:*", "cloudfront:*"],
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {"aws:RequestedRegion": REGIONS},
                "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/break-glass"},
            },
        }
    )
    tamper = document(
        {
            "Effect": "Deny",
            "Action": ["cloudtrail:StopLogging", "cloudtrail:Delete*", "config:Delete*", "guardduty:Delete*"],
            "Resource": "*",
        },
        {"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"},
    )
    return {"identity": identity, "boundary": boundary, "scps": [[full], [full, regions], [full, tamper]]}


def requests() -> list[Request]:
    """Sixteen requests: allowed, denied by each layer, and with a context that is not known."""
    here = "eu-west-1:111122223333"
    asked = [
        ("s3:GetObject", "arn:aws:s3:::app-data/report.csv"),
        ("dynamodb:Query", f"arn:aws:dynamodb:{here}:table/orders"),
        ("sqs:PutMessage", f"arn:aws:sqs:{here}:queue/blue-1"),
        ("kms:Decrypt", f"arn:aws:kms:{here}:key/1"),
        ("lambda:DeleteFunction", f"arn:aws:lambda:{here}:function:f"),
        ("iam:CreateUser", "arn:aws:iam::111122223333:user/x"),
        ("ec2:RunInstances", "*"),
        ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:{here}:trail/t"),
    ]
    context = {"aws:PrincipalTag/team": "blue", "aws:RequestedRegion": "eu-west-1", "aws:SecureTransport": "true"}
    return [make_request(ROLE, action, arn, context=context) for action, arn in asked] + [
        make_request(ROLE, action, arn, partial=True) for action, arn in asked
    ]


def measured(rounds: int) -> float:
    """Evaluations a second of this process's time."""
    policies, asked = compile_policies(**of_ordinary_size()), requests()
    start = time.process_time()
    for _ in range(rounds):
        for request in asked:
            evaluate(policies, request)
    return rounds * len(asked) / (time.process_time() - start)


def test_a_hundred_thousand_a_minute() -> None:
    """100,000 evaluations of ordinary size take less than a minute of one core."""
    assert max(measured(100) for _ in range(3)) > 100_000 / 60


def test_they_are_no_empty_questions() -> None:
    """The requests that are measured have all four answers."""
    policies = compile_policies(**of_ordinary_size())
    assert {evaluate(policies, request).decision for request in requests()} == {
        "allowed", "explicit_deny", "implicit_deny", "unknown",
    }  # fmt: skip


def test_cases_from_a_file_are_quick_too() -> None:
    """Reading each case and all its documents anew costs little: more than 50,000 cases a minute, policies repeated."""
    given = of_ordinary_size()
    case = {
        "identity_policies": [one.data for one in given["identity"]],
        "boundary": given["boundary"].data,
        "scps": [[one.data for one in level] for level in given["scps"]],
        "request": {
            "principal": ROLE,
            "action": "s3:GetObject",
            "resource": "arn:aws:s3:::app-data/report.csv",
            "context": {"aws:RequestedRegion": "eu-west-1"},
        },
    }
    lines = [json.dumps({"id": number, **case}) for number in range(200)]

    def rate() -> float:
        start = time.process_time()
        assert {answer["decision"] for answer in simulate_lines(lines)} == {"allowed"}
        return len(lines) / (time.process_time() - start)

    assert max(rate() for _ in range(3)) > 50_000 / 60


def test_cases_that_have_nothing_in_common_are_quick_too() -> None:
    """Eleven documents, 5 kB in all, new in each case, are read, checked and asked: more than 25,000 cases a minute."""
    given = of_ordinary_size()

    def line(number: int) -> str:
        account = f"{number:012}"

        def own(document: Document) -> Any:
            return {"Id": account, **json.loads(document.text.replace("111122223333", account))}

        case = {
            "identity_policies": [own(one) for one in given["identity"]], "boundary": own(given["boundary"]),
            "scps": [[own(one) for one in level] for level in given["scps"]],
            "request": {
                "principal": f"arn:aws:iam::{account}:role/app/worker", "action": "dynamodb:GetItem",
                "resource": f"arn:aws:dynamodb:eu-west-1:{account}:table/orders",
                "context": {"aws:RequestedRegion": "eu-west-1"},
            },
        }  # fmt: skip
        return json.dumps(case)

    def rate(start: int) -> float:
        lines = [line(number) for number in range(start, start + 200)]
        began = time.process_time()
        assert {one["decision"] for one in simulate_lines(lines)} == {"allowed"}
        return len(lines) / (time.process_time() - began)

    assert max(rate(number * 200) for number in range(3)) > 25_000 / 60
