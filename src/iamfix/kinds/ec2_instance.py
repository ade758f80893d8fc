"""EC2 instance, by its id: its instance profile, metadata options and tags. It is never launched or terminated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import OPTIONAL_TEXT, TAGS, FieldError, Scalar, asked, seen
from iamfix.kinds import defaults, tagging
from iamfix.kinds import iam_shared as iam
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Scope, Want
from iamfix.model import UNREAD, Call, Mark, Result
from iamfix.records import Record

SCOPE: Scope = "regional"
FOLDS_CASE = False
CREATABLE = False
SINGLETON = None
KEPT = "iamfix terminates no instance"
READS = (("ec2", "describe_instances"), ("ec2", "describe_iam_instance_profile_associations"))
EXAMPLE = """\
- name: Instances ask for IMDSv2
  ec2_instance:
    select: "metadata_options.http_tokens == 'optional'"
    metadata_options: {http_tokens: required}
"""

_SWITCH = Scalar(str, "enabled or disabled", choices=("enabled", "disabled"))
_PARTS = {
    "http_tokens": ("HttpTokens", Scalar(str, "required or optional", choices=("required", "optional")), "optional"),
    "http_put_response_hop_limit": ("HttpPutResponseHopLimit", Scalar(int, "1 to 64", low=1, high=64), 1),
    "http_endpoint": ("HttpEndpoint", _SWITCH, "enabled"),
    "http_protocol_ipv6": ("HttpProtocolIpv6", _SWITCH, "disabled"),
    "instance_metadata_tags": ("InstanceMetadataTags", _SWITCH, "disabled"),
}
"""Part, in Ansible's words -> AWS's word, codec, what it is where AWS tells nothing."""
_METADATA = {part: default for part, (_, _, default) in _PARTS.items()}
_OPTIONS = Record({part: codec for part, (_, codec, _) in _PARTS.items()}, defaults=_METADATA)
_GONE = ("terminated", "shutting-down")


def _profile(text: str, look: Look) -> str:
    """Return the name of an instance profile that is given by name or ARN. Raises FieldError."""
    if not text.startswith("arn:"):
        return text
    start = iam.iam_arn(look, "instance-profile", "/", "")
    if not text.startswith(start):
        raise FieldError(f"{text!r} is no instance profile of this account", f"write its name: {iam.name_of(text)}")
    return iam.name_of(text)


@dataclass(frozen=True, slots=True)
class State:
    instance_profile: str | None = asked(
        OPTIONAL_TEXT, "Instance profile, by name or ARN; null for none.", resolve=_profile,
        aliases=("iam_instance_profile",),
    )  # fmt: skip
    metadata_options: Mapping[str, Any] = asked(
        _OPTIONS, "How the instance's metadata can be read; parts that are not given stay.", default=_METADATA
    )
    tags: tagging.Tags | Mark = asked(TAGS, "Tags.", default={}, detail=True)
    association_id: str | Mark | None = seen(
        "Id under which it has its instance profile.", detail=True, always=True, volatile=True,
        reads=("describe_iam_instance_profile_associations",),
    )  # fmt: skip
    associated: str | Mark | None = seen(
        "Instance profile that it has under that id.", detail=True, always=True, volatile=True,
        reads=("describe_iam_instance_profile_associations",),
    )  # fmt: skip
    state: str = seen("State, in AWS's words (running, stopped, …).", default="running", volatile=True)
    type: str | None = seen("Instance type.", volatile=True)
    launched: str | None = seen("When it was launched (UTC).", volatile=True)
    image: str | None = seen("Image that it was launched from.")
    platform: str | None = seen("Platform, such as Linux/UNIX or Windows.")
    public_ip: str | None = seen("Public IPv4 address.", volatile=True)
    vpc: str | None = seen("VPC.")
    group: str | None = seen("Auto Scaling group that launched it, and replaces it.")
    managed_by: str | None = seen("The AWS service or tool that launched it and keeps it.")


def observe(read: Reader, want: Want) -> dict[str, State]:
    """One bulk read, and a second one for the ids of associations; what has ended is left out."""
    found = {
        one["InstanceId"]: one
        for reservation in read.get("ec2", "describe_instances").get("Reservations", ())
        for one in reservation["Instances"]
        if one["State"]["Name"] not in _GONE and want.has(one["InstanceId"])
    }
    there: dict[str, tuple[str, str]] = {}
    read_ids = bool({"association_id", "associated"} & want.details)
    if read_ids and found:
        told = read.get("ec2", "describe_iam_instance_profile_associations")
        there = {
            one["InstanceId"]: (one["AssociationId"], iam.name_of(one["IamInstanceProfile"]["Arn"]))
            for one in told.get("IamInstanceProfileAssociations", ())
            if one["State"] in ("associating", "associated")
        }
    states = {}
    for name, one in found.items():
        number, profile = there.get(name, (None, None))
        states[name] = _state(
            one,
            tags=iam.tags_of(one) if "tags" in want.details else UNREAD,
            association_id=number if read_ids else UNREAD,
            associated=profile if read_ids else UNREAD,
        )
    return states


def _state(one: Mapping[str, Any], **fields: Any) -> State:
    tags, options = iam.tags_of(one), one.get("MetadataOptions", {})
    profile = one.get("IamInstanceProfile", {}).get("Arn")
    return State(
        instance_profile=None if profile is None else iam.name_of(profile),
        metadata_options={part: options.get(word, default) for part, (word, _, default) in _PARTS.items()},
        state=one["State"]["Name"],
        type=one.get("InstanceType"),
        launched=iam.when(one.get("LaunchTime")),
        image=one.get("ImageId"),
        platform=one.get("PlatformDetails"),
        public_ip=one.get("PublicIpAddress"),
        vpc=one.get("VpcId"),
        group=tags.get("aws:autoscaling:groupName"),
        managed_by=_manager(one, tags),
        **fields,
    )


def _manager(one: Mapping[str, Any], tags: Mapping[str, str]) -> str | None:
    """Return who keeps an instance.

    Sources: EC2 User Guide, "Managed instances" (Operator); CloudFormation User Guide, "Resource tags"; EKS User Guide,
    "Tag your resources"; EMR Management Guide and Batch User Guide, likewise.
    """
    operator = one.get("Operator", {})
    if operator.get("Managed"):
        return f"the AWS service {operator.get('Principal', 'that manages it')}"
    if (stack := tags.get("aws:cloudformation:stack-name")) is not None:
        return f"the CloudFormation stack {stack}"
    if (cluster := tags.get("aws:eks:cluster-name", tags.get("eks:cluster-name"))) is not None:
        return f"the EKS cluster {cluster}"
    if "aws:elasticmapreduce:job-flow-id" in tags:
        return f"the EMR cluster {tags['aws:elasticmapreduce:job-flow-id']}"
    return "AWS Batch" if any(key.startswith("aws:batch:") for key in tags) else None


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if before is None or after is None:
        return

    def call(operation: str, **params: Any) -> Call:
        return Call("ec2", operation, params, look.region)

    changed = {
        word: after.metadata_options[part]
        for part, (word, _, _) in _PARTS.items()
        if before.metadata_options.get(part) != after.metadata_options.get(part)
    }
    off = {"HttpEndpoint": changed.pop("HttpEndpoint")} if changed.get("HttpEndpoint") == "disabled" else {}
    for options in filter(None, (changed, off)):  # an endpoint that is off takes no other option: it is turned off last
        yield call("modify_instance_metadata_options", InstanceId=name, **options)
    if before.instance_profile != after.instance_profile:
        profile = {"Name": after.instance_profile}
        if before.instance_profile is None:
            yield call("associate_iam_instance_profile", InstanceId=name, IamInstanceProfile=profile)
        else:
            number = _association(name, before, look)
            if after.instance_profile is None:
                yield call("disassociate_iam_instance_profile", AssociationId=number)
            else:
                yield call("replace_iam_instance_profile_association", AssociationId=number, IamInstanceProfile=profile)
    gone, new = tagging.changed(before.tags, after.tags)
    if gone:
        yield call("delete_tags", Resources=[name], Tags=[{"Key": key} for key in gone])
    if new:
        yield call("create_tags", Resources=[name], Tags=tagging.tag_list(new))


def _association(name: str, before: State, look: Look) -> str | Result:
    """Return the id of an association: as it was seen, or as the call that makes it will tell."""
    if before.associated == before.instance_profile and isinstance(before.association_id, str):
        return before.association_id
    first = before.association_id in (None, UNREAD)
    operation = "associate_iam_instance_profile" if first else "replace_iam_instance_profile_association"
    at = look.address("ec2_instance", name)
    return Result(at, operation, "IamInstanceProfileAssociation.AssociationId", field="association_id")


def arn(name: str, state: State, look: Look) -> str:
    return f"arn:{look.account.partition}:ec2:{look.region}:{look.account.id}:instance/{name}"


def owner(name: str, state: State) -> str | None:
    return state.managed_by


loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    yield from tagging.limit(after.tags)
    if before is not None:
        old, new = before.metadata_options, after.metadata_options
        if old != new and old["http_endpoint"] == new["http_endpoint"] == "disabled":
            yield Breach(
                "its metadata endpoint is off, and takes no other option", "turn it on too, with http_endpoint: enabled"
            )
    profile = after.instance_profile
    if before is None or profile is None or profile == before.instance_profile:
        return
    held = look.get("iam_instance_profile", profile)
    if held is None:
        yield Breach(f"there is no instance profile {profile!r}", "create it in an earlier task")
    elif held.role is None:
        yield Breach(f"the instance profile {profile!r} holds no role", "give it one in an earlier task")


ripples = defaults.no_ripples


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    if before is None or after is None:
        return
    if before.group is not None:
        yield f"the Auto Scaling group {before.group} replaces it some day: change its launch template too"
    if before.instance_profile not in (None, after.instance_profile):
        yield f"what runs on it loses what the instance profile {before.instance_profile} allows"
    if before.metadata_options["http_tokens"] != "required" == after.metadata_options["http_tokens"]:
        yield "software that asks for metadata without a token (IMDSv1) gets no answer any more"


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    """Source: Service Authorization Reference, "Amazon EC2"; EC2 User Guide, "Permission to pass an IAM role"."""
    yield Need(arn(name, state, look))
    if "IamInstanceProfile" in call.params:
        held = look.get("iam_instance_profile", str(state.instance_profile))
        name_of_role = "*" if held is None or held.role is None else str(held.role)
        role = None if name_of_role == "*" else look.get("iam_role", name_of_role)
        yield Need(iam.iam_arn(look, "role", "/" if role is None else role.path, name_of_role), "iam:PassRole")
