"""`iamfix bootstrap`: from nothing to a baseline and a unit, once, whatever happens on the way."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from iamfix.bootstrap_wait import IN_A_ROW, PATIENCE
from iamfix.cli import run as iamfix
from iamfix.clock import TurnedClock
from iamfix.journal import runs
from iamfix.model import AwsError, InputError, Plan
from iamfix.sandbox import Sandbox
from iamfix.sandbox.services.iam.state import IamState
from tests import ledger
from tests.organizations.bootstrapping import (
    EMAIL,
    NAME,
    UNIT,
    Killed,
    Lab,
    Moments,
    Times,
    WatchedClock,
    dying,
    new_clock,
    small,
)
from tests.organizations.building import state_of
from tests.running import Project, SandboxTime, signalled, use


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Lab]:
    clock = new_clock()
    with Sandbox(clock=SandboxTime(clock)) as aws:
        use(aws, monkeypatch)
        yield Lab(aws, clock, Project(tmp_path).inventory, small(tmp_path), tmp_path / "journal")
        ledger.check(aws, tmp_path)


def iam_of(lab: Lab) -> IamState:
    return lab.aws.cloud.state(IamState, lab.accounts()[0].id, "aws")


def path_of(lab: Lab) -> str:
    state, parent, names = state_of(lab.aws.cloud), lab.accounts()[0].parent, list[str]()
    while (unit := state.units.latest(parent)) is not None:
        names.insert(0, unit.name)
        parent = unit.parent
    return "/".join(names)


def test_from_nothing_to_its_unit_and_then_nothing(lab: Lab) -> None:
    """Account, role, baseline, unit, in this order; a second time there is nothing to do, and no new account."""
    assert lab.bootstrap() == ["a new account", "the role of iamfix", "the baseline", "its unit"]
    assert path_of(lab) == UNIT
    assert iam_of(lab).groups.latest("admins") is not None
    assert [note for note in lab.told.notes if "AccessDenied" in note]
    assert lab.bootstrap() == []
    assert (len(lab.accounts()), lab.asked()) == (1, 1)


def test_the_role_has_what_the_baseline_needs_and_no_more(lab: Lab) -> None:
    """No policy but the computed one; without any of its actions on changes the bootstrap could not have run."""
    lab.bootstrap()
    role = iam_of(lab).roles.latest("iamfix")
    assert role is not None
    assert (role.attached, list(role.inline)) == ((), ["iamfix-baseline"])
    statements = json.loads(role.inline["iamfix-baseline"])["Statement"]
    changes = {
        action for one in statements for action in one["Action"]
        if not action.partition(":")[2].startswith(("Get", "List", "Describe", "Generate"))
    }  # fmt: skip
    assert changes == {"iam:CreateGroup", "iam:UpdateAccountPasswordPolicy"}
    group = next(one for one in statements if "iam:CreateGroup" in one["Action"])
    assert group["Resource"] == [f"arn:aws:iam::{lab.accounts()[0].id}:group/Admins"]
    assert json.loads(role.trust)["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}


def test_the_role_never_gets_power_over_itself(lab: Lab) -> None:
    """The shipped practices would move the role's inline policy; run as that role they leave it alone, and so here."""
    lab.playbook = Path(__file__).parents[2] / "playbooks/practices/managed-policies.yml"
    lab.bootstrap(unit=None)
    assert lab.bootstrap(unit=None) == []
    role = iam_of(lab).roles.latest("iamfix")
    assert role is not None
    statements = json.loads(role.inline["iamfix-baseline"])["Statement"]
    assert not [one for one in statements if "role/iamfix" in json.dumps(one["Resource"])]


def test_the_shipped_playbook_fits_one_policy_with_networks_by_the_dozen(lab: Lab) -> None:
    """`playbooks/bootstrap.yml`, default VPCs included: one policy is enough, what it did was told, and it is done."""
    lab.playbook = Path(__file__).parents[2] / "playbooks/bootstrap.yml"
    given = {"extra_vars": {"remove_default_vpcs": True}}
    assert lab.bootstrap(**given) == ["a new account", "the role of iamfix", "the baseline", "its unit"]
    notes = [note for change in lab.plans["a new account"].changes() for note in change.notes]
    assert _foretold(notes) == _done(lab.plans["the baseline"], lab.accounts()[0].id)
    role = iam_of(lab).roles.latest("iamfix")
    assert role is not None
    assert len(role.inline["iamfix-baseline"]) < 10_240
    resources = [one["Resource"] for one in json.loads(role.inline["iamfix-baseline"])["Statement"]]
    assert [f"arn:aws:ec2:*:{lab.accounts()[0].id}:subnet/*"] in resources
    assert lab.bootstrap(**given) == []


def _foretold(notes: list[str]) -> set[str]:
    """What the plan of a new account says of each kind and action: `+ iam_group: Admins, …`."""
    (first,) = (number for number, note in enumerate(notes) if note.startswith("then, in the new account, "))
    assert "not known" not in "".join(notes)
    return {note.strip() for note in notes[first + 1 :] if note.startswith("  ") and note.strip()[0] in "+~-"}


def _done(plan: Plan, account: str) -> set[str]:
    found: dict[str, dict[str, set[str | None]]] = {}
    for change in plan.changes():
        mark = {"create": "+", "update": "~", "delete": "-"}[change.action]
        found.setdefault(f"{mark} {change.kind}", {}).setdefault(change.name, set()).add(change.region)
    return {
        f"{title}: " + ", ".join(
            (f"{name} in {len(regions)} regions" if len(regions) > 1 else name).replace(account, "<its id>")
            for name, regions in names.items()
        )
        for title, names in found.items()
    }  # fmt: skip


def test_a_playbook_that_grew_is_given_more_permissions_and_loses_none(lab: Lab, tmp_path: Path) -> None:
    """Run again with more to do, the role gets what is missing, keeps what it had, and the new part is applied."""
    lab.bootstrap()
    before = iam_of(lab).roles.latest("iamfix")
    tasks = [{"iam_user": {"name": "ann"}}, {"iam_password_policy": {"min_pw_length": 14}}]
    small(tmp_path, [{"accounts": "all", "tasks": tasks}])
    assert lab.bootstrap() == ["the role of iamfix", "the baseline"]
    after = iam_of(lab).roles.latest("iamfix")
    assert before is not None
    assert after is not None
    actions = [
        {action for one in json.loads(role.inline["iamfix-baseline"])["Statement"] for action in one["Action"]}
        for role in (before, after)
    ]
    assert actions[0] < actions[1]
    assert "iam:CreateUser" in actions[1] - actions[0]


def test_an_account_of_that_address_is_taken_whatever_its_case(lab: Lab) -> None:
    """The e-mail address is looked for before anything is made, and to AWS upper case is the same."""
    known = next(one for one in state_of(lab.aws.cloud).members.all_latest() if one.name == "payments-dev")
    assert lab.bootstrap(email=known.email.upper(), unit=None) == ["the baseline"]
    assert lab.asked() == 0


def test_the_account_in_the_inventory_is_worked_in_as_it_says(lab: Lab) -> None:
    """Where the inventory has the account with a role of its own, that role is the one that is made."""
    lab.bootstrap(unit=None)
    inventory = yaml.safe_load(lab.inventory.read_text())
    account = lab.accounts()[0].id
    inventory["all"]["accounts"]["mine"] = {"id": account, "role_arn": f"arn:aws:iam::{account}:role/ops/keeper"}
    lab.inventory.write_text(yaml.safe_dump(inventory))
    assert lab.bootstrap(unit=None) == ["the role of iamfix"]
    role = iam_of(lab).roles.latest("keeper")
    assert role is not None
    assert role.path == "/ops/"


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ({"email": "nobody"}, "no e-mail address"),
        ({"name": "x" * 51}, "no name for an account"),
        ({"unit": "workloads/nowhere"}, "no organizational unit 'workloads/nowhere'"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_made(lab: Lab, case: dict[str, Any], told: str) -> None:
    """A wrong address, name or unit: one sentence, and no account."""
    with pytest.raises(InputError, match=told):
        lab.bootstrap(**case)
    assert (lab.asked(), lab.accounts()) == (0, [])


def test_only_the_management_account_makes_accounts(lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """From a member account the command says so in one sentence and exits 1."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "222222222222")
    arguments = ("bootstrap", NAME, "--email", EMAIL, "--playbook", str(lab.playbook), "-i", str(lab.inventory))
    assert iamfix([*arguments, "--journal", str(lab.journal)]) == 1
    told = capsys.readouterr().err
    assert "account 222222222222 is neither the organization's management account (111111111111)" in told
    assert "Traceback" not in told


def test_nobody_to_ask_means_nothing_is_made(lab: Lab, capsys: Any) -> None:
    """Without --auto-approve and a terminal the first plan is shown, with what follows, and nothing is sent."""
    arguments = ("bootstrap", NAME, "--email", EMAIL, "--playbook", str(lab.playbook), "-i", str(lab.inventory))
    assert iamfix([*arguments, "--journal", str(lab.journal)]) == 1
    out, err = capsys.readouterr()
    assert "then, in the new account: Small" in err
    assert NAME in out
    assert "it comes without a baseline" in out
    assert lab.asked() == 0


def test_an_address_taken_outside_is_explained_and_another_goes_on(lab: Lab) -> None:
    """AWS finds out in the background: what its word means is said, nothing is left, and another address goes."""
    state_of(lab.aws.cloud).addresses_elsewhere.add(EMAIL)
    state_of(lab.aws.cloud).creation_polls = 1
    arguments = ("bootstrap", NAME, "--email", EMAIL.upper(), "--playbook", str(lab.playbook), "-i", str(lab.inventory))
    assert iamfix([*arguments, "--journal", str(lab.journal), "--auto-approve"]) == 1
    assert (lab.accounts(), lab.asked()) == ([], 1)
    run = next(runs(lab.journal))
    assert "the e-mail address is taken by an account, of this organization or outside of it" in run.why["management"]
    assert lab.bootstrap(email="other@example.com", unit=None)[0] == "a new account"
    assert len(lab.accounts("other@example.com")) == 1


def test_the_command_killed_then_to_its_end_then_with_nothing_to_do(lab: Lab, capsys: Any) -> None:
    """`iamfix bootstrap … --auto-approve` as a user runs it: the process killed, started again, and once more."""
    state, arguments = state_of(lab.aws.cloud), ["bootstrap", NAME, "--email", EMAIL, "--ou", UNIT, "--auto-approve"]
    arguments += ["--playbook", str(lab.playbook), "-i", str(lab.inventory), "--journal", str(lab.journal)]
    state.creation_polls, state.unusable_seconds = 1, 0.0
    code, told, _ = signalled(lab.aws, 1, "after", signal.SIGKILL, *arguments)
    assert (code, lab.asked()) == (-signal.SIGKILL, 1)
    assert "then, in the new account, " in told
    assert "+ iam_group: Admins" in told

    client, (request,) = lab.aws.client("organizations"), state.creations
    for _ in range(2):
        client.describe_create_account_status(CreateAccountRequestId=request)
    (made,) = lab.accounts()
    # An account that is not new needs to be tried once only: this test does not sleep.
    state.members.put(made.id, replace(made, joined=made.joined - timedelta(hours=2)))
    assert iamfix(arguments) == 0
    steps = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Step: ")]
    assert steps == ["Step: the role of iamfix", "Step: the baseline", "Step: its unit"]
    assert path_of(lab) == UNIT
    sent = len(list(lab.aws.log))
    assert iamfix(arguments) == 0
    err = capsys.readouterr().err
    assert "Step: " not in err
    assert f"account {lab.accounts()[0].id} is as {lab.playbook} says, in {UNIT}" in err
    assert not [one.operation for one in list(lab.aws.log)[sent:] if one.mutating and one.service != "sts"]
    assert (len(lab.accounts()), lab.asked()) == (1, 1)


def test_a_suspended_account_is_told(lab: Lab) -> None:
    """Whose address is a closed account's is told so before anything is made."""
    state = state_of(lab.aws.cloud)
    member = next(one for one in state.members.all_latest() if one.name == "data-prod")
    state.members.put(member.id, replace(member, state="SUSPENDED"))
    with pytest.raises(InputError, match="is SUSPENDED"):
        lab.bootstrap(email=member.email)
    assert lab.asked() == 0


def test_an_account_that_never_becomes_usable_ends_in_time(lab: Lab) -> None:
    """After 20 minutes the last answer of AWS is told, and that the same command goes on."""
    state_of(lab.aws.cloud).unusable_seconds = 10 * PATIENCE
    began = lab.clock.monotonic()
    with pytest.raises(AwsError) as caught:
        lab.bootstrap()
    assert caught.value.code == "AccessDenied"
    assert "run the same command again" in caught.value.__notes__[0]
    assert PATIENCE < lab.clock.monotonic() - began < PATIENCE + 120
    lab.clock.sleep(10 * PATIENCE)
    assert lab.bootstrap()[0] == "the role of iamfix"
    assert (len(lab.accounts()), lab.asked()) == (1, 1)


def test_once_is_not_enough_for_a_new_account(lab: Lab) -> None:
    """A new account must answer well three times in a row before anything is done in it."""
    lab.bootstrap()
    made = next(number for number, one in enumerate(lab.aws.log) if one.operation == "CreateRole")
    before = [one.operation for number, one in enumerate(lab.aws.log) if number < made]
    assert before.count("DescribeRegions") >= IN_A_ROW


def test_contacts_come_from_the_variables(lab: Lab) -> None:
    """`security_contact` of the inventory or of -e is set from the management account, once it may."""
    contact = {"name": "Security", "title": "SOC", "email": "soc@example.com", "phone": "+1 555 0100"}
    lab.aws.client("organizations").enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    given = {"extra_vars": {"security_contact": contact}}
    assert "whom AWS writes to" in lab.bootstrap(**given)
    asked = {"AccountId": lab.accounts()[0].id, "AlternateContactType": "SECURITY"}
    assert (
        lab.aws.client("account").get_alternate_contact(**asked)["AlternateContact"]["EmailAddress"]
        == "soc@example.com"
    )
    assert lab.bootstrap(**given) == []


def test_a_request_is_written_down_before_it_is_asked_after(lab: Lab) -> None:
    """Killed while AWS makes the account, a run under another name waits for that request and makes no other."""

    def polled() -> bool:
        return any(record.operation == "DescribeCreateAccountStatus" for record in lab.aws.log)

    with pytest.raises(Killed):
        lab.bootstrap(clock=WatchedClock(lab.clock, dying(polled)))
    lines = [json.loads(line) for path in lab.journal.glob("*.jsonl") for line in path.read_text().splitlines()]
    assert [line["ask"]["CreateAccountRequestId"][:4] for line in lines if line["event"] == "accepted"] == ["car-"]
    assert lab.accounts() == []
    assert lab.bootstrap(name="another-name")[0] == "the role of iamfix"
    assert (len(lab.accounts()), lab.asked()) == (1, 1)
    assert any("is making the account already (car-" in note for note in lab.told.notes)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, Times, Moments]]:
    """A whole bootstrap, with all that it would have left behind if it had been killed on the way."""
    folder, clock = tmp_path_factory.mktemp("killed"), new_clock()
    times = Times(clock)
    with Sandbox(clock=times) as aws, pytest.MonkeyPatch.context() as patch:
        use(aws, patch)
        whole = Lab(aws, clock, Project(folder).inventory, small(folder), folder / "journal")
        moments = Moments(aws, clock, whole.journal)
        whole.bootstrap(clock=WatchedClock(clock, moments.see))
        assert whole.asked() == 1
        # Each moment has a copy of its journals, up to then: the whole ones are checked here.
        ledger.check(aws, whole.journal)
        checked = max(record.number for record in aws.log.changes())
        yield whole, times, moments
        ledger.check(aws, folder, checked)


PARTS = 6


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_after_every_step_it_converges_with_one_account(
    killed: tuple[Lab, Times, Moments], monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    """From whatever a killed run leaves of AWS and its journal, the same command ends as if it had not been killed."""
    whole, times, moments = killed
    aws = whole.aws
    use(aws, monkeypatch)
    assert len(moments.all) >= 20
    for number, (left, kept, at) in enumerate(moments.all):
        if number % PARTS != part:
            continue
        aws.restore(left)
        aws.log.clear()
        # Runs that begin at one moment, in one of these worlds each, could get the same name.
        times.clock = TurnedClock(at + timedelta(milliseconds=number))
        lab = Lab(aws, times.clock, whole.inventory, whole.playbook, kept)
        there = bool(state_of(aws.cloud).creations)
        lab.bootstrap()
        assert len(lab.accounts()) == 1, number
        assert lab.asked() == (0 if there else 1), f"{number}: AWS was asked for a second account"
        assert path_of(lab) == UNIT, number
        assert (sorted(iam_of(lab).roles), sorted(iam_of(lab).groups)) == (
            ["iamfix", "organizationaccountaccessrole"], ["admins"],
        ), number  # fmt: skip
