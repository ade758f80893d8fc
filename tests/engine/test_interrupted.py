"""Ctrl-C, and its like from a scheduler (SIGTERM), at the real command line."""

from __future__ import annotations

import os
import pty
import signal
import threading
from pathlib import Path

import pytest

from iamfix.cli import run as iamfix
from iamfix.journal import read_run
from iamfix.sandbox import Record, Sandbox
from tests.running import Project, command, signalled

GROUPS = {"name": "g", "iam_group": {"name": "{{ item }}"}, "loop": [f"g{number}" for number in range(20)]}
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("which", SIGNALS, ids=lambda which: which.name)
def test_an_interrupted_apply_can_be_gone_on_with_or_taken_back(
    bare: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    """What is being sent is finished and journalled; exit code 130; the next apply does the rest; rollback restores."""
    monkeypatch.chdir(tmp_path)
    project, iam = Project(tmp_path), bare.client("iam")
    playbook = str(project.playbook(GROUPS, accounts="management:payments-prod", serial=1))
    inventory = ("-i", str(project.inventory))
    code, out, told = signalled(bare, 5, "before", which, "apply", playbook, *inventory, "--auto-approve")
    assert code == 130
    assert "Stopping: what is being sent is finished first" in told
    assert "Interrupted." in told
    assert "Traceback" not in told + out
    run = read_run(tmp_path / ".iamfix", "latest")
    assert run.state == "interrupted"
    assert {call["ok"] for call in run.calls} == {True}
    made = {group["GroupName"] for group in iam.list_groups()["Groups"]}
    assert made == {call["call"]["params"]["GroupName"] for call in run.calls}
    assert 5 <= len(made) < 20

    saved = bare.save()
    assert iamfix(["rollback", run.id, *inventory, "--auto-approve"]) == 0
    assert iam.list_groups()["Groups"] == []
    bare.restore(saved)
    assert iamfix(["apply", playbook, *inventory, "--auto-approve"]) == 0
    assert iamfix(["plan", playbook, *inventory, "--detailed-exitcode"]) == 0


@pytest.mark.parametrize("which", SIGNALS, ids=lambda which: which.name)
def test_an_interrupted_plan_ends_without_a_word_too_many(bare: Sandbox, tmp_path: Path, which: int) -> None:
    """Exit code 130, no traceback, and nothing more is asked of AWS than what is under way."""
    project = Project(tmp_path)
    bare.faults.latency = 0.2
    child = command("plan", str(project.playbook(GROUPS, accounts="all")), "-i", str(project.inventory))
    while len(bare.log) < 3:
        assert child.poll() is None, child.communicate()
    child.send_signal(which)
    out, told = child.communicate(timeout=30)
    assert child.returncode == 130
    assert told.strip() == "Interrupted."
    assert out == ""


def test_who_interrupts_twice_waits_no_longer(bare: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second Ctrl-C ends at once; the journal has what was sent, and rollback restores the start."""
    monkeypatch.chdir(tmp_path)
    project, answered = Project(tmp_path), threading.Event()

    def hook(phase: str, record: Record) -> bool:
        if phase == "after":
            child.send_signal(signal.SIGINT)
            answered.wait(0.5)
            child.send_signal(signal.SIGINT)
            answered.wait(30)
        return phase == "after"

    bare.on_request(hook)
    child = command(
        "apply", str(project.playbook({"iam_group": {"name": "slow"}})), "-i", str(project.inventory), "--auto-approve"
    )
    _, told = child.communicate(timeout=20)
    answered.set()
    bare.faults.clear()
    assert child.returncode == 130
    assert "Ended at once" in told
    run = read_run(tmp_path / ".iamfix", "latest")
    assert (run.state, run.calls[0]["ok"]) == ("killed", None)
    assert iamfix(["rollback", run.id, "-i", str(project.inventory), "--auto-approve"]) == 0
    assert bare.client("iam").list_groups()["Groups"] == []


def test_an_interrupt_ends_waiting_for_a_busy_aws(
    bare: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Patience with a throttled call ends with the interrupt: its failure is journalled, and the run ends soon."""
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path)
    bare.fail("iam", "CreateGroup", "Throttling", times=100_000)
    child = command(
        "apply", str(project.playbook({"iam_group": {"name": "x"}})), "-i", str(project.inventory), "--auto-approve"
    )
    while len(bare.log.records(operation="CreateGroup")) < 4:
        assert child.poll() is None, child.communicate()
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=20)
    assert child.returncode == 130
    run = read_run(tmp_path / ".iamfix", "latest")
    assert run.state == "interrupted"
    assert "the run was stopped" in str(run.calls[0]["error"])
    assert run.calls[0]["attempts"] >= 4


def test_ctrl_c_at_the_question_is_an_interrupt(bare: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who presses Ctrl-C instead of answering gets exit code 130, and nothing was changed."""
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path)
    ours, theirs = pty.openpty()
    child = command("apply", str(project.playbook(GROUPS)), "-i", str(project.inventory), stdin=theirs)
    assert child.stderr is not None
    asked = child.stderr.read(20)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=20)
    assert child.returncode == 130, told
    assert "Apply these changes?" in asked + told
    assert "Traceback" not in told
    assert bare.log.mutating() == []
    os.close(ours)
    os.close(theirs)
