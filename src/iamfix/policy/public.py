"""Whether a bucket's policy is public, as S3 means it.

Source: S3 User Guide, "The meaning of public": a policy is public unless it lets in fixed principals only, or limits
whom it lets in by fixed values of keys that tell who asks, for which resource, or from where.
"""

from __future__ import annotations

from iamfix.policy.document import Document
from iamfix.policy.statements import Statement, statements

__all__ = ["surely_public"]

_LIMITING = ("aws:source", "aws:principal", "aws:userid", "aws:calledvia", "aws:via", "s3:dataaccesspoint", "s3:x-amz-")
"""What a condition key begins with that may keep a statement from being public; its values are not weighed."""


def surely_public(document: Document) -> int | None:
    """Return the number (from 1) of a statement that lets everybody in whatever its conditions hold, or None."""
    for number, statement in enumerate(statements(document.data), 1):
        if statement.allows and _everybody(statement) and not _limited(statement):
            return number
    return None


def _everybody(statement: Statement) -> bool:
    return any(one.text == "*" and one.type in ("*", "AWS") for one in statement.principals())


def _limited(statement: Statement) -> bool:
    return any(one.key.lower().startswith(_LIMITING) for one in statement.conditions)
