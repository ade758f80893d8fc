"""`iamfix apply` and `iamfix rollback`: the commands that change AWS."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from iamfix.cli import options as o

if TYPE_CHECKING:
    from iamfix.model import Plan
    from iamfix.run import Runner


def apply(
    playbooks: o.Playbooks,
    inventory: o.Inventory = o.INVENTORY,
    limit: o.Limit = None,
    tags: o.Tags = None,
    skip_tags: o.SkipTags = None,
    extra_vars: o.ExtraVars = None,
    forks: o.Forks = 8,
    max_changes: o.MaxChanges = None,
    max_deletes: o.MaxDeletes = None,
    allow: o.Allow = None,
    journal: o.Journal = o.JOURNAL,
    form: o.Format = "text",
    auto_approve: o.AutoApprove = False,
    verbose: o.Verbose = 0,
) -> int:
    """Plan, ask, apply and verify; or apply a saved plan.

    A saved plan is applied exactly as it was reviewed, or refused.

    Example: iamfix apply plan.json, or: iamfix apply playbooks/baseline.yml -l dev
    """
    from iamfix.cli.console import Telling
    from iamfix.run import Runner

    given = o.options(inventory, limit, tags, skip_tags, extra_vars, forks, max_changes, max_deletes, allow, journal)
    runner = Runner(given, Telling(verbose))
    saved = [path for path in playbooks if path.suffix == ".json"]
    if saved and len(playbooks) > 1:
        raise typer.BadParameter("one saved plan, or playbooks; not both")
    made = runner.saved(saved[0]) if saved else runner.plan(playbooks)
    return reviewed(runner, made, form, verbose, auto_approve, "apply")


def rollback(
    run: str = typer.Argument(help="The run to take back (the beginning of its id is enough), or latest."),
    inventory: o.Inventory = o.INVENTORY,
    limit: o.Limit = None,
    forks: o.Forks = 8,
    allow: o.Allow = None,
    journal: o.Journal = o.JOURNAL,
    form: o.Format = "text",
    auto_approve: o.AutoApprove = False,
    verbose: o.Verbose = 0,
) -> int:
    """Take a run back, but for what others changed since.

    What stays is named; --allow changed-since takes it back all the same.

    Example: iamfix rollback latest
    """
    from iamfix.cli.console import Telling
    from iamfix.journal import read_run
    from iamfix.run import Runner

    runner = Runner(o.options(inventory, limit, forks=forks, allow=allow, journal=journal), Telling(verbose))
    taken = read_run(journal, run).id
    plan = runner.rollback(taken)
    if not any(plan.changes()) and not any(plan.problems()):
        typer.echo(f"Nothing of the run {taken} is left to take back.", err=True)
    return reviewed(runner, plan, form, verbose, auto_approve, f"rollback {taken}")


def reviewed(runner: Runner, plan: Plan, form: str, verbose: int, auto_approve: bool, what: str) -> int:
    """Show a plan, ask, and carry it out."""
    from iamfix.cli.console import show
    from iamfix.cli.plan import exit_code
    from iamfix.planfile import to_json

    data = to_json(plan)
    show(data, form, verbose)
    if any(problem.severity == "error" for problem in plan.problems()):
        typer.echo("Refused: nothing was changed. Mend the errors above, or override a guard with --allow.", err=True)
        return 1
    if not any(plan.changes()):
        return exit_code(plan, data, 0)
    if not auto_approve:
        if not sys.stdin.isatty():
            typer.echo("error: nobody to ask; review the plan and add --auto-approve", err=True)
            return 1
        if typer.prompt("Apply these changes? Only 'yes' will be accepted", err=True) != "yes":
            typer.echo("Nothing was changed.", err=True)
            return 1
    return carry_out(runner, plan, what)


def carry_out(runner: Runner, plan: Plan, what: str) -> int:
    """Apply a plan and say what came of it."""
    from iamfix.cli.console import Telling

    def stop(*_: Any) -> None:
        if runner.stop.is_set():
            # Nothing is lost by it: the journal has each call before it is sent.
            runner.progress.finish()
            os.write(2, b"Ended at once; `iamfix show latest` tells how far it came.\n")
            os._exit(130)
        runner.stop.set()
        os.write(2, b"Stopping: what is being sent is finished first. Once more to end at once.\n")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        outcome = runner.apply(plan, what)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert isinstance(runner.progress, Telling)
    tally: dict[str, int] = {}
    for state in outcome.accounts.values():
        tally[state] = tally.get(state, 0) + 1
    words = {"nothing": "with nothing to do"}
    counts = ", ".join(f"{number} {words.get(state, state)}" for state, number in tally.items())
    typer.echo(f"Run {outcome.run_id}: {counts}.", err=True)
    if outcome.journal_broken:
        told = f"error: the journal of this run ends too early, because it cannot be written: {outcome.journal_broken}"
        typer.echo(told, err=True)
    secrets = (runner.options.journal / outcome.run_id).with_suffix(".secrets")
    if Path(secrets).is_dir():
        typer.echo(f"New passwords are in {secrets}; hand them over and delete them.", err=True)
    if outcome.exit_code:
        typer.echo(f"See it: iamfix show {outcome.run_id}   Take it back: iamfix rollback {outcome.run_id}", err=True)
    return outcome.exit_code
