"""Commands to begin with: a starter project, a practice AWS, and the whole story on it."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Annotated

import typer

from iamfix.cli import options as o


def init(folder: Annotated[Path, typer.Argument(help="Where to write it; made when missing.")] = Path()) -> None:
    """Write a starter project; never overwrites a file.

    It has playbooks, templates and a sample inventory.

    Example: iamfix init my-accounts
    """
    from iamfix.model import InputError, Problem
    from iamfix.starter import PARTS, starter_folder
    from iamfix.views.wording import count

    written, kept = 0, []
    for part in PARTS:
        source = starter_folder(part)
        if source is None:
            raise InputError(Problem("error", part, "this installation has no starter project", "install iamfix again"))
        for file in sorted(one for one in source.rglob("*") if one.is_file()):
            target = folder / part / file.relative_to(source)
            if target.exists():
                kept.append(str(target))
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            written += 1
    for name in kept:
        typer.echo(f"left alone: {name}")
    where = "this folder" if folder == Path() else f"{folder}/"
    typer.echo(f"{count(written, 'file')} written to {where}")
    there = "" if folder == Path() else f"cd {folder}, "
    typer.echo(f"Next: {there}edit inventory/accounts.yml, then: iamfix plan playbooks/baseline.yml")


def sandbox(
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    out: o.Out = None,
    delay: Annotated[float, typer.Option("--delay", min=0, help="Seconds for which changes may be unseen.")] = 0.0,
    throttle: Annotated[float, typer.Option("--throttle", min=0, max=0.9, help="Share of calls refused.")] = 0.0,
    latency: Annotated[float, typer.Option("--latency", min=0, help="Seconds each call takes.")] = 0.0,
) -> None:
    """Serve a practice AWS on this machine.

    It is an organization as untidy as real ones. Ctrl-C ends it.

    Example: iamfix sandbox --port 4599 -o sandbox.yml
    """
    from iamfix.sandbox import Sandbox, inventory_yaml

    with Sandbox(port=port, layout="practice") as practice:
        practice.consistency_delay = delay
        practice.faults.throttle = throttle
        practice.faults.latency = latency
        typer.echo("# A practice AWS is listening. In another terminal:")
        for name, value in practice.environment().items():
            typer.echo(f"export {name}={value}")
        if out is None:
            typer.echo("# The inventory to use, e.g. as sandbox.yml (or start with -o sandbox.yml):")
            typer.echo(inventory_yaml())
        else:
            out.write_text(inventory_yaml(), encoding="utf-8")
            typer.echo(f"# Then: iamfix plan playbooks/baseline.yml -i {out}")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            typer.echo("Ended; what was in it is gone.", err=True)


def demo() -> None:
    """The whole story on a practice AWS, in half a minute.

    Messy accounts, plan, apply, drift, rollback: as a terminal shows them.

    Example: iamfix demo
    """
    from iamfix.demo import tell

    tell()
