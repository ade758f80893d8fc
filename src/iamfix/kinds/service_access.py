"""What a service of AWS needs of a resource that it works with, where the resource's policy surely refuses it.

AWS tries that when a trail or a log group is told to use a bucket, a key or a topic. What cannot be seen (a resource of
another account, a policy that hangs on what nobody here knows) is left to AWS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from iamfix.kinds.protocol import MISSING, Breach, Look
from iamfix.model import AwsError
from iamfix.policy.allows import refuses
from iamfix.policy.document import Document

_KEY = frozenset({"policy", "enabled", "pending_deletion"})


def key_breaches(
    name: str | None, look: Look, service: str, actions: Sequence[str], context: Mapping[str, Any]
) -> Iterator[Breach]:
    """Yield why a service cannot use a key of the account, given by `alias/NAME`; other keys are not seen."""
    if name is None or not name.startswith("alias/"):
        return
    key = seen(look, "kms_key", name.removeprefix("alias/"), _KEY)
    if key is None:
        return
    if key.pending_deletion or key.enabled is False:
        state = "waits for its deletion" if key.pending_deletion else "is disabled"
        yield Breach(f"the KMS key {name} {state}", "enable it in an earlier task", MISSING)
        return
    arn = f"arn:{look.account.partition}:kms:{look.region}:{look.account.id}:key/{key.key_id or '*'}"
    if refused := [one for one in actions if refused_to(service, key.policy, one, arn, context, look)]:
        yield Breach(
            f"the policy of the KMS key {name} does not let {service} do {', '.join(refused)}",
            "allow it in the key's policy in an earlier task",
            MISSING,
        )


def refused_to(service: str, policy: Any, action: str, resource: str, context: Mapping[str, Any], look: Look) -> bool:
    """Tell whether a resource's policy surely refuses something to a service; one that was not read does not."""
    if policy is not None and not isinstance(policy, Document):
        return False
    return refuses(policy, action, resource, service, context, look.account.partition)


def seen(look: Look, kind: str, name: str, details: frozenset[str], region: str | None = None) -> Any | None:
    """Return another resource; None where there is none, or where AWS does not let us see it."""
    with suppress(AwsError):
        return look.get(kind, name, region, details)
    return None


def bucket_of(name: str, look: Look, details: frozenset[str] = frozenset()) -> Any | None:
    """Return a bucket of this region or of the home region; one that is elsewhere is not looked for."""
    for region in dict.fromkeys((look.region, look.account.home_region)):
        if (found := seen(look, "s3_bucket", name, details, region)) is not None:
            return found
    return None


def unseen_bucket(name: str, look: Look, service: str) -> Iterator[str]:
    """Yield that nobody here has seen a bucket: it may be another account's, or not be at all."""
    if bucket_of(name, look) is None:
        told = f"it must be there, and its policy must let {service} write for {look.account.id}"
        yield f"the bucket {name} is not seen here: {told}"
