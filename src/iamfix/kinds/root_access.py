"""Central root access: the organization's management account removes and audits its members' root credentials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iamfix.fields import FLAG, asked
from iamfix.kinds import defaults
from iamfix.kinds.protocol import Breach, Look, Reader, Scope, Want
from iamfix.model import AwsError, Call, NotHere

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = "root_access"
KEPT = "it is on or off; say credentials_management: false, sessions: false"
READS = (("iam", "list_organizations_features"),)
EXAMPLE = """\
- name: The members' root users are managed centrally
  root_access:
    credentials_management: true
    sessions: true
"""
SERVICE = "iam.amazonaws.com"
"""IAM's name as a service with trusted access, and with a delegated administrator: kind organization has both."""


@dataclass(frozen=True, slots=True)
class State:
    credentials_management: bool = asked(
        FLAG, "Root credentials of member accounts can be looked at and removed from here.", default=False
    )
    sessions: bool = asked(
        FLAG, "Root tasks in member accounts, such as unlocking a bucket, can be done from here.", default=False
    )


_FEATURES = {
    "credentials_management": ("RootCredentialsManagement", "organizations_root_credentials_management"),
    "sessions": ("RootSessions", "organizations_root_sessions"),
}
"""Field -> AWS's word for it, and the operation behind enable_ and disable_."""


def observe(read: Reader, want: Want) -> dict[str, State]:
    try:
        features = read.get("iam", "list_organizations_features").get("EnabledFeatures", ())
    except AwsError as error:
        if error.code == "AccountNotManagementOrDelegatedAdministrator":
            raise NotHere(
                f"account {read.account.id} is neither the organization's management account nor IAM's delegated "
                "administrator, and central root access is managed there",
                "run this play for the management account",
            ) from None
        if error.code == "OrganizationNotFound":
            told = f"account {read.account.id} is in no organization, so there is no central root access"
            raise NotHere(told, "run this play for the management account") from None
        if error.code != "ServiceAccessNotEnabled":
            raise
        features = ()
    return {SINGLETON: State(**{field: word in features for field, (word, _) in _FEATURES.items()})}


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if after is None:
        return
    old = before or State()
    for field, (_, operation) in _FEATURES.items():
        was, now = getattr(old, field), getattr(after, field)
        if was != now:
            yield Call("iam", f"{'enable' if now else 'disable'}_{operation}", {})


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        return
    old = before or State()
    turned_on = [field for field in _FEATURES if getattr(after, field) and not getattr(old, field)]
    if turned_on:
        yield from _turning_on(look)
    for field in _FEATURES:
        if getattr(old, field) and not getattr(after, field):
            yield Breach(
                f"{field}: without it no member's root user is managed here",
                "keep it, or allow `whole-organization`",
                "whole-organization",
            )


def _turning_on(look: Look) -> Iterator[Breach]:
    try:
        organization = look.get("organization", "organization")
    except NotHere:
        yield Breach("only the management account turns it on", "run this play for the management account")
        return
    if organization is not None and organization.management != look.account.id:
        yield Breach("only the management account turns it on", f"run this play for {organization.management}")
    elif organization is not None and SERVICE not in organization.trusted_services:
        hint = f"in an earlier task: organization: {{trusted_services: {{include: [{SERVICE}]}}}}"
        yield Breach(f"central root access needs trusted access of {SERVICE}", hint)
    elif organization is not None and organization.features != "ALL":
        yield Breach("central root access needs an organization with all features", "turn them on first")


arn = defaults.no_arn
owner = defaults.no_owner
loses = defaults.loses_nothing
ripples = defaults.no_ripples
notes = defaults.no_notes
needs = defaults.own_needs
