"""Tags of any resource, by its ARN: of all that AWS's tagging API tells, and of what it leaves out, IAM's among it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from iamfix.fields import TAGS, asked, seen
from iamfix.kinds import defaults, tagging
from iamfix.kinds import iam_shared as iam
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Ripple, Scope, Want
from iamfix.model import UNREAD, Call, Mark

SCOPE: Scope = "regional"
FOLDS_CASE = False
CREATABLE = False
SINGLETON = None
KEPT = "it is what has the tags; write tags: {} to take them away"
READS = (
    ("resourcegroupstaggingapi", "get_resources"),
    ("s3", "list_buckets"),
    ("ec2", "describe_instances"),
    ("lambda", "list_functions"),
    ("iam", "get_account_authorization_details"),
    ("iam", "list_instance_profiles"),
    ("iam", "get_policy"),
    ("iam", "list_instance_profile_tags"),
)
EXAMPLE = """\
- name: Instances and buckets belong to somebody
  resource_tags:
    select: "type in ['ec2:instance', 's3:bucket'] and 'Owner' not in tags"
    tags: {include: {Owner: platform}}
"""

_API = "resourcegroupstaggingapi"
_ALONE = {"s3": "bucket", "sns": "topic", "sqs": "queue"}
"""Services whose ARNs end with a name and no word for what it names."""
_LISTED = ("ec2:instance", "lambda:function", "s3:bucket")
"""Types that are listed here: what the tagging API still tells of those that are gone is left out."""
_ENTITIES = {"user": "UserName", "role": "RoleName", "policy": "PolicyArn", "instance-profile": "InstanceProfileName"}
_KINDS = {
    "iam:user": "iam_user", "iam:role": "iam_role", "iam:policy": "iam_managed_policy",
    "iam:instance-profile": "iam_instance_profile", "s3:bucket": "s3_bucket", "ec2:instance": "ec2_instance",
    "lambda:function": "lambda", "sns:topic": "sns_topic", "sqs:queue": "sqs_queue",
    "logs:log-group": "cloudwatchlogs_log_group", "events:rule": "eventbridge_rule",
}  # fmt: skip
"""Type -> kind whose resources have the same tags; those go by the last part of the ARN."""

_LAMBDA_TEXT = re.compile(r"[\w\s.:/=+@-]*")
"""The pattern of Lambda's tags in AWS's model, which that of the tagging API does not have."""


@dataclass(frozen=True, slots=True)
class State:
    tags: tagging.Tags | Mark = asked(
        TAGS, "Tags.", default={}, detail=True, always=True, reads=("get_policy", "list_instance_profile_tags")
    )
    type: str = seen("Service and type, as in ec2:instance, s3:bucket, iam:role.", default="")
    service: str = seen("Service, as ARNs have it.", default="")
    id: str = seen("What the ARN calls it: its id or name, with a path where it has one.", default="")


def _parts(arn: str) -> tuple[str, str, str]:
    """Return service, type (without the service) and id of an ARN."""
    service, resource = arn.split(":", 5)[2], arn.split(":", 5)[-1]
    if service in _ALONE:
        return service, _ALONE[service], resource
    word, _, rest = resource.lstrip("/").partition(":" if re.match(r"[\w-]+:", resource) else "/")
    return (service, word, rest) if rest else (service, "", resource)


def _state(arn: str, tags: tagging.Tags | Mark) -> State:
    service, word, rest = _parts(arn)
    return State(tags, f"{service}:{word}" if word else service, service, rest)


def observe(read: Reader, want: Want) -> dict[str, State]:
    """Bulk reads that other kinds share; IAM is read with the home region, where all of it is told once.

    Source: Resource Groups Tagging API Reference, "GetResources": it tells only what has tags, or had some.
    """
    tags: dict[str, tagging.Tags | Mark] = {}
    for one in read.get(_API, "get_resources", ResourcesPerPage=100).get("ResourceTagMappingList", ()):
        if ":iam::" not in one["ResourceARN"]:
            tags[one["ResourceARN"]] = iam.tags_of(one)
    there = dict(_listed(read, tags))
    states = {arn: _state(arn, found) for arn, found in tags.items()}
    found = {arn: state for arn, state in states.items() if state.type not in _LISTED}
    found |= {arn: _state(arn, one) for arn, one in there.items()}
    if read.region == read.account.home_region:
        found |= {arn: _state(arn, one) for arn, one in _of_iam(read)}
    mine = {arn: state for arn, state in found.items() if want.has(arn)}
    return _with_tags(read, mine) if "tags" in want.details else mine


def _listed(read: Reader, told: Mapping[str, tagging.Tags | Mark]) -> Iterator[tuple[str, tagging.Tags | Mark]]:
    """Yield what has perhaps never had a tag: buckets, instances and functions."""
    account, partition = read.account.id, read.account.partition
    for bucket in read.get("s3", "list_buckets", BucketRegion=read.region)["Buckets"]:
        arn = f"arn:{partition}:s3:::{bucket['Name']}"
        yield arn, told.get(arn, {})
    for reservation in read.get("ec2", "describe_instances").get("Reservations", ()):
        for one in reservation["Instances"]:
            if one["State"]["Name"] not in ("terminated", "shutting-down"):
                arn = f"arn:{partition}:ec2:{read.region}:{account}:instance/{one['InstanceId']}"
                yield arn, iam.tags_of(one)
    for one in read.get("lambda", "list_functions").get("Functions", ()):
        yield one["FunctionArn"], told.get(one["FunctionArn"], {})


def _of_iam(read: Reader) -> Iterator[tuple[str, tagging.Tags | Mark]]:
    """Yield users and roles with their tags; of policies and instance profiles IAM tells the tags one by one."""
    for part in ("UserDetailList", "RoleDetailList"):
        for found in iam.details(read, part):
            yield found["Arn"], iam.tags_of(found)
    for found in iam.details(read, "Policies"):
        yield found["Arn"], UNREAD
    for found in read.get("iam", "list_instance_profiles")["InstanceProfiles"]:
        yield found["Arn"], UNREAD


def _with_tags(read: Reader, states: Mapping[str, State]) -> dict[str, State]:
    """Fill in what IAM tells one by one; what has gone in between is left out."""
    full = {arn: state for arn, state in states.items() if state.tags is not UNREAD}
    policies = sorted(arn for arn, state in states.items() if state.tags is UNREAD and state.type == "iam:policy")
    answers = read.each("iam", "get_policy", [{"PolicyArn": arn} for arn in policies], "NoSuchEntity")
    for arn, answer in zip(policies, answers, strict=True):
        if answer is not None:
            full[arn] = replace(states[arn], tags=iam.tags_of(answer["Policy"]))
    profiles = sorted(states.keys() - full.keys() - set(policies))
    asks = [{"InstanceProfileName": iam.name_of(arn)} for arn in profiles]
    answers = read.each("iam", "list_instance_profile_tags", asks, "NoSuchEntity")
    for arn, answer in zip(profiles, answers, strict=True):
        if answer is not None:
            full[arn] = replace(states[arn], tags=iam.tags_of(answer))
    return full


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    """What differs only in its ARN goes in one request, twenty at a time; IAM has calls of its own."""
    if before is None or after is None:
        return
    gone, new = tagging.changed(before.tags, after.tags)
    service, word, _ = _parts(name)
    if service == "iam":
        key, entity = _ENTITIES[word], word.replace("-", "_")
        who = {key: name if key == "PolicyArn" else iam.name_of(name)}
        if gone:
            yield Call("iam", f"untag_{entity}", {**who, "TagKeys": gone})
        if new:
            yield Call("iam", f"tag_{entity}", {**who, "Tags": tagging.tag_list(new)})
        return
    if gone:
        yield Call(_API, "untag_resources", {"ResourceARNList": [name], "TagKeys": gone}, look.region)
    if new:
        yield Call(_API, "tag_resources", {"ResourceARNList": [name], "Tags": dict(new)}, look.region)


def arn(name: str, state: State, look: Look) -> str:
    return name


def owner(name: str, state: State) -> str | None:
    service, _, rest = _parts(name)
    path, _, own = f"/{rest}".rpartition("/")
    if service == "iam":
        return iam.owner_of(f"{path}/", own, {} if isinstance(state.tags, Mark) else state.tags)
    return tagging.owner_of(own, state.tags)


loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None or isinstance(after.tags, Mark):
        return
    if after.service == "lambda":
        for text in sorted({text for one in after.tags.items() for text in one if not _LAMBDA_TEXT.fullmatch(text)}):
            yield Breach(f"Lambda does not take {text!r} in tags", "letters, digits, spaces and _ . : / = + - @")
    yield from iam.tag_breaches(after.tags, fold_case=after.type in ("iam:user", "iam:role"))


def ripples(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Ripple]:
    """Tell the resource itself, where it is of a kind of its own."""
    if before is None or after is None or after.type not in _KINDS:
        return
    step = _step(*tagging.changed(before.tags, after.tags))
    own = after.id if after.type in ("logs:log-group", "sns:topic", "sqs:queue") else iam.name_of(f"/{after.id}")
    yield Ripple(_KINDS[after.type], own, "tags", step)


def reflections(old_arn: str | None, new_arn: str | None, before: Any | None, after: Any | None) -> Iterator[Ripple]:
    """Tell the tags of a resource of another kind that was made, changed or taken away."""
    old, new = getattr(before, "tags", None), getattr(after, "tags", None)
    if old is None and new is None:
        return
    old_arn, new_arn = _shown(old_arn), _shown(new_arn)
    if old_arn is not None and old_arn != new_arn:
        yield Ripple("resource_tags", old_arn)
    if new_arn is None or new is None:
        return
    if old is None or old_arn != new_arn:
        made = _state(new_arn, {} if isinstance(new, Mark) else new)
        yield Ripple("resource_tags", new_arn, None, lambda _: made)
    elif not isinstance(old, Mark) and not isinstance(new, Mark) and old != new:
        yield Ripple("resource_tags", new_arn, "tags", _step(*tagging.changed(old, new)))


def _step(gone: Sequence[str], new: tagging.Tags) -> Callable[[tagging.Tags], tagging.Tags]:
    return lambda tags: {**{key: value for key, value in tags.items() if key not in gone}, **new}


def _shown(arn: str | None) -> str | None:
    """Return the ARN under which a resource is shown here; None for what is not: some of IAM's are left out."""
    if arn is None or (":iam::" in arn and _parts(arn)[1].rpartition(":")[2] not in _ENTITIES):
        return None
    return arn.removesuffix(":*")


notes = defaults.no_notes

_TAGGING = {
    "ec2": ("CreateTags", "DeleteTags"), "s3": ("PutBucketTagging", "PutBucketTagging"),
    "sqs": ("TagQueue", "UntagQueue"), "cloudtrail": ("AddTags", "RemoveTags"),
    "rds": ("AddTagsToResource", "RemoveTagsFromResource"), "elasticloadbalancing": ("AddTags", "RemoveTags"),
}  # fmt: skip
"""Service -> its actions for tags; most have TagResource and UntagResource."""


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    """Source: Resource Groups Tagging API Reference, "TagResources": the service's own permission is needed too."""
    yield Need(name if call.service == "iam" else "*")
    if call.service == "iam":
        return
    add, remove = _TAGGING.get(state.service, ("TagResource", "UntagResource"))
    yield Need(name, f"{state.service}:{remove if call.operation == 'untag_resources' else add}")
    if state.service == "s3":
        yield Need(name, "s3:GetBucketTagging")
