"""One sandbox for all tests here, as new before each test."""

from collections.abc import Iterator

import pytest

from iamfix.sandbox import Sandbox, TurnableClock


@pytest.fixture(scope="session")
def clock() -> TurnableClock:
    return TurnableClock()


@pytest.fixture(scope="session")
def one_sandbox(clock: TurnableClock) -> Iterator[Sandbox]:
    with Sandbox(seed=7, clock=clock) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(one_sandbox: Sandbox) -> Sandbox:
    one_sandbox.reset()
    return one_sandbox
