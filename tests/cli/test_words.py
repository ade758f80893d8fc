"""What the commands say of themselves and of what they have saved is true, and whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from iamfix.cli import run as iamfix
from iamfix.sandbox import Sandbox
from tests.running import Project

GROUP = {"iam_group": {"name": "g"}}


def test_the_help_cuts_no_summary(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """At 80 columns each command's one sentence is whole, in `iamfix --help` and `iamfix policy --help`."""
    monkeypatch.setenv("COLUMNS", "80")
    for arguments in (["--help"], ["policy", "--help"]):
        assert iamfix(arguments) == 0
        told = capsys.readouterr().out
        commands = told.partition("Commands:")[2].strip().splitlines()
        assert commands
        for line in commands:
            assert re.fullmatch(r" *[a-z-]+ +[A-Z].+[a-zS]\.", line), line
            assert len(line) <= 80


def _saved(project: Project, capsys: pytest.CaptureFixture[str], *tasks: Any, accounts: str = "management") -> str:
    playbook = str(project.playbook(*tasks, accounts=accounts))
    iamfix(["plan", playbook, "-i", str(project.inventory), "-o", str(project.folder / "plan.json")])
    return next(line for line in capsys.readouterr().err.splitlines() if line.startswith("Saved"))


def test_what_is_said_of_a_saved_plan_is_what_apply_does(
    bare: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is invited to apply what apply refuses: mistakes, guards, nothing to do and failed accounts are told."""
    project, iam = Project(tmp_path), bare.client("iam")
    plan, inventory = str(tmp_path / "plan.json"), ("-i", str(project.inventory), "--journal", str(tmp_path / "j"))
    command = f"iamfix apply {plan} -i {project.inventory}"

    told = _saved(project, capsys, GROUP, {"iam_user": {"name": "x", "managed_policies": ["NoSuchPolicy"]}})
    assert told == "Saved, to be looked at: apply refuses it because of the errors above. Mend them, and plan again."
    assert iamfix(["apply", plan, *inventory, "--auto-approve"]) == 1

    iam.create_user(UserName="old")
    iam.create_access_key(UserName="old")
    told = _saved(project, capsys, {"iam_user": {"name": "old", "state": "absent"}})
    assert told.endswith(f"unless you override them: {command} --allow irreversible")
    assert iamfix(["apply", plan, *inventory, "--auto-approve"]) == 1
    assert iamfix(["apply", plan, *inventory, "--auto-approve", "--allow", "irreversible"]) == 0

    assert _saved(project, capsys, {"iam_group": {"name": "g", "state": "absent"}}) == (
        "Saved. There is nothing in it to apply."
    )
    prod = bare.client("iam", "222222222222")
    prod.detach_role_policy(RoleName="iamfix", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    prod.delete_role(RoleName="iamfix")
    told = _saved(project, capsys, GROUP, accounts="management:payments-prod")
    assert told == f"Saved. It leaves out what could not be planned: 1 of 2 accounts. Apply it with: {command}"
    assert iamfix(["apply", plan, *inventory, "--auto-approve"]) == 3


def test_a_run_is_shown_in_every_form(
    bare: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `show --format` offers it does: accounts, calls and what came of them, names escaped."""
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path)
    arguments = [str(project.playbook({"iam_group": {"name": "a_b"}})), "-i", str(project.inventory), "--auto-approve"]
    assert iamfix(["apply", *arguments]) == 0
    capsys.readouterr()
    shown = {}
    for form in ("text", "json", "markdown", "html"):
        assert iamfix(["show", "latest", "--format", form]) == 0
        shown[form] = capsys.readouterr().out
        assert "create_group" in shown[form].replace("\\", "")
    assert "| management | done |" in shown["markdown"]
    assert "| 1 | ok | iam:create\\_group | management/iam\\_group/a\\_b |  |" in shown["markdown"]
    assert shown["html"].startswith("<!doctype html>")
    assert "<td>management/iam_group/a_b</td>" in shown["html"]
