"""Validate tells every mistake of every file in one run, each once for all accounts; a slip of the pen is a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from iamfix.model import InputError, Problem
from iamfix.options import Options
from iamfix.run import Runner
from iamfix.validate import validate
from tests.running import Quiet

PLAYBOOK = """\
- accounts: all
  tags: [play]
  tasks:
    - iam_role: {name: a, name: b, path: /x/}
    - iam_rol: {name: c}
    - iam_group: {name: "{{ nothing }}"}
    - iam_group: {name: d}
      when: other == 1
      tags: [known]
    - iam_managed_policy: {name: e, policy: {Version: "2012-10-17", Statement: [{Effect: Alow, Action: "s3:*"}]}}
    - 5
"""


def project(folder: Path, playbook: str, accounts: int = 3) -> tuple[list[Path], Options]:
    (folder / "p.yml").write_text(playbook, encoding="utf-8")
    names = {f"acct-{n:04}": {"id": f"{n:012}"} for n in range(1, accounts + 1)}
    (folder / "i.yml").write_text(yaml.safe_dump({"all": {"accounts": names}}), encoding="utf-8")
    return [folder / "p.yml"], Options(inventory=folder / "i.yml")


def mistakes(folder: Path, playbook: str, accounts: int = 3) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        validate(*project(folder, playbook, accounts))
    return list(caught.value.problems)


def test_every_mistake_is_told_in_one_run(tmp_path: Path) -> None:
    """A key given twice, an unknown kind, an undefined variable and a bad document are told together, each once."""
    found = {one.where.rpartition(":")[0].rpartition("/")[2]: one.summary for one in mistakes(tmp_path, PLAYBOOK)}
    assert found.keys() == {"p.yml:4", "p.yml:5", "p.yml:6", "p.yml:8", "p.yml:10", "p.yml:11"}
    assert found["p.yml:4"] == "the key 'name' is given twice"
    assert found["p.yml:5"] == "unknown kind or keyword 'iam_rol'"
    assert found["p.yml:11"] == "a task is names with values"


def test_a_mistake_of_all_accounts_is_told_once(tmp_path: Path) -> None:
    """200 accounts have one mistake in common: one line, which names some of them."""
    (found,) = mistakes(tmp_path, "- {accounts: all, tasks: [{iam_group: {name: '{{ nothing }}'}}]}\n", 200)
    assert found.summary == (
        "acct-0001: 'nothing' is undefined  (and in acct-0002, acct-0003, acct-0004, acct-0005, acct-0006, acct-0007 "
        "and 193 more)"
    )


def test_a_mistake_of_one_account_names_no_other(tmp_path: Path) -> None:
    """Where only one account has a mistake, the others are not named."""
    task = "{iam_group: {name: \"{{ 'x' if account_name != 'acct-0002' else nothing }}\"}}"
    (found,) = mistakes(tmp_path, f"- {{accounts: all, tasks: [{task}]}}\n")
    assert found.summary == "acct-0002: 'nothing' is undefined"


@pytest.mark.parametrize(
    ("task", "place", "summary", "hint"),
    [
        ("{iam_role: {name: a, state: absent}, allow: [irreversibel]}", "irreversibel",
         "there is no guard 'irreversibel'", "did you mean 'irreversible'?"),
        ("{iam_role: {name: a, state: absent}, regions: all}", "regions",
         "iam_role lives once per account, in no region", "leave regions out"),
        ("{iam_group: {name: a, users: {include: [b, c], exclude: [c]}}}", "c]}}",
         "users: 'c' stands in include as well", "name it in one of them"),
        ("{iam_user: {name: a, tags: {include: {b: c}, exclude: [b]}}}", "b]}}",
         "tags: 'b' stands in include as well", "name it in one of them"),
        ("{check: {kind: iam_user, select: 'true', message: x, severity: hgh}}", "hgh",
         "check.severity: 'hgh' is not one of critical, high, medium, low, info", "did you mean 'high'?"),
        ("{iam_role: {name: a, state: absent, path: /x/}}", "path",
         "path says how it shall look, and state: absent that it shall go",
         "leave one of them out; select: finds by fields"),
        ("{iam_role: {name: a, state: absent}, practice: 13}", "13", "practice: expected at most 12", ""),
    ],
)  # fmt: skip
def test_what_would_do_nothing_is_a_mistake(tmp_path: Path, task: str, place: str, summary: str, hint: str) -> None:
    """What a task says and nothing would come of is told with place and hint."""
    line = f"  - {task}"
    (found,) = mistakes(tmp_path, f"- accounts: all\n  tasks:\n{line}\n")
    assert found.where.endswith(f"/p.yml:3:{line.rindex(place) + 1}")
    assert (found.summary, found.hint) == (summary, hint)


@pytest.mark.parametrize("option", ["tags", "skip_tags"])
def test_a_tag_that_no_task_has_is_refused(tmp_path: Path, option: str) -> None:
    """A slip in --tags or --skip-tags must not look as if nothing was to do; those of plays and tasks are known."""
    paths, options = project(
        tmp_path, "- {accounts: all, tags: play, tasks: [{iam_group: {name: x}, tags: [known]}]}\n"
    )
    for word, hint in (("knwn", "did you mean 'known'?"), ("nope", "one of: known, play")):
        runner = Runner(Options(options.inventory, **{option: (word,)}), Quiet())
        with pytest.raises(InputError) as caught:
            runner.plan(paths)
        (found,) = caught.value.problems
        assert (found.where, found.summary) == (f"--{option.replace('_', '-')}", f"no task has the tag {word!r}")
        assert found.hint == hint


@pytest.mark.parametrize(
    ("task", "wrong"),
    [
        ("iam_user: {select: \"nme == 'x'\", path: /x/}", "nme"),
        ("iam_user: {select: 'true', path: '{{ nam }}'}", "nam"),
        ("iam_user: {select: 'true', tags: {include: {a: '{{ resource.path }} {{ nam }}'}}}", "nam"),
        ("check: {kind: iam_user, select: mfa_device, message: x}", "mfa_device"),
        ("check: {kind: iam_user, select: 'true', message: '{{ nam }} {{ path }}'}", "nam"),
        ("check: {kind: iam_user, name: x, select: not exsts, message: x}", "exsts"),
        ("{iam_user: {select: 'true', path: /x/}, staged: {message: x, when: managed_policy}}", "managed_policy"),
    ],
)
def test_fields_that_a_kind_has_not_are_told_offline(tmp_path: Path, task: str, wrong: str) -> None:
    """What a select, a check or a staged task names is a field or a variable, though no resource was looked at."""
    line = f"  - {task}" if task.startswith("{") else f"  - {{{task}}}"
    (found,) = mistakes(tmp_path, f"- accounts: all\n  tasks:\n{line}\n", 1)
    assert (found.summary, "did you mean" in found.hint) == (f"acct-0001: {wrong!r} is undefined", True)


FINE = """
    - iam_user: {select: "name == wanted and path | default('/') and (x is not defined or x)", path: '{{ b }}'}
      vars: {b: /b/}
    - iam_user: {select: "name == item and arn and not protected and owned_by is none", path: '{{ name }}'}
      loop: [a]
    - check:
        kind: iam_user
        name: x
        select: "not exists or range(2) | list"
        message: "{% for one in groups %}{{ one }}{% endfor %}{{ today }}"
    - iam_user: {select: unknown, path: /x/}
      when: unknown is defined
"""


def test_names_that_are_there_or_asked_after_are_no_mistakes(tmp_path: Path) -> None:
    """Variables, fields, loop items, what a template sets itself, and what it asks after before it uses it."""
    playbook = f"- accounts: all\n  vars: {{wanted: w}}\n  tasks:{FINE}"
    assert validate(*project(tmp_path, playbook)) == (1, 3)
