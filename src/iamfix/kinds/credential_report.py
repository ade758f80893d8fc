"""IAM's credential report: one CSV text with the credentials of all users and of the root user, up to 4 hours old.

Source: IAM User Guide, "Generate credential reports for your AWS account"; the columns are found by their names, since
AWS appends new ones. Reading it is two requests, whatever the number of users.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from iamfix.kinds.protocol import Reader
from iamfix.model import AwsError

READS = (("iam", "generate_credential_report"), ("iam", "get_credential_report"))
NAME = "IAM's credential report"
ROOT = "<root_account>"
"""The name that the report gives to the root user."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What the report tells of an access key. It has no id: `rotated` is when it was created or last changed."""

    active: bool
    rotated: datetime | None
    last_used: datetime | None
    region: str | None
    service: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """What the report tells of a user."""

    password: bool
    password_last_used: datetime | None
    password_changed: datetime | None
    mfa: bool
    keys: tuple[KeyRow, ...]
    certificates: int
    """How many signing certificates there are, active or not."""


@dataclass(frozen=True, slots=True)
class Report:
    """The report: rows by user name, the root user's under `ROOT`."""

    made_at: datetime
    rows: Mapping[str, Row]


_REFUSED = ("AccessDenied", "LimitExceeded", "ReportInProgress", "ReportNotPresent", "ReportExpired")


def report_of(read: Reader) -> Report | None:
    """Return the report; None when AWS does not give it to us, or not in time. Raises AwsError for the rest.

    For what can be read live in its place.
    """
    try:
        return the_report(read)
    except AwsError as error:
        if error.code in _REFUSED:
            return None
        raise


def the_report(read: Reader) -> Report:
    """Return the report, for what only it tells. Raises AwsError when AWS does not give it.

    AWS writes a new one at most every 4 hours, and answers with the last one until then.
    """
    read.get("iam", "generate_credential_report")
    found = read.get("iam", "get_credential_report")
    return Report(found["GeneratedTime"], _rows(bytes(found["Content"])))


@lru_cache(maxsize=16)
def _rows(content: bytes) -> Mapping[str, Row]:
    lines = content.decode("utf-8", "replace").splitlines()
    return {line["user"]: _row(line) for line in csv.DictReader(lines) if line.get("user")}


def _row(line: Mapping[str, str | None]) -> Row:
    keys = (_key(line, f"access_key_{number}_") for number in (1, 2))
    return Row(
        password=_yes(line, "password_enabled"),
        password_last_used=_time(line, "password_last_used"),
        password_changed=_time(line, "password_last_changed"),
        mfa=_yes(line, "mfa_active"),
        keys=tuple(key for key in keys if key is not None),
        certificates=sum(
            _yes(line, f"cert_{number}_active") or _time(line, f"cert_{number}_last_rotated") is not None
            for number in (1, 2)
        ),
    )


def _key(line: Mapping[str, str | None], column: str) -> KeyRow | None:
    """Return a key's part. A key that is not active has times all the same; where there is none all is N/A or false."""
    active, rotated = _yes(line, f"{column}active"), _time(line, f"{column}last_rotated")
    used = _time(line, f"{column}last_used_date")
    if not active and rotated is None and used is None:
        return None
    return KeyRow(
        active, rotated, used, _text(line, f"{column}last_used_region"), _text(line, f"{column}last_used_service")
    )


def _text(line: Mapping[str, str | None], column: str) -> str | None:
    value = line.get(column) or ""
    return None if value.lower() in ("", "n/a", "no_information", "not_supported") else value


def _yes(line: Mapping[str, str | None], column: str) -> bool:
    return (line.get(column) or "").lower() == "true"


def _time(line: Mapping[str, str | None], column: str) -> datetime | None:
    text = _text(line, column)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
