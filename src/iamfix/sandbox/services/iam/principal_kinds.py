"""The three kinds of principal that hold policies, with what differs between them, so that one handler serves all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from iamfix.sandbox.call import Call
from iamfix.sandbox.services.iam import lookup
from iamfix.sandbox.services.iam.state import Group, IamState, Role, User

Holder = User | Group | Role


@dataclass(frozen=True)
class PrincipalKind:
    """A kind of principal.

    `word` is the word in operation and parameter names ("Role"). `inline_limit` is the most characters that all
    inline policies together may have; `see` reads one, `take` reads one for writing.
    """

    word: str
    inline_limit: int
    see: Callable[[Call, str], Any]
    take: Callable[[Call, str], Any]

    def name(self, call: Call) -> str:
        """The principal's name in a call."""
        return call.param(f"{self.word}Name")


USER = PrincipalKind("User", 2048, lookup.see_user, lookup.take_user)
GROUP = PrincipalKind("Group", 5120, lookup.see_group, lookup.take_group)
ROLE = PrincipalKind("Role", 10240, lookup.see_role, lookup.take_role)
KINDS = (USER, GROUP, ROLE)


def put(state: IamState, holder: Holder) -> None:
    """Write a user, group or role."""
    if isinstance(holder, User):
        state.put_user(holder)
    elif isinstance(holder, Role):
        state.put_role(holder)
    else:
        state.put_group(holder)
