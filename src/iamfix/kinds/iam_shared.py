"""What the IAM kinds have in common: the one bulk read, and the calls for attachments, inline policies and tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Protocol

from iamfix.fields import FieldError, Partial
from iamfix.kinds.aws_managed import aws_managed_paths
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Ripple
from iamfix.model import Call
from iamfix.policy.document import Document

Tags = Mapping[str, str]
Documents = Mapping[str, Document]

MAX_ATTACHED = 10
"""Managed policies on one user, group or role, unless AWS has raised it (IAM User Guide, reference_iam-quotas)."""
MAX_TAGS = 50
INLINE_LIMITS = {"user": 2048, "group": 5120, "role": 10240}
"""Characters that all inline policies of one user, group or role may have together, white space not counted."""

_DETAILS_FILTER = ["User", "Role", "Group", "LocalManagedPolicy"]


class Policies(Protocol):
    """A State with inline and managed policies."""

    @property
    def inline_policies(self) -> Documents: ...

    @property
    def managed_policies(self) -> frozenset[str]: ...


def details(read: Reader, part: str) -> list[Mapping[str, Any]]:
    """Return one list of `GetAccountAuthorizationDetails`: `UserDetailList`, `Policies`, …; one request serves all."""
    found = read.get("iam", "get_account_authorization_details", Filter=_DETAILS_FILTER)
    return list(found.get(part, ()))


def iam_arn(look: Look, resource: str, path: str, name: str) -> str:
    return f"arn:{look.account.partition}:iam::{look.account.id}:{resource}{path}{name}"


def name_of(arn: str) -> str:
    """Return the last part of an IAM ARN: its resource's name, without the path."""
    return arn.rpartition("/")[2]


def policy_of(arn: str) -> tuple[str, str]:
    """Return (kind, name) of the policy an ARN names."""
    return ("iam_aws_managed_policy" if ":iam::aws:" in arn else "iam_managed_policy", name_of(arn))


def policy_arn(text: str, look: Look) -> str:
    """Return the ARN of a policy that is given by ARN or name: the account's own of that name, else AWS's.

    Raises:
        FieldError: no such policy, or an ARN of another partition or account.
    """
    partition, account = look.account.partition, look.account.id
    if text.startswith("arn:"):
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("policy/"):
            raise FieldError(f"{text!r} is not the ARN of a managed policy")
        if parts[1] != partition:
            raise FieldError(f"{text!r} is of another partition than {partition}", f"write its name: {name_of(text)}")
        if parts[4] not in (account, "aws"):
            raise FieldError(f"{text!r} is of another account than {account}", f"write its name: {name_of(text)}")
        return text
    if (own := look.get("iam_managed_policy", text)) is not None:
        return iam_arn(look, "policy", own.path, text)
    path = aws_managed_paths().get(text)
    if path is None and (aws := look.get("iam_aws_managed_policy", text)) is not None:
        path = aws.path
    if path is None:
        near = get_close_matches(text, [*look.all("iam_managed_policy"), *aws_managed_paths()], 1)
        hint = f"did you mean {near[0]!r}?" if near else "an earlier task can create it"
        raise FieldError(f"there is no policy {text!r} in this account, and AWS has none of that name", hint)
    return f"arn:{partition}:iam::aws:policy{path}{text}"


def tags_of(found: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}


def attached_of(found: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(policy["PolicyArn"] for policy in found.get("AttachedManagedPolicies", ()))


def inline_of(found: Mapping[str, Any], part: str, partition: str) -> dict[str, Document]:
    return {
        policy["PolicyName"]: Document.parse(policy["PolicyDocument"], partition=partition)
        for policy in found.get(part, ())
    }


def boundary_of(found: Mapping[str, Any]) -> str | None:
    arn: str | None = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return arn


def when(moment: datetime | None) -> str | None:
    """Return a time as AWS gives it in ISO 8601, UTC, to the second."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def days_since(moment: datetime | None, now: datetime) -> int | None:
    return None if moment is None else (now - moment).days


def tag_list(tags: Tags) -> list[dict[str, str]]:
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def tag_calls(entity: str, who: Mapping[str, str], before: Tags, after: Tags) -> Iterator[Call]:
    """Untag first: keys that differ only in case are one key on users and roles."""
    before, after = without_aws(before), without_aws(after)
    if gone := sorted(before.keys() - after.keys()):
        yield Call("iam", f"untag_{entity}", {**who, "TagKeys": gone})
    if new := {key: value for key, value in after.items() if before.get(key) != value}:
        yield Call("iam", f"tag_{entity}", {**who, "Tags": tag_list(new)})


def without_aws(tags: Tags) -> Tags:
    """Leave out the tags that only AWS can set."""
    return {key: value for key, value in tags.items() if not key.lower().startswith("aws:")}


def attachment_calls(
    entity: str, who: Mapping[str, str], before: frozenset[str], after: frozenset[str]
) -> Iterator[Call]:
    """Attach before detaching, so that no permission is missing in between, unless AWS's limit leaves no room."""
    attach = [Call("iam", f"attach_{entity}_policy", {**who, "PolicyArn": arn}) for arn in sorted(after - before)]
    detach = [Call("iam", f"detach_{entity}_policy", {**who, "PolicyArn": arn}) for arn in sorted(before - after)]
    room = len(before | after) <= MAX_ATTACHED
    yield from (*attach, *detach) if room else (*detach, *attach)


def inline_calls(entity: str, who: Mapping[str, str], before: Documents, after: Documents) -> Iterator[Call]:
    """Put before deleting, so that no permission is missing in between, unless AWS's limit leaves no room."""
    put = [
        Call("iam", f"put_{entity}_policy", {**who, "PolicyName": name, "PolicyDocument": after[name].json()})
        for name in sorted(after)
        if before.get(name) != after[name]
    ]
    delete = [
        Call("iam", f"delete_{entity}_policy", {**who, "PolicyName": name}) for name in sorted(before.keys() - after)
    ]
    room = sum(document.size() for document in {**before, **after}.values()) <= INLINE_LIMITS[entity]
    yield from (*put, *delete) if room else (*delete, *put)


def policy_calls(entity: str, who: Mapping[str, str], before: Policies, after: Policies) -> Iterator[Call]:
    """Change inline and managed policies: what takes the other's place comes first, so that nothing is missing between.

    An inline policy that becomes a managed one goes after that is attached; and the other way round.
    """
    inline = list(inline_calls(entity, who, before.inline_policies, after.inline_policies))
    gone = f"delete_{entity}_policy"
    if inline and inline[0].operation == gone != inline[-1].operation:
        # AWS's limit leaves no room for the new ones beside the old.
        yield from inline
        inline = []
    yield from (call for call in inline if call.operation != gone)
    yield from attachment_calls(entity, who, before.managed_policies, after.managed_policies)
    yield from (call for call in inline if call.operation == gone)


def boundary_call(entity: str, who: Mapping[str, str], boundary: str | None) -> Call:
    if boundary is None:
        return Call("iam", f"delete_{entity}_permissions_boundary", {**who})
    return Call("iam", f"put_{entity}_permissions_boundary", {**who, "PermissionsBoundary": boundary})


def attachment_ripples(entity: str, name: str, before: frozenset[str], after: frozenset[str]) -> Iterator[Ripple]:
    """Tell the customer managed policies who carries them now."""
    who = frozenset((f"{entity}/{name}",))
    for arn in before ^ after:
        kind, policy = policy_of(arn)
        if kind == "iam_managed_policy":
            step = Partial(who, frozenset()) if arn in after else Partial(frozenset(), who)
            yield Ripple(kind, policy, "attached_to", step)


def attachment_breaches(attached: frozenset[str]) -> Iterator[Breach]:
    if len(attached) > MAX_ATTACHED:
        yield Breach(
            f"{len(attached)} managed policies attached; AWS takes {MAX_ATTACHED} unless the quota was raised",
            "join policies, or allow `quota` where AWS has raised the limit",
        )


def inline_breaches(entity: str, documents: Documents) -> Iterator[Breach]:
    size, limit = sum(document.size() for document in documents.values()), INLINE_LIMITS[entity]
    if size > limit:
        yield Breach(
            f"inline policies of {size} characters; AWS takes {limit} for all of a {entity} together",
            "make them managed policies (6,144 characters each)",
        )


_QUOTAS = {
    "iam_user": (5000, "Users", "users"),
    "iam_group": (300, "Groups", "groups"),
    "iam_role": (1000, "Roles", "roles"),
    "iam_managed_policy": (1500, "Policies", "customer managed policies"),
    "iam_instance_profile": (1000, "InstanceProfiles", "instance profiles"),
}
"""How many of a kind an account may have at least, for AWS raises most of these on request; AWS's name of that quota,
and ours (IAM User Guide, reference_iam-quotas)."""


def count_breaches(kind: str, before: Any | None, look: Look) -> Iterator[Breach]:
    """Tell of one more than the account may have. The account's own quota is asked only where the least is reached.

    Service-linked roles do not count.
    """
    if before is not None:
        return
    least, quota, what = _QUOTAS[kind]
    there = sum(not one.path.startswith("/aws-service-role/") for one in look.all(kind).values())
    if there < least:
        return
    account = look.get("iam_account", "account")
    most = least if account is None else account.quotas.get(quota, least)
    if there >= most:
        yield Breach(
            f"there are {most} {what} then already, and AWS takes no more in this account",
            "remove some that nobody needs, or have AWS raise the quota (Service Quotas, IAM)",
        )


def tag_breaches(tags: Tags, *, fold_case: bool) -> Iterator[Breach]:
    own = without_aws(tags)
    if len(own) > MAX_TAGS:
        yield Breach(f"{len(own)} tags; AWS takes {MAX_TAGS}")
    if fold_case and len({key.lower() for key in own}) < len(own):
        yield Breach("two tags whose keys differ only in case; for IAM users and roles they are one key")


def owner_of(path: str, name: str, tags: Tags) -> str | None:
    """Return which AWS service or tool owns a user, role or policy, told by its path, name and tags.

    Source: IAM User Guide, "Using service-linked roles"; IAM Identity Center User Guide, "Referencing permission sets";
    AWS Control Tower User Guide, "How AWS Control Tower works with roles"; CloudFormation User Guide, "Resource tags".
    """
    if path.startswith("/aws-service-role/"):
        return f"the AWS service {path.split('/')[2]} (service-linked role)"
    if path.startswith("/aws-reserved/"):
        return "IAM Identity Center"
    if name.startswith(("AWSControlTower", "aws-controltower-")):
        return "AWS Control Tower"
    stack = tags.get("aws:cloudformation:stack-name")
    return None if stack is None else f"the CloudFormation stack {stack}"


def boundary_ripples(entity: str, name: str, before: str | None, after: str | None) -> Iterator[Ripple]:
    """Tell the customer managed policies whom they bound now."""
    who = frozenset((f"{entity}/{name}",))
    if before == after:
        return
    for boundary, step in ((before, Partial(frozenset(), who)), (after, Partial(who, frozenset()))):
        if boundary and policy_of(boundary)[0] == "iam_managed_policy":
            yield Ripple("iam_managed_policy", name_of(boundary), "boundary_of", step)


def membership_ripple(group: str, user: str, *, joins: bool) -> Ripple:
    """Tell a group that a user joined or left it."""
    who = frozenset((user,))
    return Ripple("iam_group", group, "users", Partial(who, frozenset()) if joins else Partial(frozenset(), who))


_NAMES = {
    "GroupName": ("group", "iam_group"),
    "InstanceProfileName": ("instance-profile", "iam_instance_profile"),
    "UserName": ("user", "iam_user"),
    "RoleName": ("role", "iam_role"),
}
"""Parameter -> (word in the ARN, kind) of what it names. A call with several of them works on the first."""


def needs(kind: str, call: Call, name: str, state: Any, look: Look) -> Iterator[Need]:
    """Yield what an IAM call must be allowed.

    Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS IAM"; API Reference of
    UpdateUser and UpdateGroup (both the old and the new ARN) and AddRoleToInstanceProfile (PassRole); IAM User Guide,
    "Tags for IAM resources" (tagging while creating). Creating with a boundary needs the right to put it too.
    """
    if call.operation in ("delete_virtual_mfa_device", "tag_mfa_device", "untag_mfa_device"):
        yield Need(str(call.params["SerialNumber"]))
        return
    resources = _resources(kind, call, name, state, look)
    yield from (Need(resource) for resource in resources)
    made = "".join(part.title() for part in call.operation.removeprefix("create_").split("_"))
    if call.operation.startswith("create_") and call.params.get("Tags"):
        yield from (Need(resource, f"iam:Tag{made}") for resource in resources)
    if call.operation in ("create_role", "create_user") and call.params.get("PermissionsBoundary"):
        yield from (Need(resource, f"iam:Put{made}PermissionsBoundary") for resource in resources)
    if call.operation == "add_role_to_instance_profile":
        role = _arns("RoleName", call, kind, name, state, look)
        yield from (Need(resource, "iam:PassRole") for resource in role)


def _resources(kind: str, call: Call, name: str, state: Any, look: Look) -> list[str]:
    for parameter in _NAMES:
        if parameter in call.params:
            found = _arns(parameter, call, kind, name, state, look)
            before = look.get(kind, name) if "NewPath" in call.params else None
            return found if before is None else [iam_arn(look, _NAMES[parameter][0], before.path, name), *found]
    if "PolicyArn" in call.params:
        return [str(call.params["PolicyArn"])]
    return [iam_arn(look, "policy", state.path, name)] if call.operation == "create_policy" else ["*"]


def _arns(parameter: str, call: Call, kind: str, name: str, state: Any, look: Look) -> list[str]:
    """Return the ARN of what a parameter names; under any path, where nothing tells the path."""
    word, named_kind = _NAMES[parameter]
    named = str(call.params[parameter])
    if (named_kind, named) == (kind, name):
        found = state
    else:
        found = look.get(named_kind, named) if named_kind != "iam_instance_profile" else None
    if found is None:
        start = iam_arn(look, word, "/", "")
        return [f"{start}{named}", f"{start}*/{named}"]
    return [iam_arn(look, word, found.path, named)]
