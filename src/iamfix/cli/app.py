"""All commands, in the order in which `--help` lists them."""

from __future__ import annotations

from typing import Annotated

import typer

from iamfix import __version__
from iamfix.cli import apply, bootstrap, journal, look, plan, policy, simulate, start, who

app = typer.Typer(
    name="iamfix",
    help="Declare how AWS identity should look in YAML playbooks; plan, apply, undo and keep it so.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"iamfix {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Declare how AWS identity should look in YAML playbooks; plan, apply, undo and keep it so."""


for command in (
    plan.plan, apply.apply, plan.drift, bootstrap.bootstrap, apply.rollback, journal.runs, journal.show, look.validate,
    look.permissions, look.report, simulate.simulate, who.who_can, look.inventory, look.doc, look.schema, start.init,
    start.sandbox, start.demo,
):  # fmt: skip
    app.command()(command)

app.add_typer(policy.app, name="policy")
