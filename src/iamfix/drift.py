"""Drift: what of a plan undoes changes that were made by others since the last applied run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iamfix.journal import runs


def marked(plan: Mapping[str, Any], journal: Path) -> dict[str, Any]:
    """Return the plan's public form, with a note on each change whose resource an earlier run had put right."""
    put_right: dict[str, str] = {}
    for run in runs(journal):
        for addresses in run.attempted.values():
            for address in addresses:
                put_right.setdefault(address, run.id)
    accounts = []
    for account in plan["accounts"]:
        changes = []
        for change in account["changes"]:
            run_id = put_right.get(change["address"])
            note = f"changed by somebody since run {run_id}" if run_id else "not applied by a run in this journal"
            changes.append({**change, "notes": [*change["notes"], note]})
        accounts.append({**account, "changes": changes})
    return {**plan, "accounts": accounts}
