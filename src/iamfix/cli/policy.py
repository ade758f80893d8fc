"""`iamfix policy`: policy documents in files, looked at offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from iamfix.cli import options as o

app = typer.Typer(help="Look at policy documents in files, offline.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def root() -> None:
    """Look at policy documents in files, offline."""


Kind = Annotated[
    Literal["identity", "trust", "resource", "scp", "rcp", "boundary", "session"] | None,
    typer.Option("--kind", help="What the documents are for; told from their content if not given."),
]


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="Policy document as JSON.", show_default=False)],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="Another one; - is stdin.", show_default=False)],
    kind: Kind = None,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="What to print.")] = "text",
) -> int:
    """Compare two policy documents: which access is gained and lost.

    Equal is what AWS would not tell apart: order, white space and the several spellings of one thing do not count.
    Exits 0 when they are equal, 2 when not, 1 on errors.

    Example: iamfix policy diff before.json after.json
    """
    from iamfix.cli.console import out, print_json
    from iamfix.policy.files import compare_files
    from iamfix.views.policy import show_difference

    found = compare_files(before, after, kind)
    if form == "json":
        print_json(found)
    else:
        show_difference(found, out())
    return 0 if found["equal"] else 2


@app.command()
def lint(
    files: Annotated[list[Path] | None, typer.Argument(help="Policy documents as JSON.", show_default=False)] = None,
    kind: Kind = None,
    rules: Annotated[bool, typer.Option("--rules", help="List the rules, and stop.")] = False,
    form: o.DataFormat = "text",
) -> int:
    """Find what AWS would refuse, what does nothing, what is risky.

    Exits 1 on errors: what AWS would refuse.

    Example: iamfix policy lint policies/*.json
    """
    from iamfix.cli.console import out, print_json
    from iamfix.policy.files import lint_file
    from iamfix.views.text import SEVERITIES
    from iamfix.views.wording import clean, count

    if rules:
        return _rules(form)
    if not files:
        raise typer.BadParameter("name at least one file")
    found = [finding for file in files for finding in lint_file(file, kind)]
    if form == "json":
        print_json(found)
    else:
        console = out()
        for one in found:
            style = SEVERITIES.get(one["severity"], "bold red")
            console.print(
                clean(f"{one['where']}: {one['severity']} {one['rule']}: {one['summary']}"), style=style, markup=False
            )
            console.print(clean(f"  hint: {one['hint']}"), style="dim", markup=False)
        console.print(f"{count(len(found), 'finding')} in {count(len(files), 'file')}.")
    return 1 if any(one["severity"] == "error" for one in found) else 0


def _rules(form: str) -> int:
    from rich.table import Table

    from iamfix.cli.console import out, print_json
    from iamfix.policy.lint import RULES

    if form == "json":
        print_json([{"rule": r.id, "severity": r.severity, "title": r.title, "source": r.source} for r in RULES])
        return 0
    table = Table(box=None, pad_edge=False, show_header=False)
    for rule in RULES:
        table.add_row(rule.id, rule.severity, rule.title)
    out().print(table)
    return 0
