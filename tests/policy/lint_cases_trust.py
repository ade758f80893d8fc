"""Who may come in: a document that breaks each rule, and one that does not."""

from __future__ import annotations

from tests.policy.lint_documents import ROLE, SAML, Case, github, open_to, trust

CASES: list[Case] = [
    (
        "trust-action",
        "trust",
        trust({"AWS": ROLE}, "s3:GetObject"),
        "error",
        trust({"AWS": ROLE}, ["sts:AssumeRole", "sts:TagSession"]),
    ),
    ("trust-action", "trust", trust({"AWS": ROLE}, "*"), "error", trust({"AWS": ROLE}, "sts:AssumeRole")),
    (
        "trust-action-mismatch",
        "trust",
        trust({"Federated": SAML}, "sts:AssumeRole"),
        "medium",
        trust({"Federated": SAML}, "sts:AssumeRoleWithSAML"),
    ),
    (
        "trust-action-mismatch",
        "trust",
        trust({"Service": "ec2.amazonaws.com"}, "sts:AssumeRoleWithWebIdentity"),
        "medium",
        trust({"Service": "ec2.amazonaws.com"}),
    ),
    (
        "trust-anyone",
        "trust",
        trust("*"),
        "high",
        trust({"AWS": "*"}, condition={"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
    ),
    (
        "trust-anyone",
        "trust",
        trust({"AWS": "*"}, condition={"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        "high",
        trust({"AWS": "*"}, condition={"ArnLike": {"aws:PrincipalArn": ROLE}}),
    ),
    (
        "trust-anyone",
        "trust",
        trust({"AWS": "*"}, condition={"StringLike": {"aws:PrincipalArn": "arn:aws:*"}}),
        "high",
        trust({"AWS": ROLE}),
    ),
    (
        "trust-anyone",
        "trust",
        trust({"AWS": "*"}, condition={"StringEquals": {"sts:ExternalId": "abc"}}),
        "high",
        trust({"AWS": ROLE}),
    ),
    ("trust-anyone", "resource", open_to("*"), "high", open_to("*", {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::b"}})),
    (
        "trust-anyone",
        "resource",
        open_to("*", {"Bool": {"aws:SecureTransport": "true"}}),
        "high",
        open_to("*", {"Bool": {"aws:SecureTransport": "false"}}, effect="Deny"),
    ),
    (
        "trust-anyone",
        "resource",
        open_to("*", {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        "high",
        open_to("*", {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
    ),
    (
        "cross-account-trust",
        "trust",
        trust({"AWS": "222222222222"}),
        "low",
        trust({"AWS": "222222222222"}, condition={"StringEquals": {"sts:ExternalId": "abc"}}),
    ),
    (
        "web-identity-subject",
        "trust",
        github({"aud": "sts.amazonaws.com"}),
        "high",
        github({"aud": "sts.amazonaws.com", "sub": "repo:acme/app:ref:refs/heads/main"}),
    ),
    (
        "web-identity-subject",
        "trust",
        github({"aud": "sts.amazonaws.com", "sub": "repo:*"}),
        "high",
        github({"aud": "sts.amazonaws.com", "sub": "repo:acme/*"}),
    ),
    (
        "web-identity-subject",
        "trust",
        github({"aud": "sts.amazonaws.com", "sub": "repo:acme/app:*"}, "StringLikeIfExists"),
        "high",
        github({"aud": "sts.amazonaws.com", "sub": "repo:acme/app:*"}),
    ),
    ("web-identity-subject", "trust", github({}), "high", github({"aud": "x", "repository": "acme/app"})),
    (
        "web-identity-audience",
        "trust",
        github({"sub": "repo:acme/app:*"}),
        "low",
        github({"sub": "repo:acme/app:*", "aud": "sts.amazonaws.com"}),
    ),
    (
        "saml-audience",
        "trust",
        trust({"Federated": SAML}, "sts:AssumeRoleWithSAML"),
        "low",
        trust(
            {"Federated": SAML},
            "sts:AssumeRoleWithSAML",
            {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
        ),
    ),
    (
        "confused-deputy",
        "trust",
        trust({"Service": "cloudtrail.amazonaws.com"}),
        "low",
        trust({"Service": "cloudtrail.amazonaws.com"}, condition={"StringEquals": {"aws:SourceAccount": "1" * 12}}),
    ),
    (
        "confused-deputy",
        "resource",
        open_to({"Service": "s3.amazonaws.com"}),
        "medium",
        open_to({"Service": "s3.amazonaws.com"}, {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::b"}}),
    ),
]
