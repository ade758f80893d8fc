"""Probes: what a principal must be able to do, asked of a picture of its account.

Sources: IAM User Guide, reference_policies_evaluation-logic; STS API Reference, AssumeRole (the trust policy decides
who may assume a role); reference_policies_condition-keys (aws:MultiFactorAuthPresent).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from iamfix.access.picture import Holder, HolderKind, Picture, Source
from iamfix.policy.decision import Decision, StatementRef
from iamfix.policy.document import ALLOW_ALL, Document
from iamfix.policy.evaluate import Policies, compile_policies, evaluate
from iamfix.policy.principals import parse_principal
from iamfix.policy.request import Request, make_request

__all__ = ["Limits", "Probe", "Verdict", "Watched", "ask", "named"]

_TAG = re.compile(r"aws:principaltag/([^\"'{}\s,\]]+)", re.IGNORECASE)


def _delegating(request: Request, account: str) -> Document | None:
    """The policy of a role or key that leaves it to the account's own policies: only the principal's side is asked."""
    if not (request.enters_role or request.uses_key):
        return None
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "*"}
    return Document.parse([statement | ({} if request.enters_role else {"Resource": "*"})], trust=request.enters_role)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the organization lays on an account: SCPs and RCPs by level from the root down; None: none are known."""

    scps: tuple[tuple[Document, ...], ...] | None = None
    rcps: tuple[tuple[Document, ...], ...] | None = None
    management_account: str | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """A request that a principal must be able to make. With `caller`: that this other principal may enter the role."""

    action: str
    resource: str
    caller: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """A user or role that must keep its access, and why. `known` are context keys of its requests."""

    kind: HolderKind
    name: str
    arn: str
    why: str
    probes: tuple[Probe, ...]
    known: Mapping[str, Any]
    any_trust: bool = False
    """Whoever could assume it must still be able to."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a probe. `statement` is the statement that decided, in words; empty where none did."""

    decision: Decision
    statement: str = ""

    @property
    def value(self) -> str:
        return self.decision.decision

    @property
    def why(self) -> str:
        """Why, in one clause."""
        if self.value == "explicit_deny":
            return f"denied by {self.statement}"
        if self.value == "unknown":
            return f"it hangs on {', '.join(self.decision.unknown_keys)}"
        return self.decision.reason if not self.statement else f"allowed by {self.statement}"


def ask(picture: Picture, watched: Watched, probe: Probe, limits: Limits) -> Verdict:
    """Answer one probe. Context keys that nobody knows leave the answer `unknown`."""
    holder = picture.holder(watched.kind, watched.name)
    if holder is None:
        return Verdict(Decision("implicit_deny", f"the {watched.kind} is gone"))
    if probe.caller is not None:
        return _ask_trust(picture, holder, probe, limits)
    sources = picture.identity(holder)
    documents = [source.document for source in sources if source.document is not None]
    boundary = None if holder.boundary is None else picture.managed(holder.boundary)
    if boundary is not None and boundary.document is None:
        return _unread(boundary)
    if any(source.document is None for source in sources):
        documents.append(ALLOW_ALL)  # a policy that could not be read may allow anything: what is denied still, is
    request = make_request(
        picture.arn(holder), probe.action, probe.resource,
        context={**watched.known, **_tags(holder, documents)}, partial=True,
    )  # fmt: skip
    other = _delegating(request, picture.account.id)
    policies = _policies(documents, None if boundary is None else boundary.document, other, limits)
    decision = evaluate(policies, request)
    unread = next((source for source in sources if source.document is None), None)
    if unread is not None and decision.decision in ("allowed", "unknown"):
        return _unread(unread)
    return Verdict(decision, named(decision.statement, sources, boundary))


def _policies(
    identity: Iterable[Document], boundary: Document | None, resource: Document | None, limits: Limits
) -> Policies:
    other = None if resource is None else (resource.text, resource.trust)
    own = _compiled(tuple(document.text for document in identity), boundary and boundary.text, other)
    limiting = _limiting(limits)
    return replace(own, scps=limiting.scps, rcps=limiting.rcps, management_account=limits.management_account)


@lru_cache(maxsize=256)
def _compiled(identity: tuple[str, ...], boundary: str | None, resource: tuple[str, bool] | None) -> Policies:
    """By the documents' texts, for equal documents may have their statements in another order."""
    return compile_policies(
        identity=[Document(text) for text in identity], boundary=None if boundary is None else Document(boundary),
        resource=None if resource is None else Document(resource[0], trust=resource[1]),
    )  # fmt: skip


@lru_cache(maxsize=64)
def _limiting(limits: Limits) -> Policies:
    return compile_policies(scps=limits.scps, rcps=limits.rcps)


def _unread(source: Source) -> Verdict:
    decision = Decision("unknown", "", None, (f"the document of {source.name}, which could not be read",))
    return Verdict(decision)


def _ask_trust(picture: Picture, role: Holder, probe: Probe, limits: Limits) -> Verdict:
    """Whether the caller may assume the role. Of a caller in another account only the role's side is known."""
    who = parse_principal(str(probe.caller))
    arn = picture.arn(role)
    identity, boundary, sources = [ALLOW_ALL], None, [Source("the caller's own policies", ALLOW_ALL)]
    caller, unread = _own_holder(picture, str(probe.caller)), list[str]()
    if caller is not None:
        sources = picture.identity(caller)
        rights = picture.rights(caller)
        unread = sorted(rights.unread)
        identity, boundary = [*rights.identity, *([ALLOW_ALL] if unread else [])], rights.boundary
    context = {
        "sts:ExternalId": probe.external_id,
        **({} if caller is None else _tags(caller, [role.trust, *identity])),
    }
    request = make_request(who, probe.action, arn, context=context, partial=True)
    if not who.path_known and caller is None:
        # The ARN of a session does not tell the path of its role: what it is compared with cannot be known.
        request = _without(request, "aws:principalarn")
    decision = evaluate(_policies(identity, boundary, role.trust, limits), request)
    if unread and decision.decision in ("allowed", "unknown"):
        return _unread(Source(unread[0], None))
    trust = f"the trust policy of role {role.name}"
    if caller is None and decision.allowed:
        return Verdict(decision, trust)
    return Verdict(decision, named(decision.statement, sources, None, trust))


def _without(request: Request, key: str) -> Request:
    return replace(request, context={name: value for name, value in request.context.items() if name != key})


def _own_holder(picture: Picture, arn: str) -> Holder | None:
    """The user or role of this account behind an ARN, that of a session included."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[4] != picture.account.id:
        return None
    kind, _, rest = parts[5].partition("/")
    if kind == "assumed-role":
        return picture.holder("role", rest.partition("/")[0])
    name = rest.rpartition("/")[2]
    return picture.holder(kind, name) if kind in ("user", "role") else None  # type: ignore[arg-type]


def _tags(holder: Holder, documents: Iterable[Document | None]) -> dict[str, Any]:
    """The principal's tags as context keys: those that it has, and None for those that policies ask for in vain."""
    asked = {
        f"aws:principaltag/{found.lower()}": None
        for document in documents
        if document is not None
        for found in _TAG.findall(document.text)
    }
    return asked | {f"aws:principaltag/{key.lower()}": value for key, value in holder.tags.items()}


def named(
    ref: StatementRef | None, sources: Sequence[Source], boundary: Source | None, resource: str = "the resource policy"
) -> str:
    """A statement in words, its policy by name."""
    if ref is None:
        return ""
    which = f"statement {ref.statement + 1}" + (f" ({ref.sid})" if ref.sid else "")
    if ref.layer == "identity_policy":
        known = [source for source in sources if source.document is not None]
        return f"{which} of {known[ref.document].name}"
    if ref.layer == "boundary" and boundary is not None:
        return f"{which} of the permissions boundary, {boundary.name}"
    if ref.layer in ("trust_policy", "resource_policy"):
        return f"{which} of {resource}"
    return str(ref)
