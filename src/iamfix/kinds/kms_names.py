"""KMS keys as other kinds name them: `alias/NAME` for a key of the account that has an alias, else its ARN.

A key that an earlier task makes has no ARN yet, but it has its alias.
"""

from __future__ import annotations

from collections.abc import Iterable

from iamfix.fields import FieldError
from iamfix.kinds.protocol import MISSING, Breach, Look, Reader
from iamfix.model import Result


def seen(read: Reader, arn: str | None) -> str | None:
    """Return the name of a key that AWS tells by ARN."""
    if not arn:
        return None
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[4] != read.account.id or not parts[5].startswith("key/"):
        return arn
    aliases = read.at(parts[3]).get("kms", "list_aliases")["Aliases"]
    of_key = (one["AliasName"] for one in aliases if one.get("TargetKeyId") == parts[5].removeprefix("key/"))
    return _first(of_key) or arn


def resolve(text: str, look: Look) -> str:
    """Return the name of a key that a playbook gives by alias (with or without `alias/`) or ARN.

    Raises:
        FieldError: the account has no key of that alias.
    """
    if text.startswith("arn:"):
        parts = text.split(":", 5)
        if len(parts) < 6 or parts[2] != "kms" or parts[4] != look.account.id or parts[3] != _region(look):
            return text
        if parts[5].startswith("key/"):
            return _named(parts[5].removeprefix("key/"), look) or text
        text = parts[5]
    alias = text.removeprefix("alias/")
    key = look.get("kms_key", alias)
    if key is None:
        raise FieldError(
            f"there is no KMS key of the alias {alias!r} in {_region(look)}", "an earlier task can make it"
        )
    return (key.key_id and _named(key.key_id, look)) or f"alias/{alias}"


def key_arn(name: str, look: Look) -> str | Result:
    """Return the ARN of a key, for calls that take no alias."""
    if not name.startswith("alias/"):
        return name
    alias = name.removeprefix("alias/")
    key = look.get("kms_key", alias)
    if key is None or key.key_id is None:
        return Result(look.address("kms_key", alias), "create_key", "KeyMetadata.Arn")
    return f"arn:{look.account.partition}:kms:{_region(look)}:{look.account.id}:key/{key.key_id}"


def missing(name: str | None, look: Look) -> Iterable[Breach]:
    """Yield that there is no such key."""
    if name is not None and name.startswith("alias/") and look.get("kms_key", name.removeprefix("alias/")) is None:
        yield Breach(f"there is no KMS key {name!r} in {_region(look)}", "create it in an earlier task", MISSING)


def _named(key_id: str, look: Look) -> str | None:
    return _first(f"alias/{alias}" for alias, key in look.all("kms_key").items() if key.key_id == key_id)


def _first(aliases: Iterable[str]) -> str | None:
    """Return the alias that stands for a key of several."""
    return min((one for one in aliases if not one.startswith("alias/aws/")), default=None)


def _region(look: Look) -> str:
    return look.region or look.account.home_region
