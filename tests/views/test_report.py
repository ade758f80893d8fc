"""The scorecard."""

from __future__ import annotations

from iamfix.views.report import score


def test_controls_stand_in_the_order_of_their_standards() -> None:
    """By number, not by letter: 5.2 before 5.10, IAM.9 before IAM.15."""
    plan = {"id": "x", "made_at": "2026-01-01T00:00:00Z", "accounts": []}
    asked = [(2, ("CIS-7.0/5.10", "CIS-7.0/5.2", "SecurityHub/IAM.15")), (4, ("SecurityHub/IAM.9", "CIS-6.0/2.3"))]
    found = score(plan, asked)["controls"]
    assert list(found) == ["CIS-6.0/2.3", "CIS-7.0/5.2", "CIS-7.0/5.10", "SecurityHub/IAM.9", "SecurityHub/IAM.15"]
