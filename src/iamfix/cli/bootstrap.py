"""`iamfix bootstrap`: a new account, from nothing to its baseline and its unit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iamfix.cli import options as o
from iamfix.options import NEW_ACCOUNT


def bootstrap(
    name: Annotated[str, typer.Argument(help="The account's name.", show_default=False)],
    email: Annotated[str, typer.Option("--email", help="E-mail address of its root user.", show_default=False)],
    unit: Annotated[str | None, typer.Option("--ou", help="Path of the unit that it moves to at the end.")] = None,
    playbook: Annotated[Path, typer.Option("--playbook", help="What the account gets.")] = NEW_ACCOUNT,
    inventory: o.Inventory = o.INVENTORY,
    extra_vars: o.ExtraVars = None,
    allow: o.Allow = None,
    journal: o.Journal = o.JOURNAL,
    form: o.Format = "text",
    auto_approve: o.AutoApprove = False,
    verbose: o.Verbose = 0,
) -> int:
    """Make an account, ready to use, with its baseline.

    The account is made, waited for until it is usable, given its baseline, moved to its unit, and verified.
    Run it with credentials of the management account. Each step is a plan that is shown and asked for. If there is an
    account of that e-mail address, none is made; interrupted anywhere, the same command goes on where it was.

    Example: iamfix bootstrap payments-test --email aws+payments-test@example.com --ou workloads/test
    """
    from iamfix.bootstrap import Bootstrap
    from iamfix.cli.apply import reviewed
    from iamfix.cli.console import Telling
    from iamfix.run import Runner

    given = o.options(inventory, extra_vars=extra_vars, allow=allow, journal=journal)
    work = Bootstrap(Runner(given, Telling(verbose)), name, email, unit, playbook)
    for step in work.steps():
        typer.echo(f"Step: {step.title}", err=True)
        code = reviewed(step.runner, step.plan, form, verbose, auto_approve, f"bootstrap {name}: {step.title}")
        if code:
            typer.echo("Not done yet: the same command goes on from here.", err=True)
            return code
    return 0
