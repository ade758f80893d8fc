"""Lint of policy documents in files: each finding with its file, line and column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from iamfix.model import InputError, Problem
from iamfix.policy.document import Document, DocumentError
from iamfix.policy.lint import LintKind, kind_of, lint, locate


def lint_file(file: Path, kind: LintKind | None = None) -> list[dict[str, Any]]:
    """Return a file's findings as JSON: where, rule, severity, statement, sid, summary, hint, source.

    Raises:
        InputError: the file cannot be read, or holds no policy document.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        data = Document.parse(text).data
    except DocumentError as error:
        where = str(file) if error.line is None else f"{file}:{error.line}:{error.column}"
        raise InputError(Problem("error", where, str(error))) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(Problem("error", str(file), f"this file cannot be read: {error}")) from None
    found = []
    for finding in lint(data, kind or kind_of(data)):
        line, column = locate(text, finding.path)
        found.append(
            {
                "where": f"{file}:{line}:{column}",
                "rule": finding.rule,
                "severity": finding.severity,
                "statement": finding.statement,
                "sid": finding.sid,
                "summary": finding.summary,
                "hint": finding.hint,
                "source": finding.source,
            }
        )
    return found
