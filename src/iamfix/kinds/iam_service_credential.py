"""Service-specific credential of a user (CodeCommit, Keyspaces, Bedrock), named `user/credential id`."""

from __future__ import annotations

from typing import Any

from iamfix.kinds import defaults
from iamfix.kinds import iam_user_keys as keys
from iamfix.kinds.protocol import Reader, Scope, Want

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


calls = _CREDENTIAL.calls
arn = defaults.no_arn
owner = defaults.no_owner
loses = _CREDENTIAL.loses
breaches = defaults.no_breaches
ripples = _CREDENTIAL.ripples
notes = defaults.no_notes
needs = _CREDENTIAL.needs
