"""The account in IAM's eyes, only seen: what its root user has and does, and how much of each quota is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from iamfix.fields import seen
from iamfix.kinds import credential_report, defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds.protocol import Look, Reader, Scope, Want
from iamfix.model import UNREAD, Call, Mark

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = False
SINGLETON = "account"
READS = (("iam", "get_account_summary"), ("iam", "list_virtual_mfa_devices"), *credential_report.READS)
EXAMPLE = """\
- name: The root user signs in with MFA
  check:
    kind: iam_account
    select: "has_root_credentials and not root_mfa"
    message: "the root user has no MFA device: sign in as the root user and enrol one"
    severity: critical
"""

_REPORT = ("root_last_used", "root_last_used_days", "report_made_at", "report_age_hours")


@dataclass(frozen=True, slots=True)
class State:
    has_root_credentials: bool = seen(
        "The root user has a password, keys or certificates. False where central root access management has removed "
        "them: what is asked of the root user is then not applicable.", default=True,
    )  # fmt: skip
    root_password: bool = seen("The root user has a password.", default=True)
    root_mfa: bool | None = seen("The root user has an MFA device; null: not applicable.")
    root_mfa_hardware: bool | Mark | None = seen(
        "That device is a hardware one or a security key, not a virtual one; null: not applicable.", detail=True
    )
    root_access_keys: bool = seen("The root user has access keys.", default=False)
    root_signing_certificates: bool = seen("The root user has signing certificates.", default=False)
    root_last_used: str | Mark | None = seen(
        "When the root user last signed in or signed a request (UTC), by the credential report; null: never.",
        detail=True, volatile=True,
    )  # fmt: skip
    root_last_used_days: int | Mark | None = seen("Days since; null: never.", detail=True, volatile=True)
    report_made_at: str | Mark | None = seen("When AWS wrote the credential report (UTC).", detail=True, volatile=True)
    report_age_hours: float | Mark | None = seen("Age of the credential report, in hours.", detail=True, volatile=True)
    used: Mapping[str, int] = seen("How many there are, by AWS's word (Users, Roles, …).", default={}, volatile=True)
    quotas: Mapping[str, int] = seen(
        "How many there can be, by AWS's word without Quota (Users, AccessKeysPerUser, …).", default={}, volatile=True
    )


def observe(read: Reader, want: Want) -> dict[str, State]:
    summary = read.get("iam", "get_account_summary")["SummaryMap"]
    mfa, keys = bool(summary.get("AccountMFAEnabled")), bool(summary.get("AccountAccessKeysPresent"))
    # Accounts from before central root access management are not told so, and have a password.
    password = bool(summary.get("AccountPasswordPresent", 1))
    certificates = bool(summary.get("AccountSigningCertificatesPresent"))
    has = password or keys or certificates
    state = State(
        has_root_credentials=has,
        root_password=password,
        root_mfa=mfa if has else None,
        root_mfa_hardware=UNREAD,
        root_access_keys=keys,
        root_signing_certificates=certificates,
        root_last_used=UNREAD,
        root_last_used_days=UNREAD,
        report_made_at=UNREAD,
        report_age_hours=UNREAD,
        used={key: value for key, value in summary.items() if not key.endswith("Quota") and key not in _FLAGS},
        quotas={key.removesuffix("Quota"): value for key, value in summary.items() if key.endswith("Quota")},
    )
    if "root_mfa_hardware" in want.details:
        state = replace(state, root_mfa_hardware=mfa and not _has_virtual(read) if has else None)
    if want.details.intersection(_REPORT):
        state = _with_report(read, state)
    return {SINGLETON: state}


_FLAGS = frozenset(
    {
        "AccountMFAEnabled", "AccountAccessKeysPresent", "AccountPasswordPresent", "AccountSigningCertificatesPresent",
        "GlobalEndpointTokenVersion",
    }
)  # fmt: skip


def _has_virtual(read: Reader) -> bool:
    """AWS tells no list of the root user's devices, but its virtual ones are in the account's list."""
    devices: list[Mapping[str, Any]] = read.get("iam", "list_virtual_mfa_devices")["VirtualMFADevices"]
    return any((device.get("User") or {}).get("Arn", "").endswith(":root") for device in devices)


def _with_report(read: Reader, state: State) -> State:
    report = credential_report.the_report(read)
    row = report.rows.get(credential_report.ROOT)
    moments = [] if row is None else [row.password_last_used, *(key.last_used for key in row.keys)]
    used = max((moment for moment in moments if moment is not None), default=None)
    return replace(
        state,
        root_last_used=iam.when(used),
        root_last_used_days=iam.days_since(used, read.now),
        report_made_at=iam.when(report.made_at),
        report_age_hours=round(max(0.0, (read.now - report.made_at).total_seconds()) / 3600, 1),
    )


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    return iter(())


arn = defaults.no_arn
owner = defaults.no_owner
loses = defaults.loses_nothing
breaches = defaults.no_breaches
ripples = defaults.no_ripples
notes = defaults.no_notes
needs = defaults.own_needs
