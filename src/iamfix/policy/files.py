"""Policy documents in files: read with the place of every mistake, linted with file, line and column."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iamfix.model import InputError, Problem
from iamfix.policy.compiled import Layer, compile_document
from iamfix.policy.document import Document, DocumentError
from iamfix.policy.lint import LintFinding, LintKind, kind_of, lint, locate

__all__ = ["PolicyFile", "lint_file", "read_policy"]


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
    return [finding_json(found, policy.place(*found.path)) for found in lint(data, kind or kind_of(data))]


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
