"""A plan of all identity practices that finds nothing to do: how many requests it sends, and what each is for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from iamfix.sandbox import Sandbox
from iamfix.sandbox.building import Builder, allow, trust
from tests.direct import Direct
from tests.practices.planning import apply, plan
from tests.running import Project

_FOLDER = Path(__file__).parents[2] / "playbooks" / "practices"
PRACTICES = [
    _FOLDER / f"{name}.yml"
    for name in (
        "password-policy", "least-privilege", "managed-policies", "groups", "boundaries", "mfa", "credentials", "root",
    )
]  # fmt: skip
_EC2 = trust({"Service": "ec2.amazonaws.com"})


def _account(sandbox: Sandbox) -> None:
    """200 users (100 sign in with MFA, 50 have a key that is used), 200 roles, 100 groups, 200 policies."""
    builder = Builder(sandbox.cloud, "222222222222")
    policies = [
        builder.policy(f"policy{number:03}", allow("s3:GetObject", resource=f"arn:aws:s3:::bucket{number}/*"))
        for number in range(200)
    ]
    groups = [builder.group(f"group{number:03}", attached=[policies[number]]) for number in range(100)]
    for number in range(200):
        builder.user(
            f"user{number:03}", groups=[groups[number % 100]], console=number < 100, mfa=number < 100,
            console_used=1 if number < 100 else None, keys=[(30, 1, True)] if number >= 150 else (),
        )  # fmt: skip
        builder.role(f"role{number:03}", _EC2, attached=[policies[number]], used=1)


EXPECTED = {
    # Into the account.
    "AssumeRole": 1,
    # All users, groups, roles and policies with documents, attachments, memberships, boundaries and tags: 1,000 a page;
    # and, with another filter, the documents of those AWS managed policies that are in use.
    "GetAccountAuthorizationDetails": 2,
    # What the details lack of roles (description, session duration), and of the account.
    "ListRoles": 1,
    "GetAccountPasswordPolicy": 1,
    # Which AWS managed policies there are, and which are in use: two pages.
    "ListPolicies": 2,
    # Who has a password, a device and keys, since when and when last used: two requests for all 200 users. Nobody is
    # asked about one by one, since nobody matches anything by it.
    "GenerateCredentialReport": 1,
    "GetCredentialReport": 1,
    # When passwords were last used, of all users at once; the report's answer to it would be hours old.
    "ListUsers": 1,
    # When server certificates end.
    "ListServerCertificates": 1,
    # What the root user has; and the virtual devices, whose they are and which are nobody's.
    "GetAccountSummary": 1,
    "ListVirtualMFADevices": 1,
    # Keys have their ids only here; the report says who has some.
    "ListAccessKeys": 50,
}


def test_the_requests_of_a_plan_that_finds_nothing_to_do(bare: Sandbox, tmp_path: Path) -> None:
    """Each request of a no-change plan is one of those stated here, and none is sent twice."""
    _account(bare)
    project = Project(tmp_path, limit="payments-prod", allow=("irreversible",))
    first = project.runner().plan(PRACTICES)
    assert set(project.apply(first).accounts.values()) == {"done"}
    bare.log.clear()
    plan = project.runner().plan(PRACTICES)
    assert list(plan.changes()) == []
    records = [record for record in bare.log.records() if not record.mutating or record.service != "iam"]
    sent = Counter(record.operation for record in records)
    assert dict(sent) == EXPECTED
    assert plan.accounts[0].api_calls == sum(sent.values())
    asked = Counter((record.operation, repr(record.params)) for record in records)
    assert [request for request, count in asked.items() if count > 1] == []


BULK = ("password-policy", "root", "least-privilege", "managed-policies", "groups", "boundaries")
"""Practices that ask nothing of users one by one."""


def test_a_thousand_users_cost_no_request_more() -> None:
    """What is told in bulk is asked once, however many there are; applied, nothing is left to do."""
    sent = []
    for users in (10, 1000):
        aws = Direct()
        arns = [aws.build.policy(f"Team{number}", allow(f"sqs:Send{number}")) for number in range(10)]
        for number in range(users):
            inline = {"own": allow(f"ec2:Describe{number % 10}*")} if number % 3 == 0 else None
            aws.build.user(f"user{number:04}", attached=[arns[number % 10]], inline=inline)
            aws.build.role(f"role{number:04}", _EC2, path="/app/", attached=[arns[number % 10]])
        aws.sent.clear()
        made = plan(aws, *BULK)
        sent.append(Counter(aws.sent))
        apply(aws, made)
    assert sent[0] == sent[1]
    assert max(sent[1].values()) <= 2
    assert plan(aws, *BULK).changes == ()
