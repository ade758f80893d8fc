"""Where output goes: pipes, files, full disks, terminals; and what options mean everywhere."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from iamfix.cli import run as iamfix
from iamfix.cli.app import app
from iamfix.sandbox import Sandbox, inventory_yaml
from tests.running import command, use

BASELINE = str(Path(__file__).parents[2] / "playbooks" / "baseline.yml")
PLAN = ("plan", BASELINE, "-i", "sandbox.yml", "-l", "payments-prod")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("sandbox.yml").write_text(inventory_yaml(), encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with Sandbox(layout="practice") as sandbox:
        yield sandbox


@pytest.fixture
def aws(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A practice AWS that nobody changes here."""
    use(server, monkeypatch)
    return server


@pytest.mark.parametrize("arguments", [PLAN, (*PLAN, "--format", "json"), ("doc",), ("schema",)], ids=str)
def test_a_closed_pipe_is_the_end_without_a_word(aws: Sandbox, here: Path, arguments: tuple[str, ...]) -> None:
    """Who pipes into `head` sees no traceback; the exit code is not 0, for the output was not whole."""
    child = command(*arguments)
    assert child.stdout is not None
    child.stdout.close()
    assert child.stderr is not None
    told = child.stderr.read()
    child.stderr.close()
    assert child.wait(30) == 1
    assert told == ""


def test_an_apply_whose_plan_nobody_can_see_is_not_begun(aws: Sandbox, here: Path) -> None:
    """When the plan cannot be shown, nothing is applied."""
    before = len(aws.log.mutating())
    child = command("apply", *PLAN[1:], "--auto-approve")
    assert child.stdout is not None
    child.stdout.close()
    assert child.wait(30) == 1
    child.communicate()
    assert len(aws.log.mutating()) == before


@pytest.mark.parametrize("arguments", [("doc",), ("schema",), PLAN], ids=str)
def test_a_full_disk_behind_stdout_is_said(aws: Sandbox, here: Path, arguments: tuple[str, ...]) -> None:
    """What cannot be written is an error with its reason."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "iamfix", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "error: the output cannot be written: No space left on device\n"


def test_what_is_saved_is_saved_whole_or_said(aws: Sandbox, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors name the file that was asked for; nothing half is left behind; devices are written to, not replaced."""
    for arguments in (PLAN, ("report", *PLAN[1:]), ("schema",)):
        assert iamfix([*arguments, "-o", "missing/x.json"]) == 1
        assert "missing/x.json: this file cannot be written: No such file or directory" in capsys.readouterr().err
    os.mkfifo("pipe")
    with tempfile.TemporaryFile() as read:
        reader = subprocess.Popen(["cat", "pipe"], stdout=read)
        assert iamfix([*PLAN, "-o", "pipe"]) == 0
        assert reader.wait(timeout=20) == 0
        read.seek(0)
        assert json.load(read)["format_version"] == "1.0"
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)
    assert {one.name for one in here.iterdir()} == {"sandbox.yml", "pipe"}


@pytest.mark.parametrize("what", ["plan", "drift", "report", "schema"])
def test_dash_is_stdout_and_nothing_else_is_on_it(
    aws: Sandbox, here: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    """`-o -` prints just the data, whatever else is told goes to stderr."""
    arguments = {"schema": ["schema"], "report": ["report", *PLAN[1:], "--format", "json"]}.get(what, [what, *PLAN[1:]])
    assert iamfix([*arguments, "-o", "-"]) in (0, 2)
    json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("no_color", [False, True])
def test_colours_and_bars_are_for_terminals_that_want_them(
    aws: Sandbox, here: Path, monkeypatch: pytest.MonkeyPatch, no_color: bool
) -> None:
    """On a terminal there are colours, unless NO_COLOR says no; in a pipe there are neither colours nor bars."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    line = " ".join([sys.executable, "-m", "iamfix", *PLAN])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    shown = subprocess.run(
        ["script", "-qec", line, "/dev/null"], capture_output=True, text=True, env=environment, check=True
    )
    colours = re.findall(r"\x1b\[(?:3|9)\d(?:;\d+)*m", shown.stdout)
    assert bool(colours) is not no_color
    piped = command(*PLAN)
    out, told = piped.communicate(timeout=30)
    assert "\x1b" not in out + told
    assert "Planning" not in told


FORMATS = {
    ("plan", *PLAN[1:]): {"text", "json", "markdown", "html"},
    ("drift", *PLAN[1:]): {"text", "json", "markdown", "html"},
    ("report", *PLAN[1:]): {"text", "json", "markdown", "html"},
    ("runs",): {"text", "json"},
    ("inventory", "-i", "sandbox.yml"): {"text", "json"},
}


@pytest.mark.parametrize("arguments", FORMATS, ids=lambda arguments: arguments[0])
def test_every_form_is_what_it_says_or_refused(
    aws: Sandbox, here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """`--format` prints that form; a form that a command has not is an error that names those it has."""
    for form in ("text", "json", "markdown", "html", "xml"):
        code = iamfix([*arguments, "--format", form])
        got = capsys.readouterr()
        if form not in FORMATS[arguments]:
            assert code == 1
            assert "is not one of 'text', 'json'" in got.err
            assert "Value error" not in got.err
            continue
        assert code in (0, 2)
        if form == "json":
            json.loads(got.out)
        elif form == "html":
            assert got.out.startswith("<!doctype html>")
        elif form == "markdown":
            assert "|---" in got.out


def test_one_option_means_one_thing_everywhere() -> None:
    """An option has the same short name, type and meaning in all commands that have it."""
    import typer

    seen: dict[str, dict[str, str]] = {}
    for command_name, one in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        for option in one.params:
            if option.param_type_name == "option" and option.name != "help":
                facts = f"{sorted(option.opts)} {option.multiple}"
                if option.name not in (
                    "form",
                    "detailed_exitcode",
                ):  # what they offer, and what differs, is the command's
                    facts += f" {option.help}"
                seen.setdefault(option.name, {})[command_name] = facts
    assert {"inventory", "limit", "forks", "form", "out", "auto_approve", "journal"} <= seen.keys()
    for name, uses in seen.items():
        assert len(set(uses.values())) == 1, f"{name} differs: {uses}"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [(["plan", "--limt", "x"], "--limit"), (["aply"], "apply"), (["plan", BASELINE, "--forks", "0"], "--forks")],
)
def test_wrong_options_come_with_a_hint(arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest right word, and where to read on; exit code 1, never 2."""
    assert iamfix(arguments) == 1
    told = capsys.readouterr().err
    assert hint in told
    assert "--help` shows what it takes" in told
