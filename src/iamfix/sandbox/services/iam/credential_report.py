"""The credential report: a CSV text, made at most once in four hours."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.lookup import iam
from iamfix.sandbox.services.iam.state import User

REPORT_AGE = timedelta(hours=4)

_COLUMNS = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
]


def generate_credential_report(call: Call) -> Answer:
    """GenerateCredentialReport: STARTED, then COMPLETE; a report younger than four hours is kept."""
    state, now = iam(call), call.cloud.now()
    if state.report_rounds > 0:
        state.report_rounds -= 1
        return {"State": "INPROGRESS"}
    if state.report_made_at is not None and now - state.report_made_at < REPORT_AGE:
        return {"State": "COMPLETE"}
    first = state.report_made_at is None
    state.report, state.report_made_at = _report(call), now
    started = "No report exists. Starting a new report generation task" if first else "Starting a new report"
    return {"State": "STARTED", "Description": started}


def get_credential_report(call: Call) -> Answer:
    """GetCredentialReport."""
    state = iam(call)
    if state.report_made_at is None:
        raise AwsError("ReportNotPresent", "Credential report has not been generated.", status=410)
    if call.cloud.now() - state.report_made_at >= REPORT_AGE:
        raise AwsError("ReportExpired", "Credential report has expired.", status=410)
    return {"Content": state.report.encode(), "ReportFormat": "text/csv", "GeneratedTime": state.report_made_at}


def _report(call: Call) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerow(_root_row(call))
    for user in sorted(iam(call).users.all_latest(), key=lambda user: user.name.lower()):
        writer.writerow(_user_row(call, user))
    return text.getvalue().rstrip("\n")


def _time(at: datetime | None, missing: str = "N/A") -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+00:00") if at else missing


def _told(value: bool) -> str:
    return "true" if value else "false"


def _root_row(call: Call) -> list[str]:
    root = iam(call).root
    keys: list[str] = []
    for number in (0, 1):
        key = root.access_keys[number] if number < len(root.access_keys) else None
        use = call.cloud.credentials.last_use.get(key.id) if key else None
        where = [_time(use.at), use.region, use.service] if use else ["N/A"] * 3
        keys += [_told(key is not None), _time(key.created) if key else "N/A", *where]
    certificates: list[str] = []
    for number in (0, 1):
        has = number < len(root.signing_certificates)
        certificates += [_told(has), _time(root.signing_certificates[number].created) if has else "N/A"]
    last = _time(root.password_last_used, "no_information")
    arn = f"arn:{call.partition}:iam::{call.account}:root"
    head = ["<root_account>", arn, "2019-03-04T10:00:00+00:00", "not_supported", last, "not_supported", "not_supported"]
    return [*head, _told(bool(root.mfa_devices)), *keys, *certificates]


def _user_row(call: Call, user: User) -> list[str]:
    keys: list[str] = []
    for number in (0, 1):
        if number >= len(user.access_keys):
            keys += ["false", "N/A", "N/A", "N/A", "N/A"]
            continue
        key = user.access_keys[number]
        use = call.cloud.credentials.last_use.get(key.id)
        used = [_time(use.at), use.region, use.service] if use else ["N/A", "N/A", "N/A"]
        keys += [_told(key.active), _time(key.created), *used]
    certificates: list[str] = []
    for number in (0, 1):
        have = user.signing_certificates[number : number + 1]
        certificates += [_told(bool(have and have[0].active)), _time(have[0].created if have else None)]
    return [
        user.name,
        user.arn(call.account, call.partition),
        _time(user.created),
        _told(user.login is not None),
        _time(user.password_last_used, "no_information") if user.login else "N/A",
        _time(user.login.changed) if user.login else "N/A",
        _next_rotation(call, user),
        _told(bool(user.mfa_devices)),
        *keys,
        *certificates,
    ]


def _next_rotation(call: Call, user: User) -> str:
    policy = iam(call).password_policy.latest("account")
    if user.login is None or policy is None or policy.max_age is None:
        return "N/A"
    return _time(user.login.changed + timedelta(days=policy.max_age))


OPERATIONS: dict[str, Handler] = {
    "GenerateCredentialReport": generate_credential_report,
    "GetCredentialReport": get_credential_report,
}
