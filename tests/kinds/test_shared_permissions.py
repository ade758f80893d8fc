"""What `iamfix permissions` prints is enough for buckets, keys, topics, queues and rules too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from iamfix.kinds import KINDS
from iamfix.permissions import policy_for
from iamfix.sandbox import Sandbox
from tests.engine.test_permissions import NARROW, PROD, furnish, run
from tests.kinds.states.shared import statement
from tests.running import Project

ROOT = f"arn:aws:iam::{PROD}:root"
QUEUE = f"arn:aws:sqs:us-east-1:{PROD}:q"


def _tasks(*, later: bool) -> list[dict[str, Any]]:
    account = statement("Account", "kms:*", "*", Principal={"AWS": ROOT})
    expire = {"expire": {"Expiration": {"Days": 90}}}
    return [
        {"s3_bucket": {"name": "some-bucket", "versioning": True, "tags": {"a": str(later)}, "encryption": "aws:kms",
                       "object_ownership": "ObjectWriter", "logging": {"target_bucket": "some-bucket"},
                       "public_access": {"block_public_acls": later}, "lifecycle_rules": {} if later else expire,
                       "policy": [statement("Own", "s3:*", "arn:aws:s3:::some-bucket/*", Principal={"AWS": ROOT})]}},
        {"s3_account_public_access_block": {"block_public_acls": later}},
        {"kms_key": {"name": "k", "policy": [account], "rotation": not later, "tags": {"a": str(later)},
                     "description": str(later), "enabled": not later}},
        {"sns_topic": {"name": "t", "display_name": str(later), "tags": {"a": str(later)},
                       "subscriptions": [] if later else [f"sqs:{QUEUE}"]}},
        {"sqs_queue": {"name": "q", "visibility_timeout": 60 if later else 30, "tags": {"a": str(later)}}},
        {"eventbridge_rule": {"name": "r", "event_pattern": {"source": ["x"]}, "description": str(later),
                              "tags": {"a": str(later)}, "targets": {} if later else {"q": {"Arn": QUEUE}}}},
    ]  # fmt: skip


GONE = [
    {kind: {"name": name, "state": "absent"} if name else {"state": "absent"}}
    for kind, name in {
        "eventbridge_rule": "r", "sqs_queue": "q", "sns_topic": "t", "kms_key": "k",
        "s3_account_public_access_block": "", "s3_bucket": "some-bucket",
    }.items()
]  # fmt: skip


def test_printed_permissions_are_enough_to_make_change_and_delete(bare: Sandbox, tmp_path: Path) -> None:
    """With the printed policy, and no other, each of three plans and its apply run; with that of looking only, none."""
    furnish(bare)
    project = Project(tmp_path)
    for tasks in (_tasks(later=False), _tasks(later=True), GONE):
        project.inventory.write_text(NARROW.replace("prod:", "#"), encoding="utf-8")
        plan = project.plan(*tasks, accounts="wide", allow=("irreversible",))
        assert [one for one in plan.problems() if one.severity == "error"] == []
        assert len(list(plan.changes())) == 6
        looking = policy_for(plan, KINDS, "plan")
        start = bare.save()
        assert not run(bare, project, looking, tasks)
        bare.restore(start)
        assert run(bare, project, policy_for(plan, KINDS, "apply"), tasks)
