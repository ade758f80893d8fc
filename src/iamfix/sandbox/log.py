"""The request log: what was asked of the sandbox, by whom, and how it answered. No secrets are kept in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Record:
    """One request.

    `number` counts from 1 over the life of the sandbox. `params` are the operation's parameters as botocore names
    them, with sensitive values replaced by "***". `code` is "OK", an AWS error code, "Dropped" when the
    connection was closed without an answer, or "Pending" until the answer is known. `at` is the sandbox's clock,
    `agent` the client's user agent.
    """

    number: int
    account: str
    region: str
    service: str
    operation: str
    mutating: bool
    params: Mapping[str, Any]
    caller: str
    at: float
    agent: str = ""
    code: str = "Pending"

    def __str__(self) -> str:
        return f"{self.number} {self.account} {self.service}:{self.operation} {self.code}"


class RequestLog:
    """All requests since the start or the last `clear()`, in the order in which they arrived."""

    def __init__(self) -> None:
        self._records: dict[int, Record] = {}
        self._changes: dict[int, Record] = {}
        self._last = 0
        self._lock = threading.Lock()

    def open(self, **fields: Any) -> Record:
        """Add a request; `fields` are those of `Record` without `number` and `code`."""
        with self._lock:
            self._last += 1
            record = Record(number=self._last, **fields)
            self._records[record.number] = record
            if record.mutating:
                self._changes[record.number] = record
            return record

    def close(self, record: Record, code: str) -> Record:
        """Note how a request was answered."""
        done = replace(record, code=code)
        with self._lock:
            if record.number in self._records:
                self._records[record.number] = done
            if record.mutating:
                self._changes[record.number] = done
        return done

    def records(
        self, *, service: str | None = None, operation: str | None = None, account: str | None = None
    ) -> list[Record]:
        """The requests so far, all or those that match what is given."""
        with self._lock:
            found = list(self._records.values())
        return [
            record
            for record in found
            if (service is None or record.service == service)
            and (operation is None or record.operation == operation)
            and (account is None or record.account == account)
        ]

    def mutating(self) -> list[Record]:
        """The requests that ask for a change, whatever came of them."""
        return [record for record in self.records() if record.mutating]

    def changes(self) -> list[Record]:
        """The mutating requests over the whole life of the sandbox, `clear()` or not."""
        with self._lock:
            return list(self._changes.values())

    def clear(self) -> None:
        """Forget all requests; the numbers go on."""
        with self._lock:
            self._records.clear()

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records())

    def __len__(self) -> int:
        with self._lock:
            return len(self._records)


_READING = (
    "Get", "List", "Describe", "Head", "Lookup", "Simulate", "Search", "Select", "Query", "Validate", "Check",
    "Assume", "Decode", "BatchGet", "Filter", "Test", "Preview", "Estimate", "Verify",
    "GenerateCredentialReport", "GenerateServiceLastAccessedDetails", "GenerateOrganizationsAccessReport",
)  # fmt: skip


def is_mutating(operation: str) -> bool:
    """Whether an operation changes the account: by name, as AWS's access levels List and Read do it.

    Making temporary credentials (AssumeRole and its like, GetSessionToken) and reports changes nothing that
    a plan could speak of, so these count as reading.
    """
    return not operation.startswith(_READING)
