"""Staged fixes: what may break a workload is reported, and done only where `enforce` names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from iamfix.model import InputError
from iamfix.sandbox import Sandbox
from tests.running import Project

TAG = {"iam_user": {"select": "true", "tags": {"include": {"Seen": "yes"}}}}


def _task(**more: Any) -> dict[str, Any]:
    staged = {"message": "{{ name }} would be tagged", "severity": "low"}
    return {"name": "Tagged", "practice": 7, "tags": ["keys", "old-keys"], "staged": staged, **TAG, **more}


@pytest.fixture
def project(bare: Sandbox, tmp_path: Path) -> Project:
    for name in ("ann", "bob"):
        bare.client("iam").create_user(UserName=name, Path="/ci/" if name == "bob" else "/")
    return Project(tmp_path)


def test_a_staged_fix_is_a_finding_that_says_how_to_have_it_done(project: Project) -> None:
    """Without `enforce` nothing changes; the finding names the resource, the reason, and the word that does it."""
    plan = project.plan(_task())
    assert list(plan.changes()) == []
    found = plan.accounts[0].findings
    assert [(one.address, one.severity, one.staged) for one in found] == [
        ("management/iam_user/ann", "low", "old-keys"), ("management/iam_user/bob", "low", "old-keys"),
    ]  # fmt: skip
    assert found[0].message == "ann would be tagged (done with -e enforce=old-keys)"


@pytest.mark.parametrize("enforce", ["all", "7", 7, "keys", "mfa,old-keys", "mfa old-keys", ["mfa", 7], ["old-keys"]])
def test_enforce_names_a_practice_a_tag_or_all(project: Project, enforce: Any) -> None:
    """Each way of naming the task has it done, and leaves no finding."""
    plan = project.plan(_task(vars={"enforce": enforce}))
    assert len(list(plan.changes())) == 2
    assert plan.accounts[0].findings == ()


@pytest.mark.parametrize("enforce", [[], "", "mfa", ["70"], "old"])
def test_what_enforce_does_not_name_stays_a_finding(project: Project, enforce: Any) -> None:
    """Neither an empty `enforce` nor other words have it done."""
    plan = project.plan(_task(vars={"enforce": enforce}))
    assert list(plan.changes()) == []
    assert len(plan.accounts[0].findings) == 2


def test_where_nothing_can_break_it_is_done(project: Project) -> None:
    """`when` under `staged` asks each resource; where it does not hold, the fix is an ordinary change."""
    staged = {"when": "path == '/ci/'", "message": "{{ name }} is used by machines"}
    plan = project.plan(_task(staged=staged))
    assert [change.name for change in plan.changes()] == ["ann"]
    assert [one.address for one in plan.accounts[0].findings] == ["management/iam_user/bob"]


def test_a_resource_that_is_new_has_the_fields_that_aws_gives_it(project: Project) -> None:
    """`when` and `message` may look at what a task would create."""
    task = {"iam_group": {"name": "New"}, "staged": {"when": "users", "message": "x"}, "practice": 5}
    assert [change.action for change in project.plan(task).changes()] == ["create"]
    task["staged"] = {"when": "not users", "message": "{{ name }} at {{ path }}"}
    assert project.plan(task).accounts[0].findings[0].message == "New at / (done with -e enforce=5)"


def test_a_later_task_sees_that_it_was_not_done(project: Project) -> None:
    """The plan goes on from how the account looks without the fix."""
    check = {"check": {"kind": "iam_user", "select": "'Seen' not in tags", "message": "{{ name }} is bare"}}
    assert len(project.plan(_task(), check).accounts[0].findings) == 4
    assert len(project.plan(_task(), check, extra_vars={"enforce": "all"}).accounts[0].findings) == 0


def test_a_saved_plan_keeps_what_is_staged(project: Project, tmp_path: Path) -> None:
    """The public form tells staged findings from those that need a person, and is read back whole."""
    import json

    from iamfix import planfile

    plan = project.plan(_task())
    data = planfile.to_json(plan)
    assert [one["staged"] for one in data["accounts"][0]["findings"]] == ["old-keys", "old-keys"]
    (tmp_path / "plan.json").write_text(json.dumps(data))
    saved = project.runner().saved(tmp_path / "plan.json").accounts[0]
    assert [(one.message, one.staged) for one in saved.findings] == [
        (one.message, one.staged) for one in plan.accounts[0].findings
    ]


def test_a_word_that_names_nothing_is_refused(project: Project) -> None:
    """A slip of the pen on the command line must not look like a practice that is enforced."""
    with pytest.raises(InputError, match=r"'old-key'.*no staged task") as error:
        project.plan(_task(), extra_vars={"enforce": "old-key"})
    assert error.value.problems[0].hint == "did you mean 'old-keys'?"
    project.plan(_task(), extra_vars={"enforce": "keys,7"})


@pytest.mark.parametrize("enforce", [True, {"mfa": 1}, [["mfa"]], None, 1.5])
def test_enforce_of_another_type_is_a_mistake(project: Project, enforce: Any) -> None:
    """It is a word, a number, or a list of them."""
    plan = project.plan(_task(vars={"enforce": enforce}))
    assert "enforce names tags and practices" in next(plan.problems()).summary
    assert list(plan.changes()) == []


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (
            {"check": {"kind": "iam_user", "select": "true", "message": "x"}, "staged": {"message": "x"}},
            "check changes nothing",
        ),
        ({**TAG, "staged": {"mesage": "x"}}, "unknown key 'mesage'"),
        ({**TAG, "staged": {"message": "x", "severity": "grave"}}, "severity"),
        ({**TAG, "staged": {"message": "{{ name"}}, "not a template"),
        ({**TAG, "staged": {"message": "x", "when": "((" }}, "not a template"),
        ({**TAG, "staged": None}, "staged is empty"),
        ({**TAG, "staged": {"severity": "low"}}, "'message' is missing"),
    ],
)  # fmt: skip
def test_mistakes_in_staged_are_told_with_their_place(project: Project, task: dict[str, Any], words: str) -> None:
    """As everywhere: file, line, what is wrong."""
    path = project.folder / "wrong.yml"
    path.write_text(yaml.safe_dump([{"accounts": "all", "tasks": [task]}], sort_keys=False))
    with pytest.raises(InputError) as error:
        project.runner().plan([path])
    assert any(words in problem.summary and "wrong.yml:" in problem.where for problem in error.value.problems)
