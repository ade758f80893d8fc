"""Policy documents: what IAM refuses (grammar, sizes, principals), and how it keeps a trust policy's principals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from iamfix.sandbox.call import Call
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.state import IamState, Principal

_OPERATORS = frozenset(
    """StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike
    NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan NumericGreaterThanEquals
    DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals Bool BinaryEquals
    IpAddress NotIpAddress ArnEquals ArnLike ArnNotEquals ArnNotLike Null""".lower().split()
)
_TOP = frozenset({"Version", "Id", "Statement"})
_STATEMENT = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})
_TRUST_STATEMENT = frozenset({"Sid", "Effect", "Action", "NotAction", "Principal", "NotPrincipal", "Condition"})

Statement = Mapping[str, Any]


def size(document: str) -> int:
    """The size as IAM counts it: characters that are not white space."""
    return len(re.sub(r"\s", "", document))


def check_identity_policy(document: str) -> None:
    """Raise MalformedPolicyDocument unless it can be a managed or inline policy."""
    for statement in _statements(document, _STATEMENT):
        _check_actions(statement)
        _check_resources(statement)


def check_trust_policy(document: str) -> None:
    """Raise MalformedPolicyDocument unless it can be a trust policy, whatever its principals."""
    for statement in _statements(document, _TRUST_STATEMENT):
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise malformed("Missing required field Principal")
        _check_actions(statement)
        for action in listed(statement.get("Action", [])):
            if action != "*" and not action.lower().startswith("sts:"):
                raise malformed("AssumeRole policy may only specify STS AssumeRole actions.")


def malformed(message: str) -> AwsError:
    """The answer to a document that IAM refuses."""
    return AwsError("MalformedPolicyDocument", message)


def listed(value: Any) -> list[Any]:
    """A list, from a list or a single value."""
    return value if isinstance(value, list) else [value]


def _statements(document: str, allowed: frozenset[str]) -> list[Statement]:
    try:
        parsed = json.loads(document)
    except ValueError:
        raise malformed("This policy contains invalid Json") from None
    if not isinstance(parsed, dict) or not parsed.keys() <= _TOP or "Statement" not in parsed:
        raise malformed("Syntax errors in policy.")
    if parsed.get("Version", "2008-10-17") not in ("2008-10-17", "2012-10-17"):
        raise malformed("Syntax errors in policy.")
    statements = listed(parsed["Statement"])
    if not statements:
        raise malformed("Syntax errors in policy.")
    for statement in statements:
        _check_statement(statement, allowed)
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(set(sids)) != len(sids):
        raise malformed("Statement IDs (SID) in a single policy must be unique.")
    return statements


def _check_statement(statement: Any, allowed: frozenset[str]) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise malformed("Syntax errors in policy.")
    for prohibited in sorted(statement.keys() - allowed):
        if prohibited in _STATEMENT | _TRUST_STATEMENT:
            raise malformed(f"Has prohibited field {prohibited}")
        raise malformed("Syntax errors in policy.")
    if not isinstance(statement.get("Sid", ""), str) or not re.fullmatch(r"[A-Za-z0-9]*", statement.get("Sid", "")):
        raise malformed("Statement IDs (SID) must be alpha-numeric.")
    conditions = statement.get("Condition", {})
    if not isinstance(conditions, dict):
        raise malformed("Syntax errors in policy.")
    for operator, keys in conditions.items():
        _check_condition(operator, keys)


def _check_condition(operator: str, keys: Any) -> None:
    bare = re.sub(r"^(ForAnyValue|ForAllValues):|IfExists$", "", operator).lower()
    if bare not in _OPERATORS:
        raise malformed("Invalid Condition type : " + operator)
    if not isinstance(keys, dict):
        raise malformed("Syntax errors in policy.")
    for key, values in keys.items():
        if ":" not in key:
            raise malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
        if not all(isinstance(value, str | bool | int | float) for value in listed(values)):
            raise malformed("Syntax errors in policy.")


def _check_actions(statement: Statement) -> None:
    if ("Action" in statement) == ("NotAction" in statement):
        raise malformed("Policy statement must contain actions.")
    actions = listed(statement.get("Action", statement.get("NotAction")))
    if not actions:
        raise malformed("Policy statement must contain actions.")
    for action in actions:
        if not isinstance(action, str):
            raise malformed("Syntax errors in policy.")
        if action != "*" and ":" not in action:
            raise malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
        if action.count(":") > 1:
            raise malformed("Actions/Condition can contain only one colon.")
        vendor = action.split(":")[0]
        if action != "*" and not re.fullmatch(r"[A-Za-z0-9.-]+", vendor):
            raise malformed(f"Vendor {vendor} is not valid")


def _check_resources(statement: Statement) -> None:
    if ("Resource" in statement) == ("NotResource" in statement):
        raise malformed("Policy statement must contain resources.")
    resources = listed(statement.get("Resource", statement.get("NotResource")))
    if not resources:
        raise malformed("Policy statement must contain resources.")
    for resource in resources:
        if not isinstance(resource, str):
            raise malformed("Syntax errors in policy.")
        if resource != "*" and not resource.startswith("arn:"):
            raise malformed(f'Resource {resource} must be in ARN format or "*".')
        if resource != "*" and resource.count(":") < 5 and "*" not in resource:
            raise malformed("The policy failed legacy parsing")


def principals(statement: Statement) -> Iterator[tuple[str, str]]:
    """The principals of a statement as (type, value): ("AWS", "arn:…"), ("*", "*")."""
    for element in ("Principal", "NotPrincipal"):
        told = statement.get(element)
        if told == "*":
            yield "*", "*"
        elif isinstance(told, dict):
            for kind, values in told.items():
                for value in listed(values):
                    yield kind, str(value)


def resolve_principals(call: Call, document: str) -> tuple[str, dict[str, str]]:
    """A trust policy as IAM keeps it: account ids as root ARNs, and the unique ids of the users and roles in it.

    Raises MalformedPolicyDocument "Invalid principal in policy" for principals that do not exist, or that the
    replica does not show yet. Principals in accounts that the sandbox does not have are believed.
    """
    ids: dict[str, str] = {}
    renamed: dict[str, str] = {}
    for statement in listed(json.loads(document)["Statement"]):
        told = statement.get("Principal", statement.get("NotPrincipal"))
        if told != "*" and not isinstance(told, dict):
            raise malformed("Syntax errors in policy.")
        for kind, value in principals(statement):
            if kind == "AWS" and value != "*":
                arn, unique_id = _resolve(call, value)
                renamed[value] = arn
                if unique_id:
                    ids[arn] = unique_id
            elif kind == "Service" and not re.fullmatch(
                r"[a-z0-9][a-z0-9.-]*\.(amazonaws\.com(\.cn)?|aws\.internal|amazon\.com)", value
            ):
                raise invalid_principal("SERVICE", value)
            elif kind not in ("*", "AWS", "Service", "Federated", "CanonicalUser"):
                raise malformed("Syntax errors in policy.")
    changed = {old: new for old, new in renamed.items() if old != new}
    return (with_principals(document, changed) if changed else document), ids


def invalid_principal(kind: str, value: str) -> AwsError:
    """The answer to a principal that does not exist."""
    return malformed(f'Invalid principal in policy: "{kind}":"{value}"')


def _resolve(call: Call, value: str) -> tuple[str, str | None]:
    if re.fullmatch(r"[0-9]{12}", value):
        return f"arn:{call.partition}:iam::{value}:root", None
    if re.fullmatch(r"A(ROA|IDA)[A-Z2-7]{17}", value):
        return _resolve_id(call, value)
    match = re.fullmatch(r"arn:([a-z-]+):(iam|sts)::([0-9]{12}):([\x21-\x7e]+)", value)
    if match is None or match[1] != call.partition or "*" in match[4]:
        raise invalid_principal("AWS", value)
    service, account, resource = match[2], match[3], match[4]
    if resource == "root" or service == "sts" or account not in call.cloud.accounts:
        return value, None
    state = call.cloud.state(IamState, account, call.partition)
    kind, _, name = resource.partition("/")
    key = name.rsplit("/", 1)[-1].lower()
    found: Principal | None = None
    if kind == "user":
        found = state.users.seen(key, call.replica)
    elif kind == "role":
        found = state.roles.seen(key, call.replica)
    if found is None or found.arn(account, call.partition) != value:
        raise invalid_principal("AWS", value)
    return value, found.id


def _resolve_id(call: Call, unique_id: str) -> tuple[str, str | None]:
    for account in call.cloud.accounts:
        state = call.cloud.state(IamState, account, call.partition)
        have: list[Principal] = [*state.users.all_seen(call.replica), *state.roles.all_seen(call.replica)]
        for found in have:
            if found.id == unique_id:
                return found.arn(account, call.partition), unique_id
    raise invalid_principal("AWS", unique_id)


def shown_trust(call: Call, document: str, ids: Mapping[str, str]) -> str:
    """A trust policy as IAM shows it now: principals deleted since are shown as their unique ids, renamed ones anew."""
    changed = {}
    for arn, unique_id in ids.items():
        now = _arn_now(call, arn, unique_id)
        if now != arn:
            changed[arn] = now
    return with_principals(document, changed) if changed else document


def _arn_now(call: Call, arn: str, unique_id: str) -> str:
    account, resource = arn.split(":")[4], arn.split(":")[5]
    state = call.cloud.state(IamState, account, call.partition)
    have: list[Principal] = [*(state.users if resource.startswith("user/") else state.roles).all_latest()]
    now = next((found for found in have if found.id == unique_id), None)
    return now.arn(account, call.partition) if now else unique_id


def with_principals(document: str, changed: Mapping[str, str]) -> str:
    """The document with some of its AWS principals replaced."""
    parsed = json.loads(document)
    for statement in listed(parsed["Statement"]):
        for element in ("Principal", "NotPrincipal"):
            told = statement.get(element)
            if isinstance(told, dict) and "AWS" in told:
                values = told["AWS"]
                told["AWS"] = (
                    [changed.get(value, value) for value in values]
                    if isinstance(values, list)
                    else changed.get(values, values)
                )
    return json.dumps(parsed)
