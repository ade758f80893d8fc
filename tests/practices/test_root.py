"""The root user: checks that say what to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.direct import Direct
from tests.practices.planning import plan


@pytest.mark.parametrize(
    ("root", "found"),
    [
        ({}, []),
        ({"mfa": None}, [("critical", "no MFA device")]),
        ({"mfa": "virtual"}, [("medium", "virtual one")]),
        ({"keys": 1}, [("critical", "has access keys")]),
        ({"used": 3}, [("high", "last used on 2026-09-18, 3 days ago")]),
        ({"used": 200, "keys": 1, "key_used": 1}, [("critical", "has access keys"), ("high", "1 days ago")]),
        ({"used": 31}, []),
        ({"mfa": None, "password": False}, []),
        ({"mfa": None, "keys": 2, "used": 0.5}, [("critical", "keys"), ("critical", "no MFA"), ("high", "0 days ago")]),
    ],
)
def test_what_the_root_user_has_and_does(root: dict[str, Any], found: list[tuple[str, str]]) -> None:
    """No keys, MFA on a hardware device, not used of late; without root credentials nothing is asked."""
    aws = Direct()
    aws.build.root(**root)
    made = plan(aws, "root", enforce="all")
    assert made.changes == ()
    assert [one.severity for one in made.findings] == [severity for severity, _ in found]
    assert all(words in one.message for one, (_, words) in zip(made.findings, found, strict=True))
    assert {one.staged for one in made.findings} <= {None}
    assert all(one.origin.practice == 4 and one.origin.controls for one in made.findings)
