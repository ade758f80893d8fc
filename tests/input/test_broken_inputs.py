"""Broken playbooks, inventories, templates and plans: each is explained with its place, none ends in a traceback."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from iamfix.cli import run
from iamfix.model import InputError
from iamfix.options import Options
from iamfix.planfile import to_json
from iamfix.run import Runner
from iamfix.sandbox import Sandbox, inventory_yaml
from iamfix.validate import validate
from tests.running import Project, Quiet

ROOT = Path(__file__).parents[2]
FILES = (
    "playbooks/baseline.yml", "playbooks/practices/groups.yml", "playbooks/practices/boundaries.yml",
    "playbooks/practices/mfa.yml", "playbooks/practices/password-policy.yml", "inventory/accounts.yml",
    "templates/policies/app-boundary.json.j2", "templates/policies/deny-without-mfa.json.j2",
)  # fmt: skip


def _drop_line(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    del lines[chance.randrange(len(lines))]
    return "\n".join(lines)


def _indent(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    number = chance.randrange(len(lines))
    lines[number] = chance.choice(("   ", "\t", " ")) + lines[number]
    return "\n".join(lines)


def _twice(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    number = chance.randrange(len(lines))
    return "\n".join([*lines[:number], lines[number], *lines[number:]])


def _cut(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(len(text))]


def _noise(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    return (
        text[:at]
        + chance.choice(("\x00", "{{", "}}", ": :", "[", "*a", "&a", "\u202e", "'", '"', "!!x ", "%"))
        + text[at:]
    )


def _swap(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    one, two = chance.randrange(len(words)), chance.randrange(len(words))
    words[one], words[two] = words[two], words[one]
    return " ".join(words)


def _deep(text: str, chance: random.Random) -> str:
    return text + "\n- " + "[" * chance.choice((50, 500, 5000))


def _wrong_type(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    number = chance.choice([n for n, line in enumerate(lines) if ":" in line])
    lines[number] = lines[number].partition(":")[0] + ": " + chance.choice(("7", "[]", "{}", "null", "true", "x: y"))
    return "\n".join(lines)


MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    _drop_line, _indent, _twice, _cut, _noise, _swap, _deep, _wrong_type,
)  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    for part in ("playbooks", "templates", "inventory"):
        shutil.copytree(ROOT / part, folder / part)
    return folder


def _explained(check: Callable[[], object]) -> bool:
    """Tell whether the input was refused; whatever refuses it says where and what."""
    try:
        check()
    except InputError as error:
        problems = error.problems
    else:
        return False
    assert problems
    assert all(problem.where and problem.summary for problem in problems)
    return True


def test_mutated_projects_load_or_are_explained(project: Path) -> None:
    """Of 300 mutations of the shipped files, each is either still right or explained; most are not right any more."""
    refused = 0
    for seed in range(300):
        chance = random.Random(seed)
        file = project / FILES[seed % len(FILES)]
        text = file.read_text(encoding="utf-8")
        file.write_text(MUTATIONS[seed % len(MUTATIONS)](text, chance), encoding="utf-8")
        try:
            options = Options(inventory=project / "inventory")
            whole = file if file.parent.name == "practices" else project / "playbooks/baseline.yml"
            refused += _explained(lambda whole=whole, options=options: validate([whole], options))
        finally:
            file.write_text(text, encoding="utf-8")
    assert refused > 150


def test_random_bytes_are_explained(project: Path) -> None:
    """What is no text at all is refused with its file."""
    file = project / "playbooks/practices/mfa.yml"
    text = file.read_bytes()
    for seed in range(20):
        file.write_bytes(random.Random(seed).randbytes(200) + b"\xff")
        options = Options(inventory=project / "inventory")
        assert _explained(lambda options=options: validate([project / "playbooks/baseline.yml"], options))
    file.write_bytes(text)


def test_mutated_plans_load_or_are_explained(bare: Sandbox, tmp_path: Path) -> None:
    """A plan file that was touched in any way is refused."""
    project = Project(tmp_path)
    text = json.dumps(to_json(project.plan({"iam_group": {"name": "Ops"}})), indent=1)
    path = tmp_path / "plan.json"
    refused = 0
    for seed in range(100):
        mutated = MUTATIONS[seed % len(MUTATIONS)](text, random.Random(seed))
        path.write_text(mutated, encoding="utf-8")
        runner = Runner(Options(inventory=project.inventory), Quiet())
        explained = _explained(lambda runner=runner: runner.saved(path))
        assert explained or json.loads(mutated) == json.loads(text)
        refused += explained
    assert refused > 50


ALIASES = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a playbook is a list of plays"),
        ("- accounts: all\n  tasks:\n    - iam_group: {name: A, nmae: B}\n", "bad.yml:3:28"),
        ("- accounts: all\n  tasks:\n    - iam_group: {name: A}\n      iam_user: {name: B}\n", "needs one kind"),
        ("- accounts: all\n  tasks:\n    - iam_group: {name: '{{ x'}\n", "bad.yml:3:25"),
        ("- accounts: all\n  tasks:\n    - iam_group: {name: '{{ x }}'}\n", "'x' is undefined"),
        (
            "- accounts: all\n  vars: {a: '{{ b }}', b: '{{ a }}'}\n  tasks: [{iam_group: {name: '{{ a }}'}}]\n",
            "circle",
        ),
        ("- accounts: all\n  tasks: [{iam_group: {name: \"{{ 'a' * 10**9 }}\"}}]\n", "** is not allowed"),
        ("- accounts: all\n  tasks: [{iam_group: {name: \"{{ ''.__class__.__mro__ }}\"}}]\n", "unsafe"),
        (
            "- accounts: all\n  tasks: [{iam_managed_policy: {name: A, policy: \"{{ template('../../x') }}\"}}]\n",
            "no such template",
        ),
        ("- accounts: all\n  tasks: [{iam_managed_policy: {name: A, policy: '{'}}]\n", "policy"),
        ("- accounts: all\n  accounts: prod\n  tasks: []\n", "given twice"),
        ("- accounts: all\n  tasks: [{iam_role: {name: A, max_session_duration: '3600'}}]\n", "without quotes"),
        ("- accounts: all\n  tasks: [{include_tasks: nowhere.yml}]\n", "there is no file"),
        (
            "- accounts: all\n  tasks: [{check: {kind: iam_usr, select: 'true', message: m}}]\n",
            "did you mean 'iam_user'?",
        ),
        (ALIASES, "unfolds"),
    ],
)
def test_mistakes_are_told_with_place_and_hint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    """Each exits 1 and says what is wrong where."""
    (tmp_path / "sandbox.yml").write_text(inventory_yaml(), encoding="utf-8")
    (tmp_path / "bad.yml").write_text(text, encoding="utf-8")
    assert run(["validate", str(tmp_path / "bad.yml"), "-i", str(tmp_path / "sandbox.yml")]) == 1
    told = capsys.readouterr().err.replace("\n", " ")
    assert words in told
    assert "bad.yml" in told or "template" in told
    assert "Traceback" not in told
    assert "defect" not in told
