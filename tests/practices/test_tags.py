"""Tags: what the account knows is added, what only a person knows is told; five hundred resources in few requests."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from iamfix.model import AccountPlan, AwsError, InputError
from iamfix.sandbox import Sandbox
from iamfix.sandbox.building import trust
from tests.direct import ACCOUNT, Direct
from tests.practices.planning import PLAYBOOKS, apply, folded, plan
from tests.running import Project

LAMBDA = trust({"Service": "lambda.amazonaws.com"})
ROLE = f"arn:aws:iam::{ACCOUNT.id}:role/app"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT.id}:function:orders"
KNOWN = {"owner": "payments", "environment": "prod"}


def _account(aws: Direct | None = None, **tags: str) -> Direct:
    """A role and a function, which has these tags."""
    aws = aws or Direct(replace(ACCOUNT, regions=("us-east-1",)))
    aws.get("iam", "create_role", RoleName="app", AssumeRolePolicyDocument=LAMBDA)
    code = {"Code": {"ZipFile": b"x"}, "Runtime": "python3.13", "Handler": "app.handler"}
    aws.get("lambda", "create_function", FunctionName="orders", Role=ROLE, Tags=tags, **code)
    return aws


def _told(made: AccountPlan, arn: str = FUNCTION) -> list[str]:
    return [one.message for one in made.findings if one.address.endswith(arn)]


def _added(made: AccountPlan) -> dict[str, dict[str, str]]:
    """What each changed resource gets."""
    return {
        change.name: {key: value for key, value in change.after.tags.items() if change.before.tags.get(key) != value}
        for change in made.changes
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tagged_types": "lambda:function"}, "tagged_types is a list, not 'lambda:function'"),
        ({"environments": "prod"}, "environments is a list, not 'prod'"),
        ({"required_tags": {"Owner": {"valu": "x"}}}, "required_tags.Owner is one of value, allowed, not 'valu'"),
    ],
)
def test_variables_that_cannot_be_are_refused(given: dict[str, Any], said: str) -> None:
    """They would find nothing, and that would look well."""
    made = folded(_account(), "tags", **given)
    assert made.changes == ()
    assert any(said in one.summary for one in made.problems if one.severity == "error")


def test_what_the_account_knows_is_added_to_whatever_has_tags() -> None:
    """Through the tagging API and through IAM's own calls; what is there stays; then there is nothing to do."""
    aws = _account(Name="orders", Environment="test")
    made = plan(aws, "tags", **KNOWN)
    assert _added(made) == {ROLE: {"Owner": "payments", "Environment": "prod"}, FUNCTION: {"Owner": "payments"}}
    assert [(call.service, call.operation) for change in made.changes for call in change.calls] == [
        ("iam", "tag_role"), ("resourcegroupstaggingapi", "tag_resources"),
    ]  # fmt: skip
    apply(aws, made)
    again = plan(aws, "tags", **KNOWN)
    assert (again.changes, again.findings) == ((), ())
    world = aws.world()
    assert world.get("iam_role", "app").tags == {"Owner": "payments", "Environment": "prod"}


def test_what_nobody_knows_is_told() -> None:
    """Without a value no tag is made up."""
    made = plan(_account(), "tags")
    assert made.changes == ()
    assert _told(made) == ["no tag Owner; no tag Environment"]


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ({"Owner": "x", "Environment": "bob"}, ["Environment is bob, not one of prod, staging, test, dev, sandbox"]),
        ({"owner": "x", "Environment": "dev"}, ["owner is written otherwise than Owner"]),
        ({"Owner": "x", "OWNER": "y", "Environment": "dev"}, ["OWNER is written otherwise than Owner"]),
        (
            {"Owner": "x", "Environment": "dev", "Env": "dev", "env": "dev"},
            ["Env and env are spellings of one key"],
        ),
        ({"Owner": "x", "Environment": "dev", "Name": "orders"}, []),
    ],
)
def test_values_and_spellings_that_somebody_has_to_mend(tags: dict[str, str], told: list[str]) -> None:
    """A key in another spelling is neither added again nor renamed: something may hang on it."""
    made = plan(_account(**tags), "tags", **KNOWN)
    assert FUNCTION not in _added(made)
    assert _told(made) == told


@pytest.mark.parametrize(
    ("account", "added"),
    [
        ({"vars": {"owner": "data"}}, {"Owner": "data"}),
        ({"vars": {"account_tags": {"Owner": "data", "environment": "dev"}}}, {"Owner": "data", "Environment": "dev"}),
        ({"groups": ("workloads", "prod")}, {"Environment": "prod"}),
        ({"groups": ("prod",), "vars": {"environment": "test"}}, {"Environment": "test"}),
    ],
)
def test_values_come_from_variables_account_tags_and_groups(account: Any, added: dict[str, str]) -> None:
    """In this order; each key by itself."""
    aws = _account(Direct(replace(ACCOUNT, regions=("us-east-1",), **account)))
    assert _added(plan(aws, "tags"))[FUNCTION] == added


def test_a_value_that_is_not_allowed_is_never_set() -> None:
    """Even if it is the account's own: the run that sets it would be the one that reports it."""
    aws = _account(Owner="x")
    made = plan(aws, "tags", owner="x", environment="production")
    assert FUNCTION not in _added(made)
    assert _told(made) == [
        "no tag Environment (production, the account's value, is not one of prod, staging, test, dev, sandbox)"
    ]


@pytest.mark.parametrize(
    ("required", "added", "told"),
    [
        (["Owner", "Cost"], {}, ["no tag Owner; no tag Cost"]),
        ("Owner", {}, ["no tag Owner"]),
        ({"Owner": "data", "Cost": None}, {"Owner": "data"}, ["no tag Cost"]),
        ({"Owner": {"value": "data", "allowed": "data"}}, {"Owner": "data"}, []),
        (
            {"Owner": {"value": "at", "allowed": "data"}},
            {},
            ["no tag Owner (at, the account's value, is not one of data)"],
        ),
        (None, {}, []),
    ],
)
def test_required_tags_have_short_forms(required: Any, added: dict[str, str], told: list[str]) -> None:
    """A list of keys, one key, keys with their values, one allowed value; and nothing asks for nothing."""
    made = plan(_account(), "tags", required_tags=required)
    assert (_added(made).get(FUNCTION, {}), _told(made)) == (added, told)


KEY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Own",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT.id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}


def test_keys_that_were_never_tagged_are_tagged_and_those_that_go_are_left() -> None:
    """The tagging API does not tell of them; and a tag for one that waits to be deleted would keep it."""
    aws = Direct(replace(ACCOUNT, regions=("us-east-1",)))
    ids = {}
    for name in ("bare", "told", "going"):
        ids[name] = aws.get("kms", "create_key", Policy=json.dumps(KEY))["KeyMetadata"]["KeyId"]
        aws.get("kms", "create_alias", AliasName=f"alias/{name}", TargetKeyId=ids[name])
    aws.get("kms", "tag_resource", KeyId=ids["told"], Tags=[{"TagKey": "Environment", "TagValue": "test"}])
    aws.get("kms", "schedule_key_deletion", KeyId=ids["going"], PendingWindowInDays=30)
    made = plan(aws, "tags", environment="prod")
    assert _added(made) == {"bare": {"Environment": "prod"}}
    assert {one.address: one.message for one in made.findings} == {
        "lab/us-east-1/kms_key/bare": "no tag Owner", "lab/us-east-1/kms_key/told": "no tag Owner",
    }  # fmt: skip
    apply(aws, plan(aws, "tags", **KNOWN))
    again = plan(aws, "tags", **KNOWN)
    assert (again.changes, again.findings) == ((), ())
    assert (
        "Tags" not in aws.get("kms", "list_resource_tags", KeyId=ids["going"])
        or not aws.get("kms", "list_resource_tags", KeyId=ids["going"])["Tags"]
    )


def test_what_others_own_and_what_iamfix_runs_as_is_left_alone() -> None:
    """CloudFormation sets the tags of what it makes; iamfix's own role may hang on its tags."""
    aws = _account(Direct(replace(ACCOUNT, regions=("us-east-1",), role_arn=ROLE)))
    stack = [{"Key": "aws:cloudformation:stack-name", "Value": "s"}]
    aws.build.role("made-by-stack", LAMBDA, tags={stack[0]["Key"]: "s"})
    assert set(_added(plan(aws, "tags", **KNOWN))) == {FUNCTION}


def test_what_a_task_makes_gets_its_tags_in_the_same_run() -> None:
    """And what a task takes away is not tagged: tags are planned on the account as it will be."""
    aws = Direct(replace(ACCOUNT, regions=("us-east-1",)))
    aws.get("iam", "create_user", UserName="old")
    known = {"include": {"Owner": "x"}}
    tasks: list[dict[str, Any]] = [
        {"iam_role": {"name": "new", "assume_role_policy_document": LAMBDA}},
        {"s3_bucket": {"name": "new-bucket"}},
        {"iam_user": {"name": "old", "state": "absent"}},
        {"resource_tags": {"select": "'Owner' not in tags", "tags": known}},
    ]
    made = aws.plan(*tasks)
    assert [change.name for change in made.changes if change.kind == "resource_tags"] == [
        f"arn:aws:iam::{ACCOUNT.id}:role/new", "arn:aws:s3:::new-bucket",
    ]  # fmt: skip
    apply(aws, made)
    assert aws.plan(*tasks).changes == ()


def test_fifty_tags_are_the_limit_and_case_is_one_key_to_iam() -> None:
    """Both are told before anything is sent."""
    aws = _account(**{f"k{number}": "v" for number in range(50)})
    aws.get("iam", "tag_role", RoleName="app", Tags=[{"Key": "owner", "Value": "x"}])
    made = aws.plan({"resource_tags": {"select": "true", "tags": {"include": {"Owner": "x"}}}})
    assert {problem.summary for problem in made.problems if problem.severity == "error"} == {
        "51 tags; AWS takes 50", "two tags whose keys differ only in case; for IAM users and roles they are one key",
    }  # fmt: skip


def test_what_iam_does_not_take_in_a_tag_is_told_and_other_services_take_it() -> None:
    """IAM and Lambda take letters of all scripts and eight signs; the rest is told before a call is sent."""
    aws = _account()
    note = {"ResourceType": "instance", "Tags": [{"Key": "Note", "Value": "x; <y>"}]}
    aws.get("ec2", "run_instances", ImageId="ami-1", MinCount=1, MaxCount=1, TagSpecifications=[note])
    made = aws.plan({"resource_tags": {"select": "true", "tags": {"include": {"Owner": "команда ü 日本"}}}})
    assert [problem for problem in made.problems if problem.severity == "error"] == []
    apply(aws, made)
    made = aws.plan({"resource_tags": {"select": "true", "tags": {"include": {"Owner": "x; <y>"}}}})
    told = {one.where.split("/", 3)[-1]: one.summary for one in made.problems if one.severity == "error"}
    assert told.keys() == {ROLE, FUNCTION}
    assert told[FUNCTION] == "Lambda does not take 'x; <y>' in tags"
    assert "Tags[0].Value holds a character or form that AWS does not take" in told[ROLE]
    with pytest.raises(AwsError):
        apply(aws, made)


def test_keys_of_aws_are_refused_with_their_line() -> None:
    """Nobody but AWS sets what begins with aws:."""
    with pytest.raises(InputError, match=r"p\.yml:\d+:\d+: tags: only AWS itself sets what begins with 'aws:'"):
        _account().plan({"resource_tags": {"select": "true", "tags": {"include": {"aws:x": "y"}}}})


def test_keys_that_the_same_run_makes_are_tagged_by_it(bare: Sandbox, tmp_path: Path) -> None:
    """A key's ARN is not known before it is made; one apply, and the second plan is empty."""
    project = Project(tmp_path, limit="management", extra_vars=KNOWN)
    books = [project.playbook({"kms_key": {"name": "fresh", "policy": KEY}}), PLAYBOOKS / "practices" / "tags.yml"]
    assert project.runner().apply(project.runner().plan(books)).accounts == {"management": "done"}
    kms = bare.client("kms")
    (key,) = (one for one in kms.list_aliases()["Aliases"] if one["AliasName"] == "alias/fresh")
    told = kms.list_resource_tags(KeyId=key["TargetKeyId"])["Tags"]
    assert {tag["TagKey"]: tag["TagValue"] for tag in told} == GOOD
    again = project.runner().plan(books)
    assert (list(again.changes()), [one for account in again.accounts for one in account.findings]) == ([], [])


NUMBER = 500
BAD = [{}, {"Owner": "payments"}, {"Environment": "prod"}]
"""The tags of every third resource: each way of being badly tagged."""
GOOD = {"Owner": "payments", "Environment": "prod"}


def _tags_of(number: int) -> dict[str, str]:
    return dict(BAD[number // 3 % 3]) if number % 3 == 0 else GOOD


def _fleet(sandbox: Sandbox) -> Counter[tuple[str, tuple[str, ...]]]:
    """Make 500 of each; returns how many of each service lack which keys."""
    aws = Direct.on(sandbox)
    lacking: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for number in range(NUMBER):
        tags = _tags_of(number)
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        made = aws.get("iam", "create_role", RoleName=f"r{number}", AssumeRolePolicyDocument=LAMBDA, Tags=listed)
        specification = {"TagSpecifications": [{"ResourceType": "instance", "Tags": listed}]} if listed else {}
        aws.get("ec2", "run_instances", ImageId="ami-1", MinCount=1, MaxCount=1, **specification)
        code = {"Code": {"ZipFile": b"x"}, "Runtime": "python3.13", "Handler": "app.handler"}
        aws.get("lambda", "create_function", FunctionName=f"f{number}", Role=made["Role"]["Arn"], Tags=tags, **code)
        aws.get("s3", "create_bucket", Bucket=f"fleet-{number}")
        if listed:
            aws.get("s3", "put_bucket_tagging", Bucket=f"fleet-{number}", Tagging={"TagSet": listed})
        if missing := tuple(sorted(GOOD.keys() - tags)):
            lacking["iam", missing] += 1
            lacking["others", missing] += 3
    return lacking


def test_five_hundred_of_each_in_the_fewest_requests(bare: Sandbox, tmp_path: Path) -> None:
    """A third of 2,000 badly tagged: one apply, an empty second plan, and no request more than AWS's limits ask for.

    Reads: one of buckets, instances, IAM's details and profiles each; functions in fifties, what has tags in hundreds.
    Writes: one for each twenty that lack the same, and one for each role, because IAM takes them one by one.
    """
    lacking = _fleet(bare)
    assert sum(lacking.values()) == 668
    project = Project(tmp_path, limit="management", extra_vars={**KNOWN, "tagged_types": [
        "ec2:instance", "iam:role", "lambda:function", "s3:bucket",
    ]})  # fmt: skip
    inventory = project.inventory.read_text(encoding="utf-8").replace(
        "regions: [us-east-1, eu-west-1]", "regions: [us-east-1]"
    )
    project.inventory.write_text(inventory, encoding="utf-8")

    bare.log.clear()
    made = project.runner().plan([PLAYBOOKS / "practices" / "tags.yml"])
    # The two roles that the sandbox makes are IAM's too: the operator's is AWS's own, iamfix's is tagged.
    named = [change.name for change in made.changes() if ":role/iamfix" not in change.name]
    assert len(named) == 668
    reads = Counter(record.operation for record in bare.log)
    never = lacking["others", ("Environment", "Owner")]
    told = 3 * NUMBER - never
    least = {
        "ListBuckets": 1, "DescribeInstances": 1, "GetAccountAuthorizationDetails": 1, "ListInstanceProfiles": 1,
        "ListFunctions": ceil(NUMBER / 50), "GetResources": ceil(told / 100),
    }  # fmt: skip
    assert {name: count for name, count in reads.items() if name != "GetCallerIdentity"} == least

    bare.log.clear()
    outcome = project.runner().apply(made)
    assert set(outcome.accounts.values()) == {"done"}
    writes = Counter(record.operation for record in bare.log.mutating())
    batches = sum(ceil(count / 20) for (kind, _), count in lacking.items() if kind == "others")
    roles = sum(count for (kind, _), count in lacking.items() if kind == "iam")
    assert writes == {"TagResources": batches, "TagRole": roles + 1}
    assert (batches, roles) == (27, 167)

    again = project.runner().plan([PLAYBOOKS / "practices" / "tags.yml"])
    assert list(again.changes()) == []
    assert [one for account in again.accounts for one in account.findings] == []
