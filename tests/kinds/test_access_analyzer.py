"""Access Analyzer's analyzers: what only those of unused access have, and what AWS would refuse."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from iamfix.kinds import KINDS, access_analyzer
from iamfix.views.doc import show_kind
from iamfix.world import Spot
from tests.direct import Direct

State = access_analyzer.State


@pytest.mark.parametrize(
    ("given", "age"),
    [
        ({}, None), ({"type": "ORGANIZATION"}, None), ({"type": "ACCOUNT_UNUSED_ACCESS"}, 90),
        ({"type": "ORGANIZATION_UNUSED_ACCESS", "unused_access_age": 30}, 30),
    ],
)  # fmt: skip
def test_only_an_analyzer_of_unused_access_has_an_age(given: dict[str, Any], age: int | None) -> None:
    """Of others none is shown; where none is asked for it is AWS's, and no difference afterwards."""
    assert State(**given).unused_access_age == age
    aws = Direct()
    (change,) = aws.plan({"access_analyzer": {"name": "one", **given}, "regions": "us-east-1"}).changes
    if "ORGANIZATION" not in given.get("type", ""):
        aws.follow(change.calls)
        assert aws.plan({"access_analyzer": {"name": "one", **given}, "regions": "us-east-1"}).changes == ()


def test_an_age_for_an_analyzer_of_access_from_outside_is_refused() -> None:
    """AWS would take it for a mistake, and so does the plan."""
    state = State(unused_access_age=30)
    (breach,) = access_analyzer.breaches("one", None, state, Spot(Direct().world(), "us-east-1"))
    assert breach.summary == "unused_access_age is not for analyzers of type ACCOUNT"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("guardduty_detector", "No name: there is one in each region, called detector in addresses and conditions."),
        ("s3_account_public_access_block", "No name: there is one in an account, called account in addresses"),
        ("access_analyzer", "name: or select:"),
    ],
)
def test_a_kinds_page_says_what_its_resources_are_called(kind: str, told: str) -> None:
    """Also where a task gives no name: checks and conditions see one all the same."""
    out = StringIO()
    show_kind(kind, KINDS[kind], Console(file=out, width=200))
    assert told in out.getvalue()
