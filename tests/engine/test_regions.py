"""Kinds that live in regions: which regions a task means, reading them side by side, and regions that are closed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from iamfix.aws.regions import known_regions
from iamfix.fields import FLAG, asked
from iamfix.kinds import defaults
from iamfix.kinds.protocol import Want
from iamfix.model import Account, AccountPlan, AwsError, Call, RegionClosed
from iamfix.plan import Fold
from iamfix.playbook import load_playbooks
from iamfix.render import Renderer
from iamfix.world import World

ACCOUNT = Account(id="111111111111", name="lab", regions=("us-east-1", "eu-west-1"))
ENABLED = ("eu-west-1", "sa-east-1", "us-east-1", "us-west-2")
KNOWN = ("eu-west-1", "eu-west-2", "sa-east-1", "us-east-1")
"""What is known without asking AWS: us-west-2 is too young."""


@dataclass(frozen=True, slots=True)
class State:
    on: bool = asked(FLAG, "Whether it is on.", default=False)


def _calls(name: str, before: State | None, after: State | None, look: Any) -> Iterator[Call]:
    if before != after:
        yield Call("ec2", "enable_ebs_encryption_by_default", {}, look.region)


def _kind(scope: str) -> Any:
    return SimpleNamespace(
        __doc__="A lamp.", State=State, SCOPE=scope, FOLDS_CASE=False, CREATABLE=True, SINGLETON="lamp", READS=(),
        EXAMPLE="", calls=_calls, arn=defaults.no_arn, owner=defaults.no_owner, loses=defaults.loses_nothing,
        breaches=defaults.no_breaches, ripples=defaults.no_ripples, notes=lambda *_: iter(["it costs nothing"]),
        needs=defaults.own_needs,
    )  # fmt: skip


def _plan(
    tmp_path: Path,
    observe: Callable[[str, str | None, Want], Mapping[str, Any]],
    *,
    scope: str = "regional",
    account: Account = ACCOUNT,
    **task: Any,
) -> AccountPlan:
    playbook = tmp_path / "p.yml"
    playbook.write_text(yaml.safe_dump([{"accounts": "all", "tasks": [{"lamp": {"on": True}, **task}]}]))
    kinds = {"lamp": _kind(scope)}
    loaded = load_playbooks([playbook], kinds)

    def spread(one: Callable[[Any], object], items: Sequence[Any]) -> list[object]:
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(one, items))

    world = World(account, kinds, observe, lambda: ENABLED, spread, known=lambda: KNOWN)
    fold = Fold(world, Renderer([]).scope(account, {}, world), lambda call: ())
    fold.run(0, loaded.plays[0])
    return fold.result(account)


def _dark(kind: str, region: str | None, want: Want) -> Mapping[str, Any]:
    return {"lamp": State()}


@pytest.mark.parametrize(
    ("scope", "regions", "found"),
    [
        ("regional", None, ["us-east-1", "eu-west-1"]),
        ("regional", "all", list(ENABLED)),
        ("regional", "us-west-2", ["us-west-2"]),
        ("regional", ["us-west-2", "{{ home_region }}"], ["us-west-2", "us-east-1"]),
        ("home", None, ["us-east-1"]),
        ("home", ["eu-west-1"], ["eu-west-1"]),
        ("global", None, [None]),
    ],
)
def test_which_regions_a_task_means(tmp_path: Path, scope: str, regions: Any, found: list[str | None]) -> None:
    """The account's own, those named, or `all`: those that the account has enabled."""
    given = {} if regions is None else {"regions": regions}
    plan = _plan(tmp_path, _dark, scope=scope, **given)
    assert [change.region for change in plan.changes] == found
    assert {change.notes for change in plan.changes} == {("it costs nothing",)}
    assert plan.problems == ()


@pytest.mark.parametrize(
    ("regions", "place", "told"), [(["mars"], "6:5", "'mars' is no region"), ("cn-north-1", "5:14", "partition aws")]
)
def test_a_region_that_is_none_is_a_mistake(tmp_path: Path, regions: Any, place: str, told: str) -> None:
    """Words that are no region, and regions of other partitions, are told with their place."""
    (problem,) = _plan(tmp_path, _dark, regions=regions).problems
    assert told in problem.summary
    assert problem.where.endswith(f"p.yml:{place}")


@pytest.mark.parametrize("scope", ["regional", "home"])
def test_a_region_that_there_is_not_is_a_mistake(tmp_path: Path, scope: str) -> None:
    """Told at the line of the task, or of the account in the inventory, with the nearest; a young one is no mistake."""
    (problem,) = _plan(tmp_path, _dark, scope=scope, regions=["us-east-1", "us-est-1"]).problems
    assert (problem.severity, problem.summary, problem.hint) == (
        "error", "there is no region 'us-est-1'", "did you mean 'us-east-1'?"
    )  # fmt: skip
    assert problem.where.endswith("p.yml:6:5")
    nowhere = replace(ACCOUNT, regions=("xx-nowhere-1",), home_region="xx-nowhere-1", where="inventory.yml:3")
    (problem,) = _plan(tmp_path, _dark, scope=scope, account=nowhere).problems
    assert (problem.where, problem.summary) == ("inventory.yml:3", "there is no region 'xx-nowhere-1'")
    assert _plan(tmp_path, _dark, scope=scope, regions="us-west-2").problems == ()


def test_regions_are_read_side_by_side(tmp_path: Path) -> None:
    """All regions of a task are asked at once: each read waits here for all the others."""
    together = threading.Barrier(len(ENABLED), timeout=10)

    def observe(kind: str, region: str | None, want: Want) -> Mapping[str, Any]:
        together.wait()
        return {}

    assert len(_plan(tmp_path, observe, regions="all").changes) == len(ENABLED)


@pytest.mark.parametrize(
    ("code", "message", "told"),
    [
        ("AccessDenied", "… with an explicit deny in a service control policy", "a service control policy denies it"),
        ("OptInRequired", "You are not subscribed to this service.", "the account has not enabled it"),
    ],
)
def test_a_closed_region_is_said_and_does_not_fail_the_run(tmp_path: Path, code: str, message: str, told: str) -> None:
    """What an SCP denies, or is not enabled, is left out by name; the other regions are planned."""

    def observe(kind: str, region: str | None, want: Want) -> Mapping[str, Any]:
        if region == "sa-east-1":
            raise RegionClosed("ec2", "describe_x", code, message, region)
        return {}

    plan = _plan(tmp_path, observe, regions="all")
    assert [change.region for change in plan.changes] == ["eu-west-1", "us-east-1", "us-west-2"]
    (problem,) = plan.problems
    assert (problem.severity, problem.summary) == ("info", f"lab/sa-east-1 is left out: {told}")
    assert not plan.incomplete


def test_a_missing_permission_in_one_region_leaves_the_others(tmp_path: Path) -> None:
    """It makes the plan incomplete, and says where."""

    def observe(kind: str, region: str | None, want: Want) -> Mapping[str, Any]:
        if region == "eu-west-1":
            raise AwsError("ec2", "describe_x", "AccessDenied", "no", region)
        return {}

    plan = _plan(tmp_path, observe, regions="all")
    assert [change.region for change in plan.changes] == ["sa-east-1", "us-east-1", "us-west-2"]
    assert plan.incomplete
    assert "ec2:describe_x in eu-west-1" in plan.problems[0].summary


def test_a_closed_home_region_is_no_detail(tmp_path: Path) -> None:
    """Where the account's home is closed, nothing is well."""

    def observe(kind: str, region: str | None, want: Want) -> Mapping[str, Any]:
        raise RegionClosed("ec2", "describe_x", "AuthFailure", "not valid", region)

    plan = _plan(tmp_path, observe, scope="home")
    assert plan.incomplete


def test_the_regions_that_are_known_are_those_of_the_partition() -> None:
    """Those that accounts must enable are among them; what stands for a whole partition is none."""
    assert {"us-east-1", "eu-west-1", "ap-east-1", "me-south-1"} < known_regions("aws")
    assert known_regions("aws-cn") == {"cn-north-1", "cn-northwest-1"}
    assert not any("global" in name for name in known_regions("aws"))
