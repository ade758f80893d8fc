"""IAM Access Analyzer's analyzer: what it looks for, its archive rules and tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from iamfix.fields import TAGS, Scalar, asked, seen
from iamfix.kinds import defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Scope, Want
from iamfix.kinds.tagging import ArnTags, without_aws
from iamfix.model import UNREAD, Call, Mark
from iamfix.typed import Flag, Part, Texts, Typed

SCOPE: Scope = "regional"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
READS = (("accessanalyzer", "list_analyzers"), ("accessanalyzer", "list_archive_rules"))
EXAMPLE = """\
- name: Who outside may use what is here
  access_analyzer:
    name: iamfix-external-access
    type: ACCOUNT
    archive_rules:
      known-partner:
        principal.AWS: {eq: ["999999999999"]}
    tags: {include: {Owner: security}}
"""

TYPES = (
    "ACCOUNT", "ORGANIZATION", "ACCOUNT_UNUSED_ACCESS", "ORGANIZATION_UNUSED_ACCESS", "ACCOUNT_INTERNAL_ACCESS",
    "ORGANIZATION_INTERNAL_ACCESS",
)  # fmt: skip
_TAGS = ArnTags("accessanalyzer")
USUAL_AGE = 90
_PER_REGION = {"ACCOUNT": 1, "ORGANIZATION": 5}
"""Analyzers of one type in a region (Access Analyzer API Reference, CreateAnalyzer)."""


class Criterion(Part):
    """One comparison of a filter."""

    eq: Texts | None = None
    neq: Texts | None = None
    contains: Texts | None = None
    exists: Flag | None = None


Rules = Mapping[str, Mapping[str, Criterion]]
_RULES = Typed(dict[str, dict[str, Criterion]], "rule names, each with filter keys and what they must be")


@dataclass(frozen=True, slots=True)
class State:
    type: str = asked(
        Scalar(str, "a type of analyzer", choices=TYPES),
        "What it looks for: access from outside, unused access, or access inside the organization.",
        default="ACCOUNT", fixed=True,
    )  # fmt: skip
    unused_access_age: int | None = asked(
        Scalar(int, "a number of days", low=1, high=365),
        "After how many days access counts as unused; of an analyzer that looks for that, 90 by default.",
        fixed=True,
    )
    archive_rules: Rules | Mark = asked(
        _RULES, "Rules by name; findings that match all keys of one are archived.", default={}, detail=True
    )
    tags: iam.Tags = asked(TAGS, "Tags.", default={})
    status: str | None = seen("ACTIVE, CREATING, DISABLED or FAILED.", volatile=True)
    status_reason: str | None = seen("Why it is disabled or has failed.", volatile=True)
    managed_by: str | None = seen("The AWS service that made it.")
    created: str | None = seen("When it was created (UTC).", volatile=True)

    def __post_init__(self) -> None:
        """Source: Access Analyzer API Reference, UnusedAccessConfiguration (the age's default)."""
        if self.looks_for_unused and self.unused_access_age is None:
            object.__setattr__(self, "unused_access_age", USUAL_AGE)

    @property
    def looks_for_unused(self) -> bool:
        return self.type.endswith("_UNUSED_ACCESS")


def observe(read: Reader, want: Want) -> dict[str, State]:
    states = {
        found["name"]: State(
            type=found["type"],
            unused_access_age=found.get("configuration", {}).get("unusedAccess", {}).get("unusedAccessAge"),
            archive_rules=UNREAD,
            tags=found.get("tags") or {},
            status=found["status"],
            status_reason=found.get("statusReason", {}).get("code"),
            managed_by=found.get("managedBy"),
            created=iam.when(found["createdAt"]),
        )
        for found in read.get("accessanalyzer", "list_analyzers")["analyzers"]
        if want.has(found["name"])
    }
    if "archive_rules" not in want.details:
        return states
    asks = [{"analyzerName": name} for name in states]
    answers = read.each("accessanalyzer", "list_archive_rules", asks, "ResourceNotFound")
    return {
        name: replace(states[name], archive_rules=_rules(answer["archiveRules"]))
        for name, answer in zip(list(states), answers, strict=True)
        if answer is not None
    }


def _rules(found: list[Mapping[str, Mapping[str, Mapping[str, object]]]]) -> Rules:
    rules: Rules = _RULES.parse({str(rule["ruleName"]): rule["filter"] for rule in found}, "")
    return rules


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    def call(operation: str, **params: object) -> Call:
        return Call("accessanalyzer", operation, params, look.region)

    if after is None:
        yield call("delete_analyzer", analyzerName=name)
        return
    old = before
    if old is None:
        params: dict[str, object] = {"analyzerName": name, "type": after.type}
        if after.looks_for_unused:
            params["configuration"] = {"unusedAccess": {"unusedAccessAge": after.unused_access_age}}
        if tags := without_aws(after.tags):
            params["tags"] = _TAGS.given(tags)
        yield call("create_analyzer", **params)
        old = replace(after, archive_rules={})
    if not isinstance(old.archive_rules, Mark) and not isinstance(after.archive_rules, Mark):
        wanted: Mapping[str, Mapping[str, object]] = _RULES.plain(after.archive_rules)
        for rule in sorted(wanted):
            if rule not in old.archive_rules:
                yield call("create_archive_rule", analyzerName=name, ruleName=rule, filter=wanted[rule])
            elif old.archive_rules[rule] != after.archive_rules[rule]:
                yield call("update_archive_rule", analyzerName=name, ruleName=rule, filter=wanted[rule])
        for rule in sorted(old.archive_rules.keys() - after.archive_rules.keys()):
            yield call("delete_archive_rule", analyzerName=name, ruleName=rule)
    yield from _TAGS.calls(arn(name, after, look), look.region, old.tags, after.tags)


def arn(name: str, state: State, look: Look) -> str:
    account = look.account
    return f"arn:{account.partition}:access-analyzer:{look.region}:{account.id}:analyzer/{name}"


def owner(name: str, state: State) -> str | None:
    return f"the AWS service {state.managed_by}" if state.managed_by else None


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    if after is None:
        yield f"the findings of the analyzer {name}, and what was decided about them"


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    if before is None:
        same = [other for other, state in look.all("access_analyzer").items() if state.type == after.type]
        most = _PER_REGION[after.type.split("_", maxsplit=1)[0]]
        if len(same) >= most:
            yield Breach(
                f"there is {', '.join(sorted(same))} of type {after.type} in {look.region}; AWS takes {most}",
                f"name it {sorted(same)[0]}, or select it",
            )
    if after.unused_access_age is not None and not after.looks_for_unused:
        yield Breach(f"unused_access_age is not for analyzers of type {after.type}", "type: ACCOUNT_UNUSED_ACCESS")
    yield from iam.tag_breaches(after.tags, fold_case=False)


ripples = defaults.no_ripples


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    if before is None and after is not None and after.type not in ("ACCOUNT", "ORGANIZATION"):
        yield "AWS charges for this type of analyzer, by what it looks at each month"


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    own = arn(name, state, look)
    yield Need(own)
    if call.operation == "create_analyzer":
        yield Need(own, "access-analyzer:TagResource")
        role = "access-analyzer.amazonaws.com/AWSServiceRoleForAccessAnalyzer"
        base = f"arn:{look.account.partition}:iam::{look.account.id}"
        yield Need(f"{base}:role/aws-service-role/{role}", "iam:CreateServiceLinkedRole")
