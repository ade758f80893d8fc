"""Who gains and who loses which access: a short section of a plan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from iamfix.views.page import Page, count
from iamfix.views.same import OWN_ID, Plan, named

_MOST = 6
_SIDES = (("gained", "gains", "change"), ("lost", "loses", "remove"))


def section(page: Page, plan: Plan, verbose: int) -> None:
    """Add the access of all accounts, once for those that are alike."""
    groups: dict[str, list[str]] = {}
    for account in plan["accounts"]:
        for one in account.get("access", ()):
            key = json.dumps(one).replace(account["id"], OWN_ID)
            groups.setdefault(key, []).append(account["name"])
    if not groups:
        return
    everyone = sum(1 for account in plan["accounts"] if not account["error"])
    ids = {account["name"]: account["id"] for account in plan["accounts"]}
    page.blank()
    page.line(0, ("Access", "title"), ("  who can do what afterwards", "dim"))
    for key, accounts in groups.items():
        one = json.loads(key if len(accounts) > 1 else key.replace(OWN_ID, ids[accounts[0]]))
        page.wrap(2, (str(one["principal"]), "title"), ("  in ", "dim"), (named(accounts, everyone), "dim"))
        for side, verb, tone in _SIDES:
            for entry in one.get(side) or ():
                risk = entry.get("risk")
                page.wrap(
                    4,
                    (f"{verb} ", "change" if tone == "change" else "remove"),
                    entry_text(entry, 100_000 if verbose else _MOST),
                    (f"  ({_text(risk)})" if risk else "", "danger" if "escalation" in _text(risk) else "dim"),
                    hang=6,
                )


def entry_text(entry: Mapping[str, Any], most: int) -> str:
    """Return `iam:CreateUser, iam:DeleteUser and 4 more on *, if {…}`."""
    actions = [str(action) for action in entry["actions"]]
    text = ", ".join(actions[:most])
    if len(actions) > most:
        text += f" and {count(len(actions) - most, 'action')} more"
    resources = [str(one) for one in entry.get("resources") or ()]
    if resources:
        text += " on " + ", ".join(resources[:most])
        text += f" and {count(len(resources) - most, 'resource')} more" if len(resources) > most else ""
    conditions = entry.get("conditions")
    return text + (f", if {json.dumps(conditions, ensure_ascii=False)}" if conditions else "")


def _text(risk: Any) -> str:
    return ", ".join(str(one) for one in risk) if isinstance(risk, list) else str(risk or "")
