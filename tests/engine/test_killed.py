"""An apply killed at any moment can be finished by the next one, or taken back."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from iamfix.journal import read_run
from iamfix.model import Json
from iamfix.sandbox import Record, Sandbox
from tests.running import Project

READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
TASKS: tuple[dict[str, Any], ...] = (
    {"name": "p", "iam_managed_policy": {"name": "read", "document": READ, "tags": {"a": "b"}}},
    {"name": "g", "iam_group": {"name": "{{ item }}", "inline_policies": {"x": READ}}, "loop": ["g1", "g2", "g3"]},
    {"name": "u", "iam_user": {"name": "{{ item }}", "inline_policies": {"x": READ}}, "loop": ["u1", "u2", "u3"]},
    {
        "name": "r",
        "iam_role": {"name": "{{ item }}", "trust_policy": TRUST, "inline_policies": {"x": READ}},
        "loop": ["r1", "r2", "r3"],
    },
    {"name": "w", "iam_password_policy": {"minimum_password_length": 14}},
)
CALLS = 20
POINTS = [(number, phase) for number in range(1, CALLS + 1) for phase in ("before", "after")]


def snapshot(sandbox: Sandbox) -> Json:
    """All of IAM but what AWS itself chooses: ids and dates."""
    iam = sandbox.client("iam")
    found = iam.get_account_authorization_details()
    try:
        password = iam.get_account_password_policy()["PasswordPolicy"]
    except iam.exceptions.NoSuchEntityException:
        password = None
    del found["ResponseMetadata"]
    return _plain(found), password


def _plain(value: Any) -> Json:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if not key.endswith(("Id", "Date"))}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def kill_at(sandbox: Sandbox, project: Project, number: int, phase: str) -> None:
    """Apply in a process of its own, which dies before or after its call of that number is carried out."""
    path, seen, child = project.playbook(*TASKS), [0], [0]

    def hook(now: str, record: Record) -> bool:
        seen[0] += now == "before"
        if (seen[0], now) != (number, phase):
            return False
        os.kill(child[0], signal.SIGKILL)
        return True

    sandbox.on_request(hook)
    child[0] = os.fork()
    if not child[0]:
        try:
            time.sleep(0.02)
            runner = project.runner(forks=1)
            runner.apply(runner.plan([path]))
        finally:
            os._exit(0)
    _, status = os.waitpid(child[0], 0)
    sandbox.faults.clear()
    assert os.WIFSIGNALED(status), "the apply ended before it could be killed"


@pytest.mark.parametrize(("number", "phase"), POINTS)
def test_killed_anywhere(bare: Sandbox, tmp_path: Path, number: int, phase: str) -> None:
    """After a kill the journal reads, rollback restores the start, and after another kill apply converges."""
    start, project = snapshot(bare), Project(tmp_path)
    kill_at(bare, project, number, phase)
    run = read_run(project.runner().options.journal, "latest")
    assert run.state == "killed"
    back = project.runner().rollback(run.id)
    assert project.runner().apply(back, "rollback").exit_code == 0
    assert snapshot(bare) == start
    kill_at(bare, project, number, phase)
    assert project.apply(project.plan(*TASKS)).exit_code == 0
    assert not list(project.plan(*TASKS).changes())


def test_there_are_enough_points(bare: Sandbox, tmp_path: Path) -> None:
    """Every call of the apply is a point."""
    assert sum(len(change.calls) for change in Project(tmp_path).plan(*TASKS).changes()) == CALLS
