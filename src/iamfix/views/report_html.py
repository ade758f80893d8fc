"""The scorecard as one HTML page: no script, nothing loaded from elsewhere; read on any screen, and printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from iamfix.views.access import Line, access_lines
from iamfix.views.groups import grouped_problems, within
from iamfix.views.score import PRACTICES, cell_words
from iamfix.views.text import worst_first
from iamfix.views.wording import clean, count, named

MATRIX = 8
"""Up to so many accounts have a column each; of more, each row names those in which something is open."""
NAMES = 12
"""So many accounts are named in one place; of more, how many there are besides."""

STYLE = """
:root{color-scheme:light dark;--ok:#1b6e20;--open:#b71c1c;--unknown:#7a5c00;--line:#8884;--head:#8881}
@media (prefers-color-scheme:dark){:root{--ok:#81c784;--open:#ff8a80;--unknown:#ffd54f}}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;overflow-wrap:anywhere}
h1{margin:0}h2{margin:2rem 0 .5rem}p{margin:.25rem 0}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top}
thead th{background:var(--head);border-bottom-width:2px}
.matrix td,.matrix tbody th,.list th,.list td.sum,.findings th,.findings td:first-child{white-space:nowrap}
.matrix thead th{min-width:6rem}
.matrix th:first-child{position:sticky;left:0;background:Canvas}.where{min-width:10rem}.what{min-width:16rem}
.ok{color:var(--ok)}.open{color:var(--open);font-weight:600}.unknown{color:var(--unknown);font-style:italic}
.critical,.high{color:var(--open);font-weight:600}.medium{color:var(--unknown)}
.access h3{font-size:1rem;margin:1rem 0 0}.access p{margin:0 0 0 1.5rem}
.access .lost{color:var(--open)}.access .gained{color:var(--unknown)}.access .more{opacity:.7}
.bar{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1rem;margin:1rem 0}svg{width:38rem;max-width:100%}
@media print{:root{color-scheme:light;--ok:#1b6e20;--open:#b71c1c;--unknown:#7a5c00}@page{size:A4 landscape;margin:12mm}
body{font-size:9pt;margin:0;max-width:none;padding:0}.scroll{overflow:visible}h2,h3{break-after:avoid}
tr,.access p{break-inside:avoid}.matrix td,.matrix tbody th{white-space:normal}th,td{padding:.15rem .4rem}
svg,thead th{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def report_html(found: Mapping[str, Any], plan: Mapping[str, Any]) -> str:
    """Return the page of a score and the plan that it was made of."""
    accounts = count(len(found["accounts"]), "account")
    cells = [cell for row in found["practices"].values() for cell in row.values()]
    practices = {f"{number} {PRACTICES[int(number)]}": row for number, row in found["practices"].items()}
    parts = [
        "<!doctype html>",
        "<html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>Identity posture, {_text(found['made_at'][:10])}</title><style>{STYLE}</style></head><body>",
        "<h1>Identity posture</h1>",
        f"<p>Plan {_text(found['plan'])}, made {_text(found['made_at'])}, of {accounts}.</p>",
        _chart(cells.count(0), sum(1 for cell in cells if cell), cells.count(None)),
        *_section("Practices", _rows(practices, found["accounts"])),
        *_section("Controls", _rows(found["controls"], found["accounts"])),
        *_section("Findings", _findings(plan)),
        *_section("What could not be planned, or would be refused", _problems(plan)),
        *_access(list(access_lines(plan))),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _text(value: object) -> str:
    return escape(clean(value))


def _section(title: str, table: Sequence[str]) -> list[str]:
    return [f"<h2>{_text(title)}</h2>", "<div class=scroll>", *table, "</div>"] if table else []


def _rows(rows: Mapping[str, Mapping[str, int | None]], accounts: Sequence[str]) -> list[str]:
    """A table of practices or controls: a column for each account, or the names of those that matter."""
    if not rows:
        return []
    few = len(accounts) <= MATRIX
    heads = list(accounts) if few else ["holds in", "open in", "unknown in"]
    lines = [f"<table class={'matrix' if few else 'list'}>", "<thead><tr><th></th>"]
    lines += [f"<th scope=col>{_text(head)}</th>" for head in heads]
    lines.append("</tr></thead><tbody>")
    for name, row in rows.items():
        body = _matrix_cells(row, accounts) if few else _list_cells(row)
        lines.append(f"<tr><th scope=row>{_text(name)}</th>{body}</tr>")
    return [*lines, "</tbody></table>"]


def _matrix_cells(row: Mapping[str, int | None], accounts: Sequence[str]) -> str:
    words = zip(accounts, cell_words(row, accounts), strict=True)
    return "".join(f"<td class={_class(row, account)}>{word}</td>" for account, word in words)


def _list_cells(row: Mapping[str, int | None]) -> str:
    still = sorted((name for name, cell in row.items() if cell), key=lambda name: (-(row[name] or 0), name))
    unknown = sorted(name for name, cell in row.items() if cell is None)
    held = sum(1 for cell in row.values() if cell == 0)
    return (
        f"<td class='sum {'ok' if held == len(row) else 'open' if still else 'unknown'}'>{held} of {len(row)}</td>"
        f"<td>{_text(named([f'{name} ({row[name]})' for name in still], NAMES))}</td>"
        f"<td class=unknown>{_text(named(unknown, NAMES))}</td>"
    )


def _class(row: Mapping[str, int | None], account: str) -> str:
    if account not in row:
        return "unasked"
    return "unknown" if row[account] is None else "open" if row[account] else "ok"


def _findings(plan: Mapping[str, Any]) -> list[str]:
    """The findings, worst first; the same one in several accounts stands once."""
    rows = [
        (one["severity"], within(one["address"], accounts[0]), named(accounts, NAMES), one["message"])
        for one, accounts in worst_first(plan)
    ]
    return list(_told(("severity", "what", "where", "why"), rows)) if rows else []


def _problems(plan: Mapping[str, Any]) -> list[str]:
    rows = [("error", account["name"], account["error"], "") for account in plan["accounts"] if account["error"]]
    for one, accounts in grouped_problems(plan):
        if one["severity"] != "info":
            rows.append((one["severity"], named(accounts, NAMES), f"{one['where']}: {one['summary']}", one["hint"]))
    return list(_told(("severity", "where", "what", "hint"), rows)) if rows else []


def _told(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "<table class=findings><thead><tr>" + "".join(f"<th scope=col>{head}</th>" for head in heads)
    yield "</tr></thead><tbody>"
    for severity, *columns in rows:
        body = "".join(f"<td class={'where' if n < 2 else 'what'}>{_text(one)}</td>" for n, one in enumerate(columns))
        yield f"<tr><td class={_text(severity)}>{_text(severity)}</td>{body}</tr>"
    yield "</tbody></table>"


def _access(lines: Sequence[Line]) -> list[str]:
    """Who gains and loses what by the plan; nothing where nobody does."""
    if not lines:
        return []
    parts = ["<h2>Access</h2><p>Who gains and loses what by the changes that are open.</p><div class=access>"]
    marks = {"gained": "+ ", "lost": "\N{MINUS SIGN} "}
    for depth, text, what in lines:
        tag = "h3" if what == "who" and not depth else "p"
        parts.append(f"<{tag} class={what}>{marks.get(what, '')}{_text(text)}</{tag}>")
    return [*parts, "</div>"]


def _chart(held: int, still_open: int, unknown: int) -> str:
    """Draw one bar: in how many cells of the practices all is well."""
    total = max(1, held + still_open + unknown)
    parts, x = [], 0.0
    for number, colour in ((held, "--ok"), (still_open, "--open"), (unknown, "--unknown")):
        width = 600 * number / total
        parts.append(f"<rect x='{x:.1f}' width='{width:.1f}' height='24' style='fill:var({colour})'/>")
        x += width
    return (
        "<div class=bar><svg viewBox='0 0 600 24' preserveAspectRatio=none height=24 role=img "
        f"aria-label='{held} of {total} hold'>{''.join(parts)}</svg>"
        f"<span>{held} hold, {still_open} open, {unknown} unknown (each practice in each account)</span></div>"
    )
