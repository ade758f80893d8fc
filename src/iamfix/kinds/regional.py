"""What the kinds that live in a region have in common: their tags, and the times that AWS tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from iamfix.kinds.protocol import Breach
from iamfix.model import UNREAD

MAX_TAGS = 50


def own(tags: Any) -> Mapping[str, str]:
    """Return the tags that are not AWS's own; none where they were not read."""
    if tags is UNREAD:
        return {}
    return {key: value for key, value in tags.items() if not key.lower().startswith("aws:")}


def tag_steps(before: Any, after: Any) -> tuple[list[str], dict[str, str]]:
    """Return the keys to take away, and the tags to set."""
    old, new = own(before), own(after)
    if before is UNREAD or after is UNREAD:
        return [], {}
    return sorted(old.keys() - new.keys()), {key: new[key] for key in sorted(new) if old.get(key) != new[key]}


def tag_breaches(tags: Any) -> Iterator[Breach]:
    if len(own(tags)) > MAX_TAGS:
        yield Breach(f"{len(own(tags))} tags; AWS takes {MAX_TAGS}")


def owner_of(tags: Any) -> str | None:
    """Return the CloudFormation stack that owns a resource, told by its tags where they were read."""
    stack = None if tags is UNREAD else tags.get("aws:cloudformation:stack-name")
    return None if stack is None else f"the CloudFormation stack {stack}"


def when_ms(milliseconds: int | None) -> str | None:
    """Return a time that is given in milliseconds since 1970 in ISO 8601, UTC, to the second."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
