"""Who from outside a role's trust policy lets in: services, identity providers and other accounts.

Sources: IAM User Guide, reference_policies_elements_principal; STS API Reference, AssumeRole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from iamfix.access.picture import Holder, Picture
from iamfix.policy.compiled import compile_document
from iamfix.policy.decision import Decision
from iamfix.policy.document import ALLOW_ALL, Document, dangling_principals
from iamfix.policy.evaluate import compile_policies, evaluate
from iamfix.policy.principals import Principal, parse_principal
from iamfix.policy.request import make_request
from iamfix.policy.statements import Member, statements

__all__ = ["living", "named_in", "outsiders"]

_OF_THE_CALLER = ("aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username", "aws:userid")


def named_in(trust: Document, principal: Principal) -> bool:
    """Whether an Allow of a trust policy can mean a principal of the account, under whatever conditions."""
    for statement in compile_document(trust, "trust_policy").allows:
        element = statement.principal
        if element is None:
            continue
        named = element.names(principal) is not None
        if element.ids or named is not statement.not_principal:
            return True
    return False


def living(picture: Picture) -> Picture:
    """The picture of an account as AWS shows it, in which a unique id in a trust policy means nobody.

    AWS shows a principal by its id only where its user or role is no more, and whoever has its name now has another.
    Source: IAM User Guide, reference_policies_elements_principal.
    """
    roles = {
        name: role if role.trust is None else replace(role, trust=_cleaned(role.trust))
        for name, role in picture.holders["role"].items()
    }
    return replace(picture, holders={**picture.holders, "role": roles})


def _cleaned(trust: Document) -> Document:
    gone = dangling_principals(trust)
    if not gone:
        return trust
    data = trust.data
    given = data["Statement"]
    for statement in given if isinstance(given, list) else [given]:
        for element in ("Principal", "NotPrincipal"):
            value = statement.get(element)
            if isinstance(value, dict) and "AWS" in value:
                some = value["AWS"] if isinstance(value["AWS"], list) else [value["AWS"]]
                value["AWS"] = [f"deleted {one}" if one in gone else one for one in some]
    return Document.parse(data, trust=True, partition=trust.partition)


def outsiders(picture: Picture, role: Holder, action: str) -> Iterator[tuple[str, Decision]]:
    """Yield who that is not of the account is named in a role's trust policy, with the answer to the action.

    Another account is asked for as a whole: which of its principals may, its own policies say. What its callers are
    like is not known.

    Raises:
        DocumentError: the trust policy is not of the policy grammar.
    """
    if role.trust is None:
        return
    policies = compile_policies(identity=[ALLOW_ALL], resource=role.trust)
    told: set[str] = set()
    for statement in statements(role.trust.data):
        for member in statement.principals() if statement.allows else ():
            found = _outsider(picture, member)
            if found is None or found[0] in told:
                continue
            name, principal, hidden = found
            told.add(name)
            request = make_request(principal, action, picture.arn(role), partial=True)
            known = {key: value for key, value in request.context.items() if key not in hidden}
            decision = evaluate(policies, replace(request, context=known))
            if decision.decision != "implicit_deny":
                yield name, decision


def _outsider(picture: Picture, member: Member) -> tuple[str, Principal, tuple[str, ...]] | None:
    """A member of a Principal element: its name, one who can be meant by it, and the keys that are not known of it."""
    if member.text == "*" and member.type in ("*", "AWS"):
        return "anyone in any account", Principal("user", "*", "*"), _OF_THE_CALLER
    if member.type != "AWS":
        try:
            return member.text, parse_principal({member.type: member.text}), ()
        except ValueError:
            return None
    try:
        principal = parse_principal(member.text)
    except ValueError:  # a unique id, of which the principal is no more
        return None
    if principal.account is None or principal.account == picture.account.id:
        return None
    if principal.kind == "root":
        partition = principal.partition or picture.account.partition
        one = Principal("user", f"arn:{partition}:iam::{principal.account}:user/*", principal.account, partition)
        return f"account {principal.account}", one, tuple(k for k in _OF_THE_CALLER if k != "aws:principalaccount")
    return member.text, principal, ("aws:userid",)
