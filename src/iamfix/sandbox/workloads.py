"""What runs in the practice accounts: instances, functions and buckets, some with roles, few with the right tags."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from iamfix.sandbox.building import PARTITION
from iamfix.sandbox.cloud import Cloud
from iamfix.sandbox.services.ec2.state import METADATA, Association, Instance, InstancesState
from iamfix.sandbox.services.iam.state import IamState
from iamfix.sandbox.services.lambda_.functions import Function, LambdaState
from iamfix.sandbox.services.s3.state import Bucket, S3State

Tags = Mapping[str, str]
_SCALED = {"aws:autoscaling:groupName": "payments-api", "Name": "payments-api"}
_STACK = {"aws:cloudformation:stack-name": "payments-stack", "aws:cloudformation:logical-id": "Proxy"}


def build(cloud: Cloud) -> None:
    """Put workloads into three of the practice accounts."""
    prod = _Workloads(cloud, "222222222222")
    prod.instance("us-east-1", profile="payments-api", tokens="required", tags={**_SCALED, "Owner": "payments"})
    prod.instance("us-east-1", profile="payments-api", tags=_SCALED)
    prod.instance("us-east-1", tags=_STACK)
    prod.instance("eu-west-1", tags={"Name": "jump-host", "owner": "platform"}, public_ip="203.0.113.7")
    prod.function("payments-batch", "app/payments-batch", tags={"Owner": "payments", "Environment": "prod"})
    prod.function(
        "payments-refunds", "app/payments-batch", {"LOG_LEVEL": "INFO", "PAY_TOKEN": "sk_live_" + "4eC39HqLyj"}
    )
    prod.bucket("payments-artifacts-222222222222", "us-east-1", {"Owner": "payments", "environment": "prod"})
    prod.bucket("payments-exports-222222222222", "eu-west-1", {})
    dev = _Workloads(cloud, "333333333333")
    dev.instance("us-east-1", tags={"Name": "bobs-box", "Environment": "bob"})
    dev.function("experiment", "experiment-lambda", {"DATABASE_URL": "postgres://app:" + "tulip-7@db.internal/app"})
    dev.function(
        "experiment-two", "experiment-lambda", {"FEATURES": "new-checkout=on"}, tags={"Env": "dev", "env": "dev"}
    )
    data = _Workloads(cloud, "444444444444")
    data.bucket("lake-444444444444", "us-east-1", {"team": "data"})


class _Workloads:
    """Puts workloads into one account."""

    def __init__(self, cloud: Cloud, account: str) -> None:
        self._cloud, self._account = cloud, account

    def instance(
        self,
        region: str,
        *,
        profile: str | None = None,
        tokens: str = "optional",
        tags: Tags,
        public_ip: str | None = None,
    ) -> None:
        cloud, association = self._cloud, None
        if profile is not None:
            held = cloud.state(IamState, self._account, PARTITION).instance_profiles.latest(profile)
            assert held is not None
            number = f"iip-assoc-{cloud.rng.getrandbits(68):017x}"
            association = Association(number, held.arn(self._account, PARTITION), held.id)
        name = f"i-{cloud.rng.getrandbits(68):017x}"
        instance = Instance(
            name, "ami-0a1b2c3d4e5f60718", "t3.small", cloud.now() - timedelta(days=90), f"r-{name[2:]}",
            metadata={**METADATA, "HttpTokens": tokens}, association=association, tags=tags, public_ip=public_ip,
        )  # fmt: skip
        cloud.state(InstancesState, f"{self._account}/{region}", PARTITION).instances.put(name, instance)

    def function(self, name: str, role: str, variables: Tags | None = None, tags: Tags | None = None) -> None:
        functions = self._cloud.state(LambdaState, f"{self._account}/us-east-1", PARTITION).functions
        function = Function(
            name,
            f"arn:{PARTITION}:lambda:us-east-1:{self._account}:function:{name}",
            f"arn:{PARTITION}:iam::{self._account}:role/{role}",
            self._cloud.now() - timedelta(days=30),
            variables=variables or {},
            tags=tags or {},
        )
        functions.put(name, function)

    def bucket(self, name: str, region: str, tags: Tags) -> None:
        made = self._cloud.now() - timedelta(days=400)
        self._cloud.state(S3State, "*", PARTITION).buckets.put(
            name, Bucket(name, self._account, region, made, tags=tags)
        )
