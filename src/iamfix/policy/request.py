"""One request to be decided: who asks for which action on which resource, and what is known of the context."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iamfix.policy.principals import Principal, parse_principal
from iamfix.policy.variables import Context

__all__ = ["Request", "RequestError", "make_request"]

_ACTION = re.compile(r"[a-z0-9-]+:[a-z0-9-]+")
_ARN = re.compile(r"arn:[a-z0-9*?-]+:[a-z0-9*?-]+:[a-z0-9*?-]*:[a-z0-9*?-]*:.+", re.DOTALL | re.IGNORECASE)
_ACCOUNT = re.compile(r"[0-9]{12}")


class RequestError(ValueError):
    """A request is not well formed; the message says which parts.

    Attributes:
        mistakes: each as `part: what is wrong`, where the part is an argument of `make_request`.
    """

    def __init__(self, *mistakes: str) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Request:
    """A request, prepared for evaluation; made by `make_request`.

    Attributes:
        principal: who asks.
        action: as given, such as `s3:GetObject`.
        action_lower: the same in lower case.
        resource: the ARN, or `*` for an action without resources.
        resource_account: 12 digits, or None when the resource belongs to no account that is known.
        context: keys in lower case; an empty tuple is a key known to be absent.
        missing: what a key has that is not in `context`: `()` (absent) or None (not known: the context is partial).
    """

    principal: Principal
    action: str
    action_lower: str
    resource: str
    resource_account: str | None
    context: Context
    missing: tuple[str, ...] | None

    @property
    def partial(self) -> bool:
        """Whether keys that are not given are unknown rather than absent."""
        return self.missing is None

    @property
    def cross_account(self) -> bool:
        """Whether the principal's account is not that of the resource."""
        account = self.principal.account
        return account is not None and self.resource_account is not None and account != self.resource_account

    @property
    def uses_key(self) -> bool:
        """Whether a KMS key is asked for, whose policy has to allow in any case; aliases and `*` have none."""
        if not self.action_lower.startswith("kms:"):
            return False
        parts = self.resource.split(":", 5)
        return len(parts) == 6 and parts[2] == "kms" and parts[5].startswith("key/")

    @property
    def enters_role(self) -> bool:
        """Whether the trust policy of a role decides: the role is assumed, or its session gets tags, an identity or a
        context on the way in. The other operations of STS are decided by the caller's own policies.

        Source: IAM User Guide, id_session-tags, id_credentials_temp_control-access_monitor and
        trusted-token propagation (sts:SetContext).
        """
        action = self.action_lower
        if not action.startswith("sts:"):
            return False
        return action in _ENTRIES or (action in _ON_THE_WAY_IN and ":role/" in self.resource)


_ENTRIES = frozenset({"sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"})
_ON_THE_WAY_IN = frozenset({"sts:tagsession", "sts:setsourceidentity", "sts:setcontext"})


def make_request(
    principal: str | Mapping[str, Any] | Principal,
    action: str,
    resource: str,
    *,
    resource_account: str | None = None,
    context: Mapping[str, Any] | None = None,
    partial: bool = False,
) -> Request:
    """Prepare a request.

    Args:
        principal: an ARN, an account id, a service's or provider's name, `*`, or an object such as `{"Service": ...}`.
        action: `service:Name`.
        resource: an ARN, or `*`.
        resource_account: the account that owns the resource; by default that of the ARN, else the principal's.
        context: condition keys to a value, a list of values, or None for a key known to be absent. Keys that follow
            from the principal (`aws:PrincipalArn`, `aws:username`, ...) are added when not given.
        partial: keys that are not given are unknown, not absent.

    Raises:
        RequestError: one of them is not well formed.
    """
    mistakes: list[str] = []
    who = _principal(principal, mistakes)
    lowered = action.lower()
    if not _ACTION.fullmatch(lowered):
        many = "; a request is for one action" if "*" in action or "?" in action else ""
        mistakes.append(f"action: {action!r} is not of the form service:Name, such as s3:GetObject{many}")
    if not resource:
        mistakes.append("resource: is empty; use '*' for an action without resources")
    elif resource != "*" and not _ARN.fullmatch(resource):
        mistakes.append(f"resource: {resource!r} is no ARN, such as arn:aws:s3:::bucket/key, nor '*'")
    if resource_account is not None and not _ACCOUNT.fullmatch(resource_account):
        mistakes.append(f"resource_account: {resource_account!r} is not 12 digits")
    if who is None or mistakes:
        raise RequestError(*mistakes)
    given = _context(context or {})
    owner = resource_account or _owner(resource) or who.account
    keys = who.context()
    if owner is not None:
        keys["aws:resourceaccount"] = (owner,)
    role = given.get("aws:principalarn")
    if role and len(role) == 1 and who.role is not None and not who.path_known and ":role/" in role[0]:
        who = who.with_role(role[0])
    keys.update(given)
    return Request(who, action, lowered, resource, owner, keys, None if partial else ())


def _principal(given: str | Mapping[str, Any] | Principal, mistakes: list[str]) -> Principal | None:
    try:
        return given if isinstance(given, Principal) else parse_principal(given)
    except ValueError as error:
        mistakes.append(f"principal: {error}")
        return None


def _owner(resource: str) -> str | None:
    parts = resource.split(":", 5)
    return parts[4] if len(parts) == 6 and _ACCOUNT.fullmatch(parts[4]) else None


def _context(context: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    result: dict[str, tuple[str, ...]] = {}
    for key, value in context.items():
        lowered = key.lower() if isinstance(key, str) else None
        if not lowered:
            raise RequestError(f"context: the key {key!r} is not text")
        if lowered in result:
            raise RequestError(f"context: the key {key!r} is given twice (case does not count)")
        many = isinstance(value, Sequence) and not isinstance(value, str)
        result[lowered] = tuple(_text(key, item) for item in value) if many else _single(key, value)
    return result


def _single(key: str, value: Any) -> tuple[str, ...]:
    return () if value is None else (_text(key, value),)


def _text(key: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    raise RequestError(f"context: a value of {key!r} is neither text, number nor boolean")
