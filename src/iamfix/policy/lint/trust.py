"""Who may come in: trust policies of roles and policies of resources that are open to too many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from iamfix.policy.lint import federation, sources
from iamfix.policy.lint.finding import LintFinding, Rule, Subject, shown
from iamfix.policy.patterns import is_wild
from iamfix.policy.statements import Condition, Member, Statement

TRUST_ACTION = Rule("trust-action", "error", "An action that no trust policy takes", sources.TRUST)
TRUST_MISMATCH = Rule(
    "trust-action-mismatch", "medium", "An action that the trusted principals cannot use", sources.TRUST
)
ANYONE = Rule("trust-anyone", "high", "A role or resource open to anyone", sources.PRINCIPAL)
CROSS_ACCOUNT = Rule(
    "cross-account-trust", "medium", "Another account trusted without condition", sources.CONFUSED_DEPUTY
)
CONFUSED_DEPUTY = Rule(
    "confused-deputy", "low", "A service trusted for every account it works for", sources.CONFUSED_DEPUTY
)

RULES = (
    TRUST_ACTION,
    TRUST_MISMATCH,
    ANYONE,
    CROSS_ACCOUNT,
    CONFUSED_DEPUTY,
)

_TAKEN = frozenset(
    f"sts:{name}".lower()
    for name in (
        "AssumeRole",
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "DecodeAuthorizationMessage",
        "GetAccessKeyInfo",
        "GetCallerIdentity",
        "GetFederationToken",
        "GetServiceBearerToken",
        "GetSessionToken",
        "SetContext",
        "SetSourceIdentity",
        "TagSession",
        "AssumeRoot",
    )
)
_ENTRY = {
    "AWS": "sts:assumerole",
    "*": "sts:assumerole",
    "Service": "sts:assumerole",
    "SAML": "sts:assumerolewithsaml",
    "web": "sts:assumerolewithwebidentity",
}
_WHO = (
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principaltag/",
    "aws:principalisawsservice",
    "aws:principalservicename",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:vpce",
    "aws:sourceowner",
    "aws:userid",
    "aws:username",
    "aws:federatedprovider",
    "aws:viaawsservice",
    "aws:calledvia",
    "kms:calleraccount",
    "kms:viaservice",
    "s3:dataaccesspoint",
    "s3:accesspointnetworkorigin",
    "sns:endpoint",
    "ec2:sourceinstancearn",
    "lambda:sourcefunctionarn",
    "lambda:functionurlauthtype",
    "lambda:eventsourcetoken",
    "elasticfilesystem:accesspointarn",
    "elasticfilesystem:accessedviamounttarget",
    "sts:externalid",
    "saml:",
)
"""Keys that say who asks, or from where."""
_SOURCE = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner")
_OWN_ACCOUNT_ONLY = ("ec2.", "lambda.", "edgelambda.", "ssm.", "pods.eks.", "eks.", "ecs.")
"""Services that take a role only from a principal of its own account who may pass it, and send no source."""


def check(subject: Subject) -> Iterator[LintFinding]:
    """Yield who may come in and should not, in trust policies and policies of resources."""
    if subject.kind not in ("trust", "resource"):
        return
    for statement in subject.statements:
        if subject.kind == "trust":
            yield from _trust_actions(statement)
        if not statement.allows:
            continue
        for member in statement.principals():
            if member.text == "*":
                yield from _anyone(subject, statement, member)
            elif member.type == "AWS":
                yield from _account(subject, statement, member)
            elif member.type == "Service":
                yield from _service(subject, statement, member)
            elif member.type == "Federated" and subject.kind == "trust":
                yield from federation.federated(statement, member)
        if subject.kind == "trust":
            yield from _mismatch(statement)


def _trust_actions(statement: Statement) -> Iterator[LintFinding]:
    for member in (*statement.members("Action"), *statement.members("NotAction")):
        low = member.text.lower()
        if low in _TAKEN or (low.startswith("sts:") and is_wild(low)):
            continue
        yield TRUST_ACTION.at(
            member.path,
            f"A trust policy does not take {shown(member.text)}",
            "Use sts:AssumeRole, sts:AssumeRoleWithSAML or sts:AssumeRoleWithWebIdentity.",
            statement,
        )


def _mismatch(statement: Statement) -> Iterator[LintFinding]:
    actions = {text.lower() for text in statement.texts("Action")}
    entries = actions & set(_ENTRY.values())
    usable = {_ENTRY[_way_in(member)] for member in statement.principals() if _way_in(member) in _ENTRY}
    if not usable or any(is_wild(a) for a in actions) or "*" in {m.text for m in statement.principals()}:
        return
    for member in statement.members("Action"):
        if member.text.lower() in entries and member.text.lower() not in usable:
            yield TRUST_MISMATCH.at(
                member.path,
                f"None of the principals can use {member.text}",
                "AWS and Service principals use sts:AssumeRole, SAML providers sts:AssumeRoleWithSAML, "
                "OIDC providers sts:AssumeRoleWithWebIdentity.",
                statement,
            )


def _way_in(member: Member) -> str:
    if member.type != "Federated":
        return member.type
    return "SAML" if ":saml-provider/" in member.text else "web"


def _limits(condition: Condition, keys: Iterable[str]) -> bool:
    """Tell whether a condition lets only some through: it must fail where the key is absent or another's."""
    if condition.negated or condition.if_exists or condition.base == "Null" or condition.qualifier == "ForAllValues":
        return False
    if not condition.low_key.startswith(tuple(keys)):
        return False
    values = [member.text for member in condition.values]
    if condition.base in ("IpAddress",):
        return not any(value.endswith("/0") for value in values)
    return bool(values) and not any(_is_anything(value) for value in values)


def _is_anything(value: str) -> bool:
    return bool(value) and not value.removeprefix("arn:").removeprefix("aws:").removeprefix("*:iam:").strip("*?:/")


def _anyone(subject: Subject, statement: Statement, member: Member) -> Iterator[LintFinding]:
    keys = [key for key in _WHO if key != "sts:externalid"]
    if any(_limits(c, keys) for c in statement.conditions):
        return
    what = "role" if subject.kind == "trust" else "resource"
    external = any(_limits(c, ("sts:externalid",)) for c in statement.conditions)
    yield ANYONE.at(
        member.path,
        f"Anyone in any AWS account may use this {what}"
        + (" who knows the external id, which is no secret" if external else ""),
        "Name the principals, or add a condition on aws:PrincipalOrgID or aws:PrincipalArn.",
        statement,
    )


def _account(subject: Subject, statement: Statement, member: Member) -> Iterator[LintFinding]:
    parts = member.text.split(":")
    account = parts[4] if len(parts) > 5 else member.text
    whole = len(parts) <= 5 or parts[5] == "root"
    if subject.kind != "trust" or statement.conditions or account == subject.account or not account.isdigit():
        return
    if subject.account is None:
        if whole:
            yield CROSS_ACCOUNT.at(
                member.path,
                f"Account {account} is trusted as a whole and without condition",
                "If it is another account: name its roles, and add sts:ExternalId or aws:PrincipalOrgID.",
                statement,
                "low",
            )
        return
    yield CROSS_ACCOUNT.at(
        member.path,
        f"{'All of account ' + account if whole else shown(member.text)} is trusted from outside, without condition",
        "Add a condition on sts:ExternalId (third parties) or aws:PrincipalOrgID (your own accounts)"
        + (", and name the roles." if whole else "."),
        statement,
        None if whole else "low",
    )


def _service(subject: Subject, statement: Statement, member: Member) -> Iterator[LintFinding]:
    if any(c.low_key.startswith(_SOURCE) and not c.negated for c in statement.conditions):
        return
    if subject.kind == "trust" and member.text.startswith(_OWN_ACCOUNT_ONLY):
        return
    if subject.kind == "resource" and any(_limits(c, _WHO) for c in statement.conditions):
        return
    yield CONFUSED_DEPUTY.at(
        member.path,
        f"{member.text} may come here on behalf of any account that uses it",
        "Add a condition on aws:SourceAccount or aws:SourceArn, where the service sends it.",
        statement,
        "medium" if subject.kind == "resource" else None,
    )
