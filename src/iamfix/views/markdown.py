"""The plan for a pull request: a table first, the rest folded, within GitHub's limit of 65,535 characters."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from iamfix.views.access import access_lines
from iamfix.views.field_lines import field_lines
from iamfix.views.groups import Plan, grouped, grouped_findings, grouped_problems, within
from iamfix.views.text import MARKS, summary
from iamfix.views.wording import clean, named

MARKER = "<!-- iamfix plan -->"
"""The first line: by it a bot finds the comment to update."""
BUDGET = 65_000


def markdown_plan(plan: Plan) -> str:
    """Return a plan as Markdown of at most BUDGET characters; what does not fit is counted."""
    parts = [MARKER, f"### {safe(summary(plan))}", "", "| account | create | change | delete | findings | problems |"]
    parts.append("|---|---|---|---|---|---|")
    for account in plan["accounts"]:
        actions = [change["action"] for change in account["changes"]]
        cells = [safe(account["name"]), *(str(actions.count(one)) for one in MARKS)]
        cells += [str(len(account["findings"])), str(len(account["problems"]))]
        parts.append(
            f"| {' | '.join(cells)} |" if not account["error"] else f"| {cells[0]} | {safe(account['error'])} |||||"
        )
    text = "\n".join(parts) + "\n"
    blocks = list(_blocks(plan))
    for number, block in enumerate(blocks):
        if len(text) + len(block) > BUDGET - 200:
            return text + f"\n_{len(blocks) - number} more entries are in the saved plan; they do not fit here._\n"
        text += block
    return text


def _blocks(plan: Plan) -> Iterator[str]:
    for problem, accounts in grouped_problems(plan):
        also = f" (and in {safe(named(accounts[1:]))})" if len(accounts) > 1 else ""
        hint = f" ({safe(problem['hint'])})" if problem["hint"] else ""
        yield f"\n- **{problem['severity']}** {safe(problem['where'])}: {safe(problem['summary'])}{also}{hint}\n"
    for change, accounts in grouped(plan):
        mark = MARKS[change["action"]][0]
        title = f"<code>{mark}</code> {safe(change['kind'])} <b>{safe(change['name'])}</b> in {safe(named(accounts))}"
        lines = [clean(line) for line, _ in field_lines(change)]
        lines += [f"! destroys for good: {clean(lost)}" for lost in change["loses"]]
        lines += [f"note: {clean(note)}" for note in change.get("notes", ())]
        body = "\n".join(html.escape(line, quote=False) for line in lines)
        yield f"\n<details><summary>{title}</summary>\n\n<pre>\n{body}\n</pre>\n</details>\n"
    marks = {"who": "", "gained": "+ ", "lost": "- ", "more": ""}
    if access := [f"{'  ' * depth}{marks[what]}{clean(line)}" for depth, line, what in access_lines(plan)]:
        body = html.escape("\n".join(access), quote=False)
        title = "Access: who gains and loses what"
        yield f"\n<details open><summary>{title}</summary>\n\n<pre>\n{body}\n</pre>\n</details>\n"
    for finding, accounts in grouped_findings(plan):
        where = f"{safe(within(finding['address'], accounts[0]))} in {safe(named(accounts))}"
        yield f"\n- {finding['severity']}: {where}: {safe(finding['message'])}\n"


def safe(text: Any) -> str:
    """Return text that Markdown and HTML leave as it is."""
    escaped = html.escape(clean(text).replace("\n", " "), quote=False)
    return re.sub(r"([\\`*_{}\[\]()#+!|~@-])", r"\\\1", escaped)
