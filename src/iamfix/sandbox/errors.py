"""What can go wrong: an error as AWS answers it, and a sandbox that cannot run at all."""

from __future__ import annotations

from collections.abc import Mapping


class AwsError(Exception):
    """An error answer.

    `code` is AWS's wire code (IAM's have no "Exception" suffix). `status` is the HTTP status; None takes it from the
    service's model. `fields` are further members of the error shape, such as Organizations' `Reason`.
    """

    def __init__(
        self, code: str, message: str, *, status: int | None = None, fields: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields: Mapping[str, str] = fields or {}


class SandboxUnavailableError(Exception):
    """The packages of the extra `sandbox` are not installed."""


class ConnectionDroppedError(Exception):
    """The answer is to be withheld: the connection is closed without a byte."""
