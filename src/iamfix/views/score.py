"""Which practices and controls hold in which accounts, from the plan's public form."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from iamfix.views.groups import whole

PRACTICES = {
    1: "Least privilege", 2: "MFA for everyone", 3: "Roles for workloads", 4: "Root not used", 5: "Groups by job",
    6: "Managed policies", 7: "Permissions reviewed", 8: "Permissions boundaries", 9: "Organizations and SCPs",
    10: "CloudTrail everywhere", 11: "Tags and access by tags", 12: "Alarms",
}  # fmt: skip

Asked = Mapping[str, Collection[tuple[int | None, tuple[str, ...]]]]
"""(practice, controls) of the tasks that were asked of each account, by its name."""


def asked_in(plan: Mapping[str, Any]) -> Asked:
    """Return what a plan without its playbooks tells of what was asked: only what is open."""
    open_ones = (one for account in plan["accounts"] for one in (*account["changes"], *account["findings"]))
    everything = {(one["practice"], tuple(one["controls"])) for one in open_ones}
    return {account["name"]: everything for account in plan["accounts"]}


def score(plan: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """Return `{"practices": {…: {account: open}}, "controls": …, "accounts": […]}`.

    A practice or control holds in an account when it was asked there and nothing of it is open: no change, no finding.
    Where the account could not be planned whole, it is unknown (null), never held; where no task asked for it, the
    account is left out of its row.
    """
    everything = {one for found in asked.values() for one in found}
    practices = sorted({practice for practice, _ in everything if practice})
    controls = sorted({control for _, found in everything for control in found}, key=_by_number)
    accounts = plan["accounts"]

    def asking(wanted: Any) -> list[Any]:
        return [a for a in accounts if not whole(a) or any(wanted(*one) for one in asked.get(a["name"], ()))]

    def open_ones(account: Mapping[str, Any], matches: Any) -> int | None:
        if not whole(account):
            return None
        return sum(1 for one in (*account["changes"], *account["findings"]) if matches(one))

    return {
        "plan": plan["id"],
        "made_at": plan["made_at"],
        "accounts": [account["name"] for account in accounts],
        "practices": {
            str(number): {
                a["name"]: open_ones(a, lambda one, n=number: one["practice"] == n)
                for a in asking(lambda practice, _, n=number: practice == n)
            }
            for number in practices
        },
        "controls": {
            control: {
                a["name"]: open_ones(a, lambda one, c=control: c in one["controls"])
                for a in asking(lambda _, found, c=control: c in found)
            }
            for control in controls
        },
        "findings": [
            {"account": account["name"], **finding} for account in accounts for finding in account["findings"]
        ],
    }


def _by_number(control: str) -> list[tuple[int, str]]:
    """Sort CIS-7.0/5.2 before CIS-7.0/5.10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"([0-9]+)", control)]


def cell_words(row: Mapping[str, int | None], accounts: Sequence[str]) -> list[str]:
    """Return what stands for each account in a row; - where no task asked."""
    return [cell_word(row[account]) if account in row else "-" for account in accounts]


def cell_word(cell: int | None) -> str:
    return "unknown" if cell is None else "ok" if cell == 0 else f"{cell} open"
