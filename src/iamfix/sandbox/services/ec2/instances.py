"""Instances: running, stopping, ending them; their metadata options and tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.ec2.defaults import DefaultsState
from iamfix.sandbox.services.ec2.profiles import associated, may_pass, the_profile
from iamfix.sandbox.services.ec2.state import (
    METADATA,
    Instance,
    change,
    check_tags,
    instances,
    not_found,
    the_instance,
)

ENDED_TOLD = 10
"""How many instances that have ended DescribeInstances still tells; on AWS those of the last hour."""
_STATES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}


def run_instances(call: Call) -> Answer:
    """RunInstances: they run at once. Metadata options are the instance's own, then the account's, then AWS's."""
    params, made = call.params, []
    if not params.get("ImageId"):
        raise AwsError("MissingParameter", "The request must contain the parameter ImageId")
    given = {key: value for key, value in (params.get("MetadataOptions") or {}).items() if value is not None}
    imds = dict(call.regional(DefaultsState).now.imds)
    enforced = imds.pop("HttpTokensEnforced", None)
    metadata = {**METADATA, **imds, **given}
    if enforced == "enabled" and metadata["HttpTokens"] != "required":
        raise AwsError("UnsupportedOperation", "IMDSv1 is not allowed: HttpTokens must be required in this account.")
    profile = the_profile(call, params["IamInstanceProfile"]) if params.get("IamInstanceProfile") else None
    if profile is not None:
        may_pass(call, profile)
    tags = _tags_for_instances(params.get("TagSpecifications") or ())
    check_tags(tags)
    reservation = _new_id(call, "r-")
    for _ in range(int(params["MaxCount"])):
        instance = Instance(
            _new_id(call, "i-"), params["ImageId"], params.get("InstanceType") or "m1.small", call.cloud.now(),
            reservation, metadata=metadata, tags=tags,
            association=None if profile is None else associated(call, profile),
        )  # fmt: skip
        instances(call).put(instance.id, instance)
        made.append(instance)
    return _reservation(call, reservation, made)


def _tags_for_instances(specifications: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {
        tag["Key"]: tag.get("Value", "")
        for one in specifications
        if one.get("ResourceType") == "instance"
        for tag in one.get("Tags", ())
    }


def _new_id(call: Call, prefix: str) -> str:
    return f"{prefix}{call.cloud.rng.getrandbits(68):017x}"


def _reservation(call: Call, reservation: str, members: Iterable[Instance]) -> Answer:
    told = [_told(one) for one in members]
    return {"ReservationId": reservation, "OwnerId": call.account, "Groups": [], "Instances": told}


def _told(instance: Instance) -> dict[str, Any]:
    """An instance as DescribeInstances tells it. One that has ended tells little (and no profile)."""
    ended = instance.state == "terminated"
    told: dict[str, Any] = {
        "InstanceId": instance.id,
        "ImageId": instance.image,
        "InstanceType": instance.type,
        "LaunchTime": instance.launched,
        "State": {"Code": _STATES[instance.state], "Name": instance.state},
        "PlatformDetails": instance.platform,
        "MetadataOptions": {"State": "applied", **instance.metadata},
        "Tags": [{"Key": key, "Value": value} for key, value in instance.tags.items()],
    }
    if instance.platform == "Windows":
        told["Platform"] = "windows"
    if instance.public_ip and instance.state == "running":
        told["PublicIpAddress"] = instance.public_ip
    if not ended:
        told["VpcId"] = instance.vpc
        if instance.association is not None:
            told["IamInstanceProfile"] = {"Arn": instance.association.arn, "Id": instance.association.profile_id}
    return told


def describe_instances(call: Call) -> Answer:
    """DescribeInstances: those that have just ended too; no MaxResults: up to 1,000 in one answer."""
    wanted = call.params.get("InstanceIds") or ()
    seen = instances(call).all_seen(call.replica)
    if missing := set(wanted) - {one.id for one in seen}:
        raise not_found(missing)
    found = [one for one in seen if (not wanted or one.id in wanted) and _passes(one, call.params.get("Filters") or ())]
    if call.params.get("MaxResults") and wanted:
        raise AwsError("InvalidParameterCombination", "The parameter instancesSet cannot be used with maxResults")
    some, token = page(call, found, default_size=1000, size_param="MaxResults", token_param="NextToken")
    groups: dict[str, list[Instance]] = {}
    for one in some:
        groups.setdefault(one.reservation, []).append(one)
    return {"Reservations": [_reservation(call, *group) for group in groups.items()], "NextToken": token}


_FILTERS: Mapping[str, Callable[[Instance], str | None]] = {
    "instance-id": lambda one: one.id,
    "instance-state-name": lambda one: one.state,
    "image-id": lambda one: one.image,
    "vpc-id": lambda one: one.vpc,
}


def _passes(instance: Instance, filters: Iterable[Mapping[str, Any]]) -> bool:
    for one in filters:
        name, values = one["Name"], one["Values"]
        if name.startswith("tag:"):
            value = instance.tags.get(name.removeprefix("tag:"))
        elif name in _FILTERS:
            value = _FILTERS[name](instance)
        else:
            raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
        if value not in values:
            return False
    return True


def _move(to: str, *, unless: tuple[str, ...]) -> Handler:
    def move(call: Call) -> Answer:
        moved = []
        for instance_id in call.params["InstanceIds"]:
            one = the_instance(call, instance_id)
            if one.state in unless:
                told = f"The instance '{one.id}' is not in a state from which it can be {to}."
                raise AwsError("IncorrectInstanceState", told)
            gone = {"association": None} if to == "terminated" else {}
            change(call, one, state=to, **gone)
            _forget_ended(call)
            moved.append(
                {
                    "InstanceId": one.id,
                    "PreviousState": {"Code": _STATES[one.state], "Name": one.state},
                    "CurrentState": {"Code": _STATES[to], "Name": to},
                }
            )
        key = {"running": "StartingInstances", "stopped": "StoppingInstances", "terminated": "TerminatingInstances"}[to]
        return {key: moved}

    return move


def _forget_ended(call: Call) -> None:
    """What has ended is told for a while; here, the last few of them."""
    ended = [one.id for one in instances(call).all_latest() if one.state == "terminated"]
    for instance_id in ended[:-ENDED_TOLD]:
        instances(call).delete(instance_id)


def modify_metadata(call: Call) -> Answer:
    """ModifyInstanceMetadataOptions: what is not given stays; only of instances that run or are stopped.

    Source: the Terraform AWS provider's `resourceInstanceUpdate`: no other option is allowed unless the endpoint is on.
    """
    instance = the_instance(call, call.param("InstanceId"))
    if instance.state not in ("pending", "running", "stopping", "stopped"):
        told = f"The instance '{instance.id}' is not in a valid state for this operation."
        raise AwsError("IncorrectInstanceState", told)
    given = {key: call.params[key] for key in METADATA if call.params.get(key) is not None}
    hops = given.get("HttpPutResponseHopLimit", 1)
    if not 1 <= int(hops) <= 64:
        raise AwsError("InvalidParameterValue", f"Value ({hops}) for parameter httpPutResponseHopLimit is invalid.")
    metadata = {**instance.metadata, **given}
    if metadata["HttpEndpoint"] == "disabled" and (others := sorted(given.keys() - {"HttpEndpoint"})):
        told = f"You can't specify {', '.join(others)} when the HTTP metadata endpoint is disabled."
        raise AwsError("InvalidParameterCombination", told)
    enforced = call.regional(DefaultsState).now.imds.get("HttpTokensEnforced")
    if enforced == "enabled" and given.get("HttpTokens") == "optional":
        raise AwsError("UnsupportedOperation", "IMDSv1 is not allowed: HttpTokens must be required in this account.")
    change(call, instance, metadata=metadata)
    return {"InstanceId": instance.id, "InstanceMetadataOptions": {"State": "pending", **metadata}}


def _ours(call: Call) -> list[Instance] | None:
    """The instances that a call about tags names; None when it is about something else, which is moto's."""
    ids = call.params["Resources"]
    if not all(str(one).startswith("i-") for one in ids):
        return None
    return [the_instance(call, one) for one in ids]


def create_tags(call: Call) -> Answer | None:
    """CreateTags."""
    named = _ours(call)
    if named is None:
        return None
    given = {tag["Key"]: tag.get("Value", "") for tag in call.params["Tags"]}
    check_tags(given)
    after = [{**one.tags, **given} for one in named]
    for one, tags in zip(named, after, strict=True):
        if len([key for key in tags if not key.startswith("aws:")]) > 50:
            raise AwsError("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
        change(call, one, tags=tags)
    return {}


def delete_tags(call: Call) -> Answer | None:
    """DeleteTags: a tag with a value goes only when it has that value; without tags given, all go but AWS's."""
    named = _ours(call)
    if named is None:
        return None
    gone = call.params.get("Tags")
    for one in named:
        kept = {
            key: value
            for key, value in one.tags.items()
            if key.startswith("aws:")
            or (gone and not any(tag["Key"] == key and tag.get("Value", value) in ("", value) for tag in gone))
        }
        instances(call).put(one.id, replace(one, tags=kept))
    return {}


OPERATIONS: dict[str, Handler] = {
    "RunInstances": run_instances,
    "DescribeInstances": describe_instances,
    "StartInstances": _move("running", unless=("terminated", "shutting-down")),
    "StopInstances": _move("stopped", unless=("terminated", "shutting-down")),
    "TerminateInstances": _move("terminated", unless=()),
    "ModifyInstanceMetadataOptions": modify_metadata,
    "CreateTags": create_tags,
    "DeleteTags": delete_tags,
}
