"""The journal of runs: a line before each call and one after, on disk before the call is sent.

One file a run, `<folder>/<run id>.jsonl`. The first line holds the whole plan, so that a run can be shown and taken
back whatever happened to it. No secret is ever written.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from iamfix.model import Call, InputError, JournalError, Json, Plan, Problem
from iamfix.planfile import call_json, to_json


def new_run_id(now: datetime) -> str:
    """Return a name for a run that sorts by time (UTC, to the millisecond): `20261124T093000-250-1f3a`."""
    return f"{now:%Y%m%dT%H%M%S}-{now.microsecond // 1000:03}-{secrets.token_hex(2)}"


class Journal:
    """One run's journal, open for writing."""

    def __init__(self, folder: Path, run: str) -> None:
        self.run, self.path = run, folder / f"{run}.jsonl"
        self._lock = threading.Lock()
        self._number = 0
        self.broken = ""
        """Why nothing more can be written; empty while all is well."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            problem = Problem("error", str(folder), f"the journal cannot be written: {error.strerror}", "--journal DIR")
            raise InputError(problem) from None
        self._file = os.fdopen(descriptor, "w", encoding="utf-8")

    def begin(self, plan: Plan, what: str, now: datetime, overrides: tuple[str, ...]) -> None:
        """Write down the plan. Raises JournalError: then nothing may be sent."""
        line = {"event": "run", "run": self.run, "at": _time(now), "what": what, "overrides": list(overrides)}
        self._write({**line, "plan": to_json(plan)}, sync=True)
        self._check()

    def account(self, account: str, state: str, now: datetime, detail: str = "") -> None:
        self._write({"event": "account", "at": _time(now), "account": account, "state": state, "detail": detail})

    def before(self, account: str, address: str, call: Call, now: datetime) -> int:
        """Write down a call that is about to be sent; returns its number. Raises JournalError: then do not send it."""
        with self._lock:
            self._number += 1
            number = self._number
        line = {"event": "call", "n": number, "at": _time(now), "account": account, "address": address}
        self._write({**line, "call": call_json(call)}, sync=True)
        self._check()
        return number

    def accepted(self, account: str, call: Call, ask: Mapping[str, Any], now: datetime) -> None:
        """Write down by what to ask after a call with which AWS goes on in the background."""
        line = {"event": "accepted", "at": _time(now), "account": account, "operation": call.operation}
        self._write({**line, "ask": dict(ask)}, sync=True)

    def after(self, number: int, now: datetime, error: str | None, attempts: int, already: bool) -> None:
        line = {"event": "result", "n": number, "at": _time(now), "ok": error is None, "error": error}
        self._write({**line, "attempts": attempts, "already": already})

    def end(self, state: str, now: datetime) -> None:
        self._write({"event": "end", "at": _time(now), "state": state}, sync=True)
        try:
            self._file.close()
        except OSError as error:
            self.broken = self.broken or str(error.strerror)

    def keep_secret(self, name: str, value: str) -> Path:
        """Put a generated secret where only the caller can read it; returns the file. Raises JournalError."""
        folder = self.path.with_suffix(".secrets")
        path = folder / "".join(letter if letter.isalnum() or letter in "-_.@" else "_" for letter in name)
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(value + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise JournalError(f"{path}: the secret cannot be kept, so it was not made: {error.strerror}") from None
        return path

    def _write(self, line: Mapping[str, Json], *, sync: bool = False) -> None:
        """Write a line. After one that failed no other is written: a journal may end in half a line, not hold one."""
        with self._lock:
            if self.broken:
                return
            try:
                self._file.write(json.dumps(line, separators=(",", ":"), default=str) + "\n")
                self._file.flush()
                if sync:
                    os.fsync(self._file.fileno())
            except OSError as error:
                self.broken = str(error.strerror)

    def _check(self) -> None:
        if self.broken:
            raise JournalError(f"{self.path}: the journal cannot be written: {self.broken}")


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its journal tells it."""

    id: str
    at: str
    what: str
    state: str
    """`done`, `failed`, `interrupted`; `killed` when it has no end."""
    plan: Mapping[str, Any]
    accounts: Mapping[str, str]
    attempted: Mapping[str, frozenset[str]]
    """Addresses of which a call was about to be sent, by account."""
    calls: tuple[Mapping[str, Any], ...]
    """Each call with its result: n, at, account, address, call, ok (None: not known), error, attempts."""
    overrides: tuple[str, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)
    """Why an account failed, was refused or skipped."""
    accepted: tuple[Mapping[str, Any], ...] = ()
    """Calls with which AWS went on in the background: at, account, operation, ask."""


def runs(folder: Path) -> Iterator[Run]:
    """Yield the runs of a folder, newest first; a journal that cannot be read is left out."""
    for path in sorted(folder.glob("*.jsonl"), reverse=True):
        try:
            yield read_run(folder, path.stem)
        except JournalError:
            continue


def read_run(folder: Path, run: str) -> Run:
    """Read a run's journal. `latest` is the newest run; the beginning of an id is enough. Raises JournalError."""
    if run == "latest":
        newest = max(folder.glob("*.jsonl"), default=None)
        if newest is None:
            raise JournalError(f"there are no runs in {folder}")
        run = newest.stem
    elif run and not (folder / f"{run}.jsonl").is_file():
        begun = [one.stem for one in sorted(folder.glob("*.jsonl")) if one.stem.startswith(run)]
        if len(begun) > 1:
            raise JournalError(f"{len(begun)} runs begin with {run!r}: {', '.join(begun[-4:])}")
        run = begun[0] if begun else run
    path = folder / f"{run}.jsonl"
    try:
        return _read(folder, path, run)
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise JournalError(f"{path} is no journal of iamfix, or damaged: {type(error).__name__}: {error}") from None


def _read(folder: Path, path: Path, run: str) -> Run:
    if path.parent != folder or not path.is_file():
        raise JournalError(f"there is no run {run!r} in {folder}; `iamfix runs` lists them")
    lines = list(_lines(path))
    if not lines or lines[0].get("event") != "run":
        raise JournalError(f"{path} does not begin as a journal does")
    accounts: dict[str, str] = {}
    why: dict[str, str] = {}
    attempted: dict[str, set[str]] = {}
    calls: dict[int, dict[str, Any]] = {}
    accepted = [line for line in lines if line["event"] == "accepted"]
    state = "killed"
    for line in lines[1:]:
        match line["event"]:
            case "account":
                accounts[line["account"]] = line["state"]
                why[line["account"]] = line.get("detail", "")
            case "call":
                attempted.setdefault(line["account"], set()).add(line["address"])
                calls[line["n"]] = {**line, "ok": None, "error": None, "attempts": 0}
            case "result":
                calls[line["n"]] |= {key: line[key] for key in ("ok", "error", "attempts")}
            case "end":
                state = line["state"]
    first = lines[0]
    return Run(
        id=run, at=first["at"], what=first["what"], state=state, plan=first["plan"], accounts=accounts,
        attempted={name: frozenset(found) for name, found in attempted.items()},
        calls=tuple(calls[number] for number in sorted(calls)), overrides=tuple(first["overrides"]),
        why={name: reason for name, reason in why.items() if reason}, accepted=tuple(accepted),
    )  # fmt: skip


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the whole lines; a run that was killed may have left half a line at the end."""
    text = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(text):
        try:
            yield json.loads(line)
        except ValueError:
            if number < len(text) - 1:
                raise JournalError(f"{path}: line {number + 1} is damaged") from None


def _time(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
