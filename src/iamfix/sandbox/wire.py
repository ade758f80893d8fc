"""From HTTP to operation and parameters, and from an answer or error back to HTTP, with moto's parsers."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from iamfix.sandbox.errors import AwsError

Environ = dict[str, Any]

_SERVICE_OF_SIGNING_NAME = {
    "monitoring": "cloudwatch",
    "access-analyzer": "accessanalyzer",
    "sso": "sso-admin",
    "tagging": "resourcegroupstaggingapi",
    "email": "ses",
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "states": "stepfunctions",
    "servicequotas": "service-quotas",
}
_CREDENTIAL = re.compile(r"Credential=([^/]+)/[0-9]*/([^/]+)/([^/]+)/aws4_request")
_FIRST = threading.RLock()
"""Who asks first reads a service's model, and the others wait: moto's cache would have each of them read it."""
_HIDDEN = re.compile(r"password|secret|token|privatekey|authenticationcode|seed", re.IGNORECASE)


@dataclass(frozen=True)
class HttpAnswer:
    """An HTTP answer; `code` is "OK" or the AWS error code."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    code: str = "OK"


@dataclass(frozen=True)
class HttpRequest:
    """A request as it came in. `operation` is "?" when it cannot be told."""

    environ: Environ
    body: bytes
    access_key: str
    region: str
    service: str
    operation: str
    protocol: str
    path_params: Mapping[str, Any]

    def forwarded(self, account: str) -> Environ:
        """The WSGI environment with which moto may answer the request for an account."""
        return {
            **self.environ,
            "wsgi.input": io.BytesIO(self.body),
            "CONTENT_LENGTH": str(len(self.body)),
            "HTTP_X_MOTO_ACCOUNT_ID": account,
        }

    def model(self) -> Any:
        """The operation's model, None when the service's model has no such operation."""
        model = _model(self.service)
        return model.operation_model(self.operation) if self.operation in model.operation_names else None

    def params(self) -> dict[str, Any]:
        """The operation's parameters. Raises AwsError when the request cannot be read."""
        model, parser = self.model(), PROTOCOL_PARSERS.get(self.protocol)
        if model is None or parser is None:
            return {}
        request = _werkzeug_request(self.environ, self.body)
        try:
            parsed = parser(model).parse(
                {
                    "method": request.method,
                    "values": request.values,
                    "headers": request.headers,
                    "body": request.data,
                    "url_path": request.path,
                    "url_params": dict(self.path_params),
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise AwsError("MalformedInput", f"The request cannot be read: {error}", status=400) from None
        return dict(parsed)


def read_request(environ: Environ, body: bytes) -> HttpRequest:
    """Tell the caller's key, region, service and operation. Raises AwsError when there is no signature."""
    match = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if match is None:
        raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", status=403)
    access_key, region, signing_name = match.groups()
    service = _SERVICE_OF_SIGNING_NAME.get(signing_name, signing_name)
    if service == "s3" and environ.get("PATH_INFO", "").startswith("/v20180820/"):
        service = "s3control"
    operation, protocol, path_params = _operation(service, environ, body)
    return HttpRequest(environ, body, access_key, region, service, operation, protocol, path_params)


def _model(service: str) -> Any:
    with _FIRST:
        return get_service_model(service)


def _operation(service: str, environ: Environ, body: bytes) -> tuple[str, str, Mapping[str, Any]]:
    content_type = environ.get("CONTENT_TYPE", "")
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return target.split(".")[-1], "json", {}
    if content_type.startswith("application/x-www-form-urlencoded") and body:
        action = parse_qs(body.decode("utf-8", "replace")).get("Action")
        if action:
            return action[0], "ec2" if service == "ec2" else "query", {}
    cbor = re.fullmatch(r"/service/[^/]+/operation/([A-Za-z0-9]+)", environ.get("PATH_INFO", ""))
    if cbor:
        return cbor[1], "smithy-rpc-v2-cbor", {}
    try:
        model = _model(service)
        protocol = determine_request_protocol(model, content_type)
        with _FIRST:
            router = get_service_router(service)
        operation, path_params = router.match(_werkzeug_request(environ, body))
    except (NotFound, NotImplementedError):
        return "?", "rest-json", {}
    except Exception as error:
        if type(error).__name__ == "UnknownServiceError":
            return "?", "json", {}
        raise
    return str(operation.name), protocol, dict(path_params)


def _werkzeug_request(environ: Environ, body: bytes) -> Request:
    return Request({**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})


def without_secrets(model: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with everything that the model marks as sensitive, or that is named so, replaced by "***"."""
    members = {} if model is None or model.input_shape is None else model.input_shape.members
    return {name: _hidden(members.get(name), name, value) for name, value in params.items()}


def _hidden(shape: Any, name: str, value: Any) -> Any:
    if shape is not None and shape.metadata.get("sensitive"):
        return "***"
    if isinstance(value, dict):
        members = getattr(shape, "members", {})
        return {key: _hidden(members.get(key), key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_hidden(getattr(shape, "member", None), name, item) for item in value]
    if isinstance(value, str | bytes) and _HIDDEN.search(name) and not name.endswith(("Required", "Age", "NextToken")):
        return "***"
    return value if isinstance(value, str | int | float | bool | None) else f"<{type(value).__name__}>"


def answer(request: HttpRequest, result: Mapping[str, Any], request_id: str) -> HttpAnswer:
    """The answer to a request that went well."""
    serializer = get_serializer_class(request.service, request.protocol)
    done = serializer(operation_model=request.model(), context=SerializationContext(request_id)).serialize(result)
    body = done["body"]
    headers = {**done["headers"], "x-amzn-RequestId": request_id}
    return HttpAnswer(done["status_code"], headers, body if isinstance(body, bytes) else body.encode())


def error_answer(protocol: str, service: str, error: AwsError, request_id: str) -> HttpAnswer:
    """The answer to a request that failed, in the service's protocol."""
    status = error.status or _status(service, error.code)
    headers = {"x-amzn-RequestId": request_id}
    if protocol in ("json", "rest-json"):
        text = json.dumps({"__type": error.code, "message": error.message, "Message": error.message, **error.fields})
        headers |= {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": error.code}
    else:
        told = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        text = {
            "ec2": f"<Response><Errors><Error>{told}</Error></Errors><RequestID>{request_id}</RequestID></Response>",
            "rest-xml": f"<Error>{told}<RequestId>{request_id}</RequestId></Error>",
        }.get(
            protocol,
            f"<ErrorResponse><Error><Type>{'Sender' if status < 500 else 'Receiver'}</Type>{told}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>",
        )
        headers |= {"Content-Type": "text/xml"}
    return HttpAnswer(status, headers, text.encode(), error.code)


def _status(service: str, code: str) -> int:
    try:
        shapes = _model(service).error_shapes
    except Exception as error:
        if type(error).__name__ == "UnknownServiceError":
            return 400
        raise
    for shape in shapes:
        told = shape.metadata.get("error", {})
        if code in (shape.name, told.get("code")):
            return int(told.get("httpStatusCode", 400))
    return 400


def code_of(status: int, body: bytes) -> str:
    """The AWS error code inside an answer that moto made; "OK" for a good one."""
    if status < 400:
        return "OK"
    found = re.search(rb"<Code>([^<]+)</Code>", body) or re.search(rb'"__type": ?"(?:[^"]*#)?([^"]+)"', body)
    return found[1].decode() if found else str(status)
