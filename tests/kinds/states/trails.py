"""CloudTrail: trails, and the buckets, log group and role that they deliver to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from iamfix.kinds import cloudtrail
from iamfix.kinds.cloudtrail_selectors import DEFAULT, read_selectors
from iamfix.model import Call
from tests.kinds.states.monitoring import TAGS, mixed

REGION, ACCOUNT = "us-east-1", "111111111111"
BUCKETS = ("trail-logs-a", "trail-logs-b")
GROUPS = ("trail-one", "trail-two")
SERVICE = {"Service": "cloudtrail.amazonaws.com"}


def bucket_policy(bucket: str) -> str:
    """A bucket policy that lets every trail of the account deliver, under any prefix."""
    arn = f"arn:aws:s3:::{bucket}"
    common = {"Effect": "Allow", "Principal": SERVICE}
    statements = [
        {**common, "Sid": "Acl", "Action": "s3:GetBucketAcl", "Resource": arn},
        {
            **common, "Sid": "Write", "Action": "s3:PutObject", "Resource": f"{arn}/*AWSLogs/*",
            "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
        },
    ]  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def role_calls(name: str) -> tuple[Call, ...]:
    """A role with which CloudTrail writes to log groups."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": SERVICE, "Action": "sts:AssumeRole"}],
    }
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    writes = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    return (
        Call("iam", "create_role", {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(trust)}),
        Call("iam", "put_role_policy", {"RoleName": name, "PolicyName": "w", "PolicyDocument": json.dumps(writes)}),
    )


_advanced = [
    {"Name": "all", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
    {
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
            {"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::b/", "arn:aws:s3:::a/"]},
        ]
    },
]  # fmt: skip
SELECTORS = (
    DEFAULT,
    read_selectors({"EventSelectors": [{"ReadWriteType": "WriteOnly"}, {"ReadWriteType": "ReadOnly"}]}),
    read_selectors(
        {
            "EventSelectors": [
                {
                    "IncludeManagementEvents": True, "ExcludeManagementEventSources": ["kms.amazonaws.com"],
                    "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::b/", "arn:aws:s3:::a/"]}],
                }
            ]
        }
    ),
    read_selectors({"AdvancedEventSelectors": _advanced[:1]}),
    read_selectors({"AdvancedEventSelectors": _advanced}),
)  # fmt: skip


def _state(bucket: str, group: str | None, **fields: Any) -> cloudtrail.State:
    wide = fields["is_multi_region_trail"]
    return cloudtrail.State(
        s3_bucket_name=bucket,
        include_global_events=fields.pop("globally") or wide,
        cloudwatch_logs_log_group_arn=None if group is None else f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*",
        cloudwatch_logs_role_arn=None if group is None else f"arn:aws:iam::{ACCOUNT}:role/trail-{fields['role']}",
        **{name: value for name, value in fields.items() if name != "role"},
        delivery_error=None,
        logs_delivery_error=None,
    )


_INSIGHTS = ("ApiCallRateInsight", "ApiErrorRateInsight")
STATES: Mapping[str, st.SearchStrategy[Any]] = {
    "cloudtrail": st.sampled_from(
        mixed(
            _state, 400, bucket=BUCKETS, group=(None, *GROUPS), role=("logs", "logs2"), s3_key_prefix=(None, "trails"),
            is_multi_region_trail=(True, False), globally=(True, False), enable_log_file_validation=(True, False),
            kms_key_id=(None, "alias/logs"), enable_logging=(True, False), event_selectors=SELECTORS,
            insight_selectors=(frozenset(), frozenset(_INSIGHTS[:1]), frozenset(_INSIGHTS)), tags=TAGS,
        )
    ),
}  # fmt: skip

NAMES: Mapping[str, str] = {"cloudtrail": "thing.trail"}

SURROUNDINGS = (
    *(Call("s3", "create_bucket", {"Bucket": bucket}, REGION) for bucket in BUCKETS),
    *(Call("s3", "put_bucket_policy", {"Bucket": one, "Policy": bucket_policy(one)}, REGION) for one in BUCKETS),
    *(Call("logs", "create_log_group", {"logGroupName": group}, REGION) for group in GROUPS),
    *role_calls("trail-logs"),
    *role_calls("trail-logs2"),
)
