"""Drift: which of a plan's changes take back what others changed since the last run that touched the resource.

The journal has how each resource was left. What differs from that now was changed since, by whom nobody here knows;
what does not differ and is changed all the same is asked for anew by the playbooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iamfix.fields import fields_of
from iamfix.journal import runs
from iamfix.kinds import KINDS
from iamfix.model import Json


@dataclass(frozen=True, slots=True)
class _Left:
    """How a run left a resource: its fields in JSON, None when it was taken away."""

    run: str
    state: Mapping[str, Json] | None


def marked(plan: Mapping[str, Any], journal: Path) -> dict[str, Any]:
    """Return the plan's public form, with a note on each change: what was changed since which run, or that none did it.

    Only runs count that brought the account to its plan; of them the last one that had the resource in its plan.
    """
    left = _left(journal)
    accounts = []
    for account in plan["accounts"]:
        changes = [
            {**change, "notes": [*change["notes"], _note(change, left.get(change["address"]))]}
            for change in account["changes"]
        ]
        accounts.append({**account, "changes": changes})
    return {**plan, "accounts": accounts}


def _left(journal: Path) -> dict[str, _Left]:
    left: dict[str, _Left] = {}
    for run in runs(journal):
        for account in run.plan["accounts"]:
            if run.accounts.get(account["name"]) not in ("done", "nothing"):
                continue
            mine: dict[str, _Left] = {}
            for change in account["changes"]:
                mine[change["address"]] = _Left(run.id, change["after"])
            left = {**mine, **left}
    return left


def _note(change: Mapping[str, Any], left: _Left | None) -> str:
    if left is None:
        return "no run in this journal has changed it before"
    now, then, wanted = change["before"], left.state, change["after"]
    if now is None or then is None:
        if now is None and then is None:
            return f"asked for anew: it is as run {left.run} left it"
        return f"{'deleted' if now is None else 'made'} since run {left.run}"
    settable = [field.name for field in fields_of(KINDS[change["kind"]].State).values() if field.settable]
    touched = [field for field in settable if field in now and (wanted is None or now[field] != wanted.get(field))]
    since = [field for field in touched if field in then and now[field] != then[field]]
    if not since:
        return f"asked for anew: it is as run {left.run} left it"
    return f"changed since run {left.run}: {', '.join(since)}"
