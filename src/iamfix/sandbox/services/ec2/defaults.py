"""What an account has by default in a region: instance metadata, encryption of volumes, public snapshots and images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.store import Visibility

_IMDS = ("HttpTokens", "HttpPutResponseHopLimit", "HttpEndpoint", "InstanceMetadataTags", "HttpTokensEnforced")


@dataclass(frozen=True)
class Defaults:
    """One region's. `declared` says that a declarative policy sets metadata, snapshots and images."""

    imds: Mapping[str, Any] = field(default_factory=dict)
    encrypted: bool = False
    key: str | None = None
    snapshots: str = "unblocked"
    images: str = "unblocked"
    declared: bool = False


class DefaultsState:
    """The defaults of an account in a region."""

    def __init__(self, visibility: Visibility) -> None:
        self.now = Defaults()


def _now(call: Call) -> Defaults:
    return call.regional(DefaultsState).now


def _change(call: Call, **fields: Any) -> None:
    call.regional(DefaultsState).now = replace(_now(call), **fields)


def _check_free(call: Call) -> None:
    if _now(call).declared:
        told = "This functionality has been disabled by a Declarative Policy."
        raise AwsError("DeclarativePolicyViolation", told, status=400)


def _managed(call: Call) -> str:
    return "declarative-policy" if _now(call).declared else "account"


def get_imds(call: Call) -> Answer:
    """GetInstanceMetadataDefaults: only what was set."""
    found = _now(call)
    return {"AccountLevel": {**found.imds, "ManagedBy": _managed(call)} if found.imds or found.declared else {}}


def modify_imds(call: Call) -> Answer:
    """ModifyInstanceMetadataDefaults: no preference takes a setting away."""
    _check_free(call)
    imds = dict(_now(call).imds)
    for name in _IMDS:
        value = call.params.get(name)
        if value in ("no-preference", -1):
            imds.pop(name, None)
        elif value is not None:
            imds[name] = value
    _change(call, imds=imds)
    return {"Return": True}


def get_encryption(call: Call) -> Answer:
    """GetEbsEncryptionByDefault."""
    return {"EbsEncryptionByDefault": _now(call).encrypted}


def enable_encryption(call: Call) -> Answer:
    """EnableEbsEncryptionByDefault."""
    _change(call, encrypted=True)
    return {"EbsEncryptionByDefault": True}


def disable_encryption(call: Call) -> Answer:
    """DisableEbsEncryptionByDefault."""
    _change(call, encrypted=False)
    return {"EbsEncryptionByDefault": False}


def get_key(call: Call) -> Answer:
    """GetEbsDefaultKmsKeyId: AWS's own unless one was set."""
    return {"KmsKeyId": _now(call).key or "alias/aws/ebs"}


def modify_key(call: Call) -> Answer:
    """ModifyEbsDefaultKmsKeyId."""
    _change(call, key=call.param("KmsKeyId"))
    return {"KmsKeyId": call.param("KmsKeyId")}


def reset_key(call: Call) -> Answer:
    """ResetEbsDefaultKmsKeyId."""
    _change(call, key=None)
    return {"KmsKeyId": "alias/aws/ebs"}


def get_snapshots(call: Call) -> Answer:
    """GetSnapshotBlockPublicAccessState."""
    return {"State": _now(call).snapshots, "ManagedBy": _managed(call)}


def block_snapshots(call: Call) -> Answer:
    """EnableSnapshotBlockPublicAccess."""
    _check_free(call)
    _change(call, snapshots=call.param("State"))
    return {"State": call.param("State")}


def unblock_snapshots(call: Call) -> Answer:
    """DisableSnapshotBlockPublicAccess."""
    _check_free(call)
    _change(call, snapshots="unblocked")
    return {"State": "unblocked"}


def get_images(call: Call) -> Answer:
    """GetImageBlockPublicAccessState."""
    return {"ImageBlockPublicAccessState": _now(call).images, "ManagedBy": _managed(call)}


def block_images(call: Call) -> Answer:
    """EnableImageBlockPublicAccess."""
    _check_free(call)
    _change(call, images=call.param("ImageBlockPublicAccessState"))
    return {"ImageBlockPublicAccessState": call.param("ImageBlockPublicAccessState")}


def unblock_images(call: Call) -> Answer:
    """DisableImageBlockPublicAccess."""
    _check_free(call)
    _change(call, images="unblocked")
    return {"ImageBlockPublicAccessState": "unblocked"}


OPERATIONS: dict[str, Handler] = {
    "GetInstanceMetadataDefaults": get_imds,
    "ModifyInstanceMetadataDefaults": modify_imds,
    "GetEbsEncryptionByDefault": get_encryption,
    "EnableEbsEncryptionByDefault": enable_encryption,
    "DisableEbsEncryptionByDefault": disable_encryption,
    "GetEbsDefaultKmsKeyId": get_key,
    "ModifyEbsDefaultKmsKeyId": modify_key,
    "ResetEbsDefaultKmsKeyId": reset_key,
    "GetSnapshotBlockPublicAccessState": get_snapshots,
    "EnableSnapshotBlockPublicAccess": block_snapshots,
    "DisableSnapshotBlockPublicAccess": unblock_snapshots,
    "GetImageBlockPublicAccessState": get_images,
    "EnableImageBlockPublicAccess": block_images,
    "DisableImageBlockPublicAccess": unblock_images,
}
