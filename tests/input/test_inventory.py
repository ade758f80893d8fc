"""The inventory: precedence, ways in, partitions, and mistakes with their places."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from iamfix.inventory import Inventory, load_inventory
from iamfix.model import Account, InputError, Problem


def _load(folder: Path, text: str, **beside: str) -> Inventory:
    (folder / "i.yml").write_text(text, encoding="utf-8")
    for name, content in beside.items():
        path = folder / (name.replace("__", "/") + ".yml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return load_inventory(folder / "i.yml")


def _account(folder: Path, facts: str, variables: str = "") -> Account:
    return _load(folder, f"all:\n  vars: {{{variables}}}\n  accounts:\n    a: {{{facts}}}\n").accounts[0]


def _problems(folder: Path, text: str) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        _load(folder, text)
    return list(caught.value.problems)


LAYERS = """
all:
  vars: {a: all, b: all, c: all, d: all, e: all, f: all}
  children:
    parent:
      vars: {b: parent, c: parent, d: parent, e: parent, f: parent}
      children:
        child:
          vars: {c: child, d: child, e: child, f: child}
          accounts:
            x: {id: "111111111111", vars: {d: account, e: account}}
            y: {id: "222222222222"}
"""


def test_later_layers_win(tmp_path: Path) -> None:
    """All, then parent groups, then child groups, then the account; a file beside wins over the inventory."""
    found = _load(tmp_path, LAYERS, account_vars__x="e: file\n", group_vars__child="f: file\n")
    x, y = found.accounts
    assert x.vars == {"a": "all", "b": "parent", "c": "child", "d": "account", "e": "file", "f": "file"}
    assert y.vars == {"a": "all", "b": "parent", "c": "child", "d": "child", "e": "child", "f": "file"}
    assert x.groups == ("parent", "child")
    assert found.groups == {"all": ("x", "y"), "parent": ("x", "y"), "child": ("x", "y")}


def test_a_child_wins_over_any_parent_however_it_is_named(tmp_path: Path) -> None:
    """The depth decides, then the name: `aa` is below `zz` and wins; siblings go by name."""
    text = """
all:
  children:
    zz: {vars: {v: parent}, children: {aa: {vars: {v: child}, accounts: {x: {id: "111111111111"}}}}}
    m: {vars: {w: m}, accounts: {x: }}
    n: {vars: {w: n}, accounts: {x: }}
"""
    account = _load(tmp_path, text).accounts[0]
    assert account.vars == {"v": "child", "w": "n"}
    assert account.groups == ("m", "n", "zz", "aa")


@pytest.mark.parametrize(
    ("facts", "variables", "role", "profile"),
    [
        ("", "", None, None),
        ("", "role_name: iamfix", "arn:aws:iam::111111111111:role/iamfix", None),
        ("", "role_name: /ops/iamfix", "arn:aws:iam::111111111111:role/ops/iamfix", None),
        ("role_name: other", "role_name: iamfix", "arn:aws:iam::111111111111:role/other", None),
        ("role_arn: null", "role_name: iamfix", None, None),
        ('role_arn: "arn:aws:iam::111111111111:role/x"', "role_name: iamfix", "arn:aws:iam::111111111111:role/x", None),
        ("profile: p", "role_name: iamfix", None, "p"),
        ("profile: p, role_name: own", "role_name: iamfix", "arn:aws:iam::111111111111:role/own", "p"),
        ("home_region: cn-north-1", "role_name: iamfix", "arn:aws-cn:iam::111111111111:role/iamfix", None),
        ("regions: [us-gov-west-1]", "role_name: r", "arn:aws-us-gov:iam::111111111111:role/r", None),
    ],
)
def test_the_way_in(tmp_path: Path, facts: str, variables: str, role: str | None, profile: str | None) -> None:
    """An account's own words win over its groups'; null takes the caller's credentials; a name becomes an ARN."""
    account = _account(tmp_path, f'id: "111111111111"{", " + facts if facts else ""}', variables)
    assert (account.role_arn, account.profile) == (role, profile)
    assert "role_name" not in account.vars


@pytest.mark.parametrize(
    ("facts", "regions", "home"),
    [
        ("", ("us-east-1",), "us-east-1"),
        ("regions: [eu-west-1, us-east-1, eu-west-1]", ("eu-west-1", "us-east-1"), "eu-west-1"),
        ("home_region: eu-west-1", ("eu-west-1",), "eu-west-1"),
        ("regions: [us-east-1], home_region: eu-west-1", ("us-east-1",), "eu-west-1"),
    ],
)
def test_regions(tmp_path: Path, facts: str, regions: tuple[str, ...], home: str) -> None:
    """The home region is the first region unless it is named; without either both are us-east-1."""
    account = _account(tmp_path, f'id: "111111111111"{", " + facts if facts else ""}')
    assert (account.regions, account.home_region) == (regions, home)


def test_protected_principals(tmp_path: Path) -> None:
    """A name is the account's role, unless it says user/; probes may be left out; a group's hold for its accounts."""
    text = "protected: [admin, {principal: p, probes: [{action: 's3:Get*'}]}, {principal: 'arn:aws:iam::*:role/x'},"
    text += " user/ann, role/ops/y]"
    found = _account(tmp_path, 'id: "111111111111"', text).protected
    assert [(one.principal, one.probes) for one in found] == [
        ("arn:aws:iam::111111111111:role/admin", ()),
        ("arn:aws:iam::111111111111:role/p", (("s3:Get*", "*"),)),
        ("arn:aws:iam::*:role/x", ()),
        ("arn:aws:iam::111111111111:user/ann", ()),
        ("arn:aws:iam::111111111111:role/ops/y", ()),
    ]


HEAD = "all:\n  accounts:\n    a: "
ID = 'id: "111111111111"'


@pytest.mark.parametrize(
    ("text", "place", "summary", "hint"),
    [
        ("- a\n", "1:1", "an inventory begins with all:", "all:"),
        ("All: {}\n", "1:1", "unknown key 'All'", "did you mean 'all'?"),
        ("all:\n  acounts: {}\n", "2:3", "unknown key 'acounts'", "did you mean 'accounts'?"),
        ("all:\n  accounts: [a]\n", "2:13", "accounts: needs names with values", ""),
        ("all:\n  vars: ''\n", "2:9", "vars: needs names with values", ""),
        ("all: 5\n", "1:6", "the group 'all' needs accounts:, children: or vars:", ""),
        ("all:\n  children:\n    'a b': {}\n", "3:5", "'a b' is no name for a group", ""),
        (HEAD.replace("a:", "'a/b':") + f"{{{ID}}}", "3:5", "'a/b' is no name for an account", "letters"),
        (HEAD + "{}", "3:8", "the account 'a' has no id", 'id: "123456789012"'),
        (HEAD + "\n", "3:7", "the account 'a' has no id", 'id: "123456789012"'),
        (HEAD + "{id: 11}", "3:13", "'11' is no account id", "twelve digits, in quotes"),
        (HEAD + '{id: "11111111111a"}', "3:13", "'11111111111a' is no account id", "twelve digits"),
        (HEAD + "{id: [1]}", "3:13", "id: expected text or a number", ""),
        (HEAD + "7", "3:8", "expected names with values, got int", ""),
        (HEAD + f"{{{ID}, regoins: [x]}}", "3:29", "unknown key 'regoins'", "did you mean 'regions'?"),
        (HEAD + f"{{{ID}, regions: [mars]}}", "3:38", "'mars' is no region", "such as eu-west-1"),
        (HEAD + f"{{{ID}, regions: [us-east-1, cn-north-1]}}", "3:8", "regions of aws and aws-cn in one account", ""),
        (HEAD + f"{{{ID}, role_arn: x}}", "3:39", "'x' is no ARN of a role", "arn:"),
        (
            HEAD + f"{{{ID}, role_arn: 'arn:aws:iam::222222222222:role/x'}}",
            "3:39", "the role is of account 222222222222, the account is 111111111111", "",
        ),
        (
            HEAD + f"{{{ID}, role_arn: 'arn:aws-cn:iam::111111111111:role/x'}}",
            "3:39", "the role is of aws-cn, the regions are of aws", "",
        ),
        (HEAD + f"{{{ID}}}\n    b: {{{ID}}}\n", "4:13", "111111111111 is the id of 'a' too", ""),
        (HEAD + f"{{{ID}}}\n  children: {{a: {{}}}}\n", "3:5", "'a' is a group and an account", ""),
        (
            HEAD + f"{{{ID}, profile: p}}\n  children: {{g: {{accounts: {{a: {{profile: q}}}}}}}}\n",
            "4:42", "'a' has profile 'p' elsewhere in the inventory", "",
        ),
        (HEAD + f"{{{ID}, protected: [{{principal: p, probes: [{{}}]}}]}}", "3:65", "'action' is missing", ""),
        (
            HEAD + f"{{{ID}, protected: [{{principle: p}}]}}",
            "3:42", "unknown key 'principle'", "did you mean 'principal'?",
        ),
        (HEAD + f"{{{ID}, vars: {{regions: 5}}}}", "3:45", "regions: expected text or a list", ""),
        ("all:\n  vars: {regions: {a: b}}\n", "2:19", "regions: expected text or a list", ""),
        ("all:\n  vars: {protected: 5}\n", "2:21", "protected: expected a list", ""),
        ("all:\n  vars: {external_id: [x]}\n", "2:23", "external_id: expected text", ""),
        ("plugin: aws_organisations\n", "1:9", "the inventory plugin 'aws_organisations' is not known", ""),
    ],
)  # fmt: skip
def test_mistakes_have_place_and_hint(tmp_path: Path, text: str, place: str, summary: str, hint: str) -> None:
    """Each is told once, where it stands, with what was probably meant."""
    problem = _problems(tmp_path, text)[0]
    assert problem.where == f"{tmp_path / 'i.yml'}:{place}"
    assert problem.summary == summary
    assert problem.hint.startswith(hint)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Three accounts with a mistake each are three problems, and none follows from another."""
    found = _problems(tmp_path, HEAD + f"{{id: 1}}\n    b: {{{ID}, x: 1}}\n    c: {{role_arn: 7}}\n")
    assert sorted(problem.where.removeprefix(f"{tmp_path / 'i.yml'}:") for problem in found) == ["3:13", "4:29", "5:19"]


@pytest.mark.parametrize(
    "text",
    [
        "all: {children: {a: {children: {b: {children: {a: {}}}}}}}",
        "all: {children: {a: {children: {b: }}, b: {children: {a: }}}}",
        "all: {children: {a: {children: {a: }}}}",
        "all: {children: {a: {children: {all: }}}}",
    ],
)
def test_groups_in_a_circle_are_a_mistake(tmp_path: Path, text: str) -> None:
    """However the circle is written, it is told with its groups and a place."""
    (problem,) = _problems(tmp_path, text)
    assert problem.summary.startswith("the groups go round in a circle: ")
    assert problem.where.startswith(f"{tmp_path / 'i.yml'}:1:")


def test_many_ways_to_one_group_take_no_time(tmp_path: Path) -> None:
    """Groups that share their children thirty levels deep are read at once, not once for each of 2^30 ways."""
    text = "all:\n  children:\n"
    for n in range(30):
        text += "".join(f"    {p}{n}: {{children: {{g{n + 1}: , h{n + 1}: }}}}\n" for p in "gh")
    began = time.monotonic()
    account = _load(tmp_path, text + f"    g30: {{accounts: {{x: {{{ID}}}}}}}\n").accounts[0]
    assert time.monotonic() - began < 2
    assert account.groups[-1] == "g30"


def test_variables_beside_the_inventory_must_belong_to_something(tmp_path: Path) -> None:
    """A file of group_vars/ or account_vars/ that is of nobody is told with the nearest name."""
    with pytest.raises(InputError) as caught:
        _load(tmp_path, LAYERS, group_vars__chlid="a: 1\n", account_vars__x="- a\n", account_vars__y="regions: 5\n")
    assert [(problem.summary, problem.hint) for problem in caught.value.problems] == [
        ("there is no group 'chlid' in the inventory", "did you mean 'child'?"),
        ("variables are names with values", ""),
        ("regions: expected text or a list", ""),
    ]


def test_a_folder_is_read_whole(tmp_path: Path) -> None:
    """All its .yml files are one inventory; an empty or missing one is a mistake with what to do."""
    for name, hint in (("none", "-i names another one; `iamfix init` writes a starter project"), ("", "")):
        with pytest.raises(InputError) as caught:
            load_inventory(tmp_path / name)
        assert caught.value.problems[0].hint == hint
    (tmp_path / "a.yml").write_text(f"all: {{accounts: {{x: {{{ID}}}}}}}", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("all: {children: {g: {accounts: {x: }}}}", encoding="utf-8")
    assert load_inventory(tmp_path).accounts[0].groups == ("g",)
    assert _problems(tmp_path, "all: {}") == [
        Problem("error", str(tmp_path / "i.yml"), "the inventory has no accounts", "add them below all: accounts:")
    ]


def test_the_digest_covers_every_file(tmp_path: Path) -> None:
    """Another variable beside the inventory is another inventory."""
    first = _load(tmp_path, LAYERS, group_vars__child="f: 1\n").digest
    assert _load(tmp_path, LAYERS).digest == first
    assert _load(tmp_path, LAYERS, group_vars__child="f: 2\n").digest != first
