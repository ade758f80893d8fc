"""Workloads as they are found: instances, functions, and what has tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from iamfix.model import Call, Result
from tests.kinds.states.found import Found
from tests.kinds.states.shared import ACCOUNT, REGION, tags

STATES: Mapping[str, st.SearchStrategy[Any]] = {}
NAMES: Mapping[str, str] = {}
AT_ONCE = 13
EXAMPLES = {"ec2_instance": 3, "lambda": 3, "resource_tags": 3}
"""Three runs of thirteen at once, the first of them with what is simplest: more than 25 pairs of each."""

_TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": '
    '["ec2.amazonaws.com", "lambda.amazonaws.com"]}, "Action": "sts:AssumeRole"}]}'
)
_ROLES = ("worker-one", "worker-two")
_ARNS = [f"arn:aws:iam::{ACCOUNT}:role/work/{name}" for name in _ROLES]

SURROUNDINGS: tuple[Call, ...] = tuple(
    call
    for name in _ROLES
    for call in (
        Call("iam", "create_role", {"RoleName": name, "Path": "/work/", "AssumeRolePolicyDocument": _TRUST}),
        Call("iam", "create_instance_profile", {"InstanceProfileName": name}),
        Call("iam", "add_role_to_instance_profile", {"InstanceProfileName": name, "RoleName": name}),
    )
)

_SPECIFICATION = [{"ResourceType": "instance", "Tags": [{"Key": "Owner", "Value": "z"}, {"Key": "Old", "Value": ""}]}]
_RUN: dict[str, Any] = {"ImageId": "ami-0a1b2c3d", "MinCount": 1, "MaxCount": 1}
_INSTANCE = Result("", "run_instances", "Instances.0.InstanceId")
_INSTANCES = tuple(
    (Call("ec2", "run_instances", {**_RUN, **more}, REGION),)
    for more in (
        {},
        {"IamInstanceProfile": {"Name": "worker-one"}, "TagSpecifications": _SPECIFICATION},
        {"MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}},
    )
)
_END_INSTANCE = {"run_instances": Call("ec2", "terminate_instances", {"InstanceIds": [_INSTANCE]}, REGION)}

_FUNCTION = {"FunctionName": "thing", "Role": _ARNS[0], "Code": {"ZipFile": b"x"}, "Runtime": "python3.13"}
_FUNCTIONS = tuple(
    (Call("lambda", "create_function", {**_FUNCTION, "Handler": "app.handler", **more}, REGION),)
    for more in ({}, {"Tags": {"Owner": "z", "Old": ""}, "Environment": {"Variables": {"LOG_LEVEL": "DEBUG"}}})
)
_END_FUNCTION = {"create_function": Call("lambda", "delete_function", {"FunctionName": "thing"}, REGION)}

_TAG_LIST = [{"Key": "Owner", "Value": "z"}, {"Key": "Old", "Value": ""}]
_ROLE = {"RoleName": "thing", "Path": "/work/", "AssumeRolePolicyDocument": _TRUST}
_PUT_TAGS = {"Bucket": "thing-of-tags", "Tagging": {"TagSet": _TAG_LIST}}
_TAGGED = (
    *_FUNCTIONS,
    *_INSTANCES[:2],
    (Call("iam", "create_role", {**_ROLE, "Tags": _TAG_LIST}),),
    (Call("iam", "create_instance_profile", {"InstanceProfileName": "thing"}),),
    (Call("s3", "create_bucket", {"Bucket": "thing-of-tags"}, REGION),),
    (
        Call("s3", "create_bucket", {"Bucket": "thing-of-tags"}, REGION),
        Call("s3", "put_bucket_tagging", _PUT_TAGS, REGION),
    ),
    (Call("sns", "create_topic", {"Name": "thing", "Tags": _TAG_LIST}, REGION),),
)
_END_TAGGED = {
    **_END_FUNCTION,
    **_END_INSTANCE,
    "create_role": Call("iam", "delete_role", {"RoleName": "thing"}),
    "create_instance_profile": Call("iam", "delete_instance_profile", {"InstanceProfileName": "thing"}),
    "create_bucket": Call("s3", "delete_bucket", {"Bucket": "thing-of-tags"}, REGION),
    "create_topic": Call("sns", "delete_topic", {"TopicArn": Result("", "create_topic", "TopicArn")}, REGION),
}


def _arn(answers: Mapping[str, Any]) -> str:
    """Of what was made, whatever it is."""
    if "run_instances" in answers:
        name = answers["run_instances"]["Instances"][0]["InstanceId"]
        return f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{name}"
    if "create_bucket" in answers:
        return "arn:aws:s3:::" + str(answers["create_bucket"]["Location"]).strip("/")
    one = next(answers[made] for made in _END_TAGGED if made in answers)
    for part in ("Role", "InstanceProfile"):
        one = one.get(part, one) if isinstance(one.get(part), Mapping) else one
    return str(one.get("FunctionArn") or one.get("TopicArn") or one["Arn"])


FOUND: Mapping[str, Found] = {
    "ec2_instance": Found(
        _INSTANCES,
        lambda answers: str(answers["run_instances"]["Instances"][0]["InstanceId"]),
        st.fixed_dictionaries(
            {
                "instance_profile": st.sampled_from((None, *_ROLES)),
                "tags": tags,
                "metadata_options": st.fixed_dictionaries(
                    {
                        "http_tokens": st.sampled_from(("required", "optional")),
                        "http_put_response_hop_limit": st.sampled_from((1, 2, 64)),
                        "http_endpoint": st.sampled_from(("enabled", "disabled")),
                        "http_protocol_ipv6": st.just("disabled"),
                        "instance_metadata_tags": st.sampled_from(("enabled", "disabled")),
                    }
                ),
            }
        ),
        _END_INSTANCE,
        at_once=AT_ONCE,
    ),
    "lambda": Found(
        _FUNCTIONS,
        lambda answers: str(answers["create_function"]["FunctionName"]),
        st.fixed_dictionaries({"role": st.sampled_from(_ARNS), "tags": tags}),
        _END_FUNCTION,
        at_once=AT_ONCE,
    ),
    "resource_tags": Found(
        _TAGGED,
        _arn,
        st.fixed_dictionaries({"tags": tags}),
        _END_TAGGED,
        at_once=AT_ONCE,
    ),
}
