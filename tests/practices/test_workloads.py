"""Roles for workloads: profiles, IMDSv2, broad roles, credentials in environments, users who are workloads."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iamfix.cli import run as iamfix
from iamfix.sandbox import Sandbox, inventory_yaml
from iamfix.sandbox.building import allow, trust
from tests.direct import ACCOUNT, Direct
from tests.kinds.environment_variables import CREDENTIALS, HARMLESS
from tests.practices.planning import PLAYBOOKS, apply, folded, plan
from tests.running import Project

EC2, LAMBDA = trust({"Service": "ec2.amazonaws.com"}), trust({"Service": "lambda.amazonaws.com"})
PLAYBOOK = PLAYBOOKS / "practices" / "workload-roles.yml"


def _aws() -> Direct:
    return Direct(replace(ACCOUNT, regions=("us-east-1", "eu-west-1")))


def _run(aws: Direct, region: str = "us-east-1", **more: Any) -> str:
    made = aws.at(region).get("ec2", "run_instances", ImageId="ami-1", MinCount=1, MaxCount=1, **more)
    return str(made["Instances"][0]["InstanceId"])


def _role(aws: Direct, name: str, document: str, text: str | None = None) -> str:
    aws.get("iam", "create_role", RoleName=name, AssumeRolePolicyDocument=document)
    if text is not None:
        aws.get("iam", "put_role_policy", RoleName=name, PolicyName="p", PolicyDocument=text)
    return f"arn:aws:iam::{ACCOUNT.id}:role/{name}"


def _function(aws: Direct, name: str, role: str, **variables: str) -> None:
    code = {"Code": {"ZipFile": b"x"}, "Runtime": "python3.13", "Handler": "app.handler"}
    environment = {"Environment": {"Variables": variables}} if variables else {}
    aws.get("lambda", "create_function", FunctionName=name, Role=role, **code, **environment)


@pytest.mark.parametrize(
    "name", ["instance_policies", "broad_rules", "broad_of_aws", "machine_words", "pipeline_words"]
)
def test_one_text_where_a_list_belongs_is_refused(name: str) -> None:
    """Read letter by letter it would find nobody, and that would look well."""
    aws = _aws()
    _run(aws)
    role = _role(aws, "wide", LAMBDA, allow("*"))
    for function in ("one", "two"):
        _function(aws, function, role)
    aws.get("iam", "create_user", UserName="ci-deploy")
    aws.get("iam", "create_access_key", UserName="ci-deploy")
    made = folded(aws, "workload-roles", **{name: "ci"})
    told = [one.summary for one in made.problems if one.severity == "error"]
    assert any(f"{name} is a list, not 'ci'" in one for one in told)


def test_instances_without_a_profile_get_one_and_others_keep_theirs() -> None:
    """Role and profile are made at once; the instances wait for enforce; then there is nothing left."""
    aws = _aws()
    _role(aws, "own", EC2)
    aws.get("iam", "create_instance_profile", InstanceProfileName="own")
    aws.get("iam", "add_role_to_instance_profile", InstanceProfileName="own", RoleName="own")
    bare, other = _run(aws), _run(aws, "eu-west-1")
    kept = _run(aws, IamInstanceProfile={"Name": "own"})
    first = plan(aws, "workload-roles")
    assert [change.address for change in first.changes if change.kind != "ec2_account_defaults"] == [
        "lab/iam_role/InstanceDefault", "lab/iam_instance_profile/InstanceDefault",
    ]  # fmt: skip
    waiting = {one.address.split("/", 1)[1] for one in first.findings if one.staged == "instance-profiles"}
    assert waiting == {f"us-east-1/ec2_instance/{bare}", f"eu-west-1/ec2_instance/{other}"}
    apply(aws, plan(aws, "workload-roles", enforce="instance-profiles"))
    world = aws.world()
    assert world.get("ec2_instance", bare, "us-east-1").instance_profile == "InstanceDefault"
    assert world.get("ec2_instance", other, "eu-west-1").instance_profile == "InstanceDefault"
    assert world.get("ec2_instance", kept, "us-east-1").instance_profile == "own"
    assert world.get("iam_role", "InstanceDefault").managed_policies == {
        "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    }
    assert plan(aws, "workload-roles", enforce="instance-profiles").changes == ()


def test_an_account_without_instances_gets_no_role() -> None:
    """Nothing but the default for instances to come, in every region, at once: nothing runs that could break."""
    made = plan(_aws(), "workload-roles")
    assert Counter(change.kind for change in made.changes) == {"ec2_account_defaults": 2}
    assert made.findings == ()


def test_the_token_is_asked_for_where_enforced() -> None:
    """Instances, and the default of regions where some run, wait; a metadata endpoint that is off tells nothing."""
    aws = _aws()
    live, off = _run(aws), _run(aws, MetadataOptions={"HttpEndpoint": "disabled"})
    first = plan(aws, "workload-roles")
    assert {one.address.split("/")[-1] for one in first.findings if one.staged == "imdsv2"} == {live, "defaults"}
    assert [change.name for change in first.changes if change.kind == "ec2_instance"] == []
    apply(aws, plan(aws, "workload-roles", enforce="imdsv2"))
    world = aws.world()
    assert world.get("ec2_instance", live, "us-east-1").metadata_options["http_tokens"] == "required"
    assert world.get("ec2_instance", off, "us-east-1").metadata_options["http_endpoint"] == "disabled"
    assert plan(aws, "workload-roles", enforce="imdsv2").changes == ()


@pytest.mark.parametrize(
    ("policy", "attached", "found"),
    [
        (allow("s3:*"), None, True),
        (allow("sqs:SendMessage", resource="arn:aws:sqs:us-east-1:111111111111:q"), None, False),
        (None, "AdministratorAccess", True),
        (None, "service-role/AWSLambdaBasicExecutionRole", False),
    ],
)
def test_functions_that_share_a_broad_role_are_found(policy: str | None, attached: str | None, found: bool) -> None:
    """In whatever region they are; not those that have it alone, and not those whose role is narrow."""
    aws = _aws()
    role = _role(aws, "shared", LAMBDA, policy)
    if attached is not None:
        aws.get("iam", "attach_role_policy", RoleName="shared", PolicyArn=f"arn:aws:iam::aws:policy/{attached}")
    _function(aws, "one", role)
    assert plan(aws, "workload-roles").findings == ()
    _function(aws.at("eu-west-1"), "two", role)
    told = [(one.address, one.staged) for one in plan(aws, "workload-roles").findings]
    assert told == ([("lab/us-east-1/lambda/one", None), ("lab/eu-west-1/lambda/two", None)] if found else [])


@pytest.mark.parametrize(
    ("name", "console", "active", "found"),
    [
        ("ci-deploy", False, True, "assumed by the pipeline through its identity provider"),
        ("orders_service", False, True, "given to the workload by its instance profile"),
        ("ci-deploy", True, True, None),
        ("ci-deploy", False, False, None),
        ("alice", False, True, None),
        ("applegate", False, True, None),
    ],
)
def test_users_who_are_workloads_are_found(name: str, console: bool, active: bool, found: str | None) -> None:
    """Active keys, no password, and named so; with the role that would replace them."""
    aws = _aws()
    aws.get("iam", "create_user", UserName=name)
    aws.get("iam", "put_user_policy", UserName=name, PolicyName="work", PolicyDocument=allow("s3:GetObject"))
    key = aws.get("iam", "create_access_key", UserName=name)["AccessKey"]["AccessKeyId"]
    if not active:
        aws.get("iam", "update_access_key", UserName=name, AccessKeyId=key, Status="Inactive")
    if console:
        aws.get("iam", "create_login_profile", UserName=name, Password="Correct-Horse-7")
    told = [one.message for one in plan(aws, "workload-roles").findings if "iam_user" in one.address]
    assert [found in one and "(work)" in one for one in told if found] == [True] * (found is not None)
    assert len(told) == (found is not None)


@pytest.fixture
def forty(bare: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project on an account with two functions: one keeps twenty credentials, one twenty harmless values."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "accounts.yml").write_text(inventory_yaml(), encoding="utf-8")
    iam, lam = bare.client("iam"), bare.client("lambda", region="us-east-1")
    role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=LAMBDA)["Role"]["Arn"]
    iam.create_role(RoleName="other", AssumeRolePolicyDocument=LAMBDA)
    for name, variables in (("keeps", CREDENTIALS), ("clean", HARMLESS)):
        lam.create_function(
            FunctionName=name, Role=role, Code={"ZipFile": b"x"}, Runtime="python3.13", Handler="app.handler",
            Environment={"Variables": variables},
        )  # fmt: skip
    return tmp_path


def test_forty_variables_and_no_value_anywhere(forty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All credentials are found by name, nothing else is, and no value is in any output, file or error."""
    tasks = forty / "p.yml"
    tasks.write_text(
        "- accounts: management\n  tasks:\n"
        "    - lambda: {select: 'true', role: other, tags: {include: {Owner: x}}}\n"
        "    - check: {kind: lambda, select: environment_secrets, message: '{{ environment_secrets | join(\" \") }}'}\n"
        "    - check: {kind: lambda, select: environment_names, message: '{{ environment_names | join(\" \") }}'}\n",
        encoding="utf-8",
    )
    asked = (str(PLAYBOOK), str(tasks), "-l", "management", "--skip-tags", "imdsv2")
    files = (*asked, "-v", "-v")
    for form in ("text", "json", "markdown", "html"):
        assert iamfix(["plan", *files, "--format", form, "-o", f"plan-{form}.json"]) == 0
        assert iamfix(["report", *asked, "--format", form, "-o", f"report.{form}"]) == 0
    assert iamfix(["apply", "plan-text.json", "-v", "-v", "--auto-approve"]) == 0
    assert iamfix(["show", "latest", "--format", "json"]) == 0
    assert iamfix(["drift", *files]) in (0, 2)
    assert iamfix(["rollback", "latest", "--auto-approve"]) == 0
    wrong = "- accounts: management\n  tasks:\n    - lambda: {select: 'environment.DB_PASSWORD', tags: {}}\n"
    (forty / "bad.yml").write_text(wrong, encoding="utf-8")
    assert iamfix(["plan", "bad.yml"]) == 1
    told = capsys.readouterr()

    found = [
        line for line in told.out.splitlines() if "what looks like a credential" in line and "lambda/keeps" in line
    ]
    assert found
    assert " ".join(sorted(CREDENTIALS)) in told.out
    assert not any("lambda/clean" in line and "credential" in line for line in told.out.splitlines())
    written = {str(path): path.read_text("utf-8") for path in forty.rglob("*") if path.is_file()}
    assert len(written) > 10
    values = [
        line for value in (*CREDENTIALS.values(), *HARMLESS.values()) for line in value.splitlines() if len(line) > 5
    ]
    assert len(values) >= 40
    for where, text in {"out": told.out, "err": told.err, **written}.items():
        for value in values:
            assert value not in text, f"{value} is in {where}"


@pytest.mark.parametrize(("name", "variables"), [("payments-prod", {}), ("payments-dev", {"enforce": "all"})])
def test_the_whole_baseline_leaves_nothing_to_do(
    practice: Sandbox, tmp_path: Path, name: str, variables: dict[str, str]
) -> None:
    """On untidy accounts, what runs in them and all tags included: one apply, and then an empty plan."""
    project = Project(tmp_path, limit=name, extra_vars=variables)
    first = project.runner().plan([PLAYBOOKS / "baseline.yml"])
    assert [problem for problem in first.problems() if problem.severity == "error"] == []
    assert {3, 11} <= {change.origin.practice for change in first.changes()}
    assert set(project.runner().apply(first).accounts.values()) == {"done"}
    second = project.runner().plan([PLAYBOOKS / "baseline.yml"])
    assert [account.error for account in second.accounts] == [None]
    assert list(second.changes()) == []
    staged = {one.staged for account in second.accounts for one in account.findings if one.origin.practice in (3, 11)}
    assert staged == ({None} if variables else {None, "instance-profiles", "imdsv2"})
    # The same plan once more: all of it is done, tags that another kind shows too included.
    assert set(project.runner().apply(first).accounts.values()) == {"nothing"}
