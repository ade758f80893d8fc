"""The sandbox as a server: log, reset, accounts, moto behind it, and its place in the product."""

import ast
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.utils import get_service_model

from iamfix.sandbox import Sandbox
from iamfix.sandbox.services import SERVICES
from iamfix.sandbox.validation import compiled

SOURCE = Path(__file__).parents[2] / "src" / "iamfix"


def test_the_log_tells_every_request(sandbox: Sandbox) -> None:
    """Account, region, service, operation, parameters, caller and outcome of each request, in order."""
    iam = sandbox.client("iam", "222222222222")
    iam.list_users(MaxItems=5)
    iam.create_user(UserName="u")
    with pytest.raises(ClientError):
        iam.get_user(UserName="nobody")
    told = [(r.account, r.region, r.service, r.operation, r.mutating, dict(r.params), r.code) for r in sandbox.log]
    assert told == [
        ("222222222222", "us-east-1", "iam", "ListUsers", False, {"MaxItems": 5}, "OK"),
        ("222222222222", "us-east-1", "iam", "CreateUser", True, {"UserName": "u"}, "OK"),
        ("222222222222", "us-east-1", "iam", "GetUser", False, {"UserName": "nobody"}, "NoSuchEntity"),
    ]
    assert [record.operation for record in sandbox.log.mutating()] == ["CreateUser"]
    assert len(sandbox.log.records(operation="GetUser", account="222222222222")) == 1
    sandbox.log.clear()
    assert len(sandbox.log) == 0


def test_the_log_holds_no_secrets(sandbox: Sandbox) -> None:
    """Passwords, codes and policies' secrets are not in the log, also when the call fails."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    iam.create_login_profile(UserName="u", Password="Correct-Horse-7")
    with pytest.raises(ClientError):
        iam.create_login_profile(UserName="u", Password="Correct-Horse-8")
    sandbox.client("secretsmanager").create_secret(Name="s", SecretString="Correct-Horse-9")
    assert "Correct-Horse" not in repr(list(sandbox.log))


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("s3", "create_bucket", {"Bucket": "bucket-one"}),
        ("sns", "create_topic", {"Name": "t"}),
        ("cloudtrail", "describe_trails", {}),
        ("logs", "create_log_group", {"logGroupName": "g"}),
        ("cloudwatch", "describe_alarms", {}),
        ("kms", "create_key", {}),
        ("dynamodb", "list_tables", {}),
        ("ec2", "describe_vpcs", {}),
        ("config", "describe_configuration_recorders", {}),
        ("sso-admin", "list_instances", {}),
        ("iam", "list_saml_providers", {}),
    ],
)
def test_other_services_are_motos(sandbox: Sandbox, service: str, operation: str, params: dict[str, str]) -> None:
    """A service without handlers is answered by moto, in every protocol, and logged with its operation."""
    getattr(sandbox.client(service, "333333333333"), operation)(**params)
    record = sandbox.log.records()[0]
    assert (record.service, record.operation.lower(), record.code) == (service, operation.replace("_", ""), "OK")
    assert record.mutating == operation.startswith("create")


def test_objects_survive_the_way_through_the_server(sandbox: Sandbox) -> None:
    """An S3 object comes back byte for byte, with its metadata, in the account that owns the bucket."""
    s3 = sandbox.client("s3", "222222222222")
    s3.create_bucket(Bucket="bucket-one")
    content = bytes(range(256)) * 4
    s3.put_object(Bucket="bucket-one", Key="a/b c.txt", Body=content, Metadata={"owner": "x"})
    got = s3.get_object(Bucket="bucket-one", Key="a/b c.txt")
    assert (got["Body"].read(), got["Metadata"]) == (content, {"owner": "x"})
    assert s3.head_object(Bucket="bucket-one", Key="a/b c.txt")["ContentLength"] == len(content)
    assert sandbox.client("s3", "333333333333").list_buckets()["Buckets"] == []


def test_reset_forgets_everything_within_milliseconds(sandbox: Sandbox) -> None:
    """After reset the state of IAM and of moto's services, the faults and the log are as at the start."""
    sandbox.client("iam").create_user(UserName="u")
    sandbox.client("sns").create_topic(Name="t")
    sandbox.faults.throttle = 1.0
    sandbox.reset()
    assert len(sandbox.log) == 0
    assert sandbox.client("iam").list_users()["Users"] == []
    assert sandbox.client("sns").list_topics()["Topics"] == []
    start = time.monotonic()
    for _ in range(10):
        sandbox.reset()
    assert time.monotonic() - start < 0.5


def test_what_nobody_implements_says_so(sandbox: Sandbox) -> None:
    """An operation that neither the sandbox nor moto knows is an error of its own, not an empty answer."""
    for service, operation, params in (
        ("iam", "simulate_custom_policy", {"PolicyInputList": ["{}"], "ActionNames": ["s3:Get"]}),
        ("organizations", "list_handshakes_for_account", {}),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(sandbox.client(service), operation)(**params)
        assert caught.value.response["Error"]["Code"] == "NotImplemented"


def test_two_sandboxes_do_not_meet() -> None:
    """Sandboxes of one process keep their own accounts."""
    with Sandbox() as one, Sandbox() as other:
        one.client("iam").create_user(UserName="u")
        assert other.client("iam").list_users()["Users"] == []


def test_starting_and_stopping_is_cheap() -> None:
    """Ten sandboxes, started and stopped, take less than a second."""
    start = time.monotonic()
    for _ in range(10):
        with Sandbox():
            pass
    assert time.monotonic() - start < 1


def test_all_patterns_that_are_checked_can_be() -> None:
    """Every pattern of the parameters of handled operations is one that Python understands."""
    checked = 0
    for service in SERVICES.values():
        model = get_service_model(service.name)
        inputs = [model.operation_model(name).input_shape for name in service.operations if service.strict]
        for pattern in {pattern for shape in inputs if shape is not None for pattern in patterns_of(shape, set())}:
            compiled(pattern)
            checked += 1
    assert checked > 50


def patterns_of(shape: Any, seen: set[str]) -> set[str]:
    """The patterns of a shape and of all that it holds."""
    if shape.name in seen:
        return set()
    seen.add(shape.name)
    inner = [getattr(shape, part) for part in ("member", "key", "value") if hasattr(shape, part)]
    inner += list(getattr(shape, "members", {}).values())
    own = shape.metadata.get("pattern")
    return {own} - {None} | {pattern for one in inner for pattern in patterns_of(one, seen)}


def test_every_handler_is_for_an_operation_of_the_model() -> None:
    """No handler is filed under a name that AWS does not have."""
    for service in SERVICES.values():
        assert set(service.operations) <= set(get_service_model(service.name).operation_names)


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name for name in names if name.startswith("iamfix")}


def test_the_sandbox_stands_alone() -> None:
    """It imports nothing of the product but the policy language, and only the command line and the demo import it."""
    for path in (SOURCE / "sandbox").rglob("*.py"):
        assert all(name.startswith(("iamfix.sandbox", "iamfix.policy")) for name in imports_of(path)), path
    for path in SOURCE.rglob("*.py"):
        if not {"sandbox", "cli", "demo.py"} & set(path.parts):
            assert not any(name.startswith("iamfix.sandbox") for name in imports_of(path)), path


@pytest.mark.parametrize("package", ["moto", "flask", "flask_cors"])
def test_a_missing_package_is_one_clear_error(package: str) -> None:
    """Without the extra's packages, using the sandbox says which one to install; importing it alone does not fail."""
    program = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "import iamfix.sandbox\n"
        "try:\n    iamfix.sandbox.Sandbox\n"
        "except iamfix.sandbox.SandboxUnavailableError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install 'iamfix[sandbox]'" in done.stdout


def test_regions(bare: Sandbox) -> None:
    """An account sees the regions that it has enabled, and in others its credentials are not known."""
    regions = bare.client("ec2").describe_regions()["Regions"]
    assert len(regions) == 17
    assert len(bare.client("ec2").describe_regions(AllRegions=True)["Regions"]) > 17
    for service, operation, code in (
        ("ec2", "describe_vpcs", "AuthFailure"),
        ("sns", "list_topics", "InvalidClientTokenId"),
        ("logs", "describe_log_groups", "UnrecognizedClientException"),
    ):
        with pytest.raises(ClientError, match=code):
            getattr(bare.client(service, region="me-south-1"), operation)()
    bare.cloud.opted_in["111111111111"] = frozenset({"me-south-1"})
    assert "me-south-1" in {one["RegionName"] for one in bare.client("ec2").describe_regions()["Regions"]}
    assert bare.client("sns", region="me-south-1").list_topics()["Topics"] == []
