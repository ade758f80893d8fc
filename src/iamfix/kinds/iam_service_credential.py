"""Service-specific credential of a user (CodeCommit, Keyspaces, Bedrock), named `user/credential id`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from iamfix.kinds import defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds import iam_user_keys as keys
from iamfix.kinds.protocol import Look, Need, Reader, Ripple, Scope, Want
from iamfix.model import Call

State = keys.State

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = False
SINGLETON = None
ONE_BY_ONE = True
READS = (("iam", "list_service_specific_credentials"),)
EXAMPLE = """\
- name: Passwords for Git over HTTPS are switched off after a year
  iam_service_credential:
    select: "status == 'Active' and age_days > 365"
    status: Inactive
"""

_CREDENTIAL = keys.Credential("service credential", "update_service_specific_credential")


def observe(read: Reader, want: Want) -> dict[str, Any]:
    if want.names is None:  # AWS lists all users' at once
        found = read.get("iam", "list_service_specific_credentials", AllUsers=True)["ServiceSpecificCredentials"]
    else:
        found = _CREDENTIAL.of_users(read, keys.users_of(want.names))
    return dict(_CREDENTIAL.states(read, found, want.has))


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    return _CREDENTIAL.calls(name, before, after)


arn = defaults.no_arn
owner = defaults.no_owner


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    return _CREDENTIAL.loses(name, before, after)


breaches = defaults.no_breaches


def ripples(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Ripple]:
    return _CREDENTIAL.ripples(name, after)


notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    return iam.needs("iam_service_credential", call, name, state, look)
