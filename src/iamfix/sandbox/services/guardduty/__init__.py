"""GuardDuty: one detector for each region, and nothing that it would find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, Service
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.tags import Tags
from iamfix.sandbox.store import Store, Visibility

FOUNDATION = ("CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS")
BY_DEFAULT = (
    "EBS_MALWARE_PROTECTION", "EKS_AUDIT_LOGS", "LAMBDA_NETWORK_LOGS", "RDS_LOGIN_EVENTS", "S3_DATA_EVENTS",
)  # fmt: skip
"""What a new detector does unless told otherwise."""
OPTIONAL = (*BY_DEFAULT, "RUNTIME_MONITORING")


@dataclass(frozen=True)
class Detector:
    """A region's detector."""

    id: str
    region: str
    enabled: bool
    frequency: str
    features: frozenset[str]
    tags: Mapping[str, str]


class GuardDutyState:
    """The detectors of an account, by region."""

    def __init__(self, visibility: Visibility) -> None:
        self.detectors: Store[Detector] = Store(visibility)


def _take(call: Call) -> Detector:
    found = call.state(GuardDutyState).detectors.latest(call.region)
    wanted = call.params.get("DetectorId") or call.param("ResourceArn").rpartition("/")[2]
    if found is None or found.id != wanted:
        told = "The request is rejected because the input detectorId is not owned by the current account."
        raise AwsError("BadRequestException", told)
    return found


def _features(call: Call, known: frozenset[str]) -> frozenset[str]:
    for feature in call.params.get("Features") or ():
        known = known | {feature["Name"]} if feature["Status"] == "ENABLED" else known - {feature["Name"]}
    return known


def create_detector(call: Call) -> Answer:
    """CreateDetector: one for each region."""
    detectors = call.state(GuardDutyState).detectors
    if detectors.latest(call.region) is not None:
        told = "The request is rejected because a detector already exists for the current account."
        raise AwsError("BadRequestException", told)
    made = Detector(
        call.cloud.new_id("", 32).lower(), call.region, bool(call.params["Enable"]),
        call.params.get("FindingPublishingFrequency") or "SIX_HOURS", _features(call, frozenset(BY_DEFAULT)),
        call.params.get("Tags") or {},
    )  # fmt: skip
    detectors.put(call.region, made)
    return {"DetectorId": made.id}


def list_detectors(call: Call) -> Answer:
    """ListDetectors: none or one."""
    found = call.state(GuardDutyState).detectors.seen(call.region, call.replica)
    return {"DetectorIds": [found.id] if found else []}


def get_detector(call: Call) -> Answer:
    """GetDetector."""
    found = _take(call)
    features: list[dict[str, Any]] = [{"Name": name, "Status": "ENABLED"} for name in FOUNDATION]
    features += [{"Name": name, "Status": "ENABLED" if name in found.features else "DISABLED"} for name in OPTIONAL]
    return {
        "Status": "ENABLED" if found.enabled else "DISABLED",
        "FindingPublishingFrequency": found.frequency,
        "ServiceRole": f"arn:{call.partition}:iam::{call.account}:role/aws-service-role/guardduty.amazonaws.com/"
        "AWSServiceRoleForAmazonGuardDuty",
        "Features": features,
        "Tags": dict(found.tags),
    }


def update_detector(call: Call) -> Answer:
    """UpdateDetector: what is not named stays."""
    found = _take(call)
    enabled = call.params.get("Enable")
    changed = replace(
        found,
        enabled=found.enabled if enabled is None else enabled,
        frequency=call.params.get("FindingPublishingFrequency") or found.frequency,
        features=_features(call, found.features),
    )
    call.state(GuardDutyState).detectors.put(call.region, changed)
    return {}


def delete_detector(call: Call) -> Answer:
    """DeleteDetector."""
    _take(call)
    call.state(GuardDutyState).detectors.delete(call.region)
    return {}


_TAGS: Tags[Detector] = Tags(
    _take,
    lambda call, found, tags: call.state(GuardDutyState).detectors.put(call.region, replace(found, tags=tags)),
    too_many=("BadRequestException", "A resource can have no more than 50 tags."),
    pair=None,
)
_OPERATIONS: dict[str, Handler] = {
    "CreateDetector": create_detector,
    "ListDetectors": list_detectors,
    "GetDetector": get_detector,
    "UpdateDetector": update_detector,
    "DeleteDetector": delete_detector,
    **_TAGS.operations(),
}
SERVICE = Service("guardduty", _OPERATIONS, moto=False)
