"""Clients of AWS's services: one for each service and region, shared by all accounts.

To make a client takes some 10 ms of CPU, and to reach AWS a TLS handshake, so that a thousand accounts with clients of
their own would cost more than all that they are asked. Each request is signed as, and counted for, the account that it
is for.
"""

from __future__ import annotations

import threading
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.utils import parse_timestamp

from iamfix import __version__
from iamfix.aws.models import shared_loader
from iamfix.model import AwsError

READS = ("Get", "List", "Describe", "Head", "Lookup", "Search", "BatchGet", "Simulate", "Validate", "Select")
REPORTS = frozenset({"GenerateCredentialReport", "GenerateServiceLastAccessedDetails"})
"""Operations that only have AWS write a report to be read."""


_EXPIRED = ("ExpiredToken", "ExpiredTokenException")


class ReadOnlyViolation(AssertionError):
    """A client that may only read was asked to change something. Nothing was sent."""


class Counter:
    """Counts the requests that were sent, from whatever thread."""

    def __init__(self) -> None:
        self.sent = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            self.sent += 1


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a request is signed as, where it is counted, for which run it is, and whether it may change anything."""

    credentials: Credentials
    count: Counter
    run: str
    """The run's id. CloudTrail keeps the user agent, by which each request tells which run sent it."""
    writes: bool


_CALLER: ContextVar[Caller] = ContextVar("caller")


class Clients:
    """Clients by profile, service and region. A profile says too how AWS is reached: its endpoints, its CAs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[str | None, botocore.session.Session] = {}
        self._clients: dict[tuple[str | None, str, str], Any] = {}
        config = Config(
            # Patience is iamfix's own, so that every kind of "not now" is waited for in one way and by one clock.
            retries={"mode": "standard", "total_max_attempts": 1},
            # Whatever answers at all takes a connection at once.
            connect_timeout=5,
            read_timeout=70,
            max_pool_connections=64,
        )
        # STS, which is asked first, answers at once.
        self._configs = {"sts": config.merge(Config(read_timeout=20))}
        self._config = config

    def client(self, profile: str | None, service: str, region: str, caller: Caller) -> Any:
        """Return a boto client whose requests are the caller's.

        Raises:
            AwsError: there is no such client. Its operations raise ReadOnlyViolation where the caller may not write.
        """
        key = (profile, service, region)
        with self._lock:
            try:
                if key not in self._clients:
                    self._clients[key] = self._made(profile, service, region)
            except BotoCoreError as error:
                raise AwsError(service, "create_client", type(error).__name__, str(error), region) from error
            except ValueError as error:
                # Of an address that is none botocore says no more than this.
                told = f"{error}; look at AWS_ENDPOINT_URL and at endpoint_url in the AWS configuration"
                raise AwsError(service, "create_client", "InvalidEndpoint", told, region) from error
        return _Bound(self._clients[key], caller)

    def _made(self, profile: str | None, service: str, region: str) -> Any:
        if profile not in self._sessions:
            session = new_session(profile)
            # botocore has no public way to give a session credentials of another class.
            session._credentials = _CallersCredentials()  # type: ignore[attr-defined]
            self._sessions[profile] = session
        client = self._sessions[profile].create_client(
            service, region_name=region, config=self._configs.get(service, self._config)
        )
        client.meta.events.register_first("before-call", _refuse_changes)
        client.meta.events.register("before-send", _mark)
        if (endpoint := urlsplit(client.meta.endpoint_url)).hostname and takes_no_prefix(str(endpoint.hostname)):
            client.meta.events.register_first("before-sign", partial(_without_prefix, endpoint.netloc))
        return client


class _Bound:
    """A shared client in the hands of one caller."""

    def __init__(self, client: Any, caller: Caller) -> None:
        self._client, self._caller = client, caller
        self._renews = isinstance(caller.credentials, RefreshableCredentials)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name not in self._client.meta.method_to_api_mapping:
            return found

        def asked(**params: Any) -> Any:
            before = _CALLER.set(self._caller)
            try:
                return found(**params)
            except ClientError as error:
                # They ended on the way to AWS, which did nothing: the second time they are renewed first.
                if error.response["Error"]["Code"] not in _EXPIRED or not self._renews:
                    raise
                return found(**params)
            finally:
                _CALLER.reset(before)

        return asked


class _CallersCredentials(Credentials):
    """The credentials of whoever sends the request, renewed where they end."""

    def __init__(self) -> None:
        super().__init__("", "")

    def get_frozen_credentials(self) -> Any:
        return _CALLER.get().credentials.get_frozen_credentials()


def _mark(request: Any, **_: Any) -> None:
    """Name the run in the user agent, which is not signed, and count the request."""
    caller, agent = _CALLER.get(), request.headers["User-Agent"]
    name = f"iamfix/{__version__} run/{caller.run}".encode()
    request.headers["User-Agent"] = b" ".join((agent if isinstance(agent, bytes) else agent.encode(), name))
    caller.count.add()


def _refuse_changes(model: Any, **_: Any) -> None:
    if not _CALLER.get().writes and not is_read(model.name):
        raise ReadOnlyViolation(f"{model.service_model.service_name}:{model.name} is not a read")


def is_read(operation: str) -> bool:
    """Tell whether an operation, by AWS's name of it (`GetUser`), only reads."""
    return operation.startswith(READS) or operation in REPORTS


def new_session(profile: str | None) -> botocore.session.Session:
    """Return a session of a profile, None for the environment's, that shares what is costly."""
    session = botocore.session.Session(profile=profile)
    session.register_component("data_loader", shared_loader())
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=timestamp)
    # The global endpoint's sessions do not hold in regions to opt in to, and it opens none of a root user.
    session.set_config_variable("sts_regional_endpoints", "regional")
    return session


def timestamp(value: Any) -> datetime:
    """Return a time as AWS writes it. botocore's own reading of ISO times takes a quarter of a large plan's CPU."""
    if isinstance(value, str) and value.endswith("Z"):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    return parse_timestamp(value)


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
