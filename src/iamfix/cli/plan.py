"""`iamfix plan` and `iamfix drift`: what would change, without changing anything."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from iamfix.cli import options as o

if TYPE_CHECKING:
    from iamfix.model import Plan


def plan(
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
    out: o.Out = None,
    form: o.Format = "text",
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 2 when there are changes.")
    ] = False,
    verbose: o.Verbose = 0,
) -> int:
    """Show what would change. Sends nothing but reads.

    Example: iamfix plan playbooks/baseline.yml -l prod -o plan.json
    """
    from iamfix.cli.console import Telling, save, show
    from iamfix.planfile import to_json
    from iamfix.run import Runner

    given = o.options(inventory, limit, tags, skip_tags, extra_vars, forks, max_changes, max_deletes, allow)
    made = Runner(given, Telling(verbose)).plan(playbooks)
    data = to_json(made)
    if out is None or str(out) != "-":
        show(data, form, verbose)
    if out is not None:
        save(data, out)
        if str(out) != "-":
            where = "" if inventory == o.INVENTORY else f" -i {shlex.quote(str(inventory))}"
            typer.echo(saved(made, f"iamfix apply {shlex.quote(str(out))}{where}"), err=True)
    return exit_code(made, data, differences=2 if detailed_exitcode else 0)


def saved(plan: Plan, command: str) -> str:
    """Return what to say of a plan that was saved: what `command`, its apply, would do."""
    from iamfix.guards import RULES

    errors = [problem for problem in plan.problems() if problem.severity == "error"]
    rules = sorted({problem.rule for problem in errors})
    if not RULES.keys() >= set(rules):
        return "Saved, to be looked at: apply refuses it because of the errors above. Mend them, and plan again."
    if errors:
        allow = " ".join(f"--allow {rule}" for rule in rules)
        return f"Saved. Apply refuses it because of the errors above, unless you override them: {command} {allow}"
    if not any(plan.changes()):
        return "Saved. There is nothing in it to apply."
    failed = sum(1 for one in plan.accounts if one.error)
    left_out = f" It leaves out what could not be planned: {failed} of {len(plan.accounts)} accounts." if failed else ""
    return f"Saved.{left_out} Apply it with: {command}"


def exit_code(plan: Plan, data: Mapping[str, Any], differences: int) -> int:
    """Return a plan's exit code: errors first, then accounts that failed, then differences."""
    if any(problem.severity == "error" for problem in plan.problems()):
        return 1
    failed = [one for one in plan.accounts if one.error or one.incomplete]
    if failed:
        return 3 if len(failed) < len(plan.accounts) or any(one.error is None for one in failed) else 1
    found = data["summary"]
    return differences if found["create"] or found["update"] or found["delete"] else 0


def drift(
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
    out: o.Out = None,
    form: o.Format = "text",
    fix: Annotated[bool, typer.Option("--fix", help="Correct what drifted, without asking.")] = False,
    verbose: o.Verbose = 0,
) -> int:
    """Find what no longer is as the playbooks say: for schedulers. Exits 2 on drift.

    Example: iamfix drift playbooks/baseline.yml --format json
    """
    from iamfix.cli.apply import carry_out
    from iamfix.cli.console import Telling, save, show
    from iamfix.drift import marked
    from iamfix.planfile import to_json
    from iamfix.run import Runner

    given = o.options(inventory, limit, tags, skip_tags, extra_vars, forks, max_changes, max_deletes, allow, journal)
    runner = Runner(given, Telling(verbose))
    made = runner.plan(playbooks)
    plain = to_json(made)
    data = marked(plain, journal)
    if out is None or str(out) != "-":
        show(data, form, verbose)
    if out is not None:
        save(plain, out)  # as planned, so that it can be applied
    if fix and data["summary"]["create"] + data["summary"]["update"] + data["summary"]["delete"]:
        return carry_out(runner, made, "drift --fix")
    return exit_code(made, data, differences=2)
