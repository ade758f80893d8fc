"""What the kinds outside of IAM have in common about tags: who owns a resource by them, and how many there may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.kinds.iam_shared import MAX_TAGS, Tags, tag_list, without_aws
from iamfix.kinds.protocol import Breach
from iamfix.model import Call, Mark

__all__ = ["ArnTags", "Tags", "changed", "limit", "owner_of", "tag_list", "without_aws"]


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


@dataclass(frozen=True, slots=True)
class ArnTags:
    """How a service that tags by ARN takes tags: the names of its parameters for the ARN, the tags, and the keys."""

    service: str
    arn: str = "resourceArn"
    tags: str = "tags"
    keys: str = "tagKeys"

    def calls(self, arn: object, region: str | None, before: Tags | Mark, after: Tags | Mark) -> Iterator[Call]:
        """Yield the calls that lead from some tags to others."""
        gone, new = changed(before, after)
        if gone:
            yield Call(self.service, "untag_resource", {self.arn: arn, self.keys: gone}, region)
        if new:
            yield Call(self.service, "tag_resource", {self.arn: arn, self.tags: self.given(new)}, region)

    def given(self, tags: Tags) -> Any:
        """Return tags as the service's calls take them."""
        return {key: tags[key] for key in sorted(tags)}
