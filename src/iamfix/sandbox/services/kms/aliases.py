"""Aliases: names of keys, which can be pointed at another key."""

from __future__ import annotations

from collections.abc import Mapping

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.kms.state import AWS_ALIASES, KmsState, not_found, the_key

_LIVE = ("Enabled", "Disabled")


def _name(call: Call) -> str:
    name = call.param("AliasName")
    if not name.startswith("alias/") or name == "alias/" or ":" in name:
        raise AwsError("ValidationException", "Alias must start with the prefix 'alias/'.")
    if name.startswith("alias/aws/"):
        raise AwsError("NotAuthorizedException", "Aliases that begin with alias/aws/ are reserved.")
    return name


def create_alias(call: Call) -> Answer:
    name, state = _name(call), call.regional(KmsState)
    if state.aliases.latest(name) is not None:
        raise AwsError("AlreadyExistsException", f"An alias with the name {name} already exists")
    state.aliases.put(name, the_key(call, *_LIVE).id)
    return {}


def update_alias(call: Call) -> Answer:
    name, state = _name(call), call.regional(KmsState)
    if state.aliases.latest(name) is None:
        raise not_found(f"Alias {name}")
    state.aliases.put(name, the_key(call, *_LIVE).id)
    return {}


def delete_alias(call: Call) -> Answer:
    name, state = _name(call), call.regional(KmsState)
    if state.aliases.latest(name) is None:
        raise not_found(f"Alias {name}")
    state.aliases.delete(name)
    return {}


def list_aliases(call: Call) -> Answer:
    """AWS managed keys that were never used have an alias without a key."""
    state = call.regional(KmsState)
    only = the_key(call).id if call.params.get("KeyId") else None
    found = []
    for name in sorted({*state.aliases, *AWS_ALIASES}):
        key_id = state.aliases.seen(name, call.replica)
        if (key_id is None and name not in AWS_ALIASES) or only not in (None, key_id):
            continue
        arn = f"arn:{call.partition}:kms:{call.region}:{call.account}:{name}"
        found.append({"AliasName": name, "AliasArn": arn, "TargetKeyId": key_id})
    some, marker = page(call, found, default_size=50, size_param="Limit")
    return {"Aliases": some, "NextMarker": marker, "Truncated": marker is not None}


OPERATIONS: Mapping[str, Handler] = {
    "CreateAlias": create_alias,
    "UpdateAlias": update_alias,
    "DeleteAlias": delete_alias,
    "ListAliases": list_aliases,
}
