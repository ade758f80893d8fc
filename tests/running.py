"""Runs as the command line makes them, for tests: playbooks as text, no screen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from iamfix.aws.clients import Clients
from iamfix.clock import TurnedClock
from iamfix.model import Call, Plan
from iamfix.options import Options, Outcome
from iamfix.run import Runner
from iamfix.sandbox import Record, Sandbox, inventory_yaml


def use(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process speak to a sandbox, as the administrator of its management account."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)


def command(*arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    """Start the command line as a user does."""
    return subprocess.Popen(
        [sys.executable, "-m", "iamfix", *arguments],
        stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def signalled(sandbox: Sandbox, number: int, phase: str, which: int, *arguments: str) -> tuple[int, str, str]:
    """Run a command that gets a signal before or after its change of that number is carried out.

    Returns its exit code, stdout and stderr. When it is killed, the connection is closed without an answer.
    """
    seen, child = [0], command(*arguments)

    def hook(now: str, record: Record) -> bool:
        seen[0] += now == "before"
        if (seen[0], now) != (number, phase):
            return False
        child.send_signal(which)
        return which == signal.SIGKILL

    sandbox.on_request(hook)
    out, err = child.communicate(timeout=60)
    sandbox.faults.clear()
    return child.returncode, out, err


class Quiet:
    """Progress that nobody sees."""

    def start(self, total: int, what: str) -> None: ...
    def account(self, name: str, event: str, detail: str = "") -> None: ...
    def call(self, account: str, call: Call, state: str, detail: str = "") -> None: ...
    def finish(self) -> None: ...


class SandboxTime:
    """The product's clock as the sandbox reads it: who sleeps in the product moves both."""

    def __init__(self, clock: TurnedClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()


@cache
def clients(settings: frozenset[tuple[str, str]]) -> Clients:
    """The clients of one environment: they cost more than most of what tests ask through them."""
    return Clients()


class Project:
    """A folder with an inventory of the sandbox and playbooks."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        self.inventory = folder / "sandbox.yml"
        self.inventory.write_text(inventory_yaml(), encoding="utf-8")
        self.options = {"inventory": self.inventory, "journal": folder / "journal", **options}

    def runner(self, **options: Any) -> Runner:
        given = Options(**{**self.options, **options})
        shared = clients(frozenset(one for one in os.environ.items() if one[0].startswith(("AWS_", "HTTP"))))
        return Runner(given, Quiet(), clock=TurnedClock(datetime.now(UTC)), clients=shared)

    def playbook(self, *tasks: dict[str, Any], accounts: str = "management", **play: Any) -> Path:
        path = self.folder / "playbook.yml"
        path.write_text(yaml.safe_dump([{"accounts": accounts, "tasks": list(tasks), **play}]), encoding="utf-8")
        return path

    def plan(self, *tasks: dict[str, Any], accounts: str = "management", **options: Any) -> Plan:
        return self.runner(**options).plan([self.playbook(*tasks, accounts=accounts)])

    def apply(self, plan: Plan, **options: Any) -> Outcome:
        return self.runner(**options).apply(plan)
