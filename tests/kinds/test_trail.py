"""What a trail is beyond the laws: whose it is, what it records, what it costs, which rules it breaks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from iamfix.fields import FieldError, to_plain
from iamfix.kinds import cloudtrail, kms_names
from iamfix.kinds.cloudtrail_selectors import (
    DEFAULT,
    Selectors,
    read_selectors,
    records_data,
    records_management,
    to_aws,
)
from iamfix.model import Call
from iamfix.typed import Typed
from iamfix.world import Spot
from tests.direct import ACCOUNT, Direct
from tests.kinds.states.monitoring import key_calls
from tests.kinds.states.trails import SURROUNDINGS

US, EU = "us-east-1", "eu-west-1"
NEW = cloudtrail.State(s3_bucket_name="trail-logs-a")


def _aws(*calls: Call) -> Direct:
    aws = Direct()
    aws.follow([*key_calls("logs"), *SURROUNDINGS, *calls])
    return aws


def _trail(name: str = "audit", region: str = US, *, logging: bool = True, **params: Any) -> list[Call]:
    made = Call("cloudtrail", "create_trail", {"Name": name, "S3BucketName": "trail-logs-a", **params}, region)
    return [made, *([Call("cloudtrail", "start_logging", {"Name": name}, region)] if logging else [])]


def _notes(aws: Direct, after: cloudtrail.State, before: cloudtrail.State | None = None) -> list[str]:
    return list(cloudtrail.notes("new", before, after, Spot(aws.world(), US)))


def test_a_shadow_is_seen_and_belongs_to_its_home() -> None:
    """A trail of another region is there with all its details, and its owner is told."""
    aws = _aws(*_trail(region=EU, IsMultiRegionTrail=True))
    state = aws.world().get("cloudtrail", "audit", US, frozenset({"enable_logging", "event_selectors", "tags"}))
    assert (state.shadow, state.home_region, state.enable_logging, state.event_selectors) == (True, EU, True, DEFAULT)
    assert cloudtrail.owner("audit", state) == f"the trail of {ACCOUNT.id} in {EU}"
    home = aws.world().get("cloudtrail", "audit", EU)
    assert (home.shadow, cloudtrail.owner("audit", home)) == (False, None)
    assert cloudtrail.arn("audit", state, Spot(aws.world(), US)).split(":")[3] == EU


SELECTORS: dict[str, tuple[dict[str, Any], bool, bool]] = {
    "none": ({"EventSelectors": []}, True, False),
    "all": ({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}]}, True, False),
    "writes": ({"EventSelectors": [{"ReadWriteType": "WriteOnly"}]}, False, False),
    "writes and reads": (
        {"EventSelectors": [{"ReadWriteType": "WriteOnly"}, {"ReadWriteType": "ReadOnly"}]}, True, False,
    ),
    "without KMS": ({"EventSelectors": [{"ExcludeManagementEventSources": ["kms.amazonaws.com"]}]}, False, False),
    "data only": (
        {"EventSelectors": [{"IncludeManagementEvents": False,
                             "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]},
        False, True,
    ),
    "advanced": ({"AdvancedEventSelectors": [{"FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Management"]}]}]}, True, False),
    "advanced, of one service": ({"AdvancedEventSelectors": [{"FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Management"]},
        {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}]}]}, False, False),
    "advanced, in halves": ({"AdvancedEventSelectors": [
        {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]},
                            {"Field": "readOnly", "Equals": [half]}]} for half in ("true", "false")]}, True, False),
    "advanced, data": ({"AdvancedEventSelectors": [{"FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]}]}, False, True),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(SELECTORS))
def test_what_selectors_come_to(case: str) -> None:
    """Both forms are judged: all management events or not, data events or not; and they are told to AWS as read."""
    told, management, data = SELECTORS[case]
    selectors = read_selectors(told)
    assert (records_management(selectors), records_data(selectors)) == (management, data)
    assert read_selectors(to_aws(selectors)) == selectors


def test_the_order_of_selectors_does_not_count_and_forms_do_not_mix() -> None:
    """A playbook may write them in any order, in AWS's words in snake case."""
    codec: Any = Typed(Selectors, "selectors")
    one, two = {"read_write_type": "ReadOnly"}, {"read_write_type": "WriteOnly"}
    assert codec.read([one, two], None) == codec.read([two, one], None)
    assert codec.read([], None).value == DEFAULT
    with pytest.raises(FieldError, match="not both"):
        codec.read([one, {"field_selectors": [{"field": "eventCategory", "equals": ["Data"]}]}], None)
    with pytest.raises(FieldError, match="unknown key 'read_write_typ'"):
        codec.read([{"read_write_typ": "All"}], None)


def test_costs_are_told_where_a_change_brings_them() -> None:
    """A second copy of management events, data events and insights; nothing where nothing is added."""
    aws = _aws(*_trail())
    (copy,) = _notes(aws, NEW)
    assert copy.startswith("costs: audit records management events already")
    assert _notes(aws, replace(NEW, enable_logging=False)) == []
    assert _notes(_aws(*_trail(logging=False)), NEW) == []
    assert _notes(_aws(), NEW) == []
    data = replace(NEW, event_selectors=read_selectors(SELECTORS["data only"][0]))
    assert [note.partition(" are")[0] for note in _notes(aws, data)] == ["costs: data events"]
    insights = replace(data, insight_selectors=frozenset({"ApiCallRateInsight"}))
    assert [note.partition(" (")[0] for note in _notes(aws, insights, data)] == ["costs: insights"]
    wide = replace(NEW, is_multi_region_trail=True)
    assert len(_notes(aws, wide, NEW)) == 1
    assert _notes(aws, replace(NEW, enable_log_file_validation=True), NEW) == []


RULES: dict[str, tuple[str, dict[str, Any], str]] = {
    "name of two characters": ("ab", {}, "no trail of the name"),
    "name with two dots": ("a..b", {}, "no trail of the name"),
    "name like an address": ("10.0.0.1", {}, "no trail of the name"),
    "no global events": ("new", {"is_multi_region_trail": True, "include_global_events": False}, "global services"),
    "log group without a role": (
        "new", {"cloudwatch_logs_log_group_arn": f"arn:aws:logs:{US}:{ACCOUNT.id}:log-group:trail-one:*"},
        "go together",
    ),
    "log group that is not there": (
        "new",
        {"cloudwatch_logs_log_group_arn": f"arn:aws:logs:{US}:{ACCOUNT.id}:log-group:nowhere:*",
         "cloudwatch_logs_role_arn": f"arn:aws:iam::{ACCOUNT.id}:role/trail-logs"},
        "there is no log group 'nowhere'",
    ),
    "log group of another region": (
        "new",
        {"cloudwatch_logs_log_group_arn": f"arn:aws:logs:{EU}:{ACCOUNT.id}:log-group:trail-one:*",
         "cloudwatch_logs_role_arn": f"arn:aws:iam::{ACCOUNT.id}:role/trail-logs"},
        "not of this account and region",
    ),
    "role that is not there": (
        "new",
        {"cloudwatch_logs_log_group_arn": f"arn:aws:logs:{US}:{ACCOUNT.id}:log-group:trail-one:*",
         "cloudwatch_logs_role_arn": f"arn:aws:iam::{ACCOUNT.id}:role/nobody"},
        "there is no role",
    ),
    "key that is not there": ("new", {"kms_key_id": "alias/nothing"}, "there is no KMS key"),
    "unknown insight": ("new", {"insight_selectors": frozenset({"Gut"})}, "there is no insight 'Gut'"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(RULES))
def test_what_aws_would_refuse_is_told_before(case: str) -> None:
    """A breach of CreateTrail's rules is a problem of the plan."""
    name, fields, told = RULES[case]
    found = list(cloudtrail.breaches(name, None, replace(NEW, **fields), Spot(_aws().world(), US)))
    assert [told in breach.summary for breach in found] == [True]


def test_a_sixth_trail_is_told_before() -> None:
    """Shadows count among the five that a region shows."""
    own = [one for number in range(4) for one in _trail(f"own{number}", logging=False)]
    aws = _aws(*_trail(region=EU, IsMultiRegionTrail=True), *own)
    (breach,) = cloudtrail.breaches("new", None, NEW, Spot(aws.world(), US))
    assert "shows 5 trails" in breach.summary


def test_a_key_is_known_by_its_first_alias() -> None:
    """By alias or ARN, a key is one key; another account's stays as it is written."""
    aws = _aws()
    look = Spot(aws.world(), US)
    key_id = look.get("kms_key", "logs").key_id
    arn = f"arn:aws:kms:{US}:{ACCOUNT.id}:key/{key_id}"
    aws.follow([Call("kms", "create_alias", {"AliasName": "alias/a-trail", "TargetKeyId": key_id}, US)])
    look = Spot(aws.world(), US)
    for text in ("logs", "alias/logs", arn, f"arn:aws:kms:{US}:{ACCOUNT.id}:alias/logs"):
        assert kms_names.resolve(text, look) == "alias/a-trail"
    assert kms_names.seen(aws, arn) == "alias/a-trail"
    other = arn.replace(ACCOUNT.id, "222222222222")
    assert (kms_names.resolve(other, look), kms_names.seen(aws, other)) == (other, other)
    assert kms_names.key_arn("alias/a-trail", look) == arn
    with pytest.raises(FieldError, match="no KMS key of the alias 'nothing'"):
        kms_names.resolve("nothing", look)


def test_facts_that_follow_are_no_part_of_the_plan() -> None:
    """What a State derives is for templates; the plan's JSON form holds its fields."""
    assert "records_management_events" not in to_plain(NEW)
    assert NEW.records_management_events is True


def test_what_a_trails_calls_need_is_told() -> None:
    """Beside the trail itself: the role that is passed on, the tags of a new one, and the organization."""
    look = Spot(_aws().world(), US)
    role = f"arn:aws:iam::{ACCOUNT.id}:role/trail-logs"
    state = replace(
        NEW, tags={"Owner": "a"}, is_organization_trail=True, cloudwatch_logs_role_arn=role,
        cloudwatch_logs_log_group_arn=f"arn:aws:logs:{US}:{ACCOUNT.id}:log-group:trail-one:*",
    )  # fmt: skip
    create, start = cloudtrail.calls("new", None, state, look)
    arn = f"arn:aws:cloudtrail:{US}:{ACCOUNT.id}:trail/new"
    needs = {(need.action, need.resource) for need in cloudtrail.needs(create, "new", state, look)}
    assert {("", arn), ("cloudtrail:AddTags", arn), ("iam:PassRole", role)} <= needs
    assert ("organizations:DescribeOrganization", "*") in needs
    assert [(need.action, need.resource) for need in cloudtrail.needs(start, "new", state, look)] == [("", arn)]
