"""The layers of the code: who may import whom."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

import iamfix

SOURCE = Path(iamfix.__file__).parent

FORBIDDEN = {
    "model": ("",),
    "fields": ("kinds", "plan", "world", "aws", "apply", "run", "cli", "views", "sandbox"),
    "kinds": ("plan", "world", "wanted", "aws", "apply", "journal", "run", "cli", "views", "sandbox"),
    "world": ("plan", "aws", "apply", "journal", "run", "cli", "views", "sandbox"),
    "step": ("plan", "aws", "apply", "journal", "run", "cli", "views", "sandbox"),
    "task_values": ("plan", "aws", "apply", "journal", "run", "cli", "views", "sandbox"),
    "selecting": ("plan", "aws", "apply", "journal", "run", "cli", "views", "sandbox"),
    "findings": ("plan", "aws", "apply", "journal", "run", "cli", "views", "sandbox"),
    "plan": ("aws", "apply", "journal", "run", "cli", "views", "sandbox"),
    "guards": ("aws", "apply", "journal", "run", "cli", "views", "sandbox"),
    "aws": ("plan", "world", "apply", "journal", "run", "cli", "views", "sandbox", "kinds"),
    "access": ("plan", "apply", "journal", "run", "cli", "views", "sandbox"),
    "policy": ("kinds", "fields", "plan", "world", "aws", "apply", "run", "cli", "views", "sandbox"),
    "due": ("aws", "plan", "apply", "journal", "run", "cli", "views", "sandbox"),
    "results": ("aws", "plan", "apply", "run", "cli", "views", "sandbox"),
    "apply": ("aws", "plan", "run", "cli", "views", "sandbox"),
    "options": ("kinds", "plan", "world", "aws", "apply", "journal", "run", "cli", "views", "sandbox"),
    "forks": ("kinds", "plan", "world", "aws", "apply", "journal", "run", "cli", "views", "sandbox"),
    "worlds": ("plan", "apply", "run", "waves", "cli", "views", "sandbox"),
    "waves": ("plan", "run", "cli", "views", "sandbox"),
    "views": ("aws", "plan", "apply", "run", "cli", "sandbox"),
    "forecast": ("apply", "journal", "run", "cli", "views", "sandbox"),
    "run": ("cli", "views", "sandbox"),
    "sandbox": ("kinds", "plan", "world", "aws", "apply", "run", "cli", "views", "model", "fields"),
}


def _imports(path: Path) -> set[str]:
    """Return which parts of iamfix a file imports: `iamfix.aws.reader` is `aws`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        found |= {name.split(".")[1] for name in names if name.startswith("iamfix.")}
    return found


def _files(part: str) -> list[Path]:
    """Return the files of a module or a package; there is at least one."""
    files = sorted((SOURCE / part).rglob("*.py")) if (SOURCE / part).is_dir() else [SOURCE / f"{part}.py"]
    assert files
    return files


@pytest.mark.parametrize("part", sorted(FORBIDDEN))
def test_no_module_reaches_up(part: str) -> None:
    """Lower layers do not know the upper ones."""
    for file in _files(part):
        assert _imports(file) & set(FORBIDDEN[part]) == set(), file.name


def test_no_module_imports_itself_in_a_circle() -> None:
    """What modules import when they are loaded goes one way."""
    parts = {file: file.relative_to(SOURCE).with_suffix("").parts for file in SOURCE.rglob("*.py")}
    names = {file: ".".join(("iamfix", *one)).removesuffix(".__init__") for file, one in parts.items()}
    known, graph = set(names.values()), {}
    for file, name in names.items():
        found: set[str] = set()
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
        # A package that a module lies in is loaded before it anyway.
        graph[name] = {one for one in found & known if one != name and not name.startswith(f"{one}.")}
    graphlib.TopologicalSorter(graph).prepare()


def test_only_apply_has_calls_sent() -> None:
    """The sender's methods that change AWS are called in one module."""
    users = {
        file.name
        for file in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("sender.send", "send_together"))
    }
    assert users == {"apply.py"}


def test_only_the_commands_sandbox_and_demo_know_the_sandbox() -> None:
    """The product runs without the practice AWS."""
    users = {file.name for file in SOURCE.rglob("*.py") if "sandbox" in _imports(file) and "sandbox" not in file.parts}
    assert users <= {"start.py", "demo.py"}


def test_the_core_knows_no_kind() -> None:
    """Plan, apply, world and the rest never name a kind of AWS resource."""
    for name in (
        "plan",
        "task_values",
        "findings",
        "selecting",
        "apply",
        "due",
        "results",
        "world",
        "step",
        "wanted",
        "guards",
        "rollback",
        "planfile",
        "journal",
        "run",
        "worlds",
        "waves",
        "options",
        "fields",
        "playbook",
        "inventory",
    ):
        for file in _files(name):
            assert "iam_" not in file.read_text(encoding="utf-8"), file.name


def test_help_imports_nothing_heavy() -> None:
    """`iamfix --help` is quick because it loads neither AWS nor templates nor models."""
    code = (
        "import sys; from iamfix.cli import run; run(['--help']);"
        "print([m for m in ('boto3','botocore','jinja2','pydantic','moto') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
