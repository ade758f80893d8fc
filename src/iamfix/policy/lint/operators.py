"""Conditions: operators and values that are none, and conditions that can never hold, or always do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches
from ipaddress import ip_network

from iamfix.policy.lint import sources
from iamfix.policy.lint.contradictions import NEVER, contradictions
from iamfix.policy.lint.finding import LintFinding, Rule, Subject, shown
from iamfix.policy.patterns import is_wild, without_variables
from iamfix.policy.statements import Condition, Member, Statement

OPERATOR = Rule("condition-operator", "error", "A condition operator that AWS does not have", sources.OPERATORS)
DATE = Rule("condition-date", "error", "A date that AWS cannot read", sources.OPERATORS)
VALUE_TYPE = Rule("condition-value", "medium", "A value that the operator cannot compare", sources.OPERATORS)
WILDCARD = Rule("wildcard-in-equals", "medium", "A wildcard where it is taken as it stands", sources.CHECKS)
ALWAYS = Rule("condition-always-holds", "high", "A condition that holds always", sources.OPERATORS)
DUPLICATE_KEY = Rule(
    "duplicate-condition-key", "medium", "One key twice under one operator, in different case", sources.CHECKS
)

RULES = (OPERATOR, DATE, VALUE_TYPE, WILDCARD, NEVER, ALWAYS, DUPLICATE_KEY)

_STRING = (
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
)
_ORDERED = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_BASES = (
    *_STRING,
    *(f"Numeric{o}" for o in _ORDERED),
    *(f"Date{o}" for o in _ORDERED),
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
)
OPERATORS = frozenset(
    prefix + base + suffix
    for prefix in ("", "ForAllValues:", "ForAnyValue:")
    for base in _BASES
    for suffix in ("", "IfExists")
    if not (base == "Null" and suffix)
)
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?\Z")
_EPOCH = re.compile(r"[0-9]{1,19}\Z")
_FORMS = {
    "aws:principalaccount": (re.compile(r"[0-9]{12}"), "an account id of 12 digits"),
    "aws:sourceaccount": (re.compile(r"[0-9]{12}"), "an account id of 12 digits"),
    "aws:resourceaccount": (re.compile(r"[0-9]{12}"), "an account id of 12 digits"),
    "aws:vpceaccount": (re.compile(r"[0-9]{12}"), "an account id of 12 digits"),
    "kms:calleraccount": (re.compile(r"[0-9]{12}"), "an account id of 12 digits"),
    "aws:principalorgid": (re.compile(r"o-[a-z0-9]{10,32}"), "an organization id such as o-a1b2c3d4e5"),
    "aws:resourceorgid": (re.compile(r"o-[a-z0-9]{10,32}"), "an organization id such as o-a1b2c3d4e5"),
    "aws:sourceorgid": (re.compile(r"o-[a-z0-9]{10,32}"), "an organization id such as o-a1b2c3d4e5"),
    "aws:vpceorgid": (re.compile(r"o-[a-z0-9]{10,32}"), "an organization id such as o-a1b2c3d4e5"),
}
"""What a value of a key always looks like; a value of another form is never equal to it."""


def check(subject: Subject) -> Iterator[LintFinding]:
    """Yield what is wrong with operators and values."""
    for statement in subject.statements:
        seen: dict[tuple[str, str], Condition] = {}
        for condition in statement.conditions:
            yield from _condition(statement, condition)
            first = seen.setdefault((condition.operator, condition.low_key), condition)
            if first is not condition:
                yield DUPLICATE_KEY.at(
                    condition.path,
                    f"{shown(condition.key)} and {shown(first.key)} are one key",
                    "Write the key once, with all its values.",
                    statement,
                )
        yield from contradictions(statement)


def _condition(statement: Statement, condition: Condition) -> Iterator[LintFinding]:
    if condition.operator not in OPERATORS:
        yield OPERATOR.at(
            condition.path[:-1],
            f"{shown(condition.operator)} is no condition operator",
            _operator_hint(condition.operator),
            statement,
        )
        return
    for member in condition.values:
        yield from _value(statement, condition, member)
    if condition.base == "Bool" and {m.text.lower() for m in condition.values} >= {"true", "false"}:
        yield ALWAYS.at(
            condition.path,
            f"{shown(condition.key)} may be true and may be false: the condition holds whenever the key is there",
            "Keep one of the two values.",
            statement,
        )


def _operator_hint(operator: str) -> str:
    if operator.startswith("Null") or ":Null" in operator:
        return "Null takes no IfExists: it asks for the existence itself."
    same = [o for o in sorted(OPERATORS) if o.lower() == operator.lower()]
    close = same or get_close_matches(operator, sorted(OPERATORS), n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else "See the list of condition operators."


def _value(statement: Statement, condition: Condition, member: Member) -> Iterator[LintFinding]:
    base, text = condition.base, member.text
    plain = without_variables(text)
    if "${" in text and plain != text:
        return  # a variable may become anything
    if base.startswith("Date") and not _is_date(text):
        yield DATE.at(
            member.path, f"{shown(text)} is no date", "Write 2026-01-31T00:00:00Z or seconds since 1970.", statement
        )
    elif base.startswith("Numeric") and not _NUMBER.match(text):
        yield VALUE_TYPE.at(member.path, f"{shown(text)} is no number", "Write digits.", statement)
    elif base in ("Bool", "Null") and text.lower() not in ("true", "false"):
        yield VALUE_TYPE.at(member.path, f"{shown(text)} is neither true nor false", "Write true or false.", statement)
    elif base in ("IpAddress", "NotIpAddress"):
        yield from _address(statement, condition, member)
    elif base.startswith("Arn") and not text.startswith("arn:") and text != "*":
        yield VALUE_TYPE.at(
            member.path,
            f"{shown(text)} is no ARN, so {condition.operator} never finds it equal",
            "Write an ARN, or use a String operator.",
            statement,
        )
    elif base in ("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"):
        yield from _equals(statement, condition, member)


def _equals(statement: Statement, condition: Condition, member: Member) -> Iterator[LintFinding]:
    if is_wild(member.text):
        like = "StringNotLike" if condition.negated else "StringLike"
        yield WILDCARD.at(
            member.path,
            f"{condition.operator} takes the wildcard in {shown(member.text)} as it stands",
            f"Use {like}, or write the value in full.",
            statement,
        )
        return
    form = _FORMS.get(condition.low_key)
    if form and not form[0].fullmatch(member.text):
        yield VALUE_TYPE.at(
            member.path, f"{shown(member.text)} is never the value of {condition.key}", f"Write {form[1]}.", statement
        )


def _address(statement: Statement, condition: Condition, member: Member) -> Iterator[LintFinding]:
    try:
        network = ip_network(member.text, strict=False)
    except ValueError:
        yield VALUE_TYPE.at(
            member.path,
            f"{shown(member.text)} is no IP address or range",
            "Write 203.0.113.0/24 or an address.",
            statement,
        )
        return
    if (
        condition.low_key == "aws:sourceip"
        and network.is_private
        and network.prefixlen > 0
        and not _is_test_range(network)
    ):
        yield NEVER.at(
            member.path,
            f"aws:SourceIp is a public address, never one of {shown(member.text)}",
            "Use aws:VpcSourceIp with aws:SourceVpc for private addresses.",
            statement,
            "medium",
        )


def _is_test_range(network: object) -> bool:
    # The documentation ranges stand for public addresses in every example.
    return str(network).startswith(("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:"))


def _is_date(text: str) -> bool:
    if _EPOCH.match(text):
        return True
    try:
        datetime.fromisoformat(text.upper())
    except ValueError:
        return re.fullmatch(r"[0-9]{4}(?:-(?:0[1-9]|1[0-2]))?", text) is not None
    return True
