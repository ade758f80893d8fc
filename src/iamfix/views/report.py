"""The scorecard for a person: as text, Markdown, JSON or one HTML page."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from iamfix.views.report_html import report_html
from iamfix.views.score import PRACTICES, Asked, cell_words, score
from iamfix.views.text import finding_lines
from iamfix.views.wording import clean


def render(plan: Mapping[str, Any], asked: Asked, form: str) -> str:
    """Return the scorecard as text, JSON, Markdown or HTML."""
    found = score(plan, asked)
    if form == "json":
        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if form == "html":
        return report_html(found, plan)
    rows = [(f"{number} {PRACTICES[int(number)]}", cells) for number, cells in found["practices"].items()]
    rows += list(found["controls"].items())
    if form == "markdown":
        lines = [f"| | {' | '.join(found['accounts'])} |", "|---" * (len(found["accounts"]) + 1) + "|"]
        lines += [f"| {name} | {' | '.join(cell_words(cells, found['accounts']))} |" for name, cells in rows]
        return "\n".join(lines) + "\n"
    console = Console(file=io.StringIO(), width=120, highlight=False)
    table = Table(box=None, pad_edge=False)
    for column in ("", *found["accounts"]):
        table.add_column(clean(column))
    for name, cells in rows:
        table.add_row(name, *cell_words(cells, found["accounts"]))
    console.print(table)
    for line in finding_lines(plan):
        console.print(line, soft_wrap=True)
    held = [cell for cells in found["practices"].values() for cell in cells.values()]
    console.print(f"{held.count(0)} of {len(held)} practices hold; {len(found['findings'])} findings.")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
