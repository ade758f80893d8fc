"""What a plan that makes an account says of what follows there; that it comes so, `test_bootstrap.py` shows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from iamfix.aws.new_account import NewAccount
from iamfix.kinds import KINDS
from iamfix.kinds.protocol import Want
from iamfix.model import Account
from iamfix.sandbox import Sandbox
from iamfix.wanted import details_of
from tests.running import Project

TASK = {"organization_account": {"name": "new one", "email": "new@example.com"}}


def _notes(project: Project, **options: Any) -> list[str]:
    plan = project.plan(TASK, **options)
    assert [problem for problem in plan.problems() if problem.severity == "error"] == []
    return [note for change in plan.changes() for note in change.notes][2:]


def _playbook(folder: Path, *tasks: dict[str, Any], accounts: str = "all") -> dict[str, Path]:
    path = folder / "new.yml"
    path.write_text(yaml.safe_dump([{"accounts": accounts, "tasks": list(tasks)}]), encoding="utf-8")
    return {"new_account": path}


def test_the_changes_are_told_by_kind_and_nothing_is_sent_for_them(bare: Sandbox, tmp_path: Path) -> None:
    """Creations, updates and removals of what a new account comes with, each kind in a line; -e is heard."""
    project = Project(tmp_path)
    bare.log.clear()
    _notes(project)
    alone = len(list(bare.log))
    given = _playbook(
        tmp_path,
        {"iam_group": {"name": "{{ item }}"}, "loop": ["Admins", "Readers"]},
        {"iam_group": {"name": "{{ more }}"}},
        {"s3_bucket": {"name": "logs-{{ account_id }}"}},
        {"ec2_default_vpc": {"state": "absent"}, "regions": "all", "allow": ["irreversible"]},
        {"iam_role": {"select": "name.startswith('Organization')", "description": "AWS's"}},
        {"check": {"kind": "iam_account", "select": "has_root_credentials", "message": "root"}},
    )
    bare.log.clear()
    notes = _notes(project, extra_vars={"more": "Third"}, **given)
    assert len(list(bare.log)) == alone
    assert notes == [
        f"then, in the new account, {given['new_account']} makes 22 changes, as far as known now:",
        "  + iam_group: Admins, Readers, Third",
        "  + s3_bucket: logs-<its id>",
        "  - ec2_default_vpc: default in 17 regions",
        "  ~ iam_role: OrganizationAccountAccessRole",
    ]


def test_what_cannot_be_known_is_said(bare: Sandbox, tmp_path: Path) -> None:
    """A mistake of the playbook, plays for other accounts, and no playbook at all are no failure of this plan."""
    project = Project(tmp_path)
    (first, unknown) = _notes(project, **_playbook(tmp_path, {"iam_group": {"name": "{{ nowhere }}"}}))
    assert "makes 0 changes" in first
    assert unknown.startswith("  not known before the account is made: new-one: 'nowhere' is undefined (")
    (nothing,) = _notes(project, **_playbook(tmp_path, {"iam_group": {"name": "g"}}, accounts="workloads"))
    assert "makes 0 changes" in nothing
    (broken,) = _notes(project, **_playbook(tmp_path, {"iam_grup": {"name": "g"}}))
    assert "would do in it cannot be told: " in broken
    assert "iam_grup" in broken
    assert _notes(project, new_account=tmp_path / "nowhere.yml") == []


MEMBERS = sorted(name for name, kind in KINDS.items() if not hasattr(kind, "PLACE") and name != "root_access")
"""The kinds of which a member account has some; the others live in the management account."""


@pytest.mark.parametrize("kind", MEMBERS)
def test_every_kind_is_told_of_a_new_account(kind: str) -> None:
    """Each kind finds its way through the answers of an account that is not made, with all its details."""
    account = Account(id="000000000000", name="new", role_arn="arn:aws:iam::000000000000:role/iamfix")
    read = NewAccount(account, "us-east-1", datetime.now(UTC), "111111111111")
    KINDS[kind].observe(read, Want(None, details_of(KINDS[kind]), live=True))
