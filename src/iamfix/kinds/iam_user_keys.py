"""What the kinds of a user's further credentials have in common: named `user/id`, switched on and off, removed.

SSH keys, signing certificates and service-specific credentials; each kind's module says what is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iamfix.fields import Scalar, asked, seen
from iamfix.kinds import iam_shared as iam
from iamfix.kinds import iam_user_credentials as credentials
from iamfix.kinds.protocol import Look, Need, Reader, Ripple
from iamfix.model import Call

STATUS = Scalar(str, "Active or Inactive", choices=("Active", "Inactive"))


@dataclass(frozen=True, slots=True)
class State:
    status: str = asked(STATUS, "Active, or Inactive: it opens nothing.", default="Active")
    user: str = seen("Whose it is.", default="")
    created: str | None = seen("When it was made or uploaded (UTC).")
    age_days: int = seen("Days since.", default=0, volatile=True)


@dataclass(frozen=True, slots=True)
class Credential:
    """One of them: what its kind's module takes over. `update` is the call that sets its status.

    `word` is what `iam_user.other_credentials` calls it.
    """

    word: str
    update: str

    @property
    def other(self) -> credentials.Other:
        return credentials.OTHERS[self.word]

    def of_users(self, read: Reader, users: Sequence[str]) -> list[Mapping[str, Any]]:
        """Ask each of the users for theirs, side by side."""
        answers = read.each("iam", self.other.listing, [{"UserName": user} for user in users], "NoSuchEntity")
        return [found for answer in answers if answer for found in answer[self.other.part]]

    def states(self, read: Reader, found: Sequence[Mapping[str, Any]], has: Callable[[str], bool]) -> dict[str, State]:
        """Return the credentials by name, of what AWS has listed."""
        states = {}
        for one in found:
            name, made = f"{one['UserName']}/{one[self.other.id]}", one.get("UploadDate") or one.get("CreateDate")
            if has(name):
                age = iam.days_since(made, read.now) or 0
                states[name] = State(one["Status"], one["UserName"], iam.when(made), age)
        return states

    def calls(self, name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
        if before is None:
            return  # nothing brings it back
        user, _, key_id = name.partition("/")
        which = {"UserName": user, self.other.id: key_id}
        if after is None:
            yield Call("iam", self.other.removal, which)
        elif before.status != after.status:
            yield Call("iam", self.update, {**which, "Status": after.status})

    def loses(self, name: str, before: State, after: State | None) -> Iterator[str]:
        if after is None:
            user, _, key_id = name.partition("/")
            yield f"{self.word} {key_id} of {user}"

    def ripples(self, name: str, before: State | None, after: State | None, look: Look) -> Iterator[Ripple]:
        if after is None:
            user, _, key_id = name.partition("/")
            yield Ripple(
                "iam_user", user, "other_credentials", lambda have: tuple(one for one in have if one["id"] != key_id)
            )

    def needs(self, call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
        return iam.needs(self.other.kind, call, name, state, look)


def users_of(names: frozenset[str]) -> list[str]:
    return sorted({name.partition("/")[0] for name in names})
