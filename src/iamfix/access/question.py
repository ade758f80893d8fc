"""A question to accounts as they are now."""

from __future__ import annotations

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
    try:
        make_request("000000000000", action, resource or "*")
    except RequestError as error:
        raise InputError(Problem("error", "who-can", str(error))) from None
    if resource is not None and resource != "*" and (not resource.startswith("arn:") or resource.count(":") < 5):
        hint = "such as arn:aws:s3:::bucket/key; without it, the answer says on which resources"
        raise InputError(Problem("error", "who-can", f"{resource!r} is no ARN", hint))
    if "*" in action or "?" in action or not action_exists(action):
        near = nearest_action(action)
        hint = f"did you mean {near}?" if near else "name one action, without wildcards, as AWS lists it"
        raise InputError(Problem("error", "who-can", f"there is no action {action!r}", hint))

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
