"""Log groups: made, kept for so many days, encrypted, deleted with all their filters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.kms.use import find_key, service_may_use
from iamfix.sandbox.services.logs.state import (
    LogGroup,
    LogsState,
    filters_here,
    groups_here,
    milliseconds,
    take_group,
)

DAYS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)  # fmt: skip
"""The retentions that PutRetentionPolicy takes."""


def create_log_group(call: Call) -> Answer:
    """CreateLogGroup."""
    state, name = call.state(LogsState), call.param("logGroupName")
    if name.startswith("aws/"):
        raise AwsError("InvalidParameterException", "Log groups starting with aws/ are reserved for AWS.")
    if state.groups.latest(f"{call.region}:{name}") is not None:
        raise AwsError("ResourceAlreadyExistsException", "The specified log group already exists")
    group = LogGroup(
        name=name,
        region=call.region,
        created=call.cloud.now(),
        log_class=call.params.get("logGroupClass") or "STANDARD",
        tags=dict(call.params.get("tags") or {}),
    )
    if key := call.params.get("kmsKeyId"):
        group = replace(group, key=_checked_key(call, group, key))
    state.groups.put(f"{call.region}:{name}", group)
    return {}


def describe_log_groups(call: Call) -> Answer:
    """DescribeLogGroups: 50 at most."""
    prefix, part = call.params.get("logGroupNamePrefix") or "", call.params.get("logGroupNamePattern") or ""
    if prefix and part:
        raise AwsError("InvalidParameterException", "Give a prefix or a pattern, not both.")
    found = [group for group in groups_here(call) if group.name.startswith(prefix) and part in group.name]
    some, token = page(call, found, default_size=50, size_param="limit", token_param="nextToken", most=50)
    return {"logGroups": [_told(call, group) for group in some], "nextToken": token}


def _told(call: Call, group: LogGroup) -> dict[str, Any]:
    return {
        "logGroupName": group.name,
        "creationTime": milliseconds(group.created),
        "retentionInDays": group.retention,
        "metricFilterCount": sum(one.group == group.name for one in filters_here(call)),
        "arn": f"{group.arn(call)}:*",
        "logGroupArn": group.arn(call),
        "storedBytes": 0,
        "kmsKeyId": group.key,
        "logGroupClass": group.log_class,
        "deletionProtectionEnabled": False,
    }


def put_retention_policy(call: Call) -> Answer:
    """PutRetentionPolicy: one of a fixed list of days."""
    group, days = take_group(call, call.param("logGroupName")), call.params["retentionInDays"]
    if days not in DAYS:
        told = ", ".join(str(one) for one in sorted(DAYS))
        raise AwsError(
            "InvalidParameterException",
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member "
            f"must satisfy enum value set: [{told}]",
        )
    _put(call, replace(group, retention=days))
    return {}


def delete_retention_policy(call: Call) -> Answer:
    """DeleteRetentionPolicy: events are kept for ever from now on."""
    _put(call, replace(take_group(call, call.param("logGroupName")), retention=None))
    return {}


def associate_kms_key(call: Call) -> Answer:
    """AssociateKmsKey: the ARN of a key (no alias) whose policy lets the service use it for this group."""
    group = _by_identifier(call)
    _put(call, replace(group, key=_checked_key(call, group, call.param("kmsKeyId"))))
    return {}


def disassociate_kms_key(call: Call) -> Answer:
    """DisassociateKmsKey."""
    _put(call, replace(_by_identifier(call), key=None))
    return {}


def _by_identifier(call: Call) -> LogGroup:
    name = call.params.get("logGroupName") or str(call.params.get("resourceIdentifier", "")).partition("log-group:")[2]
    if not name:
        raise AwsError("InvalidParameterException", "Give logGroupName or resourceIdentifier.")
    return take_group(call, name.removesuffix(":*"))


def _checked_key(call: Call, group: LogGroup, name: str) -> str:
    """Source: CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS"."""
    key = find_key(call, name) if ":key/" in name else None
    context = {
        "aws:SourceArn": group.arn(call),
        "aws:SourceAccount": call.account,
        "kms:EncryptionContext:aws:logs:arn": group.arn(call),
    }
    service, actions = f"logs.{call.region}.amazonaws.com", ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey")
    if key is None or not service_may_use(key, service, actions, context):
        raise AwsError("InvalidParameterException", "The specified KMS key does not exist or is not allowed to be used")
    return key.arn


def delete_log_group(call: Call) -> Answer:
    """DeleteLogGroup: its metric filters go with it."""
    group, state = take_group(call, call.param("logGroupName")), call.state(LogsState)
    for one in state.filters.all_latest():
        if (one.region, one.group) == (group.region, group.name):
            state.filters.delete(f"{one.region}:{one.group}:{one.name}")
    state.groups.delete(f"{group.region}:{group.name}")
    return {}


def _put(call: Call, group: LogGroup) -> None:
    call.state(LogsState).groups.put(f"{group.region}:{group.name}", group)


OPERATIONS: dict[str, Handler] = {
    "CreateLogGroup": create_log_group,
    "DescribeLogGroups": describe_log_groups,
    "PutRetentionPolicy": put_retention_policy,
    "DeleteRetentionPolicy": delete_retention_policy,
    "AssociateKmsKey": associate_kms_key,
    "DisassociateKmsKey": disassociate_kms_key,
    "DeleteLogGroup": delete_log_group,
}
