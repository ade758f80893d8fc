"""Every handler, called with what its operation needs: it answers in the operation's own shape, or with an AwsError."""

import contextlib
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from moto.core.utils import get_service_model

from iamfix.sandbox import Sandbox
from iamfix.sandbox.call import Call
from iamfix.sandbox.credentials import root_caller
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services import SERVICES
from tests.public_keys import certificate, ssh_key

ALLOW = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}'
TRUST = ALLOW.replace('"Action":"s3:Get*","Resource":"*"', '"Action":"sts:AssumeRole","Principal":"*"')
SCP = ALLOW.replace("Allow", "Deny")
EXISTING = {
    "UserName": ["bob", "carol", "nobody"],
    "GroupName": ["Admins", "Developers", "nothing"],
    "RoleName": ["payments-api", "AWSServiceRoleForSSO", "VendorMonitoring"],
    "InstanceProfileName": ["payments-api", "nothing"],
    "PolicyArn": [
        "arn:aws:iam::222222222222:policy/PaymentsDeploy",
        "arn:aws:iam::222222222222:policy/PaymentsQueue",
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
    ],
    "PermissionsBoundary": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    "PolicyDocument": [ALLOW, TRUST, "{"],
    "AssumeRolePolicyDocument": [TRUST, ALLOW],
    "VersionId": ["v1", "v4"],
    "PolicyName": ["quick-fix", "logs", "tmp"],
    "Password": ["Correct-Horse-7"],
    "NewPassword": ["Correct-Horse-8"],
    "CertificateBody": [certificate()],
    "SerialNumber": ["arn:aws:iam::222222222222:mfa/bob"],
    "AuthenticationCode1": ["123456"],
    "AuthenticationCode2": ["654321"],
    "SSHPublicKeyBody": [ssh_key()],
    "AWSServiceName": ["guardduty.amazonaws.com"],
    "RoleArn": ["arn:aws:iam::222222222222:role/iamfix"],
    "TargetId": ["r-prac", "222222222222", "ou-prac-11000000"],
    "ResourceId": ["222222222222", "ou-prac-11000000"],
    "PolicyId": ["p-FullAWSAccess"],
    "ParentId": ["r-prac", "ou-prac-11000000"],
    "SourceParentId": ["ou-prac-11000000"],
    "DestinationParentId": ["r-prac"],
    "ChildId": ["222222222222", "ou-prac-11000000"],
    "AccountId": ["222222222222", "111111111111"],
    "RootId": ["r-prac"],
    "OrganizationalUnitId": ["ou-prac-11000000"],
    "Content": [SCP],
    "ServicePrincipal": ["iam.amazonaws.com"],
    "Type": ["SERVICE_CONTROL_POLICY"],
    "Filter": ["SERVICE_CONTROL_POLICY"],
    "Email": ["x@example.com"],
    "Tags": [[{"Key": "a", "Value": "b"}]],
}


def made(shape: Any, name: str, rng: random.Random) -> Any:
    """A value for a parameter: one that exists in the practice world where that matters."""
    plain_tags = name != "Tags" or "Key" in getattr(getattr(shape, "member", None), "members", ())
    if name in EXISTING and plain_tags and (name != "Filter" or shape.type_name == "string"):
        return rng.choice(EXISTING[name])
    if shape.type_name == "string":
        return rng.choice(shape.enum) if shape.enum else "abcd"
    if shape.type_name == "list":
        return [made(shape.member, name, rng)]
    if shape.type_name in ("integer", "long"):
        return rng.randint(shape.metadata.get("min", 1), min(shape.metadata.get("max", 50), 50_000))
    if shape.type_name == "boolean":
        return rng.random() < 0.5
    if shape.type_name == "map":
        return {made(shape.key, f"{name}Key", rng): made(shape.value, f"{name}Value", rng)}
    if shape.type_name == "timestamp":
        return datetime(2026, 1, 1, tzinfo=UTC)
    if shape.type_name == "blob":
        return b"abcd"
    if shape.type_name in ("float", "double"):
        return rng.uniform(0, 10)
    return {key: made(member, key, rng) for key, member in shape.members.items()}


def misfits(shape: Any, value: Any, path: str) -> list[str]:
    """Where an answer has what the operation's output shape has not."""
    if value is None:
        return []
    if shape.type_name == "structure":
        unknown = [f"{path}.{key}" for key in value if key not in shape.members]
        required = [] if str(value.get("Arn")).endswith(":root") else shape.required_members  # root has no name
        lacking = [f"{path}.{key} is required" for key in required if value.get(key) is None]
        inner = [
            misfits(shape.members[key], item, f"{path}.{key}")
            for key, item in value.items()
            if key not in unknown and key in shape.members
        ]
        return unknown + lacking + [text for texts in inner for text in texts]
    if shape.type_name == "list":
        return [text for item in value for text in misfits(shape.member, item, f"{path}[]")]
    kinds = {"string": str, "boolean": bool, "integer": int, "long": int, "blob": bytes}
    return [] if isinstance(value, kinds.get(shape.type_name, object)) else [f"{path}: {value!r}"]


HANDLERS = [(service.name, operation) for service in SERVICES.values() for operation in service.operations]


@pytest.mark.parametrize(("service", "operation"), HANDLERS)
def test_a_handler_answers_in_shape_or_with_an_aws_error(service: str, operation: str) -> None:
    """Over 12 sets of parameters no handler crashes, and no answer has members that AWS's has not, or lacks any."""
    model = get_service_model(service).operation_model(operation)
    rng = random.Random(operation)
    account = "111111111111" if service == "organizations" else "222222222222"
    sandbox = Sandbox(layout="practice")
    for number in range(12):
        shape = model.input_shape
        members = shape.members.items() if shape else []
        params = {
            name: made(member, name, rng)
            for name, member in members
            if name in shape.required_members
            or (number % 2 and rng.random() < 0.5 and name not in ("Marker", "NextToken"))
        }
        call = Call(
            cloud=sandbox.cloud,
            service=service,
            operation=operation,
            params=params,
            account=account,
            region="us-east-1",
            partition="aws",
            caller=root_caller(account, "aws"),
            replica=0,
        )
        with contextlib.suppress(AwsError):
            answer = SERVICES[service].operations[operation](call)
            if model.output_shape is None:
                assert not answer
            else:
                # Of the root user, who calls here, AWS leaves the user name out, whatever the model says.
                found = misfits(model.output_shape, answer, operation)
                assert [one for one in found if not one.endswith(".UserName is required")] == []
