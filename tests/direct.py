"""The sandbox's rules without a network: calls go straight to its handlers. For laws that need thousands of calls."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from copy import copy
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name

from iamfix.aws.errors import normal
from iamfix.aws.model import operation_of
from iamfix.kinds import KINDS
from iamfix.kinds.protocol import Want
from iamfix.model import Account, AwsError, Call, Generated, Result
from iamfix.sandbox import world as layout
from iamfix.sandbox.call import Call as SandboxCall
from iamfix.sandbox.clock import TurnableClock
from iamfix.sandbox.cloud import Cloud
from iamfix.sandbox.errors import AwsError as SandboxError
from iamfix.sandbox.services import SERVICES
from iamfix.sandbox.validation import check_params
from iamfix.world import World

ACCOUNT = Account(id="111111111111", name="lab")


class Direct:
    """One account. It is a `Reader` of its home region, and sends calls as `Sender` does, without patience."""

    def __init__(self, account: Account = ACCOUNT, around: layout.Layout = "none") -> None:
        """`around` is what there is at first, as for `Sandbox`."""
        self.account, self.region = account, account.home_region
        self.now = datetime(2026, 9, 21, tzinfo=UTC)
        self.sent: list[str] = []
        self._cloud = Cloud(0, TurnableClock(self.now.timestamp()))
        layout.build(self._cloud, around)
        assert self._cloud.credentials.default is not None
        self._caller = self._cloud.credentials.default
        self._names = {
            service: {xform_name(operation): operation for operation in found.operations}
            for service, found in SERVICES.items()
        }

    def at(self, region: str | None) -> Direct:
        """The same account, read in another region."""
        other = copy(self)
        other.region = region or self.account.home_region
        return other

    def get(self, service: str, operation: str, **params: Any) -> Mapping[str, Any]:
        name = self._names[service][operation]
        call = SandboxCall(
            cloud=self._cloud, service=service, operation=name, params=params, account=self.account.id,
            region=self.region, partition="aws", caller=self._caller, replica=0,
        )  # fmt: skip
        self.sent.append(operation)
        try:
            if SERVICES[service].strict:
                check_params(service, operation_of(Call(service, operation, {})), params)
            answer = SERVICES[service].operations[name](call)
        except SandboxError as error:
            raise AwsError(service, operation, normal(error.code), error.message) from None
        return self._with_the_rest(service, operation, params, _as_sent(answer or {}))

    def _with_the_rest(
        self, service: str, operation: str, params: Mapping[str, Any], page: dict[str, Any]
    ) -> Mapping[str, Any]:
        """Put all pages of a list of IAM's together, as a `Reader` does."""
        if not page.get("IsTruncated"):
            return page
        rest = self.get(service, operation, **{**params, "Marker": page["Marker"]})
        return {name: page[name] + value if isinstance(value, list) else value for name, value in rest.items()}

    def first(self, service: str, operation: str, **params: Any) -> Mapping[str, Any]:
        return self.get(service, operation, **params)

    def find(self, service: str, operation: str, *missing: str, **params: Any) -> Mapping[str, Any] | None:
        try:
            return self.get(service, operation, **params)
        except AwsError as error:
            if error.code in missing:
                return None
            raise

    def each(
        self, service: str, operation: str, params: Iterable[Mapping[str, Any]], *missing: str
    ) -> list[Mapping[str, Any] | None]:
        return [self.find(service, operation, *missing, **one) for one in params]

    def world(self) -> World:
        """A world that has read nothing yet."""

        def observe(kind: str, region: str | None, want: Want) -> Mapping[str, Any]:
            return KINDS[kind].observe(self.at(region), want)

        return World(self.account, KINDS, observe)

    def follow(self, calls: Iterable[Call], results: dict[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
        """Send calls in order, putting in what earlier ones have given; returns the answers by operation."""
        given = {} if results is None else results
        for call in calls:
            sender = self.at(call.region)
            given[call.operation] = sender.get(call.service, call.operation, **resolved(call.params, given))
        return given


def _as_sent(value: Any) -> Any:
    """Leave out what is None, as the wire does."""
    if isinstance(value, Mapping):
        return {key: _as_sent(item) for key, item in value.items() if item is not None}
    return [_as_sent(item) for item in value] if isinstance(value, list | tuple) else value


def resolved(value: Any, given: Mapping[str, Any]) -> Any:
    """Put in what earlier calls have given, by operation."""
    if isinstance(value, Result):
        found: Any = given[value.operation]
        for part in value.path.split("."):
            found = found[int(part) if part.isdigit() else part]
        return found
    if isinstance(value, Generated):
        return "Aa1!" + "".join(random.choices("abcdefgh", k=20))
    if isinstance(value, Mapping):
        return {key: resolved(item, given) for key, item in value.items()}
    return [resolved(item, given) for item in value] if isinstance(value, list) else value
