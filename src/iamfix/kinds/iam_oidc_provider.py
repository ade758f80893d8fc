"""OpenID Connect identity provider, named by its address without https://: who may ask, and its certificates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import SET, TAGS, asked, seen
from iamfix.kinds import defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Scope, Want
from iamfix.model import UNREAD, Call, Mark

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
ONE_BY_ONE = True
READS = (("iam", "list_open_id_connect_providers"), ("iam", "get_open_id_connect_provider"))
EXAMPLE = """\
- name: GitHub's workflows may ask for roles
  iam_oidc_provider:
    name: token.actions.githubusercontent.com
    client_ids: [sts.amazonaws.com]
"""

MAX_CLIENT_IDS = 100
MAX_THUMBPRINTS = 5


@dataclass(frozen=True, slots=True)
class State:
    client_ids: frozenset[str] = asked(SET, "Audiences that tokens may be for.", default=frozenset())
    thumbprints: frozenset[str] | Mark = asked(
        SET, "SHA-1 thumbprints of its certificate authorities; not given, AWS finds the one in use.", default=UNREAD
    )
    tags: iam.Tags = asked(TAGS, "Tags.", default={})
    created: str | None = seen("When it was created (UTC).", volatile=True)


def observe(read: Reader, want: Want) -> dict[str, Any]:
    start = f"arn:{read.account.partition}:iam::{read.account.id}:oidc-provider/"
    if want.names is None:
        listed = read.get("iam", "list_open_id_connect_providers")["OpenIDConnectProviderList"]
        arns = [str(found["Arn"]) for found in listed]
    else:
        arns = [start + name for name in sorted(want.names)]
    asks = [{"OpenIDConnectProviderArn": arn} for arn in arns]
    answers = read.each("iam", "get_open_id_connect_provider", asks, "NoSuchEntity")
    return {
        arn.removeprefix(start): State(
            client_ids=frozenset(answer.get("ClientIDList", ())),
            thumbprints=frozenset(answer.get("ThumbprintList", ())),
            tags=iam.tags_of(answer),
            created=iam.when(answer.get("CreateDate")),
        )
        for arn, answer in zip(arns, answers, strict=True)
        if answer is not None
    }


def named(name: str, look: Look) -> str:
    """An address may be given with its scheme, as the provider itself writes it."""
    return name.removeprefix("https://").rstrip("/")


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    who = {"OpenIDConnectProviderArn": _arn(name, look)}
    if after is None:
        yield Call("iam", "delete_open_id_connect_provider", who)
    elif before is None:
        yield _create(name, after)
    else:
        for client in sorted(after.client_ids - before.client_ids):
            yield Call("iam", "add_client_id_to_open_id_connect_provider", {**who, "ClientID": client})
        for client in sorted(before.client_ids - after.client_ids):
            yield Call("iam", "remove_client_id_from_open_id_connect_provider", {**who, "ClientID": client})
        old, new = before.thumbprints, after.thumbprints
        if not isinstance(old, Mark) and not isinstance(new, Mark) and old != new:
            params = {**who, "ThumbprintList": sorted(new)}
            yield Call("iam", "update_open_id_connect_provider_thumbprint", params)
        yield from iam.tag_calls("open_id_connect_provider", who, before.tags, after.tags)


def _create(name: str, after: State) -> Call:
    params: dict[str, Any] = {"Url": f"https://{name}", "ClientIDList": sorted(after.client_ids)}
    if not isinstance(after.thumbprints, Mark):
        params["ThumbprintList"] = sorted(after.thumbprints)
    if tags := iam.without_aws(after.tags):
        params["Tags"] = iam.tag_list(tags)
    return Call("iam", "create_open_id_connect_provider", params)


def _arn(name: str, look: Look) -> str:
    return iam.iam_arn(look, "oidc-provider", "/", name)


def arn(name: str, state: State, look: Look) -> str:
    return _arn(name, look)


def owner(name: str, state: State) -> str | None:
    return iam.owner_of("/", name, state.tags)


loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    if len(after.client_ids) > MAX_CLIENT_IDS:
        yield Breach(f"{len(after.client_ids)} client ids; AWS takes {MAX_CLIENT_IDS}")
    if not isinstance(after.thumbprints, Mark):
        if len(after.thumbprints) > MAX_THUMBPRINTS:
            yield Breach(f"{len(after.thumbprints)} thumbprints; AWS takes {MAX_THUMBPRINTS}")
        if not after.thumbprints:
            yield Breach("a provider without a thumbprint is not possible", "leave thumbprints out, and AWS finds one")
    yield from iam.tag_breaches(after.tags, fold_case=False)


ripples = defaults.no_ripples


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    if after is None:
        trusting = [role for role, state in look.all("iam_role").items() if _trusts(state, _arn(name, look))]
        if trusting:
            yield f"roles that trust it can no longer be assumed through it: {', '.join(sorted(trusting)[:5])}"


def _trusts(role: Any, provider: str) -> bool:
    document: Mapping[str, Any] = role.assume_role_policy_document.data
    statements = document.get("Statement", [])
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        principal = statement.get("Principal", {})
        federated = principal.get("Federated", ()) if isinstance(principal, Mapping) else ()
        if provider in ([federated] if isinstance(federated, str) else federated):
            return True
    return False


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    mine = _arn(name, look)
    yield Need(mine)
    if call.operation.startswith("create_") and call.params.get("Tags"):
        yield Need(mine, "iam:TagOpenIDConnectProvider")
