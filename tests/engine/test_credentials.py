"""Ways into accounts: roles assumed again when their credentials end, the right account, the right partition."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from botocore.utils import parse_timestamp

from iamfix.aws.clients import Clients, Counter, timestamp
from iamfix.aws.session import AccountSession, Sessions
from iamfix.clock import TurnedClock
from iamfix.inventory import load_inventory
from iamfix.model import Account, InputError
from iamfix.options import Options
from iamfix.planfile import to_json
from iamfix.run import Runner
from iamfix.sandbox import Record, Sandbox
from tests import ledger
from tests.running import Project, Quiet, SandboxTime, use

PROD, OTHER = "222222222222", "333333333333"
GROUP = {"iam_group": {"name": "Ops"}}


def trusting(arn: str, external_id: str = "") -> str:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_role_is_assumed_again_when_its_credentials_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a run of four hours, with sessions of one, the role is assumed again shortly before each end, as at first."""
    clock = TurnedClock(datetime.now(UTC))
    with Sandbox(clock=SandboxTime(clock)) as sandbox:
        use(sandbox, monkeypatch)
        iam = sandbox.client("iam", PROD)
        iam.create_role(RoleName="outside", AssumeRolePolicyDocument=trusting("arn:aws:iam::111111111111:root", "e-1"))
        iam.attach_role_policy(RoleName="outside", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        project = Project(tmp_path)
        project.inventory.write_text(
            f"all: {{accounts: {{prod: {{id: '{PROD}', role_name: outside, external_id: e-1}}}}}}", encoding="utf-8"
        )

        def hook(phase: str, record: Record) -> None:
            if phase == "after":
                clock.sleep(150)

        sandbox.on_request(hook)
        options = Options(inventory=project.inventory, journal=tmp_path / "journal")
        runner = Runner(options, Quiet(), clock=clock, chance=random.Random(0))
        loop = {"iam_group": {"name": "{{ item }}"}, "loop": [f"g{number}" for number in range(96)]}
        outcome = runner.apply(runner.plan([project.playbook(loop, accounts="all")]))
        assert outcome.problems == ()
        assert outcome.accounts == {"prod": "done"}
        assumed = sandbox.log.records(operation="AssumeRole")
        assert {record.params["RoleSessionName"] for record in assumed} == {f"iamfix-{outcome.run_id}"}
        assert {record.params["ExternalId"] for record in assumed} == {"e-1"}
        pauses = [later.at - earlier.at for earlier, later in pairwise(assumed)]
        assert len(pauses) >= 3
        # botocore renews from 15 minutes before the end; four calls side by side take 10.
        assert all(timedelta(minutes=44) <= timedelta(seconds=pause) < timedelta(hours=1) for pause in pauses)
        assert {record.code for record in sandbox.log} == {"OK"}
        ledger.check(sandbox, tmp_path)


class _Slow(Clients):
    """Clients whose first request of each of some operations is two hours under way."""

    def __init__(self, clock: TurnedClock, *operations: str) -> None:
        super().__init__()
        self.clock, self.slow = clock, set(operations)

    def _made(self, profile: str | None, service: str, region: str) -> Any:
        client = super()._made(profile, service, region)
        client.meta.events.register("before-send", self._under_way)
        return client

    def _under_way(self, event_name: str, **_: Any) -> None:
        if (operation := event_name.rpartition(".")[2]) in self.slow:
            self.slow.remove(operation)
            self.clock.sleep(2 * 3600)


def test_credentials_that_end_on_the_way_are_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that ends between signature and arrival is opened anew, for a read and for a change."""
    clock = TurnedClock(datetime.now(UTC))
    with Sandbox(clock=SandboxTime(clock)) as sandbox:
        use(sandbox, monkeypatch)
        project = Project(tmp_path)
        options = Options(inventory=project.inventory, journal=tmp_path / "journal")
        clients = _Slow(clock, "GetAccountAuthorizationDetails", "CreateGroup")
        runner = Runner(options, Quiet(), clock=clock, chance=random.Random(0), clients=clients)
        outcome = runner.apply(runner.plan([project.playbook(GROUP, accounts="payments-prod")]))
        assert outcome.accounts == {"payments-prod": "done"}
        assert clients.slow == set()
        ledger.check(sandbox, tmp_path)


def test_a_saved_plan_is_applied_in_sessions_that_name_its_run(bare: Sandbox, tmp_path: Path) -> None:
    """The role's session, the user agent and the journal have one name; and STS is asked once for the account."""
    project = Project(tmp_path)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(to_json(project.plan(GROUP, accounts="payments-prod"))), encoding="utf-8")
    bare.log.clear()
    runner = project.runner()
    outcome = runner.apply(runner.saved(path))
    (assumed,) = bare.log.records(service="sts")
    assert assumed.params["RoleSessionName"] == f"iamfix-{outcome.run_id}"
    assert all(f"run/{outcome.run_id}" in record.agent for record in bare.log)


def test_a_second_run_of_one_runner_has_a_name_of_its_own(bare: Sandbox, tmp_path: Path) -> None:
    """Who applies twice makes two runs, each with its journal and its session."""
    runner, project = Project(tmp_path).runner(), Project(tmp_path)
    playbook = project.playbook(GROUP, accounts="payments-prod")
    runs = [runner.apply(runner.plan([playbook])).run_id, runner.apply(runner.rollback("latest"), "rollback").run_id]
    assert len(set(runs)) == 2
    names = [record.params["RoleSessionName"] for record in bare.log.records(operation="AssumeRole")]
    assert names == [f"iamfix-{run}" for run in runs]


def test_a_profile_of_another_account_is_caught_before_anything_is_read(
    bare: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The profile's credentials are asked for their account first; a profile that is not there is said by its name."""
    config = tmp_path / "config"
    config.write_text(
        f"[profile wrong]\naws_access_key_id = {OTHER}\naws_secret_access_key = x\nregion = us-east-1\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    project = Project(tmp_path)
    project.inventory.write_text(
        f"all: {{accounts: {{prod: {{id: '{PROD}', profile: wrong}}, none: {{id: '{OTHER}', profile: nowhere}}}}}}",
        encoding="utf-8",
    )
    bare.log.clear()
    errors = {one.account.name: str(one.error) for one in project.plan(GROUP, accounts="all").accounts}
    assert f"the credentials are of account {OTHER}, the inventory says {PROD}" in errors["prod"]
    assert "nowhere" in errors["none"]
    assert {record.operation for record in bare.log} == {"GetCallerIdentity"}


def test_a_role_of_another_account_is_caught_offline(tmp_path: Path) -> None:
    """A role's ARN has its account and partition; both must be the account's."""
    path = tmp_path / "i.yml"
    for role, told in ((f"arn:aws:iam::{OTHER}:role/x", OTHER), (f"arn:aws-cn:iam::{PROD}:role/x", "aws-cn")):
        path.write_text(f"all: {{accounts: {{prod: {{id: '{PROD}', role_arn: '{role}'}}}}}}", encoding="utf-8")
        with pytest.raises(InputError, match=told):
            load_inventory(path)


PARTITIONS = [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")]
USERS = "arn:{{ partition }}:iam::{{ account_id }}:user/*"
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "iam:GetUser", "Resource": USERS}],
}
ALL_KINDS: list[dict[str, Any]] = [
    {"iam_managed_policy": {"name": "Own", "policy": DOCUMENT, "tags": {"a": "b"}}},
    {"iam_user": {"name": "ann", "permissions_boundary": "Own"}},
    {"iam_group": {"name": "People", "managed_policies": ["Own", "ReadOnlyAccess"], "users": ["ann"]}},
    {"iam_role": {"name": "app", "managed_policies": ["SecurityAudit"], "assume_role_policy_document": {
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:{{ partition }}:iam::{{ account_id }}:user/ann"}}]}}},
    {"iam_password_policy": {"min_pw_length": 14}},
]  # fmt: skip


@pytest.mark.parametrize(("partition", "region"), PARTITIONS)
def test_all_kinds_live_in_every_partition(
    bare: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, partition: str, region: str
) -> None:
    """Roles, AWS's own policies and all ARNs are of the account's partition; nothing is left to do after the apply."""
    management = bare.client("iam", "111111111111", region=region)
    management.create_user(UserName="runner")
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}
    management.put_user_policy(UserName="runner", PolicyName="p", PolicyDocument=json.dumps(allow))
    key = management.create_access_key(UserName="runner")["AccessKey"]
    iam = bare.client("iam", PROD, region=region)
    iam.create_role(
        RoleName="iamfix", AssumeRolePolicyDocument=trusting(f"arn:{partition}:iam::111111111111:user/runner")
    )
    iam.attach_role_policy(RoleName="iamfix", PolicyArn=f"arn:{partition}:iam::aws:policy/AdministratorAccess")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    project = Project(tmp_path)
    project.inventory.write_text(
        f"all: {{accounts: {{prod: {{id: '{PROD}', role_name: iamfix, home_region: {region}}}}}}}", encoding="utf-8"
    )
    plan = project.plan(*ALL_KINDS, accounts="all")
    assert [one.error for one in plan.accounts] == [None]
    # What AWS's own policies say of other services (in `access`) is the sandbox's copy of them, of the partition aws.
    text = json.dumps([account["changes"] for account in to_json(plan)["accounts"]])
    assert f"arn:{partition}:iam::aws:policy/ReadOnlyAccess" in text
    assert "arn:aws:" not in text
    assert len(list(plan.changes())) == 5
    assert project.apply(plan).accounts == {"prod": "done"}
    again = project.plan(*ALL_KINDS, accounts="all")
    assert [(one.error, one.changes) for one in again.accounts] == [(None, ())]
    assert {record.region for record in bare.log if "iamfix/" in record.agent} == {region}


@pytest.mark.parametrize(
    ("region", "service", "host"),
    [
        ("cn-north-1", "iam", "iam.cn-north-1.amazonaws.com.cn"),
        ("cn-northwest-1", "sts", "sts.cn-northwest-1.amazonaws.com.cn"),
        ("us-gov-west-1", "iam", "iam.us-gov.amazonaws.com"),
        ("us-gov-east-1", "sts", "sts.us-gov-east-1.amazonaws.com"),
        ("eu-west-1", "iam", "iam.amazonaws.com"),
        ("eu-west-1", "sts", "sts.eu-west-1.amazonaws.com"),
    ],
)
def test_requests_go_to_the_partitions_endpoints(
    monkeypatch: pytest.MonkeyPatch, region: str, service: str, host: str
) -> None:
    """STS is asked in the account's home region, IAM where its partition has it (AWS General Reference)."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    account = Account(id=PROD, name="prod", home_region=region, regions=(region,))
    sessions = Sessions(TurnedClock(), random.Random(0), "run")
    client = AccountSession(sessions, sessions._base(None), account, "", Counter()).client(service, None)
    assert client.meta.endpoint_url == f"https://{host}"


@pytest.mark.parametrize(
    "value", ["2026-11-24T09:30:00Z", "2026-11-24T09:30:00.123Z", "2026-11-24T10:30:00+01:00", 1795512600, "1795512600"]
)
def test_times_are_read_as_botocore_reads_them(value: Any) -> None:
    """The quick way of reading ISO times gives the same moment as botocore's, with its zone."""
    assert timestamp(value) == parse_timestamp(value)
    assert timestamp(value).tzinfo is not None
