"""What Organizations refuses in a policy's text."""

from __future__ import annotations

import json
import re
from typing import Any

from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.documents import check_identity_policy, listed
from iamfix.sandbox.services.organizations.access import constraint
from iamfix.sandbox.services.organizations.management_content import check_settings
from iamfix.sandbox.services.organizations.policy_types import rules

_RCP_ELEMENTS = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "NotResource", "Condition"})
_VERSION = "2012-10-17"
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
        parsed = json.loads(content, object_pairs_hook=_once)
    except ValueError:
        raise malformed("The provided policy document is not valid JSON.") from None
    if not isinstance(parsed, dict):
        raise malformed("The provided policy document does not meet the requirements of the specified policy type.")
    if policy_type == "SERVICE_CONTROL_POLICY":
        _check_service_control(parsed)
    elif policy_type == "RESOURCE_CONTROL_POLICY":
        _check_resource_control(parsed)
    elif policy_type in _TOP_KEYS:
        top = _TOP_KEYS[policy_type]
        if list(parsed) != [top]:
            raise malformed(f"A policy of type {policy_type} has the key {top} at its top.")
        if told := check_settings(policy_type, parsed[top]):
            raise malformed(told)


def malformed(message: str) -> AwsError:
    """The answer to a text that Organizations refuses."""
    return AwsError("MalformedPolicyDocumentException", message)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _check_service_control(parsed: dict[str, Any]) -> None:
    """Since 2025 the whole of IAM's language but principals (Organizations User Guide, "SCP syntax")."""
    if parsed.get("Version") != _VERSION:
        raise malformed("The policy has no Version, or not the one that service control policies have.")
    _check_as_identity_policy(parsed)


def _check_resource_control(parsed: dict[str, Any]) -> None:
    """Deny only, for every principal, of named services (Organizations User Guide, "RCP syntax")."""
    if parsed.get("Version") != _VERSION:
        raise malformed("The policy has no Version, or not the one that resource control policies have.")
    for statement in listed(parsed.get("Statement", [])):
        if not isinstance(statement, dict) or not statement.keys() <= _RCP_ELEMENTS:
            raise malformed("The policy contains elements that its type does not allow.")
        if statement.get("Effect") != "Deny":
            raise malformed("The policy contains an Effect that its type does not allow.")
        if statement.get("Principal") not in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
            raise malformed('A resource control policy has the principal "*".')
        for action in listed(statement.get("Action", [])):
            if not isinstance(action, str) or not re.match(r"[A-Za-z0-9-]+:", action):
                raise malformed(f"The action {action} is not valid.")
    bare = [
        {key: value for key, value in statement.items() if key != "Principal"}
        for statement in listed(parsed.get("Statement", []))
    ]
    _check_as_identity_policy({**parsed, "Statement": bare})


def _check_as_identity_policy(parsed: dict[str, Any]) -> None:
    try:
        check_identity_policy(json.dumps(parsed))
    except AwsError as error:
        raise malformed(error.message) from None
