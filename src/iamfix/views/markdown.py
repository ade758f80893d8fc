"""The plan for a pull request: a table first, the rest folded, within GitHub's limit of 65,535 characters."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from iamfix.views.access import access_lines
from iamfix.views.text import MARKS, Plan, clean, field_lines, grouped, named, summary

MARKER = "<!-- iamfix plan -->"
"""The first line: by it a bot finds the comment to update."""
BUDGET = 65_000


def markdown_plan(plan: Plan) -> str:
    """Return a plan as Markdown of at most BUDGET characters; what does not fit is counted."""
    parts = [MARKER, f"### {_safe(summary(plan))}", "", "| account | create | change | delete | findings | problems |"]
    parts.append("|---|---|---|---|---|---|")
    for account in plan["accounts"]:
        actions = [change["action"] for change in account["changes"]]
        cells = [_safe(account["name"]), *(str(actions.count(one)) for one in MARKS)]
        cells += [str(len(account["findings"])), str(len(account["problems"]))]
        parts.append(
            f"| {' | '.join(cells)} |" if not account["error"] else f"| {cells[0]} | {_safe(account['error'])} |||||"
        )
    text = "\n".join(parts) + "\n"
    blocks = list(_blocks(plan))
    for number, block in enumerate(blocks):
        if len(text) + len(block) > BUDGET - 200:
            return text + f"\n_{len(blocks) - number} more entries are in the saved plan; they do not fit here._\n"
        text += block
    return text


def _blocks(plan: Plan) -> Iterator[str]:
    for account in plan["accounts"]:
        for problem in account["problems"]:
            yield f"\n- **{problem['severity']}** {_safe(problem['where'])}: {_safe(problem['summary'])}"
            yield f" ({_safe(problem['hint'])})\n" if problem["hint"] else "\n"
    for change, accounts in grouped(plan):
        mark = MARKS[change["action"]][0]
        title = (
            f"<code>{mark}</code> {_safe(change['kind'])} <b>{_safe(change['name'])}</b> in {_safe(named(accounts))}"
        )
        lines = [clean(line) for line, _ in field_lines(change)]
        lines += [f"! destroys for good: {clean(lost)}" for lost in change["loses"]]
        body = "\n".join(html.escape(_diff(line), quote=False) for line in lines)
        yield f"\n<details><summary>{title}</summary>\n\n<pre>\n{body}\n</pre>\n</details>\n"
    marks = {"who": "", "gained": "+ ", "lost": "- ", "more": ""}
    if access := [f"{'  ' * depth}{marks[what]}{clean(line)}" for depth, line, what in access_lines(plan)]:
        body = html.escape("\n".join(access), quote=False)
        title = "Access: who gains and loses what"
        yield f"\n<details open><summary>{title}</summary>\n\n<pre>\n{body}\n</pre>\n</details>\n"
    for account in plan["accounts"]:
        for finding in account["findings"]:
            yield f"\n- {finding['severity']}: {_safe(finding['address'])}: {_safe(finding['message'])}\n"


def _diff(line: str) -> str:
    return line


def _safe(text: Any) -> str:
    """Return text that Markdown and HTML leave as it is."""
    escaped = html.escape(clean(text).replace("\n", " "), quote=False)
    return re.sub(r"([\\`*_{}\[\]()#+!|~@-])", r"\\\1", escaped)
