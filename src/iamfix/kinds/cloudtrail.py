"""CloudTrail trail: what it records, where it delivers, and whether it logs.

A region shows more trails than it keeps: those of other regions that record all regions, and the organization's. They
are seen, and changed only where they live.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import FLAG, OPTIONAL_TEXT, SET, TAGS, TEXT, FieldError, asked, derived, seen
from iamfix.kinds import (
    cloudtrail_calls,
    cloudtrail_delivery,
    cloudtrail_rules,
    cloudtrail_selectors,
    kms_names,
    tagging,
)
from iamfix.kinds.cloudwatch_metric_alarm import topic_arn
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Scope, Want
from iamfix.model import UNREAD, Call
from iamfix.typed import Typed

SCOPE: Scope = "home"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
READS = (
    ("cloudtrail", "describe_trails"),
    ("cloudtrail", "get_trail_status"),
    ("cloudtrail", "get_event_selectors"),
    ("cloudtrail", "get_insight_selectors"),
    ("cloudtrail", "list_tags"),
    ("kms", "list_aliases"),
)
EXAMPLE = """\
- name: One trail records all regions
  cloudtrail:
    name: audit
    s3_bucket_name: "audit-{{ account_id }}"
    is_multi_region_trail: true
    enable_log_file_validation: true
    enable_logging: true
"""


def _role_arn(text: str, look: Look) -> str:
    """Return the ARN of a role that is given by ARN or name. Raises FieldError when there is none of that name."""
    if text.startswith("arn:"):
        return text
    role = look.get("iam_role", text)
    if role is None:
        raise FieldError(f"there is no role {text!r} in this account", "an earlier task can create it")
    return f"arn:{look.account.partition}:iam::{look.account.id}:role{role.path}{text}"


def _group_arn(text: str, look: Look) -> str:
    """Return the ARN of a log group, with the `:*` that CloudTrail wants."""
    if text.startswith("arn:"):
        return text if text.endswith(":*") else f"{text}:*"
    account = look.account
    return f"arn:{account.partition}:logs:{look.region or account.home_region}:{account.id}:log-group:{text}:*"


_STATUS = ("get_trail_status",)


@dataclass(frozen=True, slots=True)
class State:
    s3_bucket_name: str | None = asked(TEXT, "Bucket that the log files are delivered to.", required=True)
    s3_key_prefix: str | None = asked(OPTIONAL_TEXT, "Prefix of the log files in it; null for none.")
    is_multi_region_trail: bool = asked(FLAG, "It records all regions of the account.", default=False)
    include_global_events: bool = asked(
        FLAG, "It records the events of global services such as IAM.", default=True,
        aliases=("include_global_service_events",),
    )  # fmt: skip
    is_organization_trail: bool = asked(
        FLAG, "It records all accounts of the organization; only its management account can have one.", default=False
    )
    enable_log_file_validation: bool = asked(
        FLAG,
        "Signed digests tell whether log files were changed.",
        default=False,
        aliases=("log_file_validation_enabled",),
    )
    kms_key_id: str | None = asked(
        OPTIONAL_TEXT, "KMS key that encrypts the log files, by alias or ARN; null for S3's own encryption.",
        resolve=kms_names.resolve,
    )  # fmt: skip
    cloudwatch_logs_log_group_arn: str | None = asked(
        OPTIONAL_TEXT, "Log group that the events are sent to as well, by ARN or name; null for none.",
        resolve=_group_arn,
    )  # fmt: skip
    cloudwatch_logs_role_arn: str | None = asked(
        OPTIONAL_TEXT, "Role with which CloudTrail writes to the log group, by ARN or name.", resolve=_role_arn
    )
    sns_topic_name: str | None = asked(
        OPTIONAL_TEXT, "SNS topic that is told of each delivery, by ARN or name; null for none.", resolve=topic_arn
    )
    enable_logging: bool = asked(
        FLAG, "It logs. AWS's own default is not to.", default=True, detail=True, reads=_STATUS
    )
    event_selectors: tuple[cloudtrail_selectors.Selector, ...] = asked(
        Typed(cloudtrail_selectors.Selectors, "a list of event selectors, plain or advanced ones"),
        "What it records; AWS's default is all management events.", default=cloudtrail_selectors.DEFAULT, detail=True,
        reads=("get_event_selectors",), aliases=("advanced_event_selectors",),
    )  # fmt: skip
    insight_selectors: frozenset[str] = asked(
        SET,
        "Unusual activity that is recorded: ApiCallRateInsight, ApiErrorRateInsight.",
        default=frozenset(),
        detail=True,
        reads=("get_insight_selectors",),
    )
    tags: Mapping[str, str] = asked(TAGS, "Tags.", default={}, detail=True, reads=("list_tags",))
    home_region: str | None = seen("Region that it is kept in.")
    account: str | None = seen("Account that it belongs to.")
    shadow: bool = seen("It is kept in another region or account than the one that shows it.", default=False)
    delivery_error: str | None = seen(
        "Why the last delivery to the bucket failed.", detail=True, reads=_STATUS, volatile=True
    )
    logs_delivery_error: str | None = seen(
        "Why the last delivery to the log group failed.", detail=True, reads=_STATUS, volatile=True
    )

    @derived("event_selectors")
    def records_management_events(self) -> bool:
        """It records all management events: reads and writes, of every source."""
        return cloudtrail_selectors.records_management(self.event_selectors)

    @derived("event_selectors")
    def records_data_events(self) -> bool:
        """It records data events of some resources."""
        return cloudtrail_selectors.records_data(self.event_selectors)


def observe(read: Reader, want: Want) -> dict[str, State]:
    here, account = read.region, read.account
    found: dict[str, Mapping[str, Any]] = {}
    for trail in read.get("cloudtrail", "describe_trails")["trailList"]:
        mine = trail["TrailARN"].split(":")[4] == account.id and trail["HomeRegion"] == here
        # Should a shadow carry the name of a trail that is kept here, the one that can be changed counts.
        if want.has(trail["Name"]) and (mine or trail["Name"] not in found):
            found[trail["Name"]] = trail
    details = {name: _details(read, trail, want) for name, trail in found.items()}
    return {name: _state_of(read, trail, details[name]) for name, trail in found.items()}


def _state_of(read: Reader, trail: Mapping[str, Any], details: Mapping[str, Any]) -> State:
    account = trail["TrailARN"].split(":")[4]
    return State(
        s3_bucket_name=trail.get("S3BucketName"),
        s3_key_prefix=trail.get("S3KeyPrefix") or None,
        is_multi_region_trail=trail.get("IsMultiRegionTrail", False),
        include_global_events=trail.get("IncludeGlobalServiceEvents", False),
        is_organization_trail=trail.get("IsOrganizationTrail", False),
        enable_log_file_validation=trail.get("LogFileValidationEnabled", False),
        kms_key_id=kms_names.seen(read, trail.get("KmsKeyId")),
        cloudwatch_logs_log_group_arn=trail.get("CloudWatchLogsLogGroupArn") or None,
        cloudwatch_logs_role_arn=trail.get("CloudWatchLogsRoleArn") or None,
        sns_topic_name=trail.get("SnsTopicARN") or None,
        home_region=trail["HomeRegion"],
        account=account,
        shadow=(account, trail["HomeRegion"]) != (read.account.id, read.region),
        **{name: details.get(name, UNREAD) for name in _DETAILS},
    )


_DETAILS = ("enable_logging", "event_selectors", "insight_selectors", "tags", "delivery_error", "logs_delivery_error")
_OF_STATUS = frozenset({"enable_logging", "delivery_error", "logs_delivery_error"})


def _details(read: Reader, trail: Mapping[str, Any], want: Want) -> dict[str, Any]:
    """Read what is told of one trail only, where it lives."""
    home, arn_ = read.at(trail["HomeRegion"]), trail["TrailARN"]
    found: dict[str, Any] = {}
    if want.details & _OF_STATUS:
        status = home.get("cloudtrail", "get_trail_status", Name=arn_)
        found["enable_logging"] = status.get("IsLogging", False)
        found["delivery_error"] = status.get("LatestDeliveryError") or None
        found["logs_delivery_error"] = status.get("LatestCloudWatchLogsDeliveryError") or None
    if "event_selectors" in want.details:
        selectors = home.get("cloudtrail", "get_event_selectors", TrailName=arn_)
        found["event_selectors"] = cloudtrail_selectors.read_selectors(selectors)
    if "insight_selectors" in want.details:
        insights = home.find("cloudtrail", "get_insight_selectors", "InsightNotEnabled", TrailName=arn_) or {}
        found["insight_selectors"] = frozenset(one["InsightType"] for one in insights.get("InsightSelectors", ()))
    if "tags" in want.details:
        found["tags"] = _tags(home, arn_)
    return found


def _tags(home: Reader, arn_: str) -> dict[str, str]:
    if arn_.split(":")[4] != home.account.id:
        return {}  # only the organization's management account may read them
    answer = home.find("cloudtrail", "list_tags", "TrailNotFound", ResourceIdList=[arn_]) or {}
    return {tag["Key"]: tag.get("Value", "") for one in answer.get("ResourceTagList", ()) for tag in one["TagsList"]}


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    yield from cloudtrail_calls.calls(name, before, after, look, arn(name, after or before, look))


def arn(name: str, state: State | None, look: Look) -> str:
    account, region = look.account, look.region or look.account.home_region
    if state is not None and state.shadow:
        return f"arn:{account.partition}:cloudtrail:{state.home_region}:{state.account}:trail/{name}"
    return f"arn:{account.partition}:cloudtrail:{region}:{account.id}:trail/{name}"


def owner(name: str, state: State) -> str | None:
    if state.shadow:
        whose = "the organization's trail" if state.is_organization_trail else "the trail"
        return f"{whose} of {state.account} in {state.home_region}"
    return tagging.owner_of(name, state.tags)


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    return iter(())


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is not None:
        yield from cloudtrail_rules.breaches(name, before, after, look)
        if before is None or cloudtrail_calls.changed(before, after):
            yield from cloudtrail_delivery.breaches(arn(name, after, look), after, look)


def ripples(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Any]:
    return iter(())


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    if after is not None:
        yield from cloudtrail_delivery.notes(before, after, look)
        yield from cloudtrail_rules.costs(name, before, after, look)


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    """Source: CloudTrail User Guide, "Granting permissions for CloudTrail administration"."""
    yield Need(arn(name, state, look))
    if call.params.get("TagsList") and call.operation == "create_trail":
        yield Need(arn(name, state, look), "cloudtrail:AddTags")
    if role := call.params.get("CloudWatchLogsRoleArn"):
        yield Need(str(role), "iam:PassRole")
    if call.params.get("IsOrganizationTrail"):
        for action in (
            "organizations:DescribeOrganization", "organizations:ListAWSServiceAccessForOrganization", "iam:GetRole",
            "iam:CreateServiceLinkedRole",
        ):  # fmt: skip
            yield Need("*", action)
