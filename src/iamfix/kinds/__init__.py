"""The kinds of AWS resources that iamfix knows: one module each, and this table.

To add one: write the module (see `protocol.Kind`), its test file, and its line here.
"""

from __future__ import annotations

from collections.abc import Mapping

from iamfix.kinds import (
    access_analyzer,
    access_analyzer_finding,
    ai_opt_out_policy,
    cloudtrail,
    cloudwatch_metric_alarm,
    cloudwatchlogs_log_group,
    cloudwatchlogs_log_group_metric_filter,
    config_recorder,
    guardduty_detector,
    iam_access_key,
    iam_account,
    iam_aws_managed_policy,
    iam_group,
    iam_login_profile,
    iam_managed_policy,
    iam_mfa_device,
    iam_password_policy,
    iam_role,
    iam_user,
    kms_key,
    organization,
    organization_account,
    organizational_unit,
    rcp,
    s3_account_public_access_block,
    s3_bucket,
    scp,
    securityhub,
    sns_topic,
    tag_policy,
)
from iamfix.kinds.protocol import Kind

KINDS: Mapping[str, Kind] = {
    "access_analyzer": access_analyzer,
    "access_analyzer_finding": access_analyzer_finding,
    "config_recorder": config_recorder,
    "guardduty_detector": guardduty_detector,
    "securityhub": securityhub,
    "iam_group": iam_group,
    "iam_user": iam_user,
    "iam_role": iam_role,
    "iam_managed_policy": iam_managed_policy,
    "iam_password_policy": iam_password_policy,
    "iam_aws_managed_policy": iam_aws_managed_policy,
    "iam_account": iam_account,
    "iam_access_key": iam_access_key,
    "iam_login_profile": iam_login_profile,
    "iam_mfa_device": iam_mfa_device,
    "cloudtrail": cloudtrail,
    "cloudwatch_metric_alarm": cloudwatch_metric_alarm,
    "cloudwatchlogs_log_group": cloudwatchlogs_log_group,
    "cloudwatchlogs_log_group_metric_filter": cloudwatchlogs_log_group_metric_filter,
    "kms_key": kms_key,
    "s3_account_public_access_block": s3_account_public_access_block,
    "s3_bucket": s3_bucket,
    "sns_topic": sns_topic,
    "organization": organization,
    "organizational_unit": organizational_unit,
    "organization_account": organization_account,
    "scp": scp,
    "rcp": rcp,
    "tag_policy": tag_policy,
    "ai_opt_out_policy": ai_opt_out_policy,
}
