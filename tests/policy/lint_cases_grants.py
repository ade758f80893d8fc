"""Grants that are too wide: a document that breaks each rule, and one that does not."""

from __future__ import annotations

from tests.policy.lint_documents import ROLE, Case, allow, deny, doc, when

CASES: list[Case] = [
    ("star-star", "identity", doc(allow("*", "*")), "high", doc(deny("*", "*"))),
    (
        "star-star",
        "identity",
        doc(allow("*", "*", **when("StringEquals", "aws:CalledViaFirst", "x"))),
        "low",
        doc(allow("*", "arn:aws:s3:::b")),
    ),
    ("service-wide-write", "identity", doc(allow("s3:*", "*")), "medium", doc(allow("s3:*", "arn:aws:s3:::b"))),
    ("service-wide-write", "identity", doc(allow("kms:*", "*")), "medium", doc(allow("sustainability:*", "*"))),
    (
        "allow-not-action",
        "identity",
        doc({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
        "high",
        doc({"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}),
    ),
    (
        "allow-not-action",
        "scp",
        doc({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
        "low",
        doc(allow("*", "*")),
    ),
    (
        "allow-not-resource",
        "identity",
        doc({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::b"}),
        "high",
        doc({"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::b"}),
    ),
    (
        "allow-not-resource",
        "identity",
        doc({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::b/*"}),
        "medium",
        doc(allow()),
    ),
    (
        "pass-role-star",
        "identity",
        doc(allow("iam:PassRole", "*")),
        "high",
        doc(allow("iam:PassRole", "*", **when("StringEquals", "iam:PassedToService", "ec2.amazonaws.com"))),
    ),
    (
        "pass-role-star",
        "identity",
        doc(allow("iam:Pass*", "arn:aws:iam::*:role/*")),
        "high",
        doc(allow("iam:PassRole", "arn:aws:iam::*:role/app-*")),
    ),
    (
        "pass-role-star",
        "identity",
        doc(allow("iam:PassRole", "*", **when("StringLike", "iam:PassedToService", "*"))),
        "high",
        doc(allow("iam:PassRole", "*"), deny("iam:*", "*")),
    ),
    (
        "privilege-escalation",
        "identity",
        doc(allow("iam:PutUserPolicy", "*")),
        "high",
        doc(allow("iam:PutUserPolicy", "arn:aws:iam::*:user/ci/*")),
    ),
    (
        "privilege-escalation",
        "identity",
        doc(allow("sts:AssumeRole", "*")),
        "medium",
        doc(allow("sts:AssumeRole", ROLE)),
    ),
    (
        "privilege-escalation-existing",
        "identity",
        doc(allow("lambda:UpdateFunctionCode", "*")),
        "low",
        doc(allow("lambda:UpdateFunctionCode", "arn:aws:lambda:*:*:function:app-*")),
    ),
]
