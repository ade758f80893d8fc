"""AWS Config in a region: its recorder, where it delivers, and whether it records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import FLAG, OPTIONAL_TEXT, SET, Scalar, asked, seen
from iamfix.kinds import defaults
from iamfix.kinds.protocol import MISSING, Breach, Look, Need, Reader, Scope, Want
from iamfix.kinds.service_access import unseen_bucket
from iamfix.model import Call

SCOPE: Scope = "regional"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
READS = (
    ("config", "describe_configuration_recorders"),
    ("config", "describe_configuration_recorder_status"),
    ("config", "describe_delivery_channels"),
)
EXAMPLE = """\
- name: AWS Config records everything
  config_recorder:
    name: default
    role: config-recorder
    bucket: config-{{ account_id }}
    global_resources: "{{ region == home_region }}"
  regions: all
"""


def _role(text: str, look: Look) -> str:
    """Return a role's ARN for its name."""
    if text.startswith("arn:"):
        return text
    found = look.get("iam_role", text)
    path = found.path if found is not None else "/"
    return f"arn:{look.account.partition}:iam::{look.account.id}:role{path}{text}"


@dataclass(frozen=True, slots=True)
class State:
    role: str | None = asked(
        OPTIONAL_TEXT,
        "The role that it looks with, by name or ARN.",
        required=True,
        resolve=_role,
        aliases=("role_arn",),
    )
    resource_types: frozenset[str] = asked(
        SET, "Which types of resources it records; none named: all that AWS Config supports.", default=frozenset()
    )
    global_resources: bool = asked(FLAG, "Whether it records IAM's resources too: in one region only.", default=False)
    frequency: str = asked(
        Scalar(str, "how often", choices=("CONTINUOUS", "DAILY")), "When changes are recorded.", default="CONTINUOUS"
    )
    bucket: str | None = asked(OPTIONAL_TEXT, "The bucket that it delivers to.", required=True)
    key_prefix: str | None = asked(OPTIONAL_TEXT, "Prefix of the objects in the bucket.")
    kms_key: str | None = asked(OPTIONAL_TEXT, "ARN of the key that encrypts them.")
    topic: str | None = asked(OPTIONAL_TEXT, "ARN of the topic that is told of changes.")
    recording: bool = asked(FLAG, "Whether it records.", default=True)
    channel: str = seen("The name of its delivery channel.", default="default")
    service: str | None = seen("The AWS service that made it for itself.")
    last_status: str | None = seen("How its last delivery went.", volatile=True)


def observe(read: Reader, want: Want) -> dict[str, State]:
    recorders = read.get("config", "describe_configuration_recorders")["ConfigurationRecorders"]
    if not recorders:
        return {}
    told = read.get("config", "describe_configuration_recorder_status")["ConfigurationRecordersStatus"]
    status = {one["name"]: one for one in told}
    channels = read.get("config", "describe_delivery_channels")["DeliveryChannels"]
    channel = channels[0] if channels else {}
    return {
        one["name"]: _state(one, status.get(one["name"], {}), channel) for one in recorders if want.has(one["name"])
    }


def _state(found: Mapping[str, Any], status: Mapping[str, Any], channel: Mapping[str, Any]) -> State:
    group = found.get("recordingGroup", {})
    return State(
        role=found["roleARN"],
        resource_types=frozenset(() if group.get("allSupported") else group.get("resourceTypes", ())),
        global_resources=group.get("includeGlobalResourceTypes", False),
        frequency=found.get("recordingMode", {}).get("recordingFrequency", "CONTINUOUS"),
        bucket=channel.get("s3BucketName"),
        key_prefix=channel.get("s3KeyPrefix"),
        kms_key=channel.get("s3KmsKeyArn"),
        topic=channel.get("snsTopicARN"),
        recording=status.get("recording", False),
        channel=channel.get("name", "default"),
        service=found.get("servicePrincipal"),
        last_status=status.get("lastStatus"),
    )


_RECORDER = ("role", "resource_types", "global_resources", "frequency")
_CHANNEL = ("bucket", "key_prefix", "kms_key", "topic")


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    def call(operation: str, **params: Any) -> Call:
        return Call("config", operation, params, look.region)

    if after is None:
        assert before is not None
        if before.recording:
            yield call("stop_configuration_recorder", ConfigurationRecorderName=name)
        if before.bucket is not None:
            yield call("delete_delivery_channel", DeliveryChannelName=before.channel)
        yield call("delete_configuration_recorder", ConfigurationRecorderName=name)
        return
    old = before or State(recording=False)
    if before is None or _differ(old, after, _RECORDER):
        yield call("put_configuration_recorder", ConfigurationRecorder=_recorder(name, after))
    if after.bucket is not None and _differ(old, after, _CHANNEL):
        yield call("put_delivery_channel", DeliveryChannel=_delivery(after))
    if after.recording and not old.recording:
        yield call("start_configuration_recorder", ConfigurationRecorderName=name)
    if old.recording and not after.recording:
        yield call("stop_configuration_recorder", ConfigurationRecorderName=name)
    if after.bucket is None and old.bucket is not None:
        yield call("delete_delivery_channel", DeliveryChannelName=old.channel)


def _differ(old: State, new: State, fields: tuple[str, ...]) -> bool:
    return any(getattr(old, field) != getattr(new, field) for field in fields)


def _recorder(name: str, state: State) -> dict[str, Any]:
    """Say the whole recorder: AWS replaces it."""
    types = sorted(state.resource_types)
    group = {"allSupported": not types, "includeGlobalResourceTypes": state.global_resources, "resourceTypes": types}
    mode = {"recordingFrequency": state.frequency}
    return {"name": name, "roleARN": state.role, "recordingGroup": group, "recordingMode": mode}


def _delivery(state: State) -> dict[str, Any]:
    params = {
        "name": state.channel,
        "s3BucketName": state.bucket,
        "s3KeyPrefix": state.key_prefix,
        "s3KmsKeyArn": state.kms_key,
        "snsTopicARN": state.topic,
    }
    return {key: value for key, value in params.items() if value is not None}


arn = defaults.no_arn


def owner(name: str, state: State) -> str | None:
    return f"the AWS service {state.service}" if state.service else None


loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    others = [one for one, state in look.all("config_recorder").items() if one != name and state.service is None]
    if before is None and others:
        yield Breach(f"{look.region} has the recorder {others[0]!r}; AWS takes one", f"name it {others[0]}")
    if after.global_resources and after.resource_types:
        yield Breach("global_resources goes with recording all types only", "name AWS::IAM::… in resource_types")
    if after.role is not None and (before is None or before.role != after.role):
        own = f"arn:{look.account.partition}:iam::{look.account.id}:role/"
        if after.role.startswith(own) and look.get("iam_role", after.role.rpartition("/")[2]) is None:
            yield Breach(f"there is no role {after.role}", "an earlier task can create it", MISSING)


ripples = defaults.no_ripples


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    if after is not None and after.recording and not (before and before.recording):
        yield "AWS Config charges for each change of a resource that it records"
    if after is not None and after.bucket is not None and (before is None or before.bucket != after.bucket):
        yield from unseen_bucket(after.bucket, look, "AWS Config")


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    yield Need("*")
    if call.operation == "put_configuration_recorder" and state.role is not None:
        yield Need(state.role, "iam:PassRole")
