"""The one place that sends changes: with patience for what has not spread yet, one write to a principal at a time."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from iamfix.aws.errors import send
from iamfix.aws.patience import maybe_done, ordinary, patiently
from iamfix.aws.session import AccountSession
from iamfix.clock import Clock
from iamfix.model import AwsError, Call

REMOVING = ("delete_", "detach_", "remove_", "deactivate_", "untag_")
PRINCIPALS = ("UserName", "RoleName", "GroupName")
"""Parameters that name a principal; AWS answers ConcurrentModification to two writes to one at once."""
SPREADING = 120.0
"""Seconds within which IAM's changes reach all of AWS, by wide margin (IAM User Guide, "Troubleshoot IAM")."""
SETTLE = {"set_default_policy_version": 5.0}
"""Seconds to wait before these calls when they name what this run has just made. Where a policy version is missing that
is already in force, AWS denies everything."""
_CONCURRENT = frozenset(
    {"ConcurrentModification", "EntityTemporarilyUnmodifiable", "PolicyChangesInProgress", "OperationAborted"}
)
_ARN = re.compile(r'arn:[^"\\\s]+')


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a call: the response, how often it was sent, and whether AWS had it done already."""

    response: Mapping[str, Any]
    attempts: int
    already: bool = False


class Sender:
    """Sends the changes of one account. `known` names exist in it: waiting for them makes sense."""

    def __init__(
        self, session: AccountSession, clock: Clock, chance: random.Random, known: Callable[[str], bool]
    ) -> None:
        self._session, self._clock, self._chance, self._known = session, clock, chance, known
        self._fresh: set[str] = set()
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def send(self, call: Call) -> Sent:
        """Send one call whose params hold no unknowns. Raises AwsError when AWS refuses it for good."""
        client = self._session.client(call.service, call.region, writes=True)
        if (pause := SETTLE.get(call.operation)) and self._mentions(call, self._fresh):
            self._clock.sleep(pause)
        unsure = False

        def once() -> Mapping[str, Any]:
            nonlocal unsure
            try:
                return send(
                    call.service, call.operation, call.region, lambda: getattr(client, call.operation)(**call.params)
                )
            except AwsError as error:
                if self._is_done(call, error, unsure):
                    return {}
                unsure = unsure or maybe_done(error)
                raise

        with self._one_at_a_time(call):
            response, errors = patiently(once, lambda error: self._bound(call, error), self._clock, self._chance)
        self._remember(call, response)
        return Sent(response, len(errors) + 1, already=not response and call.operation.startswith(REMOVING))

    def _is_done(self, call: Call, error: AwsError, unsure: bool) -> bool:
        """What shall go is gone; what an unanswered request may have made is there."""
        if call.operation.startswith(REMOVING):
            return error.code.startswith("NoSuch") and not self._mentions(call, self._fresh)
        return unsure and error.code == "EntityAlreadyExists"

    def _bound(self, call: Call, error: AwsError) -> float:
        if patience := ordinary(error):
            return patience
        if error.code in _CONCURRENT or error.code == "DeleteConflict":
            return SPREADING
        if error.code.startswith("NoSuchEntity"):
            return SPREADING if self._mentions(call, self._fresh) else 20.0
        if error.code.startswith("MalformedPolicy") and "principal" in error.message.lower():
            return SPREADING if self._mentions(call, self._fresh) or self._names_known(call) else 0.0
        if error.code == "LimitExceeded" and call.operation in ("create_policy_version", "add_user_to_group"):
            return 20.0  # what made room may not have spread yet
        return 0.0

    def _mentions(self, call: Call, names: Collection[str]) -> bool:
        text = json.dumps(call.params, default=str)
        with self._lock:
            return any(f'"{name}"' in text or f"/{name}" in text for name in names)

    def _names_known(self, call: Call) -> bool:
        return any(self._known(arn.rpartition("/")[2]) for arn in _ARN.findall(json.dumps(call.params, default=str)))

    def _remember(self, call: Call, response: Mapping[str, Any]) -> None:
        if not call.operation.startswith("create_"):
            return
        made = {value for key, value in call.params.items() if key.endswith("Name") and isinstance(value, str)}
        version = response.get("PolicyVersion", {}).get("VersionId")
        with self._lock:
            self._fresh |= made | ({version} if version else set())

    @contextmanager
    def _one_at_a_time(self, call: Call) -> Iterator[None]:
        keys = sorted(f"{name}={call.params[name]}" for name in PRINCIPALS if name in call.params)
        with self._lock:
            locks = [self._locks.setdefault(key, threading.Lock()) for key in keys]
        with ExitStack() as held:
            for lock in locks:
                held.enter_context(lock)
            yield
