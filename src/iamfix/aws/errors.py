"""AWS's and botocore's exceptions as `AwsError`, with one spelling of each code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from iamfix.model import AwsError, RegionClosed

TRANSPORT = frozenset(
    {
        "ConnectionClosedError", "ConnectionError", "ConnectTimeoutError", "EndpointConnectionError", "HTTPClientError",
        "IncompleteReadError", "ReadTimeoutError", "ResponseStreamingError", "SSLError", "ProxyConnectionError",
    }
)  # fmt: skip
"""botocore's exceptions after which nobody knows whether the request arrived."""

NOT_ENABLED = frozenset(
    {"AuthFailure", "InvalidClientTokenId", "OptInRequired", "RegionDisabled", "UnrecognizedClient"}
)
"""What services answer in a region that the account has not enabled (AWS General Reference, "Managing AWS Regions").
The same credentials have been taken in the home region before."""
DENIED = frozenset({"AccessDenied", "AuthorizationError", "UnauthorizedOperation"})
BY_SCP = "explicit deny in a service control policy"


def send(service: str, operation: str, region: str | None, request: Callable[[], Any]) -> Mapping[str, Any]:
    """Run one request and return the response. Raises AwsError, whatever went wrong between here and AWS."""
    try:
        response: Mapping[str, Any] = request()
    except ClientError as error:
        found = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = str(found.get("Code", "Unknown"))
        if status >= 500 and not code.isidentifier():
            code = "ServiceFailure"
        code, message = normal(code), str(found.get("Message", ""))
        closed = code in NOT_ENABLED or (code in DENIED and BY_SCP in message)
        raise (RegionClosed if closed else AwsError)(service, operation, code, message, region) from error
    except BotoCoreError as error:
        lost = AwsError(service, operation, type(error).__name__, str(error), region)
        lost.answered = False
        raise lost from error
    return response


def normal(code: str) -> str:
    """IAM's wire codes drop the "Exception" that other services' codes end with."""
    return code.removesuffix("Exception") if len(code) > len("Exception") else code
