"""STS: who is calling, and assuming roles as their trust policies say."""

from __future__ import annotations

import re

from iamfix.sandbox.authorization import allowed, context_of
from iamfix.sandbox.call import Answer, Call, Handler, Service
from iamfix.sandbox.credentials import Caller
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.evaluation import decide_trust, statements_of
from iamfix.sandbox.new_accounts import assumable
from iamfix.sandbox.services.iam import aws_policies, documents
from iamfix.sandbox.services.iam.state import IamState, Role
from iamfix.sandbox.services.sts_root import assume_root
from iamfix.sandbox.services.sts_sessions import issue

CHAINED_LIMIT = 3600


def get_caller_identity(call: Call) -> Answer:
    """GetCallerIdentity."""
    return {"UserId": call.caller.user_id, "Account": call.caller.account, "Arn": call.caller.arn}


def assume_role(call: Call) -> Answer:
    """AssumeRole: AccessDenied unless the role exists and its trust policy allows the caller."""
    arn, session_name = call.param("RoleArn"), call.param("RoleSessionName")
    role = _find(call, arn)
    if role is None or not assumable(call.cloud, arn.split(":")[4]) or not _trusted(call, arn, role):
        raise _denied(call, arn)
    chained = call.caller.kind == "role"
    wanted = int(call.params.get("DurationSeconds") or 3600)
    if wanted > role.max_session:
        raise AwsError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    if chained and wanted > CHAINED_LIMIT:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )
    account = arn.split(":")[4]
    session_arn = f"arn:{call.partition}:sts::{account}:assumed-role/{role.name}/{session_name}"
    user_id = f"{role.id}:{session_name}"
    caller = Caller(account=account, arn=session_arn, user_id=user_id, principal_arn=arn, kind="role")
    credentials = issue(call, caller, role.id, wanted, _session_policies(call, account))
    return {"Credentials": credentials, "AssumedRoleUser": {"AssumedRoleId": user_id, "Arn": session_arn}}


def _session_policies(call: Call, account: str) -> tuple[str, ...]:
    texts = []
    if "Policy" in call.params:
        documents.check_identity_policy(call.param("Policy"))
        texts.append(call.param("Policy"))
    for told in call.params.get("PolicyArns") or ():
        state, arn = call.cloud.state(IamState, account, call.partition), told.get("arn", "")
        found = aws_policies.by_arn(call.partition).get(arn) or state.policies.latest(arn.rsplit("/", 1)[-1].lower())
        if found is None or found.arn != arn:
            raise AwsError("MalformedPolicyDocument", f"The policy {arn} does not exist.")
        texts.append(found.document())
    return tuple(texts)


def _find(call: Call, arn: str) -> Role | None:
    match = re.fullmatch(r"arn:([a-z-]+):iam::([0-9]{12}):role(/|/.*/)([^/]+)", arn)
    if match is None:
        raise AwsError("ValidationError", f"{arn} is invalid")
    if match[1] != call.partition or match[2] not in call.cloud.accounts:
        return None
    state = call.cloud.state(IamState, match[2], call.partition)
    role = state.roles.seen(match[4].lower(), call.replica)
    return role if role is not None and role.arn(match[2], call.partition) == arn else None


def _trusted(call: Call, arn: str, role: Role) -> bool:
    caller = call.caller
    if caller.kind == "root":
        return False
    own_names = {caller.arn, caller.principal_arn, caller.user_id.split(":")[0]}
    root = f"arn:{call.partition}:iam::{caller.account}:root"
    context = {**context_of(call), "sts:RoleSessionName": call.param("RoleSessionName")}
    if "ExternalId" in call.params:
        context["sts:ExternalId"] = call.param("ExternalId")
    trust = statements_of(documents.shown_trust(call, role.trust, role.trust_ids))
    if decide_trust(trust, "sts:AssumeRole", {*own_names, root}, context) != "allow":
        return False
    if not call.cloud.enforce:
        return True
    own = allowed(call, "sts:AssumeRole", arn)
    named = decide_trust(trust, "sts:AssumeRole", own_names, context) == "allow"
    return own == "allow" or (own == "none" and named and caller.account == arn.split(":")[4])


def _denied(call: Call, arn: str) -> AwsError:
    message = f"User: {call.caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    return AwsError("AccessDenied", message, status=403)


def get_session_token(call: Call) -> Answer:
    """GetSessionToken: for users and root only."""
    if call.caller.kind == "role":
        raise AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials", status=403)
    seconds = int(call.params.get("DurationSeconds") or 43200)
    return {"Credentials": issue(call, call.caller, "", seconds)}


def get_access_key_info(call: Call) -> Answer:
    """GetAccessKeyInfo: the account of a key."""
    key, credentials = call.param("AccessKeyId"), call.cloud.credentials
    if key in credentials.user_keys:
        return {"Account": credentials.user_keys[key].account}
    if key in credentials.sessions:
        return {"Account": credentials.sessions[key].caller.account}
    raise AwsError("ValidationError", f"Invalid value for AccessKeyId: {key}")


_OPERATIONS: dict[str, Handler] = {
    "GetCallerIdentity": get_caller_identity,
    "AssumeRole": assume_role,
    "AssumeRoot": assume_root,
    "GetSessionToken": get_session_token,
    "GetAccessKeyInfo": get_access_key_info,
}

SERVICE = Service("sts", _OPERATIONS)
