"""A user's credentials: read one user at a time, side by side, and removed when the user goes.

Nothing here ever holds a secret: AWS does not give secrets out again, and iamfix makes no access keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from iamfix.kinds import iam_shared as iam
from iamfix.kinds.protocol import Reader
from iamfix.model import Call, Mark

Found = dict[str, Any]
"""A fact by user name."""


def _console_access(read: Reader, users: Sequence[str]) -> Found:
    answers = read.each("iam", "get_login_profile", _for(users), "NoSuchEntity")
    return {user: answer is not None for user, answer in zip(users, answers, strict=True)}


def _mfa_devices(read: Reader, users: Sequence[str]) -> Found:
    answers = read.each("iam", "list_mfa_devices", _for(users))
    return {
        user: tuple(sorted(device["SerialNumber"] for device in (answer or {}).get("MFADevices", ())))
        for user, answer in zip(users, answers, strict=True)
    }


def _access_keys(read: Reader, users: Sequence[str]) -> Found:
    listed = read.each("iam", "list_access_keys", _for(users))
    keys = [key for answer in listed for key in (answer or {}).get("AccessKeyMetadata", ())]
    # AWS answers AccessDenied for a key that has just gone, as for a permission that is missing. Neither may pass for
    # "never used": a playbook would take a key in use away.
    uses = read.each("iam", "get_access_key_last_used", [{"AccessKeyId": key["AccessKeyId"]} for key in keys])
    found: dict[str, list[Mapping[str, Any]]] = {user: [] for user in users}
    for key, use in zip(keys, uses, strict=True):
        used = (use or {}).get("AccessKeyLastUsed", {}).get("LastUsedDate")
        found[key["UserName"]].append(
            {
                "id": key["AccessKeyId"],
                "status": key["Status"],
                "created": iam.when(key["CreateDate"]),
                "age_days": iam.days_since(key["CreateDate"], read.now),
                "last_used": iam.when(used),
                "unused_days": iam.days_since(used or key["CreateDate"], read.now),
            }
        )
    return {user: tuple(sorted(mine, key=lambda key: key["id"])) for user, mine in found.items()}


_OTHERS = (
    ("signing certificate", "list_signing_certificates", "Certificates", "CertificateId"),
    ("SSH key", "list_ssh_public_keys", "SSHPublicKeys", "SSHPublicKeyId"),
    ("service credential", "list_service_specific_credentials", "ServiceSpecificCredentials",
     "ServiceSpecificCredentialId"),
)  # fmt: skip


def _other_credentials(read: Reader, users: Sequence[str]) -> Found:
    found: dict[str, list[Mapping[str, str]]] = {user: [] for user in users}
    for what, operation, part, identifier in _OTHERS:
        for user, answer in zip(users, read.each("iam", operation, _for(users)), strict=True):
            found[user] += [{"type": what, "id": item[identifier]} for item in (answer or {}).get(part, ())]
    return {user: tuple(mine) for user, mine in found.items()}


def _password_last_used(read: Reader, users: Sequence[str]) -> Found:
    listed = {user["UserName"]: user for user in read.get("iam", "list_users")["Users"]}
    return {user: iam.when(listed.get(user, {}).get("PasswordLastUsed")) for user in users}


DETAILS: Mapping[str, Callable[[Reader, Sequence[str]], Found]] = {
    "console_access": _console_access,
    "mfa_devices": _mfa_devices,
    "access_keys": _access_keys,
    "other_credentials": _other_credentials,
    "password_last_used": _password_last_used,
}
"""How each detail of a user is read, for the users named."""


OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "console_access": ("get_login_profile",),
    "mfa_devices": ("list_mfa_devices",),
    "access_keys": ("list_access_keys", "get_access_key_last_used"),
    "other_credentials": tuple(operation for _, operation, _, _ in _OTHERS),
    "password_last_used": ("list_users",),
}
"""The operations that reading each detail may send."""
READS = tuple(("iam", operation) for operations in OPERATIONS.values() for operation in operations)


def _for(users: Sequence[str]) -> list[dict[str, str]]:
    return [{"UserName": user} for user in users]


def removal(
    who: Mapping[str, str],
    keys: Sequence[Mapping[str, Any]] | Mark,
    devices: Sequence[str] | Mark,
    others: Sequence[Mapping[str, str]] | Mark,
) -> Iterator[Call]:
    """Yield the calls that take a user's keys, devices and other credentials away, keys first."""
    if isinstance(keys, Mark) or isinstance(devices, Mark) or isinstance(others, Mark):
        raise AssertionError("a user is deleted only after its credentials were read")
    for key in keys:
        yield Call("iam", "delete_access_key", {**who, "AccessKeyId": key["id"]})
    for device in devices:
        yield Call("iam", "deactivate_mfa_device", {**who, "SerialNumber": device})
        if ":mfa/" in device:  # a virtual device stays behind and blocks the next one of its name
            yield Call("iam", "delete_virtual_mfa_device", {"SerialNumber": device})
    for other in others:
        operation, parameter = _REMOVE[other["type"]]
        yield Call("iam", operation, {**who, parameter: other["id"]})


_REMOVE: Mapping[str, tuple[str, str]] = {
    "signing certificate": ("delete_signing_certificate", "CertificateId"),
    "SSH key": ("delete_ssh_public_key", "SSHPublicKeyId"),
    "service credential": ("delete_service_specific_credential", "ServiceSpecificCredentialId"),
}


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
