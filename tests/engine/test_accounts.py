"""Many accounts: one's failure is its own; what moved is refused; waves stop; secrets stay secret; reads are few."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iamfix.model import InputError
from iamfix.planfile import to_json
from iamfix.sandbox import Sandbox
from tests.running import Project

GROUP = {"iam_group": {"name": "Ops", "managed_policies": ["ReadOnlyAccess"]}}
MANAGED = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


def test_one_accounts_failure_is_its_own(bare: Sandbox, tmp_path: Path) -> None:
    """A role that is missing in one account leaves the others to be planned and applied; the exit code is 3."""
    bare.client("iam", "333333333333").detach_role_policy(
        RoleName="iamfix", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    bare.client("iam", "333333333333").delete_role(RoleName="iamfix")
    project = Project(tmp_path)
    plan = project.plan(GROUP, accounts="all")
    errors = {one.account.name: one.error for one in plan.accounts}
    assert "AccessDenied" in str(errors.pop("payments-dev"))
    assert set(errors.values()) == {None}
    outcome = project.apply(plan)
    assert outcome.exit_code == 3
    assert outcome.accounts["payments-dev"] == "failed"
    assert outcome.accounts["payments-prod"] == "done"


def test_credentials_of_another_account_are_caught_before_anything_is_read(bare: Sandbox, tmp_path: Path) -> None:
    """The account's id is compared with that of the credentials, and nothing is asked of the wrong one."""
    project = Project(tmp_path)
    project.inventory.write_text("all: {accounts: {other: {id: '999999999999', role_arn: null}}}", encoding="utf-8")
    bare.log.clear()
    plan = project.plan(GROUP, accounts="all")
    assert "the credentials are of account 111111111111" in str(plan.accounts[0].error)
    assert {record.service for record in bare.log.records()} == {"sts"}


def test_what_moved_since_the_plan_is_refused_by_address(bare: Sandbox, tmp_path: Path) -> None:
    """Nothing is sent to an account in which a planned resource looks otherwise than it did."""
    project = Project(tmp_path)
    project.apply(project.plan(GROUP))
    plan = project.plan({"iam_group": {"name": "Ops", "managed_policies": []}})
    iam = bare.client("iam")
    iam.put_group_policy(GroupName="Ops", PolicyName="x", PolicyDocument=json.dumps(MANAGED))
    bare.log.clear()
    outcome = project.apply(plan)
    assert outcome.accounts == {"management": "refused"}
    assert outcome.exit_code == 1
    assert outcome.problems[0].where == "management/iam_group/Ops"
    assert "inline_policies" in outcome.problems[0].summary
    assert bare.log.mutating() == []


@pytest.mark.parametrize("edit", ["id", "calls", "account"])
def test_a_saved_plan_that_was_edited_is_refused(bare: Sandbox, tmp_path: Path, edit: str) -> None:
    """A plan is applied exactly as it was made, or not at all."""
    project = Project(tmp_path)
    data = to_json(project.plan(GROUP))
    if edit == "id":
        data["id"] = "0" * 16
    elif edit == "calls":
        data["accounts"][0]["changes"][0]["calls"][0]["params"]["GroupName"] = "Evil"
    else:
        data["accounts"][0]["id"] = "222222222222"
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InputError):
        project.runner().saved(path)


def test_waves_stop_after_one_went_wrong(bare: Sandbox, tmp_path: Path) -> None:
    """With `serial`, accounts after a failed wave are left alone, and said to be so."""
    project = Project(tmp_path)
    runner = project.runner()
    plan = runner.plan([project.playbook(GROUP, accounts="all", serial=[1, "100%"])])
    bare.fail("iam", "CreateGroup", "AccessDenied", times=1)
    outcome = runner.apply(plan)
    states = list(outcome.accounts.values())
    assert states.count("failed") == 1
    assert states.count("skipped") == 4


def test_plan_and_apply_of_one_run_ask_sts_once_for_each_account(bare: Sandbox, tmp_path: Path) -> None:
    """Credentials are got once in a run."""
    project = Project(tmp_path)
    bare.log.clear()
    runner = project.runner()
    runner.apply(runner.plan([project.playbook(GROUP, accounts="all")]))
    assert len(bare.log.records(service="sts")) == 5


def test_no_secret_is_shown_or_kept(bare: Sandbox, tmp_path: Path) -> None:
    """A password that is made stands in its own file, of mode 0600, and nowhere else."""
    project = Project(tmp_path)
    plan = project.plan({"iam_user": {"name": "ann", "console_access": True}})
    outcome = project.apply(plan)
    assert set(outcome.accounts.values()) == {"done"}
    secrets = list((tmp_path / "journal").glob("*.secrets/*"))
    assert [path.stat().st_mode & 0o777 for path in secrets] == [0o600]
    password = secrets[0].read_text(encoding="utf-8").strip()
    assert len(password) == 32
    journal = (tmp_path / "journal" / f"{outcome.run_id}.jsonl").read_text(encoding="utf-8")
    assert password not in journal
    assert password not in json.dumps(to_json(plan))
    assert "SecretAccessKey" not in journal
    assert "SessionToken" not in journal


def test_reads_do_not_grow_with_the_account(bare: Sandbox, tmp_path: Path) -> None:
    """A plan without changes over 700 resources takes as many requests as over none: at most six."""
    tasks = [
        {"iam_user": {"select": "true", "permissions_boundary": None}},
        {"iam_role": {"select": "path == '/app/'", "description": ""}},
        {"iam_group": {"select": "true", "inline_policies": {}}},
        {"iam_managed_policy": {"select": "true", "policy": MANAGED}},
        {"iam_password_policy": {"min_pw_length": 14}},
    ]
    project = Project(tmp_path)
    bare.client("iam", "222222222222").update_account_password_policy(MinimumPasswordLength=14)
    empty = project.plan(*tasks, accounts="payments-prod").accounts[0]
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})  # fmt: skip
    iam = bare.client("iam", "222222222222")
    for number in range(100):
        iam.create_group(GroupName=f"g{number}")
    for number in range(200):
        iam.create_user(UserName=f"u{number}")
        iam.create_role(RoleName=f"r{number}", Path="/app/", AssumeRolePolicyDocument=trust)
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=json.dumps(MANAGED))
    full = project.plan(*tasks, accounts="payments-prod").accounts[0]
    assert full.changes == ()
    assert full.unchanged >= 700
    assert full.api_calls <= 6
    assert full.api_calls == empty.api_calls

    bare.faults.page_size, bare.faults.empty_pages = 50, True
    paged = project.plan(*tasks, accounts="payments-prod").accounts[0]
    assert paged.changes == ()
    assert paged.unchanged == full.unchanged
