"""Runs and their journals, for a person."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from iamfix.journal import Run
from iamfix.views.wording import clean

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
            mark, style = {True: ("ok", "green"), False: ("failed", "red"), None: ("not known", "yellow")}[call["ok"]]
            line = f"  {call['n']:>4} {mark:<9} {call['call']['service']}:{call['call']['operation']} {call['address']}"
            console.print(Text(clean(line), style))
            if call["error"]:
                console.print(Text(f"       {clean(call['error'])}", "red"))
    if run.state != "done":
        console.print("Apply the same playbooks again to go on, or take it back: iamfix rollback " + run.id)
