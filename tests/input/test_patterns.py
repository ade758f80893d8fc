"""Patterns that name accounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from iamfix.inventory import Inventory, load_inventory
from iamfix.model import InputError
from iamfix.patterns import select_accounts

TEXT = """
all:
  accounts:
    management: {id: "111111111111"}
  children:
    workloads:
      children:
        prod: {accounts: {pay-prod: {id: "222222222222"}, data-prod: {id: "333333333333"}}}
        dev: {accounts: {pay-dev: {id: "444444444444"}}}
    pay: {accounts: {pay-prod: , pay-dev: }}
    empty:
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    (tmp_path / "i.yml").write_text(TEXT, encoding="utf-8")
    return load_inventory(tmp_path / "i.yml")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("all", "management pay-prod data-prod pay-dev"),
        ("*", "management pay-prod data-prod pay-dev"),
        ("management", "management"),
        ("222222222222", "pay-prod"),
        ("prod", "pay-prod data-prod"),
        ("workloads", "pay-prod data-prod pay-dev"),
        ("dev:prod", "pay-prod data-prod pay-dev"),
        ("dev,prod", "pay-prod data-prod pay-dev"),
        ("workloads:&pay", "pay-prod pay-dev"),
        ("workloads:!pay", "data-prod"),
        ("!pay:workloads", "data-prod"),
        ("workloads:&pay:!dev", "pay-prod"),
        ("!prod", "management pay-dev"),
        ("&prod", "pay-prod data-prod"),
        ("pay-*", "pay-prod pay-dev"),
        ("*-prod", "pay-prod data-prod"),
        ("[md]*", "management data-prod pay-dev"),
        ("nothing*", ""),
        ("empty", ""),
        (" dev : management ", "management pay-dev"),
    ],
)
def test_patterns_name_accounts_in_the_inventorys_order(inventory: Inventory, pattern: str, names: str) -> None:
    """Union, intersection, exclusion, globs and ids, in whatever order the parts stand."""
    assert [account.name for account in select_accounts(pattern, inventory)] == names.split()


@pytest.mark.parametrize(
    ("pattern", "summary", "hint"),
    [
        ("prdo", "there is no account or group 'prdo'", "did you mean 'prod'?"),
        ("all:!mangement", "there is no account or group 'mangement'", "did you mean 'management'?"),
        ("", "the pattern names no account", "such as prod:!payments-prod"),
        (" : ,", "the pattern names no account", "such as prod:!payments-prod"),
        ("999999999999", "there is no account or group '999999999999'", "one of: "),
        ("!", "there is no account or group ''", "one of: "),
    ],
)
def test_what_names_nothing_is_a_mistake(inventory: Inventory, pattern: str, summary: str, hint: str) -> None:
    """A wrong name is told with its place and the nearest right one, so that no typo leaves an account out."""
    with pytest.raises(InputError) as caught:
        select_accounts(pattern, inventory, "p.yml:1:3")
    (problem,) = caught.value.problems
    assert (problem.where, problem.summary) == ("p.yml:1:3", summary)
    assert problem.hint.startswith(hint)
