"""Who gains and loses access by a plan, in few lines: once for all principals and accounts for which it is the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

GROUPS = 20
"""Groups of principals that are shown; those with most at stake come first."""
ENTRIES = 4
"""Entries that are shown of what a group gains, and of what it loses."""
NAMES = 4

_RISKS = ("privilege escalation", "permissions management", "data exposure", "write", "read")

Line = tuple[int, str, str]
"""(depth, text, what): what is `who`, `gained`, `lost` or `more`. The text may hold what a terminal would obey."""


def access_lines(plan: Mapping[str, Any]) -> Iterator[Line]:
    """Yield the lines of a plan's access section, worst risk first; none when nobody's access changes.

    `plan` is a plan's public JSON form.
    """
    groups: dict[str, _Group] = {}
    for account in plan["accounts"]:
        for one in account.get("access", ()):
            text = json.dumps([one["gained"], one["lost"]], sort_keys=True).replace(account["id"], "{account}")
            group = groups.setdefault(text, _Group(one, text))
            group.add(_short(one["principal"], account["id"]), account["name"])
    every = sorted(groups.values(), key=lambda group: group.order)
    for group in every[:GROUPS]:
        yield 0, group.who(), "who"
        for what in ("gained", "lost"):
            entries = _telling(group.told(what))
            for entry in entries[:ENTRIES]:
                yield 1, entry_text(entry, what), what
            if len(entries) > ENTRIES:
                yield 1, f"and {len(entries) - ENTRIES} more {what}", "more"
    if left := sum(len(group.principals) for group in every[GROUPS:]):
        yield 0, f"and {left} more principals, with less at stake: --format json has them all", "more"


def _telling(entries: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Leave out what is only denied beside what the policies allow: it says little more, and at length."""
    return [entry for entry in entries if not entry.get("denied")] or entries


class _Group:
    """Principals for which the same changes."""

    def __init__(self, change: Mapping[str, Any], general: str) -> None:
        self.change, self.general = change, general
        self.principals: dict[str, None] = {}
        self.accounts: dict[str, None] = {}
        risks = [_rank(entry) for what in ("gained", "lost") for entry in change[what]]
        self.order = min(risks, default=len(_RISKS))

    def add(self, principal: str, account: str) -> None:
        self.principals[principal] = None
        self.accounts[account] = None

    def told(self, what: str) -> Sequence[Mapping[str, Any]]:
        """What is gained or lost; where it holds for several accounts, the id of each is `{account}`."""
        if len(self.accounts) == 1:
            return list(self.change[what])
        return list(json.loads(self.general)[what == "lost"])

    def who(self) -> str:
        return f"{_some(list(self.principals))} in {_some(list(self.accounts))}"


def _rank(entry: Mapping[str, Any]) -> int:
    """The place of an entry's risk, the worst first; what is only denied comes last."""
    if entry.get("denied"):
        return len(_RISKS)
    return next((rank for rank, name in enumerate(_RISKS) if entry["risk"].startswith(name)), len(_RISKS))


_ROOT = re.compile(r"arn:[^:]*:iam::([0-9]{12}):root")


def _short(principal: str, account: str) -> str:
    """A principal of the account without what all its ARNs begin with; who is named as a whole is an account.

    As a principal, `arn:...:root` is the account and whoever it lets, and not its root user. Source: IAM User Guide,
    reference_policies_elements_principal.
    """
    if whole := _ROOT.match(principal):
        name = "the account itself" if whole[1] == account else f"account {whole[1]}"
        return name + principal[whole.end() :]
    before, found, name = principal.partition(f":iam::{account}:")
    return name if found and before.startswith("arn:") else principal


def entry_text(entry: Mapping[str, Any], what: str) -> str:
    """Return an entry in one line: `s3:Get* but not s3:GetObject on arn:… when {…} (read)`."""
    parts = [_some(entry["actions"]) if entry["actions"] else f"all that {entry.get('policy')} says (not readable)"]
    if entry.get("not_actions"):
        parts.append(f"but not {_some(entry['not_actions'])}")
    if entry["resources"] not in ([], ["*"]) or entry.get("not_resources"):
        parts.append(f"on {_some(entry['resources'])}")
    if entry.get("not_resources"):
        parts.append(f"but not {_some(entry['not_resources'])}")
    for name, word, between in (("conditions", "when", " and "), ("unless", "unless", " or ")):
        if value := entry.get(name):
            blocks = value if isinstance(value, list) else [value]
            parts.append(f"{word} {between.join(json.dumps(block, ensure_ascii=False) for block in blocks)}")
    if entry.get("denied"):
        parts.append("(denied now, whatever allows it)" if what == "lost" else "(denied no longer)")
    else:
        parts.append(f"({_risk(entry)})")
    return " ".join(parts)


def _risk(entry: Mapping[str, Any]) -> str:
    """Tell an entry's risk; of many ways to escalate the first, and how many there are."""
    paths = entry.get("paths") or []
    if not entry["risk"].startswith("privilege escalation") or not paths:
        return str(entry["risk"])
    more = f" and {len(paths) - 1} more ways" if len(paths) > 1 else ""
    return f"privilege escalation: {paths[0]}{more}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMES]) + (f" and {len(names) - NAMES} more" if len(names) > NAMES else "")
