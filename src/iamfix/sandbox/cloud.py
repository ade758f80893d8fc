"""The practice cloud: its accounts, its clock, and each service's state by account and partition."""

from __future__ import annotations

import copy
import random
import string
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from iamfix.sandbox.clock import Clock
from iamfix.sandbox.credentials import Credentials
from iamfix.sandbox.faults import Faults
from iamfix.sandbox.store import Visibility

_ID_LETTERS = string.ascii_uppercase + "234567"


class ServiceState(Protocol):
    """A service's state in one account and partition; made when it is first asked for."""

    def __init__(self, visibility: Visibility) -> None: ...


S = TypeVar("S", bound=ServiceState)


@dataclass(frozen=True)
class Account:
    """An account: its twelve-digit id, name and e-mail address.

    A new one was made at `made` and can be worked in as from `usable`, in seconds since 1970.
    """

    id: str
    name: str
    email: str
    made: float = 0.0
    usable: float = 0.0

    def readiness(self, now: float) -> float:
        """How far it is on its way to be usable: from 0, just made, to 1."""
        return 1.0 if now >= self.usable else max(0.0, (now - self.made) / (self.usable - self.made))


class Cloud:
    """Everything that the sandbox remembers. Handlers run one at a time, under `lock`.

    `enforce`: whether callers may do only what their policies allow.
    """

    def __init__(self, seed: int, clock: Clock) -> None:
        self.lock = threading.RLock()
        self.seed = seed
        self.clock = clock
        self.faults = Faults(random.Random(f"faults {seed}"))  # noqa: S311 - must repeat
        self.clear()

    def clear(self) -> None:
        """Forget all accounts and all state, and switch the faults off."""
        self.rng = random.Random(f"ids {self.seed}")  # noqa: S311 - must repeat
        self.visibility = Visibility(self.clock, random.Random(f"delays {self.seed}"))  # noqa: S311
        self.faults.clear()
        self.accounts: dict[str, Account] = {}
        self.management_account: str | None = None
        self.enforce = True
        self.organization_id: str | None = None
        self.opted_in: dict[str, frozenset[str]] = {}
        self.credentials = Credentials()
        self._states: dict[tuple[type, str, str], object] = {}

    def save(self) -> object:
        """A copy of what the cloud remembers, for `restore`."""
        return self._copied((self.accounts, self.credentials, self._states))

    def restore(self, saved: object) -> None:
        """Remember what was saved, and nothing since."""
        self.accounts, self.credentials, self._states = self._copied(saved)

    def _copied(self, value: Any) -> Any:
        return copy.deepcopy(value, {id(self.visibility): self.visibility})

    def add_account(self, account_id: str, name: str, email: str | None = None, *, unusable: float = 0.0) -> Account:
        """Open an account; it cannot be worked in for so many seconds."""
        now = self.clock.now()
        account = Account(account_id, name, email or f"aws+{name}@example.com", now, now + unusable)
        self.accounts[account_id] = account
        return account

    def state(self, kind: type[S], account: str, partition: str) -> S:
        """A service's state in an account."""
        key = (kind, account, partition)
        found = self._states.get(key)
        if not isinstance(found, kind):
            found = self._states[key] = kind(self.visibility)
        return found

    def now(self) -> datetime:
        """The sandbox's time, to the second, as AWS tells it."""
        return datetime.fromtimestamp(int(self.clock.now()), UTC)

    def new_id(self, prefix: str, length: int = 21) -> str:
        """An AWS unique id such as `AIDA…`, `length` characters in all."""
        return prefix + "".join(self.rng.choices(_ID_LETTERS, k=length - len(prefix)))

    def new_secret(self, length: int) -> str:
        """A random text such as a secret access key."""
        return "".join(self.rng.choices(string.ascii_letters + string.digits, k=length))
