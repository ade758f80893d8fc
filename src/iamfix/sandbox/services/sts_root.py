"""STS: sessions of a member account's root user, opened centrally.

Source: STS API Reference, "AssumeRoot"; IAM User Guide, "Centrally manage root access for member accounts" and
"AWS managed policies" (root-task/…). At which endpoint a request arrives, regional or global, the sandbox cannot see.
"""

from __future__ import annotations

import re

from iamfix.sandbox.call import Answer, Call
from iamfix.sandbox.credentials import root_caller
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam import aws_policies
from iamfix.sandbox.services.iam.root_access import CREDENTIALS, SESSIONS, features_of, organization_of
from iamfix.sandbox.services.sts_sessions import issue

MOST_SECONDS = 900
_NEEDS = {"IAM": CREDENTIALS, "S3": SESSIONS, "SQS": SESSIONS}
"""How a task's name begins -> the feature that allows it."""


def assume_root(call: Call) -> Answer:
    """AssumeRoot: from the management or IAM's delegated account, into a member account, for one task."""
    seconds = int(call.params.get("DurationSeconds", MOST_SECONDS))
    if seconds > MOST_SECONDS:
        told = f"Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: at most {MOST_SECONDS}"
        raise AwsError("ValidationError", told)
    target, task = call.param("TargetPrincipal"), str(call.params["TaskPolicyArn"].get("arn", ""))
    account = re.fullmatch(r"(?:arn:[a-z-]+:iam::)?([0-9]{12})(?::root)?", target)
    if account is None:
        raise AwsError("ValidationError", f"{target} is invalid")
    policy = aws_policies.by_arn(call.partition).get(task)
    if policy is None or policy.path != "/root-task/":
        raise AwsError("ValidationError", f"{task} is not a policy of a root task")
    if call.caller.kind == "root" or not _reaches(call, account[1], policy.name):
        on = f"arn:{call.partition}:iam::{account[1]}:root"
        told = f"User: {call.caller.arn} is not authorized to perform: sts:AssumeRoot on resource: {on}"
        raise AwsError("AccessDenied", told, status=403)
    caller = root_caller(account[1], call.partition)
    return {"Credentials": issue(call, caller, "", seconds, (policy.document(),), root=True)}


def _reaches(call: Call, account: str, task: str) -> bool:
    """Whether the caller's account may open this task in that account."""
    try:
        org, state = organization_of(call)
    except AwsError:
        return False
    member = state.members.latest(account)
    if member is None or account == org.management_account or member.state != "ACTIVE":
        return False
    needed = next(feature for word, feature in _NEEDS.items() if task.startswith(word))
    return needed in features_of(call, org)
