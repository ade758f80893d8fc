"""Calls that AWS takes several of in one request: which, how many, and how it tells that some of them failed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from iamfix.model import AwsError, Call


@dataclass(frozen=True, slots=True)
class Batch:
    """`items` is the parameter that lists what the call is about; `failed` the response's map of those that failed."""

    items: str
    most: int
    failed: str


_TABLE: Mapping[tuple[str, str], Batch] = {
    # Resource Groups Tagging API Reference, "TagResources" and "UntagResources".
    ("resourcegroupstaggingapi", "tag_resources"): Batch("ResourceARNList", 20, "FailedResourcesMap"),
    ("resourcegroupstaggingapi", "untag_resources"): Batch("ResourceARNList", 20, "FailedResourcesMap"),
}


def batched(calls: Sequence[Call]) -> Iterator[list[int]]:
    """Yield which calls go in one request, by their place in `calls`: those that differ in their items only."""
    groups: dict[str, list[int]] = {}
    for place, call in enumerate(calls):
        batch = _TABLE.get((call.service, call.operation))
        if batch is None or len(call.params[batch.items]) != 1:
            yield [place]
            continue
        rest = {name: value for name, value in call.params.items() if name != batch.items}
        key = json.dumps([call.service, call.operation, call.region, rest], sort_keys=True)
        group = groups.setdefault(key, [])
        group.append(place)
        if len(group) == batch.most:
            yield groups.pop(key)
    yield from groups.values()


def joined(calls: Sequence[Call]) -> Call:
    """Return one call that is about the items of all."""
    batch = _TABLE[calls[0].service, calls[0].operation]
    items = [item for call in calls for item in call.params[batch.items]]
    return replace(calls[0], params={**calls[0].params, batch.items: items})


def failures(call: Call, response: Mapping[str, Any]) -> Iterable[tuple[str, AwsError]]:
    """Return the items that failed although AWS took the request, each with its error."""
    batch = _TABLE.get((call.service, call.operation))
    found = {} if batch is None else response.get(batch.failed) or {}
    for item, told in found.items():
        code, message = str(told.get("ErrorCode", "Failed")), str(told.get("ErrorMessage", ""))
        yield item, AwsError(call.service, call.operation, code.removesuffix("Exception"), message, call.region)


def item_of(call: Call) -> str:
    """Return the one item that a call is about."""
    return str(call.params[_TABLE[call.service, call.operation].items][0])
