"""Which regions an account has enabled, and what a service answers in one that it has not.

Source: Account Management Reference Guide, "Enable or disable AWS Regions in your account".
"""

from __future__ import annotations

from iamfix.sandbox.cloud import Cloud
from iamfix.sandbox.errors import AwsError

BY_DEFAULT = {
    "aws": (
        "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
        "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1",
        "us-east-2", "us-west-1", "us-west-2",
    ),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-us-gov": ("us-gov-east-1", "us-gov-west-1"),
}  # fmt: skip
"""Regions that every account has."""
OPT_IN = ("af-south-1", "ap-east-1", "ap-southeast-3", "ca-west-1", "eu-central-2", "eu-south-1", "me-south-1")
"""Some of those that an account must enable first."""


def enabled(cloud: Cloud, account: str, partition: str) -> list[str]:
    """The names of the regions in which an account can work."""
    own = cloud.opted_in.get(account, frozenset()) if partition == "aws" else frozenset()
    return sorted({*BY_DEFAULT.get(partition, ()), *own})


def check_enabled(cloud: Cloud, account: str, partition: str, region: str, service: str, protocol: str) -> None:
    """Raise what a service answers in a region that the account has not enabled."""
    if partition not in BY_DEFAULT or region in enabled(cloud, account, partition):
        return
    if service == "ec2":
        raise AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", status=401)
    told = "The security token included in the request is invalid."
    if protocol == "query":
        raise AwsError("InvalidClientTokenId", told, status=403)
    raise AwsError("UnrecognizedClientException", told, status=400)
