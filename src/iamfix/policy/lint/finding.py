"""What lint finds, the rules that find it, and what they look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from iamfix.policy.statements import Path, Statement

__all__ = ["ORGANIZATION_KINDS", "LintFinding", "LintKind", "LintSeverity", "Path", "Rule", "Subject", "shown"]

LintKind = Literal["identity", "trust", "resource", "scp", "rcp", "boundary", "session"]
"""What a document is for. Managed and inline policies of users, groups and roles are `identity`."""

LintSeverity = Literal["error", "high", "medium", "low", "info"]
"""`error`: AWS refuses the document. The others: it is taken, and does what its writer hardly wants, or may."""

ORGANIZATION_KINDS = ("scp", "rcp")
_SHOWN = 100
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One finding.

    Attributes:
        rule: id of the rule, such as `pass-role-star`.
        severity: how bad it is here; a rule may judge one case milder than another.
        statement: index of the statement from 0; None for the document as a whole.
        sid: the statement's Sid, where it has one.
        path: keys and indices from the document to the element, such as `("Statement", 0, "Action", 2)`.
        summary: what is wrong.
        hint: how to mend it.
        source: the page that says so.
    """

    rule: str
    severity: LintSeverity
    statement: int | None
    sid: str | None
    path: Path
    summary: str
    hint: str
    source: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its id, usual severity, what it looks for in one line, and the page that demands it."""

    id: str
    severity: LintSeverity
    title: str
    source: str

    def at(
        self,
        path: Path,
        summary: str,
        hint: str,
        statement: Statement | None = None,
        severity: LintSeverity | None = None,
    ) -> LintFinding:
        """Make a finding of this rule."""
        return LintFinding(
            self.id,
            severity or self.severity,
            statement.index if statement else None,
            statement.sid if statement else None,
            path,
            _one_line(summary),
            _one_line(hint),
            self.source,
        )


@dataclass(frozen=True)
class Subject:
    """A document under lint. `account` is the id of the account it is for, None where that is not known."""

    data: Mapping[str, Any]
    kind: LintKind
    partition: str
    account: str | None
    statements: tuple[Statement, ...]

    @property
    def caps_only(self) -> bool:
        """The document only limits what other policies grant."""
        return self.kind in ("scp", "rcp", "boundary", "session")


def shown(value: object) -> str:
    """Return a value as text for a message: quoted, on one line, not longer than a line."""
    text = str(value)
    return f'"{_one_line(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")}"'


def _one_line(text: str) -> str:
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
