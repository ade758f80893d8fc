"""The sandbox's rules without a network: calls go straight to its handlers. For laws that need thousands of calls."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from copy import copy
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.paginate import PaginatorModel
from botocore.session import get_session

from iamfix.aws.errors import normal
from iamfix.aws.model import faults, operation_of
from iamfix.kinds import KINDS
from iamfix.kinds.protocol import Want
from iamfix.model import Account, AccountPlan, AwsError, Call, Generated, Result
from iamfix.plan import Fold
from iamfix.playbook import load_playbooks
from iamfix.render import Renderer
from iamfix.sandbox import Sandbox
from iamfix.sandbox import world as layout
from iamfix.sandbox.building import Builder
from iamfix.sandbox.call import Call as SandboxCall
from iamfix.sandbox.clock import TurnableClock
from iamfix.sandbox.cloud import Cloud
from iamfix.sandbox.credentials import root_caller
from iamfix.sandbox.errors import AwsError as SandboxError
from iamfix.sandbox.services import SERVICES
from iamfix.sandbox.validation import check_params
from iamfix.world import World

ACCOUNT = Account(id="111111111111", name="lab")


@cache
def _pages(service: str) -> PaginatorModel:
    return get_session().get_paginator_model(service)


def _following(service: str, operation: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that ask for the page after this one; none when it is the last, as botocore knows them."""
    try:
        tokens: dict[str, Any] = _pages(service).get_paginator(operation)
    except (ValueError, UnknownServiceError):
        return {}
    more = answer.get(tokens["more_results"], False) if "more_results" in tokens else True
    sent, told = ([one] if isinstance(one, str) else one for one in (tokens["input_token"], tokens["output_token"]))
    return {a: answer[b] for a, b in zip(sent, told, strict=True) if more and answer.get(b)}


class Asking:
    """The part of a `Reader` that follows from its `get`."""

    def get(self, service: str, operation: str, **params: Any) -> Mapping[str, Any]:
        raise NotImplementedError

    def find(self, service: str, operation: str, *missing: str, **params: Any) -> Mapping[str, Any] | None:
        try:
            return self.get(service, operation, **params)
        except AwsError as error:
            if error.code in missing:
                return None
            raise

    def first(self, service: str, operation: str, **params: Any) -> Mapping[str, Any]:
        return self.get(service, operation, **params)

    def each(
        self, service: str, operation: str, params: Iterable[Mapping[str, Any]], *missing: str
    ) -> list[Mapping[str, Any] | None]:
        return [self.find(service, operation, *missing, **one) for one in params]


class Direct(Asking):
    """One account. It is a `Reader` of its home region, and sends calls as `Sender` does, without patience."""

    def __init__(self, account: Account = ACCOUNT, around: layout.Layout = "none") -> None:
        """`around` is what there is at first, as for `Sandbox`."""
        self.account, self.region = account, account.home_region
        self.sent: list[str] = []
        self._refused: dict[str, str] = {}
        self.clock = TurnableClock(datetime(2026, 9, 21, tzinfo=UTC).timestamp())
        self._cloud = Cloud(0, self.clock)
        layout.build(self._cloud, around)
        self.build = Builder(self._cloud, account.id)
        assert self._cloud.credentials.default is not None
        self._caller = self._cloud.credentials.default
        self._names = {
            service: {xform_name(operation): operation for operation in found.operations}
            for service, found in SERVICES.items()
        }

    @classmethod
    def on(cls, sandbox: Sandbox) -> Direct:
        """The management account of a sandbox that is served, to set it up without a request each."""
        made = cls()
        made._cloud, made.build = sandbox.cloud, Builder(sandbox.cloud, ACCOUNT.id)
        assert sandbox.cloud.credentials.default is not None
        made._caller = sandbox.cloud.credentials.default
        return made

    def as_root(self) -> Direct:
        """The same account, asked and changed as its root user; opening the session counts as one request."""
        other = copy(self)
        self.sent.append("assume_root")
        other.sent, other._caller = [], root_caller(self.account.id, "aws")
        return other

    def at(self, region: str | None) -> Direct:
        """The same account, read in another region."""
        other = copy(self)
        other.region = region or self.account.home_region
        return other

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def get(self, service: str, operation: str, **params: Any) -> Mapping[str, Any]:
        """Send one request, and those for its further pages."""
        self.sent.append(operation)
        answer = self._page(service, operation, params)
        while following := _following(service, self._names[service][operation], answer):
            more = self._page(service, operation, {**params, **following})
            lists = {key: answer[key] + value for key, value in more.items() if isinstance(value, list)}
            answer = {**more, **lists}
        return answer

    def _page(self, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        name = self._names[service][operation]
        call = SandboxCall(
            cloud=self._cloud, service=service, operation=name, params=params, account=self.account.id,
            region=self.region, partition="aws", caller=self._caller, replica=0,
        )  # fmt: skip
        if (code := self._refused.get(operation)) is not None:
            raise AwsError(service, operation, code, "the test refuses it")
        try:
            if SERVICES[service].strict:
                check_params(service, operation_of(Call(service, operation, {})), dict(params))
            answer = SERVICES[service].operations[name](call)
        except SandboxError as error:
            raise AwsError(service, operation, normal(error.code), error.message) from None
        sent: dict[str, Any] = _as_sent(answer or {})
        return sent

    def refuse(self, operation: str, code: str) -> None:
        """From now on, answer this operation with an error."""
        self._refused[operation] = code

    def world(self, *, live: bool = True) -> World:
        """A world that has read nothing yet; a `live` one takes no report for how things are."""

        reader = _Remembering(self, {})

        def observe(kind: str, region: str | None, want: Want) -> Mapping[str, Any]:
            return KINDS[kind].observe(reader.at(region), want)

        return World(self.account, KINDS, observe, live=live)

    def plan(self, *tasks: Mapping[str, Any]) -> AccountPlan:
        """Plan tasks, as `iamfix plan` would."""
        with TemporaryDirectory() as folder:
            playbook = Path(folder, "p.yml")
            playbook.write_text(yaml.safe_dump([{"accounts": "all", "tasks": list(tasks)}]), encoding="utf-8")
            play = load_playbooks([playbook], KINDS).plays[0]
        world = self.world(live=False)
        fold = Fold(world, Renderer([]).scope(self.account, {}, world), faults)
        fold.run(0, play)
        return fold.result(self.account)

    def follow(self, calls: Iterable[Call], results: dict[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
        """Send calls in order, putting in what earlier ones have given; returns the answers by operation."""
        given = {} if results is None else results
        for call in calls:
            sender = self.as_root() if call.as_root else self.at(call.region)
            given[call.operation] = sender.get(call.service, call.operation, **resolved(call.params, given))
        return given


class _Remembering(Asking):
    """A `Reader` that keeps all answers, as the product's does."""

    def __init__(self, aws: Direct, answers: dict[str, Mapping[str, Any] | AwsError]) -> None:
        self.account, self.region, self.now, self._aws = aws.account, aws.region, aws.now, aws
        self._answers = answers

    def as_root(self) -> _Remembering:
        return _Remembering(self._aws.as_root(), {})

    def at(self, region: str | None) -> _Remembering:
        return _Remembering(self._aws.at(region), self._answers)

    def get(self, service: str, operation: str, **params: Any) -> Mapping[str, Any]:
        key = repr((service, operation, self.region, sorted(params.items())))
        if key not in self._answers:
            try:
                self._answers[key] = self._aws.get(service, operation, **params)
            except AwsError as error:
                self._answers[key] = error
        answer = self._answers[key]
        if isinstance(answer, AwsError):
            raise answer
        return answer


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
