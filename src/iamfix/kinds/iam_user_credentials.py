"""Users' credentials: read for many users side by side, from the credential report where that will do; and removed.

Several kinds ask here, and the reader keeps every answer, so that nothing is read twice. Nothing here ever holds a
secret: AWS does not give secrets out again, and iamfix makes no access keys.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from iamfix.kinds import credential_report
from iamfix.kinds import iam_shared as iam
from iamfix.kinds.credential_report import KeyRow, Report, Row
from iamfix.kinds.protocol import Reader, Ripple
from iamfix.model import Call, Mark

Found = dict[str, Any]
"""A fact by user name."""
Rows = Mapping[str, Row]
"""What the credential report tells, by user name; empty where it may not be used."""


def report_for(read: Reader, live: bool, fields: Collection[str]) -> Report | None:
    """Return the credential report where it may tell one of these fields, and AWS gives it."""
    return None if live or not TOLD & set(fields) else credential_report.report_of(read)


def _console_access(read: Reader, users: Sequence[str], rows: Rows) -> Found:
    profiles = login_profiles(read, [user for user in users if user not in rows])
    return {user: rows[user].password if user in rows else profiles[user] is not None for user in users}


def login_profiles(read: Reader, users: Sequence[str]) -> dict[str, Mapping[str, Any] | None]:
    """Return each user's login profile as GetLoginProfile tells it, or None."""
    answers = read.each("iam", "get_login_profile", _for(users), "NoSuchEntity")
    return {user: answer and answer["LoginProfile"] for user, answer in zip(users, answers, strict=True)}


def _mfa_active(read: Reader, users: Sequence[str], rows: Rows) -> Found:
    devices = mfa_devices(read, [user for user in users if user not in rows])
    return {user: rows[user].mfa if user in rows else bool(devices[user]) for user in users}


def _mfa_serials(read: Reader, users: Sequence[str], rows: Rows) -> Found:
    devices = mfa_devices(read, [user for user in users if user not in rows or rows[user].mfa])
    return {user: tuple(sorted(device["SerialNumber"] for device in devices.get(user, ()))) for user in users}


def mfa_devices(read: Reader, users: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
    """Return each user's devices as ListMFADevices tells them."""
    answers = read.each("iam", "list_mfa_devices", _for(users), "NoSuchEntity")
    return {user: list((answer or {}).get("MFADevices", ())) for user, answer in zip(users, answers, strict=True)}


def _access_keys(read: Reader, users: Sequence[str], rows: Rows) -> Found:
    keys = access_keys(read, [user for user in users if user not in rows or rows[user].keys])
    uses = key_uses(read, [key for mine in keys.values() for key in mine], rows)
    found: Found = {}
    for user in users:
        mine = []
        for key in keys.get(user, ()):
            used, _, _ = uses[key["AccessKeyId"]]
            mine.append(
                {
                    "id": key["AccessKeyId"],
                    "status": key["Status"],
                    "created": iam.when(key["CreateDate"]),
                    "age_days": iam.days_since(key["CreateDate"], read.now),
                    "last_used": iam.when(used),
                    "unused_days": iam.days_since(used or key["CreateDate"], read.now),
                }
            )
        found[user] = tuple(sorted(mine, key=lambda key: str(key["id"])))
    return found


def access_keys(read: Reader, users: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
    """Return each user's access keys as ListAccessKeys tells them; no user, no keys."""
    answers = read.each("iam", "list_access_keys", _for(users), "NoSuchEntity")
    return {
        user: list((answer or {}).get("AccessKeyMetadata", ())) for user, answer in zip(users, answers, strict=True)
    }


Use = tuple[datetime | None, str | None, str | None]
"""When, in which region and for which service a key was last used."""


def key_uses(read: Reader, keys: Sequence[Mapping[str, Any]], rows: Rows) -> dict[str, Use]:
    """Return the last use of keys by id: from the report where it tells which of its keys that is, else live."""
    uses = {key["AccessKeyId"]: _told_use(key, rows) for key in keys}
    asked = [key_id for key_id, use in uses.items() if use is None]
    # AWS answers AccessDenied for a key that has just gone, as for a permission that is missing. Neither may pass for
    # "never used": a playbook would take a key in use away.
    answers = read.each("iam", "get_access_key_last_used", [{"AccessKeyId": key_id} for key_id in asked])
    live = {}
    for key_id, answer in zip(asked, answers, strict=True):
        used = (answer or {}).get("AccessKeyLastUsed", {})
        region, service = (
            None if used.get(what) in (None, "N/A") else used[what] for what in ("Region", "ServiceName")
        )
        live[key_id] = (used.get("LastUsedDate"), region, service)
    return live | {key_id: use for key_id, use in uses.items() if use is not None}


def _told_use(key: Mapping[str, Any], rows: Rows) -> Use | None:
    """The report has no key ids: its key is this one when it alone has the time of its creation."""
    row = rows.get(key["UserName"])
    same: list[KeyRow] = [] if row is None else [one for one in row.keys if one.rotated == key["CreateDate"]]
    return (same[0].last_used, same[0].region, same[0].service) if len(same) == 1 else None


@dataclass(frozen=True, slots=True)
class Other:
    """A sort of further credentials: the operations that list and remove them, what the list and an id are called."""

    kind: str
    listing: str
    part: str
    id: str
    removal: str


OTHERS: Mapping[str, Other] = {
    "signing certificate": Other(
        "iam_signing_certificate", "list_signing_certificates", "Certificates", "CertificateId",
        "delete_signing_certificate",
    ),
    "SSH key": Other(
        "iam_ssh_public_key", "list_ssh_public_keys", "SSHPublicKeys", "SSHPublicKeyId", "delete_ssh_public_key"
    ),
    "service credential": Other(
        "iam_service_credential", "list_service_specific_credentials", "ServiceSpecificCredentials",
        "ServiceSpecificCredentialId", "delete_service_specific_credential",
    ),
}  # fmt: skip
"""By the word that `iam_user.other_credentials` has for them."""


def _other_credentials(read: Reader, users: Sequence[str], rows: Rows) -> Found:
    found: dict[str, list[Mapping[str, str]]] = {user: [] for user in users}
    for word, other in OTHERS.items():
        for user, answer in zip(users, read.each("iam", other.listing, _for(users), "NoSuchEntity"), strict=True):
            found[user] += [{"type": word, "id": item[other.id]} for item in (answer or {}).get(other.part, ())]
    return {user: tuple(mine) for user, mine in found.items()}


def _password_last_used(read: Reader, users: Sequence[str], rows: Rows) -> Found:
    return {user: iam.when(passwords_used(read).get(user)) for user in users}


def passwords_used(read: Reader) -> dict[str, datetime | None]:
    """Return when passwords were last used, by user: ListUsers tells it of all at once."""
    return {user["UserName"]: user.get("PasswordLastUsed") for user in read.get("iam", "list_users")["Users"]}


DETAILS: Mapping[str, Callable[[Reader, Sequence[str], Rows], Found]] = {
    "console_access": _console_access,
    "mfa_active": _mfa_active,
    "mfa_devices": _mfa_serials,
    "access_keys": _access_keys,
    "other_credentials": _other_credentials,
    "password_last_used": _password_last_used,
}
"""How each detail of a user is read, for the users named."""
TOLD = frozenset({"console_access", "mfa_active", "mfa_devices", "access_keys"})
"""The details of which the credential report tells something."""


REPORT = tuple(operation for _, operation in credential_report.READS)
KEYS = ("list_access_keys", "get_access_key_last_used")
OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "console_access": ("get_login_profile",),
    "mfa_devices": ("list_mfa_devices",),
    "access_keys": (*KEYS, *REPORT),
    "other_credentials": tuple(other.listing for other in OTHERS.values()),
    "password_last_used": ("list_users",),
}
"""The operations that reading each detail may send; the report's only when nothing is compared with it."""
READS = tuple(("iam", operation) for operations in OPERATIONS.values() for operation in operations)


def _for(users: Sequence[str]) -> list[dict[str, str]]:
    return [{"UserName": user} for user in users]


def removal(
    who: Mapping[str, str],
    console: bool,
    keys: Sequence[Mapping[str, Any]] | Mark,
    devices: Sequence[str] | Mark,
    others: Sequence[Mapping[str, str]] | Mark,
) -> Iterator[Call]:
    """Yield the calls that take all of a user's credentials away: what signs in before the devices that guard it."""
    if isinstance(keys, Mark) or isinstance(devices, Mark) or isinstance(others, Mark):
        raise AssertionError("a user is deleted only after its credentials were read")
    for key in keys:
        yield Call("iam", "delete_access_key", {**who, "AccessKeyId": key["id"]})
    if console:
        yield Call("iam", "delete_login_profile", who)
    for one in others:
        other = OTHERS[one["type"]]
        yield Call("iam", other.removal, {**who, other.id: one["id"]})
    for device in devices:
        yield from device_removal(who, device)


def is_virtual(serial: str) -> bool:
    """Tell whether a serial number is a virtual device's: the ARN of an `mfa` resource."""
    return ":mfa/" in serial


def device_removal(who: Mapping[str, str] | None, serial: str) -> Iterator[Call]:
    """Yield the calls that take an MFA device from its user, if it has one, and away if it is a virtual one."""
    if who is not None:
        yield Call("iam", "deactivate_mfa_device", {**who, "SerialNumber": serial})
    if is_virtual(serial):  # it stays behind and blocks the next one of its name
        yield Call("iam", "delete_virtual_mfa_device", {"SerialNumber": serial})


def losses(
    keys: Sequence[Mapping[str, Any]] | Mark,
    devices: Sequence[str] | Mark,
    others: Sequence[Mapping[str, str]] | Mark,
) -> Iterator[str]:
    """Yield in words what `removal` destroys for good."""
    if isinstance(keys, Mark) or isinstance(devices, Mark) or isinstance(others, Mark):
        return
    yield from (f"access key {key['id']} ({key['status']})" for key in keys)
    yield from (f"MFA device {device}" for device in devices)
    yield from (f"{other['type']} {other['id']}" for other in others)


def removal_ripples(
    user: str,
    keys: Sequence[Mapping[str, Any]] | Mark,
    devices: Sequence[str] | Mark,
    others: Sequence[Mapping[str, str]] | Mark,
) -> Iterator[Ripple]:
    """Tell the kinds of their own that what a user had goes with the user."""
    if isinstance(keys, Mark) or isinstance(devices, Mark) or isinstance(others, Mark):
        return
    yield Ripple("iam_login_profile", user)
    yield from (Ripple("iam_access_key", f"{user}/{key['id']}") for key in keys)
    yield from (Ripple("iam_mfa_device", device) for device in devices)
    yield from (Ripple(OTHERS[one["type"]].kind, f"{user}/{one['id']}") for one in others)
