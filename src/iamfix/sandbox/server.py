"""The sandbox itself: starting, stopping, resetting it, its switches, and clients that talk to it."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

from iamfix.sandbox import world
from iamfix.sandbox.clock import Clock, SystemClock
from iamfix.sandbox.cloud import Account, Cloud
from iamfix.sandbox.credentials import OPERATOR_KEY
from iamfix.sandbox.dispatch import Dispatcher
from iamfix.sandbox.faults import Faults, Hook
from iamfix.sandbox.http import LoopbackServer
from iamfix.sandbox.log import RequestLog
from iamfix.sandbox.services.iam.state import IamState


class Sandbox:
    """A practice AWS on loopback. Use it as a context manager, or `start()` and `stop()` it.

    `seed` makes ids, delays and throttling repeat. `clock` is the sandbox's time (see `clock.Clock`). `port` 0 takes
    any free one. `layout` says which accounts there are at first and after `reset()`: "bare" for the organization
    with an `iamfix` role in each account and nothing else, "practice" for the untidy one, "none" for one empty
    account. Services that are moto's (all but those in `services.SERVICES`) share their state with other sandboxes of
    the same process.
    """

    def __init__(
        self, *, seed: int = 0, clock: Clock | None = None, port: int = 0, layout: world.Layout = "bare"
    ) -> None:
        self.cloud = Cloud(seed, clock or SystemClock())
        self.log = RequestLog()
        self._layout = layout
        self._port = port
        self._server: LoopbackServer | None = None
        self._dispatcher = Dispatcher(self.cloud, self.log)
        self._boto: Any = None
        self._clients: dict[tuple[str, str, str, int], Any] = {}
        world.build(self.cloud, layout)

    # --- life

    def start(self) -> Self:
        """Begin to serve, in a thread of its own."""
        self._server = LoopbackServer(self._port, self._dispatcher.handle)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def stop(self) -> None:
        """End serving."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self._clients.clear()

    def serve_forever(self) -> None:
        """Serve in this thread until interrupted; for `iamfix sandbox`."""
        if self._server is None:
            self._server = LoopbackServer(self._port, self._dispatcher.handle)
        self._server.serve_forever()

    def reset(self) -> None:
        """Back to the state at the start: accounts, faults, hooks and log."""
        with self.cloud.lock:
            self.cloud.clear()
            self._dispatcher.reset_moto()
            world.build(self.cloud, self._layout)
        self.log.clear()

    def save(self) -> object:
        """What `restore` brings back: the accounts and the state of all services but those that are moto's."""
        with self.cloud.lock:
            return self.cloud.save()

    def restore(self, saved: object) -> None:
        """Bring back what was saved; faults, hooks and the log stay as they are."""
        with self.cloud.lock:
            self.cloud.restore(saved)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- for those who use it

    @property
    def endpoint_url(self) -> str:
        """Where it listens, for AWS_ENDPOINT_URL."""
        if self._server is None:
            raise RuntimeError("the sandbox is not started")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def accounts(self) -> dict[str, Account]:
        """The accounts by id."""
        return dict(self.cloud.accounts)

    def iam(self, account: str, partition: str = "aws") -> IamState:
        """IAM's state in an account, for a past that no API call can make: creation dates, last use, the root user."""
        return self.cloud.state(IamState, account, partition)

    @property
    def enforce(self) -> bool:
        """Whether callers may do only what their policies, boundaries and service control policies allow."""
        return self.cloud.enforce

    @enforce.setter
    def enforce(self, value: bool) -> None:
        self.cloud.enforce = value

    @property
    def faults(self) -> Faults:
        """The switches for throttling, latency, page sizes and session lengths."""
        return self.cloud.faults

    @property
    def consistency_delay(self) -> float:
        """The longest time, in seconds of the sandbox's clock, for which a write may be unseen."""
        return self.cloud.visibility.delay

    @consistency_delay.setter
    def consistency_delay(self, seconds: float) -> None:
        with self.cloud.lock:
            self.cloud.visibility.delay = seconds

    def fail(self, service: str, operation: str, code: str, **options: Any) -> None:
        """Answer coming requests with an error; see `Faults.fail`."""
        self.faults.fail(service, operation, code, **options)

    def on_request(self, hook: Hook) -> None:
        """Call `hook(phase, record)` before and after each mutating request; see `faults.Hook`."""
        self.faults.on_request(hook)

    def environment(self, account: str | None = None) -> dict[str, str]:
        """The environment variables with which a program talks to the sandbox, as the administrator of an account.

        Without `account` it is the management account.
        """
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": account or OPERATOR_KEY,
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def client(self, service: str, account: str | None = None, *, region: str = "us-east-1", retries: int = 0) -> Any:
        """A boto3 client for the administrator of an account (the management account if none is given).

        It makes `retries` attempts after the first.
        """
        return self.client_as(account or OPERATOR_KEY, service, region=region, retries=retries)

    def client_as(self, access_key: str, service: str, *, region: str = "us-east-1", retries: int = 0) -> Any:
        """A boto3 client for the owner of an access key. Asked twice, it is the same client."""
        key = (access_key, service, region, retries)
        if key not in self._clients:
            self._boto = self._boto or boto3.Session()
            self._clients[key] = self._boto.client(
                service,
                region_name=region,
                endpoint_url=self.endpoint_url,
                aws_access_key_id=access_key,
                aws_secret_access_key="sandbox",
                config=Config(
                    retries={"mode": "standard", "total_max_attempts": retries + 1}, s3={"addressing_style": "path"}
                ),
            )
        return self._clients[key]
