"""Random States of the kinds that find and report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from iamfix.kinds import access_analyzer, config_recorder, guardduty_detector, securityhub
from iamfix.kinds.access_analyzer import Criterion
from iamfix.model import Call
from tests.kinds.states.iam import tags

_texts = st.lists(st.sampled_from(("999999999999", "888888888888")), min_size=1).map(
    lambda found: tuple(sorted(set(found)))
)
_criteria = st.builds(Criterion, eq=_texts) | st.builds(Criterion, exists=st.booleans())
_filters = st.dictionaries(st.sampled_from(("principal.AWS", "isPublic")), _criteria, min_size=1)

_STANDARDS = (
    "aws-foundational-security-best-practices/v/1.0.0",
    "cis-aws-foundations-benchmark/v/3.0.0",
    "ruleset/cis-aws-foundations-benchmark/v/1.2.0",
)


def _role(name: str) -> str:
    return f"arn:aws:iam::111111111111:role/{name}"


STATES: Mapping[str, st.SearchStrategy[Any]] = {
    "access_analyzer": st.builds(
        access_analyzer.State, type=st.just("ACCOUNT"), unused_access_age=st.just(90),
        archive_rules=st.dictionaries(st.sampled_from(("partner", "known")), _filters), tags=tags, status=st.none(),
        status_reason=st.none(), managed_by=st.none(), created=st.none(),
    ),
    "guardduty_detector": st.builds(
        guardduty_detector.State, enabled=st.booleans(), frequency=st.sampled_from(("SIX_HOURS", "ONE_HOUR")),
        features=st.frozensets(st.sampled_from(guardduty_detector.OPTIONAL)), tags=tags, detector_id=st.none(),
    ),
    "securityhub": st.builds(
        securityhub.State, auto_enable_controls=st.booleans(),
        control_finding_generator=st.sampled_from(("SECURITY_CONTROL", "STANDARD_CONTROL")),
        standards=st.frozensets(st.sampled_from(_STANDARDS)), subscribed=st.none(),
    ),
    "config_recorder": st.builds(
        config_recorder.State, role=st.sampled_from(("config-one", "config-two")).map(_role),
        resource_types=st.frozensets(st.sampled_from(("AWS::IAM::Role", "AWS::S3::Bucket"))),
        global_resources=st.just(False), frequency=st.sampled_from(("CONTINUOUS", "DAILY")),
        bucket=st.sampled_from(("config-a", "config-b")), key_prefix=st.none() | st.just("x"), kms_key=st.none(),
        topic=st.none(), recording=st.booleans(), channel=st.just("default"), service=st.none(), last_status=st.none(),
    ),
}  # fmt: skip

NAMES: Mapping[str, str] = {"guardduty_detector": "detector", "securityhub": "hub"}
_TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"config.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)
SURROUNDINGS = tuple(
    Call("iam", "create_role", {"RoleName": name, "AssumeRolePolicyDocument": _TRUST})
    for name in ("config-one", "config-two")
)

SEEN = ("access_analyzer_finding",)
