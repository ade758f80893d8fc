"""Identity providers in trust policies: who of all that have a token or an assertion may come in."""

from __future__ import annotations

from collections.abc import Iterator

from iamfix.policy.lint import sources
from iamfix.policy.lint.finding import LintFinding, Rule, shown
from iamfix.policy.patterns import is_wild
from iamfix.policy.statements import Condition, Member, Statement

WEB_IDENTITY = Rule("web-identity-subject", "high", "Web identity trusted without a subject", sources.OIDC)
WEB_AUDIENCE = Rule("web-identity-audience", "low", "Web identity trusted without an audience", sources.OIDC)
SAML_AUDIENCE = Rule("saml-audience", "low", "SAML trusted without an audience", sources.SAML)

RULES = (WEB_IDENTITY, WEB_AUDIENCE, SAML_AUDIENCE)

_AUDIENCE_IS_ENOUGH = ("accounts.google.com", "graph.facebook.com", "www.amazon.com")
_SUBJECT_CLAIMS = frozenset(
    {
        "sub",
        "oaud",
        "amr",
        "job_workflow_ref",
        "repository",
        "repository_id",
        "repository_owner",
        "repository_owner_id",
        "enterprise_id",
        "environment",
        "user_id",
        "app_id",
        "id",
        "namespace_id",
        "project_id",
        "organization_id",
        "organization_slug",
        "user_login",
        "user_email",
    }
)
"""Claims that say who somebody is, or of whose project."""


def federated(statement: Statement, member: Member) -> Iterator[LintFinding]:
    """Yield what an Allow statement of a trust policy lacks for one federated principal."""
    actions = {text.lower() for text in statement.texts("Action")}
    if ":saml-provider/" in member.text:
        if not any(c.low_key == "saml:aud" for c in statement.conditions):
            yield SAML_AUDIENCE.at(
                member.path,
                "Assertions made for anybody are taken",
                "Add StringEquals on saml:aud, with the sign-in address.",
                statement,
            )
        return
    if "sts:assumerolewithwebidentity" not in actions and not any(is_wild(a) for a in actions):
        return
    provider = member.text.partition(":oidc-provider/")[2] or member.text
    claims = _claims(statement, provider.lower())
    if not _subject_is_fixed(provider, claims):
        yield WEB_IDENTITY.at(
            member.path,
            f"Whoever has a token of {shown(provider)} may use the role",
            f"Add a condition on {provider}:sub that names the subject, no wider than needed.",
            statement,
        )
    elif provider not in _AUDIENCE_IS_ENOUGH and not any(c.low_key.endswith(":aud") for c in claims):
        yield WEB_AUDIENCE.at(
            member.path,
            "Tokens made for any audience are taken",
            f"Add StringEquals on {provider}:aud, such as sts.amazonaws.com.",
            statement,
        )


def _claims(statement: Statement, provider: str) -> list[Condition]:
    return [c for c in statement.conditions if c.low_key.startswith(f"{provider}:")]


def _subject_is_fixed(provider: str, claims: list[Condition]) -> bool:
    names = _SUBJECT_CLAIMS
    if provider in _AUDIENCE_IS_ENOUGH or provider == "cognito-identity.amazonaws.com":
        names |= {"aud"}
    return any(c.low_key.rpartition(":")[2] in names and _fixes(c) for c in claims)


def _fixes(condition: Condition) -> bool:
    if condition.negated or condition.if_exists or condition.base == "Null" or condition.qualifier == "ForAllValues":
        return False
    values = [member.text for member in condition.values]
    return bool(values) and all(_names_somebody(value) for value in values)


def _names_somebody(value: str) -> bool:
    kubernetes = "system:serviceaccount:"
    if value.startswith(kubernetes):
        return bool(value.removeprefix(kubernetes).partition(":")[0].strip("*?"))
    # `repo:*` leaves the owner open; `repo:owner/*` does not.
    fixed, star, _ = value.partition("*")
    owner = fixed.rpartition(":")[2] if star and fixed.count(":") <= 1 else fixed
    return bool(owner.strip("?"))
