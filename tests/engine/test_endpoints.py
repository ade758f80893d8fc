"""Endpoints: an address of one's own takes no host prefix, AWS's names do."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from iamfix.aws.clients import takes_no_prefix
from iamfix.aws.session import AccountSession, Sessions
from iamfix.clock import TurnedClock
from iamfix.model import Account, AwsError
from iamfix.sandbox import Sandbox
from tests.running import Project

LAB = Account(id="111111111111", name="lab")
BLOCK = {"s3_account_public_access_block": {"block_public_acls": True}}


def _session(monkeypatch: pytest.MonkeyPatch, endpoint: str | None) -> AccountSession:
    """A session of the lab, as if it had been entered already; nothing is sent."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    sessions = Sessions(TurnedClock(datetime.now(UTC)), random.Random(1), "test")
    return AccountSession(sessions, sessions._base(None), LAB, "arn:aws:iam::111111111111:user/x", _Nothing())


class _Nothing:
    """A counter of requests, of which none is sent."""

    sent = 0

    def add(self, **_: Any) -> None: ...


class _Stop(Exception):
    """Raised in the place of sending."""


def _url(session: AccountSession, service: str, operation: str, **params: Any) -> tuple[str, str]:
    """The URL and the signed headers of the request that would be sent."""
    client = session.client(service, "us-east-1")
    sent: list[Any] = []

    def stop(request: Any, **_: Any) -> None:
        sent.append(request)
        raise _Stop

    client.meta.events.register("before-send", stop)
    with pytest.raises(_Stop):
        getattr(client, operation)(**params)
    return str(sent[0].url), str(sent[0].headers["Authorization"])


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        (None, "https://111111111111.s3-control.us-east-1.amazonaws.com/"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000/"),
        ("http://localhost:5000", "http://localhost:5000/"),
        ("http://[::1]:5000", "http://[::1]:5000/"),
        ("https://control.vpce-1.s3.us-east-1.vpce.amazonaws.com", "https://111111111111.control.vpce-1."),
    ],
)
def test_s3_control_puts_the_account_before_names_only(
    monkeypatch: pytest.MonkeyPatch, endpoint: str | None, url: str
) -> None:
    """On AWS, and at VPC endpoints, the account id stands before the host; before an address it would name nothing."""
    session = _session(monkeypatch, endpoint)
    sent, signed = _url(session, "s3control", "get_public_access_block", AccountId="111111111111")
    assert sent.startswith(url)
    assert "SignedHeaders=host" in signed


def test_an_endpoint_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What botocore has no error of its own for is a mistake in the settings, and said with where to look."""
    session = _session(monkeypatch, "nonsense")
    with pytest.raises(AwsError, match="Invalid endpoint: nonsense; look at AWS_ENDPOINT_URL"):
        session.client("iam", None)


def test_other_services_keep_their_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is taken away from a host that has no prefix."""
    session = _session(monkeypatch, "http://127.0.0.1:5000")
    assert _url(session, "s3", "get_bucket_policy", Bucket="one")[0] == "http://127.0.0.1:5000/one?policy"


@pytest.mark.parametrize(
    ("host", "answer"),
    [("127.0.0.1", True), ("10.0.0.7", True), ("::1", True), ("localhost", True),
     ("s3-control.us-east-1.amazonaws.com", False), ("aws.example.com", False), ("1.example.com", False)],
)  # fmt: skip
def test_which_hosts_take_no_prefix(host: str, answer: bool) -> None:
    """Addresses and localhost have no names below them."""
    assert takes_no_prefix(host) is answer


def test_s3_control_on_the_sandbox(bare: Sandbox, tmp_path: Path) -> None:
    """With AWS_ENDPOINT_URL at loopback a plan and an apply reach S3 control."""
    project = Project(tmp_path)
    plan = project.plan(BLOCK)
    assert [call.operation for change in plan.changes() for call in change.calls] == ["put_public_access_block"]
    assert set(project.apply(plan).accounts.values()) == {"done"}
    assert list(project.plan(BLOCK).changes()) == []
