"""GuardDuty detector of a region: whether it looks, at what, and how often it publishes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import FLAG, SET, TAGS, Scalar, asked, seen
from iamfix.kinds import defaults
from iamfix.kinds.protocol import Look, Need, Reader, Scope, Want
from iamfix.kinds.tagging import ArnTags, without_aws
from iamfix.model import Call, Result

SCOPE: Scope = "regional"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = "detector"
READS = (("guardduty", "list_detectors"), ("guardduty", "get_detector"))
EXAMPLE = """\
- name: GuardDuty looks in every region
  guardduty_detector:
    enabled: true
    features: {include: [S3_DATA_EVENTS]}
  regions: all
"""

OPTIONAL = (
    "EBS_MALWARE_PROTECTION", "EKS_AUDIT_LOGS", "LAMBDA_NETWORK_LOGS", "RDS_LOGIN_EVENTS", "RUNTIME_MONITORING",
    "S3_DATA_EVENTS",
)  # fmt: skip
"""Features that can be on or off; each costs extra (GuardDuty User Guide, "GuardDuty features")."""
_TAGS = ArnTags("guardduty", "ResourceArn", "Tags", "TagKeys")


@dataclass(frozen=True, slots=True)
class State:
    enabled: bool = asked(FLAG, "Whether it looks.", default=True)
    frequency: str = asked(
        Scalar(str, "how often", choices=("FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS")),
        "How often findings that changed are published.", default="SIX_HOURS",
    )  # fmt: skip
    features: frozenset[str] = asked(
        SET, f"Features that are on, of {', '.join(OPTIONAL)}; a new detector has only those named.",
        default=frozenset(),
    )  # fmt: skip
    tags: Mapping[str, str] = asked(TAGS, "Tags.", default={})
    detector_id: str | None = seen("AWS's id of the detector.")


def observe(read: Reader, want: Want) -> dict[str, State]:
    ids = read.get("guardduty", "list_detectors")["DetectorIds"]
    if not ids or not want.has(SINGLETON):
        return {}
    found = read.get("guardduty", "get_detector", DetectorId=ids[0])
    features = (one["Name"] for one in found.get("Features", ()) if one["Status"] == "ENABLED")
    return {
        SINGLETON: State(
            enabled=found["Status"] == "ENABLED",
            frequency=found["FindingPublishingFrequency"],
            features=frozenset(name for name in features if name in OPTIONAL),
            tags=found.get("Tags") or {},
            detector_id=ids[0],
        )
    }


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if before is None:
        assert after is not None
        yield _create(after, look)
        return
    which = {"DetectorId": _id(name, before, look)}
    if after is None:
        yield Call("guardduty", "delete_detector", which, look.region)
        return
    changed: dict[str, Any] = {}
    if before.enabled != after.enabled:
        changed["Enable"] = after.enabled
    if before.frequency != after.frequency:
        changed["FindingPublishingFrequency"] = after.frequency
    if differ := before.features ^ after.features:
        changed["Features"] = _features(after, sorted(differ))
    if changed:
        yield Call("guardduty", "update_detector", {**which, **changed}, look.region)
    yield from _TAGS.calls(arn(name, before, look), look.region, before.tags, after.tags)


def _create(after: State, look: Look) -> Call:
    params: dict[str, Any] = {
        "Enable": after.enabled,
        "FindingPublishingFrequency": after.frequency,
        # Said for each: what AWS turns on by itself costs, and changes with the years.
        "Features": _features(after, sorted({*OPTIONAL, *after.features})),
    }
    if tags := without_aws(after.tags):
        params["Tags"] = _TAGS.given(tags)
    return Call("guardduty", "create_detector", params, look.region)


def _features(after: State, names: list[str]) -> list[dict[str, str]]:
    return [{"Name": name, "Status": "ENABLED" if name in after.features else "DISABLED"} for name in names]


def _id(name: str, state: State, look: Look) -> str | Result:
    if state.detector_id is not None:
        return state.detector_id
    return Result(look.address("guardduty_detector", name), "create_detector", "DetectorId")


def arn(name: str, state: State, look: Look) -> str | None:
    if state.detector_id is None:
        return None
    account = look.account
    return f"arn:{account.partition}:guardduty:{look.region}:{account.id}:detector/{state.detector_id}"


owner = defaults.no_owner


def loses(name: str, before: State, after: State | None) -> Iterator[str]:
    if after is None:
        yield "the detector's findings, filters and lists"


breaches = defaults.no_breaches
ripples = defaults.no_ripples


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    if after is not None and after.enabled and not (before and before.enabled):
        yield "GuardDuty charges by the events and logs that it looks at"
    if more := sorted((after.features if after else frozenset()) - (before.features if before else frozenset())):
        yield f"GuardDuty charges extra for {', '.join(more)}"


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    base = f"arn:{look.account.partition}"
    if call.operation == "create_detector":
        yield Need("*")
        yield Need(f"{base}:guardduty:{look.region}:{look.account.id}:detector/*", "guardduty:TagResource")
        role = "guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty"
        yield Need(f"{base}:iam::{look.account.id}:role/aws-service-role/{role}", "iam:CreateServiceLinkedRole")
    else:
        yield Need(arn(name, state, look) or f"{base}:guardduty:{look.region}:{look.account.id}:detector/*")
