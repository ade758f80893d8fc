"""What a run is given, what it tells while it goes on, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from iamfix.model import Call, Json, Problem

State = Literal["done", "failed", "refused", "skipped", "nothing"]
"""What became of an account in an apply."""


class Progress(Protocol):
    """What a run tells while it goes on; may be called from several threads."""

    def start(self, total: int, what: str) -> None: ...
    def account(self, name: str, event: str, detail: str = "") -> None: ...
    def call(self, account: str, call: Call, state: str, detail: str = "") -> None: ...
    def finish(self) -> None: ...


NEW_ACCOUNT = Path("playbooks/bootstrap.yml")
"""Where the playbook of what a new account gets is looked for, unless another one is named."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says of a run; the same words everywhere."""

    inventory: Path = Path("inventory")
    limit: str | None = None
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    extra_vars: Mapping[str, Json] = field(default_factory=dict)
    forks: int = 8
    max_changes: int | None = None
    max_deletes: int | None = None
    allow: tuple[str, ...] = ()
    journal: Path = Path(".iamfix")
    new_account: Path = NEW_ACCOUNT
    """The playbook of what a new account gets."""
    new_account_vars: Mapping[str, Json] | None = None
    """Its `-e`, where they are not those of the run."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an apply."""

    run_id: str
    accounts: Mapping[str, State]
    problems: tuple[Problem, ...] = ()
    interrupted: bool = False
    journal_broken: str = ""
    """Why the journal does not tell all; empty when it does."""

    @property
    def exit_code(self) -> int:
        if self.interrupted:
            return 130
        bad = [state for state in self.accounts.values() if state in ("failed", "refused", "skipped")]
        if not bad:
            return 1 if self.journal_broken else 0
        return 3 if any(state in ("done", "nothing") for state in self.accounts.values()) else 1
