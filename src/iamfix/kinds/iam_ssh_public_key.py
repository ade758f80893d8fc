"""SSH public key of a user, for CodeCommit, named `user/key id`. AWS tells them one user at a time."""

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
READS = (("iam", "get_account_authorization_details"), ("iam", "list_ssh_public_keys"))
EXAMPLE = """\
- name: SSH keys of more than a year are switched off
  iam_ssh_public_key:
    select: "status == 'Active' and age_days > 365"
    status: Inactive
"""

_CREDENTIAL = keys.Credential("SSH key", "update_ssh_public_key")


def observe(read: Reader, want: Want) -> dict[str, Any]:
    if want.names is None:
        users = [user["UserName"] for user in iam.details(read, "UserDetailList")]
    else:
        users = keys.users_of(want.names)
    return dict(_CREDENTIAL.states(read, _CREDENTIAL.of_users(read, users), want.has))


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
    return iam.needs("iam_ssh_public_key", call, name, state, look)
