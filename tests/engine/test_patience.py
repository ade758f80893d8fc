"""AWS that is slow to show changes and often too busy: applies converge, and end in bounded time when they cannot."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from iamfix.clock import TurnedClock
from iamfix.options import Options
from iamfix.run import Runner
from iamfix.sandbox import Sandbox
from tests import ledger
from tests.running import Project, Quiet, SandboxTime, use

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALL_KINDS = [
    {"iam_managed_policy": {"name": "Reader", "policy": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}, "tags": {"Owner": "x"}}},
    {"iam_managed_policy": {"name": "Full", "policy": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}}},
    {"iam_user": {"name": "ann", "tags": {"Owner": "x"}}},
    {"iam_group": {"name": "People", "managed_policies": ["Reader", "ReadOnlyAccess"], "users": ["ann"]}},
    {"iam_role": {"name": "app", "path": "/app/", "assume_role_policy_document": TRUST, "managed_policies": ["Reader"],
                  "permissions_boundary": "Full"}},
    {"iam_role": {"name": "caller", "assume_role_policy_document": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::{{ account_id }}:role/app/app"},
         "Action": "sts:AssumeRole"}]}}},
    {"iam_password_policy": {"min_pw_length": 14}},
]  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_an_apply_converges_on_a_slow_and_busy_aws(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 20 s until changes are seen, and 30 % of calls throttled, all five kinds come out as planned."""
    clock = TurnedClock(datetime.now(UTC))
    with Sandbox(seed=seed, clock=SandboxTime(clock)) as sandbox:
        use(sandbox, monkeypatch)
        iam = sandbox.client("iam")
        arn = iam.create_policy(PolicyName="Full", PolicyDocument=json.dumps(TRUST_FREE))["Policy"]["Arn"]
        for number in range(4):  # five versions: the next one needs room
            document = json.loads(json.dumps(TRUST_FREE).replace("sqs:*", f"sqs:Get{number}*"))
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document))
        clock.sleep(60)
        sandbox.consistency_delay, sandbox.faults.throttle = 20.0, 0.3
        project = Project(tmp_path)
        options = Options(inventory=project.inventory, journal=tmp_path / "journal")

        def runner() -> Runner:
            return Runner(options, Quiet(), clock=clock, chance=random.Random(seed))

        playbook = project.playbook(*ALL_KINDS)
        first = runner()
        outcome = first.apply(first.plan([playbook]))
        assert outcome.problems == ()
        assert set(outcome.accounts.values()) == {"done"}
        clock.sleep(60)
        again = runner().plan([playbook])
        assert [account.error for account in again.accounts] == [None]
        assert list(again.changes()) == []
        ledger.check(sandbox, tmp_path)


TRUST_FREE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}


def test_a_call_that_is_always_throttled_fails_in_bounded_time(bare: Sandbox, tmp_path: Path) -> None:
    """Patience has an end, and says how often it tried."""
    project = Project(tmp_path)
    runner = project.runner()
    plan = runner.plan([project.playbook({"iam_group": {"name": "New"}})])
    bare.fail("iam", "CreateGroup", "Throttling", times=10_000)
    began = runner.clock.monotonic()
    outcome = runner.apply(plan)
    assert outcome.accounts == {"management": "failed"}
    assert runner.clock.monotonic() - began < 200
    assert "Throttling" in outcome.problems[0].summary
    assert "tried" in outcome.problems[0].summary
