"""Runs for a person: ids are never cut, whatever the width."""

from __future__ import annotations

import io

from rich.console import Console

from iamfix.journal import Run
from iamfix.views.runs import show_run, show_runs

ID = "20261124T093000-123-1f3a"


def test_ids_are_whole() -> None:
    """A run's id is what other commands take: it is shown whole on a narrow terminal too."""
    console = Console(file=io.StringIO(), width=30, highlight=False)
    run = Run(id=ID, at="2026-11-24T09:30:00.000000Z", what="apply", state="done", plan={"accounts": []}, accounts={},
              calls=(), attempted={}, overrides=())  # fmt: skip
    show_runs([run], console)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert [line.split() for line in lines] == [
        ["RUN", "AT", "STATE", "ACCOUNTS", "CALLS", "WHAT"], [ID, "2026-11-24T09:30:00Z", "done", "0", "0", "apply"]
    ]  # fmt: skip


def test_why_an_account_failed_is_told() -> None:
    """What is said of an account that failed, was refused or skipped stands below its name."""
    console = Console(file=io.StringIO(), width=200, highlight=False)
    run = Run(id=ID, at="2026-11-24T09:30:00.000000Z", what="apply", state="failed", plan={"accounts": []},
              accounts={"prod": "failed", "dev": "done"}, why={"prod": "AWS \x1b[31mrefused"}, calls=(), attempted={},
              overrides=())  # fmt: skip
    show_run(run, console)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines()[1:4] == ["prod: failed", "  AWS \\x1b[31mrefused", "dev: done"]


def test_there_are_none() -> None:
    """An empty journal says so."""
    console = Console(file=io.StringIO(), width=80)
    show_runs([], console)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "No runs yet.\n"
