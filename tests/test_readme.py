"""What README says of the product is so."""

from __future__ import annotations

import re
from pathlib import Path

from iamfix.guards import RULES
from iamfix.kinds import KINDS

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
