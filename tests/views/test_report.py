"""The scorecard: what holds, what is open, what is not known, and what nobody asked."""

from __future__ import annotations

from typing import Any

import pytest

from iamfix.views.report import render
from iamfix.views.score import score
from tests.views.test_text import change, finding, plan

ASKED: dict[str, Any] = {
    name: {(5, ("CIS-7.0/5.10",)), (7, ("CIS-7.0/5.2",))} for name in ("a0", "a1", "a2")
} | {"a3": {(5, ())}}  # fmt: skip


def _plan() -> dict[str, Any]:
    made = plan(
        {"changes": [change(controls=["CIS-7.0/5.10"])]}, {"findings": [finding("a1")]}, {"error": "denied"}, {}
    )
    return {**made, "id": "x", "made_at": "2026-11-24T09:30:00Z"}


def test_a_practice_holds_where_it_is_asked_and_nothing_is_open() -> None:
    """Open is a number, held is 0, unknown is null; an account of which nobody asked it is in no row."""
    found = score(_plan(), ASKED)
    assert found["practices"] == {"5": {"a0": 1, "a1": 0, "a2": None, "a3": 0}, "7": {"a0": 0, "a1": 1, "a2": None}}
    assert found["controls"] == {
        "CIS-7.0/5.2": {"a0": 0, "a1": 0, "a2": None}, "CIS-7.0/5.10": {"a0": 1, "a1": 0, "a2": None}
    }  # fmt: skip
    assert list(found["controls"]) == ["CIS-7.0/5.2", "CIS-7.0/5.10"]


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_every_form_tells_unasked_from_held(form: str) -> None:
    """A cell says ok, how much is open, unknown, or - where nobody asked; and each form names the findings."""
    shown = render(_plan(), ASKED, form)
    for word in ("ok", "1 open", "unknown", "-"):
        assert word in shown
    assert ("has an old key" in shown) == (form != "markdown")


def test_controls_stand_in_the_order_of_their_standards() -> None:
    """By number, not by letter: 5.2 before 5.10, IAM.9 before IAM.15."""
    asked = {
        "a": {(2, ("CIS-7.0/5.10", "CIS-7.0/5.2", "SecurityHub/IAM.15")), (4, ("SecurityHub/IAM.9", "CIS-6.0/2.3"))}
    }
    found = score({"id": "x", "made_at": "2026-01-01T00:00:00Z", "accounts": []}, asked)["controls"]
    assert list(found) == ["CIS-6.0/2.3", "CIS-7.0/5.2", "CIS-7.0/5.10", "SecurityHub/IAM.9", "SecurityHub/IAM.15"]
