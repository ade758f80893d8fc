"""Random policies and requests over few names, so that they often meet."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from iamfix.policy.compiled import compile_document
from iamfix.policy.document import Document
from iamfix.policy.entries import Entry
from iamfix.policy.request import Request, make_request

USER = "arn:aws:iam::111111111111:user/ann"
ACTIONS = (
    "*", "s3:*", "S3:Get*", "s3:GetObject", "s3:PutObject", "s3:*Object", "s3:?etObject", "iam:*", "iam:PassRole",
    "iam:*Role", "i*:PassRole", "s3:DeleteObject", "*:*", "s3:G*t*", "iam:passrole",
)  # fmt: skip
RESOURCES = (
    "*", "arn:aws:s3:::*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/ann", "arn:aws:s3:::b/${aws:username}",
    "arn:aws:s3:::b/${aws:PrincipalTag/x, 'ann'}", "arn:aws:s3:::?/*", "arn:aws:iam::*:role/*", "arn:*:iam::*",
    "arn:aws:iam::111111111111:role/r", "arn:aws:*:role/r", "arn:aws:s3:::b/${*}", "arn:aws:s3:*/ann", "*/ann",
)  # fmt: skip
CONDITIONS: tuple[Mapping[str, Any], ...] = (
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"Bool": {"aws:multifactorauthpresent": True}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"StringEquals": {"aws:PrincipalTag/x": "a"}},
    {"StringLike": {"aws:PrincipalTag/x": ["a", "b"]}},
    {"StringNotEquals": {"aws:PrincipalTag/x": ["a", "b"]}},
    {"StringNotEqualsIfExists": {"aws:PrincipalTag/x": "a"}},
    {"StringEqualsIfExists": {"aws:PrincipalTag/x": "a"}},
    {"StringLike": {"aws:PrincipalTag/x": "${aws:username}*"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["k", "l"]}},
    {"ForAllValues:StringEqualsIfExists": {"aws:TagKeys": ["k"]}},
    {"ForAnyValue:StringEquals": {"aws:TagKeys": ["k"]}},
    {"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["k"]}},
    {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::b"}},
    {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::b"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.1"}},
    {"IpAddress": {"aws:SourceIp": ["10.0.0.1/32", "10.1.0.0/16"]}},
    {"NumericLessThan": {"aws:MultiFactorAuthAge": 300}, "Null": {"aws:TagKeys": "true"}},
    {"NumericLessThan": {"aws:MultiFactorAuthAge": "300.0"}},
    {"Null": {"aws:PrincipalTag/x": "false"}},
)
CONTEXTS: tuple[Mapping[str, Any], ...] = (
    {},
    {"aws:MultiFactorAuthPresent": "true", "aws:PrincipalTag/x": "a", "aws:MultiFactorAuthAge": "10"},
    {"aws:MultiFactorAuthPresent": "false", "aws:PrincipalTag/x": "b", "aws:TagKeys": ["k"]},
    {"aws:PrincipalTag/x": "annabel", "aws:TagKeys": ["k", "m"], "aws:SourceArn": "arn:aws:s3:::b"},
    {"aws:PrincipalTag/x": "c", "aws:TagKeys": ["l"], "aws:SourceIp": "10.0.0.1"},
    {"aws:SourceIp": "10.1.2.3", "aws:MultiFactorAuthPresent": "true", "aws:TagKeys": []},
)
ASKED = (
    "s3:GetObject",
    "s3:PutObject",
    "s3:GetAny",
    "s3:SetObject",
    "iam:PassRole",
    "iam:GetRole",
    "i9:PassRole",
    "a:b",
)
TARGETS = (
    "*", "arn:aws:s3:::b/ann", "arn:aws:s3:::b/*", "arn:aws:s3:::b/bob/ann", "arn:aws:s3:::c/ann", "arn:aws:s3:::b",
    "arn:aws:iam::111111111111:role/r", "arn:aws:iam::111111111111:role/a", "arn:aws:s3:::b/annabel",
    "arn:aws:s3:x:y:b/ann",
)  # fmt: skip


def statement(chance: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": chance.choice(("Allow", "Allow", "Allow", "Deny"))}
    for name, values, most in (("Action", ACTIONS, 3), ("Resource", RESOURCES, 2)):
        negated = chance.random() < 0.15
        found[f"Not{name}" if negated else name] = chance.sample(values, chance.randint(1, most))
    if chance.random() < 0.35:
        found["Condition"] = dict(chance.choice(CONDITIONS))
    return found


def document(chance: random.Random) -> Document:
    version = "2008-10-17" if chance.random() < 0.1 else "2012-10-17"
    return Document.parse({"Version": version, "Statement": [statement(chance) for _ in range(chance.randint(0, 3))]})


def neighbour(of: Document, chance: random.Random) -> Document:
    """A document that differs a little from another one, or only in how it is written."""
    data = of.data
    statements = [dict(one) for one in data["Statement"]]
    for one in statements:
        way = chance.randrange(7)
        if way == 0 and "Action" in one:
            one["Action"] = [*one["Action"], chance.choice(ACTIONS)]
        elif way == 1 and "Resource" in one:
            one["Resource"] = chance.sample(one["Resource"], 1)
        elif way == 2:
            one.pop("Condition", None)
        elif way == 3:
            one["Condition"] = dict(chance.choice(CONDITIONS))
        elif way == 4 and "Action" in one:
            one["Action"] = [action.upper() for action in reversed(one["Action"])]
    if chance.random() < 0.3:
        statements.append(statement(chance))
    if statements and chance.random() < 0.2:
        statements.pop(chance.randrange(len(statements)))
    return Document.parse({**data, "Statement": statements})


def request(chance: random.Random) -> Request:
    return make_request(USER, chance.choice(ASKED), chance.choice(TARGETS), context=chance.choice(CONTEXTS))


def holds(entry: Entry, asked: Request) -> bool:
    """Whether an entry holds a request, as the evaluator reads it."""
    data = entry.as_json()
    if not _applies(asked, data["actions"], data["resources"], data["conditions"]):
        return False
    if "not_actions" in data and _applies(asked, data["not_actions"], ["*"], None):
        return False
    if "not_resources" in data and _applies(asked, ["*"], data["not_resources"], None):
        return False
    return not any(_applies(asked, ["*"], ["*"], block) for block in data.get("unless", ()))


def _applies(asked: Request, actions: list[str], resources: list[str], conditions: Any) -> bool:
    blocks = conditions if isinstance(conditions, list) else [conditions or {}]
    return all(
        compile_document(
            Document.parse([{"Effect": "Allow", "Action": actions, "Resource": resources, "Condition": block}])
        )
        .allows[0]
        .applies(asked, [])
        for block in blocks
    )
