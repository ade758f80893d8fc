"""Account of the organization: where it is, its tags and its alternate contacts. iamfix makes accounts, closes none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from iamfix.fields import OPTIONAL_TEXT, TAGS, TEXT, Partial, asked, seen
from iamfix.kinds import defaults, organizational_unit
from iamfix.kinds import organizations_lockout as lockout
from iamfix.kinds import organizations_shared as org
from iamfix.kinds.organizations_names import account_name, account_names, is_clear, unit_path
from iamfix.kinds.protocol import Breach, Look, Reader, Ripple, Scope, Want
from iamfix.model import UNREAD, AwsError, Call, Mark
from iamfix.typed import Part, Text, Typed

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
LANE = org.LANE
PLACE = org.PLACE
OPENS_ACCOUNTS = True
KEPT = "iamfix closes no account; close it by hand, its state is then told"
READS = (
    *org.TREE_READS,
    ("organizations", "list_tags_for_resource"),
    ("organizations", "describe_create_account_status"),
    ("account", "get_alternate_contact"),
    ("organizations", "list_aws_service_access_for_organization"),
)
EXAMPLE = """\
- name: Payments, production
  organization_account:
    name: payments-prod
    ou: workloads/prod
    tags: {include: {env: prod}}
    security_contact: {name: Security, title: SOC, email: soc@example.com, phone: "+1 555 0100"}
"""
CONTACTS = {"billing_contact": "BILLING", "operations_contact": "OPERATIONS", "security_contact": "SECURITY"}
"""Field -> AWS's word for the type of alternate contact."""
ACCOUNT_SERVICE = "account.amazonaws.com"


class Contact(Part):
    """A person or team whom AWS writes to. AWS wants all four."""

    name: Text
    title: Text
    email: Text
    phone: Text


_CONTACT = Typed(Contact | None, "name, title, email and phone, or null")


def _contact(doc: str) -> Any:
    return asked(_CONTACT, doc, default=None, detail=True, reads=("get_alternate_contact",))


@dataclass(frozen=True, slots=True)
class State:
    email: str | None = asked(
        OPTIONAL_TEXT, "E-mail address of its root user; needed for a new account.", required=True, fixed=True
    )
    ou: str = asked(TEXT, "Path of the unit it is in, or root.", default=org.ROOT, resolve=unit_path)
    tags: Mapping[str, str] | Mark = asked(TAGS, "Tags.", default={}, detail=True, reads=("list_tags_for_resource",))
    billing_contact: Contact | Mark | None = _contact("Whom AWS writes to about bills.")
    operations_contact: Contact | Mark | None = _contact("Whom AWS writes to about operations.")
    security_contact: Contact | Mark | None = _contact("Whom AWS writes to about security.")
    id: str | None = seen("Its id, twelve digits.", made=True)
    account_name: str | None = seen("Its name in AWS.", volatile=True)
    status: str = seen("What AWS says of it, such as ACTIVE or SUSPENDED.", default="ACTIVE")
    management: bool = seen("It is the organization's management account.", default=False)
    joined: str | None = seen("When it joined the organization.", volatile=True)


def observe(read: Reader, want: Want) -> dict[str, State]:
    tree = org.tree(read)
    if tree is None:
        return {}
    names = account_names(tree)
    found = {
        names[one.id]: State(
            email=one.email,
            ou=one.unit,
            tags=UNREAD,
            billing_contact=UNREAD,
            operations_contact=UNREAD,
            security_contact=UNREAD,
            id=one.id,
            account_name=one.name,
            status=one.state,
            management=one.id == tree.management,
            joined=one.joined or None,
        )
        for one in tree.members.values()
        if want.has(names[one.id])
    }
    return {name: replace(state, **_details(read, want, str(state.id))) for name, state in found.items()}


def _details(read: Reader, want: Want, account: str) -> dict[str, Any]:
    """Return what AWS tells of one account at a time, as far as it is wanted."""
    details: dict[str, Any] = {"tags": org.tags_of(read, account)} if "tags" in want.details else {}
    for field, kind in CONTACTS.items():
        if field not in want.details:
            continue
        params = {"AlternateContactType": kind, **_whose(account, read.account.id)}
        try:
            answer = read.find("account", "get_alternate_contact", "ResourceNotFound", **params)
        except AwsError as error:
            if error.code != "AccessDenied" or account == read.account.id or _trusted(read):
                raise
            continue  # without trusted access nothing of it is told: an earlier task may be about to ask for it
        told = None if answer is None else answer["AlternateContact"]
        details[field] = told and Contact(
            name=told["Name"], title=told["Title"], email=told["EmailAddress"], phone=told["PhoneNumber"]
        )
    return details


def _trusted(read: Reader) -> bool:
    """Tell whether AWS tells of other accounts' contacts here at all."""
    services = read.get("organizations", "list_aws_service_access_for_organization")["EnabledServicePrincipals"]
    return any(one["ServicePrincipal"] == ACCOUNT_SERVICE for one in services)


def _whose(account: org.Id, own: str) -> dict[str, org.Id]:
    """Return the parameter that names an account; AWS wants it left out for one's own."""
    return {} if account == own else {"AccountId": account}


def named(name: str, look: Look) -> str:
    """Return the name here of an account that a task names by name or id; of a new one, the name as it is."""
    accounts = look.all("organization_account")
    if name in accounts or not any(name in (one.id, one.account_name) for one in accounts.values()):
        return name
    return account_name(name, look)


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if after is None:
        return
    old = before or State()
    if before is None:
        params: dict[str, object] = {"AccountName": name, "Email": after.email}
        if tags := org.tag_list(after.tags):
            params["Tags"] = tags
        yield Call("organizations", "create_account", params)
    account = old.id or org.account_id(look, name)
    if old.ou != after.ou:
        parents = {"SourceParentId": org.unit_id(look, old.ou), "DestinationParentId": org.unit_id(look, after.ou)}
        yield Call("organizations", "move_account", {"AccountId": account, **parents})
    if before is not None:
        yield from org.tag_calls(account, before.tags, after.tags)
    for field, kind in CONTACTS.items():
        was, now = getattr(old, field), getattr(after, field)
        if was == now or now is UNREAD:
            continue
        params = {"AlternateContactType": kind, **_whose(account, look.account.id)}
        if now is None:
            yield Call("account", "delete_alternate_contact", params)
        else:
            told = {"Name": now.name, "Title": now.title, "EmailAddress": now.email, "PhoneNumber": now.phone}
            yield Call("account", "put_alternate_contact", {**params, **told})


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    if before is not None and before.status != "ACTIVE":
        yield Breach(f"the account is {before.status}: AWS changes nothing of it", "leave it out")
    yield from org.tag_breaches(after.tags, look)
    if before is None:
        taken = [one for one, state in look.all("organization_account").items() if _same(state.email, after.email)]
        if taken:
            yield Breach(
                f"{taken[0]} has the e-mail address {after.email}; an address is for one account, for ever",
                "give another address",
            )
        yield from _new_breaches(name, str(after.email))
    changed = [field for field in CONTACTS if getattr(before or State(), field) != getattr(after, field)]
    organization = look.get("organization", "organization")
    own = before is not None and before.id == look.account.id
    if changed and not own and organization is not None and ACCOUNT_SERVICE not in organization.trusted_services:
        yield Breach(
            f"contacts of other accounts need trusted access of {ACCOUNT_SERVICE}",
            f"in an earlier task: organization: {{trusted_services: {{include: [{ACCOUNT_SERVICE}]}}}}",
        )
    if before is not None and before.ou != after.ou:
        if before.management:
            yield Breach(
                "it is the management account, from which the whole organization is run: tag policies, AI opt-out and "
                "backup policies of its new place hold for it",
                "leave it where it is, or allow `whole-organization`",
                "whole-organization",
            )
        yield from lockout.move_breaches(name, before, after, look)


_DOMAIN = re.compile(r"(?![.-])[A-Za-z0-9.-]+\.[A-Za-z0-9.-]*(?<![.-])")
_NOT_IN_LOCAL = frozenset("\"'()<>[]:;,\\|%& ")


def _new_breaches(name: str, email: str) -> Iterator[Breach]:
    """Yield what AWS would find out in the background only, or would take though nobody could name it afterwards.

    Source: Organizations API Reference, "CreateAccount": the rules for `Email`.
    """
    if not is_clear(name):
        yield Breach(
            f"{name!r} is no name for a new account: as a target it is the root, a tag, or an account's id",
            "give it another name",
        )
    local, _, domain = email.rpartition("@")
    good = email.isascii() and email.isprintable() and 6 <= len(email) <= 64
    if not good or not local or local.startswith(".") or _NOT_IN_LOCAL & set(local) or "@" in local:
        yield Breach(f"{email!r} is no e-mail address that AWS takes", "6 to 64 ASCII characters: aws+x@example.com")
    elif not _DOMAIN.fullmatch(domain):
        yield Breach(f"{domain!r} in {email!r} is no domain that AWS takes", "such as example.com")


def _same(one: str | None, other: str | None) -> bool:
    """To AWS an e-mail address is the same in whatever case."""
    return (one or "").lower() == (other or "").lower()


def ripples(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Ripple]:
    me = frozenset((name,))
    old, new = before.ou if before else None, after.ou if after else None
    for unit, step in ((old, Partial(frozenset(), me)), (new, Partial(me, frozenset()))):
        if old != new and unit not in (None, org.ROOT):
            yield Ripple("organizational_unit", str(unit), "accounts", step)
    if before is None:
        yield from organizational_unit.attachment_ripples(name, look, made=True)


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    if before is None:
        yield "a new account is not taken back: iamfix closes no account"
        address = "" if after is None else after.email
        told = f"`iamfix bootstrap {name} --email {address}` goes on with it, and applies playbooks/bootstrap.yml"
        yield f"it comes without a baseline: {told}"
    for field in CONTACTS:
        was, now = getattr(before, field, None), getattr(after, field, None)
        if was is UNREAD and now is not UNREAD:
            step = "goes" if now is None else f"becomes {now.name} <{now.email}>"
            yield f"{field} {step}; what it is now, AWS does not tell yet, and a rollback does not bring it back"


arn = defaults.no_arn
owner = defaults.no_owner
loses = defaults.loses_nothing
needs = defaults.own_needs
