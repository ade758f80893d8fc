"""Accounts share clients; each request is signed as, counted for, and as free as the account that it is for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import Credentials

from iamfix.aws.clients import Caller, Clients, Counter, ReadOnlyViolation
from iamfix.sandbox import Sandbox
from tests.running import Project, use

ACCOUNTS = ("111111111111", "222222222222", "333333333333", "444444444444")


def _callers(sandbox: Sandbox) -> dict[str, Caller]:
    """One caller that reads for each account, with access keys of a user made there."""
    found = {}
    for account in ACCOUNTS:
        iam = sandbox.client("iam", account)
        iam.create_user(UserName="reader")
        iam.attach_user_policy(UserName="reader", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        key = iam.create_access_key(UserName="reader")["AccessKey"]
        found[account] = Caller(Credentials(key["AccessKeyId"], key["SecretAccessKey"]), Counter(), "run", False)
    return found


def test_requests_side_by_side_are_those_of_their_accounts(bare: Sandbox) -> None:
    """Sixteen threads ask through one client for four accounts: each gets its own account's answer, and is counted."""
    clients, callers = Clients(), _callers(bare)

    def who(account: str) -> str:
        answer: Any = clients.client(None, "sts", "us-east-1", callers[account]).get_caller_identity()
        return str(answer["Account"])

    asked = list(ACCOUNTS) * 25
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(who, asked)) == asked
    assert {account: caller.count.sent for account, caller in callers.items()} == dict.fromkeys(ACCOUNTS, 25)
    assert len(clients._clients) == 1


def test_who_may_write_does_not_let_others_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one client refuses a change to whoever only reads, before and after somebody wrote through it."""
    with Sandbox() as sandbox:
        use(sandbox, monkeypatch)
        clients, reads = Clients(), _callers(sandbox)[ACCOUNTS[0]]
        writes = replace(reads, count=Counter(), writes=True)
        for _ in range(2):
            with pytest.raises(ReadOnlyViolation):
                clients.client(None, "iam", "us-east-1", reads).create_group(GroupName="g")
            clients.client(None, "iam", "us-east-1", writes).create_group(GroupName="g")
            clients.client(None, "iam", "us-east-1", writes).delete_group(GroupName="g")
    assert reads.count.sent == 0
    assert writes.count.sent == 4


def test_a_plan_of_many_accounts_makes_each_client_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five accounts in four regions: one client for each service and region, however many accounts ask."""
    with Sandbox() as sandbox:
        use(sandbox, monkeypatch)
        runner = Project(tmp_path).runner()
        task = {"cloudtrail": {"name": "t", "state": "absent"}, "regions": ["us-east-1", "eu-west-1", "us-west-2"]}
        plan = runner.plan([Project(tmp_path).playbook(task, {"iam_group": {"name": "g"}}, accounts="all:management")])
        assert [one.error for one in plan.accounts] == [None] * 5
        made = sorted((service, region) for _, service, region in runner.worlds.sessions().clients._clients)
        assert len(made) == len(set(made))
        assert {("cloudtrail", region) for region in task["regions"]} < set(made)
