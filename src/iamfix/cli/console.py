"""What goes where: data on stdout, progress on stderr; colour and bars only on a terminal."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from iamfix.model import InputError, Problem

if TYPE_CHECKING:
    from iamfix.model import Call


class _Out(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the one handler of all errors; rich would end the process itself."""
        raise BrokenPipeError


def out() -> Console:
    """Return the console for data. What is piped is not wrapped to a width that nobody has."""
    return _Out(highlight=False, soft_wrap=not sys.stdout.isatty())


class Telling:
    """Progress: a bar on a terminal; else a line for each account that failed."""

    def __init__(self, verbose: int = 0) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())
        self._verbose = verbose
        self._bar: Any = None
        self._job: Any = None
        self._lock = threading.Lock()

    def start(self, total: int, what: str) -> None:
        if not self._console.is_terminal or total == 0:
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._bar.start()
        self._job = self._bar.add_task({"plan": "Planning", "apply": "Applying"}.get(what, what), total=total)

    def account(self, name: str, event: str, detail: str = "") -> None:
        from iamfix.views.wording import clean

        with self._lock:
            if event == "note":
                self._console.print(clean(name), markup=False)
                return
            if event != "started" and self._bar is not None:
                self._bar.advance(self._job)
            if event in ("failed", "refused", "skipped"):
                self._console.print(f"{clean(name)}: {event}: {clean(detail)}", markup=False, style="red")
            elif self._verbose and event != "started":
                self._console.print(f"{clean(name)}: {event}", markup=False)

    def call(self, account: str, call: Call, state: str, detail: str = "") -> None:
        from iamfix.views.wording import clean

        if self._verbose and state != "sent":
            with self._lock:
                line = f"{account}: {call.service}:{call.operation}: {state} {detail}"
                self._console.print(clean(line.strip()), markup=False, style="dim")

    def finish(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def print_json(data: Any) -> None:
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def save(data: Mapping[str, Any], path: Path) -> None:
    """Save JSON where only its owner can read it; whole, or not at all."""
    if str(path) == "-":
        print_json(data)
        return
    save_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", path)


def save_text(text: str, path: Path) -> None:
    """Save text where only its owner can read it; whole, or not at all. Raises InputError."""
    # A device or a pipe is written to; it is not replaced by a file.
    special = path.exists() and not path.is_file()
    target = path if special else path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            if not special:
                target.replace(path)
        except BaseException:
            if not special:
                target.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(Problem("error", str(path), f"this file cannot be written: {error.strerror}")) from None


def show(plan: Mapping[str, Any], form: str, verbose: int = 0) -> None:
    """Print a plan's public form in one of its views."""
    if form == "json":
        print_json(plan)
    elif form == "markdown":
        from iamfix.views.markdown import markdown_plan

        sys.stdout.write(markdown_plan(plan))
    elif form == "html":
        from iamfix.views.report import render
        from iamfix.views.score import asked_in

        sys.stdout.write(render(plan, asked_in(plan), "html"))
    else:
        from iamfix.views.text import show_plan

        show_plan(plan, out(), verbose=verbose)
