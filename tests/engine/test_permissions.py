"""What `iamfix permissions` prints is enough for the plan and its apply, and nothing of it can be left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from iamfix.kinds import KINDS
from iamfix.permissions import policy_for
from iamfix.planfile import from_json, to_json
from iamfix.sandbox import Sandbox
from tests.kinds.states.identity import METADATA
from tests.running import Project

PROD = "222222222222"
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
WRITE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
PEOPLE = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}]}  # fmt: skip
PLANS: dict[str, list[dict[str, Any]]] = {
    "iam_group": [
        {"iam_group": {"name": "made", "path": "/x/", "managed_policies": ["kept"], "users": ["ann"]}},
        {"iam_group": {"name": "kept", "path": "/moved/", "inline_policies": {"i": READ}}},
        {"iam_group": {"name": "gone", "state": "absent"}},
    ],
    "iam_user": [
        {"iam_user": {"name": "made", "tags": {"a": "b"}, "permissions_boundary": "kept", "console_access": True}},
        {"iam_user": {"name": "ann", "path": "/x/", "tags": {"a": "b"}, "managed_policies": ["kept"]}},
        {"iam_user": {"name": "gone", "state": "absent"}},
    ],
    "iam_role": [
        {"iam_role": {"name": "made", "path": "/app/", "trust_policy": TRUST, "tags": {"a": "b"},
                      "permissions_boundary": "kept", "inline_policies": {"i": READ}}},
        {"iam_role": {"name": "kept", "description": "new", "trust_policy": PEOPLE, "tags": {"a": "b"}}},
        {"iam_role": {"name": "gone", "state": "absent"}},
    ],
    "iam_managed_policy": [
        {"iam_managed_policy": {"name": "made", "path": "/x/", "policy": READ, "tags": {"a": "b"}}},
        {"iam_managed_policy": {"name": "kept", "policy": WRITE, "tags": {"a": "b"}}},
        {"iam_managed_policy": {"name": "gone", "state": "absent"}},
    ],
    "iam_password_policy": [{"iam_password_policy": {"min_pw_length": 14}}],
    "iam_instance_profile": [
        {"iam_instance_profile": {"name": "made", "path": "/x/", "role": "kept", "tags": {"a": "b"}}},
        {"iam_instance_profile": {"name": "kept", "tags": {"a": "b"}}},
        {"iam_instance_profile": {"name": "gone", "state": "absent"}},
    ],
    "iam_oidc_provider": [
        {"iam_oidc_provider": {"name": "made.example.com", "client_ids": ["a"], "tags": {"a": "b"}}},
        {"iam_oidc_provider": {"name": "kept.example.com", "client_ids": ["b"], "tags": {"a": "b"}}},
        {"iam_oidc_provider": {"name": "gone.example.com", "state": "absent"}},
    ],
    "iam_saml_provider": [
        {"iam_saml_provider": {"name": "made", "saml_metadata_document": METADATA[0], "tags": {"a": "b"}}},
        {"iam_saml_provider": {"name": "kept", "saml_metadata_document": METADATA[1], "tags": {"a": "b"}}},
        {"iam_saml_provider": {"name": "gone", "state": "absent"}},
    ],
    "iam_account_alias": [{"iam_account_alias": {"alias": "made-of-words"}}],
    "iam_service_linked_role": [{"iam_service_linked_role": {"name": "config.amazonaws.com"}}],
}  # fmt: skip
ELSEWHERE = {"root_access"}
"""Of the management account only, which the narrow role is not of."""
OTHER_WAYS = {"iam:ListOpenIDConnectProviders of Look"}
"""Reads that an apply sends only where it cannot look by name: they are printed, so that no apply lacks them."""
NARROW = (
    "all:\n  accounts:\n    prod: {id: '222222222222', role_arn: 'arn:aws:iam::222222222222:role/narrow'}\n"
    "    wide: {id: '222222222222', role_arn: 'arn:aws:iam::222222222222:role/iamfix'}\n"
)


def furnish(sandbox: Sandbox) -> None:
    """Put into the production account what the tasks change and delete, and a role that may do nothing."""
    iam = sandbox.client("iam", PROD)
    arn = {name: iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(READ))["Policy"]["Arn"]
           for name in ("kept", "gone")}  # fmt: skip
    for name in ("kept", "gone"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.create_group(GroupName=name)
    iam.attach_role_policy(RoleName="gone", PolicyArn=arn["kept"])
    iam.put_role_policy(RoleName="gone", PolicyName="i", PolicyDocument=json.dumps(READ))
    for name in ("ann", "gone"):
        iam.create_user(UserName=name, Path="/people/")
    iam.add_user_to_group(GroupName="gone", UserName="gone")
    iam.attach_group_policy(GroupName="gone", PolicyArn=arn["gone"])
    iam.create_login_profile(UserName="gone", Password="Aa1!aaaaaaaaaaaaaaa")
    iam.create_access_key(UserName="gone")
    for name in ("kept", "gone"):
        iam.create_instance_profile(InstanceProfileName=name)
        iam.create_open_id_connect_provider(Url=f"https://{name}.example.com", ClientIDList=["a"])
        iam.create_saml_provider(Name=name, SAMLMetadataDocument=METADATA[0])
    iam.add_role_to_instance_profile(InstanceProfileName="gone", RoleName="kept")
    iam.create_role(RoleName="narrow", AssumeRolePolicyDocument=json.dumps(PEOPLE))


def run(sandbox: Sandbox, project: Project, policy: Mapping[str, Any], tasks: list[dict[str, Any]]) -> bool:
    """Plan and apply with that policy and no other; tell whether all went well."""
    iam = sandbox.client("iam", PROD)
    iam.put_role_policy(RoleName="narrow", PolicyName="p", PolicyDocument=json.dumps(policy))
    project.inventory.write_text(NARROW.replace("wide:", "#"), encoding="utf-8")
    options = {"allow": ("irreversible",)}
    plan = project.plan(*tasks, accounts="prod", **options)
    if plan.accounts[0].error or plan.accounts[0].incomplete:
        return False
    return project.apply(plan, **options).exit_code == 0


def without_one(policy: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the policy without one action of a statement, or without one resource."""
    for number, statement in enumerate(policy["Statement"]):
        for part in ("Action", "Resource"):
            given = statement[part] if isinstance(statement[part], list) else [statement[part]]
            for item in given:
                left = [one for one in given if one != item]
                narrower = [{**statement, part: left}] if left else []
                statements = [*policy["Statement"][:number], *narrower, *policy["Statement"][number + 1 :]]
                yield f"{item} of {statement['Sid']}", {**policy, "Statement": statements}


@pytest.mark.parametrize("kind", sorted(PLANS))
def test_printed_permissions_are_enough_and_none_too_many(bare: Sandbox, tmp_path: Path, kind: str) -> None:
    """With the printed policy a plan and its apply run; without any one of its actions or resources they fail."""
    furnish(bare)
    project, tasks = Project(tmp_path), PLANS[kind]
    project.inventory.write_text(NARROW.replace("prod:", "#"), encoding="utf-8")
    plan = project.plan(*tasks, accounts="wide", allow=("irreversible",))
    assert list(plan.problems()) == [] or all(one.severity == "warning" for one in plan.problems())
    policy = policy_for(plan, KINDS, "apply")
    start = bare.save()
    assert run(bare, project, policy, tasks)
    bare.restore(start)
    for left_out, narrower in without_one(policy):
        if left_out in OTHER_WAYS:
            continue
        assert not run(bare, project, narrower, tasks), f"{left_out} is not needed"
        bare.restore(start)


@pytest.mark.parametrize("kind", sorted(PLANS))
def test_permissions_for_the_rollback_are_enough(bare: Sandbox, tmp_path: Path, kind: str) -> None:
    """With what is printed for it, and nothing else, the rollback of the applied plan runs to its end."""
    furnish(bare)
    project, wide = Project(tmp_path), NARROW.replace("narrow", "iamfix").replace("wide:", "#")
    project.inventory.write_text(wide, encoding="utf-8")
    options = {"allow": ("irreversible",)}
    plan = project.plan(*PLANS[kind], accounts="prod", **options)
    policy = policy_for(plan, KINDS, "rollback")
    outcome = project.apply(plan, **options)
    assert outcome.exit_code == 0
    bare.client("iam", PROD).put_role_policy(RoleName="narrow", PolicyName="p", PolicyDocument=json.dumps(policy))
    project.inventory.write_text(NARROW.replace("wide:", "#"), encoding="utf-8")
    runner = project.runner(**options)
    back = runner.rollback(outcome.run_id)
    assert [one for one in back.problems() if one.severity == "error"] == []
    assert list(back.changes()) != []
    assert runner.apply(back).problems == ()
    assert {name[:4] for name in (one["Sid"] for one in policy["Statement"])} == {"Look", "Back"}


def test_permissions_for_all_are_those_for_each(bare: Sandbox, tmp_path: Path) -> None:
    """`--for all` is what apply and rollback need, each in statements of their own."""
    furnish(bare)
    plan = Project(tmp_path).plan(*PLANS["iam_group"], accounts="payments-prod")
    statements = [policy_for(plan, KINDS, purpose)["Statement"] for purpose in ("apply", "rollback", "all")]
    apply, back, both = ([one for one in part if one["Sid"] != "Look"] for part in statements)
    assert both == apply + back
    assert {action for one in back for action in one["Action"]} >= {"iam:DeleteGroup", "iam:CreateGroup"}


def test_a_saved_plan_prints_what_the_plan_would(bare: Sandbox, tmp_path: Path) -> None:
    """What a plan needs is in its file; and planning alone needs no more than its reads."""
    furnish(bare)
    project = Project(tmp_path)
    plan = project.plan(*PLANS["iam_user"], accounts="payments-prod")
    accounts = {one.account.name: one.account for one in plan.accounts}
    saved = from_json(json.loads(json.dumps(to_json(plan))), KINDS, accounts, "plan.json")
    assert policy_for(saved, KINDS, "all") == policy_for(plan, KINDS, "all")
    assert policy_for(saved, KINDS, "apply") == policy_for(plan, KINDS, "apply")
    looking = policy_for(plan, KINDS, "plan")
    assert [statement["Sid"] for statement in looking["Statement"]] == ["Look"]
    assert all(":Get" in one or ":List" in one for one in looking["Statement"][0]["Action"])


def test_every_kind_of_iam_is_tried() -> None:
    """A new kind of IAM must come with its plan here."""
    ours = {name for name, kind in KINDS.items() if kind.CREATABLE and {one for one, _ in kind.READS} == {"iam"}}
    assert ours - ELSEWHERE == set(PLANS)
