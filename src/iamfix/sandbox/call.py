"""A call of an AWS operation as a handler sees it, and how a handler answers: a dict, or None to let moto answer."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from iamfix.sandbox.cloud import Cloud, S
from iamfix.sandbox.credentials import Caller
from iamfix.sandbox.errors import AwsError

T = TypeVar("T")

Params = Mapping[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One call: who asks what of which account, and the replica that its reads come from.

    `params` has the operation's parameters under botocore's names. The sandbox has checked them against the model
    (required members, lengths, ranges, patterns, enums) when the service's table says so.
    """

    cloud: Cloud
    service: str
    operation: str
    params: Params
    account: str
    region: str
    partition: str
    caller: Caller
    replica: int
    access_key: str = ""

    def state(self, kind: type[S]) -> S:
        """The state of a service in the called account."""
        return self.cloud.state(kind, self.account, self.partition)

    def regional(self, kind: type[S]) -> S:
        """The state of a service in the called account and region."""
        return self.cloud.state(kind, f"{self.account}/{self.region}", self.partition)

    def param(self, name: str) -> str:
        """A required parameter of type string."""
        return str(self.params[name])


Handler = Callable[[Call], Answer | None]
"""Answers a call with the output members; raises AwsError; None passes the call on to moto."""


@dataclass(frozen=True)
class Service:
    """One row of the table of services.

    `operations` are the handlers by operation name; all other operations are moto's, or unknown if `moto` is False.
    `strict` checks every call's parameters against botocore's model before any handler, as AWS does (botocore itself
    checks only a part). `one_writer` is the error for a mutating request that comes while another one is being
    answered; None if the service takes several at once.
    """

    name: str
    operations: Mapping[str, Handler]
    strict: bool = True
    moto: bool = True
    one_writer: str | None = None


def page(
    call: Call,
    items: Sequence[T],
    *,
    default_size: int = 100,
    size_param: str = "MaxItems",
    token_param: str = "Marker",  # noqa: S107 - a parameter's name
    most: int = 1000,
) -> tuple[list[T], str | None]:
    """A page of a list and the token of the next page, None on the last one.

    The token is the place in the list; `Faults.page_size` and `Faults.empty_pages` shorten and insert pages.
    """
    faults = call.cloud.faults
    start, emptied = _read_token(call.params.get(token_param), token_param)
    size = min(int(call.params.get(size_param) or default_size), most)
    if faults.page_size is not None:
        size = min(size, faults.page_size)
    if faults.empty_pages and start and not emptied and start < len(items):
        return [], _make_token(start, True)
    end = start + size
    return list(items[start:end]), _make_token(end, emptied) if end < len(items) else None


def _make_token(start: int, emptied: bool) -> str:
    return base64.urlsafe_b64encode(f"{start}:{int(emptied)}".encode()).decode()


def _read_token(token: object, param: str) -> tuple[int, bool]:
    if not token:
        return 0, False
    try:
        start, emptied = base64.urlsafe_b64decode(str(token)).decode().split(":")
        return int(start), emptied == "1"
    except ValueError:
        code = "ValidationError" if param == "Marker" else "InvalidInputException"
        raise AwsError(code, f"Invalid value for {param}.") from None
