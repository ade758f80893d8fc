"""The identity practices on the untidy organization: the safe is done, the rest waits; enforced, nothing is left."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from iamfix.model import Plan
from iamfix.sandbox import Sandbox
from tests.practices.planning import PLAYBOOKS, held_as_told
from tests.running import Project

BASELINE = PLAYBOOKS / "baseline.yml"
IDENTITY = tuple(
    PLAYBOOKS / "practices" / f"{name}.yml"
    for name in (
        "password-policy", "root", "credentials", "least-privilege", "managed-policies", "groups", "boundaries", "mfa",
    )
)  # fmt: skip
"""In the order of the baseline."""
ACCOUNTS = ("111111111111", "222222222222", "333333333333", "444444444444", "555555555555")


def _plan(project: Project, **variables: Any) -> Plan:
    plan = project.runner(extra_vars=variables).plan(IDENTITY)
    assert [one.error for one in plan.accounts] == [None] * 5
    assert [problem for problem in plan.problems() if problem.severity == "error"] == []
    return plan


def _apply(project: Project, plan: Plan) -> None:
    outcome = project.runner().apply(plan)
    assert set(outcome.accounts.values()) <= {"done", "nothing"}, outcome.problems


def _workloads(practice: Sandbox) -> dict[str, Any]:
    """Return what workloads hang on: what everybody holds, trust, boundaries, keys, passwords, devices."""
    found: dict[str, Any] = {}
    for account in ACCOUNTS:
        iam = practice.client("iam", account)
        told = {name: [] for name in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")}
        for page in iam.get_paginator("get_account_authorization_details").paginate():
            for name, members in told.items():
                members += page[name]
        found |= {f"{account}/{who}": policies for who, policies in held_as_told(told).items()}
        for role in told["RoleDetailList"]:
            found[f"{account}/trust/{role['RoleName']}"] = role["AssumeRolePolicyDocument"]
        for entity, members in (("user", told["UserDetailList"]), ("role", told["RoleDetailList"])):
            for one in members:
                name = one["UserName" if entity == "user" else "RoleName"]
                found[f"{account}/boundary/{entity}/{name}"] = one.get("PermissionsBoundary")
        for user in (one["UserName"] for one in told["UserDetailList"]):
            for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
                found[f"{account}/key/{key['AccessKeyId']}"] = key["Status"]
            found[f"{account}/devices/{user}"] = len(iam.list_mfa_devices(UserName=user)["MFADevices"])
            try:
                iam.get_login_profile(UserName=user)
                found[f"{account}/password/{user}"] = True
            except iam.exceptions.NoSuchEntityException:
                found[f"{account}/password/{user}"] = False
    return found


def test_unenforced_nothing_that_a_workload_hangs_on_is_touched(practice: Sandbox, tmp_path: Path) -> None:
    """Everybody holds what they held, and who has MFA is held to it; trust, keys and passwords are as before."""
    project, before = Project(tmp_path), _workloads(practice)
    first = _plan(project)
    _apply(project, first)
    after = _workloads(practice)
    assert before.keys() == after.keys()
    changed = {who for who in before if before[who] != after[who]}
    gained = {who: after[who] - before[who] for who in changed}
    assert all(before[who] <= after[who] and len(gained[who]) == 1 for who in changed)
    assert {who.split("/", 1)[1] for who in changed} == {
        "user/frieda.finance", "user/bob", "user/grace",
    }  # fmt: skip
    second = _plan(project)
    assert list(second.changes()) == []
    assert Counter(one.staged for account in second.accounts for one in account.findings if one.staged) == Counter(
        one.staged for account in first.accounts for one in account.findings if one.staged
    )


def test_enforced_a_second_plan_is_empty_and_only_a_persons_work_is_left(practice: Sandbox, tmp_path: Path) -> None:
    """With enforce=all every practice has something to do; afterwards there is nothing left but findings for people."""
    project = Project(tmp_path)
    first = _plan(project, enforce="all")
    assert {change.origin.practice for change in first.changes()} == {1, 2, 5, 6, 7, 8}
    _apply(project, first)
    second = _plan(project, enforce="all")
    assert list(second.changes()) == []
    left = [one for account in second.accounts for one in account.findings]
    assert {one.staged for one in left} == {None}
    assert {one.origin.practice for one in left} == {1, 2, 4, 5, 6, 8}
    _apply(project, second)


NEEDS_TIME_OR_CROWDS = {
    "Nobody has so many tags that it cannot be written down",
    "Keys that were deactivated long ago are deleted", "What is written down goes with the keys",
    "Roles with inline policies", "Groups with inline policies", "Users with inline policies",
    "Nobody who can sign in is left out", "No role carries the policy",
    "Inline policies of users that are wider than they need to be", "Nobody has all of CloudShell",
    "Server certificates that have ended are removed",
}  # fmt: skip
"""Tasks with nothing to say of the untidy organization when the tasks before them have done their work."""


def test_every_practice_has_something_to_find(practice: Sandbox, tmp_path: Path) -> None:
    """The practice organization shows each task of each practice, but for those that need time or crowds."""
    made = (_plan(Project(tmp_path)), _plan(Project(tmp_path), enforce="all"))
    shown = {one.origin.task for plan in made for account in plan.accounts for one in account.findings}
    shown |= {change.origin.task for plan in made for change in plan.changes()}
    tasks = {task["name"] for file in IDENTITY for play in yaml.safe_load(file.read_text()) for task in play["tasks"]}
    assert tasks - shown - NEEDS_TIME_OR_CROWDS == set()


def test_each_practice_can_be_run_alone(practice: Sandbox, tmp_path: Path) -> None:
    """On any account, with no variable set beyond the inventory's, enforced or not; a plan sends no change."""
    for file in IDENTITY:
        for variables in ({}, {"enforce": "all"}):
            plan = Project(tmp_path, limit="payments-prod").runner(extra_vars=variables).plan([file])
            assert [one.error for one in plan.accounts] == [None], file.name
            assert [problem for problem in plan.problems() if problem.severity == "error"] == [], file.name
    assert practice.log.mutating() == []


def test_an_account_without_anything_is_fine(bare: Sandbox, tmp_path: Path) -> None:
    """On accounts with nothing but the role iamfix the baseline applies, and then there is nothing left to do."""
    project = Project(tmp_path)
    _apply(project, _plan(project, enforce="all"))
    second = _plan(project, enforce="all")
    assert list(second.changes()) == []


def test_the_baseline_imports_them_in_this_order() -> None:
    """What is too wide goes before it is handed on to groups, and groups have their members before MFA is asked for."""
    imported = [one["import_playbook"] for one in yaml.safe_load(BASELINE.read_text())]
    mine = [f"practices/{file.name}" for file in IDENTITY]
    assert [one for one in imported if one in mine] == mine


def test_every_task_says_which_practice_and_class_it_is_of() -> None:
    """Practice number and tag everywhere; what a guard would refuse is allowed only where the task is staged."""
    for file in IDENTITY:
        for play in yaml.safe_load(file.read_text()):
            assert play["accounts"], file.name
            assert play["tags"], file.name
            for task in play["tasks"]:
                assert 1 <= task["practice"] <= 12, (file.name, task["name"])
                assert "allow" not in task or "staged" in task, (file.name, task["name"])
