"""SAML identity provider: the metadata document of who signs people in, and its tags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from iamfix.fields import TAGS, TEXT, asked, seen
from iamfix.kinds import defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Scope, Want
from iamfix.model import UNREAD, Call, Mark

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
READS = (("iam", "list_saml_providers"), ("iam", "get_saml_provider"))
EXAMPLE = """\
- name: Identity providers whose certificates end soon
  check:
    kind: iam_saml_provider
    select: "expires_in_days < 30"
    message: "the metadata of {{ name }} is valid for {{ expires_in_days }} more days"
    severity: medium
"""


@dataclass(frozen=True, slots=True)
class State:
    saml_metadata_document: str | Mark | None = asked(
        TEXT, "The provider's metadata, XML of at least 1,000 characters.", required=True, detail=True,
        reads=("get_saml_provider",),
    )  # fmt: skip
    tags: iam.Tags | Mark = asked(TAGS, "Tags.", default={}, detail=True, reads=("get_saml_provider",))
    valid_until: str | None = seen("When its metadata ends (UTC).", volatile=True)
    expires_in_days: int | None = seen("Days until then; negative when it has ended.", volatile=True)
    private_keys: tuple[str, ...] | Mark = seen(
        "Ids of keys that decrypt its assertions; AWS does not give them out.", default=(), detail=True,
        reads=("get_saml_provider",),
    )  # fmt: skip
    created: str | None = seen("When it was created (UTC).", volatile=True)


def observe(read: Reader, want: Want) -> dict[str, Any]:
    states, arns = {}, {}
    for found in read.get("iam", "list_saml_providers")["SAMLProviderList"]:
        name = iam.name_of(found["Arn"])
        if not want.has(name):
            continue
        arns[name] = found["Arn"]
        states[name] = State(
            saml_metadata_document=UNREAD,
            tags=UNREAD,
            valid_until=iam.when(found.get("ValidUntil")),
            expires_in_days=iam.days_since(read.now, found["ValidUntil"]) if "ValidUntil" in found else None,
            private_keys=UNREAD,
            created=iam.when(found.get("CreateDate")),
        )
    if not want.details:
        return states
    answers = read.each(
        "iam", "get_saml_provider", [{"SAMLProviderArn": arns[name]} for name in states], "NoSuchEntity"
    )
    return {
        name: replace(
            states[name],
            saml_metadata_document=answer["SAMLMetadataDocument"],
            tags=iam.tags_of(answer),
            private_keys=tuple(sorted(key["KeyId"] for key in answer.get("PrivateKeyList", ()))),
        )
        for name, answer in zip(states, answers, strict=True)
        if answer is not None
    }


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    who = {"SAMLProviderArn": _arn(name, look)}
    if after is None:
        yield Call("iam", "delete_saml_provider", who)
    elif before is None:
        params: dict[str, Any] = {"Name": name, "SAMLMetadataDocument": after.saml_metadata_document}
        if not isinstance(after.tags, Mark) and (tags := iam.without_aws(after.tags)):
            params["Tags"] = iam.tag_list(tags)
        yield Call("iam", "create_saml_provider", params)
    else:
        old, new = before.saml_metadata_document, after.saml_metadata_document
        if UNREAD not in (old, new) and old != new:
            yield Call("iam", "update_saml_provider", {**who, "SAMLMetadataDocument": new})
        if not isinstance(before.tags, Mark) and not isinstance(after.tags, Mark):
            yield from iam.tag_calls("saml_provider", who, before.tags, after.tags)


def _arn(name: str, look: Look) -> str:
    return iam.iam_arn(look, "saml-provider", "/", name)


def arn(name: str, state: State, look: Look) -> str:
    return _arn(name, look)


def owner(name: str, state: State) -> str | None:
    """Source: IAM Identity Center User Guide: it makes a provider of such a name in each account, not to be deleted."""
    if name.startswith("AWSSSO_"):
        return "IAM Identity Center"
    return iam.owner_of("/", name, {} if isinstance(state.tags, Mark) else state.tags)


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    if after is None and not isinstance(before.private_keys, Mark):
        yield from (f"private key {key} of {name}" for key in before.private_keys)


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is not None and not isinstance(after.tags, Mark):
        yield from iam.tag_breaches(after.tags, fold_case=False)


ripples = defaults.no_ripples
notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    mine = _arn(name, look)
    yield Need(mine)
    if call.operation.startswith("create_") and call.params.get("Tags"):
        yield Need(mine, "iam:TagSAMLProvider")
