"""Drift tells what others changed since which run, field by field, from what playbooks ask for anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from iamfix.drift import marked
from iamfix.planfile import to_json
from iamfix.sandbox import Sandbox
from tests.running import Project

READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
ANN: dict[str, Any] = {"name": "ann", "path": "/x/", "tags": {"team": "a"}, "inline_policies": {"p": READ}}


def notes(project: Project, *tasks: dict[str, Any]) -> list[str]:
    """The notes of `iamfix drift` on the one account's changes."""
    data = marked(to_json(project.plan(*tasks)), project.folder / "journal")
    return [change["notes"][-1] for change in data["accounts"][0]["changes"]]


@pytest.fixture
def project(bare: Sandbox, tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_what_nobody_applied_is_no_drift(project: Project) -> None:
    """A change of what no run has touched says so."""
    assert notes(project, {"iam_user": ANN}) == ["no run in this journal has changed it before"]


def test_fields_that_others_changed_are_named(project: Project, bare: Sandbox) -> None:
    """Only the fields in which the resource is not as the last run left it, and which would be put right."""
    run = project.apply(project.plan({"iam_user": ANN})).run_id
    iam = bare.client("iam")
    iam.tag_user(UserName="ann", Tags=[{"Key": "team", "Value": "b"}])
    iam.attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")  # not managed
    assert notes(project, {"iam_user": ANN}) == [f"changed since run {run}: tags"]
    iam.delete_user_policy(UserName="ann", PolicyName="p")
    assert notes(project, {"iam_user": ANN}) == [f"changed since run {run}: inline_policies, tags"]


def test_what_the_playbook_asks_anew_is_no_drift(project: Project) -> None:
    """A changed playbook is told from a changed account."""
    run = project.apply(project.plan({"iam_user": ANN})).run_id
    assert notes(project, {"iam_user": {**ANN, "path": "/y/"}}) == [f"asked for anew: it is as run {run} left it"]
    gone = {"iam_user": {"name": "ann", "state": "absent"}}
    assert notes(project, gone) == [f"asked for anew: it is as run {run} left it"]


def test_what_was_deleted_or_made_since_is_said(project: Project, bare: Sandbox) -> None:
    """What others took away, and what they made again after a run had removed it."""
    group = {"iam_group": {"name": "g"}}
    run = project.apply(project.plan(group)).run_id
    bare.client("iam").delete_group(GroupName="g")
    assert notes(project, group) == [f"deleted since run {run}"]
    project.apply(project.plan(group))
    gone = {"iam_group": {"name": "g", "state": "absent"}}
    run = project.apply(project.plan(gone)).run_id
    bare.client("iam").create_group(GroupName="g")
    assert notes(project, gone) == [f"made since run {run}"]
    assert notes(project, {"iam_group": {"name": "g", "path": "/p/"}}) == [f"made since run {run}"]


def test_a_run_that_failed_there_does_not_count(project: Project, bare: Sandbox) -> None:
    """What a failed run left behind is measured against the last run that went well."""
    run = project.apply(project.plan({"iam_user": ANN})).run_id
    bare.fail("iam", "TagUser", "AccessDenied")
    later = {**ANN, "path": "/y/", "tags": {"team": "c"}}
    assert project.apply(project.plan({"iam_user": later})).exit_code == 1
    assert notes(project, {"iam_user": ANN}) == [f"changed since run {run}: path"]
