"""How tasks run: includes, imports, conditions, loops, tags and variables, each seen in the groups that are planned."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from iamfix.aws.model import faults
from iamfix.kinds import KINDS
from iamfix.model import Account, InputError, Problem
from iamfix.plan import Choice, Fold
from iamfix.playbook import load_playbooks
from iamfix.render import Renderer
from tests.direct import Direct

TAGGED = {
    "p.yml": """
        - accounts: all
          tags: play
          tasks:
            - iam_group: {name: plain}
            - {iam_group: {name: tagged}, tags: a}
            - {include_tasks: t.yml, tags: [b]}
            - {iam_group: {name: seldom}, tags: never}
            - {iam_group: {name: ever}, tags: [always]}
        """,
    "t.yml": """
        - iam_group: {name: inner}
        - {iam_group: {name: both}, tags: [a]}
        """,
}


def fold(folder: Path, files: Mapping[str, str], **more: Any) -> Fold:
    """Plan p.yml of these files for one account whose AWS is empty but for the groups `old1` and `old2`."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
    account = Account(id="111111111111", name="lab", vars=more.get("account_vars", {}))
    direct = Direct(account)
    for name in ("old1", "old2"):
        direct.get("iam", "create_group", GroupName=name)
    loaded = load_playbooks([folder / "p.yml"], KINDS)
    world = direct.world()
    scope = Renderer(loaded.template_roots).scope(account, more.get("extra", {}), world)
    planning = Fold(world, scope, faults, Choice(more.get("tags", ()), more.get("skip", ())))
    for number, play in enumerate(loaded.plays):
        planning.run(number, play)
    return planning


def groups(folder: Path, files: Mapping[str, str], **more: Any) -> list[str]:
    """The names of the planned changes, in order."""
    done = fold(folder, files, **more)
    assert done.problems == []
    return [change.name for change in done.changes]


def problems(folder: Path, tasks: str, **files: str) -> list[Problem]:
    """What is wrong with the tasks of one play, when read or when planned."""
    text = "- accounts: all\n  tasks:\n" + textwrap.indent(textwrap.dedent(tasks).strip(), "    ") + "\n"
    try:
        return fold(folder, {"p.yml": text, **files}).problems
    except InputError as error:
        return list(error.problems)


def test_includes_nest_with_their_variables_and_paths(tmp_path: Path) -> None:
    """A file is looked for beside the one that includes it; what an include sets, all below it see."""
    files = {
        "p.yml": "- accounts: all\n  tasks: [{include_tasks: sub/a.yml, vars: {x: one, y: two}}]\n",
        "sub/a.yml": "- iam_group: {name: 'a-{{ x }}'}\n- {include_tasks: deep/b.yml, vars: {x: inner}}\n",
        "sub/deep/b.yml": "- iam_group: {name: 'b-{{ x }}-{{ y }}'}\n- include_tasks: ../c.yml\n",
        "sub/c.yml": "- {iam_group: {name: 'c-{{ x }}-{{ z }}'}, vars: {z: '{{ y }}_'}, when: \"y == 'two'\"}\n",
    }
    done = fold(tmp_path, files)
    assert [change.name for change in done.changes] == ["a-one", "b-inner-two", "c-inner-two_"]
    assert done.problems == []


def test_includes_run_once_for_each_item(tmp_path: Path) -> None:
    """A loop over an include runs all its tasks for each item, in order; an inner loop has an `item` of its own."""
    files = {
        "p.yml": "- accounts: all\n  tasks: [{include_tasks: t.yml, loop: [a, b], when: \"item != 'c'\"}]\n",
        "t.yml": """
            - iam_group: {name: '{{ item }}-x'}
            - {iam_group: {name: '{{ outer }}-{{ item }}'}, vars: {outer: y}, loop: ['1', '2'], when: item == '2'}
            """,
    }
    assert groups(tmp_path, files) == ["a-x", "y-2", "b-x"]  # the second y-2 is there already


def test_imported_playbooks_stand_where_they_are_imported(tmp_path: Path) -> None:
    """Plays of an imported file come at that place; its own imports and includes are relative to it."""
    files = {
        "p.yml": "- {accounts: all, tasks: [{iam_group: {name: first}}]}\n- import_playbook: more/q.yml\n"
        "- {accounts: all, tasks: [{iam_group: {name: last}}]}\n",
        "more/q.yml": "- {accounts: all, tasks: [include_tasks: t.yml]}\n- import_playbook: r.yml\n",
        "more/t.yml": "- iam_group: {name: second}\n",
        "more/r.yml": "- {accounts: all, tasks: [{iam_group: {name: third}}]}\n",
    }
    assert groups(tmp_path, files) == ["first", "second", "third", "last"]


@pytest.mark.parametrize(
    ("when", "runs"),
    [
        ("x == 1", True), ("x == 2", False), ("[x == 1, y == 'b']", True), ("[x == 1, y == 'c']", False),
        ("true", True), ("false", False), ("y", True),
        ("resources('iam_group') | selectattr('name', 'equalto', 'old1') | list", True),
        ("resources('iam_group') | length > 2", False),
    ],
)  # fmt: skip
def test_conditions_are_one_or_all_of_many(tmp_path: Path, when: str, runs: bool) -> None:
    """`when` is an expression, or a list of which all must hold; it may ask the account."""
    text = f"- accounts: all\n  vars: {{x: 1, y: b}}\n  tasks:\n  - iam_group: {{name: g}}\n    when: {when}\n"
    assert groups(tmp_path, {"p.yml": text}) == (["g"] if runs else [])


def test_loops_see_the_account_as_earlier_tasks_leave_it(tmp_path: Path) -> None:
    """A loop over resources() has those that exist, those that a task before makes, and not those that it deletes."""
    text = """
        - accounts: all
          tasks:
            - iam_group: {name: new}
            - iam_group: {name: old1, state: absent}
            - iam_group: {name: "{{ item.name }}-copy"}
              loop: "{{ resources('iam_group') }}"
        """
    assert groups(tmp_path, {"p.yml": text}) == ["new", "old1", "new-copy", "old2-copy"]


@pytest.mark.parametrize(
    ("tags", "skip", "names"),
    [
        ((), (), ["plain", "tagged", "inner", "both", "ever"]),
        (("a",), (), ["tagged", "both", "ever"]),
        (("b",), (), ["inner", "both", "ever"]),
        (("play",), (), ["plain", "tagged", "inner", "both", "seldom", "ever"]),
        (("never",), (), ["seldom", "ever"]),
        (("all",), (), ["plain", "tagged", "inner", "both", "ever"]),
        (("nobody",), (), ["ever"]),
        ((), ("a",), ["plain", "inner", "ever"]),
        ((), ("b",), ["plain", "tagged", "ever"]),
        (("a",), ("b", "always"), ["tagged"]),
    ],
)
def test_tags_come_down_from_plays_and_includes(
    tmp_path: Path, tags: tuple[str, ...], skip: tuple[str, ...], names: list[str]
) -> None:
    """A task has the tags of its play and of what includes it; `always`, `never` and `all` are as in Ansible."""
    assert groups(tmp_path, TAGGED, tags=tags, skip=skip) == names


LAYERS = ["account", "play", "include", "task", "extra"]


@pytest.mark.parametrize("highest", range(len(LAYERS)))
def test_later_variables_win(tmp_path: Path, highest: int) -> None:
    """Account, play, include, task and at last `-e`: the last one that gives a name a value decides."""
    given = {layer: {"x": layer} if number <= highest else {} for number, layer in enumerate(LAYERS)}
    files = {
        "p.yml": f"- accounts: all\n  vars: {given['play']}\n"
        f"  tasks: [{{include_tasks: t.yml, vars: {given['include']}}}]\n",
        "t.yml": f"- {{iam_group: {{name: 'g-{{{{ x }}}}'}}, vars: {given['task']}}}\n",
    }
    assert groups(tmp_path, files, account_vars=given["account"], extra=given["extra"]) == [f"g-{LAYERS[highest]}"]


@pytest.mark.parametrize(
    ("template", "line", "told"),
    [
        ('{\n  "a": "{{ nme }}"\n}', 2, "'nme' is undefined"),
        ('{\n  "a": 1,\n}', 3, "it yields no JSON"),
        ('{\n  "a": 1,\n  "a": 2\n}', 1, "given twice"),
        ("{\n\n{% if %}\n}", 3, "not a template"),
        ('{\n"a": {{ 1 / 0 }}}', 2, "division by zero"),
    ],
)
def test_mistakes_in_templates_have_their_file_and_line(tmp_path: Path, template: str, line: int, told: str) -> None:
    """Whatever a template does wrong is told with the template's own file and line."""
    task = "- {iam_managed_policy: {name: p, policy: \"{{ template('t.json.j2', name='x') }}\"}}"
    (found,) = problems(tmp_path, task, **{"templates/t.json.j2": template})
    assert found.where.split("/")[-1] == f"t.json.j2:{line}", found
    assert told in found.summary


REFUSED = "{Version: '2012-10-17', Statement: [{Efect: Allow, Action: 's3:Get*', Resource: '*'}]}"


def test_a_document_that_aws_would_refuse_is_told_before_it_is_sent(tmp_path: Path) -> None:
    """A plan has what AWS would refuse in a document that it sends, as an error with its line; `allow` overrides it."""
    task = f"- iam_managed_policy: {{name: p, policy: {REFUSED}}}\n"
    first, second = problems(tmp_path, task)
    assert (first.severity, first.rule) == (second.severity, second.rule) == ("error", "quota")
    assert first.where.endswith("p.yml:3:89")
    assert first.summary == 'AWS would not take policy: "Efect" is no element of a policy'
    found = problems(tmp_path, task + "  allow: [quota]\n")
    assert [(one.severity, one.hint) for one in found] == [("warning", "allowed by the task")] * 2


@pytest.mark.parametrize(
    ("task", "place", "told", "hint"),
    [
        ("- iam_group: {name: '{{ acount_id }}'}", "p.yml:3:25", "'acount_id' is undefined", "account_id"),
        ("- {iam_group: {name: x}, when: regoin == 'x'}", "p.yml:3:36", "'regoin' is undefined", "region"),
        ("- {iam_group: {name: x}, loop: '{{ itms }}', vars: {items: []}}", "p.yml:3:36", "'itms' is", "items"),
        ("- {iam_group: {select: 'pth == 1'}}", "p.yml:3:28", "'pth' is undefined", "path"),
        ("- {iam_group: {name: x}, when: y, vars: {y: 'false'}}", "p.yml:3:36", "would count as yes", "(y) | bool"),
        ("- {iam_group: {select: y, users: []}, vars: {y: 'no'}}", "p.yml:3:28", "would count as yes", "(y) | bool"),
        ("- {iam_group: {name: x}, loop: 5}", "p.yml:3:36", "loop needs a list, got a number", ""),
        ("- {iam_group: {name: x}, loop: \"{{ {'a': 1} }}\"}", "p.yml:3:36", "loop needs a list", "dict2items"),
        ("- {include_tasks: t.ym}", "p.yml:3:", "there is no file", "t.yml"),
        ("- {iam_group: {name: x}, loop: \"{{ resources('iam_grop') }}\"}", "p.yml:3:36", "iam_grop", "iam_group"),
    ],
)
def test_what_is_not_defined_is_told_with_the_nearest_word(
    tmp_path: Path, task: str, place: str, told: str, hint: str
) -> None:
    """Place, what is wrong, and the nearest right word."""
    (found,) = problems(tmp_path, task, **{"t.yml": "- iam_group: {name: t}\n"})
    assert place in found.where
    assert told in found.summary
    assert hint in found.hint + found.summary


def test_files_that_include_each_other_are_told(tmp_path: Path) -> None:
    """A circle of includes or imports is an error, not an endless one."""
    circle = {"t.yml": "- include_tasks: u.yml\n", "u.yml": "- include_tasks: t.yml\n"}
    (found,) = problems(tmp_path, "- include_tasks: t.yml", **circle)
    assert "circle" in found.summary
    with pytest.raises(InputError, match="circle"):
        fold(tmp_path, {"p.yml": "- import_playbook: q.yml\n", "q.yml": "- import_playbook: p.yml\n"})
