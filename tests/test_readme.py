"""What README says of the product is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from iamfix.guards import RULES
from iamfix.kinds import KINDS
from iamfix.model import Problem
from iamfix.options import Options
from iamfix.sandbox import Sandbox
from iamfix.validate import validate
from tests.running import Project, use

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_names_every_kind_and_no_other() -> None:
    """The list of kinds is that of the table."""
    section = README.partition("## Kinds\n")[2].partition("\n## ")[0].partition("Users' passwords")[0]
    assert set(re.findall(r"`([a-z0-9_]+)`", section)) == set(KINDS)


def test_it_names_every_guard_once() -> None:
    """The table of guards is that of the rules."""
    section = README.partition("## What keeps you safe\n")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)) == sorted(RULES)


def test_the_baseline_imports_every_practice_of_an_account() -> None:
    """All practices but those that are the organization's, and those that say that they are opt-in."""
    baseline = (ROOT / "playbooks" / "baseline.yml").read_text(encoding="utf-8")
    organization = (ROOT / "playbooks" / "organization.yml").read_text(encoding="utf-8")
    for file in sorted((ROOT / "playbooks" / "practices").glob("*.yml")):
        opt_in = "opt-in" in file.read_text(encoding="utf-8").partition("- name:")[0].lower()
        assert opt_in or f"practices/{file.name}" in baseline + organization, file.name


def test_the_first_playbook_plans_as_it_is(practice: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who copies it gets a plan without errors on the practice AWS, and validate has nothing to say against it."""
    use(practice, monkeypatch)
    project = Project(tmp_path)
    text = README.partition("## A first playbook")[2].partition("```yaml\n")[2].partition("```")[0]
    playbook = tmp_path / "people.yml"
    playbook.write_text(text, encoding="utf-8")
    notes: list[Problem] = []
    assert validate([playbook], Options(inventory=project.inventory), notes.append)[0] == 1
    made = project.runner().plan([playbook])
    assert [one for one in made.problems() if one.severity != "info"] == [] == notes
    assert {change.kind for change in made.changes()} == {"iam_group", "iam_managed_policy", "iam_role"}
    assert any(account.findings for account in made.accounts)


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))])
def test_its_links_lead_somewhere(page: str) -> None:
    """What a page links to is a file here."""
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).is_file()] == []
