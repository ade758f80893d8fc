"""Sizes and characters of documents, by kind.

IAM counts characters and leaves white space out; Organizations counts every character of what is sent, so documents
are measured minified, as iamfix sends them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from iamfix.policy.lint import sources
from iamfix.policy.lint.finding import ORGANIZATION_KINDS, LintFinding, Path, Rule, Subject

TOO_BIG = Rule("too-big", "error", "The document is larger than its kind may be", sources.QUOTAS)
CHARACTERS = Rule("characters", "error", "A character that IAM refuses", sources.CREATE_POLICY)

RULES = (TOO_BIG, CHARACTERS)

MANAGED = 6144
INLINE_ROLE = 10240
TRUST_DEFAULT, TRUST_MOST = 2048, 8192
SESSION = 2048
SCP = 10240
RCP = 5120
HUGE = 100_000
"""Three times what the largest take: 32 kB of a key policy (KMS Developer Guide, resource-limits)."""
_LEAST, _MOST = " ", "\xff"
_ALSO = "\t\n\r"


def check(subject: Subject) -> Iterator[LintFinding]:
    """Yield what is too big, and the characters that IAM refuses."""
    yield from _size(subject)
    if subject.kind != "resource":
        yield from _characters(subject)


def huge(subject: Subject) -> LintFinding | None:
    """The one finding of a document that is far beyond what any service of AWS takes: nothing else in it matters."""
    size = len(_text(subject))
    if size <= HUGE:
        return None
    return TOO_BIG.at(
        (),
        f"{size:,} characters: far more than any service of AWS takes, so that nothing else is looked at",
        "Name resources by patterns, or split the document.",
    )


def _text(subject: Subject) -> str:
    return json.dumps(subject.data, separators=(",", ":"), ensure_ascii=False, default=str)


def _size(subject: Subject) -> Iterator[LintFinding]:
    text = _text(subject)
    if subject.kind in ORGANIZATION_KINDS:
        limit = SCP if subject.kind == "scp" else RCP
        if len(text) > limit:
            yield _too_big(len(text), limit, "what Organizations takes", sources.ORGANIZATIONS_QUOTAS)
        return
    size = sum(not c.isspace() for c in text)
    if subject.kind == "boundary" and size > MANAGED:
        yield _too_big(size, MANAGED, "a managed policy of your own may have")
    elif subject.kind == "session" and size > SESSION:
        yield _too_big(size, SESSION, "a session policy may have")
    elif subject.kind == "identity" and size > INLINE_ROLE:
        yield _too_big(size, INLINE_ROLE, "any policy of your own may have")
    elif subject.kind == "identity" and size > MANAGED:
        yield TOO_BIG.at(
            (),
            f"{size:,} characters without white space: more than the {MANAGED:,} of a managed policy of your own",
            "Split it in two, or keep it as the only inline policy of a role.",
            severity="medium",
        )
    elif subject.kind == "trust" and size > TRUST_MOST:
        yield _too_big(size, TRUST_MOST, "a trust policy may ever have")
    elif subject.kind == "trust" and size > TRUST_DEFAULT:
        yield TOO_BIG.at(
            (),
            f"{size:,} characters without white space: more than a trust policy's default quota of {TRUST_DEFAULT:,}",
            "Shorten it, or have the quota raised in the account.",
            severity="medium",
        )


def _too_big(size: int, limit: int, what: str, source: str = "") -> LintFinding:
    rule = Rule(TOO_BIG.id, TOO_BIG.severity, TOO_BIG.title, source) if source else TOO_BIG
    return rule.at((), f"{size:,} characters: more than the {limit:,} that {what}", "Shorten or split it.")


def _characters(subject: Subject) -> Iterator[LintFinding]:
    by_index = {statement.index: statement for statement in subject.statements}
    for path, text in _all_texts(subject.data, ()):
        bad = next((c for c in text if not (_LEAST <= c <= _MOST or c in _ALSO)), None)
        if bad is None:
            continue
        index = path[1] if len(path) > 1 and isinstance(path[1], int) else 0
        yield CHARACTERS.at(
            path,
            f"U+{ord(bad):04X} is outside the characters that IAM takes in a policy",
            "Use tab, line breaks and U+0020 to U+00FF only; typographic quotes and dashes are beyond it.",
            by_index.get(index) if path and path[0] == "Statement" else None,
        )


def _all_texts(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str):
                yield (*path, key), key
            yield from _all_texts(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _all_texts(item, (*path, i))
