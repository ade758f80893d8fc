"""Instances, functions and the tagging API as on AWS: what must exist, who may pass a role, what goes in pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from iamfix.sandbox import Sandbox
from iamfix.sandbox.building import allow, trust

ACCOUNT = "333333333333"


@pytest.fixture
def roles(sandbox: Sandbox) -> str:
    """A role for both services, in an instance profile of its name; an empty profile; a role for neither."""
    iam = sandbox.client("iam", ACCOUNT)
    both = trust({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]})
    arn = iam.create_role(RoleName="work", AssumeRolePolicyDocument=both)["Role"]["Arn"]
    iam.create_instance_profile(InstanceProfileName="work")
    iam.add_role_to_instance_profile(InstanceProfileName="work", RoleName="work")
    iam.create_instance_profile(InstanceProfileName="other")
    iam.create_role(RoleName="people", AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    return str(arn)


def _client(sandbox: Sandbox, service: str, region: str = "us-east-1") -> Any:
    return sandbox.client(service, ACCOUNT, region=region)


def _code(call: Callable[[], Any]) -> str:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "OK"


def _run(sandbox: Sandbox, **more: Any) -> str:
    made = _client(sandbox, "ec2").run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, **more)
    return str(made["Instances"][0]["InstanceId"])


def _function(sandbox: Sandbox, role: str, name: str = "orders", **more: Any) -> str:
    made = _client(sandbox, "lambda").create_function(
        FunctionName=name, Role=role, Code={"ZipFile": b"x"}, Runtime="python3.13", Handler="app.handler", **more
    )
    return str(made["FunctionArn"])


def test_an_instance_has_one_profile(sandbox: Sandbox, roles: str) -> None:
    """A second one replaces the first, under another id; what was taken off can be taken off once."""
    ec2, one = _client(sandbox, "ec2"), _run(sandbox)
    first = ec2.associate_iam_instance_profile(InstanceId=one, IamInstanceProfile={"Name": "work"})
    number = first["IamInstanceProfileAssociation"]["AssociationId"]
    assert _code(lambda: ec2.associate_iam_instance_profile(InstanceId=one, IamInstanceProfile={"Name": "other"})) == (
        "IncorrectState"
    )
    second = ec2.replace_iam_instance_profile_association(AssociationId=number, IamInstanceProfile={"Name": "other"})
    assert second["IamInstanceProfileAssociation"]["AssociationId"] != number
    (told,) = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    assert (told["State"], told["IamInstanceProfile"]["Arn"].rpartition("/")[2]) == ("associated", "other")
    ec2.disassociate_iam_instance_profile(AssociationId=told["AssociationId"])
    assert _code(lambda: ec2.disassociate_iam_instance_profile(AssociationId=told["AssociationId"])) == (
        "InvalidAssociationID.NotFound"
    )


def test_profiles_and_instances_must_exist_and_be_ready(sandbox: Sandbox, roles: str) -> None:
    """Each with AWS's own code; a stopped instance is ready, one that has ended is not."""
    ec2, one = _client(sandbox, "ec2"), _run(sandbox)
    profile = {"Name": "work"}
    assert _code(lambda: ec2.associate_iam_instance_profile(InstanceId=one, IamInstanceProfile={"Name": "no"})) == (
        "InvalidParameterValue"
    )
    assert _code(lambda: ec2.associate_iam_instance_profile(InstanceId="i-0", IamInstanceProfile=profile)) == (
        "InvalidInstanceID.NotFound"
    )
    ec2.stop_instances(InstanceIds=[one])
    ec2.modify_instance_metadata_options(InstanceId=one, HttpTokens="required")
    ec2.terminate_instances(InstanceIds=[one])
    assert _code(lambda: ec2.associate_iam_instance_profile(InstanceId=one, IamInstanceProfile=profile)) == (
        "IncorrectInstanceState"
    )
    assert _code(lambda: ec2.modify_instance_metadata_options(InstanceId=one, HttpTokens="optional")) == (
        "IncorrectInstanceState"
    )


def test_metadata_options_are_the_instances_then_the_accounts(sandbox: Sandbox) -> None:
    """What is not given stays; where the account enforces tokens, they cannot be made optional."""
    ec2 = _client(sandbox, "ec2")
    ec2.modify_instance_metadata_defaults(HttpTokens="required")
    one = _run(sandbox, MetadataOptions={"HttpPutResponseHopLimit": 3})
    ec2.modify_instance_metadata_options(InstanceId=one, InstanceMetadataTags="enabled")
    (told,) = [
        instance["MetadataOptions"] for r in ec2.describe_instances()["Reservations"] for instance in r["Instances"]
    ]
    assert (told["HttpTokens"], told["HttpPutResponseHopLimit"], told["InstanceMetadataTags"]) == (
        "required", 3, "enabled",
    )  # fmt: skip
    ec2.modify_instance_metadata_defaults(HttpTokensEnforced="enabled")
    assert _code(lambda: ec2.modify_instance_metadata_options(InstanceId=one, HttpTokens="optional")) == (
        "UnsupportedOperation"
    )


def test_functions_need_a_role_that_lambda_can_assume(sandbox: Sandbox, roles: str) -> None:
    """A role that is not there, or trusts others, is refused, also on a change; names are taken once."""
    lam, people = _client(sandbox, "lambda"), roles.replace("work", "people")
    assert _code(lambda: _function(sandbox, people)) == "InvalidParameterValueException"
    assert _code(lambda: _function(sandbox, roles.replace("work", "none"))) == "InvalidParameterValueException"
    _function(sandbox, roles)
    assert _code(lambda: _function(sandbox, roles)) == "ResourceConflictException"
    assert _code(lambda: lam.update_function_configuration(FunctionName="orders", Role=people)) == (
        "InvalidParameterValueException"
    )
    assert _code(lambda: lam.get_function(FunctionName="none")) == "ResourceNotFoundException"


def test_a_role_must_be_passed(sandbox: Sandbox, roles: str) -> None:
    """Whoever may change instances and functions and not pass the role cannot give it to them."""
    iam = sandbox.client("iam", ACCOUNT)
    iam.create_user(UserName="ops")
    iam.put_user_policy(UserName="ops", PolicyName="p", PolicyDocument=allow("ec2:*", "lambda:*"))
    key = iam.create_access_key(UserName="ops")["AccessKey"]
    one = _run(sandbox)
    given = {
        "aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"],
        "endpoint_url": sandbox.endpoint_url, "region_name": "us-east-1",
    }  # fmt: skip
    ec2, lam = boto3.client("ec2", **given), boto3.client("lambda", **given)
    assert _code(lambda: ec2.associate_iam_instance_profile(InstanceId=one, IamInstanceProfile={"Name": "work"})) == (
        "UnauthorizedOperation"
    )
    _function(sandbox, roles)
    assert _code(lambda: lam.update_function_configuration(FunctionName="orders", Role=roles)) == (
        "AccessDeniedException"
    )


def test_the_tagging_api_tells_what_has_or_had_tags(sandbox: Sandbox, roles: str) -> None:
    """Of instances, functions and buckets; not of what never had one, of other regions, or of roles."""
    tagging, one, function = _client(sandbox, "resourcegroupstaggingapi"), _run(sandbox), _function(sandbox, roles)
    _client(sandbox, "s3").create_bucket(Bucket="orders-files")
    assert tagging.get_resources()["ResourceTagMappingList"] == []
    instance = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/{one}"
    named = [instance, function, "arn:aws:s3:::orders-files"]
    assert tagging.tag_resources(ResourceARNList=named, Tags={"Owner": "x"})["FailedResourcesMap"] == {}
    assert tagging.untag_resources(ResourceARNList=[instance], TagKeys=["Owner"])["FailedResourcesMap"] == {}
    told = {r["ResourceARN"]: r["Tags"] for r in tagging.get_resources()["ResourceTagMappingList"]}
    owner = [{"Key": "Owner", "Value": "x"}]
    assert told == {instance: [], function: owner, "arn:aws:s3:::orders-files": owner}
    other = _client(sandbox, "resourcegroupstaggingapi", "eu-west-1")
    assert other.get_resources()["ResourceTagMappingList"] == []
    assert _code(lambda: tagging.tag_resources(ResourceARNList=[roles], Tags={"a": "b"})) == (
        "InvalidParameterException"
    )


def test_one_resources_failure_is_its_own(sandbox: Sandbox, roles: str) -> None:
    """What is gone, or has fifty tags already, is told; the others have their tag."""
    tagging, function = _client(sandbox, "resourcegroupstaggingapi"), _function(sandbox, roles)
    full = _function(sandbox, roles, "full", Tags={f"k{number}": "v" for number in range(50)})
    gone = function.replace("orders", "gone")
    failed = tagging.tag_resources(ResourceARNList=[function, full, gone], Tags={"Owner": "x"})["FailedResourcesMap"]
    assert {arn: told["ErrorCode"] for arn, told in failed.items()} == {
        full: "InvalidParameterException", gone: "InvalidParameterException",
    }  # fmt: skip
    assert _client(sandbox, "lambda").list_tags(Resource=function)["Tags"] == {"Owner": "x"}


def test_lists_come_in_pages(sandbox: Sandbox, roles: str) -> None:
    """Functions in fifties, whatever is asked; tagged resources in hundreds at most."""
    lam, tagging = _client(sandbox, "lambda"), _client(sandbox, "resourcegroupstaggingapi")
    for number in range(120):
        _function(sandbox, roles, f"f{number}", Tags={"Owner": "x"})
    pages = [len(page["Functions"]) for page in lam.get_paginator("list_functions").paginate(MaxItems=1000)]
    assert pages == [50, 50, 20]
    pages = [
        len(page["ResourceTagMappingList"])
        for page in tagging.get_paginator("get_resources").paginate(ResourcesPerPage=100)
    ]
    assert pages == [100, 20]
    assert _code(lambda: tagging.get_resources(ResourcesPerPage=101)) == "InvalidParameterException"


def test_values_of_variables_are_not_in_the_log(sandbox: Sandbox, roles: str) -> None:
    """The sandbox's log holds what was asked, and no value of a function's environment."""
    _function(sandbox, roles, Environment={"Variables": {"TOKEN": "tulip-7-tulip"}})
    assert "tulip-7-tulip" not in json.dumps([str(record.params) for record in sandbox.log])
