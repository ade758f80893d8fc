"""From a request to its answer: caller, log, faults, permissions, and then a handler or moto."""

from __future__ import annotations

import time
import traceback
from pathlib import Path
from typing import Any

from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.utilities.utils import get_partition

from iamfix.sandbox import wire
from iamfix.sandbox.authorization import authorize
from iamfix.sandbox.call import Call, Service
from iamfix.sandbox.cloud import Cloud
from iamfix.sandbox.errors import AwsError, ConnectionDroppedError
from iamfix.sandbox.identity import identify
from iamfix.sandbox.log import Record, RequestLog, is_mutating
from iamfix.sandbox.new_accounts import check_usable
from iamfix.sandbox.regions import check_enabled
from iamfix.sandbox.services import SERVICES
from iamfix.sandbox.validation import check_params


class Dispatcher:
    """Answers the requests to a cloud, and logs them."""

    def __init__(self, cloud: Cloud, log: RequestLog) -> None:
        self.cloud = cloud
        self.log = log
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._moto_used = False
        self._writers: dict[str, int] = {}

    def reset_moto(self) -> None:
        """Forget the state of moto's services, if they were asked for anything."""
        if self._moto_used:
            BackendDict.reset()
            self._moto_used = False

    def handle(self, environ: wire.Environ, body: bytes) -> wire.HttpAnswer:
        """Answer a request; for `http.LoopbackServer`. Raises ConnectionDroppedError when it is to stay unanswered."""
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
            check_enabled(self.cloud, caller.account, partition, request.region, request.service, request.protocol)
            check_usable(self.cloud, caller.account, request.service)
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
            agent=request.environ.get("HTTP_USER_AGENT", ""),
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
        if self.cloud.faults.latency:
            time.sleep(self.cloud.faults.latency)
        error, failure = busy or self.cloud.faults.throttled(call.service), None
        if error is None:
            failure = self.cloud.faults.take_failure(call.service, call.operation, call.account)
            error = failure[0] if failure and not failure[1] else None
        if error is not None:
            self.log.close(record, error.code)
            raise error
        return self._carry_out(call, request, record, request_id, failure[0] if failure else None)

    def _carry_out(
        self, call: Call, request: wire.HttpRequest, record: Record, request_id: str, failure: AwsError | None
    ) -> wire.HttpAnswer:
        if record.mutating and self.cloud.faults.run_hooks("before", record):
            self.log.close(record, "Dropped")
            raise ConnectionDroppedError
        answer = self._answer(call, request, request_id)
        if failure is not None:
            answer = wire.error_answer(request.protocol, request.service, failure, request_id)
        record = self.log.close(record, answer.code)
        if record.mutating and self.cloud.faults.run_hooks("after", record):
            raise ConnectionDroppedError
        return answer

    def _answer(self, call: Call, request: wire.HttpRequest, request_id: str) -> wire.HttpAnswer:
        try:
            service = SERVICES.get(call.service)
            if self.cloud.enforce:
                with self.cloud.lock:
                    authorize(call)
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
            told = f"{type(crash).__name__}: {crash} ({Path(where.filename).name}:{where.lineno})"
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
