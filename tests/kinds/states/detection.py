"""Random States of the kinds that find and report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from iamfix.kinds import access_analyzer, config_recorder, ec2_account_defaults, guardduty_detector, securityhub
from iamfix.kinds.access_analyzer import Criterion
from iamfix.model import Call
from tests.kinds.states.iam import tags

_texts = st.lists(st.sampled_from(("999999999999", "888888888888")), min_size=1).map(
    lambda found: tuple(sorted(set(found)))
)
_criteria = st.builds(Criterion, eq=_texts) | st.builds(Criterion, exists=st.booleans())
_filters = st.dictionaries(st.sampled_from(("principal.AWS", "isPublic")), _criteria, min_size=1)

_switches = st.sampled_from(("enabled", "disabled", "no-preference"))
_STANDARDS = (
    "aws-foundational-security-best-practices/v/1.0.0",
    "cis-aws-foundations-benchmark/v/3.0.0",
    "ruleset/cis-aws-foundations-benchmark/v/1.2.0",
)


def _role(name: str) -> str:
    return f"arn:aws:iam::111111111111:role/{name}"


STATES: Mapping[str, st.SearchStrategy[Any]] = {
    "access_analyzer": st.builds(
        access_analyzer.State, type=st.just("ACCOUNT_UNUSED_ACCESS"), unused_access_age=st.just(90),
        archive_rules=st.dictionaries(st.sampled_from(("partner", "known")), _filters), tags=tags, status=st.none(),
        status_reason=st.none(), managed_by=st.none(), created=st.none(),
    ),
    "ec2_account_defaults": st.builds(
        ec2_account_defaults.State, imds_tokens=st.sampled_from(("required", "optional", "no-preference")),
        imds_enforced=_switches, imds_endpoint=_switches, imds_instance_tags=_switches,
        imds_hop_limit=st.sampled_from((-1, 1, 2)), ebs_encryption=st.booleans(),
        ebs_kms_key=st.none() | st.just("arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
        snapshot_public_access=st.sampled_from(("block-all-sharing", "block-new-sharing", "unblocked")),
        image_public_access=st.sampled_from(("block-new-sharing", "unblocked")), declared=st.just(frozenset()),
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

NAMES: Mapping[str, str] = {
    "ec2_account_defaults": "defaults", "guardduty_detector": "detector", "securityhub": "hub"
}  # fmt: skip
_TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"config.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)
_PARTNER = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"999999999999"},'
    '"Action":"sts:AssumeRole"}]}'
)
SURROUNDINGS = (
    *(
        Call("iam", "create_role", {"RoleName": name, "AssumeRolePolicyDocument": trust})
        for name, trust in (("config-one", _TRUST), ("config-two", _TRUST), ("partner", _PARTNER))
    ),
    *(Call("s3", "create_bucket", {"Bucket": name}, "us-east-1") for name in ("config-a", "config-b")),
    Call("accessanalyzer", "create_analyzer", {"analyzerName": "outside", "type": "ACCOUNT"}),
)
SEEN = ("access_analyzer_finding",)
