"""From an organization with nothing to six units, ten accounts in them and guardrails; and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iamfix.model import InputError, Plan
from iamfix.run import Runner
from iamfix.sandbox import Sandbox
from tests.organizations.building import add_account, empty, sent, state_of, wide
from tests.running import Project

PLAYBOOK = Path(__file__).parents[2] / "playbooks" / "organization.yml"
UNITS = ["security", "workloads", "workloads/prod", "workloads/prod/eu", "workloads/dev", "sandbox"]
ACCOUNTS = {f"team-{number}": UNITS[number % len(UNITS)] for number in range(10)}
VARIABLES: dict[str, Any] = {
    "units": UNITS,
    "account_units": ACCOUNTS,
    "guardrail_targets": ["workloads", "sandbox"],
    "allowed_regions": ["us-east-1", "eu-west-1"],
    "required_boundary": "AppBoundary",
    "deny_iam_users": True,
}


@pytest.fixture
def nothing(bare: Sandbox) -> Iterator[Sandbox]:
    """The management account and ten accounts at the root: no units, no policies of one's own."""
    empty(bare.cloud)
    for number in range(10):
        add_account(bare.cloud, 600000000000 + number, f"team-{number}")
    return bare


class _Organization:
    """Runs of the shipped playbook against an inventory of the organization itself."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder)
        self.inventory = folder / "org.yml"
        self.inventory.write_text("plugin: aws_organizations\nrole_name: iamfix\n", encoding="utf-8")

    def runner(self, **options: Any) -> Runner:
        return self.project.runner(inventory=self.inventory, extra_vars=VARIABLES, **options)

    def plan(self) -> Plan:
        plan = self.runner().plan([PLAYBOOK])
        assert [(one.error, one.incomplete) for one in plan.accounts] == [(None, False)]
        assert [problem for problem in plan.problems() if problem.severity == "error"] == []
        return plan

    def apply(self) -> str:
        runner = self.runner()
        outcome = runner.apply(runner.plan([PLAYBOOK]))
        assert (dict(outcome.accounts), outcome.problems) == ({"management": "done"}, ())
        return outcome.run_id


def _tree(sandbox: Sandbox) -> dict[str, Any]:
    """The organization as its state has it: units, where accounts are, policies, and what they are attached to."""
    state = state_of(sandbox.cloud)
    names = {unit.id: unit.name for unit in state.units.all_latest()} | {"r-prac": "root"}
    return {
        "units": sorted((unit.name, names[unit.parent]) for unit in state.units.all_latest()),
        "accounts": {one.name: names[one.parent] for one in state.members.all_latest()},
        "policies": sorted(policy.name for policy in state.policies.all_latest()),
        "attached": {
            names.get(target, target): sorted(state.attachments.latest(target) or ()) for target in state.attachments
        },
        "services": sorted(state.services),
    }


def test_one_apply_builds_a_second_plan_is_empty_a_rollback_restores(nothing: Sandbox, tmp_path: Path) -> None:
    """Six units three levels deep, ten moved accounts, four policies of guardrails on two units."""
    before, organization = _tree(nothing), _Organization(tmp_path)
    plan = organization.plan()
    assert sum(change.kind == "organizational_unit" for change in plan.changes()) == 6
    assert sum(change.kind == "organization_account" for change in plan.changes()) == 10
    assert sum(change.kind == "scp" for change in plan.changes()) == 4
    notes = [note for change in plan.changes() for note in change.notes]
    assert "5 of 10 policies of this type attached to sandbox, workloads" in notes
    assert any(note.endswith("of 10,240 characters") for note in notes)

    run = organization.apply()
    built = _tree(nothing)
    assert len(built["units"]) == 6
    assert ("eu", "prod") in built["units"]
    assert {name: unit for name, unit in built["accounts"].items() if name != "management"} == {
        name: path.rpartition("/")[2] for name, path in ACCOUNTS.items()
    }
    assert len(built["attached"]["workloads"]) == len(built["attached"]["sandbox"]) == 5
    assert list(organization.plan().changes()) == []

    with pytest.raises(InputError, match=r"disabling account\.amazonaws\.com holds for every account"):
        organization.runner().apply(organization.runner().rollback(run), "rollback")
    runner = organization.runner(allow=("whole-organization",))
    back = runner.apply(runner.rollback(run), "rollback")
    assert set(back.accounts.values()) == {"done"}
    assert _tree(nothing) == before


def test_every_third_call_throttled_still_converges(nothing: Sandbox, tmp_path: Path) -> None:
    """The same with each third Organizations call refused, empty pages, late reads, and slow background work."""
    nothing.faults.throttle_every["organizations"] = 3
    nothing.faults.empty_pages = True
    nothing.faults.page_size = 3
    organization = _Organization(tmp_path)
    organization.apply()
    refused = [one for one in nothing.log.records(service="organizations") if one.code == "TooManyRequestsException"]
    assert len(refused) > 20
    assert len(_tree(nothing)["units"]) == 6
    assert list(organization.plan().changes()) == []


def test_writes_go_one_after_the_other(nothing: Sandbox, tmp_path: Path) -> None:
    """Organizations takes one writer: with slow answers no write meets another one."""
    nothing.faults.latency = 0.02
    _Organization(tmp_path).apply()
    codes = {one.code for one in nothing.log.records(service="organizations") if one.mutating}
    assert codes == {"OK"}


def test_a_saved_plan_goes_on_where_an_apply_was_interrupted(nothing: Sandbox, tmp_path: Path) -> None:
    """The ids that a first, broken run has got are found again by the second one of the same plan."""
    organization = _Organization(tmp_path)
    runner = organization.runner()
    plan = runner.plan([PLAYBOOK])
    nothing.faults.fail("organizations", "MoveAccount", "AccessDeniedException", times=1)
    assert dict(runner.apply(plan).accounts) == {"management": "failed"}
    outcome = organization.runner().apply(plan)
    assert dict(outcome.accounts) == {"management": "done"}
    assert list(organization.plan().changes()) == []


def test_planning_two_hundred_accounts_asks_what_the_tree_demands(nothing: Sandbox, tmp_path: Path) -> None:
    """The tree is read once, for inventory and plan; what is asked of single accounts is what tasks name."""
    wide(nothing.cloud, 189, ["a", "a/b"])
    organization = _Organization(tmp_path)
    nothing.log.clear()
    organization.runner().plan([PLAYBOOK])
    asked = sent(nothing)
    assert (asked.count("ListAccounts"), asked.count("ListRoots")) == (10, 1)
    assert asked.count("ListOrganizationalUnitsForParent") == 3
    assert asked.count("ListTagsForResource") == 0
    assert asked.count("ListParents") == asked.count("DescribeAccount") == 0
    assert asked.count("ListTargetsForPolicy") == 11  # FullAWSAccess is on 203 things, 20 a page
