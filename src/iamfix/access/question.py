"""A question to accounts as they are now."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from iamfix.access.judge import present
from iamfix.access.who import who_can
from iamfix.model import Account, IamfixError, InputError, Json, Problem
from iamfix.policy.actions import action_exists, nearest_action
from iamfix.policy.json_text import DocumentError
from iamfix.policy.request import RequestError, make_request
from iamfix.world import World

__all__ = ["Looking", "ask_accounts"]

_RESOURCE = "such as arn:aws:s3:::bucket/key; without it, the answer says on which resources"
_ROLE = re.compile(r"arn:aws[a-z0-9-]*:iam::[0-9]{12}:role/.*[^/]")


class Looking(Protocol):
    """What can look at accounts: `run.Runner`."""

    def look(self, one: Callable[[World], Any]) -> Sequence[tuple[Account, Any]]: ...


def ask_accounts(runner: Looking, action: str, resource: str | None) -> dict[str, Json]:
    """Return who can do something in which account, as JSON data.

    `{"action", "resource", "accounts": [{"id", "name", "error", "principals": [{"principal", "verdict", "reason",
    "unknown_keys", "resources", "escalation"}]}]}`.

    Raises:
        InputError: the action or resource is not well formed, or no such action is known.
    """
    _check(action, resource)

    def one(world: World) -> list[Json]:
        try:
            return [can.as_json() for can in who_can(present(world), action, resource)]
        except DocumentError as error:
            raise IamfixError(f"a policy of the account cannot be understood: {error}") from None

    accounts = [
        {
            "id": account.id,
            "name": account.name,
            "error": str(found) if isinstance(found, IamfixError) else None,
            "principals": [] if isinstance(found, IamfixError) else found,
        }
        for account, found in runner.look(one)
    ]
    return {"action": action, "resource": resource, "accounts": accounts}


def _check(action: str, resource: str | None) -> None:
    problems: list[Problem] = []
    if "*" in action or "?" in action or not action_exists(action):
        near = nearest_action(action)
        hint = f"did you mean {near}?" if near else "name one action as AWS lists it, service:Name, without wildcards"
        problems.append(Problem("error", "ACTION", f"there is no action {action!r}", hint))
    try:
        make_request("000000000000", "sts:AssumeRole", "*" if resource is None else resource)
    except RequestError as error:
        what = error.mistakes[0].partition(": ")[2]
        problems.append(Problem("error", "RESOURCE", what, _RESOURCE))
    else:
        if action.lower().startswith("sts:assumerole") and resource not in (None, "*") and not _is_role(resource):
            hint = "such as arn:aws:iam::111111111111:role/app"
            problems.append(Problem("error", "RESOURCE", f"{resource!r} is not the ARN of a role", hint))
    if problems:
        raise InputError(*problems)


def _is_role(resource: str | None) -> bool:
    return resource is not None and _ROLE.fullmatch(resource) is not None
