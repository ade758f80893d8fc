"""An apply killed at any moment can be finished by the next one, or taken back; told by the command line itself."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iamfix.cli import run as iamfix
from iamfix.journal import read_run
from iamfix.model import Json
from iamfix.sandbox import Sandbox
from tests import ledger
from tests.running import Project, signalled, use

READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
WRITE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
TASKS: tuple[dict[str, Any], ...] = (
    {"iam_managed_policy": {"name": "new", "policy": READ, "tags": {"a": "b"}}},
    {"iam_user": {"name": "new", "permissions_boundary": "new"}},
    {"iam_user": {"name": "ann", "tags": {"team": "b"}, "managed_policies": ["new"]}},
    {"iam_group": {"name": "new", "managed_policies": ["new"], "users": ["ann"]}},
    {"iam_group": {"name": "gone", "state": "absent"}},
    {"iam_role": {"name": "new", "trust_policy": TRUST, "inline_policies": {"x": READ}}},
    {"iam_role": {"name": "kept", "description": "changed", "managed_policies": ["kept"]}},
    {"iam_role": {"name": "gone", "state": "absent"}},
    {"iam_user": {"name": "gone", "state": "absent"}},
    {"iam_managed_policy": {"name": "gone", "state": "absent"}},
    {"iam_password_policy": {"min_pw_length": 14}},
    {"iam_managed_policy": {"name": "kept", "policy": WRITE}},  # last: its new version is given 5 s to spread
)
CALLS = 22
POINTS = [(number, phase) for number in range(1, CALLS + 1) for phase in ("before", "after")]


def furnish(sandbox: Sandbox) -> None:
    """Put into the management account what the tasks change and delete."""
    iam = sandbox.client("iam")
    arn = {
        name: iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(READ))["Policy"]["Arn"]
        for name in ("kept", "gone")
    }
    for name in ("kept", "gone"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), Description="as it was")
    iam.attach_role_policy(RoleName="gone", PolicyArn=arn["gone"])
    iam.create_group(GroupName="gone")
    for name in ("ann", "gone"):
        iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": "a"}])
        iam.add_user_to_group(GroupName="gone", UserName=name)
    iam.put_user_policy(UserName="gone", PolicyName="x", PolicyDocument=json.dumps(WRITE))
    iam.update_account_password_policy(MinimumPasswordLength=8, RequireSymbols=True, HardExpiry=False)


def snapshot(sandbox: Sandbox) -> Json:
    """All of IAM but what AWS itself chooses: ids and dates."""
    iam = sandbox.client("iam")
    found = iam.get_account_authorization_details()
    del found["ResponseMetadata"]
    tags = {one["PolicyName"]: iam.list_policy_tags(PolicyArn=one["Arn"])["Tags"] for one in found["Policies"]}
    return _plain(found), tags, iam.get_account_password_policy()["PasswordPolicy"]


def _plain(value: Any) -> Json:
    """Lists of AWS have no order here."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if not key.endswith(("Id", "Date"))}
    return sorted((_plain(item) for item in value), key=str) if isinstance(value, list) else value


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        furnish(sandbox)
        yield sandbox


@pytest.fixture(scope="module")
def start(server: Sandbox) -> Any:
    return server.save()


@pytest.fixture
def aws(server: Sandbox, start: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """The furnished sandbox, as at the start."""
    server.restore(start)
    use(server, monkeypatch)
    monkeypatch.chdir(tmp_path)
    before = max(record.number for record in server.log.changes())
    yield server
    server.faults.clear()
    ledger.check(server, tmp_path, before)


@pytest.mark.parametrize(("number", "phase"), POINTS)
def test_killed_anywhere(aws: Sandbox, start: Any, tmp_path: Path, number: int, phase: str) -> None:
    """After a kill the journal reads, rollback restores the start, and instead of it the next apply converges."""
    project, before = Project(tmp_path), snapshot(aws)
    playbook, inventory = str(project.playbook(*TASKS)), ("-i", str(project.inventory))
    arguments = ("apply", playbook, *inventory, "--auto-approve", "--allow", "irreversible")
    code, _, told = signalled(aws, number, phase, signal.SIGKILL, *arguments)
    assert code == -signal.SIGKILL, told
    killed, run = aws.save(), read_run(tmp_path / ".iamfix", "latest")
    assert run.state == "killed"
    assert len(run.calls) >= number
    assert iamfix(["show", run.id]) == 0
    assert iamfix(["rollback", run.id, *inventory, "--auto-approve"]) == 0
    assert snapshot(aws) == before
    aws.restore(killed)
    assert project.apply(project.plan(*TASKS), allow=("irreversible",)).exit_code == 0
    assert iamfix(["plan", playbook, *inventory, "--detailed-exitcode"]) == 0


def test_every_call_of_the_apply_is_a_point(aws: Sandbox, tmp_path: Path) -> None:
    """The plan has creates, updates and deletes over all five kinds, and is killed at each of its calls."""
    plan = Project(tmp_path).plan(*TASKS)
    assert sum(len(change.calls) for change in plan.changes()) == CALLS
    assert {change.action for change in plan.changes()} == {"create", "update", "delete"}
    assert len({change.kind for change in plan.changes()}) == 5
