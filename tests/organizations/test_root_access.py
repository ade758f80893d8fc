"""Central root access: turned on in the management account, root credentials removed in the members'."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import EndpointConnectionError

from iamfix.aws.clients import Counter
from iamfix.cli import run as iamfix
from iamfix.clock import TurnedClock
from iamfix.journal import read_run
from iamfix.kinds import KINDS
from iamfix.model import Plan
from iamfix.options import Options
from iamfix.permissions import policy_for
from iamfix.run import Runner
from iamfix.sandbox import Sandbox
from iamfix.sandbox.building import Builder
from iamfix.sandbox.services.iam.state import IamState, RootUser
from tests import ledger
from tests.running import Project, Quiet, SandboxTime, use

MEMBER = "222222222222"
ON: tuple[dict[str, Any], ...] = (
    {"organization": {"trusted_services": {"include": ["iam.amazonaws.com"]}}},
    {"root_access": {"credentials_management": True, "sessions": True}},
)
REMOVE = {"root_credentials": {"state": "absent"}}


@pytest.fixture
def aws(bare: Sandbox) -> Sandbox:
    return bare


def root(aws: Sandbox, account: str = MEMBER) -> RootUser:
    return aws.cloud.state(IamState, account, "aws").root


def turned_on(project: Project) -> None:
    assert project.apply(project.plan(*ON)).exit_code == 0


def errors(plan: Plan) -> list[str]:
    return [problem.summary for problem in plan.problems() if problem.severity == "error"]


def sent(aws: Sandbox, *operations: str) -> int:
    return sum(record.operation in operations for record in aws.log)


def test_root_credentials_go_in_the_order_that_leaves_nothing_usable_behind(aws: Sandbox, tmp_path: Path) -> None:
    """Keys, certificates, devices and the password go through one session; the plan says all that is lost for good."""
    project = Project(tmp_path)
    turned_on(project)
    Builder(aws.cloud, MEMBER).root(mfa="virtual", keys=2, certificates=1)
    aws.log.clear()
    plan = project.plan(REMOVE, accounts="payments-prod")
    change = next(plan.changes())
    assert [call.operation for call in change.calls] == [
        "delete_access_key", "delete_access_key", "delete_signing_certificate", "deactivate_mfa_device",
        "delete_virtual_mfa_device", "delete_login_profile",
    ]  # fmt: skip
    assert [call.as_root for call in change.calls] == [True, True, True, True, False, True]
    assert (len(change.loses), change.undo) == (5, ())
    assert {problem.rule for problem in plan.problems() if problem.severity == "error"} == {"irreversible"}

    outcome = project.apply(project.plan(REMOVE, accounts="payments-prod", allow=("irreversible",)))
    assert outcome.problems == ()
    user = root(aws)
    assert (user.login, user.access_keys, user.signing_certificates, user.mfa_devices) == (None, (), (), ())
    assert list(aws.cloud.state(IamState, MEMBER, "aws").virtual_mfa) == []
    again = project.plan(REMOVE, accounts="payments-prod")
    assert (list(again.changes()), errors(again)) == ([], [])
    assert [line["call"].get("as_root") for line in read_run(tmp_path / "journal", outcome.run_id).calls] == [
        True, True, True, True, None, True,
    ]  # fmt: skip


def test_where_there_is_nothing_no_session_is_opened(aws: Sandbox, tmp_path: Path) -> None:
    """The summary tells that the root user has nothing: one read, no AssumeRoot, and root checks do not apply."""
    project = Project(tmp_path)
    aws.cloud.state(IamState, MEMBER, "aws").root = RootUser()
    check = {"kind": "iam_account", "select": "has_root_credentials and not root_mfa", "message": "no MFA"}
    plan = project.plan(REMOVE, {"check": check}, accounts="payments-prod")
    assert (list(plan.changes()), errors(plan), plan.accounts[0].findings) == ([], [], ())
    assert sent(aws, "AssumeRoot") == 0
    assert sent(aws, "GetAccountSummary") == 1


def test_without_central_root_access_the_plan_says_what_to_do_first(aws: Sandbox, tmp_path: Path) -> None:
    """AWS says AccessDenied, as it does for a missing permission; what it mostly means is told with it."""
    Builder(aws.cloud, MEMBER).root(mfa=None, keys=1)
    (problem,) = Project(tmp_path).plan(REMOVE, accounts="payments-prod").problems()
    assert (problem.rule, "sts:assume_root" in problem.summary) == ("unreadable", True)
    assert "once central root access is on: kind root_access" in problem.hint
    assert "not authorized to perform: sts:AssumeRoot" in problem.hint


def test_a_later_check_sees_what_will_be_gone(aws: Sandbox, tmp_path: Path) -> None:
    """In the plan that removes the root credentials, the checks of the root user after it no longer apply."""
    project = Project(tmp_path)
    turned_on(project)
    Builder(aws.cloud, MEMBER).root(mfa=None, keys=1)
    checks = [
        {"check": {"kind": "iam_account", "select": select, "message": select}}
        for select in ("root_access_keys", "has_root_credentials and not root_mfa")
    ]
    plan = project.plan(REMOVE, *checks, accounts="payments-prod")
    assert plan.accounts[0].findings == ()
    assert len(project.plan(*checks, accounts="payments-prod").accounts[0].findings) == 2


def test_the_sentences_of_what_cannot_be(aws: Sandbox, tmp_path: Path) -> None:
    """No trusted access, the wrong account, the account that iamfix was started in: each says so in one sentence."""
    project = Project(tmp_path)
    assert errors(project.plan(ON[1])) == ["central root access needs trusted access of iam.amazonaws.com"]
    assert [text.partition(" is ")[2][:54] for text in errors(project.plan(ON[1], accounts="payments-prod"))] == [
        "neither the organization's management account nor IAM'"
    ]
    told = errors(project.plan(REMOVE))
    assert told == ["account 111111111111 is the one that iamfix was started in, and no session reaches its root user"]
    unread = project.plan(REMOVE, accounts="payments-prod")
    assert unread.accounts[0].incomplete
    assert "sts:assume_root" in next(unread.problems()).summary
    off = {"root_access": {"sessions": False}}
    turned_on(project)
    assert [problem.rule for problem in project.plan(off).problems()] == ["whole-organization"]
    assert errors(project.plan({"root_access": {"state": "absent"}}))[0].endswith("sessions: false")


def test_a_delegated_administrator_removes_them_too(aws: Sandbox, tmp_path: Path, monkeypatch: Any) -> None:
    """Started in IAM's delegated account, iamfix reads the features and removes root credentials of other members."""
    project = Project(tmp_path)
    delegated = {"delegated_administrators": {"iam.amazonaws.com": ["payments-dev"]}}
    turned_on(project)
    assert project.apply(project.plan({"organization": delegated})).exit_code == 0
    trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":'
    for account in (MEMBER, "444444444444"):
        everyone = trust + '{"AWS":["arn:aws:iam::333333333333:root","arn:aws:iam::111111111111:root"]}}]}'
        aws.client("iam", account).update_assume_role_policy(RoleName="iamfix", PolicyDocument=everyone)
    key = aws.client("sts").assume_role(RoleArn="arn:aws:iam::333333333333:role/iamfix", RoleSessionName="admin")
    for name, part in (("ACCESS_KEY_ID", "AccessKeyId"), ("SECRET_ACCESS_KEY", "SecretAccessKey"),
                       ("SESSION_TOKEN", "SessionToken")):  # fmt: skip
        monkeypatch.setenv(f"AWS_{name}", key["Credentials"][part])
    inventory = yaml.safe_load(project.inventory.read_text())
    inventory["all"]["children"]["workloads"]["children"]["dev"]["accounts"]["payments-dev"]["role_arn"] = None
    project.inventory.write_text(yaml.safe_dump(inventory))
    assert list(project.plan(ON[1], accounts="payments-dev").changes()) == []
    outcome = project.apply(project.plan(REMOVE, accounts="payments-prod", allow=("irreversible",)))
    assert outcome.exit_code == 0
    assert root(aws).login is None


def test_a_session_of_fifteen_minutes_is_opened_again_when_it_ends(monkeypatch: Any, tmp_path: Path) -> None:
    """A run that outlasts its root session opens another one; within its time no request opens a second."""
    clock = TurnedClock(datetime.now(UTC))
    with Sandbox(clock=SandboxTime(clock)) as aws:
        use(aws, monkeypatch)
        project = Project(tmp_path)
        turned_on(project)
        runner = Runner(Options(inventory=project.inventory, limit="payments-prod"), Quiet(), clock=clock)
        account = next(one for one in runner.inventory().accounts if one.id == MEMBER)
        session = runner.worlds.enter(account).as_root("IAMAuditRootUserCredentials")
        for _ in range(5):
            session.client("iam", None).list_access_keys()
        assert sent(aws, "AssumeRoot") == 1
        clock.sleep(3600)
        session.client("iam", None).list_access_keys()
        assert sent(aws, "AssumeRoot") == 2
        ledger.check(aws, tmp_path)


def test_the_session_is_opened_at_a_regional_endpoint(aws: Sandbox, tmp_path: Path, monkeypatch: Any) -> None:
    """Whatever the environment prefers, STS is asked at the endpoint of the home region."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy")
    asked: list[str] = []
    sessions = Project(tmp_path).runner().worlds.sessions()
    client = sessions._sts(None, "us-east-1", sessions._base(None), Counter())

    def seen(request: Any, **_: Any) -> None:
        asked.append(request.url)
        raise EndpointConnectionError(endpoint_url=request.url)

    client.meta.events.register("before-send", seen)
    with pytest.raises(EndpointConnectionError):
        client.get_caller_identity()
    assert asked == ["https://sts.us-east-1.amazonaws.com/"]


def test_permissions_name_the_session(aws: Sandbox, tmp_path: Path) -> None:
    """`iamfix permissions` asks for sts:AssumeRoot on that root user, and for no IAM action of the root session."""
    project = Project(tmp_path)
    turned_on(project)
    document = policy_for(project.plan(REMOVE, accounts="payments-prod"), KINDS, "apply")
    look, change = document["Statement"]
    assert {"sts:AssumeRoot", "iam:GetAccountSummary"} <= set(look["Action"])
    assert (change["Action"], change["Resource"]) == (["sts:AssumeRoot"], [f"arn:aws:iam::{MEMBER}:root"])
    assert not any("Delete" in action or "ListAccessKeys" in action for action in look["Action"])


def test_a_saved_plan_keeps_who_sends(aws: Sandbox, tmp_path: Path, monkeypatch: Any) -> None:
    """A plan file with calls of the root user is read back as it was, shown, applied, and cannot be rolled back."""
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path)
    turned_on(project)
    playbook = project.playbook(REMOVE, accounts="payments-prod")
    options = ("-i", str(project.inventory))
    assert iamfix(["plan", str(playbook), *options, "--allow", "irreversible", "-o", "p.json", "-v"]) == 0
    assert iamfix(["apply", "p.json", *options, "--allow", "irreversible", "--auto-approve"]) == 0
    assert root(aws).login is None
    assert iamfix(["rollback", "latest", *options, "--auto-approve"]) == 0
    assert root(aws).login is None


def test_the_practice_turns_it_on_and_reports_before_it_removes(aws: Sandbox, tmp_path: Path) -> None:
    """`root-access.yml`: the management part first; then findings, and with enforce=root-credentials they are gone."""
    project, practice = Project(tmp_path), Path(__file__).parents[2] / "playbooks/practices/root-access.yml"
    runner = project.runner(tags=("root-access",))
    assert runner.apply(runner.plan([practice])).exit_code == 0
    Builder(aws.cloud, MEMBER).root(mfa=None, keys=1)
    aws.cloud.state(IamState, "333333333333", "aws").root = RootUser()
    found = project.runner().plan([practice])
    assert list(found.changes()) == []
    told = [one.message for account in found.accounts for one in account.findings if account.account.id == MEMBER]
    assert [text.partition(";")[0] for text in told] == [
        "the root user has a password, access keys: 1, certificates: 0, MFA devices: 0"
    ]
    assert told[0].endswith("(done with -e enforce=root-credentials)")
    runner = project.runner(extra_vars={"enforce": "root-credentials"})
    plan = runner.plan([practice])
    assert {change.address for change in plan.changes()} == {
        f"{name}/root_credentials/root" for name in ("payments-prod", "data-prod", "sandbox-alice")
    }
    assert runner.apply(plan).exit_code == 0
    assert root(aws) == RootUser(id=MEMBER)
