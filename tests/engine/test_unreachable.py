"""Endpoints that cannot be reached: told soon, with what to check, and no other account waits for them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from iamfix.aws.reach import REMEMBERED, TRIES, Reach
from iamfix.cli import run as iamfix
from iamfix.clock import TurnedClock
from iamfix.model import AwsError
from iamfix.sandbox import Sandbox
from tests.running import Project

GROUP = {"iam_group": {"name": "Ops"}}
REFUSED = ("iam", "list_groups", "EndpointConnectionError", 'Could not connect to the endpoint URL: "https://x"')


@pytest.fixture
def closed() -> Iterator[str]:
    """The URL of a port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_an_endpoint_at_which_nobody_listens_is_told_in_seconds(
    bare: Sandbox, closed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan of five accounts ends within 15 s, not after a minute each, with what to check, and exit code 1."""
    project = Project(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", closed)
    began = time.monotonic()
    assert iamfix(["plan", str(project.playbook(GROUP, accounts="all")), "-i", str(project.inventory)]) == 1
    assert time.monotonic() - began < 15
    told = "".join(capsys.readouterr())
    assert "Could not connect to the endpoint URL" in told
    assert "the region's name and AWS_ENDPOINT_URL" in told
    assert "Traceback" not in told


def test_a_host_that_has_no_address_is_told_in_seconds(
    bare: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that does not resolve is an account's error, after three tries."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://no-such-host.invalid:1")
    project = Project(tmp_path)
    plan = project.plan(GROUP)
    assert "EndpointConnectionError" in str(plan.accounts[0].error)
    assert f"tried {TRIES} times" in str(plan.accounts[0].error)


def test_one_service_that_cannot_be_reached_has_refused_nothing(
    bare: Sandbox, closed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a wrong address for IAM alone, what asks IAM is not planned; nobody is told to mend permissions."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", closed)
    (account,) = Project(tmp_path).plan(GROUP, {"s3_account_public_access_block": {"block_public_acls": True}}).accounts
    assert [change.kind for change in account.changes] == ["s3_account_public_access_block"]
    (problem,) = [one for one in account.problems if one.rule == "unreadable"]
    assert "a read did not reach AWS: iam:" in problem.summary
    assert "iamfix permissions" not in problem.hint


def test_what_one_account_cannot_reach_is_its_own(
    bare: Sandbox, closed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account whose profile has a dead endpoint fails alone: the others are planned, and the exit code is 3."""
    keys = "aws_access_key_id = {AWS_ACCESS_KEY_ID}\naws_secret_access_key = {AWS_SECRET_ACCESS_KEY}\n"
    profiles = (
        f"[profile {name}]\nregion = us-east-1\nendpoint_url = {url}\n{keys.format(**bare.environment())}"
        for name, url in (("good", bare.endpoint_url), ("dead", closed))
    )
    (tmp_path / "config").write_text("\n".join(profiles), encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    project = Project(tmp_path)
    role = "arn:aws:iam::{}:role/iamfix"
    accounts = {"one": ("222222222222", "good"), "two": ("333333333333", "dead")}
    lines = [f"{name}: {{id: '{i}', role_arn: '{role.format(i)}', profile: {p}}}" for name, (i, p) in accounts.items()]
    project.inventory.write_text(f"all: {{accounts: {{{', '.join(lines)}}}}}", encoding="utf-8")
    playbook = str(project.playbook(GROUP, accounts="all"))
    plan = project.plan(GROUP, accounts="all")
    assert [one.error is None for one in plan.accounts] == [True, False]
    assert iamfix(["plan", playbook, "-i", str(project.inventory)]) == 3


def test_who_has_answered_is_waited_for() -> None:
    """A network that breaks in the middle of a run is no wrong address: nothing is given up early."""
    door = Reach(TurnedClock(datetime(2026, 11, 24, tzinfo=UTC))).door("https://x")
    assert door.unreachable(AwsError("iam", "list_groups", "AccessDenied", "no"), 1, 0.0) is None  # AWS answered
    assert door.unreachable(AwsError(*REFUSED), 50, 59.0) is None
    door.before()


def test_what_cannot_be_reached_is_not_tried_by_all_the_others() -> None:
    """Given up, an endpoint is not asked again for half a minute, by whomever; another endpoint is."""
    clock = TurnedClock(datetime(2026, 11, 24, tzinfo=UTC))
    reach = Reach(clock)
    assert reach.door("https://x").unreachable(AwsError(*REFUSED), 1, 0.1) is None
    found = reach.door("https://x").unreachable(AwsError(*REFUSED), TRIES, 0.9)
    assert found is not None
    with pytest.raises(AwsError, match="nothing has answered there"):
        reach.door("https://x").before()
    reach.door("https://y").before()
    clock.sleep(REMEMBERED + 1)
    reach.door("https://x").before()
