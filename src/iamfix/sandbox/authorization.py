"""Whether a caller may do what it asks: identity policies, boundary, session policies and service control policies.

What is not weighed: resource policies and resource control policies, and resources outside IAM (a statement about any
resource of such a service counts). The root user may do all that service control policies leave it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.sandbox.call import Call
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.evaluation import Decision, PolicyStatement, Statements, decide, statements_of
from iamfix.sandbox.services.iam import aws_policies
from iamfix.sandbox.services.iam.state import IamState, Role, User
from iamfix.sandbox.services.organizations.state import OrgState

_PREFIXES = {
    "sso-admin": "sso",
    "accessanalyzer": "access-analyzer",
    "s3control": "s3",
    "elbv2": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
}
_ACTIONS = {
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjects": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls",
    "s3:DeleteBucketTagging": "s3:PutBucketTagging",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:PutObjectLockConfiguration": "s3:PutBucketObjectLockConfiguration",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3control:GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
    "s3control:PutPublicAccessBlock": "s3:PutAccountPublicAccessBlock",
    "s3control:DeletePublicAccessBlock": "s3:PutAccountPublicAccessBlock",
    "lambda:Invoke": "lambda:InvokeFunction",
}
_FREE = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken", "sts:AssumeRole"})
_OF_ONES_OWN = frozenset(
    {
        "ListAccessKeys", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "ListSigningCertificates",
        "UploadSigningCertificate", "UpdateSigningCertificate", "DeleteSigningCertificate", "GetLoginProfile",
        "CreateLoginProfile", "DeleteLoginProfile", "ListMFADevices", "DeactivateMFADevice", "GetUser",
    }
)  # fmt: skip
"""Operations that are about the caller's own user where they name none."""
_WORDS = {"UserName": "user", "GroupName": "group", "RoleName": "role", "InstanceProfileName": "instance-profile"}


@dataclass(frozen=True)
class _Refusal:
    because: str


def authorize(call: Call) -> None:
    """Raise AccessDenied (under the service's own name for it) unless the caller may make the call."""
    action = action_of(call)
    if action in _FREE:  # allowed to everybody, or decided by the handler
        return
    for needed, resource in ((action, resource_of(call)), *_further(call)):
        refusal = _refusal(call, needed, resource)
        if refusal is not None:
            raise _denied(call, needed, resource, refusal)


def _further(call: Call) -> Iterable[tuple[str, str | None]]:
    """What IAM asks for besides the call's own action, as (action, resource).

    Sources: API Reference of UpdateUser, UpdateGroup and AddRoleToInstanceProfile; IAM User Guide, "Tags for IAM
    resources" (tagging while creating).
    """
    if call.service != "iam":
        return
    made = call.operation.removeprefix("Create")
    if call.operation.startswith("Create") and call.params.get("Tags"):
        yield f"iam:Tag{made}", resource_of(call)
    if call.operation in ("CreateUser", "CreateRole") and call.params.get("PermissionsBoundary"):
        yield f"iam:Put{made}PermissionsBoundary", resource_of(call)
    if call.operation == "AddRoleToInstanceProfile":
        role = _path_and_name(call, "RoleName")
        yield "iam:PassRole", f"arn:{call.partition}:iam::{call.account}:role{role}"
    word = call.operation.removeprefix("Update")
    if word in ("User", "Group") and call.params.keys() & {"NewPath", f"New{word}Name"}:
        path, _, name = _path_and_name(call, f"{word}Name").rpartition("/")
        new = f"{call.params.get('NewPath', f'{path}/')}{call.params.get(f'New{word}Name', name)}"
        yield action_of(call), f"arn:{call.partition}:iam::{call.account}:{word.lower()}{new}"


def allowed(call: Call, action: str, resource: str | None) -> Decision:
    """What the caller's own policies, boundary, session and service control policies say to an action."""
    refusal = _refusal(call, action, resource)
    return "allow" if refusal is None else "deny" if "explicit deny" in refusal.because else "none"


def action_of(call: Call) -> str:
    """The action, as policies name it, behind an operation."""
    if (special := _ACTIONS.get(f"{call.service}:{call.operation}")) is not None:
        return special
    return f"{_PREFIXES.get(call.service, call.service)}:{call.operation}"


def resource_of(call: Call) -> str | None:
    """The ARN of the IAM resource that a call is about; "*" if it is about none; None for other services."""
    if call.operation == "AssumeRoot":
        target = call.param("TargetPrincipal")
        return target if target.startswith("arn:") else f"arn:{call.partition}:iam::{target}:root"
    if call.service != "iam":
        return None
    root = call.caller.kind == "root" and "UserName" not in call.params
    if root and call.operation in _OF_ONES_OWN:
        return call.caller.arn
    head = f"arn:{call.partition}:iam::{call.account}:"
    for param in ("GroupName", "InstanceProfileName", "RoleName", "UserName"):
        if param in call.params:
            return head + _WORDS[param] + _path_and_name(call, param)
    for param in ("PolicyArn", "OpenIDConnectProviderArn", "SAMLProviderArn"):
        if param in call.params:
            return call.param(param)
    if call.operation == "CreateOpenIDConnectProvider":
        return head + "oidc-provider/" + call.param("Url").removeprefix("https://").rstrip("/")
    if call.operation == "CreateSAMLProvider":
        return head + "saml-provider/" + call.param("Name")
    if call.operation == "CreateServiceLinkedRole":
        # The role's name is the service's to choose; it begins so.
        return head + f"role/aws-service-role/{call.param('AWSServiceName')}/AWSServiceRoleForIt"
    if call.operation == "CreatePolicy":
        return head + "policy" + str(call.params.get("Path", "/")) + str(call.params.get("PolicyName"))
    if "SerialNumber" in call.params:
        return call.param("SerialNumber")
    if "VirtualMFADeviceName" in call.params:
        return head + "mfa" + str(call.params.get("Path", "/")) + call.param("VirtualMFADeviceName")
    return "*"


def _path_and_name(call: Call, param: str) -> str:
    state, name = call.state(IamState), call.param(param)
    stores: Mapping[str, Any] = {
        "UserName": state.users,
        "GroupName": state.groups,
        "RoleName": state.roles,
        "InstanceProfileName": state.instance_profiles,
    }
    found = stores[param].latest(name.lower())
    path = found.path if found is not None else call.params.get("Path", "/")
    return f"{path}{name}"


def _refusal(call: Call, action: str, resource: str | None) -> _Refusal | None:
    context = context_of(call)
    for statements in _service_control_policies(call):
        decision = decide(statements, action, resource, context)
        if decision == "deny":
            return _Refusal("with an explicit deny in a service control policy")
        if decision == "none":
            return _Refusal(f"because no service control policy allows the {action} action")
    session = call.cloud.credentials.sessions.get(call.access_key)
    if call.caller.kind == "root":
        task = [statement for text in session.policies for statement in statements_of(text)] if session else []
        denied = decide(task, action, resource, context) == "deny"
        return _Refusal("with an explicit deny in a session policy") if denied else None
    principal = principal_of(call)
    if principal is None:
        return _Refusal("because its principal does not exist")
    decision = decide(_own_statements(call, principal), action, resource, context)
    if decision == "deny":
        return _Refusal("with an explicit deny in an identity-based policy")
    if decision == "none":
        return _Refusal(f"because no identity-based policy allows the {action} action")
    limits = [_managed(call, principal.boundary)] if principal.boundary else []
    if session is not None and session.policies:
        limits.append([statement for text in session.policies for statement in statements_of(text)])
    for statements in limits:
        if decide(statements, action, resource, context) != "allow":
            return _Refusal(f"because no permissions boundary or session policy allows the {action} action")
    return None


def principal_of(call: Call) -> User | Role | None:
    """The IAM user or role behind the caller."""
    state = call.cloud.state(IamState, call.caller.account, call.partition)
    name = call.caller.principal_arn.rsplit("/", 1)[-1].lower()
    return state.users.latest(name) if call.caller.kind == "user" else state.roles.latest(name)


def _own_statements(call: Call, principal: User | Role) -> Statements:
    state = call.cloud.state(IamState, call.caller.account, call.partition)
    holders: list[Any] = [principal]
    if isinstance(principal, User):
        holders += [group for group in state.groups.all_latest() if group.id in principal.groups]
    found: list[PolicyStatement] = []
    for holder in holders:
        for text in holder.inline.values():
            found += statements_of(text)
        for arn in holder.attached:
            found += _managed(call, arn)
    return found


def _managed(call: Call, arn: str) -> Statements:
    known = aws_policies.by_arn(call.partition).get(arn)
    if known is None:
        state = call.cloud.state(IamState, call.caller.account, call.partition)
        known = state.policies.latest(arn.rsplit("/", 1)[-1].lower())
    return statements_of(known.document()) if known is not None else []


def _service_control_policies(call: Call) -> Iterable[Statements]:
    """The statements of each level above the caller's account, from the root down; none for the management account."""
    manager, account = call.cloud.management_account, call.caller.account
    if manager is None or account == manager:
        return
    state = call.cloud.state(OrgState, manager, call.partition)
    member = state.members.latest(account)
    if member is None or state.types.get("SERVICE_CONTROL_POLICY") != "ENABLED":
        return
    nodes = [account, member.parent]
    while (unit := state.units.latest(nodes[-1])) is not None:
        nodes.append(unit.parent)
    for node in reversed(nodes):
        attached = (state.policies.latest(policy_id) for policy_id in state.attachments.latest(node) or ())
        policies = [policy for policy in attached if policy and policy.type == "SERVICE_CONTROL_POLICY"]
        yield [statement for policy in policies for statement in statements_of(policy.content)]


def context_of(call: Call) -> dict[str, str]:
    """The condition keys of a call, as far as the sandbox knows them."""
    context = {
        "aws:PrincipalArn": call.caller.principal_arn,
        "aws:PrincipalAccount": call.caller.account,
        "aws:PrincipalType": {"root": "Account", "user": "User", "role": "AssumedRole"}[call.caller.kind],
        "aws:userid": call.caller.user_id,
        "aws:RequestedRegion": call.region,
        "aws:SecureTransport": "true",
    }
    session = call.cloud.credentials.sessions.get(call.access_key)
    if session is not None and session.assumed_root:
        context["aws:AssumedRoot"] = "true"
    if call.operation == "AssumeRoot":
        context["sts:TaskPolicyArn"] = str(call.params["TaskPolicyArn"].get("arn", ""))
    if call.cloud.organization_id is not None and call.caller.account in call.cloud.accounts:
        context["aws:PrincipalOrgID"] = call.cloud.organization_id
    if call.caller.kind == "user":
        context["aws:username"] = call.caller.arn.rsplit("/", 1)[-1]
    principal = principal_of(call) if call.caller.kind != "root" else None
    for key, value in (principal.tags if principal is not None else {}).items():
        context[f"aws:PrincipalTag/{key}"] = value
    for tag in call.params.get("Tags") or ():
        if isinstance(tag, dict) and "Key" in tag:
            context[f"aws:RequestTag/{tag['Key']}"] = str(tag.get("Value", ""))
    if call.service == "iam":
        context.update(_iam_context(call))
    return context


def _iam_context(call: Call) -> dict[str, str]:
    told: dict[str, str] = {}
    if "PolicyArn" in call.params:
        told["iam:PolicyARN"] = call.param("PolicyArn")
    if "PermissionsBoundary" in call.params:
        told["iam:PermissionsBoundary"] = call.param("PermissionsBoundary")
    elif re.match(r"(Attach|Detach|Put|Delete)(User|Role)P", call.operation):
        state = call.state(IamState)
        name = str(call.params.get("UserName") or call.params.get("RoleName")).lower()
        holder: User | Role | None = state.users.latest(name) if "UserName" in call.params else state.roles.latest(name)
        if holder is not None and holder.boundary:
            told["iam:PermissionsBoundary"] = holder.boundary
    return told


def _denied(call: Call, action: str, resource: str | None, refusal: _Refusal) -> AwsError:
    on = resource or "*"
    message = f"User: {call.caller.arn} is not authorized to perform: {action} on resource: {on} {refusal.because}"
    if call.service == "ec2":
        return AwsError("UnauthorizedOperation", message, status=403)
    if call.service in ("iam", "sts", "s3", "s3control", "sns", "cloudwatch"):
        return AwsError("AccessDenied", message, status=403)
    return AwsError("AccessDeniedException", message, status=400)
