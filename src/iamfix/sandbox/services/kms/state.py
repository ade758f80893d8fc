"""The keys and aliases of an account in a region."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from iamfix.sandbox.call import Call
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.store import Store, Visibility

AWS_ALIASES = ("alias/aws/ebs", "alias/aws/s3", "alias/aws/sns", "alias/aws/sqs")
"""Aliases of AWS managed keys; their keys are made when they are first used."""


@dataclass(frozen=True)
class Key:
    """A KMS key. `rotation` is the period in days, 0 without; `deleted_at` when a scheduled deletion happens."""

    id: str
    arn: str
    created: datetime
    policy: str
    description: str = ""
    spec: str = "SYMMETRIC_DEFAULT"
    usage: str = "ENCRYPT_DECRYPT"
    multi_region: bool = False
    enabled: bool = True
    rotation: int = 0
    deleted_at: datetime | None = None
    window: int = 0
    manager: str = "CUSTOMER"
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """The key state, as AWS names it."""
        if self.deleted_at is not None:
            return "PendingDeletion"
        return "Enabled" if self.enabled else "Disabled"


class KmsState:
    """Keys by id, and the ids of keys by alias."""

    def __init__(self, visibility: Visibility) -> None:
        self.keys: Store[Key] = Store(visibility)
        self.aliases: Store[str] = Store(visibility)


def default_policy(call: Call) -> str:
    """The policy that AWS gives a key for which none is sent (KMS Developer Guide, "Default key policy")."""
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{call.partition}:iam::{call.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]})


def new_key(call: Call, **fields: Any) -> Key:
    """Make a key, with an id of AWS's form."""
    digits = f"{call.cloud.rng.getrandbits(128):032x}"
    key_id = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    if fields.get("multi_region"):
        key_id = f"mrk-{digits}"
    arn = f"arn:{call.partition}:kms:{call.region}:{call.account}:key/{key_id}"
    key = Key(key_id, arn, call.cloud.now(), **fields)
    call.regional(KmsState).keys.put(key_id, key)
    return key


def not_found(what: str) -> AwsError:
    return AwsError("NotFoundException", f"{what} is not found.")


def the_key(call: Call, *states: str, aliases: bool = False) -> Key:
    """The key that KeyId names, as last written; aliases are only taken where the operation takes them.

    Raises NotFoundException; KMSInvalidStateException or DisabledException unless it is in one of the `states`.
    """
    given = str(call.params.get("KeyId") or call.params.get("TargetKeyId"))
    name = given.rsplit(":", 1)[-1]
    state = call.regional(KmsState)
    _forget_deleted(call)
    if name.startswith("alias/"):
        if not aliases:
            raise not_found(f"Invalid keyId {given!r}")
        key_id = state.aliases.seen(name, call.replica)
        if key_id is None and name in AWS_ALIASES:
            key = new_key(call, policy=default_policy(call), manager="AWS", description=f"Default key for {name}")
            state.aliases.put(name, key.id)
            return key
    else:
        key_id = name.removeprefix("key/")
    key_of_id = None if key_id is None else state.keys.seen(key_id, call.replica) and state.keys.latest(key_id)
    if key_of_id is None:
        raise not_found(f"Key '{given}'")
    if states and key_of_id.state not in states:
        if key_of_id.state == "Disabled":
            raise AwsError("DisabledException", f"{key_of_id.arn} is disabled.")
        raise AwsError("KMSInvalidStateException", f"{key_of_id.arn} is pending deletion.", status=400)
    return key_of_id


def _forget_deleted(call: Call) -> None:
    """Carry out the deletions whose time has come; a key's aliases go with it."""
    state = call.regional(KmsState)
    for key in state.keys.all_latest():
        if key.deleted_at is not None and key.deleted_at <= call.cloud.now():
            state.keys.delete(key.id)
            for alias in [name for name in state.aliases if state.aliases.latest(name) == key.id]:
                state.aliases.delete(alias)


def change(call: Call, key: Key, **fields: Any) -> dict[str, Any]:
    """Write fields of a key; the empty answer."""
    call.regional(KmsState).keys.put(key.id, replace(key, **fields))
    return {}
