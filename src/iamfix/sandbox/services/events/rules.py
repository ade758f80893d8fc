"""Rules: put whole, with targets that must be removed before them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.tags import Tags
from iamfix.sandbox.store import Store, Visibility

MOST_TARGETS = 5
_SCHEDULE = re.compile(r"rate\([1-9][0-9]* (minutes?|hours?|days?)\)|cron\(\S+ \S+ \S+ \S+ \S+ \S+\)")


@dataclass(frozen=True)
class Rule:
    """A rule. `told` are the members of PutRule, `managed_by` the AWS service that keeps it."""

    name: str
    arn: str
    told: Mapping[str, Any]
    targets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    managed_by: str | None = None


class EventsState:
    """Rules by name. Targets whose ids are in `failing` fail, as one entry of a good answer."""

    def __init__(self, visibility: Visibility) -> None:
        self.rules: Store[Rule] = Store(visibility)
        self.failing: set[str] = set()


def _missing(name: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus default.")


def _bus(call: Call) -> None:
    bus = str(call.params.get("EventBusName") or "default").rpartition("/")[2]
    if bus != "default":
        raise AwsError("ResourceNotFoundException", f"Event bus {bus} does not exist.")


def _the_rule(call: Call, param: str, *, changes: bool = True) -> Rule:
    _bus(call)
    rules, name = call.regional(EventsState).rules, call.param(param)
    found, latest = rules.seen(name, call.replica), rules.latest(name)
    if found is None or latest is None:
        raise _missing(name)
    if changes and latest.managed_by and not call.params.get("Force"):
        raise AwsError("ManagedRuleException", f"Rule {name} is managed by {latest.managed_by}.")
    return latest


def _by_arn(call: Call) -> Rule:
    found = call.regional(EventsState).rules.latest(call.param("ResourceARN").rpartition("rule/")[2])
    if found is None or found.arn != call.param("ResourceARN"):
        raise _missing(call.param("ResourceARN"))
    return found


def _change(call: Call, rule: Rule, **fields: Any) -> Answer:
    call.regional(EventsState).rules.put(rule.name, replace(rule, **fields))
    return {}


def put_rule(call: Call) -> Answer:
    """Makes or replaces a rule; what is left out is empty then. Tags only count for a new one."""
    _bus(call)
    name, rules = call.param("Name"), call.regional(EventsState).rules
    told = {
        key: call.params[key]
        for key in ("EventPattern", "ScheduleExpression", "Description", "RoleArn")
        if call.params.get(key)
    }
    told["State"] = call.params.get("State") or "ENABLED"
    if "EventPattern" in told:
        _check_pattern(told["EventPattern"])
    elif "ScheduleExpression" not in told:
        raise AwsError("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if "ScheduleExpression" in told and not _SCHEDULE.fullmatch(told["ScheduleExpression"]):
        raise AwsError("ValidationException", "Parameter ScheduleExpression is not valid.")
    arn = f"arn:{call.partition}:events:{call.region}:{call.account}:rule/{name}"
    there = rules.latest(name)
    if there is None:
        rules.put(name, Rule(name, arn, told, tags=_TAGS.merged({}, call.params.get("Tags") or ())))
    else:
        _change(call, _the_rule(call, "Name"), told=told)
    return {"RuleArn": arn}


def _check_pattern(text: str) -> None:
    try:
        pattern = json.loads(text)
    except ValueError:
        raise AwsError("InvalidEventPatternException", "Event pattern is not valid. Reason: not JSON") from None
    if not isinstance(pattern, dict) or not pattern or not _leaves_are_lists(pattern):
        raise AwsError("InvalidEventPatternException", "Event pattern is not valid. Reason: values must be arrays")


def _leaves_are_lists(pattern: Mapping[str, Any]) -> bool:
    return all(
        _leaves_are_lists(value) if isinstance(value, dict) else isinstance(value, list) and bool(value)
        for value in pattern.values()
    )


def _shown(rule: Rule) -> dict[str, Any]:
    managed = {"ManagedBy": rule.managed_by} if rule.managed_by else {}
    return {"Name": rule.name, "Arn": rule.arn, "EventBusName": "default", **rule.told, **managed}


def describe_rule(call: Call) -> Answer:
    return _shown(_the_rule(call, "Name", changes=False))


def list_rules(call: Call) -> Answer:
    _bus(call)
    prefix = str(call.params.get("NamePrefix") or "")
    found = [rule for rule in call.regional(EventsState).rules.all_seen(call.replica) if rule.name.startswith(prefix)]
    some, token = page(call, found, size_param="Limit", token_param="NextToken", most=100)
    return {"Rules": [_shown(rule) for rule in some], "NextToken": token}


def delete_rule(call: Call) -> Answer:
    """Answers well too where there is none."""
    rules = call.regional(EventsState).rules
    if rules.latest(call.param("Name")) is None:
        return {}
    rule = _the_rule(call, "Name")
    if rule.targets:
        raise AwsError("ValidationException", "Rule can't be deleted since it has targets.")
    rules.delete(rule.name)
    return {}


def enable_rule(call: Call) -> Answer:
    rule = _the_rule(call, "Name")
    return _change(call, rule, told={**rule.told, "State": "ENABLED"})


def disable_rule(call: Call) -> Answer:
    rule = _the_rule(call, "Name")
    return _change(call, rule, told={**rule.told, "State": "DISABLED"})


def _failures(call: Call, ids: Sequence[str]) -> list[dict[str, str]]:
    failing = call.regional(EventsState).failing
    told = {"ErrorCode": "InternalException", "ErrorMessage": "The target could not be changed."}
    return [{"TargetId": one, **told} for one in ids if one in failing]


def put_targets(call: Call) -> Answer:
    rule, given = _the_rule(call, "Rule"), {one["Id"]: one for one in call.params["Targets"]}
    for one in given.values():
        if not re.fullmatch(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:.+", one["Arn"]):
            told = f"Parameter {one['Arn']} is not valid. Reason: Provided Arn is not in correct format."
            raise AwsError("ValidationException", told)
    failed = _failures(call, list(given))
    kept = {key: one for key, one in given.items() if key not in {each["TargetId"] for each in failed}}
    targets = {**rule.targets, **kept}
    if len(targets) > MOST_TARGETS:
        raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    _change(call, rule, targets=targets)
    return {"FailedEntryCount": len(failed), "FailedEntries": failed}


def remove_targets(call: Call) -> Answer:
    rule, ids = _the_rule(call, "Rule"), list(call.params["Ids"])
    failed = _failures(call, ids)
    gone = set(ids) - {each["TargetId"] for each in failed}
    _change(call, rule, targets={key: one for key, one in rule.targets.items() if key not in gone})
    return {"FailedEntryCount": len(failed), "FailedEntries": failed}


def list_targets_by_rule(call: Call) -> Answer:
    rule = _the_rule(call, "Rule", changes=False)
    some, token = page(call, list(rule.targets.values()), size_param="Limit", token_param="NextToken", most=100)
    return {"Targets": [dict(one) for one in some], "NextToken": token}


_TAGS: Tags[Rule] = Tags(
    _by_arn,
    lambda call, rule, tags: _change(call, rule, tags=tags),
    too_many=("ValidationException", "Too many tags."),
    reserved=("ValidationException", "Reserved keys."),
)
OPERATIONS: Mapping[str, Handler] = {
    "PutRule": put_rule,
    "DescribeRule": describe_rule,
    "ListRules": list_rules,
    "DeleteRule": delete_rule,
    "EnableRule": enable_rule,
    "DisableRule": disable_rule,
    "PutTargets": put_targets,
    "RemoveTargets": remove_targets,
    "ListTargetsByRule": list_targets_by_rule,
    **_TAGS.operations(tell="ListTagsForResource"),
}
