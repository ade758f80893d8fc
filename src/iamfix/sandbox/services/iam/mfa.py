"""MFA devices: virtual ones are made, enabled for a user, deactivated and deleted."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.lookup import iam, no_such_entity, see_user, take_user
from iamfix.sandbox.services.iam.state import EnabledMfa, VirtualMfa
from iamfix.sandbox.services.iam.tags import tag_list, tags_page, with_tags, without_tags
from iamfix.sandbox.services.iam.users import caller_user_name, told_name, user_member

MOST_DEVICES = 8


def create_virtual_mfa_device(call: Call) -> Answer:
    """CreateVirtualMFADevice."""
    path, name = call.params.get("Path", "/"), call.param("VirtualMFADeviceName")
    serial = f"arn:{call.partition}:iam::{call.account}:mfa{path}{name}"
    if iam(call).virtual_mfa.latest(serial.lower()) is not None:
        raise AwsError("EntityAlreadyExists", "MFADevice entity at the same path and name already exists.")
    device = VirtualMfa(serial, tags=with_tags({}, call.params.get("Tags", []), fold_case=False))
    iam(call).virtual_mfa.put(serial.lower(), device)
    return {
        "VirtualMFADevice": {
            "SerialNumber": serial,
            "Base32StringSeed": call.cloud.new_id("", 64).encode(),
            "QRCodePNG": b"not a picture",
            "Tags": tag_list(device.tags) or None,
        }
    }


def _take(call: Call) -> VirtualMfa:
    serial = call.param("SerialNumber")
    device = iam(call).virtual_mfa.latest(serial.lower())
    if device is None or iam(call).virtual_mfa.seen(serial.lower(), call.replica) is None:
        raise no_such_entity(f"VirtualMFADevice with serial number {serial} does not exist.")
    return device


def enable_mfa_device(call: Call) -> Answer:
    """EnableMFADevice: two six-digit codes that follow each other; the sandbox takes any two different ones."""
    user, serial = take_user(call, call.param("UserName")), call.param("SerialNumber")
    codes = [call.param("AuthenticationCode1"), call.param("AuthenticationCode2")]
    if codes[0] == codes[1] or not all(re.fullmatch(r"[0-9]{6}", code) for code in codes):
        raise AwsError("InvalidAuthenticationCode", "Authentication code for device is not valid.")
    if any(device.serial == serial for device in user.mfa_devices):
        raise AwsError("EntityAlreadyExists", "MFA Device is already in use.")
    if len(user.mfa_devices) >= MOST_DEVICES:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for MFADevicesPerUser: {MOST_DEVICES}")
    now = call.cloud.now()
    if serial.startswith("arn:"):
        device = _take(call)
        if device.user_id is not None:
            raise AwsError("EntityAlreadyExists", "MFA Device is already in use.")
        iam(call).virtual_mfa.put(serial.lower(), replace(device, user_id=user.id, enabled=now))
    iam(call).put_user(replace(user, mfa_devices=(*user.mfa_devices, EnabledMfa(serial, now))))
    return {}


def deactivate_mfa_device(call: Call) -> Answer:
    """DeactivateMFADevice: the device is the user's no more; a virtual one stays, unassigned."""
    user, serial = take_user(call, caller_user_name(call)), call.param("SerialNumber")
    if all(device.serial != serial for device in user.mfa_devices):
        raise no_such_entity(f"MFADevice with serial number {serial} does not exist.")
    kept = tuple(device for device in user.mfa_devices if device.serial != serial)
    iam(call).put_user(replace(user, mfa_devices=kept))
    device = iam(call).virtual_mfa.latest(serial.lower())
    if device is not None:
        iam(call).virtual_mfa.put(serial.lower(), replace(device, user_id=None, enabled=None))
    return {}


def delete_virtual_mfa_device(call: Call) -> Answer:
    """DeleteVirtualMFADevice: not while a user has it."""
    device = _take(call)
    if device.user_id is not None:
        raise AwsError("DeleteConflict", "Virtual MFA device in use. Must deactivate first.")
    iam(call).virtual_mfa.delete(device.serial.lower())
    return {}


def list_mfa_devices(call: Call) -> Answer:
    """ListMFADevices of a user."""
    user = see_user(call, caller_user_name(call))
    some, marker = page(call, user.mfa_devices)
    name = told_name(user)
    told = [{"UserName": name, "SerialNumber": device.serial, "EnableDate": device.enabled} for device in some]
    return {"MFADevices": told, "IsTruncated": marker is not None, "Marker": marker}


def list_virtual_mfa_devices(call: Call) -> Answer:
    """ListVirtualMFADevices: all, Assigned or Unassigned; the root user's too."""
    wanted = call.params.get("AssignmentStatus", "Any")
    devices = [
        device
        for device in iam(call).virtual_mfa.all_seen(call.replica)
        if wanted == "Any" or (device.user_id is not None) == (wanted == "Assigned")
    ]
    some, marker = page(call, sorted(devices, key=lambda device: device.serial))
    told = [_virtual_member(call, device) for device in some]
    return {"VirtualMFADevices": told, "IsTruncated": marker is not None, "Marker": marker}


def _virtual_member(call: Call, device: VirtualMfa) -> dict[str, Any]:
    told: dict[str, Any] = {"SerialNumber": device.serial, "EnableDate": device.enabled}
    if device.user_id == call.account:
        told["User"] = {"Path": "/", "UserId": call.account, "Arn": f"arn:{call.partition}:iam::{call.account}:root"}
    elif device.user_id is not None:
        users = [user for user in iam(call).users.all_latest() if user.id == device.user_id]
        told["User"] = user_member(call, users[0]) if users else None
    return told


def get_mfa_device(call: Call) -> Answer:
    """GetMFADevice."""
    user, serial = see_user(call, caller_user_name(call)), call.param("SerialNumber")
    for device in user.mfa_devices:
        if device.serial == serial:
            return {"UserName": told_name(user), "SerialNumber": serial, "EnableDate": device.enabled}
    raise no_such_entity(f"MFADevice with serial number {serial} does not exist.")


def resync_mfa_device(call: Call) -> Answer:
    """ResyncMFADevice."""
    get_mfa_device(call)
    return {}


def tag_mfa_device(call: Call) -> Answer:
    """TagMFADevice."""
    device = _take(call)
    tags = with_tags(device.tags, call.params["Tags"], fold_case=False)
    iam(call).virtual_mfa.put(device.serial.lower(), replace(device, tags=tags))
    return {}


def untag_mfa_device(call: Call) -> Answer:
    """UntagMFADevice."""
    device = _take(call)
    tags = without_tags(device.tags, call.params["TagKeys"], fold_case=False)
    iam(call).virtual_mfa.put(device.serial.lower(), replace(device, tags=tags))
    return {}


def list_mfa_device_tags(call: Call) -> Answer:
    """ListMFADeviceTags."""
    return tags_page(call, _take(call).tags)


OPERATIONS: dict[str, Handler] = {
    "CreateVirtualMFADevice": create_virtual_mfa_device,
    "EnableMFADevice": enable_mfa_device,
    "DeactivateMFADevice": deactivate_mfa_device,
    "DeleteVirtualMFADevice": delete_virtual_mfa_device,
    "ListMFADevices": list_mfa_devices,
    "ListVirtualMFADevices": list_virtual_mfa_devices,
    "GetMFADevice": get_mfa_device,
    "ResyncMFADevice": resync_mfa_device,
    "TagMFADevice": tag_mfa_device,
    "UntagMFADevice": untag_mfa_device,
    "ListMFADeviceTags": list_mfa_device_tags,
}
