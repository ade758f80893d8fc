"""Random States of resources that several parties use: buckets, keys, topics, queues, rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any, TypeVar

from hypothesis import strategies as st

from iamfix.kinds import eventbridge_rule, kms_key, s3_account_public_access_block, s3_bucket, sns_topic, sqs_queue
from iamfix.kinds.sns_subscriptions import Subscribed
from iamfix.model import Call
from iamfix.policy.document import Document

T = TypeVar("T")

REGION = "us-east-1"
ACCOUNT = "111111111111"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def statement(sid: str, action: str, resource: str, **more: Any) -> dict[str, Any]:
    return {
        "Sid": sid, "Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": action, "Resource": resource, **more,
    }  # fmt: skip


def _subsets(items: Sequence[T]) -> list[tuple[T, ...]]:
    return [some for size in range(len(items) + 1) for some in combinations(items, size)]


def policies(*statements: dict[str, Any]) -> list[Document]:
    """Documents of some of these statements, at least one."""
    return [Document.parse(list(some)) for some in _subsets(statements) if some]


# Each draw costs more than all that a test does with it, so what can be combined is drawn as one.
tags = st.sampled_from([dict(some) for some in _subsets((("Owner", "a"), ("Env", "b c"), ("Cost.Center", "")))])

_BUCKET = "arn:aws:s3:::thing"
_TLS_ONLY = {
    "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [_BUCKET, f"{_BUCKET}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}  # fmt: skip
_POLICIES = policies(
    _TLS_ONLY, statement("Read", "s3:GetObject", f"{_BUCKET}/*"), statement("Acl", "s3:GetBucketAcl", _BUCKET)
)
_RULES = {
    "expire": {"Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 400}},
    "tidy": {
        "Status": "Enabled",
        "Filter": {"Prefix": "a/"},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    },
    "cold": {
        "Status": "Disabled",
        "Filter": {"Prefix": "b/"},
        "Transitions": [{"Days": 90, "StorageClass": "GLACIER"}],
    },
}
_LOGGING = [
    {"target_bucket": "log-target", "target_prefix": prefix, "partition_date_source": source}
    for prefix in ("", "thing/")
    for source in (None, "EventTime")
]
_PARTS = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
_ENCRYPTIONS = (
    ("AES256", None),
    ("aws:kms", None),
    ("aws:kms", "alias/one"),
    ("aws:kms:dsse", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"),
)
buckets = st.builds(
    lambda encryption, flags, **more: s3_bucket.State(
        encryption=encryption[0], encryption_key_id=encryption[1],
        bucket_key_enabled=flags[0], block_sse_c=flags[1], versioning=flags[2], **more,
    ),
    encryption=st.sampled_from(_ENCRYPTIONS), flags=st.sampled_from(list(product((False, True), repeat=3))),
    policy=st.sampled_from([None, *_POLICIES]),
    object_ownership=st.sampled_from(("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")),
    public_access=st.sampled_from([{part: part in some for part in _PARTS} for some in _subsets(_PARTS)]),
    logging=st.sampled_from([None, *_LOGGING]),
    lifecycle_rules=st.sampled_from([{name: _RULES[name] for name in some} for some in _subsets(sorted(_RULES))]),
    tags=tags,
)  # fmt: skip


_ROOT = statement("Account", "kms:*", "*")
_KEY_POLICIES = [Document.parse([_ROOT]), *policies(_ROOT, statement("Use", "kms:GenerateDataKey*", "*"))]
_KEY_POLICIES = [one for one in _KEY_POLICIES if "Account" in one.text]
keys = st.builds(
    lambda switched, **more: kms_key.State(enabled=switched[0], rotation=switched[1], **more),
    switched=st.sampled_from(((True, 0), (True, 365), (True, 90), (False, 0))),
    policy=st.sampled_from(_KEY_POLICIES), description=st.sampled_from(("", "a key")), tags=tags,
)  # fmt: skip

_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:thing"
_QUEUE = f"sqs:arn:aws:sqs:{REGION}:{ACCOUNT}:thing"
topics = st.builds(
    sns_topic.State,
    policy=st.sampled_from(
        policies(
            statement("Publish", "sns:Publish", _TOPIC, Principal={"Service": "cloudwatch.amazonaws.com"}),
            statement("Own", "sns:Subscribe", _TOPIC), statement("See", "SNS:GetTopicAttributes", _TOPIC),
        )
    ),
    display_name=st.sampled_from(("", "Alarms")), kms_master_key_id=st.sampled_from((None, "alias/aws/sns", "alias/x")),
    subscriptions=st.sampled_from([Subscribed(), Subscribed((_QUEUE,))]), tags=tags,
)  # fmt: skip

account_blocks = st.sampled_from(
    [s3_account_public_access_block.State(**{part: part in some for part in _PARTS}) for some in _subsets(_PARTS)]
)

_QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:thing"
queues = st.builds(
    sqs_queue.State,
    policy=st.sampled_from(
        [None, *policies(
            statement("Send", "sqs:SendMessage", _QUEUE_ARN, Principal={"Service": "events.amazonaws.com"}),
            statement("See", "sqs:GetQueueAttributes", _QUEUE_ARN),
        )]
    ),
    encryption=st.sampled_from(("SSE-SQS", "none", "alias/aws/sqs", "alias/x")),
    visibility_timeout=st.sampled_from((30, 0, 43200)), message_retention_period=st.sampled_from((345600, 60)),
    delivery_delay=st.sampled_from((0, 900)), maximum_message_size=st.sampled_from((1048576, 1024)),
    redrive_policy=st.sampled_from(
        (None, {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead-letters", "maxReceiveCount": 5})
    ),
    tags=tags,
)  # fmt: skip
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/x"
_TARGETS = {
    "queue": {"Arn": _QUEUE_ARN},
    "topic": {"Arn": _TOPIC, "Input": "{}"},
    "role": {"Arn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:x", "RoleArn": _ROLE},
}
rules = st.builds(
    lambda when, **more: eventbridge_rule.State(event_pattern=when[0], schedule_expression=when[1], **more),
    when=st.sampled_from(
        (({"source": ["aws.iam"]}, None), ({"source": ["aws.iam"], "detail": {"errorCode": [{"exists": False}]}}, None),
         (None, "rate(5 minutes)"), ({"source": ["aws.sts"]}, "cron(0 12 * * ? *)"))
    ),
    rule_state=st.sampled_from(eventbridge_rule.STATES), description=st.sampled_from(("", "a rule")),
    role_arn=st.sampled_from((None, _ROLE)),
    targets=st.sampled_from([{name: _TARGETS[name] for name in some} for some in _subsets(sorted(_TARGETS))]),
    tags=tags,
)  # fmt: skip

STATES: Mapping[str, st.SearchStrategy[Any]] = {
    "eventbridge_rule": rules,
    "kms_key": keys,
    "s3_account_public_access_block": account_blocks,
    "s3_bucket": buckets,
    "sns_topic": topics,
    "sqs_queue": queues,
}
NAMES: Mapping[str, str] = {"s3_account_public_access_block": "account"}
SURROUNDINGS = (
    Call("s3", "create_bucket", {"Bucket": "log-target"}, REGION),
    Call("sqs", "create_queue", {"QueueName": "dead-letters"}, REGION),
)
