"""Options that several commands have: one meaning everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from iamfix.options import Options

Playbooks = Annotated[list[Path], typer.Argument(help="Playbooks, in order.", show_default=False)]
Inventory = Annotated[Path, typer.Option("-i", "--inventory", help="Inventory file or folder.")]
Limit = Annotated[str | None, typer.Option("-l", "--limit", help="Only these accounts: prod:!payments-prod.")]
Tags = Annotated[list[str] | None, typer.Option("-t", "--tags", help="Only tasks with these tags.")]
SkipTags = Annotated[list[str] | None, typer.Option("--skip-tags", help="No tasks with these tags.")]
ExtraVars = Annotated[
    list[str] | None, typer.Option("-e", "--extra-vars", help="Variables that always win: k=v, JSON, or @file.yml.")
]
Forks = Annotated[int, typer.Option("-f", "--forks", min=1, max=200, help="Accounts at once.")]
Verbose = Annotated[int, typer.Option("-v", "--verbose", count=True, help="Show the AWS calls too.")]
MaxChanges = Annotated[int | None, typer.Option("--max-changes", min=0, help="Refuse a plan with more changes.")]
MaxDeletes = Annotated[int | None, typer.Option("--max-deletes", min=0, help="Refuse a plan with more deletes.")]
Allow = Annotated[list[str] | None, typer.Option("--allow", help="Override a guard by name, such as irreversible.")]
Journal = Annotated[Path, typer.Option("--journal", help="Folder of the runs' journals.")]
Out = Annotated[Path | None, typer.Option("-o", "--out", help="Save to this file; - is stdout.")]
Format = Annotated[
    Literal["text", "json", "markdown", "html"], typer.Option("--format", help="What to print.", show_default=True)
]
DataFormat = Annotated[Literal["text", "json"], typer.Option("--format", help="What to print.", show_default=True)]
AutoApprove = Annotated[bool, typer.Option("--auto-approve", help="Do not ask.")]

INVENTORY = Path("inventory")
JOURNAL = Path(".iamfix")


def options(
    inventory: Path = INVENTORY,
    limit: str | None = None,
    tags: list[str] | None = None,
    skip_tags: list[str] | None = None,
    extra_vars: list[str] | None = None,
    forks: int = 8,
    max_changes: int | None = None,
    max_deletes: int | None = None,
    allow: list[str] | None = None,
    journal: Path = JOURNAL,
) -> Options:
    """Gather what the command line says of a run. Raises InputError."""
    from iamfix.guards import RULES
    from iamfix.model import InputError, Problem
    from iamfix.options import Options
    from iamfix.variables import parse_extra_vars
    from iamfix.yamlfile import nearest

    for option, words in (("--tags", tags), ("--skip-tags", skip_tags)):
        if words and not _listed(words):
            # A script's empty variable must not widen what is done to everything.
            raise InputError(Problem("error", option, "it names no tag", "leave it out for all tasks"))
    allowed = _listed(allow)
    for rule in allowed:
        if rule not in RULES:
            raise InputError(Problem("error", "--allow", f"there is no guard {rule!r}", nearest(rule, RULES)))
    return Options(
        inventory=inventory,
        limit=limit,
        tags=_listed(tags),
        skip_tags=_listed(skip_tags),
        extra_vars=parse_extra_vars(extra_vars or []),
        forks=forks,
        max_changes=max_changes,
        max_deletes=max_deletes,
        allow=allowed,
        journal=journal,
    )


def _listed(values: list[str] | None) -> tuple[str, ...]:
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())
