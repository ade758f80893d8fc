"""Runs and their journals, for a person."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from iamfix.journal import Run
from iamfix.views.markdown import safe
from iamfix.views.report_html import STYLE
from iamfix.views.wording import clean

_MARKS = {True: ("ok", "green"), False: ("failed", "red"), None: ("not known", "yellow")}
_COLUMNS = ("RUN", "AT", "STATE", "ACCOUNTS", "CALLS", "WHAT")


def show_runs(runs: Iterable[Run], console: Console) -> None:
    """List runs, newest first, in columns; nothing is cut, for a run's id is what other commands take."""
    rows = [
        (run.id, run.at[:19] + "Z", run.state, str(len(run.accounts)), str(len(run.calls)), clean(run.what))
        for run in runs
    ]
    if not rows:
        console.print("No runs yet.")
        return
    widths = [max(len(row[place]) for row in (_COLUMNS, *rows)) for place in range(len(_COLUMNS))]
    for row in (_COLUMNS, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        console.print(Text(line.rstrip(), no_wrap=True), soft_wrap=True)


def show_run(run: Run, console: Console) -> None:
    """Tell what a run did: each account, each call and what came of it."""
    console.print(Text.assemble((run.id, "bold"), f"  {run.what}  {run.at}  {run.state}"))
    for rule in run.overrides:
        console.print(Text(f"  allowed by --allow: {clean(rule)}", "yellow"))
    for account, state in run.accounts.items():
        console.print(Text(f"{clean(account)}: {state}", "bold"))
        if why := run.why.get(account):
            console.print(Text(f"  {clean(why)}", "red"))
        for call in run.calls:
            if call["account"] != account:
                continue
            mark, style = _MARKS[call["ok"]]
            line = f"  {call['n']:>4} {mark:<9} {call['call']['service']}:{call['call']['operation']} {call['address']}"
            console.print(Text(clean(line), style))
            if call["error"]:
                console.print(Text(f"       {clean(call['error'])}", "red"))
    if run.state != "done":
        console.print("Apply the same playbooks again to go on, or take it back: iamfix rollback " + run.id)


def run_markdown(run: Run) -> str:
    """Return what a run did as Markdown: a table of accounts, and one of calls."""
    parts = [f"### {safe(run.what)}: {safe(run.state)}", "", f"Run {safe(run.id)}, {safe(run.at)}"]
    parts += [f"- allowed by --allow: {safe(rule)}" for rule in run.overrides]
    parts += ["", "| account | state |", "|---|---|"]
    parts += [f"| {safe(account)} | {safe(state)} |" for account, state in run.accounts.items()]
    parts += ["", f"| {' | '.join(_CALLS)} |", "|---|---|---|---|---|"]
    parts += [f"| {' | '.join(map(safe, row))} |" for row in _rows(run)]
    return "\n".join([*parts, ""])


def run_html(run: Run) -> str:
    """Return what a run did as a page of its own."""
    title = html.escape(clean(f"{run.what}: {run.state}"))
    parts = ["<!doctype html>", f"<html lang=en><meta charset=utf-8><title>{title}</title>", f"<style>{STYLE}</style>"]
    parts += [f"<h1>{title}</h1>", f"<p>Run {html.escape(run.id)}, {html.escape(run.at)}</p>"]
    parts += [f"<p>allowed by --allow: {html.escape(clean(rule))}</p>" for rule in run.overrides]
    parts += _html_table(("account", "state"), run.accounts.items())
    parts += _html_table(_CALLS, _rows(run))
    return "\n".join([*parts, "</html>", ""])


_CALLS = ("call", "came", "operation", "address", "error")


def _rows(run: Run) -> Iterator[tuple[str, ...]]:
    for call in run.calls:
        what = f"{call['call']['service']}:{call['call']['operation']}"
        yield str(call["n"]), _MARKS[call["ok"]][0], what, str(call["address"]), str(call["error"] or "")


def _html_table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield "<table><tr>" + "".join(f"<th>{column}</th>" for column in columns) + "</tr>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{html.escape(clean(cell))}</td>" for cell in row) + "</tr>"
    yield "</table>"
