"""The sandbox itself: it takes requests, keeps the log, applies the faults, and asks the handlers or moto."""

from __future__ import annotations

import threading
import time
import traceback
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config
from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.utilities.utils import get_partition

from iamfix.sandbox import wire, world
from iamfix.sandbox.call import Call, Service
from iamfix.sandbox.clock import Clock, SystemClock
from iamfix.sandbox.cloud import Account, Cloud
from iamfix.sandbox.errors import AwsError, ConnectionDroppedError
from iamfix.sandbox.faults import Faults, Hook
from iamfix.sandbox.http import LoopbackServer
from iamfix.sandbox.identity import identify
from iamfix.sandbox.log import Record, RequestLog, is_mutating
from iamfix.sandbox.services import SERVICES
from iamfix.sandbox.validation import check_params

DEFAULT_KEY = "AKIASANDBOXOPERATOR0"


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
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._moto_used = False
        self._boto: Any = None
        self._writers: dict[str, int] = {}
        self._clients: dict[tuple[str, str, str, int], Any] = {}
        world.build(self.cloud, layout)

    # --- life

    def start(self) -> Self:
        """Begin to serve, in a thread of its own."""
        self._server = LoopbackServer(self._port, self._handle)
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
            self._server = LoopbackServer(self._port, self._handle)
        self._server.serve_forever()

    def reset(self) -> None:
        """Back to the state at the start: accounts, faults, hooks and log."""
        with self.cloud.lock:
            self.cloud.clear()
            if self._moto_used:
                BackendDict.reset()
                self._moto_used = False
            world.build(self.cloud, self._layout)
        self.log.clear()

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
            "AWS_ACCESS_KEY_ID": account or DEFAULT_KEY,
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def client(self, service: str, account: str | None = None, *, region: str = "us-east-1", retries: int = 0) -> Any:
        """A boto3 client for the administrator of an account (the management account if none is given).

        It makes `retries` attempts after the first.
        """
        return self.client_as(account or DEFAULT_KEY, service, region=region, retries=retries)

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

    # --- serving

    def _handle(self, environ: wire.Environ, body: bytes) -> wire.HttpAnswer:
        request_id = f"{self.cloud.seed:08x}-0000-4000-8000-{time.monotonic_ns() & 0xFFFFFFFFFFFF:012x}"
        try:
            request = wire.read_request(environ, body)
        except AwsError as error:
            return wire.error_answer("query", "", error, request_id)
        try:
            return self._serve(request, request_id)
        except AwsError as error:
            return wire.error_answer(request.protocol, request.service, error, request_id)

    def _serve(self, request: wire.HttpRequest, request_id: str) -> wire.HttpAnswer:
        with self.cloud.lock:
            partition = str(get_partition(request.region))
            caller = identify(self.cloud, request, partition)
            call = Call(
                cloud=self.cloud,
                service=request.service,
                operation=request.operation,
                params=request.params(),
                account=caller.account,
                region=request.region,
                partition=partition,
                caller=caller,
                replica=self.cloud.visibility.draw_replica(),
                access_key=request.access_key,
            )
        record = self.log.open(
            account=call.account,
            region=call.region,
            service=call.service,
            operation=call.operation,
            mutating=is_mutating(call.operation),
            params=wire.without_secrets(request.model(), call.params),
            caller=caller.arn,
            at=self.cloud.clock.now(),
        )
        busy = self._begin_write(record)
        try:
            return self._answer_in_time(call, request, record, request_id, busy)
        finally:
            self._end_write(record)

    def _begin_write(self, record: Record) -> AwsError | None:
        """Count the request among those being answered; the error if its service takes one writer at a time."""
        service = SERVICES.get(record.service)
        if not record.mutating or service is None or service.one_writer is None:
            return None
        with self.cloud.lock:
            others = self._writers.get(record.service, 0)
            self._writers[record.service] = others + 1
        told = "The operation conflicts with another one that is in progress. Try again."
        return AwsError(service.one_writer, told) if others else None

    def _end_write(self, record: Record) -> None:
        with self.cloud.lock:
            if record.mutating and self._writers.get(record.service):
                self._writers[record.service] -= 1

    def _answer_in_time(
        self, call: Call, request: wire.HttpRequest, record: Record, request_id: str, busy: AwsError | None
    ) -> wire.HttpAnswer:
        if self.faults.latency:
            time.sleep(self.faults.latency)
        failure = self.faults.take_failure(call.service, call.operation, call.account)
        error = busy or self.faults.throttled(call.service) or (failure[0] if failure and not failure[1] else None)
        if error is not None:
            self.log.close(record, error.code)
            raise error
        return self._carry_out(call, request, record, request_id, failure[0] if failure else None)

    def _carry_out(
        self, call: Call, request: wire.HttpRequest, record: Record, request_id: str, failure: AwsError | None
    ) -> wire.HttpAnswer:
        if record.mutating and self.faults.run_hooks("before", record):
            self.log.close(record, "Dropped")
            raise ConnectionDroppedError
        answer = self._answer(call, request, request_id)
        if failure is not None:
            answer = wire.error_answer(request.protocol, request.service, failure, request_id)
        record = self.log.close(record, answer.code)
        if record.mutating and self.faults.run_hooks("after", record):
            raise ConnectionDroppedError
        return answer

    def _answer(self, call: Call, request: wire.HttpRequest, request_id: str) -> wire.HttpAnswer:
        try:
            service = SERVICES.get(call.service)
            if service is not None:
                with self.cloud.lock:
                    result = _ask(service, call, request)
                if result is not None:
                    return wire.answer(request, result, request_id)
            return self._ask_moto(request, call.account)
        except AwsError as error:
            failure = error
        except NotImplementedError:
            told = f"The sandbox does not know {call.service}:{call.operation}."
            failure = AwsError("NotImplemented", told, status=501)
        except Exception as crash:  # noqa: BLE001 - told to the client, as AWS does, and seen in the log
            where = traceback.extract_tb(crash.__traceback__)[-1]
            told = f"{type(crash).__name__}: {crash} ({where.filename}:{where.lineno})"
            failure = AwsError("InternalFailure", f"The sandbox itself failed: {told}", status=500)
        return wire.error_answer(request.protocol, request.service, failure, request_id)

    def _ask_moto(self, request: wire.HttpRequest, account: str) -> wire.HttpAnswer:
        self._moto_used = True
        head: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
            head.extend((int(status.split()[0]), dict(headers)))

        body = b"".join(self._moto(request.forwarded(account), start_response))
        return wire.HttpAnswer(head[0], head[1], body, wire.code_of(head[0], body))


def _ask(service: Service, call: Call, request: wire.HttpRequest) -> dict[str, Any] | None:
    handler = service.operations.get(call.operation)
    if handler is None:
        if not service.moto:
            raise NotImplementedError
        return None
    model = request.model()
    if service.strict and model is not None:
        check_params(call.service, model, dict(call.params))
    return handler(call)
