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
EXAMPLES = {"ec2_instance": 8, "lambda": 6, "resource_tags": 6}
"""Few: what may be asked of them is little."""

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
_END_INSTANCE = Call("ec2", "terminate_instances", {"InstanceIds": [_INSTANCE]}, REGION)

_FUNCTION = {"FunctionName": "thing", "Role": _ARNS[0], "Code": {"ZipFile": b"x"}, "Runtime": "python3.13"}
_FUNCTIONS = tuple(
    (Call("lambda", "create_function", {**_FUNCTION, "Handler": "app.handler", **more}, REGION),)
    for more in ({}, {"Tags": {"Owner": "z", "Old": ""}, "Environment": {"Variables": {"LOG_LEVEL": "DEBUG"}}})
)
_END_FUNCTION = Call("lambda", "delete_function", {"FunctionName": "thing"}, REGION)

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
        (_END_INSTANCE,),
    ),
    "lambda": Found(
        _FUNCTIONS,
        lambda _: "thing",
        st.fixed_dictionaries({"role": st.sampled_from(_ARNS), "tags": tags}),
        (_END_FUNCTION,),
    ),
    "resource_tags": Found(
        _FUNCTIONS,
        lambda answers: str(answers["create_function"]["FunctionArn"]),
        st.fixed_dictionaries({"tags": tags}),
        (_END_FUNCTION,),
    ),
}
