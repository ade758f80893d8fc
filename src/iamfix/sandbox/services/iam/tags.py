"""Tags of IAM resources: AWS's rules on keys, numbers and case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iamfix.sandbox.call import Answer, Call, page
from iamfix.sandbox.errors import AwsError

MOST_TAGS = 50

Tags = Mapping[str, str]


def with_tags(tags: Tags, added: Sequence[Mapping[str, str]], *, fold_case: bool) -> dict[str, str]:
    """The tags with others added or replaced.

    `fold_case`: keys that differ in case only are the same (users and roles; the key keeps the new spelling). Raises
    InvalidInput for reserved or repeated keys, LimitExceeded above 50.
    """
    keys = [tag["Key"] for tag in added]
    folded = [key.lower() if fold_case else key for key in keys]
    if len(set(folded)) != len(folded):
        raise AwsError("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    for key in keys:
        if key.lower().startswith("aws:"):
            raise AwsError("InvalidInput", "Tag keys that begin with aws: are reserved for AWS.")
    result = without_tags(tags, keys, fold_case=fold_case)
    result.update({tag["Key"]: tag.get("Value", "") for tag in added})
    if len(result) > MOST_TAGS:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for TagsPerResource: {MOST_TAGS}")
    return result


def without_tags(tags: Tags, keys: Sequence[str], *, fold_case: bool) -> dict[str, str]:
    """The tags without those of some keys."""
    gone = {key.lower() if fold_case else key for key in keys}
    return {key: value for key, value in tags.items() if (key.lower() if fold_case else key) not in gone}


def tag_list(tags: Tags) -> list[dict[str, str]]:
    """Tags as answers tell them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tags_page(call: Call, tags: Tags) -> Answer:
    """The answer of a List…Tags operation."""
    some, marker = page(call, tag_list(tags))
    return {"Tags": some, "IsTruncated": marker is not None, "Marker": marker}
