"""Server certificate in IAM: when it ends. iamfix uploads none, for that needs the private key; it removes them."""

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
FOLDS_CASE = True
CREATABLE = False
SINGLETON = None
READS = (("iam", "list_server_certificates"), ("iam", "list_server_certificate_tags"))
EXAMPLE = """\
- name: Certificates that have ended are removed
  iam_server_certificate:
    select: "expires_in_days < 0"
    state: absent
"""


@dataclass(frozen=True, slots=True)
class State:
    path: str = asked(TEXT, "Path; /cloudfront/… for CloudFront.", default="/")
    tags: iam.Tags | Mark = asked(TAGS, "Tags.", default={}, detail=True, reads=("list_server_certificate_tags",))
    expires: str | None = seen("When it ends (UTC).")
    expires_in_days: int = seen("Days until then; negative when it has ended.", default=0, volatile=True)
    uploaded: str | None = seen("When it was uploaded (UTC).")


def observe(read: Reader, want: Want) -> dict[str, Any]:
    states = {
        found["ServerCertificateName"]: State(
            path=found["Path"],
            tags=UNREAD,
            expires=iam.when(found.get("Expiration")),
            expires_in_days=iam.days_since(read.now, found["Expiration"]) or 0,
            uploaded=iam.when(found.get("UploadDate")),
        )
        for found in read.get("iam", "list_server_certificates")["ServerCertificateMetadataList"]
        if want.has(found["ServerCertificateName"])
    }
    if "tags" not in want.details:
        return states
    asks = [{"ServerCertificateName": name} for name in states]
    answers = read.each("iam", "list_server_certificate_tags", asks, "NoSuchEntity")
    return {
        name: replace(states[name], tags=iam.tags_of(answer))
        for name, answer in zip(states, answers, strict=True)
        if answer is not None
    }


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    who = {"ServerCertificateName": name}
    if before is None:
        return  # only who has the private key can upload it
    if after is None:
        yield Call("iam", "delete_server_certificate", who)
        return
    if before.path != after.path:
        yield Call("iam", "update_server_certificate", {**who, "NewPath": after.path})
    if not isinstance(before.tags, Mark) and not isinstance(after.tags, Mark):
        yield from iam.tag_calls("server_certificate", who, before.tags, after.tags)


def arn(name: str, state: State, look: Look) -> str:
    return iam.iam_arn(look, "server-certificate", state.path, name)


def owner(name: str, state: State) -> str | None:
    return iam.owner_of(state.path, name, {} if isinstance(state.tags, Mark) else state.tags)


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    if after is None:
        yield f"the certificate {name} and its private key"


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is not None and not isinstance(after.tags, Mark):
        yield from iam.tag_breaches(after.tags, fold_case=False)


ripples = defaults.no_ripples
notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    yield Need(arn(name, state, look))
    if "NewPath" in call.params:
        before = look.get("iam_server_certificate", name)
        if before is not None:
            yield Need(arn(name, before, look))
