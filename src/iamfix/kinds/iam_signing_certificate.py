"""X.509 signing certificate of a user, named `user/certificate id`."""

from __future__ import annotations

from typing import Any

from iamfix.kinds import credential_report, defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds import iam_user_keys as keys
from iamfix.kinds.protocol import Reader, Reported, Scope, Want

State = keys.State

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = False
SINGLETON = None
ONE_BY_ONE = True
READS = (
    ("iam", "get_account_authorization_details"), ("iam", "list_signing_certificates"), *credential_report.READS,
)  # fmt: skip
EXAMPLE = """\
- name: Nobody signs with certificates any more
  iam_signing_certificate:
    select: "status == 'Active'"
    status: Inactive
"""

_CREDENTIAL = keys.Credential("signing certificate", "update_signing_certificate")


def observe(read: Reader, want: Want) -> dict[str, Any]:
    report = None if want.live else credential_report.report_of(read)
    rows = report.rows if report else {}
    if want.names is None:
        named = [user["UserName"] for user in iam.details(read, "UserDetailList")]
        users = [user for user in named if user not in rows or rows[user].certificates]
    else:
        users = keys.users_of(want.names)
    states = _CREDENTIAL.states(read, _CREDENTIAL.of_users(read, users), want.has)
    if report is None:
        return dict(states)
    return Reported(states, credential_report.NAME, report.made_at, (), names=True)


calls = _CREDENTIAL.calls
arn = defaults.no_arn
owner = defaults.no_owner
loses = _CREDENTIAL.loses
breaches = defaults.no_breaches
ripples = _CREDENTIAL.ripples
notes = defaults.no_notes
needs = _CREDENTIAL.needs
