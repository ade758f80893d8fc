"""STS: giving out temporary credentials."""

from __future__ import annotations

from datetime import UTC, datetime

from iamfix.sandbox.call import Call
from iamfix.sandbox.credentials import Caller, Session


def issue(
    call: Call, caller: Caller, role_id: str, seconds: int, policies: tuple[str, ...] = (), *, root: bool = False
) -> dict[str, object]:
    """Make temporary credentials of a caller; `policies` narrow them. Returns them as answers have them."""
    short = call.cloud.faults.short_sessions
    expires = call.cloud.clock.now() + (seconds if short is None else min(short, seconds))
    key = call.cloud.new_id("ASIA", 20)
    call.cloud.credentials.sessions[key] = Session(caller, role_id, expires, policies, root)
    return {
        "AccessKeyId": key,
        "SecretAccessKey": call.cloud.new_secret(40),
        "SessionToken": call.cloud.new_secret(120),
        "Expiration": datetime.fromtimestamp(expires, UTC),
    }
