"""Kinds that live in regions: which regions a task means, reading them side by side, and regions that are closed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

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
    **task: Any,
) -> AccountPlan:
    playbook = tmp_path / "p.yml"
    playbook.write_text(yaml.safe_dump([{"accounts": "all", "tasks": [{"lamp": {"on": True}, **task}]}]))
    kinds = {"lamp": _kind(scope)}
    loaded = load_playbooks([playbook], kinds)

    def spread(one: Callable[[Any], object], items: Sequence[Any]) -> list[object]:
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(one, items))

    world = World(ACCOUNT, kinds, observe, lambda: ENABLED, spread)
    fold = Fold(world, Renderer([]).scope(ACCOUNT, {}, world), lambda call: ())
    fold.run(0, loaded.plays[0])
    return fold.result(ACCOUNT)


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
