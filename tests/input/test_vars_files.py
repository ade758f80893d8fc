"""Variables of a play from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from iamfix.kinds import KINDS
from iamfix.model import Account, InputError, Place
from iamfix.options import Options
from iamfix.playbook import Playbooks, load_playbooks
from iamfix.render import Renderer
from iamfix.validate import validate

PLAY = """\
- accounts: all
  vars: {group: Admins, path: /a/}
  vars_files: %s
  tasks:
    - iam_group: {name: "{{ group }}", path: "{{ path }}"}
"""


def _load(folder: Path, files: str, **contents: str) -> Playbooks:
    (folder / "vars").mkdir(exist_ok=True)
    for name, text in contents.items():
        (folder / "vars" / f"{name}.yml").write_text(text, encoding="utf-8")
    book = folder / "playbook.yml"
    book.write_text(PLAY % files, encoding="utf-8")
    return load_playbooks([book], KINDS)


def _problem(folder: Path, files: str, **contents: str) -> tuple[str, str, str]:
    with pytest.raises(InputError) as refused:
        _load(folder, files, **contents)
    (problem,) = refused.value.problems
    return problem.where.removeprefix(f"{folder}/"), problem.summary.replace(f"{folder}/", ""), problem.hint


def test_files_win_over_vars_and_later_over_earlier(tmp_path: Path) -> None:
    """As in Ansible: the play's own variables come first, then each file in order."""
    books = _load(tmp_path, "[vars/one.yml, vars/two.yml]", one="group: One\nsize: 1", two="size: 2")
    assert books.plays[0].vars == {"group": "One", "path": "/a/", "size": 2}


def test_one_file_needs_no_list_and_may_be_empty(tmp_path: Path) -> None:
    """A single name is enough, and a file of comments has no variables."""
    assert _load(tmp_path, "vars/one.yml", one="# later\n").plays[0].vars == {"group": "Admins", "path": "/a/"}


def test_a_changed_file_is_another_playbook(tmp_path: Path) -> None:
    """A plan names what it was made of by digest: the variables count."""
    first = _load(tmp_path, "vars/one.yml", one="size: 1").digest
    assert _load(tmp_path, "vars/one.yml", one="size: 2").digest != first
    assert _load(tmp_path, "vars/one.yml", one="size: 1").digest == first


def test_its_variables_are_rendered_when_used(tmp_path: Path) -> None:
    """A file may name other variables; a template that fails is told by `iamfix validate`."""
    _load(tmp_path, "vars/one.yml", one='group: "{{ team }}-admins"\nteam: data')
    inventory = tmp_path / "inventory.yml"
    inventory.write_text('all: {accounts: {one: {id: "111111111111"}}}', encoding="utf-8")
    assert validate([tmp_path / "playbook.yml"], Options(inventory)) == (1, 1)
    _load(tmp_path, "vars/one.yml", one='group: "{{ teem }}-admins"\nteam: data')
    with pytest.raises(InputError, match="'teem' is undefined"):
        validate([tmp_path / "playbook.yml"], Options(inventory))


def test_a_missing_file_is_named_with_the_nearest(tmp_path: Path) -> None:
    """The mistake has its place, and the file that was meant."""
    assert _problem(tmp_path, "[vars/oen.yml]", one="a: 1") == (
        "playbook.yml:3:16", "there is no file vars/oen.yml", "did you mean 'vars/one.yml'?",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "where", "summary"),
    [
        ("- a\n- b\n", "vars/one.yml:1:1", "a file of variables is names with values"),
        ("a: 1\na: 2\n", "vars/one.yml:2:1", "the key 'a' is given twice"),
        ('a: "{{ b"\n', "vars/one.yml:1:4", "not a template"),
    ],
)
def test_mistakes_in_a_file_have_their_place_in_it(tmp_path: Path, text: str, where: str, summary: str) -> None:
    """What is wrong in a file of variables is told with that file's line."""
    place, told, _ = _problem(tmp_path, "vars/one.yml", one=text)
    assert place == where
    assert summary in told


def test_a_template_sees_what_its_caller_sees(tmp_path: Path) -> None:
    """A template file uses the play's variables, and those that it is given have the last word."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "path.txt.j2").write_text("/{{ team }}/{{ size }}/", encoding="utf-8")
    account = Account(id="111111111111", name="lab")
    scope = Renderer([tmp_path / "templates"]).scope(account, {}, None).child({"team": "{{ name }}-1", "size": 1})
    inner = scope.child({}, {"name": "data"})
    assert inner.expression("template('path.txt.j2')", Place("p")) == "/data-1/1/"
    assert inner.expression("template('path.txt.j2', size=2)", Place("p")) == "/data-1/2/"


@pytest.mark.parametrize(("given", "expected"), [("yes", True), ("True", True), ("0", False), (1, True), ([], False)])
def test_text_from_the_command_line_is_true_or_not(given: object, expected: bool) -> None:
    """`| bool` reads what `-e name=yes` gives, as in Ansible."""
    scope = Renderer([]).scope(Account(id="111111111111", name="lab"), {"given": given}, None)
    assert scope.expression("given | bool", Place("p")) is expected
