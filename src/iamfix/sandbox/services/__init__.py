"""The table of services that the sandbox answers itself; all others, and operations not in it, are moto's."""

from __future__ import annotations

from collections.abc import Mapping

from iamfix.sandbox.call import Service
from iamfix.sandbox.services import (
    accessanalyzer,
    account,
    cloudtrail,
    cloudwatch,
    config,
    ec2,
    events,
    guardduty,
    iam,
    kms,
    lambda_,
    logs,
    organizations,
    s3,
    s3control,
    securityhub,
    sns,
    sqs,
    sts,
    tagging,
)

_OWN = (
    accessanalyzer.SERVICE,
    account.SERVICE,
    cloudtrail.SERVICE,
    cloudwatch.SERVICE,
    config.SERVICE,
    ec2.SERVICE,
    events.SERVICE,
    guardduty.SERVICE,
    iam.SERVICE,
    kms.SERVICE,
    lambda_.SERVICE,
    logs.SERVICE,
    organizations.SERVICE,
    s3.SERVICE,
    s3control.SERVICE,
    securityhub.SERVICE,
    sns.SERVICE,
    sqs.SERVICE,
    sts.SERVICE,
    tagging.SERVICE,
)
SERVICES: Mapping[str, Service] = {service.name: service for service in _OWN}
