"""The calls that lead a trail from one look to another. A new trail does not log: StartLogging comes last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from iamfix.kinds import tagging
from iamfix.kinds.cloudtrail_selectors import DEFAULT, to_aws
from iamfix.kinds.protocol import Look
from iamfix.model import UNREAD, Call

_PARAMS = {
    "s3_bucket_name": "S3BucketName",
    "s3_key_prefix": "S3KeyPrefix",
    "sns_topic_name": "SnsTopicName",
    "is_multi_region_trail": "IsMultiRegionTrail",
    "include_global_events": "IncludeGlobalServiceEvents",
    "is_organization_trail": "IsOrganizationTrail",
    "enable_log_file_validation": "EnableLogFileValidation",
    "kms_key_id": "KmsKeyId",
    "cloudwatch_logs_log_group_arn": "CloudWatchLogsLogGroupArn",
    "cloudwatch_logs_role_arn": "CloudWatchLogsRoleArn",
}
_TOGETHER = (
    ("cloudwatch_logs_log_group_arn", "cloudwatch_logs_role_arn"),
    # From all regions to one, AWS switches global events off unless it is told.
    ("is_multi_region_trail", "include_global_events"),
)
"""What UpdateTrail wants to be told together."""


def calls(name: str, before: Any | None, after: Any | None, look: Look, arn: str) -> Iterator[Call]:
    """Yield the calls from `before` to `after`. Trails are named by name at home, and by ARN for their tags."""
    region = look.region
    if after is None:
        yield Call("cloudtrail", "delete_trail", {"Name": name}, region)
        return
    if before is None:
        yield Call("cloudtrail", "create_trail", _created(name, after), region)
    elif new := changed(before, after):
        yield Call("cloudtrail", "update_trail", {"Name": name, **new}, region)
    old_selectors = DEFAULT if before is None else before.event_selectors
    if UNREAD not in (old_selectors, after.event_selectors) and old_selectors != after.event_selectors:
        yield Call(
            "cloudtrail", "put_event_selectors", {"TrailName": name, **to_aws(after.event_selectors)}, region
        )  # fmt: skip
    old_insights = frozenset[str]() if before is None else before.insight_selectors
    if UNREAD not in (old_insights, after.insight_selectors) and old_insights != after.insight_selectors:
        types = [{"InsightType": one} for one in sorted(after.insight_selectors)]
        yield Call("cloudtrail", "put_insight_selectors", {"TrailName": name, "InsightSelectors": types}, region)
    if before is not None:
        yield from _tags(arn, before, after, region)
    logging = False if before is None else before.enable_logging
    if UNREAD not in (logging, after.enable_logging) and logging != after.enable_logging:
        operation = "start_logging" if after.enable_logging else "stop_logging"
        yield Call("cloudtrail", operation, {"Name": name}, region)


def _created(name: str, after: Any) -> dict[str, Any]:
    given = {param: getattr(after, field) for field, param in _PARAMS.items()}
    params = {"Name": name} | {param: value for param, value in given.items() if value is not None}
    if tags := _list(tagging.changed({}, after.tags)[1]):
        params["TagsList"] = tags
    return params


def changed(before: Any, after: Any) -> dict[str, Any]:
    """Return what UpdateTrail is to change, by its parameters; an empty text takes away."""
    fields = {field for field in _PARAMS if getattr(before, field) != getattr(after, field)}
    for pair in _TOGETHER:
        if fields & {*pair}:
            fields |= {*pair}
    found = {_PARAMS[field]: getattr(after, field) for field in _PARAMS if field in fields}
    return {param: "" if value is None else value for param, value in found.items()}


def _tags(arn: str, before: Any, after: Any, region: str | None) -> Iterator[Call]:
    gone, new = tagging.changed(before.tags, after.tags)
    if gone:
        tags = [{"Key": key} for key in gone]
        yield Call("cloudtrail", "remove_tags", {"ResourceId": arn, "TagsList": tags}, region)
    if new:
        yield Call("cloudtrail", "add_tags", {"ResourceId": arn, "TagsList": _list(new)}, region)


def _list(tags: Any) -> list[dict[str, str]]:
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]
