"""How other services use keys: found by ARN, id or alias, and only as the key's policy lets them."""

from __future__ import annotations

from collections.abc import Mapping

from iamfix.sandbox.call import Call
from iamfix.sandbox.services.kms.state import Key, KmsState
from iamfix.sandbox.services.service_principals import service_may


def find_key(call: Call, name: str) -> Key | None:
    """A key that can be used, by ARN, id, alias or alias ARN; None when there is none in that region and account."""
    parts = name.split(":", 5)
    region, account, word = (parts[3], parts[4], parts[5]) if len(parts) == 6 else (call.region, call.account, name)
    state = call.cloud.state(KmsState, f"{account}/{region}", call.partition)
    key_id = state.aliases.seen(word, call.replica) if word.startswith("alias/") else word.removeprefix("key/")
    key = state.keys.seen(key_id, call.replica) if key_id else None
    return key if key is not None and key.state == "Enabled" else None


def service_may_use(key: Key, service: str, actions: tuple[str, ...], context: Mapping[str, str]) -> bool:
    """Whether the key's policy lets a service do all of these."""
    return all(service_may(key.policy, service, action, key.arn, context) for action in actions)
