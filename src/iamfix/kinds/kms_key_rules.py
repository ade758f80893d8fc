"""What holds for KMS keys: how rotation is written, and which policies would lock everybody out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import Asked, Context, Exact, FieldError
from iamfix.kinds import tagging
from iamfix.kinds.protocol import Breach, Look
from iamfix.model import UNREAD, Json, Mark
from iamfix.policy.document import Document
from iamfix.policy.patterns import matches

MAX_POLICY = 32 * 1024
"""Bytes of a key policy (KMS Developer Guide, "Resource quotas")."""
_NAME = re.compile(r"(?!aws/)[a-zA-Z0-9/_-]{1,250}")
LOW, HIGH, USUAL = 90, 2560, 365
"""Days between rotations: least, most, and what AWS takes where none are given (KMS API, "EnableKeyRotation")."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """Days between rotations, 0 for none. `true` keeps the period there is, or means 365 days; `false` means none."""

    word: str = f"true, false, or a number of days from {LOW} to {HIGH}"

    def read(self, value: Json, context: Context) -> Asked:
        if isinstance(value, bool) or (isinstance(value, int) and LOW <= value <= HIGH):
            return Exact(value)
        raise FieldError(f"expected {self.word}, got {value!r:.40}")

    def merge(self, before: Any, asked: Asked) -> Any:
        assert isinstance(asked, Exact)
        if asked.value is True:
            return USUAL if isinstance(before, Mark) else before or USUAL
        return asked.value or 0

    def back(self, now: Any, before: Any, after: Any) -> Any:
        return before

    def plain(self, value: Any) -> Json:
        return value or False

    def parse(self, plain: Json, partition: str) -> Any:
        return int(plain)

    def schema(self) -> Json:
        return {"anyOf": [{"type": "boolean"}, {"type": "integer", "minimum": LOW, "maximum": HIGH}]}


def policy_breaches(policy: Document) -> Iterator[Breach]:
    """KMS refuses a policy that its writer could not change again; one without any such statement locks all out."""
    if (size := len(policy.json().encode())) > MAX_POLICY:
        yield Breach(f"a policy of {size} bytes; AWS takes {MAX_POLICY}")
    found = policy.data.get("Statement", [])
    statements = [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, Mapping)]
    if not any(one.get("Effect") == "Allow" and _changes_policies(one) for one in statements):
        yield Breach(
            "nobody could change this key's policy any more, and AWS refuses that",
            'allow the account: {Sid: Account, Effect: Allow, Principal: {AWS: "arn:…:root"}, Action: "kms:*", '
            'Resource: "*"}',
        )


def _changes_policies(statement: Mapping[str, Any]) -> bool:
    if "NotAction" in statement:
        return True
    actions = statement.get("Action", [])
    patterns = actions if isinstance(actions, list) else [actions]
    return any(matches(str(pattern).lower(), "kms:putkeypolicy") for pattern in patterns)


def breaches(name: str, before: Any | None, after: Any | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    if not _NAME.fullmatch(name):
        hint = "letters, digits, slashes, underscores and hyphens; what begins with aws/ is AWS's own"
        yield Breach(f"{name!r} is no alias", hint)
    if after.policy is None and (before is None or before.policy is not None):
        yield Breach("a key always has a policy", "write which one")
    if isinstance(after.policy, Document) and (before is None or before.policy != after.policy):
        yield from policy_breaches(after.policy)
    if after.rotation and after.rotation is not UNREAD and after.key_spec not in ("SYMMETRIC_DEFAULT", UNREAD):
        yield Breach(f"keys of the type {after.key_spec} do not rotate", "write rotation: false")
    old = 0 if before is None else before.rotation
    if before is not None and after.enabled is False and before.enabled is False and after.rotation != old:
        yield Breach("the rotation of a disabled key cannot change", "write enabled: true")
    yield from tagging.limit(after.tags)
