"""Lint as playbooks ask it: `policy | lint('star-star')` gives findings as mappings, for `select:` and `message:`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, cast

from iamfix.policy.document import Document, DocumentError
from iamfix.policy.lint import KINDS, RULES, SEVERITIES, LintFinding, LintKind, kind_of, lint
from iamfix.policy.patterns import is_wild, matches

__all__ = ["CheckError", "findings", "linted", "unknown_word"]

_IDS = tuple(rule.id for rule in RULES)


class CheckError(ValueError):
    """Lint is asked for something that it has not, or of something that is no policy document."""


def findings(
    value: Any,
    *rules: str,
    kind: str | None = None,
    severity: str | None = None,
    partition: str = "aws",
    account: str | None = None,
) -> list[dict[str, Any]]:
    """Lint a policy document, or several at once, and return the findings, the worst first in each statement.

    Args:
        value: a document (a mapping, or its JSON text), names with documents (`inline_policies`), a list of documents,
            or None for none.
        rules: ids of the rules to ask, `*` as a wildcard; without any, all are asked.
        kind: what the documents are for; told from their content if not given.
        severity: leave out what is milder than this.
        partition: the partition in which the documents live.
        account: id of the account in which they live.

    Returns:
        Mappings with `rule`, `severity`, `statement` (from 0, or None), `sid`, `path` (as text), `summary`, `hint`,
        `source`, and `policy`: the document's name, where names were given.

    Raises:
        CheckError: there is no such rule, kind or severity, or the value is no policy document.
    """
    if wrong := unknown_word(rules, kind, severity):
        raise CheckError(wrong)
    worst = SEVERITIES if severity is None else SEVERITIES[: [str(s) for s in SEVERITIES].index(severity) + 1]
    return [
        _mapping(name, found)
        for name, document in _documents(value, partition)
        for found in linted(document.text, cast("LintKind | None", kind), partition, account)
        if found.severity in worst and (not rules or any(matches(rule, found.rule) for rule in rules))
    ]


def unknown_word(rules: tuple[str, ...], kind: str | None = None, severity: str | None = None) -> str | None:
    """Return what is wrong with lint's arguments: a rule, kind or severity that there is not; None when all is well."""
    for rule in rules:
        if not isinstance(rule, str) or not any(matches(rule, known) for known in _IDS):
            return _no_such("rule", rule, _IDS)
    if kind is not None and kind not in KINDS:
        return _no_such("kind of document", kind, KINDS)
    if severity is not None and severity not in SEVERITIES:
        return _no_such("severity", severity, SEVERITIES)
    return None


def _no_such(what: str, word: object, known: tuple[str, ...]) -> str:
    close = () if not isinstance(word, str) or is_wild(word) else get_close_matches(word, known, 1, 0.5)
    hint = f"is {close[0]!r} meant?" if close else f"there are {', '.join(known)}"
    return f"lint has no {what} {word!r}; {hint}"


@lru_cache(maxsize=4096)
def linted(text: str, kind: LintKind | None, partition: str, account: str | None) -> tuple[LintFinding, ...]:
    """Lint a document's text, once for each text, kind, partition and account; kind None: told from the content."""
    data = Document.parse(text).data
    return tuple(lint(data, kind or kind_of(data), partition, account=account))


def _documents(value: Any, partition: str) -> Iterator[tuple[str | None, Document]]:
    if value is None:
        return
    if isinstance(value, Mapping) and all(_is_document(one) for one in value.values()):
        for name, one in value.items():
            yield str(name), _document(one, partition)
    elif isinstance(value, list | tuple) and all(_is_document(one) for one in value):
        for one in value:
            yield None, _document(one, partition)
    else:
        yield None, _document(value, partition)


def _is_document(value: Any) -> bool:
    return isinstance(value, Document) or (isinstance(value, Mapping) and "Statement" in value)


def _document(value: Any, partition: str) -> Document:
    if not isinstance(value, str | Mapping | list | tuple | Document):
        raise CheckError(f"lint takes a policy document, names with documents, or a list of them, not {value!r:.60}")
    try:
        return Document.parse(list(value) if isinstance(value, tuple) else value, partition=partition)
    except DocumentError as error:
        raise CheckError(f"lint: {error}") from None


def _mapping(name: str | None, found: LintFinding) -> dict[str, Any]:
    return {
        "policy": name,
        "rule": found.rule,
        "severity": found.severity,
        "statement": found.statement,
        "sid": found.sid,
        "path": ".".join(map(str, found.path)),
        "summary": found.summary,
        "hint": found.hint,
        "source": found.source,
    }
