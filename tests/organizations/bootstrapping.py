"""Bootstraps in this process, on a clock that turns, and one that ends a run at any moment."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from iamfix.bootstrap import Bootstrap
from iamfix.clock import TurnedClock
from iamfix.model import Plan
from iamfix.options import Options
from iamfix.run import Runner
from iamfix.sandbox import Sandbox
from tests.organizations.building import state_of
from tests.running import Quiet

NAME, EMAIL, UNIT = "payments-new", "new@example.com", "workloads/dev"
SMALL = [
    {"name": "Small", "accounts": "all", "tasks": [
        {"iam_password_policy": {"min_pw_length": 14}}, {"iam_group": {"name": "Admins"}},
    ]},
]  # fmt: skip


class Killed(BaseException):
    """The process is gone: nothing in it may catch this."""


class WatchedClock:
    """The time of another clock; before it is told, `seen` is called, which may end the run."""

    def __init__(self, clock: TurnedClock, seen: Callable[[], None]) -> None:
        self._clock, self._seen = clock, seen

    def now(self) -> datetime:
        self._seen()
        return self._clock.now()

    def monotonic(self) -> float:
        self._seen()
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._seen()
        self._clock.sleep(seconds)


def dying(dies: Callable[[], bool]) -> Callable[[], None]:
    """Return what kills a run as soon as `dies` says so, and from then on whatever of it goes on."""
    dead = threading.Event()

    def seen() -> None:
        if dead.is_set() or dies():
            dead.set()
            raise Killed

    return seen


class Moments:
    """All that a killed run would leave behind, at each moment at which it would leave something else.

    That is AWS, and the calls in the journal on disk. Requests that only read leave nothing, but polls do: AWS goes on
    meanwhile.
    """

    def __init__(self, aws: Sandbox, clock: TurnedClock, journal: Path) -> None:
        self._aws, self._clock, self._journal = aws, clock, journal
        self._known: set[tuple[int, ...]] = set()
        self._lock = threading.Lock()
        self.all: list[tuple[Any, Path, datetime]] = []

    def see(self) -> None:
        """Keep this moment, unless it is like one before."""
        with self._lock:
            log, now = list(self._aws.log), self._clock.now().timestamp()
            lines = "".join(path.read_text(encoding="utf-8") for path in self._journal.glob("*.jsonl"))
            ready = sum(one.readiness(now) for one in self._aws.cloud.accounts.values())
            key = (
                sum(one.mutating and one.code != "Pending" for one in log),
                sum(one.operation == "DescribeCreateAccountStatus" for one in log),
                sum(lines.count(f'"event":"{event}"') for event in ("call", "accepted")),
                int(3 * ready),
            )
            if key not in self._known:
                self._known.add(key)
                copy = self._journal.with_name(f"moment-{len(self.all)}")
                if self._journal.is_dir():
                    shutil.copytree(self._journal, copy)
                self.all.append((self._aws.save(), copy, self._clock.now()))


class Times:
    """The sandbox's time: that of whichever clock is set."""

    def __init__(self, clock: TurnedClock) -> None:
        self.clock = clock

    def now(self) -> float:
        return self.clock.now().timestamp()


class Told(Quiet):
    """Progress that keeps the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def account(self, name: str, event: str, detail: str = "") -> None:
        if event == "note":
            self.notes.append(name)


def new_clock() -> TurnedClock:
    return TurnedClock(datetime.now(UTC))


def small(folder: Path, plays: Any = None) -> Path:
    """Write a playbook of two tasks, or another one."""
    path = folder / "small.yml"
    path.write_text(yaml.safe_dump(SMALL if plays is None else plays), encoding="utf-8")
    return path


class Lab:
    """Where bootstraps run: a folder with an inventory, a playbook and journals."""

    def __init__(self, aws: Sandbox, clock: TurnedClock, inventory: Path, playbook: Path, journal: Path) -> None:
        self.aws, self.clock, self.inventory, self.playbook, self.journal = aws, clock, inventory, playbook, journal
        self.told = Told()
        self.plans: dict[str, Plan] = {}
        """The plans of the last bootstrap, by title."""

    def bootstrap(
        self, *, clock: Any = None, name: str = NAME, email: str = EMAIL, unit: str | None = UNIT, **options: Any
    ) -> list[str]:
        """Run one as `--auto-approve` does; returns the titles of its steps."""
        given = Options(inventory=self.inventory, journal=self.journal, forks=1, **options)
        runner = Runner(given, self.told, clock=clock or self.clock)
        self.plans = {}
        for step in Bootstrap(runner, name, email, unit, self.playbook).steps():
            self.plans[step.title] = step.plan
            outcome = step.runner.apply(step.plan, f"bootstrap {name}")
            assert outcome.exit_code == 0, outcome.problems
        return list(self.plans)

    def accounts(self, email: str = EMAIL) -> list[Any]:
        return [one for one in state_of(self.aws.cloud).members.all_latest() if one.email.lower() == email.lower()]

    def asked(self) -> int:
        """How often AWS was asked to make an account, of all the requests in the log."""
        return sum(record.operation == "CreateAccount" for record in self.aws.log)
