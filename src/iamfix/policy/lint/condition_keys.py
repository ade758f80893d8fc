"""Condition keys: unknown ones, ones that the actions never send, set operators on the wrong ones, and MFA."""

from __future__ import annotations

from collections.abc import Iterator

from iamfix.policy.actions import (
    actions_matching,
    condition_key_type,
    condition_keys,
    fits_key,
    nearest_condition_key,
    service_exists,
)
from iamfix.policy.global_keys import GLOBAL_KEYS
from iamfix.policy.lint import sources
from iamfix.policy.lint.finding import LintFinding, Rule, Subject, shown
from iamfix.policy.lint.operators import OPERATORS
from iamfix.policy.statements import Condition, Member, Statement
from iamfix.policy.unlisted import UNLISTED_SERVICES

UNKNOWN_KEY = Rule("unknown-condition-key", "medium", "A condition key that AWS does not have", sources.ACTIONS)
KEY_NOT_SENT = Rule(
    "condition-key-not-sent", "medium", "A condition key that no action of the statement sends", sources.ACTIONS
)
FOR_ALL_VALUES = Rule("for-all-values", "medium", "ForAllValues on a single value in an Allow", sources.MULTI_VALUE)
OLD_VARIABLE = Rule("variable-needs-version", "medium", "A policy variable in an old document", sources.VARIABLES)
MFA_BOOL = Rule("mfa-bool", "high", "Bool where BoolIfExists is meant in a Deny without MFA", sources.MFA)
MFA_IF_EXISTS = Rule("mfa-if-exists", "high", "BoolIfExists where Bool is meant in an Allow with MFA", sources.MFA)

RULES = (UNKNOWN_KEY, KEY_NOT_SENT, FOR_ALL_VALUES, OLD_VARIABLE, MFA_BOOL, MFA_IF_EXISTS)

_MFA = "aws:multifactorauthpresent"
_MFA_AGE = "aws:multifactorauthage"
_ALWAYS_CHECKED = 100
"""Statements with more actions than this send so many keys that the question is pointless."""


def check(subject: Subject) -> Iterator[LintFinding]:
    """Yield what is wrong with condition keys and variables."""
    for statement in subject.statements:
        for condition in statement.conditions:
            if condition.operator not in OPERATORS:
                continue
            yield from _key(subject, statement, condition)
            yield from _mfa(statement, condition)
            yield from _set_operator(statement, condition)
        if subject.data.get("Version") != "2012-10-17":
            yield from _old_variables(statement)
        else:
            yield from _variables(statement)


def _key(subject: Subject, statement: Statement, condition: Condition) -> Iterator[LintFinding]:
    low = condition.low_key
    prefix, colon, rest = low.partition(":")
    if not colon or not rest:
        yield UNKNOWN_KEY.at(
            condition.path,
            f"{shown(condition.key)} is no condition key",
            "Write prefix:name, such as aws:SourceIp.",
            statement,
        )
        return
    if _of_a_provider(low):
        return
    if condition_key_type(low) is None:
        close = nearest_condition_key(low)
        what = (
            "AWS has no condition key"
            if prefix == "aws" or service_exists(prefix)
            else "There is no service for the key"
        )
        yield UNKNOWN_KEY.at(
            condition.path,
            f"{what} {shown(condition.key)}",
            f"Did you mean {close}?" if close else "Look it up in the Service Authorization Reference.",
            statement,
        )
    elif subject.kind in ("identity", "boundary", "session") and not _sent(statement, low):
        grants = "denies" if statement.denies else "grants"
        never = not condition.negated and not condition.if_exists and condition.qualifier != "ForAllValues"
        if condition.base == "Null":
            never = {m.text.lower() for m in condition.values} == {"false"}
        yield KEY_NOT_SENT.at(
            condition.path,
            f"No action of the statement is documented to send {shown(condition.key)}"
            + (f": without it the statement {grants} nothing" if never else ""),
            "Use a key that the actions have, or leave the condition out.",
            statement,
            None if never else "low",
        )


def _of_a_provider(low_key: str) -> bool:
    """Whether it can be an identity provider's claim: these have its name in front, and any provider may be trusted."""
    prefix = low_key.partition(":")[0]
    return "." in prefix or "/" in prefix or prefix == "saml" or prefix in UNLISTED_SERVICES


def _sent(statement: Statement, low_key: str) -> bool:
    if _is_global(low_key) or not statement.has("Action"):
        return True
    names = {name for text in statement.texts("Action") for name in actions_matching(text)}
    if len(names) > _ALWAYS_CHECKED or any(not actions_matching(text) for text in statement.texts("Action")):
        return True
    return any(fits_key(template, low_key) for name in names for template in condition_keys(name))


def _is_global(low_key: str) -> bool:
    return low_key in GLOBAL_KEYS or any(fits_key(template, low_key) for template in GLOBAL_KEYS if "${" in template)


def _mfa(statement: Statement, condition: Condition) -> Iterator[LintFinding]:
    values = {member.text.lower() for member in condition.values}
    if statement.denies and condition.low_key == _MFA and condition.operator == "Bool" and values == {"false"}:
        yield MFA_BOOL.at(
            condition.path[:-1],
            "Requests signed with access keys have no aws:MultiFactorAuthPresent: this Deny lets them through",
            "Use BoolIfExists.",
            statement,
        )
    elif statement.allows and condition.low_key == _MFA and condition.operator == "BoolIfExists" and values == {"true"}:
        yield MFA_IF_EXISTS.at(
            condition.path[:-1],
            "Requests signed with access keys have no aws:MultiFactorAuthPresent: this Allow lets them through",
            "Use Bool.",
            statement,
        )
    elif (
        statement.denies
        and condition.low_key == _MFA_AGE
        and condition.base.startswith("NumericGreaterThan")
        and not condition.if_exists
    ):
        yield MFA_BOOL.at(
            condition.path[:-1],
            "Requests without MFA have no aws:MultiFactorAuthAge: this Deny lets them through",
            f"Use {condition.operator}IfExists, or deny them in a statement of their own.",
            statement,
            "medium",
        )


def _set_operator(statement: Statement, condition: Condition) -> Iterator[LintFinding]:
    if not statement.allows or condition.qualifier != "ForAllValues":
        return
    kind = condition_key_type(condition.low_key)
    if kind is None or kind.startswith("ArrayOf"):
        return
    if any(c.base == "Null" and c.low_key == condition.low_key for c in statement.conditions):
        return
    yield FOR_ALL_VALUES.at(
        condition.path,
        f"{shown(condition.key)} has one value at most: with ForAllValues the condition also holds without it",
        f"Use {condition.operator.partition(':')[2]}.",
        statement,
    )


def _with_variables(statement: Statement) -> Iterator[Member]:
    members = [m for e in ("Resource", "NotResource") for m in statement.members(e)]
    members += [m for c in statement.conditions for m in c.values]
    return (member for member in members if "${" in member.text)


def _old_variables(statement: Statement) -> Iterator[LintFinding]:
    for member in _with_variables(statement):
        yield OLD_VARIABLE.at(
            member.path,
            f"Without Version 2012-10-17 the variable in {shown(member.text)} is plain text",
            'Write "Version": "2012-10-17".',
            statement,
        )


def _variables(statement: Statement) -> Iterator[LintFinding]:
    for member in _with_variables(statement):
        for part in member.text.split("${")[1:]:
            inside, closed, _ = part.partition("}")
            key = inside.partition(",")[0].strip()
            low = key.lower()
            if not closed:
                yield UNKNOWN_KEY.at(
                    member.path,
                    f"The variable in {shown(member.text)} has no closing brace",
                    "Write ${key}.",
                    statement,
                )
            elif key not in ("*", "?", "$") and not _of_a_provider(low) and condition_key_type(low) is None:
                close = nearest_condition_key(low)
                yield UNKNOWN_KEY.at(
                    member.path,
                    f"AWS has no condition key {shown(key)}, so that the variable has never a value",
                    f"Did you mean {close}?" if close else "Look it up in the Service Authorization Reference.",
                    statement,
                )
