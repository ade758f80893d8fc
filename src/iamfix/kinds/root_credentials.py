"""Root credentials of a member account: what its root user can sign in with. iamfix removes them centrally.

They are looked at and removed in sessions of the account's root user (`sts:AssumeRoot`), opened with the credentials
that iamfix was started with. Where the account's summary tells that there is nothing, none is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from iamfix.fields import SET, seen
from iamfix.kinds import defaults
from iamfix.kinds.protocol import Look, Need, Reader, Ripple, Scope, Want
from iamfix.model import Call

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = False
SINGLETON = "root"
READS = (("iam", "get_account_summary"), ("sts", "assume_root"))
EXAMPLE = """\
- name: The root user has nothing to sign in with
  root_credentials:
    state: absent
"""

_PRESENT = (
    "AccountPasswordPresent", "AccountAccessKeysPresent", "AccountSigningCertificatesPresent", "AccountMFAEnabled",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    password: bool = seen("The root user has a password.", default=False)
    access_keys: frozenset[str] = seen("Ids of its access keys.", default=frozenset(), codec=SET)
    certificates: frozenset[str] = seen("Ids of its signing certificates.", default=frozenset(), codec=SET)
    mfa_devices: frozenset[str] = seen("Serial numbers of its MFA devices.", default=frozenset(), codec=SET)


def observe(read: Reader, want: Want) -> dict[str, State]:
    summary = read.get("iam", "get_account_summary")["SummaryMap"]
    # Accounts from before central root access are not told whether there is a password.
    if not any(summary.get(word, word == _PRESENT[0]) for word in _PRESENT):
        return {}
    root = read.as_root()
    state = State(
        password=root.find("iam", "get_login_profile", "NoSuchEntity") is not None,
        access_keys=_ids(root, "list_access_keys", "AccessKeyMetadata", "AccessKeyId"),
        certificates=_ids(root, "list_signing_certificates", "Certificates", "CertificateId"),
        mfa_devices=_ids(root, "list_mfa_devices", "MFADevices", "SerialNumber"),
    )
    return {} if state == State() else {SINGLETON: state}


def _ids(root: Reader, operation: str, items: str, key: str) -> frozenset[str]:
    return frozenset(one[key] for one in root.get("iam", operation)[items])


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if before is None or after is not None:
        return
    for key in sorted(before.access_keys):
        yield _as_root("delete_access_key", AccessKeyId=key)
    for certificate in sorted(before.certificates):
        yield _as_root("delete_signing_certificate", CertificateId=certificate)
    for serial in sorted(before.mfa_devices):
        yield _as_root("deactivate_mfa_device", SerialNumber=serial)
        if ":mfa/" in serial:
            # A virtual one, now of nobody: the task policy denies what is not on the root user itself.
            yield Call("iam", "delete_virtual_mfa_device", {"SerialNumber": serial})
    if before.password:
        yield _as_root("delete_login_profile")


def _as_root(operation: str, **params: Any) -> Call:
    return Call("iam", operation, params, as_root=True)


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    if after is not None:
        return
    if before.password:
        yield "the root user's password"
    for words, ids in (
        ("access key", before.access_keys), ("signing certificate", before.certificates),
        ("MFA device", before.mfa_devices),
    ):  # fmt: skip
        for one in sorted(ids):
            yield f"the root user's {words} {one}"


def ripples(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Ripple]:
    if before is None or after is not None:
        return
    gone: dict[str, bool | None] = {
        "has_root_credentials": False, "root_password": False, "root_access_keys": False,
        "root_signing_certificates": False, "root_mfa": None, "root_mfa_hardware": None,
    }  # fmt: skip
    for field, value in gone.items():
        yield Ripple("iam_account", "account", field, partial(_becomes, value))
    for serial in sorted(serial for serial in before.mfa_devices if ":mfa/" in serial):
        yield Ripple("iam_mfa_device", serial)


def _becomes(value: bool | None, _: object) -> bool | None:
    return value


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    if after is None:
        yield "AWS logs these calls as the root user's, so alarms on the use of root go off in this account"


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    if call.as_root:
        yield Need(f"arn:{look.account.partition}:iam::{look.account.id}:root", "sts:AssumeRoot")
    else:
        yield Need(str(call.params["SerialNumber"]))


arn = defaults.no_arn
owner = defaults.no_owner
breaches = defaults.no_breaches
