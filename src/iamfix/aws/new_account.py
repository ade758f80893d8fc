"""What AWS answers to reads in an account that it has just made, as far as that is known before it is made.

Nothing is sent: answers are AWS's own model with nothing in them, and the few things that a new account comes with.

Sources: Organizations User Guide, "Accessing member accounts" (its one role); IAM User Guide, "AWS account root user"
(no root credentials in accounts that an organization makes); VPC User Guide, "Default VPCs"; EC2 User Guide, "Block
public access to your AMIs" (on in new accounts).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from iamfix.aws.model import operation_of
from iamfix.model import Account, AwsError, Call

ACCESS_ROLE = "OrganizationAccountAccessRole"
"""The role that AWS makes in each account that an organization makes; the management account may assume it."""
_EMPTY: Mapping[str, Any] = {"list": [], "map": {}, "boolean": False, "string": "", "integer": 0, "long": 0}
_SUMMARY = (
    "Users", "Groups", "Roles", "Policies", "MFADevices", "MFADevicesInUse", "AccountMFAEnabled",
    "AccountAccessKeysPresent", "AccountSigningCertificatesPresent", "AccountPasswordPresent",
)  # fmt: skip
REGIONS = (
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1",
    "us-east-2", "us-west-1", "us-west-2",
)  # fmt: skip
"""The regions of the partition `aws` that are enabled in a new account (Account Management, "Enable Regions")."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A `kinds.protocol.Reader` of an account that is not made yet."""

    account: Account
    region: str
    now: datetime
    manager: str
    """The id of the account that its one role trusts."""

    def at(self, region: str | None) -> NewAccount:
        return replace(self, region=region or self.account.home_region)

    def as_root(self) -> NewAccount:
        return self

    def get(self, service: str, operation: str, **params: Any) -> Mapping[str, Any]:
        """Return AWS's answer with nothing in it. Raises AwsError for a single thing, of which there is none."""
        if (known := _KNOWN.get((service, operation))) is not None:
            return known(self)
        if _asks_for_one(operation) and (service, operation) not in _LISTS:
            raise AwsError(service, operation, "NotFound", "the account is not made yet", self.region)
        return _empty(service, operation)

    first = get

    def find(self, service: str, operation: str, *missing: str, **params: Any) -> Mapping[str, Any] | None:
        try:
            return self.get(service, operation, **params)
        except AwsError:
            return None

    def each(
        self, service: str, operation: str, params: Iterable[Mapping[str, Any]], *missing: str
    ) -> list[Mapping[str, Any] | None]:
        return [self.find(service, operation, *missing, **one) for one in params]


def regions_of(account: Account) -> tuple[str, ...]:
    """Return the regions that are enabled in a new account, as far as they are known."""
    return REGIONS if account.partition == "aws" else account.regions


def _asks_for_one(operation: str) -> bool:
    return operation.startswith(("get_", "head_")) or operation in _SINGLE


@cache
def _empty(service: str, operation: str) -> Mapping[str, Any]:
    found = operation_of(Call(service, operation, {}))
    shape = None if found is None else found.output_shape
    members: Mapping[str, Any] = getattr(shape, "members", {})
    return {name: _EMPTY[one.type_name] for name, one in members.items() if one.type_name in _EMPTY}


def _details(read: NewAccount) -> Mapping[str, Any]:
    """Return the one role that a new account has; whom it trusts is known when the organization's manager is."""
    iam = f"arn:{read.account.partition}:iam::"
    statement = {"Effect": "Allow", "Principal": {"AWS": f"{iam}{read.manager}:root"}, "Action": "sts:AssumeRole"}
    role = {
        "Path": "/", "RoleName": ACCESS_ROLE, "RoleId": "AROANEWACCOUNT00000", "CreateDate": read.now,
        "Arn": f"{iam}{read.account.id}:role/{ACCESS_ROLE}", "InstanceProfileList": [],
        "RolePolicyList": [], "Tags": [],
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}, "RoleLastUsed": {},
        "AttachedManagedPolicies": [
            {"PolicyName": "AdministratorAccess", "PolicyArn": f"{iam}aws:policy/AdministratorAccess"}
        ],
    }  # fmt: skip
    return {"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [role]}


def _report(read: NewAccount) -> Mapping[str, Any]:
    """Return the credential report with the one line that it always has."""
    return {
        "Content": b"user,password_enabled,mfa_active\n<root_account>,not_supported,false",
        "GeneratedTime": read.now,
    }


def _network(key: str, *ids: tuple[str, str]) -> Callable[[NewAccount], Mapping[str, Any]]:
    return lambda read: {key: [{word: f"{name}-of-{read.region}"} for word, name in ids]}


def _always(answer: Mapping[str, Any]) -> Callable[[NewAccount], Mapping[str, Any]]:
    return lambda _: answer


_KNOWN: Mapping[tuple[str, str], Callable[[NewAccount], Mapping[str, Any]]] = {
    ("iam", "get_account_authorization_details"): _details,
    ("iam", "get_account_summary"): _always({"SummaryMap": {**dict.fromkeys(_SUMMARY, 0), "Roles": 1}}),
    ("iam", "get_credential_report"): _report,
    ("ec2", "describe_regions"): lambda read: {"Regions": [{"RegionName": one} for one in regions_of(read.account)]},
    ("ec2", "describe_vpcs"): _network("Vpcs", ("VpcId", "vpc")),
    ("ec2", "describe_internet_gateways"): _network("InternetGateways", ("InternetGatewayId", "igw")),
    ("ec2", "describe_subnets"): _network("Subnets", ("SubnetId", "subnet-a"), ("SubnetId", "subnet-b")),
    ("ec2", "get_ebs_encryption_by_default"): _always({"EbsEncryptionByDefault": False}),
    ("ec2", "get_ebs_default_kms_key_id"): _always({"KmsKeyId": "alias/aws/ebs"}),
    ("ec2", "get_instance_metadata_defaults"): _always({"AccountLevel": {}}),
    ("ec2", "get_snapshot_block_public_access_state"): _always({"State": "unblocked"}),
    ("ec2", "get_image_block_public_access_state"): _always({"ImageBlockPublicAccessState": "block-new-sharing"}),
}
"""What is there in a new account."""
_LISTS = frozenset((("resourcegroupstaggingapi", "get_resources"),))
"""Lists whose names begin as if they told one thing."""
_SINGLE = frozenset(("describe_hub", "describe_key", "describe_organization", "describe_log_group"))
"""Operations that tell one thing though their names do not say so."""
