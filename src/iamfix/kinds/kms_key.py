"""KMS key, by its alias: policy, description, rotation, tags. It is only ever scheduled for deletion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from iamfix.fields import FLAG, TAGS, TEXT, Codec, asked, seen
from iamfix.kinds import defaults, tagging
from iamfix.kinds import kms_key_rules as rules
from iamfix.kinds.protocol import Look, Need, Reader, Scope, Want
from iamfix.model import UNREAD, Call, Mark, Result
from iamfix.policy.document import Document
from iamfix.shared_policy import policy_of

SCOPE: Scope = "home"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
READS = (
    ("kms", "list_aliases"),
    ("kms", "describe_key"),
    ("kms", "get_key_policy"),
    ("kms", "get_key_rotation_status"),
    ("kms", "list_resource_tags"),
)
EXAMPLE = """\
- name: Key of the trail
  kms_key:
    name: trail
    description: Encrypts the trail's logs.
    policy:
      Version: "2012-10-17"
      Statement:
        - Sid: Account
          Effect: Allow
          Principal: {AWS: "arn:{{ partition }}:iam::{{ account_id }}:root"}
          Action: "kms:*"
          Resource: "*"
    rotation: true
"""

PENDING_DAYS = 30
"""The longest time AWS waits before it deletes a key; until then the deletion can be cancelled."""

_POLICY = policy_of(
    "kms:GetKeyPolicy", "kms:PutKeyPolicy", "AWS refuses such a policy, for only its support could mend it",
)  # fmt: skip


def _detail(codec: Codec, doc: str, default: Any, read: str, **facts: Any) -> Any:
    """Declare a field that one request for each key tells."""
    return asked(codec, doc, default=default, detail=True, reads=(read,), **facts)


@dataclass(frozen=True, slots=True)
class State:
    """The policy of a key for which none is asked is AWS's, which names the account: it is not known beforehand."""

    policy: Document | Mark | None = _detail(
        _POLICY, "Key policy, merged by statement id. A new key has just what is given.", UNREAD, "get_key_policy"
    )
    description: str | Mark = _detail(TEXT, "Description.", "", "describe_key")
    enabled: bool | Mark = _detail(FLAG, "The key can be used.", True, "describe_key", always=True)
    rotation: int | Mark = _detail(
        rules.Rotation(), "New key material once in a while: true (each 365 days), false, or the days between.", 0,
        "get_key_rotation_status", aliases=("enable_key_rotation", "rotation_period_in_days"),
    )  # fmt: skip
    tags: tagging.Tags | Mark = _detail(TAGS, "Tags.", {}, "list_resource_tags", always=True)
    key_spec: str | Mark = _detail(
        TEXT, "Type of key, in AWS's words.", "SYMMETRIC_DEFAULT", "describe_key", fixed=True
    )
    key_usage: str | Mark = _detail(TEXT, "What it is for.", "ENCRYPT_DECRYPT", "describe_key", fixed=True)
    multi_region: bool | Mark = _detail(FLAG, "It can have replicas.", False, "describe_key", fixed=True)
    key_id: str | None = seen("Key id.")
    pending_deletion: str | Mark | None = seen("When AWS will delete it (UTC).", detail=True, reads=("describe_key",))


_DESCRIBED = frozenset({"description", "enabled", "key_spec", "key_usage", "multi_region", "pending_deletion"})
_UNREAD = dict.fromkeys(("policy", "rotation", "tags", *_DESCRIBED), UNREAD)


def observe(read: Reader, want: Want) -> dict[str, State]:
    """One list of all aliases; of each wanted key, one request for each group of details."""
    aliases = read.get("kms", "list_aliases")["Aliases"]
    ids = {
        name: str(one["TargetKeyId"])
        for one in aliases
        if one.get("TargetKeyId")
        and not one["AliasName"].startswith("alias/aws/")
        and want.has(name := one["AliasName"].removeprefix("alias/"))
    }
    states = {name: State(key_id=key_id, **_UNREAD) for name, key_id in ids.items()}
    for fields, operation, missing in (
        (_DESCRIBED, "describe_key", ()),
        (frozenset({"policy"}), "get_key_policy", ()),
        # Only keys for symmetric encryption rotate.
        (frozenset({"rotation"}), "get_key_rotation_status", ("UnsupportedOperation",)),
        (frozenset({"tags"}), "list_resource_tags", ()),
    ):
        if not fields & want.details:
            continue
        answers = read.each("kms", operation, [{"KeyId": ids[name]} for name in states], *missing, "NotFound")
        for name, answer in zip(list(states), answers, strict=True):
            found = _fields(operation, answer or {}, read.account.partition)
            states[name] = replace(states[name], **found)
    return states


def _fields(operation: str, answer: Mapping[str, Any], partition: str) -> dict[str, Any]:
    if operation == "get_key_policy":
        return {"policy": Document.parse(answer["Policy"], partition=partition) if answer else None}
    if operation == "get_key_rotation_status":
        on = answer.get("KeyRotationEnabled", False)
        return {"rotation": answer.get("RotationPeriodInDays", rules.USUAL) if on else 0}
    if operation == "list_resource_tags":
        return {"tags": {tag["TagKey"]: tag["TagValue"] for tag in answer.get("Tags", ())}}
    about = answer.get("KeyMetadata", {})
    at = about.get("DeletionDate")
    return {
        "description": about.get("Description", ""),
        "enabled": about.get("KeyState") == "Enabled",
        "key_spec": about.get("KeySpec", "SYMMETRIC_DEFAULT"),
        "key_usage": about.get("KeyUsage", "ENCRYPT_DECRYPT"),
        "multi_region": bool(about.get("MultiRegion")),
        "pending_deletion": None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    state = after or before
    assert state is not None
    key: str | Result = state.key_id or Result(
        look.address("kms_key", name), "create_key", "KeyMetadata.KeyId", field="key_id"
    )

    def call(operation: str, **params: Any) -> Call:
        return Call("kms", operation, params, look.region)

    alias = f"alias/{name}"
    if after is None:
        if before is not None and before.pending_deletion in (None, UNREAD):
            yield call("schedule_key_deletion", KeyId=key, PendingWindowInDays=PENDING_DAYS)
        yield call("delete_alias", AliasName=alias)
        return
    if before is None:
        if after.key_id is not None:
            # The way back of a deletion: the key still waits for it.
            yield call("cancel_key_deletion", KeyId=key)
            yield call("create_alias", AliasName=alias, TargetKeyId=key)
            if after.enabled:
                yield call("enable_key", KeyId=key)
            return
        yield call("create_key", **_creation(after))
        yield call("create_alias", AliasName=alias, TargetKeyId=key)
        old = replace(after, enabled=True, rotation=0)
    else:
        old = before
    updates = list(_update(call, key, old, after))
    if updates and before is not None and before.pending_deletion not in (None, UNREAD):
        # Such a key takes no change; once the deletion is cancelled it is disabled.
        yield call("cancel_key_deletion", KeyId=key)
    yield from updates


def _creation(after: State) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if isinstance(after.policy, Document):
        params["Policy"] = after.policy.json()
    if after.description not in ("", UNREAD):
        params["Description"] = after.description
    if after.key_spec != "SYMMETRIC_DEFAULT":
        params |= {"KeySpec": after.key_spec, "KeyUsage": after.key_usage}
    if after.multi_region is True:
        params["MultiRegion"] = True
    _, tags = tagging.changed({}, after.tags)
    if tags:
        params["Tags"] = _tag_list(tags)
    return params


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": tags[key]} for key in tags]


def _update(call: Any, key: str | Result, old: State, after: State) -> Iterator[Call]:
    """A disabled key takes no change of its rotation: it is enabled first and disabled last."""
    if after.enabled is True and old.enabled is False:
        yield call("enable_key", KeyId=key)
    if isinstance(after.policy, Document) and after.policy != old.policy:
        yield call("put_key_policy", KeyId=key, PolicyName="default", Policy=after.policy.json())
    if after.description is not UNREAD and after.description != old.description:
        yield call("update_key_description", KeyId=key, Description=after.description)
    if after.rotation is not UNREAD and after.rotation != old.rotation:
        if after.rotation:
            yield call("enable_key_rotation", KeyId=key, RotationPeriodInDays=after.rotation)
        else:
            yield call("disable_key_rotation", KeyId=key)
    gone, new = tagging.changed(old.tags, after.tags)
    if gone:
        yield call("untag_resource", KeyId=key, TagKeys=gone)
    if new:
        yield call("tag_resource", KeyId=key, Tags=_tag_list(new))
    if after.enabled is False and old.enabled is True:
        yield call("disable_key", KeyId=key)


def arn(name: str, state: State, look: Look) -> str | None:
    if state.key_id is None:
        return None
    return f"arn:{look.account.partition}:kms:{look.region}:{look.account.id}:key/{state.key_id}"


def owner(name: str, state: State) -> str | None:
    return tagging.owner_of(name, state.tags)


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    if after is None and before.pending_deletion in (None, UNREAD):
        yield f"in {PENDING_DAYS} days, unless the deletion is cancelled: everything that only this key can decrypt"


breaches = rules.breaches
ripples = defaults.no_ripples


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    """Source: AWS KMS pricing."""
    if before is None and after is not None and after.key_id is None:
        yield "a customer managed key costs about 1 USD a month"
    waits = before is not None and before.pending_deletion not in (None, UNREAD)
    if before is not None and after is not None and waits:
        yield f"its deletion, which is scheduled for {before.pending_deletion}, is cancelled"


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    """Source: Service Authorization Reference, "AWS Key Management Service"."""
    base = f"arn:{look.account.partition}:kms:{look.region}:{look.account.id}"
    key = arn(name, state, look) or f"{base}:key/*"
    if call.operation == "create_key":
        yield Need("*")
        if "Tags" in call.params:
            yield Need("*", "kms:TagResource")
        return
    yield Need(key)
    if call.operation.endswith("_alias"):
        yield Need(f"{base}:alias/{name}")
