"""Waves of accounts: `serial` and `max_fail_percentage`, with accounts that fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from iamfix.cli import run as iamfix
from iamfix.journal import read_run
from iamfix.options import Outcome
from iamfix.sandbox import Sandbox
from tests.running import Project

IDS = ["111111111111", "222222222222", "333333333333", "444444444444", "555555555555"]
NAMES = ["management", "payments-prod", "payments-dev", "data-prod", "sandbox-alice"]
GROUP = {"iam_group": {"name": "Ops"}}


def outcome(sandbox: Sandbox, folder: Path, bad: list[int], **play: Any) -> tuple[dict[str, str], Outcome]:
    """Apply one group to five accounts, of which some refuse it; returns each account's state in the plan's order."""
    project = Project(folder)
    runner = project.runner(forks=5)
    plan = runner.plan([project.playbook(GROUP, accounts="all", **play)])
    order = {one.account.name: one.account.id for one in plan.accounts}
    for number in bad:
        sandbox.fail("iam", "CreateGroup", "AccessDenied", account=list(order.values())[number])
    found = runner.apply(plan)
    return {name: str(found.accounts[name]) for name in order}, found


D, F, S = "done", "failed", "skipped"


@pytest.mark.parametrize(
    ("bad", "play", "states", "code"),
    [
        # One wave: everybody is tried, whoever fails.
        ([], {}, [D, D, D, D, D], 0),
        ([1], {}, [D, F, D, D, D], 3),
        ([0, 1, 2, 3, 4], {}, [F, F, F, F, F], 1),
        # Waves: the next one starts when the one before went well.
        ([], {"serial": 1}, [D, D, D, D, D], 0),
        ([0], {"serial": 1}, [F, S, S, S, S], 1),
        ([2], {"serial": 1}, [D, D, F, S, S], 3),
        ([1], {"serial": [1, "40%", "100%"]}, [D, F, D, S, S], 3),
        ([4], {"serial": [1, "100%"]}, [D, D, D, D, F], 3),
        # A share of each wave may fail.
        ([0], {"serial": 2, "max_fail_percentage": 50}, [F, D, D, D, D], 3),
        ([0], {"serial": 2, "max_fail_percentage": 49}, [F, D, S, S, S], 3),
        ([0, 1], {"serial": 2, "max_fail_percentage": 99}, [F, F, S, S, S], 1),
        ([0, 1, 2, 3, 4], {"serial": 1, "max_fail_percentage": 100}, [F, F, F, F, F], 1),
    ],
)  # fmt: skip
def test_how_far_a_run_goes(
    bare: Sandbox, tmp_path: Path, bad: list[int], play: dict[str, Any], states: list[str], code: int
) -> None:
    """A wave in which more failed than may ends the run: what was not reached is skipped, and said to be."""
    found, whole = outcome(bare, tmp_path, bad, **play)
    assert list(found.values()) == states
    assert whole.exit_code == code
    run = read_run(tmp_path / "journal", "latest")
    assert dict(run.accounts) == found
    skipped = {name for name, state in found.items() if state == S}
    ids = dict(zip(NAMES, IDS, strict=True))
    asked = {record.account for record in bare.log.mutating()}
    assert asked.isdisjoint(ids[name] for name in skipped)


def test_a_failure_in_one_play_ends_the_next_only_where_it_was(bare: Sandbox, tmp_path: Path) -> None:
    """An account that failed is left out of later plays; a play that too many failed ends the run."""
    project = Project(tmp_path)
    for percentage, state in ((100, "done"), (0, "skipped")):
        plays = [
            {"accounts": "all", "tasks": [{"iam_group": {"name": f"{letter}{percentage}"}}], **more}
            for letter, more in (("a", {"max_fail_percentage": percentage}), ("b", {}))
        ]
        runner = project.runner()
        path = project.playbook(GROUP)
        path.write_text(str(plays), encoding="utf-8")
        plan = runner.plan([path])
        bare.fail("iam", "CreateGroup", "AccessDenied", account="444444444444")
        found = runner.apply(plan)
        assert found.accounts["data-prod"] == "failed"
        groups = {group["GroupName"] for group in bare.client("iam", "222222222222").list_groups()["Groups"]}
        assert (f"b{percentage}" in groups) == (state == "done")
        assert f"b{percentage}" not in {
            group["GroupName"] for group in bare.client("iam", "444444444444").list_groups()["Groups"]
        }


def test_skipped_accounts_are_named(bare: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The end of an apply names what was not reached, and why; so does `show`."""
    project = Project(tmp_path)
    bare.fail("iam", "CreateGroup", "AccessDenied")
    arguments = ["-i", str(project.inventory), "--journal", str(tmp_path / "journal")]
    playbook = str(project.playbook(GROUP, accounts="payments-prod:data-prod", serial=1))
    assert iamfix(["apply", playbook, *arguments, "--auto-approve"]) == 1
    told = capsys.readouterr().err
    assert "1 failed, 1 skipped" in told
    first, last = ("data-prod", "payments-prod") if "payments-prod: skipped" in told else ("payments-prod", "data-prod")
    assert f"{last}: skipped" in told
    assert f"{first}: failed" in told
    assert iamfix(["show", "latest", "--journal", str(tmp_path / "journal")]) == 0
    assert "skipped" in capsys.readouterr().out
