"""S3's public access block of the whole account: it holds for every bucket, whatever the bucket says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iamfix.fields import FLAG, asked
from iamfix.kinds import defaults
from iamfix.kinds.protocol import Look, Need, Reader, Scope, Want
from iamfix.model import Call

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = "account"
READS = (("s3control", "get_public_access_block"),)
EXAMPLE = """\
- name: No bucket of the account is public
  s3_account_public_access_block:
    block_public_acls: true
    ignore_public_acls: true
    block_public_policy: true
    restrict_public_buckets: true
"""

_WORDS = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}


@dataclass(frozen=True, slots=True)
class State:
    """What is left out of a new configuration is false to AWS."""

    block_public_acls: bool = asked(FLAG, "New public ACLs are refused.", default=False)
    ignore_public_acls: bool = asked(FLAG, "Public ACLs count for nothing.", default=False)
    block_public_policy: bool = asked(FLAG, "New public bucket policies are refused.", default=False)
    restrict_public_buckets: bool = asked(
        FLAG, "Buckets with a public policy are open to the account and AWS services only.", default=False
    )


def observe(read: Reader, want: Want) -> dict[str, State]:
    found = read.find(
        "s3control", "get_public_access_block", "NoSuchPublicAccessBlockConfiguration", AccountId=read.account.id
    )
    if found is None:
        return {}
    parts = found["PublicAccessBlockConfiguration"]
    return {SINGLETON: State(**{field: bool(parts.get(word, False)) for field, word in _WORDS.items()})}


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if after is None:
        yield Call("s3control", "delete_public_access_block", {"AccountId": look.account.id})
    elif before != after:
        config = {word: getattr(after, field) for field, word in _WORDS.items()}
        params = {"AccountId": look.account.id, "PublicAccessBlockConfiguration": config}
        yield Call("s3control", "put_public_access_block", params)


arn = defaults.no_arn
owner = defaults.no_owner
loses = defaults.loses_nothing
breaches = defaults.no_breaches
ripples = defaults.no_ripples


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    old, new = before or State(), after or State()
    closed = [field for field in _WORDS if getattr(new, field) and not getattr(old, field)]
    if set(closed) & {"ignore_public_acls", "restrict_public_buckets"}:
        yield "what is public now (websites, downloads) is closed at once, for every bucket of the account"


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    yield Need("*")
