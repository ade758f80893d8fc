"""Policies of buckets, keys, topics and queues that would shut out whoever manages them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from iamfix.access.again import judged_again
from iamfix.access.judge import judged
from iamfix.model import Problem, Protected
from iamfix.sandbox.building import trust
from tests.direct import ACCOUNT, Direct

ROLE = f"arn:aws:iam::{ACCOUNT.id}:role/iamfix"
ROOT = f"arn:aws:iam::{ACCOUNT.id}:root"
SERVICES = {"s3_bucket": "s3", "kms_key": "kms", "sns_topic": "sns", "sqs_queue": "sqs"}
ARNS = {
    "s3_bucket": "arn:aws:s3:::one-and-only", "kms_key": "*",
    "sns_topic": f"arn:aws:sns:us-east-1:{ACCOUNT.id}:one-and-only",
    "sqs_queue": f"arn:aws:sqs:us-east-1:{ACCOUNT.id}:one-and-only",
}  # fmt: skip
OPEN = {"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": ROOT}}


def _deny(kind: str, **more: Any) -> dict[str, Any]:
    action, resource = f"{SERVICES[kind]}:*", ARNS[kind]
    return {"Sid": "D", "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, **more}


def _task(kind: str, *statements: dict[str, Any]) -> dict[str, Any]:
    own = {**OPEN, "Action": f"{SERVICES[kind]}:*", "Resource": ARNS[kind]}
    return {kind: {"name": "one-and-only", "policy": [own, *statements]}}


def _found(aws: Direct, *tasks: dict[str, Any], runs_as: str = ROLE) -> list[Problem]:
    """What the guard says of a plan of these tasks."""
    made = aws.plan(*tasks)
    assert len(made.changes) == len(tasks)
    assert [one for one in made.problems if one.severity == "error"] == []
    return list(judged(made, aws.world(), runs_as, lambda: None).problems)


@pytest.mark.parametrize("kind", sorted(SERVICES))
def test_a_deny_for_everybody_is_refused(kind: str) -> None:
    """Of a new resource and of one that is there: the plan says who could not manage it, by which statement."""
    aws = Direct()
    there = Direct()
    there.follow(call for change in there.plan(_task(kind)).changes for call in change.calls)
    for one in (aws, there):
        (problem,) = _found(one, _task(kind, _deny(kind)))
        assert (problem.severity, problem.rule) == ("error", "own-access")
        assert problem.where == f"lab/us-east-1/{kind}/one-and-only"
        assert problem.summary.startswith(f"{ROLE}, as which iamfix runs, may no longer do {SERVICES[kind]}:Get")
        assert "statement 2 (D) of the resource policy; " in problem.summary


def test_what_it_takes_to_mend_it_is_said_of_each_kind() -> None:
    """Of a bucket and a queue the root user is left; of a key nobody but AWS."""
    told = {kind: _found(Direct(), _task(kind, _deny(kind)))[0].summary.partition("; ")[2] for kind in SERVICES}
    assert told == {
        "s3_bucket": "only the account's root user could change it back",
        "sqs_queue": "only the account's root user could change it back",
        "sns_topic": "no policy of the account could give that back",
        "kms_key": "AWS refuses such a policy, for only its support could mend it",
    }


HARMLESS: dict[str, dict[str, Any]] = {
    "it does not come without TLS": {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    "its TLS is new enough": {"Condition": {"NumericLessThan": {"s3:TlsVersion": 1.2}}},
    "its ARN is left out": {"Condition": {"ArnNotEquals": {"aws:PrincipalArn": ROLE}}},
    "its account is left out": {"Condition": {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT.id}}},
    "it is named as the exception": {
        "NotPrincipal": {"AWS": [ROLE, ROOT, f"arn:aws:sts::{ACCOUNT.id}:assumed-role/iamfix/x"]},
    },
    "somebody else is denied": {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT.id}:role/other"}},
    "only objects are denied": {"Action": "s3:DeleteObject*", "Resource": "arn:aws:s3:::one-and-only/*"},
    "services of AWS are denied": {"Condition": {"Bool": {"aws:PrincipalIsAWSService": "true"}}},
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(HARMLESS))
def test_a_deny_that_leaves_iamfix_out_is_fine(case: str) -> None:
    """TLS only, an exception for the role, a Deny about objects: ordinary policies raise nothing."""
    statement = _deny("s3_bucket", **HARMLESS[case])
    if "NotPrincipal" in statement:
        del statement["Principal"]
    assert _found(Direct(), _task("s3_bucket", statement)) == []


SOURCES = {"aws:SourceVpce": "vpce-1", "aws:SourceIp": "192.0.2.0/24"}


@pytest.mark.parametrize("key", sorted(SOURCES))
def test_what_hangs_on_where_it_comes_from_cannot_be_proven(key: str) -> None:
    """A Deny for all that does not come from a network is the classic way to lock oneself out of a bucket."""
    operator = "NotIpAddress" if "Ip" in key else "StringNotEquals"
    deny = _deny("s3_bucket", Condition={operator: {key: SOURCES[key]}})
    (problem,) = _found(Direct(), _task("s3_bucket", deny))
    assert problem.severity == "error"
    assert f"cannot be proven to keep s3:GetBucketPolicy on it: it hangs on {key}; only the" in problem.summary
    aws = Direct()
    aws.follow(call for change in aws.plan(_task("s3_bucket", deny)).changes for call in change.calls)
    more = {**OPEN, "Sid": "More", "Action": "s3:GetBucketAcl", "Resource": ARNS["s3_bucket"]}
    assert _found(aws, _task("s3_bucket", deny, more)) == [], "what was so before is no loss"


def test_what_hangs_on_the_organization_is_a_warning() -> None:
    """The account's own calls have its organization; whether the id is right, only who wrote it knows."""
    deny = _deny("s3_bucket", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})
    (problem,) = _found(Direct(), _task("s3_bucket", deny))
    assert (problem.severity, problem.rule) == ("warning", "own-access")


def test_the_root_user_manages_a_bucket_and_a_queue_whatever_their_policies_say() -> None:
    """Who runs as root is shut out of topics and keys only."""
    found = {kind: _found(Direct(), _task(kind, _deny(kind)), runs_as=ROOT) for kind in SERVICES}
    assert {kind for kind, problems in found.items() if problems} == {"kms_key", "sns_topic"}


def test_a_key_that_only_a_service_may_manage_is_refused() -> None:
    """A key's policy must itself let the account in: nothing else does."""
    other = {"Sid": "O", "Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "kms:*", "Resource": "*"}
    (problem,) = _found(Direct(), {"kms_key": {"name": "one-and-only", "policy": [other]}})
    assert "may no longer do kms:GetKeyPolicy on it: the resource policy does not allow it" in problem.summary


def test_protected_principals_must_be_able_to_manage_it_as_well() -> None:
    """Who is protected is named, when iamfix itself is left out of the Deny."""
    account = replace(ACCOUNT, protected=(Protected("admin"),))
    aws = Direct(account)
    aws.build.role("admin", trust({"Service": "ec2.amazonaws.com"}))
    arn = f"arn:aws:iam::{ACCOUNT.id}:role/admin"
    for kind in SERVICES:
        deny = _deny(kind, Condition={"ArnNotEquals": {"aws:PrincipalArn": ROLE}})
        (problem,) = _found(aws, _task(kind, deny))
        assert problem.summary.startswith(f"{arn}, which the inventory protects, may no longer do")


def test_a_saved_plan_is_judged_for_who_applies_it() -> None:
    """An exception for the role that planned does not hold for another one."""
    aws = Direct()
    deny = _deny("s3_bucket", Condition={"ArnNotEquals": {"aws:PrincipalArn": ROLE}})
    made = judged(aws.plan(_task("s3_bucket", deny)), aws.world(), ROLE, lambda: None)
    assert list(judged_again(made, aws.world, ROLE, lambda: None)) == []
    (problem,) = judged_again(made, aws.world, f"{ROLE}-2", lambda: None)
    assert problem.summary.startswith(f"{ROLE}-2, as which iamfix runs, may no longer do s3:GetBucketPolicy")


def test_policies_without_such_a_deny_cost_no_request() -> None:
    """The guard reads nothing, unless somebody is protected."""
    aws = Direct()
    made = aws.plan(_task("s3_bucket"))
    aws.sent.clear()
    assert judged(made, aws.world(), ROLE, lambda: None).problems == made.problems
    assert aws.sent == []
