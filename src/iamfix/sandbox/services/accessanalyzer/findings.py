"""Findings: roles that others than the account's own principals and AWS services may assume, and roles long unused.

The real service looks at many more types of resources. Archive rules are applied.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.services.accessanalyzer.state import Analyzer, take
from iamfix.sandbox.services.iam.state import IamState, Role


def list_findings_v2(call: Call) -> Answer:
    """ListFindingsV2: of one analyzer, those whose status is asked for."""
    one = take(call, call.param("analyzerArn").rpartition("/")[2])
    wanted = (call.params.get("filter") or {}).get("status", {}).get("eq")
    found = [finding for finding in _findings(call, one) if wanted is None or finding["status"] in wanted]
    some, token = page(call, found, size_param="maxResults", token_param="nextToken")
    return {"findings": some, "nextToken": token}


def _findings(call: Call, one: Analyzer) -> Iterator[dict[str, Any]]:
    for role in call.state(IamState).roles.all_seen(call.replica):
        if role.path.startswith(("/aws-service-role/", "/aws-reserved/")):
            continue
        arn = role.arn(call.account, call.partition)
        if one.type == "ACCOUNT" and (outside := sorted(_outside(call, role))):
            facts = {"principal.AWS": outside, "resource": [arn], "resourceType": ["AWS::IAM::Role"]}
            facts["isPublic"] = ["true" if "*" in outside else "false"]
            yield _finding(call, one, "ExternalAccess", arn, facts)
        if one.type == "ACCOUNT_UNUSED_ACCESS" and _unused(call, one, role):
            yield _finding(call, one, "UnusedIAMRole", arn, {"resource": [arn], "resourceType": ["AWS::IAM::Role"]})


def _outside(call: Call, role: Role) -> Iterator[str]:
    statements = json.loads(role.trust)["Statement"]
    for statement in [statements] if isinstance(statements, dict) else statements:
        principal = statement.get("Principal", {})
        named = principal if isinstance(principal, str) else principal.get("AWS", [])
        for each in [named] if isinstance(named, str) else named:
            account = each.split(":")[4] if each.startswith("arn:") else each
            if statement["Effect"] == "Allow" and account != call.account:
                yield account


def _unused(call: Call, one: Analyzer, role: Role) -> bool:
    use = call.cloud.credentials.role_last_use.get(role.id)
    since = use.at if use is not None else role.created
    age = one.configuration.get("unusedAccess", {}).get("unusedAccessAge", 90)
    return bool((call.cloud.now() - since).days >= age)


def _finding(call: Call, one: Analyzer, kind: str, arn: str, facts: Mapping[str, list[str]]) -> dict[str, Any]:
    archived = any(_holds(rule.filter, facts) for rule in one.rules.values())
    digest = hashlib.sha256(f"{one.arn} {arn}".encode()).hexdigest()
    return {
        "id": f"{digest[:8]}-{digest[8:12]}-4{digest[12:15]}-8{digest[15:18]}-{digest[18:30]}",
        "findingType": kind, "resource": arn, "resourceType": "AWS::IAM::Role", "resourceOwnerAccount": call.account,
        "status": "ARCHIVED" if archived else "ACTIVE", "createdAt": one.created, "updatedAt": one.created,
        "analyzedAt": call.cloud.now(),
    }  # fmt: skip


def _holds(criteria: Mapping[str, Any], facts: Mapping[str, list[str]]) -> bool:
    """Whether all keys of a rule's filter match."""
    return all(_matches(criterion, facts.get(name, [])) for name, criterion in criteria.items())


def _matches(criterion: Mapping[str, Any], values: list[str]) -> bool:
    if criterion.get("exists") is not None:
        return bool(values) == bool(criterion["exists"])
    if criterion.get("eq"):
        return bool(values) and all(value in criterion["eq"] for value in values)
    if criterion.get("neq"):
        return not any(value in criterion["neq"] for value in values)
    return any(part in value for part in criterion.get("contains") or () for value in values)


OPERATIONS: dict[str, Handler] = {"ListFindingsV2": list_findings_v2}
