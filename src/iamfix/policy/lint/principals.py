"""Principals: where they may stand, and how each type is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from iamfix.policy.lint import sources
from iamfix.policy.lint.finding import LintFinding, Rule, Subject, shown
from iamfix.policy.patterns import is_wild
from iamfix.policy.statements import Member, Statement

NOT_HERE = Rule("principal-not-allowed", "error", "A principal in a policy that takes none", sources.PRINCIPAL)
MISSING = Rule("principal-missing", "error", "No principal in a policy that needs one", sources.PRINCIPAL)
FORMAT = Rule("principal-format", "error", "A principal that AWS refuses", sources.PRINCIPAL)
DANGLING = Rule("dangling-principal", "medium", "The id of a deleted user or role as principal", sources.PRINCIPAL)
NOT_PRINCIPAL_ALLOW = Rule("allow-not-principal", "error", "NotPrincipal with Allow", sources.NOT_PRINCIPAL)
NOT_PRINCIPAL_DENY = Rule("deny-not-principal", "low", "NotPrincipal with Deny", sources.NOT_PRINCIPAL)

RULES = (NOT_HERE, MISSING, FORMAT, DANGLING, NOT_PRINCIPAL_ALLOW, NOT_PRINCIPAL_DENY)

_TYPES = ("AWS", "CanonicalUser", "Federated", "Service")
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_UNIQUE_ID = re.compile(r"(?:AIDA|AROA)[A-Z0-9]{12,124}(?::.+)?\Z")
_ARN = re.compile(
    r"arn:aws[a-z-]*:(?:iam::[0-9]{12}:(?:root|user/.+|role/.+)|sts::[0-9]{12}:(?:assumed-role/[^/]+/.+|federated-user/.+|self)"
    r"|cloudfront::[0-9a-z]+:.+|iam::cloudfront:user/.+)\Z"
)
_SERVICE = re.compile(
    r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:amazonaws\.com(?:\.cn)?|amazon\.com|aws\.internal|amazonaws\.eu)\Z"
)
_WEB_PROVIDERS = ("accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com")
_PROVIDER = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(?:oidc-provider|saml-provider)/.+\Z")


def check(subject: Subject) -> Iterator[LintFinding]:
    """Yield what is wrong with Principal and NotPrincipal."""
    for statement in subject.statements:
        if subject.kind in ("identity", "boundary", "session", "scp"):
            yield from _refused(subject, statement)
            continue
        if not statement.has("Principal") and not (statement.has("NotPrincipal") and subject.kind == "resource"):
            yield MISSING.at(
                statement.path, "The statement names no principal", 'Add "Principal": {"AWS": …}.', statement
            )
        elif statement.has("Principal") and statement.has("NotPrincipal"):
            yield FORMAT.at(
                (*statement.path, "NotPrincipal"),
                "The statement has both Principal and NotPrincipal",
                "Keep one of them.",
                statement,
            )
        if statement.has("NotPrincipal"):
            yield from _not_principal(subject, statement)
        for element in ("Principal", "NotPrincipal"):
            if statement.has(element):
                yield from _element(subject, statement, element)


def _refused(subject: Subject, statement: Statement) -> Iterator[LintFinding]:
    for element in ("Principal", "NotPrincipal"):
        if statement.has(element):
            yield NOT_HERE.at(
                (*statement.path, element),
                f"A policy of kind {subject.kind} has no {element}",
                "Remove it: the policy holds for those to whom it is attached.",
                statement,
            )


def _not_principal(subject: Subject, statement: Statement) -> Iterator[LintFinding]:
    path = (*statement.path, "NotPrincipal")
    if subject.kind in ("trust", "rcp"):
        yield NOT_HERE.at(
            path,
            f"A policy of kind {subject.kind} has no NotPrincipal",
            "Use Principal, with a condition on aws:PrincipalArn for exceptions.",
            statement,
        )
    elif statement.allows:
        yield NOT_PRINCIPAL_ALLOW.at(
            path,
            "NotPrincipal with Allow would open the resource to everybody but those named",
            "Name those who are allowed in Principal.",
            statement,
        )
    elif statement.denies:
        yield NOT_PRINCIPAL_DENY.at(
            path,
            "NotPrincipal with Deny also denies role sessions and bounded principals that it seems to spare",
            'Use "Principal": "*" with ArnNotLike on aws:PrincipalArn.',
            statement,
        )


def _element(subject: Subject, statement: Statement, element: str) -> Iterator[LintFinding]:
    value, path = statement.data[element], (*statement.path, element)
    if subject.kind == "rcp" and value not in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
        yield FORMAT.at(path, "The principal of a resource control policy is always *", 'Write "*".', statement)
        return
    if isinstance(value, str):
        if value != "*":
            yield FORMAT.at(path, f"{shown(value)} is no principal", 'Write "*" or {"AWS": "…"}.', statement)
        return
    if not isinstance(value, Mapping):
        yield FORMAT.at(path, f"{element} is neither * nor an object", 'Write {"AWS": "…"}.', statement)
        return
    if not value or all(some == [] for some in value.values()):
        yield FORMAT.at(path, f"{element} names nobody", 'Write {"AWS": "…"}.', statement)
    for kind, some in value.items():
        if kind not in _TYPES:
            yield FORMAT.at(
                (*path, kind), f"{shown(kind)} is no type of principal", f"Use {', '.join(_TYPES)}.", statement
            )
        elif not isinstance(some, str | list) or (isinstance(some, list) and not all(isinstance(s, str) for s in some)):
            yield FORMAT.at((*path, kind), f"{kind} is neither text nor a list of texts", "Write a text.", statement)
    for member in statement.principals(element):
        yield from _member(statement, member)


def _member(statement: Statement, member: Member) -> Iterator[LintFinding]:
    text = member.text
    if member.type == "AWS":
        if _UNIQUE_ID.match(text):
            yield DANGLING.at(
                member.path,
                f"{shown(text)} is the id of a user or role that was deleted",
                "Remove it, or name the new one by its ARN.",
                statement,
            )
        elif text != "*" and not _ACCOUNT.match(text) and (not _ARN.match(text) or is_wild(text)):
            hint = "Write an account id, an ARN of a user, role or root, or *."
            if is_wild(text):
                hint = 'A part of an ARN cannot be *: write "*" with a condition on aws:PrincipalArn.'
            elif "${" in text:
                hint = "Variables do not work in principals: use a condition."
            elif ":group/" in text:
                hint = "A group is no principal: name users or roles."
            yield FORMAT.at(member.path, f"{shown(text)} is no principal of type AWS", hint, statement)
    elif member.type == "Service" and not _SERVICE.match(text):
        yield FORMAT.at(member.path, f"{shown(text)} is no service principal", "Write name.amazonaws.com.", statement)
    elif member.type == "Federated" and text not in _WEB_PROVIDERS and text != "*" and not _PROVIDER.match(text):
        yield FORMAT.at(
            member.path,
            f"{shown(text)} is no identity provider",
            "Write the ARN of a SAML or OIDC provider of the account.",
            statement,
        )
