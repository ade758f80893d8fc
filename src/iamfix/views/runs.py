"""Runs and their journals, for a person."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from iamfix.journal import Run
from iamfix.views.text import clean


def show_runs(runs: Iterable[Run], console: Console) -> None:
    """List runs, newest first."""
    table = Table(box=None, pad_edge=False)
    for column in ("run", "at", "what", "state", "accounts", "calls"):
        table.add_column(column)
    for run in runs:
        table.add_row(run.id, run.at[:19] + "Z", run.what, run.state, str(len(run.accounts)), str(len(run.calls)))
    console.print(table if table.rows else "No runs yet.")


def show_run(run: Run, console: Console) -> None:
    """Tell what a run did: each account, each call and what came of it."""
    console.print(Text.assemble((run.id, "bold"), f"  {run.what}  {run.at}  {run.state}"))
    for rule in run.overrides:
        console.print(Text(f"  allowed by --allow: {clean(rule)}", "yellow"))
    for account, state in run.accounts.items():
        console.print(Text(f"{clean(account)}: {state}", "bold"))
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
