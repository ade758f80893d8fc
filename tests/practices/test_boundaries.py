"""Permissions boundaries: on all applications, on nobody else's roles, staged where they can take something away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from iamfix.sandbox.building import allow, trust
from tests.direct import ACCOUNT, Direct
from tests.practices.planning import apply, plan

EC2 = trust({"Service": "ec2.amazonaws.com"})
BOUNDARY = f"arn:aws:iam::{ACCOUNT.id}:policy/AppBoundary"


def _role(aws: Direct, name: str, path: str = "/app/", *, policy: bool = True, **more: object) -> None:
    aws.get("iam", "create_role", RoleName=name, Path=path, AssumeRolePolicyDocument=EC2, **more)
    if policy:
        aws.get("iam", "put_role_policy", RoleName=name, PolicyName="x", PolicyDocument=allow("s3:GetObject"))


def test_a_role_without_policies_is_bounded_at_once_others_are_staged() -> None:
    """There is nothing to take away from the first; of the others each is a finding, and bounded where enforced."""
    aws = Direct()
    _role(aws, "fresh", policy=False)
    _role(aws, "busy")
    _role(aws, "deep", "/app/batch/")
    made = plan(aws, "boundaries")
    assert [change.name for change in made.changes] == ["AppBoundary", "fresh"]
    assert [(one.address, one.staged) for one in made.findings] == [
        ("lab/iam_role/busy", "boundaries"), ("lab/iam_role/deep", "boundaries"),
    ]  # fmt: skip
    apply(aws, plan(aws, "boundaries", enforce="8"))
    assert {
        role.permissions_boundary for role in aws.world().all("iam_role").values() if role.path.startswith("/app/")
    } == {BOUNDARY}
    again = plan(aws, "boundaries", enforce="8")
    assert (again.changes, again.findings) == ((), ())


def test_roles_elsewhere_and_of_others_are_left_alone() -> None:
    """Other paths (also those that begin alike), Control Tower's and the own role, and those with another boundary."""
    aws = Direct(replace(ACCOUNT, role_arn=f"arn:aws:iam::{ACCOUNT.id}:role/app/iamfix"))
    for name, path in (
        ("plain", "/"), ("alike", "/application/"), ("below", "/team/app/"), ("iamfix", "/app/"),
        ("AWSControlTowerExecution", "/app/"), ("aws-controltower-X", "/app/"),
    ):  # fmt: skip
        _role(aws, name, path)
    _role(aws, "other", PermissionsBoundary="arn:aws:iam::aws:policy/PowerUserAccess")
    _role(
        aws,
        "stack",
        Tags=[{"Key": "owner", "Value": "x"}],
        PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess",
    )
    made = plan(aws, "boundaries", enforce="all")
    assert [change.name for change in made.changes] == ["AppBoundary"]
    assert made.findings == ()


@pytest.mark.parametrize("service", ["ecs", "autoscaling"])
def test_service_linked_and_identity_center_roles_are_never_matched(service: str) -> None:
    """Even where a user bounds their paths."""
    aws = Direct()
    aws.get("iam", "create_service_linked_role", AWSServiceName=f"{service}.amazonaws.com")
    made = plan(aws, "boundaries", enforce="all", bounded_paths=["app", "aws-service-role", "aws-reserved"])
    assert [change.name for change in made.changes] == ["AppBoundary"]
    assert made.ignored == 2  # the service's role, and Identity Center's that the operator signs in with


def test_an_exemption_is_reported() -> None:
    """A tag exempts a role, and everybody can see it."""
    aws = Direct()
    _role(aws, "special", Tags=[{"Key": "iamfix:exempt", "Value": "until March"}])
    made = plan(aws, "boundaries", enforce="all")
    assert [change.name for change in made.changes] == ["AppBoundary"]
    assert [(one.address, one.staged) for one in made.findings] == [("lab/iam_role/special", None)]


def test_users_of_applications_are_bounded_too() -> None:
    """What a user gets from a group counts as well."""
    aws = Direct()
    aws.get("iam", "create_group", GroupName="team")
    for name in ("fresh", "member"):
        aws.get("iam", "create_user", UserName=name, Path="/app/")
    aws.get("iam", "add_user_to_group", GroupName="team", UserName="member")
    made = plan(aws, "boundaries")
    assert [change.name for change in made.changes] == ["AppBoundary", "fresh"]
    assert [one.address for one in made.findings] == ["lab/iam_user/member"]
    apply(aws, plan(aws, "boundaries", enforce="all"))
    assert plan(aws, "boundaries").changes == ()


def test_a_policy_of_that_name_that_is_in_use_is_not_replaced_unasked() -> None:
    """Somebody's own AppBoundary would mean something else to those who bear it."""
    aws = Direct()
    aws.get("iam", "create_policy", PolicyName="AppBoundary", PolicyDocument=allow("s3:*"))
    assert [change.action for change in plan(aws, "boundaries").changes] == ["update"]
    _role(aws, "busy", PermissionsBoundary=BOUNDARY)
    made = plan(aws, "boundaries")
    assert made.changes == ()
    assert [one.message for one in made.findings] == [
        "its content would be replaced, for role/busy (done with -e enforce=boundaries)"
    ]
    assert [change.action for change in plan(aws, "boundaries", enforce="all").changes] == ["update"]


def test_a_path_may_have_several_levels() -> None:
    """Roles below it are bounded, neighbours are not, and the boundary lets its bearers make roles there only."""
    aws = Direct()
    for path in ("/teams/", "/teams/web/", "/teams/web/api/", "/teams/website/", "/other/teams/web/"):
        _role(aws, f"r{path.replace('/', '-')}", path, policy=False)
    apply(aws, plan(aws, "boundaries", bounded_paths=["/teams/web/"]))
    bounded = {name for name, role in aws.world().all("iam_role").items() if role.permissions_boundary}
    assert bounded == {"r-teams-web-", "r-teams-web-api-"}
    statements = aws.world().get("iam_managed_policy", "AppBoundary").policy.data["Statement"]
    (own,) = (one for one in statements if one["Sid"] == "OwnRolesWithThisBoundary")
    assert own["Resource"] in (
        f"arn:aws:iam::{ACCOUNT.id}:role/teams/web/*",
        [f"arn:aws:iam::{ACCOUNT.id}:role/teams/web/*"],
    )
    assert plan(aws, "boundaries", bounded_paths=["/teams/web/"]).changes == ()


@pytest.mark.parametrize("paths", ["", "/", [], ["/"]])
def test_without_paths_nothing_is_bounded(paths: object) -> None:
    """Not even a boundary is made, which nobody would bear."""
    aws = Direct()
    _role(aws, "fresh", policy=False)
    made = plan(aws, "boundaries", bounded_paths=paths, enforce="all")
    assert (made.changes, made.findings) == ((), ())


@pytest.mark.parametrize("paths", ["app,batch", "/app/, /batch/", ["/app/", "batch"]])
def test_paths_may_be_text_as_given_with_e(paths: object) -> None:
    """With slashes or without; roles at the root are in no path, whatever the text."""
    aws = Direct()
    for path in ("/", "/ap/", "/app/", "/batch/x/"):
        _role(aws, f"r{path.replace('/', '-')}", path, policy=False)
    apply(aws, plan(aws, "boundaries", bounded_paths=paths))
    bounded = {name for name, role in aws.world().all("iam_role").items() if role.permissions_boundary}
    assert bounded == {"r-app-", "r-batch-x-"}


def test_a_boundary_that_is_there_under_a_path_or_in_another_case_protects_itself() -> None:
    """Its statements name the policy that is there, or bearers could change it and make no roles."""
    aws = Direct()
    aws.get("iam", "create_policy", PolicyName="appboundary", Path="/safe/", PolicyDocument=allow("s3:*"))
    _role(aws, "fresh", policy=False)
    apply(aws, plan(aws, "boundaries"))
    policy = aws.world().get("iam_managed_policy", "appboundary")
    arn = BOUNDARY.replace("AppBoundary", "safe/appboundary")
    assert aws.world().get("iam_role", "fresh").permissions_boundary == arn
    stays = {one["Sid"]: one for one in policy.policy.data["Statement"]}
    assert stays["ThisPolicyStays"]["Resource"] == arn
    assert stays["OwnRolesWithThisBoundary"]["Condition"]["StringEquals"]["iam:PermissionsBoundary"] == arn
    assert plan(aws, "boundaries").changes == ()
