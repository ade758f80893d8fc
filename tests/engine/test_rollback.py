"""What others have done since a run is theirs: a rollback leaves it, says so, and is told by name to take it back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from iamfix.model import Plan
from iamfix.sandbox import Sandbox
from tests.running import Project

READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
WRITE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
POLICY = "arn:aws:iam::111111111111:policy/made"


def _run(project: Project, *tasks: dict[str, Any]) -> str:
    outcome = project.apply(project.plan(*tasks))
    assert outcome.exit_code == 0
    return outcome.run_id


def _told(plan: Plan) -> dict[str, str]:
    """What stays, by address without the account."""
    found = [one for one in plan.problems() if one.rule == "changed-since"]
    assert all("--allow changed-since" in one.hint for one in found)
    return {one.where.partition("/")[2]: one.summary for one in found}


def _addresses(plan: Plan) -> list[str]:
    return [f"{change.action} {change.address.partition('/')[2]}" for change in plan.changes()]


def test_a_role_that_somebody_changed_is_not_deleted(bare: Sandbox, tmp_path: Path) -> None:
    """What the run made stays when its description was changed, and the plan says so; the override removes it."""
    project, iam = Project(tmp_path), bare.client("iam")
    run = _run(project, {"iam_role": {"name": "app", "trust_policy": TRUST, "description": "ours"}})
    iam.update_role(RoleName="app", Description="theirs")
    plan = project.runner().rollback(run)
    assert _addresses(plan) == []
    assert _told(plan) == {"iam_role/app": "changed since the run: description; it stays as it is"}
    runner = project.runner(allow=("changed-since",))
    assert _addresses(plan := runner.rollback(run)) == ["delete iam_role/app"]
    assert _told(plan) == {"iam_role/app": "changed since the run: description; it is taken back all the same"}
    assert runner.apply(plan, f"rollback {run}").exit_code == 0
    assert project.plan({"iam_role": {"name": "app", "state": "absent"}}).accounts[0].changes == ()


def test_what_somebody_uses_by_now_is_not_deleted(bare: Sandbox, tmp_path: Path) -> None:
    """A policy attached elsewhere, a role in somebody's instance profile, a user with a new key: each stays."""
    project, iam = Project(tmp_path), bare.client("iam")
    iam.create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.create_instance_profile(InstanceProfileName="theirs")
    run = _run(
        project,
        {"iam_managed_policy": {"name": "made", "policy": READ}},
        {"iam_role": {"name": "app", "trust_policy": TRUST}},
        {"iam_user": {"name": "ann"}},
        {"iam_group": {"name": "unused"}},
    )
    iam.attach_role_policy(RoleName="other", PolicyArn=POLICY)
    iam.add_role_to_instance_profile(InstanceProfileName="theirs", RoleName="app")
    iam.create_access_key(UserName="ann")
    plan = project.runner().rollback(run)
    assert _addresses(plan) == ["delete iam_group/unused"]
    told = _told(plan)
    assert told.keys() == {"iam_managed_policy/made", "iam_role/app", "iam_user/ann"}
    assert "detach_role_policy (RoleName=other" in told["iam_managed_policy/made"]
    assert "remove_role_from_instance_profile" in told["iam_role/app"]
    assert "delete_access_key" in told["iam_user/ann"]


def test_what_the_run_made_goes_with_what_the_run_did_with_it(bare: Sandbox, tmp_path: Path) -> None:
    """Attachments, members and tags of later tasks of the same run are the run's own: all of it goes."""
    project = Project(tmp_path)
    run = _run(
        project,
        {"iam_managed_policy": {"name": "made", "policy": READ}},
        {"iam_user": {"name": "ann", "permissions_boundary": "made"}},
        {"iam_group": {"name": "g", "managed_policies": ["made"], "users": ["ann"]}},
    )
    runner = project.runner()
    plan = runner.rollback(run)
    assert _told(plan) == {}
    assert runner.apply(plan).exit_code == 0
    found = bare.client("iam").get_account_authorization_details(Filter=["LocalManagedPolicy", "User", "Group"])
    assert [found["Policies"], found["UserDetailList"], found["GroupDetailList"]] == [[], [], []]


def test_a_dependency_of_what_stays_stays_too(bare: Sandbox, tmp_path: Path) -> None:
    """A policy that a group carries which stays, because somebody is in it by now, is not torn from it."""
    project, iam = Project(tmp_path), bare.client("iam")
    iam.create_user(UserName="bob")
    run = _run(
        project,
        {"iam_managed_policy": {"name": "made", "policy": READ}},
        {"iam_group": {"name": "g", "managed_policies": ["made"]}},
    )
    iam.add_user_to_group(GroupName="g", UserName="bob")
    plan = project.runner().rollback(run)
    assert _addresses(plan) == []
    assert _told(plan).keys() == {"iam_group/g", "iam_managed_policy/made"}


def test_fields_that_others_set_stay_and_the_rest_goes_back(bare: Sandbox, tmp_path: Path) -> None:
    """Description by hand, a tag's value by hand, a policy by hand: they stay; what is still the run's goes back."""
    project, iam = Project(tmp_path), bare.client("iam")
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(TRUST), Description="before")
    iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=json.dumps(READ))
    task = {
        "name": "app", "description": "ours", "tags": {"team": "ours", "cost": "ours"}, "max_session_duration": 7200,
        "managed_policies": {"include": ["ReadOnlyAccess"]}, "inline_policies": {"p": WRITE},
    }  # fmt: skip
    run = _run(project, {"iam_role": task})
    iam.update_role(RoleName="app", Description="theirs", MaxSessionDuration=7200)
    iam.tag_role(RoleName="app", Tags=[{"Key": "team", "Value": "theirs"}, {"Key": "new", "Value": "theirs"}])
    iam.attach_role_policy(RoleName="app", PolicyArn="arn:aws:iam::aws:policy/SecurityAudit")
    runner = project.runner()
    plan = runner.rollback(run)
    assert _told(plan) == {"iam_role/app": "changed since the run: description, tags.team; it stays as it is"}
    assert runner.apply(plan).exit_code == 0
    role = iam.get_role(RoleName="app")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("theirs", 3600)
    assert {tag["Key"]: tag["Value"] for tag in role["Tags"]} == {"team": "theirs", "new": "theirs"}
    attached = iam.list_attached_role_policies(RoleName="app")["AttachedPolicies"]
    assert [one["PolicyName"] for one in attached] == ["SecurityAudit"]
    assert iam.get_role_policy(RoleName="app", PolicyName="p")["PolicyDocument"] == READ


def test_a_policy_version_of_somebody_else_stays(bare: Sandbox, tmp_path: Path) -> None:
    """The document goes back; a version that somebody has made since is not deleted on the way."""
    project, iam = Project(tmp_path), bare.client("iam")
    iam.create_policy(PolicyName="made", PolicyDocument=json.dumps(READ))
    run = _run(project, {"iam_managed_policy": {"name": "made", "policy": WRITE}})
    other = {**READ, "Statement": [{**READ["Statement"][0], "Sid": "Theirs"}]}
    iam.create_policy_version(PolicyArn=POLICY, PolicyDocument=json.dumps(other), SetAsDefault=False)
    runner = project.runner()
    plan = runner.rollback(run)
    assert _told(plan) == {"iam_managed_policy/made": "changed since the run: versions; it stays as it is"}
    assert runner.apply(plan).exit_code == 0
    versions = iam.list_policy_versions(PolicyArn=POLICY)["Versions"]
    assert {one["VersionId"]: one["IsDefaultVersion"] for one in versions} == {"v1": True, "v2": False, "v3": False}


def test_what_was_removed_or_made_anew_since_stays_so(bare: Sandbox, tmp_path: Path) -> None:
    """A group that somebody removed after the run changed it, and one made anew after the run deleted it."""
    project, iam = Project(tmp_path), bare.client("iam")
    for name in ("changed", "deleted"):
        iam.create_group(GroupName=name)
    run = _run(
        project,
        {"iam_group": {"name": "changed", "managed_policies": ["ReadOnlyAccess"]}},
        {"iam_group": {"name": "deleted", "state": "absent"}},
    )
    iam.detach_group_policy(GroupName="changed", PolicyArn=READ_ONLY)
    iam.delete_group(GroupName="changed")
    iam.create_group(GroupName="deleted", Path="/theirs/")
    plan = project.runner().rollback(run)
    assert _addresses(plan) == []
    assert _told(plan) == {
        "iam_group/changed": "it is gone since the run; it stays as it is",
        "iam_group/deleted": "somebody has made it anew since the run; it stays as it is",
    }
    forced = project.runner(allow=("changed-since",)).rollback(run)
    assert _addresses(forced) == ["update iam_group/deleted", "create iam_group/changed"]


def test_a_rollback_that_was_interrupted_can_be_repeated(bare: Sandbox, tmp_path: Path) -> None:
    """What a rollback has half removed is not taken for somebody's change."""
    project = Project(tmp_path)
    role = {
        "name": "app",
        "trust_policy": TRUST,
        "managed_policies": ["ReadOnlyAccess"],
        "inline_policies": {"p": READ},
    }
    run = _run(project, {"iam_role": role})
    runner = project.runner()
    bare.fail("iam", "DeleteRole", "ServiceFailure", times=1000)
    assert runner.apply(runner.rollback(run), f"rollback {run}").exit_code == 1
    bare.faults.clear()
    again = project.runner()
    plan = again.rollback(run)
    assert (_addresses(plan), _told(plan)) == (["delete iam_role/app"], {})
    assert again.apply(plan).exit_code == 0
    assert _addresses(project.runner().rollback(run)) == []


def test_what_the_run_made_and_tagged_goes_whole(bare: Sandbox, tmp_path: Path) -> None:
    """Tags are seen in a kind of their own and go with the role: as planned, and made when it is applied again."""
    project, arn = Project(tmp_path), "arn:aws:iam::111111111111:role/app"
    run = _run(
        project,
        {"iam_role": {"name": "app", "trust_policy": TRUST}},
        {"resource_tags": {"name": arn, "tags": {"include": {"Owner": "payments"}}}, "regions": "us-east-1"},
    )
    plan = project.runner().rollback(run)
    assert _addresses(plan) == [f"update us-east-1/resource_tags/{arn}", "delete iam_role/app"]
    for _ in range(2):
        outcome = project.apply(plan)
        assert (outcome.exit_code, outcome.problems) == (0, ())
    assert project.plan({"iam_role": {"name": "app", "state": "absent"}}).accounts[0].changes == ()
