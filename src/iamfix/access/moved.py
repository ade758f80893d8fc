"""A principal whose ARN changes: what names the old one in a Resource or a condition no longer means it.

Source: IAM User Guide, "Renaming an IAM user" (id_users_rename): policies attached to the user stay with it, and those
that have it as Principal follow by themselves; those that name it otherwise do not.
"""

from __future__ import annotations

from collections.abc import Iterator

from iamfix.access.picture import Holder, Picture
from iamfix.policy.document import Document
from iamfix.policy.patterns import matches
from iamfix.policy.statements import Statement, statements

__all__ = ["left_behind"]

SHOWN = 3
"""Statements that are named."""


def left_behind(picture: Picture, old: str, new: str) -> str:
    """Return in words what in the account's documents means the old ARN and not the new one; empty: nothing does."""
    found = list(_naming(picture, old, new))
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more


def _naming(picture: Picture, old: str, new: str) -> Iterator[str]:
    for where, document in _documents(picture):
        for one in statements(document.data):
            if any(_means(text, old) and not _means(text, new) for text in _texts(one)):
                yield f"statement {one.index + 1}" + (f" ({one.sid})" if one.sid else "") + f" of {where}"


def _documents(picture: Picture) -> Iterator[tuple[str, Document]]:
    for arn in sorted(picture.policies):
        document = picture.policies[arn].document
        if document is not None:
            yield f"policy {arn.rpartition('/')[2]}", document
    for holders in picture.holders.values():
        for name in sorted(holders):
            yield from _own(holders[name])


def _own(holder: Holder) -> Iterator[tuple[str, Document]]:
    for name in sorted(holder.inline):
        yield f"inline policy {name} of {holder.kind} {holder.name}", holder.inline[name]
    if holder.trust is not None:
        yield f"the trust policy of role {holder.name}", holder.trust


def _texts(one: Statement) -> Iterator[str]:
    for element in ("Resource", "NotResource"):
        yield from one.texts(element)
    for condition in one.conditions:
        yield from (value.text for value in condition.values)


def _means(text: str, arn: str) -> bool:
    return text.startswith(("arn:", "*")) and matches(text, arn)
