"""What a resource's policy, or a role's, lets an AWS service do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iamfix.sandbox.evaluation import decide, listed, statements_of


def service_may(text: str | None, service: str, action: str, resource: str | None, context: Mapping[str, str]) -> bool:
    """Whether a policy lets a service (`cloudtrail.amazonaws.com`) do something, as it would ask for it."""
    if text is None:
        return False
    mine = [statement for statement in statements_of(text) if _names(statement, service)]
    return decide(mine, action, resource, context) == "allow"


def _names(statement: Mapping[str, Any], service: str) -> bool:
    told = statement.get("Principal")
    if told is None:
        return False
    if told == "*" or (isinstance(told, Mapping) and "*" in listed(told.get("AWS"))):
        return True
    return isinstance(told, Mapping) and service in listed(told.get("Service"))
