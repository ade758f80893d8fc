"""What goes wrong, explained: one handler for all commands; a traceback goes into a file, never to the screen."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer

from iamfix.model import IamfixError, InputError, Problem


def explained(command: Callable[[], Any]) -> int:
    """Run a command; return its exit code, having said on stderr what went wrong."""
    try:
        result = command()
    except InputError as error:
        _tell(error)
        return 1
    except IamfixError as error:
        _say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        # Whoever read our output has seen enough, and an apply has not begun; keep Python from complaining at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - whatever it is, no traceback reaches a user
        return _other(error)
    if result == 130:  # Typer's word for an interrupt, and that of a run that was stopped
        return _interrupted()
    return result if isinstance(result, int) else 0


def _interrupted() -> int:
    _say("Interrupted.")
    return 130


def _other(error: Exception) -> int:
    # Typer brings its own copy of click's errors; both kinds tell themselves by these names.
    name = type(error).__name__
    if name == "Exit":
        return int(getattr(error, "exit_code", 0))
    if name == "SandboxUnavailableError":  # told by name: the product does not import the sandbox
        _say(f"error: {error}")
        return 1
    if name == "Abort" and isinstance(error.__context__, KeyboardInterrupt):
        return _interrupted()
    if name == "Abort":
        _say("Aborted.")
        return 1
    if hasattr(error, "format_message"):
        return _usage(name, error.format_message(), getattr(error, "ctx", None))
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else "the output cannot be written: "
        _say(f"error: {where}{error.strerror}")
        if not error.filename:
            # What is left in the buffer must not fail again when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    path = Path(tempfile.mkdtemp(prefix="iamfix-")) / "defect.log"
    path.write_text(traceback.format_exc(), encoding="utf-8")
    _say(f"error: this is a defect of iamfix, not of your input ({name}). The details are in {path}")
    return 1


def _usage(name: str, message: str, context: Any) -> int:
    """Explain wrong usage."""
    if name == "NoArgsIsHelpError":  # nothing was asked for: the message is the help
        _say(message)
        return 1
    _say(f"error: {message.replace(': Value error, ', ': ')}")
    if context is not None:
        _say(f"hint: `{context.command_path} --help` shows what it takes")
    return 1


def _tell(error: InputError) -> None:
    tell(error.problems)
    if len(error.problems) > 1:
        _say(f"{len(error.problems)} problems.")


def tell(problems: Sequence[Problem]) -> None:
    """Print problems on stderr: what is wrong, where, and what to do about it."""
    if not problems:
        return
    from rich.console import Console

    from iamfix.planfile import problem_json
    from iamfix.views.text import print_problem

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for problem in problems:
        print_problem(problem_json(problem), console)


def _say(text: str) -> None:
    typer.echo(text, err=True)
