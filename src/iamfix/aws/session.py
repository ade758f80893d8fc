"""Ways into accounts: one process-wide session, a role assumed at most once per account, clients that only read."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError
from botocore.utils import parse_timestamp

from iamfix import __version__
from iamfix.aws.errors import send
from iamfix.aws.patience import ordinary, patiently
from iamfix.clock import Clock
from iamfix.model import Account, AwsError, NotHere

READS = ("Get", "List", "Describe", "Head", "Lookup", "Search", "BatchGet", "Simulate", "Validate", "Select")
REPORTS = frozenset({"GenerateCredentialReport", "GenerateServiceLastAccessedDetails"})
"""Operations that only have AWS write a report to be read."""
ROOT_LOOK = "IAMAuditRootUserCredentials"
ROOT_REMOVE = "IAMDeleteRootUserCredentials"
"""AWS's policies for the tasks that a root user's session is opened for (IAM User Guide, "Centrally manage root access
for member accounts")."""
_ROOT_SECONDS = 900


@cache
def shared_loader() -> Any:
    """Return botocore's loader of service models, one for the process: loading them costs more than all the rest."""
    return botocore.session.get_session().get_component("data_loader")


def timestamp(value: Any) -> datetime:
    """Return a time as AWS writes it. botocore's own reading of ISO times takes a quarter of a large plan's CPU."""
    if isinstance(value, str) and value.endswith("Z"):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    return parse_timestamp(value)


class ReadOnlyViolation(AssertionError):
    """A client that may only read was asked to change something. Nothing was sent."""


def is_read(operation: str) -> bool:
    """Tell whether an operation, by AWS's name of it (`GetUser`), only reads."""
    return operation.startswith(READS) or operation in REPORTS


class Sessions:
    """Makes sessions for accounts, each with credentials of its own."""

    def __init__(self, clock: Clock, chance: random.Random, run: str) -> None:
        """`run` is the run's id: roles' sessions and the user agent of every request are named after it."""
        self.clock, self.chance, self._run = clock, chance, run
        self._lock = threading.Lock()
        self._bases: dict[str | None, botocore.session.Session] = {}
        self._callers: dict[str | None, str] = {}
        self._asking = threading.Lock()

    def enter(self, account: Account) -> AccountSession:
        """Get into an account: at most one STS request.

        Raises:
            AwsError: no credentials, the role cannot be assumed, or the credentials are of another account.
        """
        count = Counter()
        base = self._base(account.profile)
        if account.role_arn is None:
            session = base
            sts = self._client(base, "sts", account.home_region, count)
            found = self._ask("get_caller_identity", account.home_region, lambda: sts.get_caller_identity())
            _check_account(account, "get_caller_identity", str(found["Account"]))
            principal = str(found["Arn"])
        else:
            session, principal = self._assumed(base, account, count)
        return AccountSession(self, session, account, principal, count)

    def caller(self, profile: str | None, region: str) -> AccountSession:
        """Return a session with the credentials of a profile (None: the environment's), whosever they are.

        Raises:
            AwsError: no credentials, or AWS does not take them.
        """
        count = Counter()
        base = self._base(profile)
        sts = self._client(base, "sts", region, count)
        found = self._ask("get_caller_identity", region, lambda: sts.get_caller_identity())
        account = Account(str(found["Account"]), "caller", profile=profile, regions=(region,), home_region=region)
        return AccountSession(self, base, account, str(found["Arn"]), count)

    def who_enters(self, account: Account) -> str:
        """Return the ARN of who enters the account, before any role is assumed: one STS request for a profile and run.

        Raises:
            AwsError: no credentials, or AWS does not take them.
        """
        with self._asking:
            if account.profile not in self._callers:
                self._callers[account.profile] = self.caller(account.profile, account.home_region).principal
            return self._callers[account.profile]

    def _assumed(
        self, base: botocore.session.Session, account: Account, count: Counter
    ) -> tuple[botocore.session.Session, str]:
        sts = self._client(base, "sts", account.home_region, count)
        params: dict[str, Any] = {"RoleArn": account.role_arn, "RoleSessionName": f"iamfix-{self._run}"[:64]}
        if account.external_id:
            params["ExternalId"] = account.external_id

        def assume() -> Mapping[str, Any]:
            return self._ask("assume_role", account.home_region, lambda: sts.assume_role(**params))

        first = assume()
        arn = str(first["AssumedRoleUser"]["Arn"])
        _check_account(account, "assume_role", arn.split(":")[4])
        return self._refreshing(first, assume, "sts-assume-role"), str(account.role_arn)

    def as_root(self, account: Account, task: str, count: Counter) -> AccountSession:
        """Return a session of the account's root user that a task policy narrows, refreshed as long as it is used.

        It is opened with the credentials of the profile or the environment, which are those of the management account
        or of IAM's delegated administrator. STS opens such sessions at its regional endpoints only, for 15 minutes
        (STS API Reference, "AssumeRoot").

        Raises:
            NotHere: the account is the one that those credentials are of.
            AwsError: central root access is off, the account is no member, or the caller may not do it.
        """
        base = self._base(account.profile)
        sts = self._client(base, "sts", account.home_region, count)
        policy = f"arn:{account.partition}:iam::aws:policy/root-task/{task}"
        params = {"TargetPrincipal": account.id, "TaskPolicyArn": {"arn": policy}, "DurationSeconds": _ROOT_SECONDS}

        def assume() -> Mapping[str, Any]:
            return self._ask("assume_root", account.home_region, lambda: sts.assume_root(**params))

        try:
            first = assume()
        except AwsError as error:
            if self.who_enters(account).split(":")[4] == account.id:
                raise NotHere(
                    f"account {account.id} is the one that iamfix was started in, and no session reaches its root user",
                    "run this play for the member accounts: accounts: all:!management",
                ) from None
            error.add_note("it is opened from the management account, once kind root_access is on there")
            raise
        arn = f"arn:{account.partition}:iam::{account.id}:root"
        # A session of 15 minutes would be refreshed before each request, as botocore does it from 15 minutes on.
        session = self._refreshing(first, assume, "sts-assume-root", early=180, late=60)
        return AccountSession(self, session, account, arn, count)

    def _refreshing(
        self, first: Mapping[str, Any], again: Callable[[], Mapping[str, Any]], method: str, *,
        early: int | None = None, late: int | None = None,
    ) -> botocore.session.Session:  # fmt: skip
        """Return a session whose credentials are asked for again before they expire.

        From `early` seconds before, one request does it while the others go on; from `late` on, all wait for it. None:
        botocore's own.
        """
        session, metadata = self._new_session(None), _metadata(first)
        # botocore has no public way to give a session credentials that refresh themselves.
        session._credentials = RefreshableCredentials(  # type: ignore[attr-defined]
            metadata["access_key"],
            metadata["secret_key"],
            metadata["token"],
            first["Credentials"]["Expiration"],
            refresh_using=lambda: _metadata(again()),
            method=method,
            time_fetcher=self.clock.now,
            advisory_timeout=early,
            mandatory_timeout=late,
        )
        return session

    def _ask(self, operation: str, region: str, request: Callable[[], Any]) -> Mapping[str, Any]:
        answer, _ = patiently(lambda: send("sts", operation, region, request), ordinary, self.clock, self.chance)
        return answer

    def _base(self, profile: str | None) -> botocore.session.Session:
        with self._lock:
            if profile not in self._bases:
                session = self._new_session(profile)
                try:
                    credentials: Credentials | None = session.get_credentials()
                except BotoCoreError as error:
                    raise AwsError("sts", "get_credentials", type(error).__name__, str(error)) from error
                if credentials is None:
                    hint = f"profile {profile!r} has none" if profile else "set AWS_PROFILE, or sign in"
                    raise AwsError("sts", "get_credentials", "NoCredentials", f"no AWS credentials found: {hint}")
                self._bases[profile] = session
            return self._bases[profile]

    def _new_session(self, profile: str | None) -> botocore.session.Session:
        session = botocore.session.Session(profile=profile)
        session.register_component("data_loader", shared_loader())
        session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=timestamp)
        # The global endpoint's sessions do not hold in regions to opt in to, and it opens none of a root user.
        session.set_config_variable("sts_regional_endpoints", "regional")
        return session

    def _client(self, session: botocore.session.Session, service: str, region: str, count: Counter) -> Any:
        config = Config(
            # Patience is iamfix's own, so that every kind of "not now" is waited for in one way and by one clock.
            retries={"mode": "standard", "total_max_attempts": 1},
            connect_timeout=10,
            read_timeout=70,
            max_pool_connections=16,
            # CloudTrail keeps the user agent: there a request tells which run sent it.
            user_agent_extra=f"iamfix/{__version__} run/{self._run}",
        )
        with self._lock:
            try:
                client = session.create_client(service, region_name=region, config=config)
            except BotoCoreError as error:
                raise AwsError(service, "create_client", type(error).__name__, str(error), region) from error
        client.meta.events.register("before-send", count.add)
        if (endpoint := urlsplit(client.meta.endpoint_url)).hostname and takes_no_prefix(str(endpoint.hostname)):
            client.meta.events.register_first("before-sign", partial(_without_prefix, endpoint.netloc))
        return client


def takes_no_prefix(host: str) -> bool:
    """Tell whether a host cannot have names below it: an address, or localhost. AWS's own endpoints all can.

    S3 control puts the account id before its host's name (S3 API Reference, "AWS account ID in the Host header"); in
    front of an endpoint of one's own that is an address, this would be the name of nothing.
    """
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


def _without_prefix(netloc: str, request: Any, **_: Any) -> None:
    """Before a request is signed: leave out what was put before the endpoint's host."""
    url = urlsplit(request.url)
    if url.netloc.endswith(f".{netloc}"):
        request.url = urlunsplit(url._replace(netloc=netloc))


class Counter:
    """Counts the requests that were sent, from whatever thread."""

    def __init__(self) -> None:
        self.sent = 0
        self._lock = threading.Lock()

    def add(self, **_: Any) -> None:
        with self._lock:
            self.sent += 1


class AccountSession:
    """An account, entered. `principal` is the ARN that the calls are made as (a role's own, not its session's)."""

    def __init__(
        self, sessions: Sessions, session: botocore.session.Session, account: Account, principal: str, count: Counter
    ) -> None:
        self._sessions, self._session = sessions, session
        self._clients: dict[tuple[str, str, bool], Any] = {}
        self._roots: dict[str, AccountSession] = {}
        self._opening = threading.Lock()
        self._lock = threading.Lock()
        self.account, self.principal, self.count = account, principal, count

    def caller(self) -> str:
        """Return the ARN of who entered the account, before its role was assumed. Raises AwsError."""
        return self.principal if self.account.role_arn is None else self._sessions.who_enters(self.account)

    def as_root(self, task: str) -> AccountSession:
        """Return the session of the account's root user for one of AWS's root tasks, opened once. Raises AwsError."""
        with self._opening:
            if task not in self._roots:
                self._roots[task] = self._sessions.as_root(self.account, task, self.count)
            return self._roots[task]

    def client(self, service: str, region: str | None, *, writes: bool = False) -> Any:
        """Return a boto client. Unless it `writes`, it raises ReadOnlyViolation instead of sending a change."""
        where = region or self.account.home_region
        key = (service, where, writes)
        with self._lock:
            if key not in self._clients:
                client = self._sessions._client(self._session, service, where, self.count)
                if not writes:
                    client.meta.events.register_first("before-call", _refuse_changes)
                self._clients[key] = client
            return self._clients[key]


def _refuse_changes(model: Any, **_: Any) -> None:
    if not is_read(model.name):
        raise ReadOnlyViolation(f"{model.service_model.service_name}:{model.name} is not a read")


def _check_account(account: Account, operation: str, found: str) -> None:
    if found != account.id:
        raise AwsError(
            "sts", operation, "WrongAccount", f"the credentials are of account {found}, the inventory says {account.id}"
        )


def _metadata(response: Mapping[str, Any]) -> dict[str, str]:
    credentials = response["Credentials"]
    return {
        "access_key": credentials["AccessKeyId"],
        "secret_key": credentials["SecretAccessKey"],
        "token": credentials["SessionToken"],
        "expiry_time": credentials["Expiration"].isoformat(),
    }
