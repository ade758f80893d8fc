"""What tests share: a practice AWS, and a guard that nothing leaves this machine."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iamfix.sandbox import Sandbox
from tests import ledger
from tests.running import use

# A shell ignores Ctrl-C for what it starts in the background, and so would all that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may reach anything but this machine, whatever goes wrong."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """An organization of five accounts, each with a role `iamfix` and nothing else."""
    with Sandbox() as sandbox:
        use(sandbox, monkeypatch)
        yield sandbox
        ledger.check(sandbox, tmp_path)


@pytest.fixture
def practice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """The untidy organization."""
    with Sandbox(layout="practice") as sandbox:
        use(sandbox, monkeypatch)
        yield sandbox
        ledger.check(sandbox, tmp_path)
