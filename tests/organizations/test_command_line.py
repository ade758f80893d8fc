"""The dynamic inventory at the command line, and applies that are killed."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
import yaml

from iamfix.cli import run
from iamfix.sandbox import Sandbox
from tests.organizations.building import add_account, add_unit, state_of
from tests.running import signalled

INVENTORY = "plugin: aws_organizations\nrole_name: iamfix\n"


def test_inventory_draws_and_lists_it(bare: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All accounts are drawn in their groups, the management account too; what is left out is on stderr."""
    add_account(bare.cloud, 901, "gone", "workloads", status="SUSPENDED")
    (tmp_path / "org.yml").write_text(INVENTORY, encoding="utf-8")
    assert run(["inventory", "-i", str(tmp_path / "org.yml")]) == 0
    drawn = capsys.readouterr()
    assert "gone (000000000901) is left out: it is SUSPENDED" in drawn.err
    for text in ("management  111111111111  your own credentials", "ou_workloads_prod", "5 accounts"):
        assert text in drawn.out
    assert run(["inventory", "-i", str(tmp_path / "org.yml"), "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["left_out"] == ["gone (000000000901) is left out: it is SUSPENDED"]
    assert listed["groups"]["ou_sandbox"] == ["sandbox-alice"]


def test_accounts_without_a_way_in_are_drawn_so(
    bare: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Own credentials are of one account: where several have no role, none is said to be entered with them for sure."""
    (tmp_path / "org.yml").write_text("plugin: aws_organizations\n", encoding="utf-8")
    assert run(["inventory", "-i", str(tmp_path / "org.yml")]) == 0
    drawn = capsys.readouterr().out
    assert "your own" not in drawn
    for account in ("111111111111", "222222222222", "555555555555"):
        assert f"{account}  no role given" in drawn


def test_show_tells_why_an_account_failed(
    bare: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What AWS only finds out in the background stands in the run's journal, and `iamfix show` tells it."""
    monkeypatch.chdir(tmp_path)
    state_of(bare.cloud).addresses_elsewhere.add("taken@example.com")
    state_of(bare.cloud).creation_polls = 1
    task = {"organization_account": {"name": "late", "email": "Taken@example.com"}}
    (tmp_path / "org.yml").write_text(INVENTORY, encoding="utf-8")
    (tmp_path / "p.yml").write_text(yaml.safe_dump([{"accounts": "management", "tasks": [task]}]), encoding="utf-8")
    assert run(["apply", "p.yml", "-i", "org.yml", "--auto-approve"]) == 1
    capsys.readouterr()
    assert run(["show", "latest"]) == 0
    shown = capsys.readouterr().out
    assert "management: failed\n" in shown
    assert shown.count("EMAIL_ALREADY_EXISTS") == 2
    assert run(["show", "latest", "--format", "json"]) == 0
    why = json.loads(capsys.readouterr().out)["why"]["management"]
    assert "the e-mail address is taken by an account, of this organization or outside of it" in why


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("number", [2, 4, 5, 6])
def test_a_killed_apply_is_run_again(bare: Sandbox, tmp_path: Path, number: int, phase: str) -> None:
    """Killed around any of its changes, the same command ends what it began, and makes nothing twice."""
    content = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "lambda:*", "Resource": "*"}]}
    tasks = [
        {"organization": {"trusted_services": {"include": ["account.amazonaws.com"]}}},
        {"organizational_unit": {"name": "{{ item }}"}, "loop": ["new", "new/inner"]},
        {"organization_account": {"name": "data-prod", "ou": "new/inner"}},
        {"scp": {"name": "x", "content": content, "targets": ["new"], "tags": {"owner": "me"}}},
    ]
    (tmp_path / "org.yml").write_text(INVENTORY, encoding="utf-8")
    playbook = tmp_path / "p.yml"
    playbook.write_text(yaml.safe_dump([{"accounts": "management", "tasks": tasks}]), encoding="utf-8")
    command = (
        "apply", str(playbook), "-i", str(tmp_path / "org.yml"), "--auto-approve", "--journal", str(tmp_path / "j"),
    )  # fmt: skip
    signalled(bare, number, phase, signal.SIGKILL, *command)
    assert run(list(command)) == 0
    assert run(["plan", *command[1:4], "--detailed-exitcode"]) == 0
    state = state_of(bare.cloud)
    assert [unit.name for unit in state.units.all_latest() if unit.name in ("new", "inner")] == ["new", "inner"]
    member = state.members.latest("444444444444")
    assert member is not None
    assert member.parent == add_unit(bare.cloud, "new/inner")
    assert [policy.name for policy in state.policies.all_latest()].count("x") == 1
