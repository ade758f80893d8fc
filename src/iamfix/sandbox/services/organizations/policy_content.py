"""What Organizations refuses in a policy's text."""

from __future__ import annotations

import json
from typing import Any

from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.organizations.access import constraint
from iamfix.sandbox.services.organizations.policy_types import rules

_SCP_ELEMENTS = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})
_RCP_ELEMENTS = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "NotResource", "Condition"})
_TOP_KEYS = {
    "TAG_POLICY": "tags",
    "BACKUP_POLICY": "plans",
    "AISERVICES_OPT_OUT_POLICY": "services",
    "DECLARATIVE_POLICY_EC2": "ec2_attributes",
    "CHATBOT_POLICY": "chatbot",
}


def check_content(policy_type: str, content: str) -> None:
    """Raise MalformedPolicyDocumentException or ConstraintViolationException (every character counts)."""
    if len(content) > rules(policy_type).size:
        raise constraint("POLICY_CONTENT_LIMIT_EXCEEDED", "The policy is larger than the limit for its type.")
    try:
        parsed = json.loads(content)
    except ValueError:
        raise _malformed("The provided policy document is not valid JSON.") from None
    if not isinstance(parsed, dict):
        raise _malformed("The provided policy document does not meet the requirements of the specified policy type.")
    if policy_type in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
        statements = parsed.get("Statement")
        listed = statements if isinstance(statements, list) else [statements]
        if not listed or not parsed.keys() <= {"Version", "Id", "Statement"}:
            raise _malformed("The policy has no statement, or unknown elements.")
        for statement in listed:
            _check_statement(policy_type, statement)
    elif policy_type in _TOP_KEYS and _TOP_KEYS[policy_type] not in parsed:
        raise _malformed(f"A policy of type {policy_type} has the key {_TOP_KEYS[policy_type]} at its top.")


def _malformed(message: str) -> AwsError:
    return AwsError("MalformedPolicyDocumentException", message)


def _check_statement(policy_type: str, statement: Any) -> None:
    service_control = policy_type == "SERVICE_CONTROL_POLICY"
    elements = _SCP_ELEMENTS if service_control else _RCP_ELEMENTS
    if not isinstance(statement, dict) or not statement.keys() <= elements:
        raise _malformed("The policy contains elements that its type does not allow.")
    if statement.get("Effect") not in (("Allow", "Deny") if service_control else ("Deny",)):
        raise _malformed("The policy contains an Effect that its type does not allow.")
    if ("Action" in statement) == ("NotAction" in statement):
        raise _malformed("A statement has either Action or NotAction.")
    if ("Resource" in statement) == ("NotResource" in statement):
        raise _malformed("A statement has either Resource or NotResource.")
    actions = statement.get("Action", statement.get("NotAction"))
    for action in actions if isinstance(actions, list) else [actions]:
        whole = action == "*" and service_control
        if not isinstance(action, str) or not (whole or action.count(":") == 1):
            raise _malformed(f"The action {action} is not valid.")
    if not service_control and statement.get("Principal") != "*":
        raise _malformed('A resource control policy has the principal "*".')
