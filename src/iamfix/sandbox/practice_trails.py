"""The practice accounts' trails and alarms: half done, as one finds them, and heard by nobody."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from iamfix.sandbox.building import PARTITION
from iamfix.sandbox.cloud import Cloud
from iamfix.sandbox.services.cloudtrail.state import Trail, TrailState
from iamfix.sandbox.services.cloudwatch.state import Alarm, AlarmState
from iamfix.sandbox.services.logs.state import LogGroup, LogsState, MetricFilter
from iamfix.sandbox.services.s3.state import Bucket, S3State

REGION = "us-east-1"
_ROOT = '{ $.userIdentity.type = "Root" }'


def build(cloud: Cloud) -> None:
    """A trail that does the job but feeds no alarm, one that does not log, and an alarm on the wrong log group."""
    _trail(cloud, "222222222222", "payments-trail", multi_region=True, logging=True, validation=False)
    _alarm(cloud, "222222222222")
    _trail(cloud, "333333333333", "dev-trail", multi_region=False, logging=False)


def _trail(cloud: Cloud, account: str, name: str, **fields: Any) -> None:
    made, bucket = cloud.now() - timedelta(days=900), f"{name}-logs-{account}"
    buckets = cloud.state(S3State, "*", PARTITION).buckets
    buckets.put(bucket, Bucket(bucket, account, REGION, made, policy=_policy(bucket, account)))
    trail = Trail(name, account, REGION, bucket, started=made, tags={"owner": "payments"}, **fields)
    cloud.state(TrailState, account, PARTITION).trails.put(f"{REGION}:{name}", trail)


def _policy(bucket: str, account: str) -> str:
    arn, service = f"arn:{PARTITION}:s3:::{bucket}", {"Service": "cloudtrail.amazonaws.com"}
    statements = [
        {
            "Sid": "AWSCloudTrailAclCheck20150319",
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:GetBucketAcl",
            "Resource": arn,
        },
        {
            "Sid": "AWSCloudTrailWrite20150319",
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:PutObject",
            "Resource": f"{arn}/AWSLogs/{account}/*",
            "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _alarm(cloud: Cloud, account: str) -> None:
    made, group = cloud.now() - timedelta(days=700), "old-trail-logs"
    logs = cloud.state(LogsState, account, PARTITION)
    logs.groups.put(f"{REGION}:{group}", LogGroup(group, REGION, made, retention=30))
    metric = {"metricName": "RootUse", "metricNamespace": "CISBenchmark", "metricValue": "1"}
    told = {"filterPattern": _ROOT, "metricTransformations": [metric], "applyOnTransformedLogs": False}
    logs.filters.put(f"{REGION}:{group}:RootUse", MetricFilter(group, "RootUse", REGION, made, told))
    alarm = {
        "MetricName": "RootUse",
        "Namespace": "CISBenchmark",
        "Statistic": "Average",
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1.0,
        "Period": 300,
        "EvaluationPeriods": 1,
        "ActionsEnabled": True,
    }
    alarms = cloud.state(AlarmState, account, PARTITION).alarms
    alarms.put(f"{REGION}:RootUse", Alarm("RootUse", REGION, alarm, made, "INSUFFICIENT_DATA", made))
