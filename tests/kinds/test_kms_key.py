"""KMS keys by alias: pending deletions, lock-out, what is told of a change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iamfix.fields import PLAIN, FieldError
from iamfix.kinds import kms_key
from iamfix.model import UNREAD
from iamfix.policy.document import Document
from iamfix.sandbox import Sandbox
from iamfix.wanted import details_of
from iamfix.world import Spot
from tests.direct import Direct
from tests.kinds.states.shared import ROOT, statement
from tests.running import Project

HOME = "us-east-1"
ALL = details_of(kms_key)
ACCOUNT = statement("Account", "kms:*", "*")
POLICY = Document.parse([ACCOUNT])


def _now(aws: Direct, name: str = "one") -> Any:
    return aws.world().get("kms_key", name, HOME, ALL)


def _to(aws: Direct, after: Any, name: str = "one") -> list[str]:
    """Take the key to a State; return the calls' names."""
    calls = list(kms_key.calls(name, _now(aws, name), after, Spot(aws.world(), HOME)))
    aws.follow(calls)
    return [call.operation for call in calls]


def test_a_new_key_without_a_policy_has_awss() -> None:
    """What AWS makes of the policy is not known beforehand, and is no difference afterwards."""
    aws = Direct()
    assert _to(aws, kms_key.State()) == ["create_key", "create_alias"]
    found = _now(aws)
    assert found.policy.data["Statement"][0]["Sid"] == "Enable IAM User Permissions"
    assert (found.enabled, found.rotation, found.pending_deletion) == (True, 0, None)
    assert _to(aws, found) == []


def test_undo_of_a_deletion_brings_the_very_key_back() -> None:
    """Within the waiting time the same key is taken back, not another one that can decrypt nothing."""
    aws = Direct()
    _to(aws, kms_key.State(policy=POLICY, rotation=90, description="x"))
    before = _now(aws)
    assert _to(aws, None) == ["schedule_key_deletion", "delete_alias"]
    assert _now(aws) is None
    assert _to(aws, before) == ["cancel_key_deletion", "create_alias", "enable_key"]
    assert _now(aws) == before


def test_a_key_that_waits_for_its_deletion_is_rescued_by_who_asks_for_it_enabled() -> None:
    """Somebody scheduled the deletion and left the alias: asking for the key enabled cancels that, and says so."""
    aws = Direct()
    _to(aws, kms_key.State(policy=POLICY, rotation=365))
    aws.get("kms", "schedule_key_deletion", KeyId=_now(aws).key_id, PendingWindowInDays=7)
    waiting = _now(aws)
    assert waiting.pending_deletion is not None
    assert waiting.enabled is False
    look = Spot(aws.world(), HOME)
    assert list(kms_key.calls("one", waiting, waiting, look)) == []
    after = replace(waiting, enabled=True)
    assert list(kms_key.notes("one", waiting, after, look)) == [
        f"its deletion, which is scheduled for {waiting.pending_deletion}, is cancelled"
    ]
    assert _to(aws, after) == ["cancel_key_deletion", "enable_key"]
    assert (_now(aws).enabled, _now(aws).rotation) == (True, 365)


def test_whether_a_key_can_be_used_is_read_of_each_that_a_task_names(bare: Sandbox, tmp_path: Path) -> None:
    """A task that asks only for a description sees that the key waits for its deletion."""
    project = Project(tmp_path, allow=("irreversible",))
    project.apply(project.plan({"kms_key": {"name": "one", "policy": [ACCOUNT]}}))
    kms = bare.client("kms")
    key_id = next(one["TargetKeyId"] for one in kms.list_aliases()["Aliases"] if one["AliasName"] == "alias/one")
    kms.schedule_key_deletion(KeyId=key_id)
    plan = project.plan({"kms_key": {"name": "one", "description": "new"}})
    (change,) = plan.changes()
    assert [call.operation for call in change.calls] == ["cancel_key_deletion", "update_key_description"]
    assert set(project.apply(plan).accounts.values()) == {"done"}


def test_an_absent_key_is_only_scheduled_and_that_is_irreversible(bare: Sandbox, tmp_path: Path) -> None:
    """The plan names what is lost, and the guard refuses it unless it is allowed."""
    project = Project(tmp_path)
    project.apply(project.plan({"kms_key": {"name": "one", "policy": [ACCOUNT]}}))
    plan = project.plan({"kms_key": {"name": "one", "state": "absent"}})
    (change,) = plan.changes()
    assert "everything that only this key can decrypt" in change.loses[0]
    assert "irreversible" in {problem.rule for problem in plan.problems() if problem.severity == "error"}


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (kms_key.State(policy=Document.parse([statement("Use", "kms:Encrypt", "*")])), "nobody could change"),
        (kms_key.State(policy=Document.parse([{**ACCOUNT, "Effect": "Deny"}])), "nobody could change"),
        (kms_key.State(policy=None), "always has a policy"),
        (kms_key.State(policy=POLICY, key_spec="RSA_2048", key_usage="SIGN_VERIFY", rotation=365), "do not rotate"),
        (kms_key.State(policy=Document.parse([{**ACCOUNT, "Sid": "x" * 33000}])), "AWS takes 32768"),
        (kms_key.State(tags={f"k{number}": "" for number in range(51)}), "51 tags"),
    ],
)
def test_what_aws_would_refuse_is_told_when_planned(after: Any, says: str) -> None:
    """Lock-out by a key's own policy first of all: AWS refuses it, and only support could help."""
    (found,) = kms_key.breaches("one", None, after, Spot(Direct().world(), HOME))
    assert says in found.summary


def test_aws_managed_keys_are_not_ours() -> None:
    """Aliases of AWS's own keys are not told, and cannot be made."""
    aws = Direct()
    assert aws.world().all("kms_key", HOME) == {}
    assert [one.summary for one in kms_key.breaches("aws/s3", None, kms_key.State(), Spot(aws.world(), HOME))] == [
        "'aws/s3' is no alias"
    ]


def test_rotation_is_yes_no_or_days() -> None:
    """`true` keeps the period that there is; days outside of AWS's range are refused."""
    codec = kms_key.rules.Rotation()
    for before, asked, after in ((0, True, 365), (90, True, 90), (90, False, 0), (0, 180, 180), (UNREAD, True, 365)):
        assert codec.merge(before, codec.read(asked, PLAIN)) == after
    for wrong in (89, 2561, "true", None):
        with pytest.raises(FieldError, match="number of days"):
            codec.read(wrong, PLAIN)


def test_other_peoples_statements_in_a_key_policy_stay() -> None:
    """A task that gives one statement leaves AWS's default statement where it is."""
    aws = Direct()
    _to(aws, kms_key.State())
    before = _now(aws)
    own = statement("Trail", "kms:GenerateDataKey*", "*", Principal={"Service": "cloudtrail.amazonaws.com"})
    codec = kms_key._POLICY
    assert _to(aws, replace(before, policy=codec.merge(before.policy, codec.read([own], PLAIN)))) == ["put_key_policy"]
    assert [one["Sid"] for one in _now(aws).policy.data["Statement"]] == ["Enable IAM User Permissions", "Trail"]
    assert _now(aws).policy.data["Statement"][0]["Principal"] == {"AWS": ROOT}
