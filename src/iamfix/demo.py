"""The demo: each step is a command as a user would give it, run against a practice AWS on this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from iamfix.cli import run
from iamfix.model import InputError, Problem
from iamfix.sandbox import Sandbox, inventory_yaml
from iamfix.starter import starter_folder


def tell() -> None:
    """Tell the story. Raises InputError when a step ends otherwise than it must."""
    playbooks = starter_folder("playbooks")
    assert playbooks is not None
    with tempfile.TemporaryDirectory(prefix="iamfix-demo-") as folder, Sandbox(layout="practice") as practice:
        here = Path(folder)
        inventory = here / "sandbox.yml"
        inventory.write_text(inventory_yaml(), encoding="utf-8")
        common = ["-i", str(inventory)]
        journal = ["--journal", str(here / "journal")]
        baseline = str(playbooks / "baseline.yml")
        with _environment(practice.environment()):
            _say("An organization of five accounts, untidy as real ones are. What would the baseline change?")
            _step(["plan", baseline, *common, "-o", str(here / "plan.json")], 0)
            _say("Reviewed. Apply exactly that plan.")
            _step(["apply", str(here / "plan.json"), *common, *journal, "--auto-approve"], 0)
            _say("Nothing is left to do.")
            _step(["plan", baseline, *common, "-t", "passwords,groups,boundaries", "--detailed-exitcode"], 0)
            _say("Somebody changes things by hand in payments-prod ...")
            iam = practice.client("iam", "222222222222")
            iam.delete_account_password_policy()
            iam.detach_group_policy(GroupName="Developers", PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess")
            _say("... and drift finds it (exit code 2), and puts it right.")
            _step(["drift", baseline, *common, *journal, "-t", "passwords,groups", "-e", "enforce=groups"], 2)
            _step(["drift", baseline, *common, *journal, "-t", "passwords,groups", "-e", "enforce=groups", "--fix"], 0)
            _say("Every run is in the journal, and can be taken back.")
            _step(["runs", *journal], 0)
            _step(["rollback", "latest", *common, *journal, "--auto-approve"], 0)


def _step(arguments: list[str], expected: int) -> None:
    shown = " ".join(Path(one).name if one.startswith("/") else one for one in arguments)
    typer.secho(f"\n$ iamfix {shown}", bold=True)
    code = run(arguments)
    if code != expected:
        raise InputError(Problem("error", "demo", f"`iamfix {shown}` ended with {code}, not {expected}"))


def _say(text: str) -> None:
    typer.secho(f"\n# {text}", fg="cyan")


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Point boto3 at the practice AWS, for the time of the story."""
    before = {name: os.environ.get(name) for name in (*variables, "AWS_PROFILE", "AWS_SESSION_TOKEN")}
    os.environ.update(variables)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
