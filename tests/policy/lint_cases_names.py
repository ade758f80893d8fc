"""Services, actions, ARNs and resources: a document that breaks each rule, and one that does not."""

from __future__ import annotations

from tests.policy.lint_documents import ROLE, Case, allow, deny, doc

CASES: list[Case] = [
    ("action-format", "identity", doc(allow("GetObject")), "error", doc(allow("s3:GetObject"))),
    ("action-format", "identity", doc(allow("s3*:GetObject")), "error", doc(allow("*", "*"))),
    ("action-format", "identity", doc(allow("s3:a:b")), "error", doc(allow("S3:getobject"))),
    ("unknown-service", "identity", doc(allow("s4:GetObject")), "medium", doc(allow())),
    ("unknown-action", "identity", doc(allow("s3:GetObjet")), "medium", doc(allow("s3:GETOBJECT"))),
    ("unknown-action", "identity", doc(deny("s3:GetObjet")), "high", doc(deny())),
    ("unknown-action", "scp", doc(deny("s3:Zap*")), "high", doc(deny("s3:Get*"))),
    ("retired-service", "identity", doc(allow("codestar:*", "*")), "info", doc(allow())),
    ("arn", "identity", doc(allow(resource="b/*")), "error", doc(allow(resource="*"))),
    ("arn", "identity", doc(allow(resource="arn:amazon:s3:::b/*")), "error", doc(allow(resource="arn:*:s3:::b/*"))),
    ("arn", "identity", doc(allow(resource="arn:aws:s3")), "error", doc(allow(resource="arn:aws:s3:*"))),
    ("arn", "identity", doc(allow(resource="arn:aws:s3*")), "error", doc(allow(resource="arn:aws:s3:::b*"))),
    ("arn", "identity", doc(allow(resource="arn:aws:*:::b/*")), "error", doc(allow(resource="arn:*:s3:::b/*"))),
    ("arn", "identity", doc(allow(resource="arn:aws:s3:b/*")), "error", doc(allow(resource="arn:aws:s3:::*"))),
    (
        "arn",
        "identity",
        doc(allow("iam:GetRole", "arn:aws:iam:us-east-1:111111111111:role/x")),
        "error",
        doc(allow("iam:GetRole", ROLE)),
    ),
    (
        "arn",
        "identity",
        doc(allow("iam:GetRole", "arn:aws:iam::111111111111:roles/x")),
        "error",
        doc(allow("iam:GetRole", "arn:aws:iam::*:*")),
    ),
    ("arn", "identity", doc(allow(resource="arn:aws-cn:s3:::b/*")), "medium", doc(allow())),
    (
        "arn",
        "identity",
        doc(allow("sns:Publish", "arn:aws:sns:eu-west1:111111111111:t")),
        "medium",
        doc(allow("sns:Publish", ["arn:aws:sns:us-gov-west-1:111111111111:t", "arn:aws:sns:eu-*:111111111111:t"])),
    ),
    (
        "arn",
        "identity",
        doc(allow("iam:GetRole", "arn:aws:iam:::role/x")),
        "medium",
        doc(allow("iam:GetPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess")),
    ),
    (
        "arn",
        "identity",
        doc(allow("lambda:GetFunction", "arn:aws:lambda:eu-west-1:1234:function:f")),
        "error",
        doc(allow("lambda:GetFunction", "arn:aws:lambda:eu-west-1:111111111111:function:f")),
    ),
    (
        "arn-matches-no-type",
        "identity",
        doc(allow(["s3:GetObject", "sqs:SendMessage"], ["arn:aws:s3:::b/*", "arn:aws:sqs:*:*:*", "arn:aws:sns:*:*:t"])),
        "low",
        doc(allow()),
    ),
    (
        "arn-matches-no-type",
        "identity",
        doc(allow("iam:GetUser", ["*", "arn:aws:secretsmanager:*:*:prod/*"])),
        "medium",
        doc(allow("iam:GetUser", "*")),
    ),
    (
        "action-without-resource",
        "identity",
        doc(allow("s3:GetObject", "arn:aws:s3:::b")),
        "medium",
        doc(allow("s3:ListBucket", "arn:aws:s3:::b")),
    ),
    (
        "action-without-resource",
        "identity",
        doc(allow("s3:ListBucket", "arn:aws:s3:::b/*")),
        "medium",
        doc(allow("s3:Get*", "arn:aws:s3:::b/*")),
    ),
    (
        "action-without-resource",
        "identity",
        doc(allow("ec2:DescribeInstances", "arn:aws:ec2:*:*:instance/*")),
        "low",
        doc(allow("s3:ListAllMyBuckets", "arn:aws:s3:::*")),
    ),
]
