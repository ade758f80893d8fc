"""Faults that a test or a demonstration can switch on: throttling, latency, one-off errors, page sizes, hooks."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.log import Record

Phase = Literal["before", "after"]
Hook = Callable[[Phase, Record], bool | None]
"""Called before and after each mutating request is carried out. Returning True closes the connection without an answer;
before, that also means that the request is not carried out."""

_THROTTLED = {
    "iam": ("Throttling", 400),
    "sts": ("Throttling", 400),
    "sns": ("Throttling", 400),
    "cloudwatch": ("Throttling", 400),
    "organizations": ("TooManyRequestsException", 400),
    "account": ("TooManyRequestsException", 429),
    "lambda": ("TooManyRequestsException", 429),
    "ec2": ("RequestLimitExceeded", 503),
    "s3": ("SlowDown", 503),
    "s3control": ("SlowDown", 503),
}


@dataclass
class _Failure:
    service: str
    operation: str
    error: AwsError
    account: str | None
    after: bool
    left: int


@dataclass
class Faults:
    """The switches; all are off at first.

    `throttle`: the fraction (0 to 1) of requests that are answered with the service's throttling error.
    `throttle_every`: service -> n: each nth request of it is answered with its throttling error.
    `latency`: seconds by which every answer is late.
    `page_size`: no page of a list has more items than this, whatever was asked; None for AWS's own sizes.
    `empty_pages`: the second page of every list that has one is empty (AWS documents that this happens).
    `short_sessions`: seconds after which assumed-role credentials expire, whatever was asked; None for as asked.
    """

    rng: random.Random
    throttle: float = 0.0
    latency: float = 0.0
    page_size: int | None = None
    empty_pages: bool = False
    short_sessions: float | None = None
    throttle_every: dict[str, int] = field(default_factory=dict)
    _asked: dict[str, int] = field(default_factory=dict)
    _failures: list[_Failure] = field(default_factory=list)
    _hooks: list[Hook] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        """Switch everything off and forget the hooks."""
        with self._lock:
            self.throttle = self.latency = 0.0
            self.page_size = self.short_sessions = None
            self.empty_pages = False
            self.throttle_every.clear()
            self._asked.clear()
            self._failures.clear()
            self._hooks.clear()

    def fail(
        self,
        service: str,
        operation: str,
        code: str,
        *,
        times: int = 1,
        account: str | None = None,
        message: str | None = None,
        status: int | None = None,
        after: bool = False,
    ) -> None:
        """Answer the next `times` requests of an operation ("*": any) with an error.

        `account` narrows it to one account id. With `after` the request is carried out and answered with the error
        all the same, as when AWS fails on the way back.
        """
        error = AwsError(code, message or f"The sandbox was told to answer {code}.", status=status)
        with self._lock:
            self._failures.append(_Failure(service, operation, error, account, after, times))

    def take_failure(self, service: str, operation: str, account: str) -> tuple[AwsError, bool] | None:
        """The error that this request is to be answered with, and whether it is carried out first."""
        with self._lock:
            for failure in self._failures:
                if (
                    failure.service == service
                    and failure.operation in ("*", operation)
                    and failure.account in (None, account)
                ):
                    failure.left -= 1
                    if failure.left <= 0:
                        self._failures.remove(failure)
                    return failure.error, failure.after
        return None

    def throttled(self, service: str) -> AwsError | None:
        """The throttling error for this request, or None; by its turn, or drawn at random."""
        with self._lock:
            self._asked[service] = self._asked.get(service, 0) + 1
            every = self.throttle_every.get(service)
            turn = every is not None and self._asked[service] % every == 0
            if not turn and (not self.throttle or self.rng.random() >= self.throttle):
                return None
        code, status = _THROTTLED.get(service, ("ThrottlingException", 400))
        return AwsError(code, "Rate exceeded", status=status)

    def on_request(self, hook: Hook) -> None:
        """Add a hook for mutating requests."""
        with self._lock:
            self._hooks.append(hook)

    def run_hooks(self, phase: Phase, record: Record) -> bool:
        """Run the hooks; whether one of them wants the connection closed without an answer."""
        with self._lock:
            hooks = list(self._hooks)
        answers = [hook(phase, record) for hook in hooks]
        return any(answers)
