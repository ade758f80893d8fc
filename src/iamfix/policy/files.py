"""Policy documents in files: read with the place of every mistake, linted with file, line and column."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iamfix.model import InputError, Problem
from iamfix.policy.compiled import Layer, compile_document
from iamfix.policy.document import Document, DocumentError
from iamfix.policy.lint import LintFinding, LintKind, kind_of, lint, locate, partition_of
from iamfix.policy.lint.sizes import HUGE

__all__ = ["PolicyFile", "compare_files", "lint_file", "read_policy"]

LAYERS: dict[LintKind, Layer] = {
    "identity": "identity_policy",
    "trust": "trust_policy",
    "resource": "resource_policy",
    "scp": "scp",
    "rcp": "rcp",
    "boundary": "boundary",
    "session": "session_policy",
}
"""Where documents of each kind stand in the evaluation."""


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A document and the file in which it stands."""

    path: Path
    text: str
    document: Document

    def place(self, *path: str | int) -> str:
        """`file:line:column` of an element, such as `("Statement", 0)`."""
        line, column = locate(self.text, path)
        return f"{self.path}:{line}:{column}"

    def place_of(self, statement: int) -> str:
        """`file:line:column` of a statement, counted from 0."""
        many = isinstance(self.document.data.get("Statement"), list)
        return self.place("Statement", statement) if many else self.place("Statement")

    def checked(self, layer: Layer) -> PolicyFile:
        """The same, when the document is of the policy grammar and fits its place in the evaluation.

        Raises:
            InputError: it is not; the problem has the place of the statement.
        """
        try:
            compile_document(self.document, layer)
        except DocumentError as error:
            where = self.place() if error.statement is None else self.place_of(error.statement)
            raise InputError(Problem("error", where, error.summary)) from None
        return self


def read_policy(path: Path, *, trust: bool = False) -> PolicyFile:
    """Read a policy document from a file as JSON; `-` is stdin.

    Raises:
        InputError: the file cannot be read, or holds no policy document.
    """
    name = Path("<stdin>") if str(path) == "-" else path
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
        return PolicyFile(name, text, Document.parse(text, trust=trust))
    except DocumentError as error:
        where = str(name) if error.line is None else f"{name}:{error.line}:{error.column}"
        raise InputError(Problem("error", where, error.summary)) from None
    except UnicodeDecodeError as error:
        raise InputError(Problem("error", str(name), f"this file is not UTF-8 text: {error.reason}")) from None
    except OSError as error:
        raise InputError(Problem("error", str(name), f"this file cannot be read: {error.strerror}")) from None


def lint_file(file: Path, kind: LintKind | None = None) -> list[dict[str, Any]]:
    """Return a file's findings as JSON: where, rule, severity, statement, sid, summary, hint, source.

    Raises:
        InputError: the file cannot be read, or holds no policy document.
    """
    policy = read_policy(file)
    data = policy.document.data
    return [
        finding_json(found, policy.place(*found.path))
        for found in lint(data, kind or kind_of(data), partition_of(data))
    ]


def finding_json(found: LintFinding, where: str) -> dict[str, Any]:
    """A finding as JSON data, with its place."""
    return {
        "where": where,
        "rule": found.rule,
        "severity": found.severity,
        "statement": found.statement,
        "sid": found.sid,
        "summary": found.summary,
        "hint": found.hint,
        "source": found.source,
    }


def compare_files(before: Path, after: Path, kind: LintKind | None = None) -> dict[str, Any]:
    """Compare two documents: as configuration, and by the access that they give.

    Returns:
        JSON data: `equal` (the canonical form's verdict), `gained` and `lost`: entries as in a plan's `access`. Where
        the texts differ and the meaning does not, `equal` is false and both are empty.

    Raises:
        InputError: a file cannot be read, holds no policy document, or a document that does not fit its kind or is
            larger than any that AWS takes.
    """
    from iamfix.policy.difference import difference

    problems: list[Problem] = []
    found: list[PolicyFile] = []
    for path in (before, after):
        try:
            found.append(read_policy(path))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    if kind is None:
        kinds = {kind_of(one.document.data) for one in found}
        # What names principals is the policy of a resource, of which a trust policy is one.
        kind = kinds.pop() if len(kinds) == 1 else "resource"
    layer = LAYERS[kind]
    old, new = (Document.parse(one.document, trust=kind == "trust") for one in found)
    if old == new:
        return {"equal": True, "gained": [], "lost": []}
    for one in found:
        if len(one.text) > HUGE:
            told = (
                f"this document has {len(one.text):,} characters; no service of AWS takes more than a third of {HUGE:,}"
            )
            problems.append(Problem("error", str(one.path), told, "compare the parts that can be attached"))
            continue
        try:
            one.checked(layer)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    change = difference([old], [new], layer)
    return {
        "equal": False,
        "gained": [entry.as_json() for entry in change.gained],
        "lost": [entry.as_json() for entry in change.lost],
    }
