"""What the tagging API reaches: each resource's ARN, type and tags, how new tags are put, and what that asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from iamfix.sandbox.call import Call
from iamfix.sandbox.services.ec2.state import InstancesState
from iamfix.sandbox.services.kms.state import KmsState
from iamfix.sandbox.services.lambda_.functions import LambdaState
from iamfix.sandbox.services.logs.state import LogsState
from iamfix.sandbox.services.s3.state import s3_state
from iamfix.sandbox.services.sns.state import SnsState
from iamfix.sandbox.services.sqs.queues import SqsState
from iamfix.sandbox.store import Store


@dataclass(frozen=True)
class Taggable:
    """A resource; `tag` and `untag` are the actions of its own service that its tags ask for."""

    arn: str
    type: str
    tags: Mapping[str, str]
    put: Callable[[dict[str, str]], None]
    tag: str
    untag: str


class _Tagged(Protocol):
    @property
    def tags(self) -> Mapping[str, str]: ...


def taggable(call: Call, *, seen: bool) -> Iterator[Taggable]:
    """All resources of the account in the region: as the replica shows them, or as last written."""

    def each(store: Store[Any]) -> list[Any]:
        return store.all_seen(call.replica) if seen else store.all_latest()

    def made(arn: str, kind: str, store: Store[Any], key: str, one: _Tagged, tag: str, untag: str) -> Taggable:
        def put(tags: dict[str, str]) -> None:
            latest: Any = store.latest(key)
            store.put(key, replace(latest, tags=tags))

        service = kind.split(":")[0]
        return Taggable(arn, kind, one.tags, put, f"{service}:{tag}", f"{service}:{untag}")

    instances = call.regional(InstancesState).instances
    for one in each(instances):
        if one.state != "terminated":
            yield made(one.arn(call), "ec2:instance", instances, one.id, one, "CreateTags", "DeleteTags")
    functions = call.regional(LambdaState).functions
    for one in each(functions):
        yield made(one.arn, "lambda:function", functions, one.name, one, "TagResource", "UntagResource")
    buckets = s3_state(call).buckets
    for one in each(buckets):
        if (one.account, one.region) == (call.account, call.region):
            arn = f"arn:{call.partition}:s3:::{one.name}"
            yield made(arn, "s3:bucket", buckets, one.name, one, "PutBucketTagging", "PutBucketTagging")
    topics = call.regional(SnsState).topics
    for one in each(topics):
        yield made(one.arn, "sns:topic", topics, one.arn, one, "TagResource", "UntagResource")
    queues = call.regional(SqsState).queues
    for one in each(queues):
        yield made(one.arn, "sqs:queue", queues, one.name, one, "TagQueue", "UntagQueue")
    keys = call.regional(KmsState).keys
    for one in each(keys):
        if one.manager == "CUSTOMER":
            yield made(one.arn, "kms:key", keys, one.id, one, "TagResource", "UntagResource")
    groups = call.state(LogsState).groups
    for one in each(groups):
        if one.region == call.region:
            key = f"{one.region}:{one.name}"
            yield made(one.arn(call), "logs:log-group", groups, key, one, "TagResource", "UntagResource")
