"""What tasks may call the root, units and accounts; words that could mean two things are refused, with a hint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from iamfix.fields import FieldError
from iamfix.kinds import KINDS, organizational_unit
from iamfix.kinds.organization_account import State
from iamfix.kinds.organizations_names import account_name, targets
from iamfix.model import Account
from iamfix.sandbox import Sandbox
from iamfix.world import Spot, World
from tests.direct import Direct
from tests.organizations.building import add_account, state_of
from tests.running import Project


def _look() -> Spot:
    aws = Direct(around="bare")
    account = Account(id="111111111111", name="management")
    return Spot(World(account, KINDS, lambda kind, region, want: KINDS[kind].observe(aws.at(region), want)), None)


def test_targets_by_every_word() -> None:
    """The root, a unit's path with or without slashes, an account by name or id, and all that carry a tag."""
    look = _look()
    for text, expected in (
        ("root", "root"), ("/", "root"), ("/workloads/prod/", "workloads/prod"), ("payments-dev", "payments-dev"),
        ("333333333333", "payments-dev"),
    ):  # fmt: skip
        assert targets(text, look) == expected
    account = look.get("organization_account", "data-prod", details=frozenset(("tags",)))
    look.world.put("organization_account", "data-prod", None, replace(account, tags={"env": "prod", "pci": ""}))
    assert targets("tag:env=prod", look) == frozenset(("data-prod",))
    assert targets("tag:pci", look) == targets("tag:pci=", look) == frozenset(("data-prod",))
    assert targets("tag:env", look) == frozenset(("data-prod",))
    assert targets("tag:env=dev", look) == targets("tag:env=", look) == frozenset()


@pytest.mark.parametrize(
    ("text", "summary", "hint"),
    [
        ("workload/prod", "there is no unit and no account 'workload/prod'", "did you mean 'workloads/prod'?"),
        ("PAYMENTS-PROD", "there is no unit and no account 'PAYMENTS-PROD'", "did you mean 'payments-prod'?"),
        ("Workloads/Prod", "there is no unit and no account 'Workloads/Prod'", "did you mean 'workloads/prod'?"),
        ("999999999999", "there is no unit and no account '999999999999'", "root, the path of a unit"),
        ("tag:", "'tag:' names no tag", "tag:key=value"),
        ("tag:=prod", "'tag:=prod' names no tag", "tag:key=value"),
        ("tag:env=*", "a tag is named as it is, not by a pattern", "tag:env stands for whatever value"),
    ],
)
def test_targets_that_are_none(text: str, summary: str, hint: str) -> None:
    """What names nothing, and tags that are no tags, are mistakes with a hint."""
    with pytest.raises(FieldError) as caught:
        targets(text, _look())
    assert summary in caught.value.summary
    assert caught.value.hint.startswith(hint)


def test_a_unit_and_an_account_of_one_name_are_told_apart() -> None:
    """The bare word is refused; with a slash it is the unit, the id is the account."""
    look = _look()
    known = look.get("organization_account", "data-prod")
    look.world.put("organization_account", "444444444444", None, replace(known, account_name="sandbox"))
    look.world.put("organization_account", "data-prod", None, None)
    with pytest.raises(FieldError, match=r"'sandbox' is a unit, and an account \(444444444444\)") as caught:
        targets("sandbox", look)
    assert caught.value.hint == "write /sandbox for the unit, or the account's id"
    assert (targets("/sandbox", look), targets("444444444444", look)) == ("sandbox", "444444444444")


def test_twelve_digits_are_an_id_whatever_an_account_is_called() -> None:
    """An account that is called like another's id does not take its place, and is named by its own id only."""
    look = _look()
    digits = State(id="000000000801", account_name="222222222222")
    look.world.put("organization_account", "000000000801", None, digits)
    assert account_name("222222222222", look) == "payments-prod"
    look.world.put("organization_account", "000000000801", None, replace(digits, account_name="999999999999"))
    with pytest.raises(FieldError, match="no account has the id 999999999999, but the name: 000000000801") as caught:
        account_name("999999999999", look)
    assert caught.value.hint == "give the id"
    look.world.put("organizational_unit", "222222222222", None, organizational_unit.State(tags={}))
    with pytest.raises(FieldError, match="'222222222222' is a unit, and an account"):
        targets("222222222222", look)


def test_accounts_of_one_name_go_by_their_ids(bare: Sandbox, tmp_path: Path) -> None:
    """A name that two accounts have names neither; the message lists the ids."""
    add_account(bare.cloud, 801, "twin")
    add_account(bare.cloud, 802, "twin")
    project = Project(tmp_path)
    plan = project.plan({"organization_account": {"name": "twin", "ou": "sandbox"}})
    assert [one.summary for one in plan.problems()] == [
        "several accounts are called 'twin': 000000000801, 000000000802"
    ]
    plan = project.plan({"organization_account": {"name": "000000000802", "ou": "sandbox"}})
    assert [change.name for change in plan.changes()] == ["000000000802"]
    project.apply(plan)
    moved = state_of(bare.cloud).members.latest("000000000802")
    assert moved is not None
    assert moved.parent == "ou-prac-20000000"


def test_what_could_not_be_named_afterwards_is_not_made(bare: Sandbox, tmp_path: Path) -> None:
    """New accounts and units that are called `root`, like a tag or like an id are refused when planned."""
    project = Project(tmp_path)
    for name in ("root", "tag:env", "123456789012"):
        tasks = (
            {"organization_account": {"name": name, "email": "new@example.com"}},
            {"organizational_unit": {"name": name}},
        )
        refused = [problem for problem in project.plan(*tasks).problems() if problem.severity == "error"]
        assert [problem.summary.partition(":")[0] for problem in refused] == [
            f"{name!r} is no name for a new account".partition(":")[0],
            f"{name!r} is no name for a new unit".partition(":")[0],
        ]
        assert all(problem.hint == "give it another name" for problem in refused)
