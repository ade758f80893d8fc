"""SSH public key of a user, for CodeCommit, named `user/key id`. AWS tells them one user at a time."""

from __future__ import annotations

from typing import Any

from iamfix.kinds import defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds import iam_user_keys as keys
from iamfix.kinds.protocol import Reader, Scope, Want

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


calls = _CREDENTIAL.calls
arn = defaults.no_arn
owner = defaults.no_owner
loses = _CREDENTIAL.loses
breaches = defaults.no_breaches
ripples = _CREDENTIAL.ripples
notes = defaults.no_notes
needs = _CREDENTIAL.needs
