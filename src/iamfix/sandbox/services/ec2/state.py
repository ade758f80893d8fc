"""The instances of an account in a region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from iamfix.sandbox.call import Call
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.store import Store, Visibility

METADATA: Mapping[str, Any] = {
    "HttpTokens": "optional",
    "HttpPutResponseHopLimit": 1,
    "HttpEndpoint": "enabled",
    "HttpProtocolIpv6": "disabled",
    "InstanceMetadataTags": "disabled",
}
"""What an instance has when neither it nor its account asks for anything."""


@dataclass(frozen=True)
class Association:
    """An instance profile that an instance has: by its ARN and id, as they were when it was associated."""

    id: str
    arn: str
    profile_id: str


@dataclass(frozen=True)
class Instance:
    """An instance. `state` is AWS's word for it."""

    id: str
    image: str
    type: str
    launched: datetime
    reservation: str
    state: str = "running"
    platform: str = "Linux/UNIX"
    public_ip: str | None = None
    vpc: str = "vpc-0a1b2c3d4e5f60718"
    metadata: Mapping[str, Any] = field(default_factory=lambda: METADATA)
    association: Association | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def arn(self, call: Call) -> str:
        return f"arn:{call.partition}:ec2:{call.region}:{call.account}:instance/{self.id}"


class InstancesState:
    """Instances by id."""

    def __init__(self, visibility: Visibility) -> None:
        self.instances: Store[Instance] = Store(visibility)


def instances(call: Call) -> Store[Instance]:
    return call.regional(InstancesState).instances


def not_found(ids: Iterable[str]) -> AwsError:
    named = sorted(ids)
    told = f"The instance ID '{named[0]}' does not exist"
    if len(named) > 1:
        told = f"The instance IDs '{', '.join(named)}' do not exist"
    return AwsError("InvalidInstanceID.NotFound", told)


def the_instance(call: Call, instance_id: str) -> Instance:
    """An instance as last written. Raises InvalidInstanceID.Malformed, InvalidInstanceID.NotFound."""
    if not instance_id.startswith("i-"):
        raise AwsError("InvalidInstanceID.Malformed", f'Invalid id: "{instance_id}"')
    found = instances(call).latest(instance_id)
    if found is None or instances(call).seen(instance_id, call.replica) is None:
        raise not_found([instance_id])
    return found


def change(call: Call, instance: Instance, **fields: Any) -> Instance:
    changed = replace(instance, **fields)
    instances(call).put(instance.id, changed)
    return changed


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise what EC2 answers to tags that it does not take (EC2 User Guide, "Tag restrictions")."""
    for key in tags:
        if key.lower().startswith("aws:"):
            told = "Tag keys starting with 'aws:' are reserved for internal use"
            raise AwsError("InvalidParameterValue", f"Value ( {key} ) for parameter key is invalid. {told}")
    if len(tags) > 50:
        raise AwsError("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
