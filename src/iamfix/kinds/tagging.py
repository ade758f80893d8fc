"""What the kinds outside of IAM have in common about tags: who owns a resource by them, and how many there may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamfix.kinds.iam_shared import MAX_TAGS, Tags, tag_list, without_aws
from iamfix.kinds.protocol import Breach
from iamfix.model import Mark

__all__ = ["Tags", "changed", "limit", "owner_of", "tag_list", "without_aws"]


def owner_of(name: str, tags: Tags | Mark) -> str | None:
    """Return which tool owns a resource, told by its name and its tags, as far as they were read.

    Source: CloudFormation User Guide, "Resource tags"; AWS Control Tower User Guide, "Resources".
    """
    if name.startswith(("aws-controltower-", "AWSControlTower", "AWS-ControlTower")):
        return "AWS Control Tower"
    stack = None if isinstance(tags, Mark) else tags.get("aws:cloudformation:stack-name")
    return None if stack is None else f"the CloudFormation stack {stack}"


def changed(before: Tags | Mark, after: Tags | Mark) -> tuple[list[str], Mapping[str, str]]:
    """Return the keys to take away, and the tags to set; AWS's own are left out. Unread tags do not change."""
    if isinstance(after, Mark):
        return [], {}
    old, new = {} if isinstance(before, Mark) else without_aws(before), without_aws(after)
    return sorted(old.keys() - new.keys()), {key: new[key] for key in sorted(new) if old.get(key) != new[key]}


def limit(tags: Tags | Mark) -> Iterator[Breach]:
    if not isinstance(tags, Mark) and len(own := without_aws(tags)) > MAX_TAGS:
        yield Breach(f"{len(own)} tags; AWS takes {MAX_TAGS}")
