"""Commands that look and tell: validate, permissions, report, inventory, doc, schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from iamfix.cli import options as o


def validate(
    playbooks: o.Playbooks,
    inventory: o.Inventory = o.INVENTORY,
    limit: o.Limit = None,
    extra_vars: o.ExtraVars = None,
) -> None:
    """Check playbooks, templates and inventory without AWS.

    Everything that needs no credentials is checked, policy documents included. What lint finds in a policy document
    that AWS would take is shown as well; only errors make it exit 1.

    Example: iamfix validate playbooks/*.yml
    """
    from iamfix.cli.errors import tell
    from iamfix.model import Problem
    from iamfix.validate import validate as check
    from iamfix.views.wording import count

    notes: list[Problem] = []
    given = o.options(inventory, limit, extra_vars=extra_vars)
    try:
        plays, accounts = check(playbooks, given, notes.append)
    finally:
        tell(notes)
    typer.echo(f"Valid: {count(plays, 'play')}, {count(accounts, 'account')}.")


def permissions(
    playbooks: o.Playbooks,
    inventory: o.Inventory = o.INVENTORY,
    limit: o.Limit = None,
    tags: o.Tags = None,
    skip_tags: o.SkipTags = None,
    extra_vars: o.ExtraVars = None,
    forks: o.Forks = 8,
    purpose: Annotated[
        Literal["plan", "apply", "rollback", "all"],
        typer.Option("--for", help="What shall run: the plan alone, its apply, its rollback, or all three."),
    ] = "apply",
    reads_only: Annotated[bool, typer.Option("--plan-only", help="The same as --for plan.")] = False,
) -> None:
    """Print the smallest IAM policy with which a plan runs.

    What is printed is enough for the plan and its apply; --for says for what else. Reads stand in the statement Look,
    changes in Change1 and so on, those that take them back in Back1 and so on.

    Example: iamfix permissions plan.json --for all
    """
    from iamfix.cli.console import Telling, print_json
    from iamfix.kinds import KINDS
    from iamfix.permissions import policy_for
    from iamfix.run import Runner

    runner = Runner(o.options(inventory, limit, tags, skip_tags, extra_vars, forks), Telling())
    saved = playbooks[0].suffix == ".json"
    plan = runner.saved(playbooks[0]) if saved else runner.plan(playbooks)
    print_json(policy_for(plan, KINDS, "plan" if reads_only else purpose))


def report(
    playbooks: o.Playbooks,
    inventory: o.Inventory = o.INVENTORY,
    limit: o.Limit = None,
    tags: o.Tags = None,
    skip_tags: o.SkipTags = None,
    extra_vars: o.ExtraVars = None,
    forks: o.Forks = 8,
    out: o.Out = None,
    form: o.Format = "text",
) -> int:
    """The scorecard: which practices hold in which accounts.

    Controls of the standards are told as well.

    Example: iamfix report playbooks/baseline.yml --format html -o report.html
    """
    import sys

    from iamfix.cli.console import Telling, save_text
    from iamfix.cli.plan import exit_code
    from iamfix.planfile import to_json
    from iamfix.run import Runner
    from iamfix.views.report import render

    runner = Runner(o.options(inventory, limit, tags, skip_tags, extra_vars, forks), Telling())
    plan = runner.plan(playbooks)
    data = to_json(plan)
    text = render(data, runner.asked, form)
    if out is None or str(out) == "-":
        sys.stdout.write(text)
    else:
        save_text(text, out)
    return exit_code(plan, data, 0)


def inventory(
    inventory: o.Inventory = o.INVENTORY,
    limit: o.Limit = None,
    form: o.DataFormat = "text",
) -> None:
    """List and draw the accounts and groups.

    Example: iamfix inventory -l prod
    """
    from iamfix.cli.console import Telling, out, print_json
    from iamfix.patterns import select_accounts
    from iamfix.run import Runner
    from iamfix.views.inventory import draw

    found = Runner(o.options(inventory, limit), Telling()).inventory()
    chosen = select_accounts(limit, found) if limit else found.accounts
    if form == "json":
        print_json(
            {
                "accounts": [
                    {"name": one.name, "id": one.id, "groups": list(one.groups), "role_arn": one.role_arn,
                     "regions": list(one.regions), "home_region": one.home_region}
                    for one in chosen
                ],
                "groups": {name: list(names) for name, names in found.groups.items()},
                "left_out": list(found.notes),
            }
        )  # fmt: skip
    else:
        draw(found, {account.name for account in chosen}, out())


def doc(kind: Annotated[str | None, typer.Argument(help="A kind; without it, all are listed.")] = None) -> None:
    """Explain a kind: its fields, with an example.

    Example: iamfix doc iam_role
    """
    from iamfix.cli.console import out
    from iamfix.kinds import KINDS
    from iamfix.model import InputError, Problem
    from iamfix.views.doc import show_kind, show_kinds
    from iamfix.yamlfile import nearest

    if kind is None:
        show_kinds(KINDS, out())
    elif kind not in KINDS:
        raise InputError(Problem("error", "doc", f"there is no kind {kind!r}", nearest(kind, KINDS)))
    else:
        show_kind(kind, KINDS[kind], out())


def schema(out: o.Out = None) -> None:
    """Print the JSON Schema of playbooks, for editors.

    Example: iamfix schema -o playbook.schema.json
    """
    from iamfix.cli.console import print_json, save
    from iamfix.kinds import KINDS
    from iamfix.schema import playbook_schema

    if out is None:
        print_json(playbook_schema(KINDS))
    else:
        save(playbook_schema(KINDS), Path(out))
