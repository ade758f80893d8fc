"""The scorecard: which practices and controls hold in which accounts, from the plan's public form."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from iamfix.views.groups import whole
from iamfix.views.text import SEVERITIES
from iamfix.views.wording import clean

PRACTICES = {
    1: "Least privilege", 2: "MFA for everyone", 3: "Roles for workloads", 4: "Root not used", 5: "Groups by job",
    6: "Managed policies", 7: "Permissions reviewed", 8: "Permissions boundaries", 9: "Organizations and SCPs",
    10: "CloudTrail everywhere", 11: "Tags and access by tags", 12: "Alarms",
}  # fmt: skip

Asked = Sequence[tuple[int | None, tuple[str, ...]]]
"""(practice, controls) of every task that was planned: what was asked for at all."""


def asked_in(plan: Mapping[str, Any]) -> Asked:
    """Return what a plan without its playbooks tells of what was asked: only what is open."""
    open_ones = (one for account in plan["accounts"] for one in (*account["changes"], *account["findings"]))
    return [(one["practice"], tuple(one["controls"])) for one in open_ones]


def _by_number(control: str) -> list[tuple[str, int]]:
    """Order controls as their standards do: CIS-7.0/5.2 before CIS-7.0/5.10."""
    return [(text, int(number or 0)) for text, number in re.findall(r"(\D*)(\d*)", control)]


def score(plan: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """Return `{"practices": {…: {account: open}}, "controls": …, "accounts": […]}`.

    A practice or control holds in an account when nothing of it is open there: no change, no finding. Where the
    account could not be planned whole, it is unknown (null), never held.
    """
    practices = sorted({practice for practice, _ in asked if practice})
    controls = sorted({control for _, found in asked for control in found}, key=_by_number)
    accounts = plan["accounts"]

    def open_ones(account: Mapping[str, Any], matches: Any) -> int | None:
        if not whole(account):
            return None
        return sum(1 for one in (*account["changes"], *account["findings"]) if matches(one))

    return {
        "plan": plan["id"],
        "made_at": plan["made_at"],
        "accounts": [account["name"] for account in accounts],
        "practices": {
            str(number): {a["name"]: open_ones(a, lambda one, n=number: one["practice"] == n) for a in accounts}
            for number in practices
        },
        "controls": {
            control: {a["name"]: open_ones(a, lambda one, c=control: c in one["controls"]) for a in accounts}
            for control in controls
        },
        "findings": [
            {"account": account["name"], **finding} for account in accounts for finding in account["findings"]
        ],
    }


def render(plan: Mapping[str, Any], asked: Asked, form: str) -> str:
    """Return the scorecard as text, JSON, Markdown or HTML."""
    found = score(plan, asked)
    if form == "json":
        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if form == "html":
        return _html(found)
    rows = [(f"{number} {PRACTICES[int(number)]}", cells) for number, cells in found["practices"].items()]
    rows += list(found["controls"].items())
    if form == "markdown":
        lines = [f"| | {' | '.join(found['accounts'])} |", "|---" * (len(found["accounts"]) + 1) + "|"]
        lines += [f"| {name} | {' | '.join(_word(cell) for cell in cells.values())} |" for name, cells in rows]
        return "\n".join(lines) + "\n"
    console = Console(file=io.StringIO(), width=120, highlight=False)
    table = Table(box=None, pad_edge=False)
    for column in ("", *found["accounts"]):
        table.add_column(clean(column))
    for name, cells in rows:
        table.add_row(name, *(_word(cell) for cell in cells.values()))
    console.print(table)
    held = [cell for cells in found["practices"].values() for cell in cells.values()]
    console.print(f"{held.count(0)} of {len(held)} practices hold; {len(found['findings'])} findings.")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _word(cell: int | None) -> str:
    return "unknown" if cell is None else "ok" if cell == 0 else f"{cell} open"


_STYLE = """
:root{color-scheme:light dark;--ok:#2e7d32;--open:#c62828;--unknown:#8d6e00;--line:#8884}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0;width:100%}th,td{border-bottom:1px solid var(--line);padding:.35rem .6rem;
text-align:left}td.ok{color:var(--ok)}td.open{color:var(--open);font-weight:600}td.unknown{color:var(--unknown)}
.bar{display:flex;align-items:center;gap:1rem}svg{max-width:100%}
"""


def _html(found: Mapping[str, Any]) -> str:
    cells = [cell for row in found["practices"].values() for cell in row.values()]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>iamfix report</title><style>{_STYLE}</style><h1>Identity posture</h1>",
        f"<p>Plan {html.escape(found['plan'])}, made {html.escape(found['made_at'])}.</p>",
        _chart(cells.count(0), sum(1 for cell in cells if cell), cells.count(None)),
        "<h2>Practices</h2>",
        _table({f"{n} {PRACTICES[int(n)]}": row for n, row in found["practices"].items()}, found["accounts"]),
        "<h2>Controls</h2>",
        _table(found["controls"], found["accounts"]),
        "<h2>Findings</h2><table><tr><th>severity<th>where<th>what</tr>",
    ]
    order = list(SEVERITIES)
    for one in sorted(found["findings"], key=lambda one: order.index(one["severity"])):
        columns = (one["severity"], one["address"], one["message"])
        parts.append("<tr>" + "".join(f"<td>{html.escape(clean(column))}</td>" for column in columns) + "</tr>")
    return "\n".join([*parts, "</table></html>", ""])


def _table(rows: Mapping[str, Mapping[str, int | None]], accounts: Sequence[str]) -> str:
    head = "".join(f"<th>{html.escape(clean(name))}</th>" for name in accounts)
    lines = [f"<table><tr><th></th>{head}</tr>"]
    for name, row in rows.items():
        body = "".join(
            f"<td class={'unknown' if cell is None else 'open' if cell else 'ok'}>{_word(cell)}</td>"
            for cell in row.values()
        )
        lines.append(f"<tr><th>{html.escape(clean(name))}</th>{body}</tr>")
    return "\n".join([*lines, "</table>"])


def _chart(held: int, still_open: int, unknown: int) -> str:
    """Draw one bar: how many practices hold over all accounts."""
    total = max(1, held + still_open + unknown)
    parts, x = [], 0.0
    for number, colour in ((held, "--ok"), (still_open, "--open"), (unknown, "--unknown")):
        width = 600 * number / total
        parts.append(f"<rect x='{x:.1f}' width='{width:.1f}' height='24' fill='var({colour})'/>")
        x += width
    return (
        f"<div class=bar><svg width=600 height=24 role=img aria-label='{held} of {total} hold'>{''.join(parts)}</svg>"
        f"<span>{held} hold, {still_open} open, {unknown} unknown</span></div>"
    )
