"""Operators, values and condition keys: a document that breaks each rule, and one that does not."""

from __future__ import annotations

from tests.policy.lint_documents import MFA, ROLE, Case, allow, deny, doc, when

CASES: list[Case] = [
    (
        "condition-operator",
        "identity",
        doc(allow(**when("StringEqual", "aws:username", "x"))),
        "error",
        doc(allow(**when("ForAnyValue:StringLikeIfExists", "aws:TagKeys", "x"))),
    ),
    (
        "condition-operator",
        "identity",
        doc(allow(**when("NullIfExists", "aws:username", "true"))),
        "error",
        doc(allow(**when("Null", "aws:username", "true"))),
    ),
    (
        "condition-date",
        "identity",
        doc(allow(**when("DateLessThan", "aws:CurrentTime", "tomorrow"))),
        "error",
        doc(allow(**when("DateLessThan", "aws:CurrentTime", "2027-01-31T00:00:00Z"))),
    ),
    (
        "condition-value",
        "identity",
        doc(allow(**when("Bool", "aws:SecureTransport", "yes"))),
        "medium",
        doc(allow(**when("Bool", "aws:SecureTransport", True))),
    ),
    (
        "condition-value",
        "identity",
        doc(allow(**when("NumericLessThan", "s3:max-keys", "ten"))),
        "medium",
        doc(allow("s3:ListBucket", "arn:aws:s3:::b", **when("NumericLessThan", "s3:max-keys", 10))),
    ),
    (
        "condition-value",
        "identity",
        doc(allow(**when("IpAddress", "aws:SourceIp", "203.0.113.0/33"))),
        "medium",
        doc(allow(**when("IpAddress", "aws:SourceIp", "203.0.113.0/24"))),
    ),
    (
        "condition-value",
        "identity",
        doc(allow(**when("StringEquals", "aws:PrincipalOrgID", "r-1234"))),
        "medium",
        doc(allow(**when("StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5"))),
    ),
    (
        "condition-value",
        "identity",
        doc(allow(**when("ArnLike", "aws:PrincipalArn", "role/x"))),
        "medium",
        doc(allow(**when("ArnLike", "aws:PrincipalArn", ROLE))),
    ),
    (
        "wildcard-in-equals",
        "identity",
        doc(allow(**when("StringEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/x"))),
        "medium",
        doc(allow(**when("StringLike", "aws:PrincipalArn", "arn:aws:iam::*:role/x"))),
    ),
    (
        "condition-never-holds",
        "identity",
        doc(allow(**when("IpAddress", "aws:SourceIp", "10.0.0.0/8"))),
        "medium",
        doc(allow(**when("IpAddress", "aws:VpcSourceIp", "10.0.0.0/8"))),
    ),
    (
        "condition-never-holds",
        "identity",
        doc(allow(Condition={"Null": {"aws:username": "true"}, "StringEquals": {"aws:username": "x"}})),
        "high",
        doc(allow(Condition={"Null": {"aws:username": "false"}, "StringEquals": {"aws:username": "x"}})),
    ),
    (
        "condition-never-holds",
        "identity",
        doc(allow(Condition={"StringNotEquals": {"aws:username": ["x", "y"]}, "StringEquals": {"AWS:username": "x"}})),
        "high",
        doc(allow(Condition={"StringNotEquals": {"aws:username": "y"}, "StringEquals": {"aws:username": "x"}})),
    ),
    (
        "condition-never-holds",
        "identity",
        doc(
            allow(
                Condition={"StringLike": {"aws:username": ["a*", "b?"]}, "StringEquals": {"aws:username": ["x", "b"]}}
            )
        ),
        "high",
        doc(
            allow(
                Condition={"StringLike": {"aws:username": ["a*", "b?"]}, "StringEquals": {"aws:username": ["x", "b1"]}}
            )
        ),
    ),
    (
        "condition-never-holds",
        "identity",
        doc(
            allow(
                Condition={
                    "StringNotLike": {"aws:username": "a*"},
                    "StringEqualsIfExists": {"aws:username": "ab"},
                    "StringLike": {"aws:username": "*b"},
                }
            )
        ),
        "high",
        doc(allow(Condition={"StringNotLike": {"aws:username": "a*"}, "StringEqualsIfExists": {"aws:username": "ab"}})),
    ),
    (
        "condition-never-holds",
        "identity",
        doc(
            allow(
                Condition={
                    "NumericLessThan": {"aws:MultiFactorAuthAge": ["5", "60"]},
                    "NumericGreaterThanEquals": {"aws:MultiFactorAuthAge": "60"},
                }
            )
        ),
        "high",
        doc(
            allow(
                Condition={
                    "NumericLessThanEquals": {"aws:MultiFactorAuthAge": ["5", "60"]},
                    "NumericGreaterThanEquals": {"aws:MultiFactorAuthAge": 60},
                }
            )
        ),
    ),
    (
        "condition-never-holds",
        "identity",
        doc(
            allow(
                Condition={
                    "NumericEquals": {"aws:MultiFactorAuthAge": ["5", "60"]},
                    "NumericGreaterThan": {"aws:MultiFactorAuthAge": "60"},
                }
            )
        ),
        "high",
        doc(
            allow(
                Condition={
                    "NumericEquals": {"aws:MultiFactorAuthAge": ["5", "61"]},
                    "NumericGreaterThan": {"aws:MultiFactorAuthAge": "60"},
                }
            )
        ),
    ),
    (
        "condition-never-holds",
        "identity",
        doc(
            allow(
                Condition={
                    "DateGreaterThan": {"aws:CurrentTime": "2027-01-01"},
                    "DateLessThanIfExists": {"aws:CurrentTime": "2026-12-31T00:00:00Z"},
                }
            )
        ),
        "high",
        doc(
            allow(
                Condition={
                    "DateGreaterThanIfExists": {"aws:CurrentTime": "2027-01-01"},
                    "DateLessThanIfExists": {"aws:CurrentTime": "2026-12-31T00:00:00Z"},
                }
            )
        ),
    ),
    (
        "condition-always-holds",
        "identity",
        doc(allow(**when("Bool", "aws:SecureTransport", ["true", "false"]))),
        "high",
        doc(allow(**when("Bool", "aws:SecureTransport", ["true"]))),
    ),
    (
        "duplicate-condition-key",
        "identity",
        doc(allow(Condition={"StringEquals": {"aws:username": "x", "aws:UserName": "y"}})),
        "medium",
        doc(allow(Condition={"StringEquals": {"aws:username": "x"}, "StringLike": {"aws:UserName": "y"}})),
    ),
    (
        "unknown-condition-key",
        "identity",
        doc(allow(**when("StringEquals", "aws:PrincipleOrgID", "o-a1b2c3d4e5"))),
        "medium",
        doc(allow(**when("StringEquals", "AWS:principalorgid", "o-a1b2c3d4e5"))),
    ),
    (
        "unknown-condition-key",
        "identity",
        doc(allow(**when("StringEquals", "s3:prefixx", "x"))),
        "medium",
        doc(allow("s3:ListBucket", "arn:aws:s3:::b", **when("StringEquals", "s3:prefix", "x"))),
    ),
    (
        "unknown-condition-key",
        "identity",
        doc(allow(resource="arn:aws:s3:::b/${aws:usernam}/*")),
        "medium",
        doc(
            allow(
                resource=[
                    "arn:aws:s3:::b/${aws:username}/*",
                    "arn:aws:s3:::b/${AWS:PrincipalTag/team, 'all'}/${*}",
                    "arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/*",
                ]
            )
        ),
    ),
    (
        "unknown-condition-key",
        "identity",
        doc(allow(**when("StringLike", "aws:PrincipalTag/a", "${aws:userid"))),
        "medium",
        doc(allow(**when("StringLike", "aws:PrincipalTag/a", "${aws:userid}"))),
    ),
    (
        "unknown-condition-key",
        "identity",
        doc(allow(**when("StringEquals", "username", "x"))),
        "medium",
        doc(allow(**when("StringEquals", "aws:ResourceTag/team", "x"))),
    ),
    (
        "condition-key-not-sent",
        "identity",
        doc(allow(**when("StringEquals", "s3:prefix", "x"))),
        "medium",
        doc(allow("s3:ListBucket", "arn:aws:s3:::b", **when("StringEquals", "s3:prefix", "x"))),
    ),
    (
        "condition-key-not-sent",
        "identity",
        doc(allow(**when("StringEqualsIfExists", "s3:prefix", "x"))),
        "low",
        doc(allow(**when("StringEquals", "ec2:SourceInstanceARN", "arn:aws:ec2:eu-west-1:111111111111:instance/i-1"))),
    ),
    (
        "for-all-values",
        "identity",
        doc(allow(**when("ForAllValues:StringEquals", "aws:username", "x"))),
        "medium",
        doc(allow("ec2:CreateTags", "*", **when("ForAllValues:StringEquals", "aws:TagKeys", "x"))),
    ),
    (
        "variable-needs-version",
        "identity",
        doc(allow(resource="arn:aws:s3:::b/${aws:username}/*"), version=None),
        "medium",
        doc(allow(resource="arn:aws:s3:::b/${aws:username}/*")),
    ),
    (
        "mfa-bool",
        "identity",
        doc(deny("*", "*", **when("Bool", MFA, "false"))),
        "high",
        doc(deny("*", "*", **when("BoolIfExists", MFA, "false"))),
    ),
    (
        "mfa-bool",
        "identity",
        doc(deny("*", "*", **when("NumericGreaterThan", "aws:MultiFactorAuthAge", "3600"))),
        "medium",
        doc(deny("*", "*", **when("NumericGreaterThanIfExists", "aws:MultiFactorAuthAge", "3600"))),
    ),
    (
        "mfa-if-exists",
        "identity",
        doc(allow(**when("BoolIfExists", MFA, True))),
        "high",
        doc(allow(**when("Bool", MFA, True))),
    ),
]
