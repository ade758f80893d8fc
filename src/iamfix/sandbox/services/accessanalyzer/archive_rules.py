"""Archive rules of an analyzer."""

from __future__ import annotations

from dataclasses import replace

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.accessanalyzer.state import Analyzer, AnalyzerState, ArchiveRule, take


def _rule(one: Analyzer, name: str) -> ArchiveRule:
    if name not in one.rules:
        raise AwsError("ResourceNotFoundException", f"The archive rule {name} does not exist.", status=404)
    return one.rules[name]


def create_archive_rule(call: Call) -> Answer:
    """CreateArchiveRule."""
    one, name, now = take(call, call.param("analyzerName")), call.param("ruleName"), call.cloud.now()
    if name in one.rules:
        raise AwsError("ConflictException", f"An archive rule {name} exists already.", status=409)
    rules = {**one.rules, name: ArchiveRule(call.params["filter"], now, now)}
    call.regional(AnalyzerState).analyzers.put(one.name, replace(one, rules=rules))
    return {}


def update_archive_rule(call: Call) -> Answer:
    """UpdateArchiveRule: the filter is replaced."""
    one, name = take(call, call.param("analyzerName")), call.param("ruleName")
    changed = replace(_rule(one, name), filter=call.params["filter"], updated=call.cloud.now())
    made = replace(one, rules={**one.rules, name: changed})
    call.regional(AnalyzerState).analyzers.put(one.name, made)
    return {}


def delete_archive_rule(call: Call) -> Answer:
    """DeleteArchiveRule."""
    one, name = take(call, call.param("analyzerName")), call.param("ruleName")
    _rule(one, name)
    rules = {other: rule for other, rule in one.rules.items() if other != name}
    call.regional(AnalyzerState).analyzers.put(one.name, replace(one, rules=rules))
    return {}


def list_archive_rules(call: Call) -> Answer:
    """ListArchiveRules."""
    one = take(call, call.param("analyzerName"))
    some, token = page(call, list(one.rules.items()), size_param="maxResults", token_param="nextToken")
    rules = [
        {"ruleName": name, "filter": dict(rule.filter), "createdAt": rule.created, "updatedAt": rule.updated}
        for name, rule in some
    ]
    return {"archiveRules": rules, "nextToken": token}


OPERATIONS: dict[str, Handler] = {
    "CreateArchiveRule": create_archive_rule,
    "UpdateArchiveRule": update_archive_rule,
    "DeleteArchiveRule": delete_archive_rule,
    "ListArchiveRules": list_archive_rules,
}
