"""Instances, functions and tags as AWS answers: what spreads, what fails alone, who owns what, what is told before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iamfix.clock import SystemClock
from iamfix.kinds import resource_tags
from iamfix.run import Runner
from iamfix.sandbox import Sandbox
from iamfix.sandbox.building import trust
from tests.direct import ACCOUNT, Direct
from tests.running import Project, Quiet

BOTH = trust({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]})
US = {"regions": ["us-east-1"]}
FUNCTION = {"Code": {"ZipFile": b"x"}, "Runtime": "python3.13", "Handler": "app.handler"}


def _aws() -> Direct:
    """One region, with a role in an instance profile of its name, and a profile that holds none."""
    aws = Direct(replace(ACCOUNT, regions=("us-east-1",)))
    aws.get("iam", "create_role", RoleName="app", AssumeRolePolicyDocument=BOTH)
    for name in ("app", "empty"):
        aws.get("iam", "create_instance_profile", InstanceProfileName=name)
    aws.get("iam", "add_role_to_instance_profile", InstanceProfileName="app", RoleName="app")
    return aws


def _run(aws: Direct, **tags: str) -> str:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    given = {"TagSpecifications": [{"ResourceType": "instance", "Tags": listed}]} if listed else {}
    made = aws.get("ec2", "run_instances", ImageId="ami-1", MinCount=1, MaxCount=1, **given)
    return str(made["Instances"][0]["InstanceId"])


def _tagged(aws: Direct, tags: dict[str, str]) -> str:
    """An instance with tags that only AWS can set."""
    from iamfix.sandbox.services.ec2.state import InstancesState

    name = _run(aws)
    instances = aws.build._cloud.state(InstancesState, f"{ACCOUNT.id}/us-east-1", "aws").instances
    latest = instances.latest(name)
    assert latest is not None
    instances.put(name, replace(latest, tags=tags))
    return name


def test_an_endpoint_is_turned_off_last_and_takes_nothing_while_it_is_off() -> None:
    """AWS refuses other options together with a disabled endpoint: two calls, or told before anything is sent."""
    aws = _aws()
    name = _run(aws)
    off = {"http_endpoint": "disabled", "http_tokens": "required"}
    made = aws.plan({"ec2_instance": {"name": name, "metadata_options": off}})
    assert [dict(call.params) for change in made.changes for call in change.calls] == [
        {"InstanceId": name, "HttpTokens": "required"}, {"InstanceId": name, "HttpEndpoint": "disabled"},
    ]  # fmt: skip
    aws.follow(made.changes[0].calls)
    hops = {"http_put_response_hop_limit": 2}
    made = aws.plan({"ec2_instance": {"name": name, "metadata_options": hops}})
    assert [one.summary for one in made.problems] == ["its metadata endpoint is off, and takes no other option"]
    made = aws.plan({"ec2_instance": {"name": name, "metadata_options": {**hops, "http_endpoint": "enabled"}}})
    aws.follow(made.changes[0].calls)
    assert aws.world().get("ec2_instance", name, "us-east-1").metadata_options["http_put_response_hop_limit"] == 2


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        ("none", "there is no instance profile 'none'"),
        ("empty", "the instance profile 'empty' holds no role"),
        ("app", None),
        (f"arn:aws:iam::{ACCOUNT.id}:instance-profile/app", None),
    ],
)
def test_a_profile_must_be_there_and_hold_a_role(profile: str, told: str | None) -> None:
    """Told in the plan, before anything is sent; an ARN means its name."""
    aws = _aws()
    made = aws.plan({"ec2_instance": {"name": _run(aws), "instance_profile": profile}})
    assert [problem.summary for problem in made.problems] == ([] if told is None else [told])
    (change,) = made.changes
    assert change.after.instance_profile == profile.rpartition("/")[2]
    if told is None:
        needed = [(need.action, need.resource) for need in change.needs[0]]
        assert ("iam:PassRole", f"arn:aws:iam::{ACCOUNT.id}:role/app") in needed


def test_what_has_ended_is_not_there() -> None:
    """A terminated instance is still told by AWS; here it does not exist, and none is ever made."""
    aws = _aws()
    name = _run(aws)
    aws.get("ec2", "terminate_instances", InstanceIds=[name])
    assert aws.world().all("ec2_instance", "us-east-1") == {}
    made = aws.plan({"ec2_instance": {"name": name, "instance_profile": "app"}})
    assert [problem.summary for problem in made.problems] == [
        f"lab/us-east-1/ec2_instance/{name} does not exist, and iamfix makes no ec2_instance"
    ]


@pytest.mark.parametrize("kind", ["ec2_instance", "lambda", "resource_tags"])
def test_nothing_of_them_is_deleted(kind: str) -> None:
    """`state: absent` is refused with its reason."""
    aws = _aws()
    arn = aws.get("lambda", "create_function", FunctionName="f", Role=f"arn:aws:iam::{ACCOUNT.id}:role/app", **FUNCTION)
    name = {"ec2_instance": _run(aws), "lambda": "f", "resource_tags": arn["FunctionArn"]}[kind]
    made = aws.plan({kind: {"name": name, "state": "absent"}})
    assert made.changes == ()
    assert "is not deleted" in made.problems[0].summary


def test_instances_of_others_are_left_alone_and_those_of_groups_are_noted() -> None:
    """What CloudFormation or EKS keeps is not touched by a select; an Auto Scaling group will replace its own."""
    aws = _aws()
    _tagged(aws, {"aws:cloudformation:stack-name": "s"})
    _tagged(aws, {"aws:eks:cluster-name": "c"})
    scaled = _tagged(aws, {"aws:autoscaling:groupName": "web"})
    made = aws.plan({"ec2_instance": {"select": "true", "metadata_options": {"http_tokens": "required"}}})
    assert [change.name for change in made.changes] == [scaled]
    assert made.ignored == 2
    assert "the Auto Scaling group web replaces it some day: change its launch template too" in made.changes[0].notes
    assert made.changes[0].calls[0].params == {"InstanceId": scaled, "HttpTokens": "required"}


def test_a_role_must_be_one_that_lambda_can_assume() -> None:
    """Told in the plan; by name or ARN."""
    aws = _aws()
    role = f"arn:aws:iam::{ACCOUNT.id}:role/app"
    aws.get("lambda", "create_function", FunctionName="f", Role=role, **FUNCTION)
    aws.get("iam", "create_role", RoleName="people", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT.id}))
    made = aws.plan({"lambda": {"name": "f", "role": "people"}})
    assert "does not trust Lambda" in made.problems[0].summary
    made = aws.plan({"lambda": {"name": "f", "role": "peple"}})
    assert "there is no role 'peple' in this account" in made.problems[0].summary
    assert aws.plan({"lambda": {"name": "f", "role": "app"}}).changes == ()


@pytest.mark.parametrize(
    ("arn", "type_", "id_"),
    [
        ("arn:aws:ec2:us-east-1:1:instance/i-1", "ec2:instance", "i-1"),
        ("arn:aws:s3:::b", "s3:bucket", "b"),
        ("arn:aws:sns:us-east-1:1:t", "sns:topic", "t"),
        ("arn:aws:sqs:us-east-1:1:q", "sqs:queue", "q"),
        ("arn:aws:lambda:us-east-1:1:function:f", "lambda:function", "f"),
        ("arn:aws:logs:us-east-1:1:log-group:/aws/lambda/f", "logs:log-group", "/aws/lambda/f"),
        ("arn:aws:iam::1:role/app/deep/r", "iam:role", "app/deep/r"),
        ("arn:aws:apigateway:us-east-1::/restapis/a1", "apigateway:restapis", "a1"),
        (
            "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/x/1",
            "elasticloadbalancing:loadbalancer",
            "app/x/1",
        ),
        ("arn:aws:secretsmanager:us-east-1:1:secret:s-1", "secretsmanager:secret", "s-1"),
        ("arn:aws:other:us-east-1:1:thing", "other", "thing"),
    ],
)
def test_types_are_those_of_arns(arn: str, type_: str, id_: str) -> None:
    """Service and type, whatever form the service's ARNs have."""
    state = resource_tags._state(arn, {})
    assert (state.type, state.service, state.id) == (type_, arn.split(":")[2], id_)


def test_iam_is_told_once_and_the_rest_by_region() -> None:
    """Roles in the home region only; a bucket in its own; what never had a tag is there."""
    aws = Direct(replace(ACCOUNT, regions=("us-east-1", "eu-west-1")))
    aws.get("iam", "create_role", RoleName="app", AssumeRolePolicyDocument=BOTH)
    where = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    aws.at("eu-west-1").get("s3", "create_bucket", Bucket="far", **where)
    world = aws.world()
    assert f"arn:aws:iam::{ACCOUNT.id}:role/app" in world.all("resource_tags", "us-east-1")
    assert set(world.all("resource_tags", "eu-west-1")) == {"arn:aws:s3:::far"}


def _project(sandbox: Sandbox, folder: Path, functions: int) -> tuple[Project, dict[str, Any]]:
    iam, lam = sandbox.client("iam"), sandbox.client("lambda", region="us-east-1")
    role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=BOTH)["Role"]["Arn"]
    for number in range(functions):
        lam.create_function(FunctionName=f"f{number}", Role=role, **FUNCTION)
    owner = {"include": {"Owner": "x"}}
    return Project(folder), {"resource_tags": {"select": "type == 'lambda:function'", "tags": owner}, **US}


def test_one_failure_of_many_is_its_own(bare: Sandbox, tmp_path: Path) -> None:
    """Whoever may not tag one function of thirty has the others tagged, and told which one failed."""
    project, task = _project(bare, tmp_path, 30)
    planned = project.plan(task)
    lam = bare.client("lambda", region="us-east-1")
    seen: list[int] = []

    def hook(phase: str, record: Any) -> None:
        if phase == "before" and record.operation == "TagResources":
            seen.append(len(record.params["ResourceARNList"]))
            if len(seen) == 1:
                lam.delete_function(FunctionName="f3")

    bare.on_request(hook)
    outcome = project.apply(planned)
    bare.faults.clear()
    assert sorted(seen) in ([10, 20], [10], [20])
    assert outcome.accounts == {"management": "failed"}
    assert "function:f3" in str(outcome.problems) or "f3 does not exist" in str(outcome.problems)
    # The second request was on its way, or was not sent any more.
    left = project.plan(task)
    assert len(list(left.changes())) in (0, 10, 20)
    assert set(project.apply(left).accounts.values()) <= {"done", "nothing"}
    assert list(project.plan(task).changes()) == []


def test_what_was_just_made_spreads(bare: Sandbox, tmp_path: Path) -> None:
    """A profile that EC2 does not see yet ("Invalid IAM Instance Profile name") is waited for, and so is the rest."""
    ec2 = bare.client("ec2", region="us-east-1")
    ec2.run_instances(ImageId="ami-1", MinCount=2, MaxCount=2)
    project = Project(tmp_path)
    bare.consistency_delay = 4
    tasks: list[dict[str, Any]] = [
        {"iam_role": {"name": "web", "assume_role_policy_document": BOTH}},
        {"iam_instance_profile": {"name": "web", "role": "web"}},
        {"ec2_instance": {"select": "not instance_profile", "instance_profile": "web"}, **US},
    ]
    runner = Runner(project.runner().options, Quiet(), clock=SystemClock())
    outcome = runner.apply(project.plan(*tasks))
    bare.consistency_delay = 0
    assert outcome.accounts == {"management": "done"}, outcome.problems
    codes = [record.code for record in bare.log if record.operation == "AssociateIamInstanceProfile"]
    assert codes.count("OK") == 2
    assert list(project.plan(*tasks).changes()) == []


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"Phone": "1"},
        {"Cost": "9"},
        {"Owner": "somebody"},
    ],
)
def test_tags_that_somebody_has_changed_since_the_plan_are_not_written(
    bare: Sandbox, tmp_path: Path, meanwhile: dict[str, str]
) -> None:
    """Of a role whose tags two kinds change, of functions that are tagged together: refused, and nothing is sent."""
    project, task = _project(bare, tmp_path, 3)
    role = {"iam_role": {"name": "app", "tags": {"include": {"Cost": "1"}}}}
    both = {
        "resource_tags": {"select": "type == 'iam:role' and id == 'app'", "tags": {"include": {"Owner": "x"}}},
        **US,
    }
    planned = project.plan(role, both, task)
    assert len(list(planned.changes())) == 5
    iam = bare.client("iam")
    iam.tag_role(RoleName="app", Tags=[{"Key": key, "Value": value} for key, value in meanwhile.items()])
    arn = next(change.name for change in planned.changes() if change.name.endswith("function:f1"))
    bare.client("lambda", region="us-east-1").tag_resource(Resource=arn, Tags=meanwhile)
    bare.log.clear()
    outcome = project.apply(planned)
    assert outcome.accounts == {"management": "refused"}
    assert {problem.where.rsplit("/", 1)[-1] for problem in outcome.problems} >= {"app", arn}
    assert {problem.rule for problem in outcome.problems} == {"moved"}
    assert bare.log.mutating() == []


def test_a_plan_that_is_done_half_way_goes_on(bare: Sandbox, tmp_path: Path) -> None:
    """A role whose tags two kinds change, of which one has come: the other comes, and then nothing is left."""
    project, _ = _project(bare, tmp_path, 0)
    role = {"iam_role": {"name": "app", "tags": {"include": {"Cost": "1"}}}}
    both = {
        "resource_tags": {"select": "type == 'iam:role' and id == 'app'", "tags": {"include": {"Owner": "x"}}},
        **US,
    }
    planned = project.plan(role, both)
    bare.client("iam").tag_role(RoleName="app", Tags=[{"Key": "Cost", "Value": "1"}])
    bare.log.clear()
    outcome = project.apply(planned)
    assert outcome.accounts == {"management": "done"}, outcome.problems
    assert [record.operation for record in bare.log.mutating()] == ["TagRole"]
    assert set(project.apply(planned).accounts.values()) == {"nothing"}
