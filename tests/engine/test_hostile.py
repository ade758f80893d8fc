"""What the world does to a run: many accounts, denials, somebody else at the same time, disks that are full."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from iamfix.cli import run as iamfix
from iamfix.journal import read_run
from iamfix.options import Outcome
from iamfix.sandbox import Sandbox
from tests.running import Project

GROUP = {"iam_group": {"name": "Ops"}}


def many(project: Project, size: int) -> None:
    """An inventory of 20 groups of accounts, `size` each, and one account that is in the sandbox."""
    groups = {
        f"g{group}": {"accounts": {f"a{group}-{number}": {"id": str(600_000_000_000 + 100 * group + number)}
                                   for number in range(size)}}
        for group in range(20)
    }  # fmt: skip
    accounts = {"payments-prod": {"id": "222222222222"}}
    data = {"all": {"vars": {"role_name": "iamfix"}, "accounts": accounts, "children": groups}}
    project.inventory.write_text(json.dumps(data), encoding="utf-8")


def test_one_of_a_thousand_accounts_costs_one(bare: Sandbox, tmp_path: Path) -> None:
    """With --limit nothing is sent to, and nothing told of, the other thousand."""
    project = Project(tmp_path)
    many(project, 50)
    bare.log.clear()
    plan = project.plan(GROUP, accounts="all", limit="payments-prod")
    assert [one.account.name for one in plan.accounts] == ["payments-prod"]
    assert [record.operation for record in bare.log] == ["AssumeRole", "GetAccountAuthorizationDetails"]


def test_accounts_that_deny_leave_the_one_that_does_not(bare: Sandbox, tmp_path: Path) -> None:
    """Each says why, the one is applied, and the exit code is 3."""
    project = Project(tmp_path)
    many(project, 10)
    plan = project.plan(GROUP, accounts="all", forks=50)
    errors = {one.account.name: str(one.error) for one in plan.accounts if one.error}
    assert len(errors) == 200
    assert all("sts:assume_role failed: AccessDenied" in error for error in errors.values())
    outcome = project.apply(plan)
    assert outcome.accounts["payments-prod"] == "done"
    assert outcome.exit_code == 3


def test_a_plan_is_applied_by_another_from_elsewhere(
    bare: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A saved plan needs no playbooks and no journal of its maker; only an inventory with the same accounts."""
    maker, other = tmp_path / "maker", tmp_path / "other"
    for folder in (maker, other):
        folder.mkdir()
    project = Project(maker)
    monkeypatch.chdir(maker)
    assert iamfix(["plan", str(project.playbook(GROUP)), "-i", str(project.inventory), "-o", "plan.json"]) == 0
    (maker / "plan.json").rename(other / "plan.json")
    Project(other)
    monkeypatch.chdir(other)
    assert iamfix(["apply", "plan.json", "-i", "sandbox.yml", "--auto-approve"]) == 0
    assert not (maker / ".iamfix").exists()
    assert read_run(other / ".iamfix", "latest").state == "done"


def test_two_applies_at_once_end_as_planned_or_say_so(bare: Sandbox, tmp_path: Path) -> None:
    """No lock is needed: AWS is the state. Each run has a journal of its own, and what the other made is seen.

    A lock in a folder would hold only for those who share it, and would keep apart runs for different accounts.
    """
    loop: dict[str, Any] = {"iam_group": {"name": "{{ item }}"}, "loop": [f"g{number}" for number in range(12)]}
    project = Project(tmp_path)
    plans = [project.plan(loop), project.plan(loop)]
    outcomes: list[Outcome] = []
    threads = [threading.Thread(target=lambda plan=plan: outcomes.append(project.apply(plan))) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({outcome.run_id for outcome in outcomes}) == 2
    states = {outcome.accounts["management"] for outcome in outcomes}
    assert states <= {"done", "nothing", "failed", "refused"}
    for outcome in outcomes:
        told = [problem.summary for problem in outcome.problems]
        assert bool(told) == (outcome.exit_code != 0)
        assert all("EntityAlreadyExists" in one or "made by somebody" in one for one in told)
        assert read_run(tmp_path / "journal", outcome.run_id).state in ("done", "failed")
    assert project.apply(project.plan(loop)).exit_code == 0
    assert list(project.plan(loop).changes()) == []


def limited(size: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line where no file can grow beyond `size` bytes, as on a full disk."""
    start = (
        "import os, resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
        "os.execv(sys.executable, [sys.executable, '-B', '-m', 'iamfix', *sys.argv[1:]])"
    )
    return subprocess.run(
        [sys.executable, "-c", start, *arguments], capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def test_no_call_is_sent_that_cannot_be_journalled(
    bare: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up ends the run before the next call; what was sent can be shown and taken back."""
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path)
    loop = {"name": "g", "iam_group": {"name": "{{ item }}"}, "loop": [f"g{number}" for number in range(12)]}
    arguments = ("apply", str(project.playbook(loop)), "-i", str(project.inventory), "--auto-approve")
    whole = limited(1 << 30, *arguments)
    assert whole.returncode == 0, whole.stderr
    first, *_ = (tmp_path / ".iamfix").glob("*.jsonl")
    head, size = len(first.read_bytes().splitlines()[0]), first.stat().st_size
    assert iamfix(["rollback", "latest", "-i", str(project.inventory), "--auto-approve"]) == 0

    bare.log.clear()
    none = limited(head - 10, *arguments)
    assert none.returncode == 1
    assert "the journal cannot be written: File too large" in none.stderr
    assert bare.log.mutating() == []

    some = limited((head + size) // 2, *arguments)
    assert some.returncode == 1
    assert "the journal of this run ends too early, because it cannot be written: File too large" in some.stderr
    assert "Traceback" not in some.stderr
    run = read_run(tmp_path / ".iamfix", "latest")
    made = {record.params["GroupName"] for record in bare.log.mutating()}
    assert 0 < len(made) < 12
    assert made <= {call["call"]["params"]["GroupName"] for call in run.calls}
    assert run.state == "killed"
    assert iamfix(["show", run.id]) == 0
    assert iamfix(["rollback", run.id, "-i", str(project.inventory), "--auto-approve"]) == 0
    assert bare.client("iam").list_groups()["Groups"] == []


def test_a_journal_folder_that_cannot_be_written_refuses_the_apply(
    bare: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is sent without a journal; the error says which folder, why, and what to give."""
    project = Project(tmp_path)
    (tmp_path / "file").write_text("", encoding="utf-8")
    arguments = ["apply", str(project.playbook(GROUP)), "-i", str(project.inventory), "--auto-approve", "--journal"]
    assert iamfix([*arguments, str(tmp_path / "file" / "in")]) == 1
    told = capsys.readouterr().err
    assert "the journal cannot be written: Not a directory" in told
    assert "--journal DIR" in told
    assert bare.log.mutating() == []


ODD = ("a=b,c.d@e-f_g+h", "A" * 128, "0")


def test_names_with_all_that_aws_takes(bare: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every character that AWS takes in a name goes through plan, apply, show and rollback, secrets included."""
    project = Project(tmp_path)
    names = [name[:64] for name in ODD]
    user = {"iam_user": {"name": "{{ item }}", "console_access": True}, "loop": names}
    project.apply(project.plan({"iam_group": {"name": "{{ item }}"}, "loop": list(ODD)}, user))
    assert list(project.plan({"iam_group": {"name": "{{ item }}"}, "loop": list(ODD)}, user).changes()) == []
    kept = list((tmp_path / "journal").glob("*.secrets/*"))
    assert len(kept) == len(names)
    assert iamfix(["show", "latest", "--journal", str(tmp_path / "journal")]) == 0
    assert "a=b,c.d@e-f_g+h" in capsys.readouterr().out
    runner = project.runner(allow=("irreversible",))
    assert runner.apply(runner.rollback("latest"), "rollback").exit_code == 0
    assert bare.client("iam").list_users()["Users"] == []


@pytest.mark.parametrize(
    "name", ["[red]x", "näme", "../../x", "a b", "x\n", "\x1b[31mred", "", "A" * 129, "{{ '}}' }}"]
)
def test_names_that_aws_does_not_take_are_refused_offline(
    bare: Sandbox, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such a name is an error of the plan, shown without control characters, and nothing is sent."""
    project = Project(tmp_path)
    path = project.playbook({"iam_group": {"name": name}})
    bare.log.clear()
    assert iamfix(["apply", str(path), "-i", str(project.inventory), "--auto-approve"]) == 1
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert "Traceback" not in shown.err
    assert bare.log.mutating() == []


def test_a_huge_playbook_is_an_error_or_read_in_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two thousand tasks are read; a binary file, and one without end, are errors."""
    project = Project(tmp_path)
    path = project.playbook(*({"iam_group": {"name": f"g{number}"}} for number in range(2_000)), accounts="management")
    assert iamfix(["validate", str(path), "-i", str(project.inventory)]) == 0
    path.write_bytes(os.urandom(100_000))
    assert iamfix(["validate", str(path), "-i", str(project.inventory)]) == 1
    assert iamfix(["validate", "/dev/zero", "-i", str(project.inventory)]) == 1
    told = capsys.readouterr().err
    assert "/dev/zero: this file is too large; at most 4,000,000 bytes are read" in told
    assert "Traceback" not in told
