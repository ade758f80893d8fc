"""Bulk reads of one account: every answer is kept, pages are followed, many are asked side by side."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from botocore.paginate import Paginator

from iamfix.aws.errors import send
from iamfix.aws.patience import ordinary, patiently
from iamfix.aws.session import ROOT_LOOK, AccountSession
from iamfix.clock import Clock
from iamfix.model import Account, AwsError, Stopped

SIDE_BY_SIDE = 8
"""Reads of one account at a time; IAM answers some 5 to 10 a second before it throttles."""
REGIONS_SIDE_BY_SIDE = 20
"""Regions of one account at a time: each has rates of its own, and there are some 17 to 34."""
REPORT_PATIENCE = 300.0
"""Seconds within which AWS has written a report; some minutes for accounts of thousands of users."""
_WRITING = ("STARTED", "INPROGRESS")
_PAGE = 1000
_Item = TypeVar("_Item")
_PAGINATOR: Any = Paginator


Answers = Mapping[str, Future[Mapping[str, Any]]]
"""What AWS has answered, by what was asked."""


class Reads:
    """The shared memory of one account's reads, over all regions."""

    def __init__(
        self, session: AccountSession, clock: Clock, chance: random.Random, stop: threading.Event | None = None,
        known: Answers | None = None,
    ) -> None:  # fmt: skip
        """Once `stop` is set, what would be sent raises Stopped instead. `known` are answers that need not be asked."""
        self.session, self.clock, self.chance = session, clock, chance
        self.stop = stop or threading.Event()
        self.now = clock.now()
        self.used: set[tuple[str, str]] = set()
        """The (service, operation) that were asked, for `iamfix permissions`."""
        self._answers: dict[str, Future[Mapping[str, Any]]] = dict(known or {})
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def at(self, region: str | None) -> RegionReader:
        return RegionReader(self, region or self.session.account.home_region)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def spread(self, one: Callable[[_Item], object], items: Sequence[_Item]) -> Iterable[object]:
        """Do one thing for each item, side by side. Not on the pool of `each`, for which the things may wait."""
        with ThreadPoolExecutor(min(REGIONS_SIDE_BY_SIDE, len(items)), thread_name_prefix="spread") as pool:
            return list(pool.map(one, items))

    def ask(
        self, service: str, operation: str, region: str, params: Mapping[str, Any], *, whole: bool = True,
        root: bool = False,
    ) -> Mapping[str, Any]:  # fmt: skip
        """Return the answer to a read, from memory if it was asked before. Raises AwsError, NotHere.

        `whole`: all pages of a list, else the first. `root`: as the account's root user.
        """
        key = json.dumps([service, operation, region, params, whole, root], sort_keys=True, default=str)
        # What must be allowed is to open a root user's session; what may be read in it, AWS has settled.
        self.used.add(("sts", "assume_root") if root else (service, operation))
        with self._lock:
            mine = key not in self._answers
            future = self._answers.setdefault(key, Future())
        if mine:
            try:
                future.set_result(self._send(service, operation, region, params, whole, root))
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()

    def answers(self) -> Answers:
        """Return what AWS has answered so far, for other reads of the same account with the same credentials."""
        with self._lock:
            return {key: one for key, one in self._answers.items() if one.done() and one.exception() is None}

    def pool(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="read")
            return self._pool

    def _send(
        self, service: str, operation: str, region: str, params: Mapping[str, Any], whole: bool, root: bool
    ) -> Mapping[str, Any]:
        session = self.session.as_root(ROOT_LOOK) if root else self.session
        client = session.client(service, region)
        method = getattr(client, operation)

        def one(**page: Any) -> Mapping[str, Any]:
            if self.stop.is_set():
                raise Stopped(f"stopped before {service}:{operation}")
            answer, _ = patiently(
                lambda: send(service, operation, region, lambda: method(**page)),
                ordinary, self.clock, self.chance, session.door(client),
            )  # fmt: skip
            return answer

        if operation.startswith("generate_"):
            return self._written(lambda: one(**params), service, operation, region)
        if not whole or not client.can_paginate(operation):
            return one(**params)
        pages: Any = client.get_paginator(operation)
        config = {"PageSize": size} if (size := _page_size(pages)) else {}
        # The same pages with our patience for each: a throttled page is not the end of the list.
        patient: Any = _PAGINATOR(one, pages._pagination_cfg, pages._model)
        found: Mapping[str, Any] = patient.paginate(**params, PaginationConfig=config).build_full_result()
        return found

    def _written(
        self, ask: Callable[[], Mapping[str, Any]], service: str, operation: str, region: str
    ) -> Mapping[str, Any]:
        """Ask for a report until AWS has written it. Raises AwsError `ReportInProgress` when it takes too long."""
        began, pause = self.clock.monotonic(), 0.5
        while (answer := ask()).get("State") in _WRITING:
            if self.clock.monotonic() - began + pause > REPORT_PATIENCE:
                told = f"AWS has not written the report within {REPORT_PATIENCE:.0f} s"
                raise AwsError(service, operation, "ReportInProgress", told, region)
            self.clock.sleep(pause)
            pause = min(pause * 1.6, 10.0)
        return answer


def enabled_regions(reads: Reads) -> list[str]:
    """Return the names of the account's enabled regions. Raises AwsError.

    Source: EC2 API Reference, "DescribeRegions": without AllRegions those that are enabled.
    """
    found = reads.at(None).get("ec2", "describe_regions")
    return sorted(region["RegionName"] for region in found["Regions"])


def _page_size(pages: Any) -> int | None:
    """Return the most items a page may have, as AWS's model says."""
    limit = pages._pagination_cfg.get("limit_key")
    members = pages._model.input_shape.members if pages._model.input_shape else {}
    if limit not in members:
        return None
    most = members[limit].metadata.get("max")
    return min(int(most), _PAGE) if most else None


class RegionReader:
    """A `Reader` of one region."""

    def __init__(self, reads: Reads, region: str, root: bool = False) -> None:
        self._reads, self.region, self._root = reads, region, root

    @property
    def account(self) -> Account:
        return self._reads.session.account

    @property
    def now(self) -> datetime:
        return self._reads.now

    def at(self, region: str) -> RegionReader:
        return RegionReader(self._reads, region, self._root)

    def as_root(self) -> RegionReader:
        return RegionReader(self._reads, self.region, root=True)

    def get(self, service: str, operation: str, **params: Any) -> Mapping[str, Any]:
        return self._reads.ask(service, operation, self.region, params, root=self._root)

    def first(self, service: str, operation: str, **params: Any) -> Mapping[str, Any]:
        return self._reads.ask(service, operation, self.region, params, whole=False, root=self._root)

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
        ask = [dict(one) for one in params]
        return list(self._reads.pool().map(lambda one: self.find(service, operation, *missing, **one), ask))
