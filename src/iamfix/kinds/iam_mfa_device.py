"""MFA device, named by its serial number (the ARN of a virtual one): whose it is. A device without a user can go.

AWS lists virtual devices at once, and others user by user. In bulk those are looked for at the users who, by the
credential report, have MFA and no virtual device.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from iamfix.fields import TAGS, asked, seen
from iamfix.kinds import credential_report, defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds import iam_user_credentials as credentials
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Reported, Ripple, Scope, Want
from iamfix.model import UNREAD, Call, Mark

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = False
SINGLETON = None
ONE_BY_ONE = True
READS = tuple(
    ("iam", operation)
    for operation in (
        "get_account_authorization_details", "list_virtual_mfa_devices", "list_mfa_devices", "list_mfa_device_tags",
        *credentials.REPORT,
    )
)  # fmt: skip
EXAMPLE = """\
- name: Virtual devices that belong to nobody are removed
  iam_mfa_device:
    select: "kind == 'virtual' and not user"
    state: absent
"""


@dataclass(frozen=True, slots=True)
class State:
    user: str | None = seen("Whose it is: a user's name, <root_account>, or null for nobody's.")
    kind: str = seen("virtual, hardware, or fido (security keys and passkeys).", default="virtual")
    enabled: str | None = seen("Since when it is in use (UTC).", volatile=True, reads=credentials.REPORT)
    tags: iam.Tags | Mark = asked(
        TAGS, "Tags; only virtual devices have some.", default={}, detail=True, reads=("list_mfa_device_tags",)
    )


def observe(read: Reader, want: Want) -> dict[str, Any]:
    states = {
        found["SerialNumber"]: State(_user_of(found), "virtual", iam.when(found.get("EnableDate")), UNREAD)
        for found in read.get("iam", "list_virtual_mfa_devices")["VirtualMFADevices"]
        if want.has(found["SerialNumber"])
    }
    report, users = None, _owners(want.names)
    if want.names is None or users is None:
        named = [user["UserName"] for user in iam.details(read, "UserDetailList")]
        report = None if want.live or want.names is not None else credential_report.report_of(read)
        rows = report.rows if report else {}
        having = {state.user for state in states.values()}
        users = [user for user in named if user not in rows or (rows[user].mfa and user not in having)]
    for user, devices in credentials.mfa_devices(read, users).items():
        for device in devices:
            serial = device["SerialNumber"]
            if serial not in states and want.has(serial):
                states[serial] = State(user, kind_of(serial), iam.when(device.get("EnableDate")), {})
    if "tags" in want.details:
        states |= _tagged(read, states)
    return states if report is None else Reported(states, credential_report.NAME, report.made_at, (), names=True)


def _user_of(found: Mapping[str, Any]) -> str | None:
    """Return whose a virtual device is. The root user has no name, and the account's id."""
    user = found.get("User")
    if not user:
        return None
    return credential_report.ROOT if user.get("Arn", "").endswith(":root") else user.get("UserName")


def kind_of(serial: str) -> str:
    """Source: IAM User Guide, "MFA in IAM": the ARNs of virtual devices and of security keys."""
    if credentials.is_virtual(serial):
        return "virtual"
    return "fido" if ":u2f/" in serial else "hardware"


def _owners(serials: frozenset[str] | None) -> list[str] | None:
    """Return the users that the devices of these serial numbers can be of; None when that may be any."""
    found = set()
    for serial in serials or ():
        kind = kind_of(serial)
        if kind == "hardware":
            return None
        parts = serial.partition(":u2f/user/")[2].split("/")
        if kind == "fido" and parts[0]:
            found.add(parts[0])
    return sorted(found)


def _tagged(read: Reader, states: Mapping[str, State]) -> dict[str, State]:
    names: Sequence[str] = [name for name, state in states.items() if state.kind == "virtual"]
    answers = read.each("iam", "list_mfa_device_tags", [{"SerialNumber": name} for name in names], "NoSuchEntity")
    return {
        name: replace(states[name], tags=iam.tags_of(answer))
        for name, answer in zip(names, answers, strict=True)
        if answer is not None
    }


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if before is None:
        return  # only the person who holds a device can enrol it
    if after is None:
        yield from credentials.device_removal({"UserName": before.user} if before.user else None, name)
    elif not isinstance(before.tags, Mark) and not isinstance(after.tags, Mark):
        yield from iam.tag_calls("mfa_device", {"SerialNumber": name}, before.tags, after.tags)


def arn(name: str, state: State, look: Look) -> str | None:
    return name if name.startswith("arn:") else None


owner = defaults.no_owner


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    if after is None:
        yield f"MFA device {name} of {before.user or 'nobody'}"


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is None:
        if before is not None and before.user == credential_report.ROOT:
            yield Breach("it is the root user's device; only the root user can remove it", "sign in as the root user")
        return
    if isinstance(after.tags, Mark):
        return
    yield from iam.tag_breaches(after.tags, fold_case=False)
    if after.tags and after.kind != "virtual":
        yield Breach(f"a {after.kind} device takes no tags")


def ripples(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Ripple]:
    if before is None or after is not None or before.user in (None, credential_report.ROOT):
        return
    user = str(before.user)
    yield Ripple("iam_user", user, "mfa_devices", lambda devices: tuple(one for one in devices if one != name))
    left = [serial for serial, one in look.all("iam_mfa_device").items() if one.user == user and serial != name]
    if not left:
        yield Ripple("iam_user", user, "mfa_active", lambda _: False)


notes = defaults.no_notes


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    return iam.needs("iam_mfa_device", call, name, state, look)
