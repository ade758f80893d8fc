"""Buckets, keys, topics, queues and rules on an AWS that is slow to show changes, and often too busy."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from iamfix.clock import TurnedClock
from iamfix.options import Options
from iamfix.run import Runner
from iamfix.sandbox import Sandbox
from tests import ledger
from tests.kinds.states.shared import ROOT, statement
from tests.running import Project, Quiet, SandboxTime, use

ACCOUNT = statement("Account", "kms:*", "*")
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip
READER = {"AWS": ROOT.replace("root", "role/reader")}
QUEUE = "arn:aws:sqs:us-east-1:111111111111:events"


def _tasks(*, later: bool) -> list[dict[str, Any]]:
    read = statement("Read", "s3:GetObject", "arn:aws:s3:::logs-of-all/*", Principal=READER)
    use_key = statement("Use", "kms:Decrypt", "*", Principal=READER)
    send = statement("Send", "sqs:SendMessage", QUEUE, Principal={"Service": "events.amazonaws.com"})
    return [
        {"iam_role": {"name": "reader", "assume_role_policy_document": TRUST}},
        {"s3_bucket": {"name": "logs-of-all", "policy": [read], "versioning": True, "tags": {"Owner": "x"},
                       "public_access": {"block_public_acls": not later}}},
        {"s3_account_public_access_block": {"block_public_acls": True, "block_public_policy": later}},
        {"kms_key": {"name": "logs", "policy": [ACCOUNT, use_key], "rotation": True, "enabled": not later}},
        {"sns_topic": {"name": "alarms", "subscriptions": [f"sqs:{QUEUE}"], "display_name": "x" if later else ""}},
        {"sqs_queue": {"name": "events", "policy": [send], "visibility_timeout": 60 if later else 30}},
        {"eventbridge_rule": {"name": "all", "event_pattern": {"source": ["aws.iam"]},
                              "targets": {"queue": {"Arn": QUEUE}}, "description": "x" if later else ""}},
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_they_converge_on_a_slow_and_busy_aws(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 20 s until changes are seen, and 30 % of calls throttled: made, changed, taken back, each as planned."""
    clock = TurnedClock(datetime.now(UTC))
    with Sandbox(seed=seed, clock=SandboxTime(clock)) as sandbox:
        use(sandbox, monkeypatch)
        sandbox.consistency_delay, sandbox.faults.throttle = 20.0, 0.3
        project = Project(tmp_path)
        options = Options(inventory=project.inventory, journal=tmp_path / "journal")

        def runner() -> Runner:
            return Runner(options, Quiet(), clock=clock, chance=random.Random(seed))

        def settled(tasks: list[dict[str, Any]]) -> int:
            clock.sleep(60)
            return len(list(runner().plan([project.playbook(*tasks)]).changes()))

        outcomes = []
        for later in (False, True):
            tasks = _tasks(later=later)
            first = runner()
            outcomes.append(first.apply(first.plan([project.playbook(*tasks)])))
            assert outcomes[-1].problems == ()
            assert set(outcomes[-1].accounts.values()) == {"done"}
            assert settled(tasks) == 0
        clock.sleep(60)
        back = runner()
        taken = back.apply(back.rollback(outcomes[-1].run_id), "rollback")
        assert set(taken.accounts.values()) == {"done"}
        assert settled(_tasks(later=False)) == 0
        ledger.check(sandbox, tmp_path)
