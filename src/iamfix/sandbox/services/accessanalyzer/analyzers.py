"""Analyzers and their tags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.accessanalyzer.state import Analyzer, AnalyzerState, ArchiveRule, take
from iamfix.sandbox.services.organizations.state import OrgState
from iamfix.sandbox.services.tags import Tags

SERVICE_PRINCIPAL = "access-analyzer.amazonaws.com"
MOST = {"ACCOUNT": 1, "ORGANIZATION": 5}
"""Analyzers of each scope and use, per region (model of CreateAnalyzer, member `type`)."""


def _shown(one: Analyzer) -> dict[str, Any]:
    return {
        "arn": one.arn, "name": one.name, "type": one.type, "createdAt": one.created, "status": "ACTIVE",
        "tags": dict(one.tags), "configuration": dict(one.configuration) or None,
    }  # fmt: skip


def create_analyzer(call: Call) -> Answer:
    """CreateAnalyzer: few of each type, those of the organization only where it is trusted."""
    name, kind, state = call.param("analyzerName"), call.param("type"), call.regional(AnalyzerState)
    if state.analyzers.latest(name) is not None:
        raise AwsError("ConflictException", f"An analyzer {name} exists already.", status=409)
    scope = kind.split("_", maxsplit=1)[0]
    same = [one for one in state.analyzers.all_latest() if one.type == kind]
    if len(same) >= MOST[scope]:
        raise AwsError("ServiceQuotaExceededException", f"There are {len(same)} analyzers of type {kind}.", status=402)
    if scope == "ORGANIZATION":
        _check_organization(call)
    configuration = call.params.get("configuration") or {}
    _check_configuration(kind, configuration)
    if kind.endswith("_UNUSED_ACCESS"):
        configuration = {"unusedAccess": {"unusedAccessAge": 90, **configuration.get("unusedAccess", {})}}
    now = call.cloud.now()
    rules = {rule["ruleName"]: ArchiveRule(rule["filter"], now, now) for rule in call.params.get("archiveRules") or ()}
    arn = f"arn:{call.partition}:access-analyzer:{call.region}:{call.account}:analyzer/{name}"
    made = Analyzer(name, arn, kind, now, configuration, call.params.get("tags") or {}, rules)
    state.analyzers.put(name, made)
    return {"arn": arn}


def _check_organization(call: Call) -> None:
    state = call.cloud.state(OrgState, call.cloud.management_account or call.account, call.partition)
    if call.account != call.cloud.management_account or SERVICE_PRINCIPAL not in state.services:
        told = "The account is not the management account, or the organization does not trust IAM Access Analyzer."
        raise AwsError("ValidationException", told)


def _check_configuration(kind: str, configuration: Any) -> None:
    age = configuration.get("unusedAccess", {}).get("unusedAccessAge")
    if age is not None and not 1 <= age <= 365:
        raise AwsError("ValidationException", "unusedAccessAge must be 1 to 365.")
    if configuration.get("unusedAccess") and not kind.endswith("_UNUSED_ACCESS"):
        raise AwsError("ValidationException", f"An analyzer of type {kind} has no configuration of unused access.")


def update_analyzer(call: Call) -> Answer:
    """UpdateAnalyzer: the configuration, not of external access analyzers."""
    one = take(call, call.param("analyzerName"))
    if not one.type.endswith(("_UNUSED_ACCESS", "_INTERNAL_ACCESS")):
        raise AwsError("ValidationException", "This action is not supported for external access analyzers.")
    configuration = call.params.get("configuration") or {}
    _check_configuration(one.type, configuration)
    call.regional(AnalyzerState).analyzers.put(one.name, replace(one, configuration=configuration))
    return {"configuration": configuration}


def list_analyzers(call: Call) -> Answer:
    """ListAnalyzers: those of the region."""
    found = [
        one
        for one in call.regional(AnalyzerState).analyzers.all_seen(call.replica)
        if call.params.get("type") in (None, one.type)
    ]
    some, token = page(call, found, size_param="maxResults", token_param="nextToken")
    return {"analyzers": [_shown(one) for one in some], "nextToken": token}


def get_analyzer(call: Call) -> Answer:
    """GetAnalyzer."""
    return {"analyzer": _shown(take(call, call.param("analyzerName")))}


def delete_analyzer(call: Call) -> Answer:
    """DeleteAnalyzer: with its archive rules and findings."""
    one = take(call, call.param("analyzerName"))
    call.regional(AnalyzerState).analyzers.delete(one.name)
    return {}


def _tagged(call: Call) -> Analyzer:
    return take(call, call.param("resourceArn").rpartition("/")[2])


_TAGS: Tags[Analyzer] = Tags(
    _tagged,
    lambda call, one, tags: call.regional(AnalyzerState).analyzers.put(one.name, replace(one, tags=tags)),
    too_many=("ValidationException", "A resource can have no more than 50 tags."),
    pair=None,
    param="tags",
    gone="tagKeys",
)
OPERATIONS: dict[str, Handler] = {
    "CreateAnalyzer": create_analyzer,
    "UpdateAnalyzer": update_analyzer,
    "ListAnalyzers": list_analyzers,
    "GetAnalyzer": get_analyzer,
    "DeleteAnalyzer": delete_analyzer,
    **_TAGS.operations(),
}
