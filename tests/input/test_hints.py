"""Mistakes that people make: each with its place, and the word or file that was probably meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iamfix.cli import run as iamfix
from iamfix.yamlfile import nearest

TASK = "- accounts: all\n  tasks:\n  - "
TRUST = "assume_role_policy_document: \"{{ template('%s') }}\""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    inventory = {"all": {"accounts": {"one": {"id": "111111111111"}}, "vars": {"s3cret": "hunter2"}}}
    files = {
        "inv.yml": json.dumps(inventory), "practices/mfa.yml": "- iam_group: {name: g}\n",
        "templates/trust.json.j2": "{}", "templates/broken.json.j2": '{\n"a": {{ account_nam }}\n}',
        "templates/filter.json.j2": '{\n"a": "{{ account_id | uper }}"\n}',
        "templates/open.json.j2": '{"a": {{ account_id }',
        "templates/secret.json.j2": '{\n"a": {{ s3cret }}\n}', "templates/comma.json.j2": '{\n"a": 1,\n}',
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("playbook", "place", "said", "hint"),
    [
        (TASK + "rol: {name: x}", "3:5", "unknown kind or keyword 'rol'", "did you mean 'iam_role'?"),
        (TASK + "iam_rol: {name: x}", "3:5", "unknown kind or keyword 'iam_rol'", "did you mean 'iam_role'?"),
        (TASK + "iam_role: {nmae: x}", "3:16", "iam_role has no field 'nmae'", "did you mean 'name'?"),
        (TASK + "iam_group: {name: x}\n    wehn: 1", "4:5", "unknown kind or keyword 'wehn'", "did you mean 'when'?"),
        ("- import_playbok: practices/mfa.yml", "1:3", "unknown key 'import_playbok'", "mean 'import_playbook'?"),
        (TASK + "include_tasks: mfa.yml", "3:20", "there is no file mfa.yml", "did you mean 'practices/mfa.yml'?"),
        (TASK + "include_tasks: practice/mfa.yml", "3:20", "no file practice/mfa.yml", "mean 'practices/mfa.yml'?"),
        (TASK + "iam_group: {name: \"{{ 'x' | uper }}\"}", "3:23", "No filter named 'uper'", "did you mean 'upper'?"),
        (TASK + "iam_group: {name: x}\n    when: x is defned", "4:11", "No test named 'defned'", "mean 'defined'?"),
        (TASK + 'iam_group: {name: "{{ x "}', "3:23", "unexpected end of template", "each {{ needs its }}"),
        (TASK + 'iam_group: {name: "{{ account_nam }}"}', "3:23", "'account_nam' is undefined", "mean 'account_name'?"),
        (TASK + f"iam_role: {{name: x, {TRUST % 'trst.json.j2'}}}", "3:54", "no such template", "'trust.json.j2'?"),
        (TASK + f"iam_role: {{name: x, {TRUST % 'broken.json.j2'}}}", "templates/broken.json.j2:2",
         "'account_nam' is undefined", "mean 'account_name'?"),
        (TASK + f"iam_role: {{name: x, {TRUST % 'filter.json.j2'}}}", "templates/filter.json.j2:2",
         "No filter named 'uper'", "did you mean 'upper'?"),
        (TASK + f"iam_role: {{name: x, {TRUST % 'open.json.j2'}}}", "templates/open.json.j2:1",
         "unexpected '}'", "each {{ needs its }}"),
        (TASK + f"iam_role: {{name: x, {TRUST % 'comma.json.j2'}}}", "templates/comma.json.j2:3",
         "it yields no JSON", "the line: }"),
        (TASK + f"iam_role: {{name: x, {TRUST % 'secret.json.j2'}}}", "templates/secret.json.j2:2",
         "it yields no JSON", "what its expressions give is no JSON here"),
        (TASK + "iam_group: {name: x}\n   when: true", "4:4", "not YAML", "look at the indentation here and above"),
    ],
)  # fmt: skip
def test_a_mistake_has_its_place_and_what_was_meant(
    here: Path, capsys: pytest.CaptureFixture[str], playbook: str, place: str, said: str, hint: str
) -> None:
    """Misspelt kinds, fields, keywords, files, filters, tests, variables, and templates that yield no JSON."""
    (here / "p.yml").write_text(playbook, encoding="utf-8")
    assert iamfix(["validate", "p.yml", "-i", "inv.yml"]) == 1
    told = capsys.readouterr().err
    assert (place if "/" in place else f"p.yml:{place}:") in told
    assert said in told
    assert hint in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("rol", "did you mean 'iam_role'?"),
        ("bucket", "did you mean 's3_bucket'?"),
        ("is", "one of: iam_role, s3_bucket"),
    ],
)
def test_a_part_of_a_word_is_a_hint(word: str, hint: str) -> None:
    """Who leaves out the service's name is told it; two letters tell nothing."""
    assert nearest(word, ["s3_bucket", "iam_role"]) == hint
