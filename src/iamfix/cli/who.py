"""`iamfix who-can`: who in the accounts may do something, as they are now."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from iamfix.cli import options as o


def who_can(
    action: Annotated[str, typer.Argument(help="Action, such as s3:GetObject.", show_default=False)],
    resource: Annotated[
        str | None, typer.Argument(help="ARN; without it, on which resources is part of the answer.")
    ] = None,
    inventory: o.Inventory = o.INVENTORY,
    limit: o.Limit = None,
    forks: o.Forks = 8,
    form: Annotated[Literal["text", "json", "markdown"], typer.Option("--format", help="What to print.")] = "text",
) -> int:
    """Tell which users and roles may do something.

    By which statement, or by a way to more rights in one step, is told with each.

    Reads the accounts' users, groups, roles and policies. The policies of resources and of the organization are not
    asked; for sts:AssumeRole the role's trust policy is, and who from outside it lets in is told as well. Exits 1 or 3
    when accounts could not be read.

    Example: iamfix who-can iam:PassRole -l payments-prod
    """
    from iamfix.access.question import ask_accounts
    from iamfix.cli.console import Telling, out, print_json
    from iamfix.run import Runner
    from iamfix.views.who import markdown_who, show_who

    found = ask_accounts(Runner(o.options(inventory, limit, forks=forks), Telling()), action, resource)
    if form == "json":
        print_json(found)
    elif form == "markdown":
        sys.stdout.write(markdown_who(found))
    else:
        show_who(found, out())
    failed = [account for account in found["accounts"] if account["error"]]
    return 0 if not failed else 1 if len(failed) == len(found["accounts"]) else 3
