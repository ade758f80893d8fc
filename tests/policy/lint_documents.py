"""Documents for the tests of lint, written short."""

from __future__ import annotations

from typing import Any

from iamfix.policy.lint import LintKind

PROVIDER = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"
SAML = "arn:aws:iam::111111111111:saml-provider/corp"


def doc(*statements: dict[str, Any], version: str | None = "2012-10-17", **more: Any) -> dict[str, Any]:
    return ({"Version": version} if version else {}) | more | {"Statement": list(statements)}


def allow(action: Any = "s3:GetObject", resource: Any = "arn:aws:s3:::b/*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "s3:GetObject", resource: Any = "arn:aws:s3:::b/*", **more: Any) -> dict[str, Any]:
    return allow(action, resource, **more) | {"Effect": "Deny"}


def trust(principal: Any, action: Any = "sts:AssumeRole", condition: Any = None) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return doc(statement | ({"Condition": condition} if condition else {}))


def open_to(principal: Any, condition: Any = None, effect: str = "Allow") -> dict[str, Any]:
    statement = {
        "Effect": effect,
        "Principal": principal,
        "Action": "sns:Publish",
        "Resource": "arn:aws:sns:eu-west-1:1" + "1" * 11 + ":t",
    }
    return doc(statement | ({"Condition": condition} if condition else {}))


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


def github(claims: dict[str, Any], operator: str = "StringLike") -> dict[str, Any]:
    keys = {f"token.actions.githubusercontent.com:{name}": value for name, value in claims.items()}
    return trust({"Federated": PROVIDER}, "sts:AssumeRoleWithWebIdentity", {operator: keys} if keys else None)


MFA = "aws:MultiFactorAuthPresent"
ROLE = "arn:aws:iam::111111111111:role/app"

Case = tuple[str, LintKind, Any, str, Any]
"""Rule, kind, a document with the finding, its severity, a document without it."""
