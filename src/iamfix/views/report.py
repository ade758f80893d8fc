"""The scorecard: which practices and controls hold in which accounts, from the plan's public form."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from iamfix.views.access import Line, access_lines
from iamfix.views.groups import whole
from iamfix.views.text import SEVERITIES, finding_lines
from iamfix.views.wording import clean

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


def render(plan: Mapping[str, Any], asked: Asked, form: str) -> str:
    """Return the scorecard as text, JSON, Markdown or HTML."""
    found = score(plan, asked)
    if form == "json":
        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if form == "html":
        return _html(found, list(access_lines(plan)))
    rows = [(f"{number} {PRACTICES[int(number)]}", cells) for number, cells in found["practices"].items()]
    rows += list(found["controls"].items())
    if form == "markdown":
        lines = [f"| | {' | '.join(found['accounts'])} |", "|---" * (len(found["accounts"]) + 1) + "|"]
        lines += [f"| {name} | {' | '.join(_cells(cells, found['accounts']))} |" for name, cells in rows]
        return "\n".join(lines) + "\n"
    console = Console(file=io.StringIO(), width=120, highlight=False)
    table = Table(box=None, pad_edge=False)
    for column in ("", *found["accounts"]):
        table.add_column(clean(column))
    for name, cells in rows:
        table.add_row(name, *_cells(cells, found["accounts"]))
    console.print(table)
    for line in finding_lines(plan):
        console.print(line, soft_wrap=True)
    held = [cell for cells in found["practices"].values() for cell in cells.values()]
    console.print(f"{held.count(0)} of {len(held)} practices hold; {len(found['findings'])} findings.")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _cells(row: Mapping[str, int | None], accounts: Sequence[str]) -> list[str]:
    return [_word(row[account]) if account in row else "-" for account in accounts]


def _word(cell: int | None) -> str:
    return "unknown" if cell is None else "ok" if cell == 0 else f"{cell} open"


STYLE = """
:root{color-scheme:light dark;--ok:#2e7d32;--open:#c62828;--unknown:#8d6e00;--line:#8884}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0;width:100%}th,td{border-bottom:1px solid var(--line);padding:.35rem .6rem;
text-align:left}td.ok{color:var(--ok)}td.open{color:var(--open);font-weight:600}td.unknown{color:var(--unknown)}
.access{overflow-wrap:anywhere}.access h3{font-size:1rem;margin:1rem 0 0}.access p{margin:0 0 0 1.5rem}
.access .lost{color:var(--open)}.access .gained{color:var(--unknown)}.access .more{opacity:.7}
.bar{display:flex;align-items:center;gap:1rem}svg{max-width:100%}
"""


def _html(found: Mapping[str, Any], access: Sequence[Line]) -> str:
    cells = [cell for row in found["practices"].values() for cell in row.values()]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>iamfix report</title><style>{STYLE}</style><h1>Identity posture</h1>",
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
    return "\n".join([*parts, "</table>", *_access(access), "</html>", ""])


def _access(lines: Sequence[Line]) -> list[str]:
    """Who gains and loses what by the plan; nothing where nobody does."""
    if not lines:
        return []
    parts = ["<h2>Access</h2><p>Who gains and loses what by the changes that are open.</p><div class=access>"]
    marks = {"gained": "+ ", "lost": "\N{MINUS SIGN} "}
    for depth, text, what in lines:
        tag = "h3" if what == "who" and not depth else "p"
        parts.append(f"<{tag} class={what}>{marks.get(what, '')}{html.escape(clean(text))}</{tag}>")
    return [*parts, "</div>"]


def _table(rows: Mapping[str, Mapping[str, int | None]], accounts: Sequence[str]) -> str:
    head = "".join(f"<th>{html.escape(clean(name))}</th>" for name in accounts)
    lines = [f"<table><tr><th></th>{head}</tr>"]
    for name, row in rows.items():
        body = "".join(
            f"<td class={_class(row, account)}>{word}</td>"
            for account, word in zip(accounts, _cells(row, accounts), strict=True)
        )
        lines.append(f"<tr><th>{html.escape(clean(name))}</th>{body}</tr>")
    return "\n".join([*lines, "</table>"])


def _class(row: Mapping[str, int | None], account: str) -> str:
    if account not in row:
        return "unasked"
    return "unknown" if row[account] is None else "open" if row[account] else "ok"


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
