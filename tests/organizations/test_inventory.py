"""The dynamic inventory of an organization: its accounts, groups, requests, and what it leaves out."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from iamfix.aws.organization import offline_plugins, plugins
from iamfix.aws.session import Sessions
from iamfix.clock import TurnedClock
from iamfix.inventory import Inventory, load_inventory
from iamfix.model import Account, AwsError, InputError
from iamfix.options import Options
from iamfix.organization_tree import read_tree
from iamfix.patterns import select_accounts
from iamfix.sandbox import Sandbox
from iamfix.validate import validate
from tests.organizations.building import add_account, empty, sent, state_of, wide
from tests.running import Project

MANAGEMENT = "111111111111"


def _inventory(folder: Path, **facts: Any) -> Inventory:
    path = folder / "org.yml"
    path.write_text(yaml.safe_dump({"plugin": "aws_organizations", "role_name": "iamfix", **facts}), encoding="utf-8")
    return load_inventory(path, plugins(Sessions(TurnedClock(datetime.now(UTC)), random.Random(1), "test")))


def _named(inventory: Inventory, pattern: str) -> list[str]:
    return [account.name for account in select_accounts(pattern, inventory)]


def _by_name(inventory: Inventory) -> dict[str, Account]:
    return {account.name: account for account in inventory.accounts}


def test_units_are_groups_one_inside_the_other(bare: Sandbox, tmp_path: Path) -> None:
    """Each account is in the group of its unit and in those of all units above it; its unit is a variable."""
    found = _inventory(tmp_path, regions=["eu-west-1", "us-east-1"], vars={"owner": "platform"})
    assert found.groups["ou_workloads_prod"] == ("payments-prod", "data-prod")
    assert found.groups["ou_workloads"] == ("payments-prod", "payments-dev", "data-prod")
    assert found.children["all"] == ("ou_sandbox", "ou_workloads")
    one = _by_name(found)["payments-prod"]
    assert (one.id, one.role_arn) == ("222222222222", "arn:aws:iam::222222222222:role/iamfix")
    assert one.groups == ("ou_workloads", "ou_workloads_prod")
    assert one.vars == {"owner": "platform", "ou_path": "workloads/prod", "account_tags": {}}
    assert (one.regions, one.home_region) == (("eu-west-1", "us-east-1"), "eu-west-1")


def test_the_management_account_is_reached_by_name_only(bare: Sandbox, tmp_path: Path) -> None:
    """`all`, globs and what is left after an exclusion never hold it; its name and its id do."""
    found = _inventory(tmp_path)
    assert _by_name(found)["management"].role_arn is None
    for pattern in ("all", "*", "man*", "!ou_sandbox", "1*", "all:!payments-dev"):
        assert "management" not in _named(found, pattern), pattern
    for pattern in ("management", MANAGEMENT, "all:management", "ou_sandbox:management"):
        assert "management" in _named(found, pattern), pattern
    assert "management" not in found.groups["all"]


def test_the_word_management_names_it_whatever_it_is_called(bare: Sandbox, tmp_path: Path) -> None:
    """An account of another name is in the group `management`; a member that is called so carries its id."""
    state = state_of(bare.cloud)
    manager = state.members.latest(MANAGEMENT)
    assert manager is not None
    state.members.put(MANAGEMENT, manager.__class__(**{**_fields(manager), "name": "ACME Root (payer)"}))
    add_account(bare.cloud, 777, "management", "sandbox")
    found = _inventory(tmp_path)
    assert _named(found, "management") == ["ACME-Root-payer"]
    assert _named(found, "manage*") == ["management-000000000777"]


def _fields(member: Any) -> dict[str, Any]:
    return {name: getattr(member, name) for name in member.__dataclass_fields__}


def test_accounts_that_are_not_active_are_left_out_and_named(bare: Sandbox, tmp_path: Path) -> None:
    """Suspended, closing and pending accounts are told in the notes, and in no group."""
    for number, status in enumerate(("SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION")):
        add_account(bare.cloud, 900 + number, f"gone-{number}", "workloads/prod", status=status)
    found = _inventory(tmp_path)
    assert found.notes == (
        "gone-0 (000000000900) is left out: it is SUSPENDED",
        "gone-1 (000000000901) is left out: it is PENDING_CLOSURE",
        "gone-2 (000000000902) is left out: it is CLOSED",
        "gone-3 (000000000903) is left out: it is PENDING_ACTIVATION",
    )
    assert not any("gone" in name for names in found.groups.values() for name in names)


def test_names_are_clean_and_unique(bare: Sandbox, tmp_path: Path) -> None:
    """What addresses and patterns do not take becomes a dash; accounts of one name carry their ids, all of them."""
    for number, name in enumerate(("Team A/B (EU)", "Team A-B EU", "x", "x", "ou_prod", "111122223333", "ü", "all")):
        add_account(bare.cloud, 800 + number, name)
    found = _by_name(_inventory(tmp_path))
    ids = {account.id: name for name, account in found.items() if account.id.startswith("000000000")}
    assert list(ids.values()) == [
        "Team-A-B-EU-000000000800", "Team-A-B-EU-000000000801", "x-000000000802", "x-000000000803",
        "ou_prod-000000000804", "111122223333-000000000805", "000000000806", "all-000000000807",
    ]  # fmt: skip


@pytest.mark.parametrize("facts", [{"include": ["000000000802"]}, {"exclude": ["sandbox"]}, {"include": ["x"]}])
def test_names_are_the_same_whatever_is_left_out(bare: Sandbox, tmp_path: Path, facts: dict[str, Any]) -> None:
    """Accounts of one name carry their ids too where only one of them is in the inventory, and when one is closing."""
    add_account(bare.cloud, 802, "x", "workloads")
    add_account(bare.cloud, 803, "x", "sandbox", status="PENDING_CLOSURE")
    names = {account.id: account.name for account in _inventory(tmp_path, **facts).accounts}
    assert names["000000000802"] == "x-000000000802"


@pytest.mark.parametrize("word", ["management", MANAGEMENT, "manage*"])
def test_excluding_the_management_account_is_told(bare: Sandbox, tmp_path: Path, word: str) -> None:
    """It stays, by its name only; a filter that changes nothing is not silent."""
    found = _inventory(tmp_path, exclude=[word])
    assert found.notes == (
        f"exclude: {word!r} is the management account, which stays: no pattern reaches it but its name",
    )
    assert "management" in _by_name(found)


def test_tags_are_groups_where_asked_for(bare: Sandbox, tmp_path: Path) -> None:
    """`tags: true` makes a group of every tag, a list only of those keys; without it no tag is read."""
    add_account(bare.cloud, 801, "one", "sandbox", tags={"env": "prod", "cost centre": "4/7"})
    add_account(bare.cloud, 802, "two", "sandbox", tags={"env": "dev", "pci": ""})
    found = _inventory(tmp_path, tags=True)
    assert {name: names for name, names in found.groups.items() if name.startswith("tag_")} == {
        "tag_cost_centre_4_7": ("one",), "tag_env_dev": ("two",), "tag_env_prod": ("one",), "tag_pci": ("two",),
    }  # fmt: skip
    assert _by_name(found)["one"].vars["account_tags"] == {"env": "prod", "cost centre": "4/7"}
    assert [g for g in _inventory(tmp_path, tags=["pci"]).groups if g.startswith("tag_")] == ["tag_pci"]
    bare.log.clear()
    _inventory(tmp_path)
    assert "ListTagsForResource" not in sent(bare)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"include": ["workloads"]}, ["payments-prod", "payments-dev", "data-prod"]),
        ({"include": ["workloads/*"], "exclude": ["payments-dev"]}, ["payments-prod", "data-prod"]),
        ({"include": ["payments-*"]}, ["payments-prod", "payments-dev"]),
        ({"exclude": ["333333333333", "sandbox"]}, ["payments-prod", "data-prod"]),
        ({"exclude": ["root"]}, []),
        ({"tags": True, "include": ["tag:env=pr*"]}, ["data-prod"]),
        ({"tags": True, "exclude": ["tag:env"]}, ["payments-prod", "payments-dev", "sandbox-alice"]),
    ],
)
def test_include_and_exclude(bare: Sandbox, tmp_path: Path, facts: dict[str, Any], expected: list[str]) -> None:
    """Accounts by name, id, unit path or tag; the management account is always there, by name only."""
    state_of(bare.cloud).tags.put("444444444444", {"env": "prod"})
    found = _inventory(tmp_path, **facts)
    assert _named(found, "all") == expected
    assert _named(found, "management") == ["management"]


def test_a_word_that_names_nothing_is_told(bare: Sandbox, tmp_path: Path) -> None:
    """A filter that no account meets is no error, and not silent."""
    assert _inventory(tmp_path, exclude=["workload/*"]).notes == (
        "exclude: 'workload/*' names no account of the organization now",
    )


def test_two_hundred_accounts_cost_what_the_tree_demands(bare: Sandbox, tmp_path: Path) -> None:
    """One request for the organization, one for the root, one a parent, one for each 20 accounts; none an account."""
    empty(bare.cloud)
    units = ("a", "a/b", "a/b/c", "d", "d/e", "f")
    wide(bare.cloud, 199, units)
    bare.log.clear()
    found = _inventory(tmp_path)
    assert len(found.accounts) == 200
    assert Counter(sent(bare)) == {
        "DescribeOrganization": 1, "ListRoots": 1, "ListOrganizationalUnitsForParent": 7, "ListAccounts": 10,
    }  # fmt: skip
    assert sent(bare, "sts") == ["GetCallerIdentity"]


def test_empty_pages_and_throttling_hide_no_account(bare: Sandbox, tmp_path: Path) -> None:
    """A list goes on after an empty page, and a throttled page is asked for again."""
    wide(bare.cloud, 60, ("a", "b/c"))
    bare.faults.empty_pages, bare.faults.throttle = True, 1 / 3
    assert len(_inventory(tmp_path).accounts) == 65


def test_a_run_reads_the_tree_once(bare: Sandbox, tmp_path: Path) -> None:
    """Planning and applying share one inventory."""
    project = Project(tmp_path)
    (tmp_path / "org.yml").write_text("plugin: aws_organizations\nrole_name: iamfix\n", encoding="utf-8")
    runner = project.runner(inventory=tmp_path / "org.yml")
    bare.log.clear()
    plan = runner.plan([project.playbook({"iam_group": {"name": "g"}}, accounts="all")])
    runner.apply(plan)
    assert [one.account.name for one in plan.accounts] == [
        "payments-prod", "payments-dev", "data-prod", "sandbox-alice",
    ]  # fmt: skip
    assert sent(bare).count("ListRoots") == 1


def test_inventory_and_plan_share_what_was_read_and_nothing_after_a_write(bare: Sandbox, tmp_path: Path) -> None:
    """The management account's plan asks nothing again that the inventory has read; an apply and what follows do."""
    project = Project(tmp_path)
    (tmp_path / "org.yml").write_text("plugin: aws_organizations\nrole_name: iamfix\ntags: true\n", encoding="utf-8")
    runner = project.runner(inventory=tmp_path / "org.yml")
    playbook = project.playbook({"organizational_unit": {"name": "new"}}, accounts="management")
    bare.log.clear()
    plan = runner.plan([playbook])
    assert Counter(sent(bare)) == {
        "DescribeOrganization": 1, "ListRoots": 1, "ListOrganizationalUnitsForParent": 5, "ListAccounts": 1,
        "ListTagsForResource": 5, "ListAWSServiceAccessForOrganization": 1, "ListDelegatedAdministrators": 1,
    }  # fmt: skip
    assert ("organizations", "list_accounts") in plan.accounts[0].reads
    assert dict(runner.apply(plan).accounts) == {"management": "done"}
    assert sent(bare).count("ListRoots") == 3  # before its writes, and after them
    assert list(runner.plan([playbook]).changes()) == []
    assert sent(bare).count("ListRoots") == 4


def test_answers_kept_of_an_inventory_are_not_those_of_after_an_apply(bare: Sandbox, tmp_path: Path) -> None:
    """A saved plan is applied first: what its run looks at next is read anew, not what the inventory saw before."""
    project = Project(tmp_path)
    (tmp_path / "org.yml").write_text("plugin: aws_organizations\nrole_name: iamfix\n", encoding="utf-8")
    playbook = project.playbook({"organizational_unit": {"name": "new"}}, accounts="management")
    plan = project.runner(inventory=tmp_path / "org.yml").plan([playbook])
    runner = project.runner(inventory=tmp_path / "org.yml")
    runner.inventory()
    runner.apply(plan)
    assert list(runner.plan([playbook]).changes()) == []


def test_variables_beside_it_and_those_of_units_that_are_gone(bare: Sandbox, tmp_path: Path) -> None:
    """A group's file holds for a unit; one for a unit that is no more is told, not refused."""
    for name, text in (("ou_workloads", "tier: 1"), ("ou_old", "tier: 2")):
        (tmp_path / "group_vars").mkdir(exist_ok=True)
        (tmp_path / "group_vars" / f"{name}.yml").write_text(text, encoding="utf-8")
    found = _inventory(tmp_path)
    assert _by_name(found)["data-prod"].vars["tier"] == 1
    assert found.notes == (
        f"{tmp_path}/group_vars/ou_old.yml is left out: there is no group 'ou_old' in the organization now",
    )


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("plugin: aws_organisations", "the inventory plugin 'aws_organisations' is not known"),
        ("plugin: aws_organizations\nrol_name: x", "unknown key 'rol_name'"),
        ("plugin: aws_organizations\ntags: yes please", "tags: expected true or false or a list"),
        ("plugin: aws_organizations\ninclude: prod", "include: expected a list"),
        ("plugin: aws_organizations\ninclude: ['tag:env=prod']", "'tag:env=prod' needs the accounts' tags"),
        ("plugin: aws_organizations\ntags: true\ninclude: ['tag:']", "'tag:' names no tag"),
        ("plugin: aws_organizations\ntags: true\nexclude: ['tag:=x']", "'tag:=x' names no tag"),
        ("plugin: aws_organizations\nregions: [5]", "regions.0: expected text"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, text: str, summary: str) -> None:
    """The file is checked as a static one is, and before AWS is asked."""
    path = tmp_path / "org.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_inventory(path, offline_plugins())
    assert summary in caught.value.problems[0].summary
    assert caught.value.problems[0].where.startswith(f"{path}:")


def test_a_member_account_cannot_list_the_organization(bare: Sandbox, tmp_path: Path) -> None:
    """One sentence says from where the inventory must be read."""
    role = bare.client("sts").assume_role(RoleArn="arn:aws:iam::222222222222:role/iamfix", RoleSessionName="test")
    keys = role["Credentials"]
    path = tmp_path / "credentials"
    path.write_text(
        f"[member]\naws_access_key_id={keys['AccessKeyId']}\naws_secret_access_key={keys['SecretAccessKey']}\n"
        f"aws_session_token={keys['SessionToken']}\n",
        encoding="utf-8",
    )
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
        with pytest.raises(InputError) as caught:
            _inventory(tmp_path, profile="member")
    assert caught.value.problems[0].summary == (
        "account 222222222222 is neither the organization's management account (111111111111) nor a delegated "
        "administrator of it, and the organization is planned from there"
    )


def test_validate_asks_nothing_of_aws(tmp_path: Path) -> None:
    """Offline one account stands for any: groups are taken on trust, values and variables are checked."""
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "ou_prod.yml").write_text("length: 14", encoding="utf-8")
    (tmp_path / "org.yml").write_text("plugin: aws_organizations\nrole_name: iamfix\n", encoding="utf-8")
    play = {"accounts": "ou_prod", "tasks": [{"iam_password_policy": {"min_pw_length": "{{ length }}"}}]}
    path = tmp_path / "p.yml"
    path.write_text(yaml.safe_dump([play]), encoding="utf-8")
    assert validate([path], Options(inventory=tmp_path / "org.yml")) == (1, 1)
    path.write_text(yaml.safe_dump([play]).replace("{{ length }}", "{{ lenght }}"), encoding="utf-8")
    with pytest.raises(InputError, match="lenght"):
        validate([path], Options(inventory=tmp_path / "org.yml"))


class _Vanishing:
    """An organization in which a unit was deleted after its parent was listed."""

    def get(self, service: str, operation: str, **params: Any) -> Mapping[str, Any]:
        if operation == "describe_organization":
            return {"Organization": {"Id": "o-1", "MasterAccountId": "111111111111"}}
        if operation == "list_roots":
            return {"Roots": [{"Id": "r-1"}]}
        if operation == "list_accounts":
            return {"Accounts": [{"Id": "111111111111", "Name": "management", "Paths": ["o-1/r-1/111111111111"]}]}
        if params["ParentId"] == "ou-1-gone":
            raise AwsError(service, operation, "ParentNotFound", "You specified parent that doesn't exist.")
        units = [{"Id": "ou-1-gone", "Name": "gone"}, {"Id": "ou-1-here", "Name": "here"}]
        return {"OrganizationalUnits": units if params["ParentId"] == "r-1" else []}


def test_a_unit_that_goes_while_the_tree_is_read_is_not_there() -> None:
    """Listings lag behind deletions: what has no listing of its own any more is gone, and the rest is read."""
    tree = read_tree(_Vanishing(), "111111111111")
    assert tree is not None
    assert list(tree.units) == ["here"]
