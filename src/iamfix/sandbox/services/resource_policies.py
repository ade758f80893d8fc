"""Policies of resources (bucket, key, topic, queue): what AWS refuses, and what it takes for public."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from iamfix.sandbox.call import Call
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.evaluation import like
from iamfix.sandbox.services.iam.documents import listed, principals, resolve_principals

Statement = Mapping[str, Any]

_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_FIXING = frozenset(
    """aws:SourceIp aws:SourceArn aws:SourceVpc aws:SourceVpce aws:SourceOwner aws:SourceAccount aws:userid
    aws:PrincipalOrgID aws:PrincipalOrgPaths aws:PrincipalArn aws:PrincipalAccount aws:SourceOrgID aws:SourceOrgPaths
    sns:Endpoint s3:DataAccessPointArn s3:DataAccessPointAccount
    s3:x-amz-server-side-encryption-aws-kms-key-id""".lower().split()
)
"""Condition keys that, with fixed values, make a statement not public (S3 User Guide, "The meaning of public")."""
_POSITIVE = ("stringequals", "stringlike", "arnequals", "arnlike", "ipaddress", "stringequalsignorecase")


def check(call: Call, text: str, refuse: Callable[[str], AwsError], vendor: str, most: int) -> str:
    """Return the policy as AWS keeps it: account ids among its principals as root ARNs.

    `refuse` makes the service's error of a message, `vendor` is its prefix of actions, `most` its limit in bytes.
    """
    if len(text.encode()) > most:
        raise refuse("Policy exceeds the maximum allowed document size.")
    try:
        parsed = json.loads(text)
    except ValueError:
        raise refuse("This policy contains invalid Json") from None
    if (
        not isinstance(parsed, dict)
        or not parsed.keys() <= {"Version", "Id", "Statement"}
        or not parsed.get("Statement")
    ):
        raise refuse("Missing required field Statement")
    if parsed.get("Version", "2008-10-17") not in ("2008-10-17", "2012-10-17"):
        raise refuse("The policy must contain a valid version string")
    statements = listed(parsed["Statement"])
    for statement in statements:
        _check_statement(statement, refuse, vendor)
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(set(sids)) != len(sids):
        raise refuse("Statement IDs (SID) in a single policy must be unique.")
    try:
        return resolve_principals(call, text)[0]
    except AwsError as error:
        raise refuse(error.message) from None


def _check_statement(statement: Any, refuse: Callable[[str], AwsError], vendor: str) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise refuse("Invalid effect")
    if unknown := sorted(statement.keys() - _ELEMENTS):
        raise refuse(f"Unknown field {unknown[0]}")
    for pair, told in (
        (("Principal", "NotPrincipal"), "principal"),
        (("Action", "NotAction"), "action"),
        (("Resource", "NotResource"), "resource"),
    ):
        if (pair[0] in statement) == (pair[1] in statement):
            raise refuse(f"Missing required field {pair[0]}")
        values = listed(statement.get(pair[0], statement.get(pair[1])))
        if told != "principal" and not (values and all(isinstance(value, str) for value in values)):
            raise refuse(f"Policy has invalid {told}")
        if told == "action" and not all(value == "*" or _is_of(value, vendor) for value in values):
            raise refuse("Policy has invalid action")
    conditions = statement.get("Condition", {})
    if not isinstance(conditions, dict) or not all(isinstance(keys, dict) for keys in conditions.values()):
        raise refuse("Conditions must be a map")


def _is_of(action: str, vendor: str) -> bool:
    service, colon, name = action.partition(":")
    return bool(colon and name) and service.lower() == vendor


def resources(text: str) -> list[str]:
    """The resources that a policy's statements name."""
    found: list[str] = []
    for statement in listed(json.loads(text)["Statement"]):
        found += listed(statement.get("Resource", statement.get("NotResource")))
    return found


def actions(text: str) -> list[str]:
    """The actions that a policy's statements name."""
    found: list[str] = []
    for statement in listed(json.loads(text)["Statement"]):
        found += listed(statement.get("Action", statement.get("NotAction")))
    return found


def is_public(text: str | None) -> bool:
    """Whether a policy lets everybody in: an Allow for anyone that no fixed condition value narrows."""
    if text is None:
        return False
    statements = listed(json.loads(text)["Statement"])
    return any(
        statement["Effect"] == "Allow" and _for_all(statement) and not _fixed(statement) for statement in statements
    )


def _for_all(statement: Statement) -> bool:
    return "NotPrincipal" in statement or any(
        value == "*" for kind, value in principals(statement) if kind in ("*", "AWS")
    )


def _fixed(statement: Statement) -> bool:
    for operator, keys in statement.get("Condition", {}).items():
        if operator.lower().split(":")[-1] not in _POSITIVE:
            continue
        for key, values in keys.items():
            fixed = all(str(value) not in ("*", "0.0.0.0/0", "::/0") for value in listed(values))
            if key.lower() in _FIXING and fixed:
                return True
    return False


def allows(text: str, principal_arns: set[str], action: str) -> bool:
    """Whether some statement allows an action to one of these principals (or to everybody), and none denies it."""
    allowed = False
    for statement in listed(json.loads(text)["Statement"]):
        names = {value for kind, value in principals(statement) if kind in ("*", "AWS")}
        told = listed(statement.get("Action", []))
        if names & {*principal_arns, "*"} and any(like(action, one, fold_case=True) for one in told):
            if statement["Effect"] == "Deny" and not statement.get("Condition"):
                return False
            allowed = allowed or statement["Effect"] == "Allow"
    return allowed
