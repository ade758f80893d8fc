"""The shape of a document: what IAM, STS or Organizations refuses as MalformedPolicyDocument."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from iamfix.policy.lint import sources
from iamfix.policy.lint.finding import ORGANIZATION_KINDS, LintFinding, Path, Rule, Subject, shown
from iamfix.policy.statements import Statement

NOT_AN_OBJECT = Rule("not-an-object", "error", "The document or a statement is not a JSON object", sources.GRAMMAR)
UNKNOWN_ELEMENT = Rule("unknown-element", "error", "An element that policies do not have", sources.GRAMMAR)
VERSION = Rule("version", "error", "A Version that AWS does not know", sources.VERSION)
OLD_VERSION = Rule("old-version", "low", "Version 2008-10-17, or none", sources.VERSION)
NO_STATEMENT = Rule("no-statement", "error", "No statement", sources.GRAMMAR)
EFFECT = Rule("effect", "error", "Effect is missing, or neither Allow nor Deny", sources.GRAMMAR)
ELEMENT_TYPE = Rule("element-type", "error", "An element of the wrong JSON type", sources.GRAMMAR)
ACTION_OR_NOT = Rule("action-or-not-action", "error", "Not exactly one of Action and NotAction", sources.GRAMMAR)
RESOURCE_OR_NOT = Rule(
    "resource-or-not-resource", "error", "Resource or NotResource: none, both, or not allowed", sources.GRAMMAR
)
EMPTY_SET = Rule("empty-set", "error", "An empty list of actions, resources or principals", sources.GRAMMAR)
SID = Rule("sid", "error", "A Sid with characters that AWS refuses", sources.SID)
DUPLICATE_SID = Rule("duplicate-sid", "error", "Two statements with one Sid", sources.SID)
EMPTY_CONDITION = Rule("empty-condition", "low", "A condition that says nothing", sources.CHECKS)
EMPTY_VALUES = Rule("empty-values", "medium", "A condition key without values", sources.CHECKS)
RCP = Rule("rcp", "error", "What resource control policies do not take", sources.RCP)

RULES = (
    NOT_AN_OBJECT,
    UNKNOWN_ELEMENT,
    VERSION,
    OLD_VERSION,
    NO_STATEMENT,
    EFFECT,
    ELEMENT_TYPE,
    ACTION_OR_NOT,
    RESOURCE_OR_NOT,
    EMPTY_SET,
    SID,
    DUPLICATE_SID,
    EMPTY_CONDITION,
    EMPTY_VALUES,
    RCP,
)

CURRENT = "2012-10-17"
_VERSIONS = (CURRENT, "2008-10-17")
_TOP = ("Version", "Id", "Statement")
_ELEMENTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_SID_OF_IAM = re.compile(r"[A-Za-z0-9]*\Z")
_SID_ELSEWHERE = re.compile(r"[A-Za-z0-9 _.:/=+@,-]*\Z")


def check(subject: Subject) -> Iterator[LintFinding]:
    """Yield what is wrong with the shape of the document."""
    yield from _unknown(subject.data, _TOP, (), None)
    yield from _version(subject)
    if not isinstance(subject.data.get("Id", ""), str):
        yield ELEMENT_TYPE.at(("Id",), "Id is not text", "Put it in quotes, or leave it out.")
    value = subject.data.get("Statement")
    if isinstance(value, list):
        for i, item in enumerate(value):
            if not isinstance(item, Mapping):
                yield NOT_AN_OBJECT.at(("Statement", i), f"Statement {i + 1} is not an object", "Write it as {…}.")
    elif not isinstance(value, Mapping):
        value = None
    if not value:
        yield NO_STATEMENT.at(
            ("Statement",) if "Statement" in subject.data else (),
            "The document has no statement",
            'Give "Statement" at least one statement.',
        )
    yield from _duplicate_sids(subject)
    for statement in subject.statements:
        yield from _statement(subject, statement)


def _version(subject: Subject) -> Iterator[LintFinding]:
    strict = subject.kind in (*ORGANIZATION_KINDS, "boundary")
    version = subject.data.get("Version")
    if "Version" in subject.data and version not in _VERSIONS:
        yield VERSION.at(("Version",), f"{shown(version)} is no version of the policy language", f'Write "{CURRENT}".')
    elif version != CURRENT:
        why = "is refused for this kind of policy" if strict else "is the old language: policy variables do not work"
        said = "Version 2008-10-17" if version else "No Version means 2008-10-17, which"
        yield OLD_VERSION.at(
            ("Version",) if version else (),
            f"{said} {why}",
            f'Write "Version": "{CURRENT}".',
            severity="error" if strict else None,
        )


def _duplicate_sids(subject: Subject) -> Iterator[LintFinding]:
    first: dict[str, int] = {}
    for statement in subject.statements:
        if not statement.sid:
            continue
        if statement.sid in first:
            yield DUPLICATE_SID.at(
                (*statement.path, "Sid"),
                f"Sid {shown(statement.sid)} is that of statement {first[statement.sid] + 1} too",
                "Give each statement its own Sid.",
                statement,
                "medium" if subject.kind == "resource" else None,
            )
        first.setdefault(statement.sid, statement.index)


def _statement(subject: Subject, statement: Statement) -> Iterator[LintFinding]:
    yield from _unknown(statement.data, _ELEMENTS, statement.path, statement)
    yield from _effect(statement)
    sid = statement.data.get("Sid", "")
    if not isinstance(sid, str):
        yield ELEMENT_TYPE.at((*statement.path, "Sid"), "Sid is not text", "Put it in quotes.", statement)
    elif not (_SID_ELSEWHERE if subject.kind == "resource" else _SID_OF_IAM).match(sid):
        yield SID.at(
            (*statement.path, "Sid"),
            f"Sid {shown(sid)} has characters that AWS refuses",
            "Use letters A-Z and a-z and digits only.",
            statement,
        )
    yield from _pair(statement, ACTION_OR_NOT, "Action", required=True)
    if subject.kind == "trust":
        for element in ("Resource", "NotResource"):
            if statement.has(element):
                yield RESOURCE_OR_NOT.at(
                    (*statement.path, element),
                    f"A trust policy has no {element}: its resource is the role",
                    "Remove it.",
                    statement,
                )
    else:
        yield from _pair(statement, RESOURCE_OR_NOT, "Resource", required=subject.kind != "resource")
    if subject.kind == "rcp":
        yield from _resource_control(statement)
    yield from _condition(statement)


def _resource_control(statement: Statement) -> Iterator[LintFinding]:
    if statement.allows:
        yield RCP.at(
            (*statement.path, "Effect"),
            "A resource control policy of your own can only deny",
            'Write "Deny".',
            statement,
        )
    if statement.has("NotAction"):
        yield RCP.at(
            (*statement.path, "NotAction"), "A resource control policy has no NotAction", "Name the actions.", statement
        )
    for member in statement.members("Action"):
        if member.text == "*":
            yield RCP.at(
                member.path,
                "A resource control policy names the services of its actions",
                "Write service:*, such as s3:*, for each service that takes such policies.",
                statement,
            )


def _effect(statement: Statement) -> Iterator[LintFinding]:
    effect = statement.data.get("Effect")
    if effect in ("Allow", "Deny"):
        return
    if "Effect" not in statement.data:
        yield EFFECT.at(statement.path, "The statement has no Effect", 'Write "Allow" or "Deny".', statement)
        return
    meant = effect.capitalize() if isinstance(effect, str) and effect.lower() in ("allow", "deny") else "Allow or Deny"
    yield EFFECT.at((*statement.path, "Effect"), f"{shown(effect)} is no Effect", f"Write {meant}.", statement)


def _pair(statement: Statement, rule: Rule, element: str, *, required: bool) -> Iterator[LintFinding]:
    given = [name for name in (element, f"Not{element}") if statement.has(name)]
    if len(given) == 2:
        yield rule.at(
            (*statement.path, given[1]),
            f"The statement has both {given[0]} and {given[1]}",
            "Keep one of them, or make two statements.",
            statement,
        )
    elif not given and required:
        yield rule.at(
            statement.path, f"The statement has neither {element} nor Not{element}", f"Add {element}.", statement
        )
    for name in given:
        yield from _texts(statement, name)


def _texts(statement: Statement, element: str) -> Iterator[LintFinding]:
    value, path = statement.data[element], (*statement.path, element)
    if value in ([], ""):
        yield EMPTY_SET.at(path, f"{element} is empty", "Name what the statement is about, or remove it.", statement)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            if not isinstance(item, str):
                yield ELEMENT_TYPE.at(
                    (*path, i), f"{shown(item)} in {element} is not text", "Put it in quotes.", statement
                )
    elif not isinstance(value, str):
        yield ELEMENT_TYPE.at(
            path, f"{element} is neither text nor a list of texts", "Write a text or a list.", statement
        )


def _condition(statement: Statement) -> Iterator[LintFinding]:
    if not statement.has("Condition"):
        return
    blocks, path = statement.data["Condition"], (*statement.path, "Condition")
    if not isinstance(blocks, Mapping):
        yield ELEMENT_TYPE.at(path, "Condition is not an object", 'Write {"Operator": {"key": "value"}}.', statement)
        return
    if not blocks:
        yield EMPTY_CONDITION.at(path, "The Condition is empty and holds always", "Remove it.", statement)
    for operator, block in blocks.items():
        place = (*path, operator)
        if not isinstance(block, Mapping):
            yield ELEMENT_TYPE.at(
                place, f"{shown(operator)} does not hold an object", 'Write {"key": "value"}.', statement
            )
        elif not block:
            yield EMPTY_CONDITION.at(place, f"{shown(operator)} names no key and holds always", "Remove it.", statement)
        else:
            yield from _values(statement, place, block)


def _values(statement: Statement, path: Path, block: Mapping[str, Any]) -> Iterator[LintFinding]:
    for key, values in block.items():
        place = (*path, key)
        if values == []:
            yield EMPTY_VALUES.at(place, f"{shown(key)} has no values", "Give it values, or remove it.", statement)
        for item in values if isinstance(values, list) else [values]:
            if not isinstance(item, str | int | float):
                yield ELEMENT_TYPE.at(
                    place, f"{shown(key)} has a value that is no text, number or boolean", "Write a text.", statement
                )


def _unknown(
    data: Mapping[str, Any], known: tuple[str, ...], path: Path, statement: Statement | None
) -> Iterator[LintFinding]:
    for key in data:
        if key in known:
            continue
        by_case = [name for name in known if name.lower() == str(key).lower()]
        close = by_case or get_close_matches(str(key), known, n=1, cutoff=0.7)
        hint = f"Did you mean {close[0]}?" if close else f"Remove it; known here: {', '.join(known)}."
        yield UNKNOWN_ELEMENT.at((*path, key), f"{shown(key)} is no element of a policy", hint, statement)
