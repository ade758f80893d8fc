"""One AWS call on one line, as boto3 would take it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def call_text(call: Mapping[str, Any], room: int = 0) -> str:
    """Return `iam.create_group(GroupName="Admins")`; with `room`, cut to so many columns."""
    params = ", ".join(f"{name}={_value(value)}" for name, value in call["params"].items())
    region = f" in {call['region']}" if call.get("region") else ""
    text = f"{call['service']}.{call['operation']}({params}){region}"
    return text if not room or len(text) <= room else text[: room - 2] + " …"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        if value.keys() == {"$result"}:
            result = value["$result"]
            return f"<{result['path']} of {result['operation']}>"
        if value.keys() == {"$generated"}:
            return f"<new {value['$generated']}>"
        return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
