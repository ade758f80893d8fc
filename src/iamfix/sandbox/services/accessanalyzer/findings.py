"""Findings: the sandbox looks for nothing; those that a practice account or a test puts there are listed."""

from __future__ import annotations

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.services.accessanalyzer.state import take


def list_findings_v2(call: Call) -> Answer:
    """ListFindingsV2: of one analyzer, those whose status is asked for."""
    one = take(call, call.param("analyzerArn").rpartition("/")[2])
    wanted = (call.params.get("filter") or {}).get("status", {}).get("eq")
    found = [finding for finding in one.findings if wanted is None or finding.status in wanted]
    some, token = page(call, found, size_param="maxResults", token_param="nextToken")
    findings = [
        {
            "id": finding.id, "findingType": finding.type, "resource": finding.resource,
            "resourceType": finding.resource_type, "resourceOwnerAccount": call.account, "status": finding.status,
            "createdAt": finding.created, "updatedAt": finding.created, "analyzedAt": finding.created,
        }
        for finding in some
    ]  # fmt: skip
    return {"findings": findings, "nextToken": token}


OPERATIONS: dict[str, Handler] = {"ListFindingsV2": list_findings_v2}
