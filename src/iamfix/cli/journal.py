"""`iamfix runs` and `iamfix show`: what was done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iamfix.cli import options as o


def runs(journal: o.Journal = o.JOURNAL, form: o.DataFormat = "text") -> None:
    """List the runs, newest first.

    Example: iamfix runs
    """
    from iamfix.cli.console import out, print_json
    from iamfix.journal import runs as found
    from iamfix.views.runs import show_runs

    if form == "json":
        print_json(
            [
                {"run": run.id, "at": run.at, "what": run.what, "state": run.state, "accounts": dict(run.accounts),
                 "calls": len(run.calls)}
                for run in found(journal)
            ]
        )  # fmt: skip
    else:
        show_runs(found(journal), out())


def show(
    run: Annotated[str, typer.Argument(help="A run (or latest), or a saved plan.", show_default=False)],
    journal: o.Journal = o.JOURNAL,
    form: o.Format = "text",
    verbose: o.Verbose = 0,
) -> None:
    """Show what a run did, or what a saved plan would do.

    Example: iamfix show latest
    """
    import json
    import sys

    from iamfix.cli.console import out, print_json
    from iamfix.cli.console import show as show_plan
    from iamfix.journal import read_run
    from iamfix.model import InputError, Problem
    from iamfix.planfile import check_whole
    from iamfix.views.runs import run_html, run_markdown, show_run

    if run.endswith(".json"):
        try:
            data = json.loads(Path(run).read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise InputError(Problem("error", run, f"this is not a saved plan: {error}", "plan again")) from None
        check_whole(data, run)
        show_plan(data, form, verbose)
        return
    found = read_run(journal, run)
    if form == "json":
        print_json({"run": found.id, "at": found.at, "what": found.what, "state": found.state,
                    "accounts": dict(found.accounts), "why": dict(found.why), "calls": list(found.calls),
                    "plan": found.plan})  # fmt: skip
    elif form == "text":
        show_run(found, out())
    else:
        sys.stdout.write(run_markdown(found) if form == "markdown" else run_html(found))
