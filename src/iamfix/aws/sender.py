"""The one place that sends changes: with patience for what has not spread yet, one write to a principal at a time."""

from __future__ import annotations

import json
import random
import re
import threading
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from iamfix.aws.batches import batched, failures, item_of, joined
from iamfix.aws.errors import send
from iamfix.aws.follow_up import EVERY, follow_up_of
from iamfix.aws.manners import Wait, lanes, manners_of
from iamfix.aws.partly import refuse_failures
from iamfix.aws.patience import maybe_done, ordinary, patiently
from iamfix.aws.session import ROOT_REMOVE, AccountSession
from iamfix.clock import Clock
from iamfix.model import AwsError, Call

REMOVING = ("delete_", "deregister_", "detach_", "remove_", "deactivate_", "disassociate_", "untag_")
SETTLE = {"set_default_policy_version": 5.0}
"""Seconds to wait before these calls when they name what this run has just made. Where a policy version is missing that
is already in force, AWS denies everything."""
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
        self,
        session: AccountSession,
        clock: Clock,
        chance: random.Random,
        known: Callable[[str], bool],
        accepted: Callable[[Call, Mapping[str, Any]], None] | None = None,
    ) -> None:
        """`accepted` hears of a call with which AWS goes on in the background, with what to ask after it by."""
        self._session, self._clock, self._chance, self._known = session, clock, chance, known
        self._accepted = accepted
        self._fresh: set[str] = set()
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def send(self, call: Call) -> Sent:
        """Send one call whose params hold no unknowns. Raises AwsError when AWS refuses it for good."""
        sent = self._sent(call)
        for _, error in failures(call, sent.response):
            raise error
        return sent

    def _sent(self, call: Call) -> Sent:
        session = self._session.as_root(ROOT_REMOVE) if call.as_root else self._session
        client = session.client(call.service, call.region, writes=True)
        if (pause := SETTLE.get(call.operation)) and self._mentions(call, self._fresh):
            self._clock.sleep(pause)
        unsure, params = False, {**_tokens(client, call.operation), **call.params}

        def once() -> Mapping[str, Any]:
            nonlocal unsure
            try:
                answer = send(
                    call.service, call.operation, call.region, lambda: getattr(client, call.operation)(**params)
                )
                return refuse_failures(call, answer)
            except AwsError as error:
                if self._is_done(call, error, unsure):
                    return {}
                unsure = unsure or maybe_done(error)
                raise

        with self._one_at_a_time(call):
            response, errors = patiently(
                once, lambda error: self._bound(call, error), self._clock, self._chance, session.door(client)
            )
            response = self._followed(call, response)
        self._remember(call, response)
        return Sent(response, len(errors) + 1, already=not response and call.operation.startswith(REMOVING))

    def batches(self, calls: Sequence[Call]) -> list[list[int]]:
        """Return which calls AWS takes in one request, by their place in `calls`."""
        return list(batched(calls))

    def send_together(self, calls: Sequence[Call]) -> list[Sent | AwsError]:
        """Send calls in one request; what came of each, in their order. Raises AwsError when AWS refuses all."""
        sent = self._sent(joined(calls))
        failed = dict(failures(calls[0], sent.response))
        return [failed.get(item_of(call), sent) for call in calls]

    def _followed(self, call: Call, response: Mapping[str, Any]) -> Mapping[str, Any]:
        """Wait until what AWS goes on with in the background is done. Raises AwsError when it failed there."""
        follow_up = follow_up_of(call)
        if follow_up is None or not response:
            return response
        operation = follow_up.operation
        params = follow_up.params(response) if follow_up.params else {}
        if params and self._accepted is not None:
            self._accepted(call, params)
        client, began = self._session.client(call.service, call.region), self._clock.monotonic()

        def ask() -> Mapping[str, Any]:
            return send(call.service, operation, call.region, lambda: getattr(client, operation)(**params))

        door = self._session.door(client)
        while True:
            answer, _ = patiently(ask, lambda error: self._bound(call, error), self._clock, self._chance, door)
            if follow_up.failed and (reason := follow_up.failed(answer)):
                told = follow_up.why.get(reason, "AWS took the request and gave up in the background")
                raise AwsError(call.service, call.operation, reason, told, call.region)
            if follow_up.done(call, answer):
                return {**response, **answer}
            if self._clock.monotonic() - began > follow_up.seconds:
                told = f"AWS was not done after {follow_up.seconds:.0f} s"
                raise AwsError(call.service, call.operation, "StillInProgress", told, call.region)
            self._clock.sleep(EVERY)

    def _is_done(self, call: Call, error: AwsError, unsure: bool) -> bool:
        """What shall go is gone; what an unanswered request may have made is there."""
        manners = manners_of(call.service)
        if call.operation.startswith(REMOVING):
            return error.code in manners.gone and not self._mentions(call, self._fresh)
        return unsure and error.code in manners.there

    def _bound(self, call: Call, error: AwsError) -> float:
        if patience := ordinary(error):
            return patience
        waits = (wait for wait in manners_of(call.service).waits if wait.holds(call, error))
        return max((wait.seconds for wait in waits if self._concerns(call, wait)), default=0.0)

    def _concerns(self, call: Call, wait: Wait) -> bool:
        if wait.about == "anything" or self._mentions(call, self._fresh):
            return True
        return wait.about == "known" and self._names_known(call)

    def _mentions(self, call: Call, names: Collection[str]) -> bool:
        text = json.dumps(call.params, default=str)
        with self._lock:
            return any(f'"{name}"' in text or f"/{name}" in text or f":{name}" in text for name in names)

    def _names_known(self, call: Call) -> bool:
        return any(self._known(arn.rpartition("/")[2]) for arn in _ARN.findall(json.dumps(call.params, default=str)))

    def _remember(self, call: Call, response: Mapping[str, Any]) -> None:
        if not call.operation.startswith(("create_", *manners_of(call.service).makes)):
            return
        named = (value for key, value in call.params.items() if key.lower().endswith(("name", "bucket")))
        made = {value for value in (*named, *_ids(response)) if isinstance(value, str) and len(value) > 1}
        with self._lock:
            self._fresh |= made

    @contextmanager
    def _one_at_a_time(self, call: Call) -> Iterator[None]:
        keys = sorted(lanes(call))
        with self._lock:
            locks = [self._locks.setdefault(key, threading.Lock()) for key in keys]
        with ExitStack() as held:
            for lock in locks:
                held.enter_context(lock)
            yield


def _tokens(client: Any, operation: str) -> dict[str, str]:
    """Return the tokens by which AWS knows a repeated request: made once, so that a retry is no second request."""
    name = client.meta.method_to_api_mapping[operation]
    return {token: str(uuid.uuid4()) for token in client.meta.service_model.operation_model(name).idempotent_members}


def _ids(response: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the ids that AWS has given to what a call made; they stand at the top, or in the one thing returned."""
    for key, value in response.items():
        if key == "ResponseMetadata":
            continue
        if isinstance(value, Mapping):
            yield from (item for name, item in value.items() if name.endswith(("Id", "Url")))
            inner = (item for item in value.values() if isinstance(item, Mapping))
            yield from (one["Id"] for one in inner if "Id" in one)
        elif key.endswith(("Id", "Url")):
            yield value
