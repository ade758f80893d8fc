"""Attached and inline policies of users, groups and roles: twenty-one operations that differ in a word only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from urllib.parse import quote

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam import documents
from iamfix.sandbox.services.iam.lookup import check_policy_arn, iam, is_aws_policy, no_such_entity, see_policy
from iamfix.sandbox.services.iam.principal_kinds import KINDS, PrincipalKind, put

MOST_ATTACHED = 10


def _attach(kind: PrincipalKind, call: Call) -> Answer:
    """AttachUserPolicy and its like: again is no error; at most ten."""
    arn = call.param("PolicyArn")
    check_policy_arn(arn)
    holder = kind.take(call, kind.name(call))
    missing = f"Policy {arn} does not exist or is not attachable."
    see_policy(call, arn, missing)
    if not is_aws_policy(arn) and iam(call).policies.latest(arn.rsplit("/", 1)[-1].lower()) is None:
        raise no_such_entity(missing)
    if arn in holder.attached:
        return {}
    if len(holder.attached) >= MOST_ATTACHED:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for PoliciesPer{kind.word}: {MOST_ATTACHED}")
    put(iam(call), replace(holder, attached=(*holder.attached, arn)))
    return {}


def _detach(kind: PrincipalKind, call: Call) -> Answer:
    """DetachUserPolicy and its like: NoSuchEntity when it is not attached."""
    arn = call.param("PolicyArn")
    check_policy_arn(arn)
    holder = kind.take(call, kind.name(call))
    if arn not in holder.attached:
        raise no_such_entity(f"Policy {arn} was not found.")
    put(iam(call), replace(holder, attached=tuple(other for other in holder.attached if other != arn)))
    return {}


def _list_attached(kind: PrincipalKind, call: Call) -> Answer:
    """ListAttachedUserPolicies and its like."""
    holder = kind.see(call, kind.name(call))
    prefix = call.params.get("PathPrefix", "/")
    arns = [arn for arn in holder.attached if _path(arn).startswith(prefix)]
    some, marker = page(call, arns)
    told = [{"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn} for arn in some]
    return {"AttachedPolicies": told, "IsTruncated": marker is not None, "Marker": marker}


def _path(policy_arn: str) -> str:
    return policy_arn.split(":policy", 1)[1].rsplit("/", 1)[0] + "/"


def _put_inline(kind: PrincipalKind, call: Call) -> Answer:
    """PutUserPolicy and its like: grammar, and the limit on the sum of all inline policies."""
    holder = kind.take(call, kind.name(call))
    name, document = call.param("PolicyName"), call.param("PolicyDocument")
    documents.check_identity_policy(document)
    inline = {**holder.inline, name: document}
    if sum(documents.size(text) for text in inline.values()) > kind.inline_limit:
        raise AwsError(
            "LimitExceeded",
            f"Maximum policy size of {kind.inline_limit} bytes exceeded for {kind.word.lower()} {holder.name}",
        )
    put(iam(call), replace(holder, inline=inline))
    return {}


def _get_inline(kind: PrincipalKind, call: Call) -> Answer:
    """GetUserPolicy and its like; the document is percent-encoded."""
    holder = kind.see(call, kind.name(call))
    name = call.param("PolicyName")
    if name not in holder.inline:
        raise _no_inline(kind, name)
    document = quote(holder.inline[name], safe="")
    return {f"{kind.word}Name": holder.name, "PolicyName": name, "PolicyDocument": document}


def _delete_inline(kind: PrincipalKind, call: Call) -> Answer:
    """DeleteUserPolicy and its like."""
    holder = kind.take(call, kind.name(call))
    name = call.param("PolicyName")
    if name not in holder.inline:
        raise _no_inline(kind, name)
    put(iam(call), replace(holder, inline={other: text for other, text in holder.inline.items() if other != name}))
    return {}


def _no_inline(kind: PrincipalKind, name: str) -> AwsError:
    return no_such_entity(f"The {kind.word.lower()} policy with name {name} cannot be found.")


def _list_inline(kind: PrincipalKind, call: Call) -> Answer:
    """ListUserPolicies and its like."""
    holder = kind.see(call, kind.name(call))
    some, marker = page(call, sorted(holder.inline))
    return {"PolicyNames": some, "IsTruncated": marker is not None, "Marker": marker}


_VERBS: dict[str, Callable[[PrincipalKind, Call], Answer]] = {
    "Attach{}Policy": _attach,
    "Detach{}Policy": _detach,
    "ListAttached{}Policies": _list_attached,
    "Put{}Policy": _put_inline,
    "Get{}Policy": _get_inline,
    "Delete{}Policy": _delete_inline,
    "List{}Policies": _list_inline,
}

OPERATIONS: dict[str, Handler] = {
    verb.format(kind.word): partial(handle, kind) for kind in KINDS for verb, handle in _VERBS.items()
}


def inline_list(inline: Mapping[str, str]) -> list[dict[str, str]]:
    """Inline policies as GetAccountAuthorizationDetails tells them."""
    return [{"PolicyName": name, "PolicyDocument": quote(text, safe="")} for name, text in inline.items()]
