"""What is known only while a plan is applied: what earlier calls have given, and what is made at the last moment."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iamfix.journal import Journal
from iamfix.model import Call, Change, Generated, IamfixError, Result
from iamfix.world import World


class NotReached(IamfixError):
    """AWS took the calls and does not look as planned."""


@dataclass(slots=True)
class Results:
    """What the calls of one account's part of a run have given."""

    account: str
    new_world: Callable[[], World]
    """A world that has read nothing yet."""
    journal: Journal
    """Keeps the secrets that are made."""
    _given: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    _places: dict[str, Change] = field(default_factory=dict)
    _found: World | None = None

    def expect(self, changes: Sequence[Change]) -> None:
        """Learn of changes whose resources tell what their calls have given when another run has made them."""
        self._places |= {change.address: change for change in changes}

    def keep(self, change: Change, call: Call, response: Mapping[str, Any]) -> None:
        """Keep what a call has given."""
        self._given[change.address, call.operation] = response

    def resolved(self, value: Any, change: Change) -> Any:
        """Return a call's params with all in them that the plan could not know. Raises NotReached."""
        if isinstance(value, Result):
            found: Any = self._given.get((value.address, value.operation))
            for part in value.path.split("."):
                found = (found[int(part)] if part.isdigit() else found.get(part)) if found else None
            if found is None and value.field:
                found = self._seen(value)
            if found is None:
                raise NotReached(f"{value.operation} of {value.address} has not given {value.path}")
            return found
        if isinstance(value, Generated):
            password = _password()
            self.journal.keep_secret(f"{self.account}.{change.kind}.{change.name}", password)
            return password
        if isinstance(value, Mapping):
            return {key: self.resolved(item, change) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.resolved(item, change) for item in value]
        return value

    def _seen(self, value: Result) -> Any | None:
        """Return what another run's call has given, from how the resource looks now."""
        change = self._places.get(value.address)
        if change is None:
            return None
        self._found = self._found or self.new_world()
        state = self._found.get(change.kind, change.name, change.region)
        return None if state is None else getattr(state, value.field)


def _password() -> str:
    """Return a password that every password policy of AWS takes: 32 characters of all four classes."""
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!@#$%^*()_+-=[]{}")
    letters = [secrets.choice(one) for one in classes]
    letters += [secrets.choice("".join(classes)) for _ in range(28)]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)
