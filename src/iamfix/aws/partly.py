"""Answers that went well as a whole and tell that parts of what was asked have failed: those are errors too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iamfix.aws.errors import normal
from iamfix.model import AwsError, Call


def refuse_failures(call: Call, response: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the response, or raise AwsError with the first part that failed.

    Source: EventBridge API Reference, "PutTargets" and "RemoveTargets" (FailedEntryCount, FailedEntries).
    """
    if not response.get("FailedEntryCount"):
        return response
    entries = response.get("FailedEntries") or [{}]
    first = entries[0]
    code = normal(str(first.get("ErrorCode") or "FailedEntries"))
    which = next((f"{key} {value}: " for key, value in first.items() if key.endswith("Id")), "")
    more = f" (and {len(entries) - 1} more)" if len(entries) > 1 else ""
    raise AwsError(call.service, call.operation, code, f"{which}{first.get('ErrorMessage', '')}{more}", call.region)
