"""EventBridge rule of the default bus: which events it matches, or when it fires, and its targets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from iamfix.fields import OPTIONAL_TEXT, TAGS, TEXT, FieldError, Map, Scalar, asked, seen
from iamfix.kinds import defaults, tagging
from iamfix.kinds import eventbridge_forms as forms
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Scope, Want
from iamfix.model import UNREAD, Call, Mark
from iamfix.records import Structure

SCOPE: Scope = "home"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
READS = (("events", "list_rules"), ("events", "list_targets_by_rule"), ("events", "list_tags_for_resource"))
EXAMPLE = """\
- name: Changes of IAM go to the queue of drift events
  eventbridge_rule:
    name: iamfix-drift
    event_pattern:
      source: [aws.iam]
      detail-type: [AWS API Call via CloudTrail]
      detail: {errorCode: [{exists: false}]}
    targets:
      queue: {Arn: "arn:{{ partition }}:sqs:{{ region }}:{{ account_id }}:iamfix-drift"}
"""

STATES = ("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
MAX_TARGETS = 5
"""Targets of one rule (EventBridge quotas)."""
_NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
_GONE = "ResourceNotFound"


def _target(value: Any) -> dict[str, Any]:
    found = {key: item for key, item in value.items() if key != "Id"}
    if not isinstance(found.get("Arn"), str):
        raise FieldError("a target needs its Arn")
    return found


PATTERN = Structure("an event pattern (a mapping), or null", forms.pattern, optional=True)
SCHEDULE = forms.Schedule(str, "rate(…), cron(…) or null", optional=True)
TARGETS = Map(Structure("a target in AWS's words (Arn, RoleArn, Input, …)", _target), "target ids with targets")
STATE = Scalar(str, f"one of {', '.join(STATES)}", choices=STATES)


@dataclass(frozen=True, slots=True)
class State:
    event_pattern: Mapping[str, Any] | None = asked(PATTERN, "Which events it matches.")
    schedule_expression: str | None = asked(SCHEDULE, "When it fires: rate(…) or cron(…).")
    rule_state: str = asked(STATE, "ENABLED, DISABLED, or with read-only events of CloudTrail too.", default="ENABLED")
    description: str = asked(TEXT, "Description.", default="")
    role_arn: str | None = asked(OPTIONAL_TEXT, "Role as which targets are called, where they need one.")
    targets: Mapping[str, Any] | Mark = asked(
        TARGETS, "Targets: ids with targets in AWS's words.", default={}, detail=True, reads=("list_targets_by_rule",)
    )
    tags: tagging.Tags | Mark = asked(
        TAGS, "Tags.", default={}, detail=True, always=True, reads=("list_tags_for_resource",)
    )
    managed_by: str | None = seen("The AWS service that made it and keeps it.")


def observe(read: Reader, want: Want) -> dict[str, State]:
    """One list of all rules, with all but their targets and tags."""
    states: dict[str, State] = {}
    arns: dict[str, str] = {}
    for rule in read.get("events", "list_rules").get("Rules", ()):
        name = str(rule["Name"])
        if not want.has(name):
            continue
        arns[name] = str(rule["Arn"])
        pattern = rule.get("EventPattern")
        states[name] = State(
            event_pattern=json.loads(pattern) if pattern else None,
            schedule_expression=rule.get("ScheduleExpression") or None,
            rule_state=rule.get("State", "ENABLED"),
            description=rule.get("Description", ""),
            role_arn=rule.get("RoleArn"),
            targets=UNREAD,
            tags=UNREAD,
            managed_by=rule.get("ManagedBy"),
        )
    names = list(states)
    if "targets" in want.details:
        rules = [{"Rule": name} for name in names]
        for name, answer in zip(names, read.each("events", "list_targets_by_rule", rules, _GONE), strict=True):
            targets = {str(one["Id"]): _target(one) for one in (answer or {}).get("Targets", ())}
            states[name] = replace(states[name], targets=targets)
    if "tags" in want.details:
        asked_for = [{"ResourceARN": arns[name]} for name in names]
        for name, answer in zip(names, read.each("events", "list_tags_for_resource", asked_for, _GONE), strict=True):
            tags = {tag["Key"]: tag["Value"] for tag in (answer or {}).get("Tags", ())}
            states[name] = replace(states[name], tags=tags)
    return states


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    def call(operation: str, **params: Any) -> Call:
        return Call("events", operation, params, look.region)

    old = {} if before is None or isinstance(before.targets, Mark) else before.targets
    if after is None:
        if old:
            yield call("remove_targets", Rule=name, Ids=sorted(old))
        yield call("delete_rule", Name=name)
        return
    new = old if isinstance(after.targets, Mark) else after.targets
    if gone := sorted(old.keys() - new.keys()):
        # First: a rule has room for few targets.
        yield call("remove_targets", Rule=name, Ids=gone)
    rule = _rule(after)
    if before is None:
        _, tags = tagging.changed({}, after.tags)
        yield call("put_rule", Name=name, **rule, **({"Tags": tagging.tag_list(tags)} if tags else {}))
    elif rule != _rule(before):
        # PutRule replaces the rule, all but its tags: everything is said again.
        yield call("put_rule", Name=name, **rule)
    if put := [{"Id": key, **new[key]} for key in sorted(new) if old.get(key) != new[key]]:
        yield call("put_targets", Rule=name, Targets=put)
    if before is not None:
        yield from _tag_calls(name, before, after, look)


def _tag_calls(name: str, before: State, after: State, look: Look) -> Iterator[Call]:
    resource = arn(name, after, look)
    gone, new = tagging.changed(before.tags, after.tags)
    if gone:
        yield Call("events", "untag_resource", {"ResourceARN": resource, "TagKeys": gone}, look.region)
    if new:
        yield Call("events", "tag_resource", {"ResourceARN": resource, "Tags": tagging.tag_list(new)}, look.region)


def _rule(state: State) -> dict[str, Any]:
    """Return what PutRule is told of a rule; what is empty is left out, which clears it."""
    rule: dict[str, Any] = {"State": state.rule_state}
    if state.event_pattern is not None:
        rule["EventPattern"] = json.dumps(state.event_pattern, sort_keys=True, separators=(",", ":"))
    if state.schedule_expression:
        rule["ScheduleExpression"] = state.schedule_expression
    if state.description:
        rule["Description"] = state.description
    if state.role_arn:
        rule["RoleArn"] = state.role_arn
    return rule


def arn(name: str, state: Any, look: Look) -> str:
    return f"arn:{look.account.partition}:events:{look.region}:{look.account.id}:rule/{name}"


def owner(name: str, state: State) -> str | None:
    if state.managed_by:
        return f"the AWS service {state.managed_by}"
    return tagging.owner_of(name, state.tags)


loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    if not _NAME.fullmatch(name):
        yield Breach(f"{name!r} is no name for a rule", "up to 64 letters, digits, dots, hyphens and underscores")
    if after.event_pattern is None and not after.schedule_expression:
        yield Breach("a rule needs an event_pattern or a schedule_expression")
    if not isinstance(after.targets, Mark) and len(after.targets) > MAX_TARGETS:
        yield Breach(f"{len(after.targets)} targets; AWS takes {MAX_TARGETS}", "or a larger quota")
    yield from tagging.limit(after.tags)


ripples = defaults.no_ripples
notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    """Source: EventBridge User Guide, "Amazon EventBridge permissions reference"; passing a role needs iam:PassRole."""
    rule = arn(name, state, look)
    yield Need(rule)
    if call.operation == "put_rule" and "Tags" in call.params:
        yield Need(rule, "events:TagResource")
    roles = {call.params.get("RoleArn"), *(one.get("RoleArn") for one in call.params.get("Targets", ()))} - {None}
    for role in sorted(str(one) for one in roles):
        yield Need(role, "iam:PassRole")
