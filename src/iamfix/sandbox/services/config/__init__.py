"""AWS Config: a region's recorder and delivery channel, with the order in which they come and go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, Service
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.state import IamState
from iamfix.sandbox.services.s3.state import s3_state
from iamfix.sandbox.store import Store, Visibility


@dataclass(frozen=True)
class Region:
    """What a region has: AWS takes one recorder and one channel."""

    recorder: Mapping[str, Any] | None = None
    channel: Mapping[str, Any] | None = None
    recording: bool = False


class ConfigState:
    """An account's recorders and channels, by region."""

    def __init__(self, visibility: Visibility) -> None:
        self.regions: Store[Region] = Store(visibility)


def _seen(call: Call) -> Region:
    return call.state(ConfigState).regions.seen(call.region, call.replica) or Region()


def _latest(call: Call) -> Region:
    return call.state(ConfigState).regions.latest(call.region) or Region()


def _put(call: Call, region: Region) -> Answer:
    call.state(ConfigState).regions.put(call.region, region)
    return {}


def _recorder(call: Call) -> Region:
    found, name = _latest(call), call.param("ConfigurationRecorderName")
    if found.recorder is None or found.recorder["name"] != name:
        raise AwsError("NoSuchConfigurationRecorderException", f"Cannot find configuration recorder {name}.")
    return found


def put_configuration_recorder(call: Call) -> Answer:
    """PutConfigurationRecorder: the whole of it; another name is one too many."""
    wanted, found = call.params["ConfigurationRecorder"], _latest(call)
    name = wanted.get("name") or "default"
    if found.recorder is not None and found.recorder["name"] != name:
        told = f"Failed to put configuration recorder {name} because the maximum number is reached."
        raise AwsError("MaxNumberOfConfigurationRecordersExceededException", told)
    _check_role(call, wanted.get("roleARN") or "")
    group = wanted.get("recordingGroup") or {"allSupported": True}
    if group.get("allSupported") and group.get("resourceTypes"):
        raise AwsError("InvalidRecordingGroupException", "The recording group provided is not valid")
    if group.get("includeGlobalResourceTypes") and not group.get("allSupported"):
        raise AwsError("InvalidRecordingGroupException", "The recording group provided is not valid")
    return _put(call, replace(found, recorder={**wanted, "name": name, "recordingGroup": group}))


def _check_role(call: Call, arn: str) -> None:
    role = call.state(IamState).roles.seen(arn.rpartition("/")[2].lower(), call.replica)
    if role is None or role.arn(call.account, call.partition) != arn:
        raise AwsError("InvalidRoleException", f"You have provided a null or empty role ARN, or none that works: {arn}")


def describe_recorders(call: Call) -> Answer:
    """DescribeConfigurationRecorders."""
    found = _seen(call).recorder
    return {"ConfigurationRecorders": [found] if found else []}


def describe_status(call: Call) -> Answer:
    """DescribeConfigurationRecorderStatus."""
    found = _seen(call)
    if found.recorder is None:
        return {"ConfigurationRecordersStatus": []}
    status = {"name": found.recorder["name"], "recording": found.recording, "lastStatus": "Pending"}
    return {"ConfigurationRecordersStatus": [status]}


def delete_recorder(call: Call) -> Answer:
    """DeleteConfigurationRecorder: it stops recording."""
    return _put(call, replace(_recorder(call), recorder=None, recording=False))


def put_delivery_channel(call: Call) -> Answer:
    """PutDeliveryChannel: after the recorder."""
    wanted, found = call.params["DeliveryChannel"], _latest(call)
    if found.recorder is None:
        told = "Configuration recorder is not available to put delivery channel."
        raise AwsError("NoAvailableConfigurationRecorderException", told)
    name = wanted.get("name") or "default"
    if found.channel is not None and found.channel["name"] != name:
        told = f"Failed to put delivery channel {name} because the maximum number is reached."
        raise AwsError("MaxNumberOfDeliveryChannelsExceededException", told)
    bucket = str(wanted.get("s3BucketName"))
    if s3_state(call).buckets.seen(bucket, call.replica) is None:
        raise AwsError("NoSuchBucketException", f"Cannot find a S3 bucket with an empty bucket name or {bucket}.")
    return _put(call, replace(found, channel={**wanted, "name": name}))


def describe_channels(call: Call) -> Answer:
    """DescribeDeliveryChannels."""
    found = _seen(call).channel
    return {"DeliveryChannels": [found] if found else []}


def delete_channel(call: Call) -> Answer:
    """DeleteDeliveryChannel: not while something is recorded."""
    found, name = _latest(call), call.param("DeliveryChannelName")
    if found.channel is None or found.channel["name"] != name:
        raise AwsError("NoSuchDeliveryChannelException", f"Cannot find delivery channel with specified name {name}.")
    if found.recording:
        told = f"Failed to delete last specified delivery channel with name {name}: there is a running recorder."
        raise AwsError("LastDeliveryChannelDeleteFailedException", told)
    return _put(call, replace(found, channel=None))


def start_recorder(call: Call) -> Answer:
    """StartConfigurationRecorder: with a channel to deliver to."""
    found = _recorder(call)
    if found.channel is None:
        told = "Delivery channel is not available to start configuration recorder."
        raise AwsError("NoAvailableDeliveryChannelException", told)
    return _put(call, replace(found, recording=True))


def stop_recorder(call: Call) -> Answer:
    """StopConfigurationRecorder."""
    return _put(call, replace(_recorder(call), recording=False))


_OPERATIONS: dict[str, Handler] = {
    "PutConfigurationRecorder": put_configuration_recorder,
    "DescribeConfigurationRecorders": describe_recorders,
    "DescribeConfigurationRecorderStatus": describe_status,
    "DeleteConfigurationRecorder": delete_recorder,
    "PutDeliveryChannel": put_delivery_channel,
    "DescribeDeliveryChannels": describe_channels,
    "DeleteDeliveryChannel": delete_channel,
    "StartConfigurationRecorder": start_recorder,
    "StopConfigurationRecorder": stop_recorder,
}
SERVICE = Service("config", _OPERATIONS)
