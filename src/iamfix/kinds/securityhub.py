"""Security Hub of a region: its standards, and how it reports on their controls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import FLAG, SET, Scalar, asked, seen
from iamfix.kinds import defaults
from iamfix.kinds.protocol import Look, Need, Reader, Scope, Want
from iamfix.model import Call

SCOPE: Scope = "regional"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = "hub"
READS = (("securityhub", "describe_hub"), ("securityhub", "get_enabled_standards"))
EXAMPLE = """\
- name: Security Hub checks AWS's own standard
  securityhub:
    standards: {include: [aws-foundational-security-best-practices/v/1.0.0]}
"""

_GONE = frozenset({"DELETING", "FAILED"})


def _standard(text: str, look: Look) -> str:
    """Return a standard's short name: what stands behind `standards/` in its ARN, or from `ruleset/` on."""
    if not text.startswith("arn:"):
        return text
    return text.rpartition(":")[2].removeprefix("standards/")


@dataclass(frozen=True, slots=True)
class State:
    auto_enable_controls: bool = asked(FLAG, "Whether new controls of its standards are turned on.", default=True)
    control_finding_generator: str = asked(
        Scalar(str, "how findings are made", choices=("SECURITY_CONTROL", "STANDARD_CONTROL")),
        "One finding for a control over all standards, or one for each standard.", default="SECURITY_CONTROL",
    )  # fmt: skip
    standards: frozenset[str] = asked(
        SET, "Standards that are on, such as cis-aws-foundations-benchmark/v/3.0.0.", default=frozenset(),
        resolve=_standard,
    )  # fmt: skip
    subscribed: str | None = seen("Since when it is on (UTC).", volatile=True)


def observe(read: Reader, want: Want) -> dict[str, State]:
    found = read.find("securityhub", "describe_hub", "InvalidAccess", "ResourceNotFound")
    if found is None or not want.has(SINGLETON):
        return {}
    standards = read.get("securityhub", "get_enabled_standards")["StandardsSubscriptions"]
    return {
        SINGLETON: State(
            auto_enable_controls=found["AutoEnableControls"],
            control_finding_generator=found.get("ControlFindingGenerator", "SECURITY_CONTROL"),
            standards=frozenset(
                one["StandardsArn"].rpartition(":")[2].removeprefix("standards/")
                for one in standards
                if one["StandardsStatus"] not in _GONE
            ),
            subscribed=found.get("SubscribedAt"),
        )
    }


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    def call(operation: str, params: Mapping[str, Any]) -> Call:
        return Call("securityhub", operation, params, look.region)

    if after is None:
        yield call("disable_security_hub", {})
        return
    old = before
    if old is None:
        params = {"EnableDefaultStandards": False, "ControlFindingGenerator": after.control_finding_generator}
        yield call("enable_security_hub", params)
        old = State(control_finding_generator=after.control_finding_generator)
    changed: dict[str, Any] = {}
    if old.auto_enable_controls != after.auto_enable_controls:
        changed["AutoEnableControls"] = after.auto_enable_controls
    if old.control_finding_generator != after.control_finding_generator:
        changed["ControlFindingGenerator"] = after.control_finding_generator
    if changed:
        yield call("update_security_hub_configuration", changed)
    if new := sorted(after.standards - old.standards):
        requests = [{"StandardsArn": _standard_arn(one, look)} for one in new]
        yield call("batch_enable_standards", {"StandardsSubscriptionRequests": requests})
    if gone := sorted(old.standards - after.standards):
        base = arn(name, after, look).rpartition(":")[0]
        arns = [f"{base}:subscription/{one.removeprefix('ruleset/')}" for one in gone]
        yield call("batch_disable_standards", {"StandardsSubscriptionArns": arns})


def _standard_arn(standard: str, look: Look) -> str:
    if standard.startswith("ruleset/"):
        return f"arn:{look.account.partition}:securityhub:::{standard}"
    return f"arn:{look.account.partition}:securityhub:{look.region}::standards/{standard}"


def arn(name: str, state: State, look: Look) -> str:
    return f"arn:{look.account.partition}:securityhub:{look.region}:{look.account.id}:hub/default"


owner = defaults.no_owner


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    if after is None:
        yield "Security Hub's findings and settings, 90 days after it was turned off"


breaches = defaults.no_breaches
ripples = defaults.no_ripples


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    if before is None:
        yield "Security Hub charges by its checks; they need AWS Config, which charges by what it records"


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    yield Need(arn(name, state, look) if call.operation != "enable_security_hub" else "*")
    if call.operation == "enable_security_hub":
        role = "securityhub.amazonaws.com/AWSServiceRoleForSecurityHub"
        base = f"arn:{look.account.partition}:iam::{look.account.id}"
        yield Need(f"{base}:role/aws-service-role/{role}", "iam:CreateServiceLinkedRole")
