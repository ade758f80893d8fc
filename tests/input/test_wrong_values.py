"""Values of variables that cannot be: told in words on the command line, and by the filters that say what may be."""

from __future__ import annotations

import re
from typing import Any

import pytest

from iamfix.model import Account, InputError, Place
from iamfix.render import Renderer, Scope
from iamfix.task_values import name_of
from iamfix.variables import TOLD, parse_extra_vars

ACCOUNT = Account("111111111111", "lab")


def _scope(**variables: Any) -> Scope:
    return Renderer([]).scope(ACCOUNT, {}, None).child(variables)


def _told(text: str, **variables: Any) -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        _scope(**variables).render(text, lambda *_: Place("p.yml", 3))
    (problem,) = caught.value.problems
    return problem.summary, problem.hint


@pytest.mark.parametrize("name", sorted(TOLD))
def test_what_iamfix_tells_of_an_account_cannot_be_given(name: str) -> None:
    """Given with -e it would count for nothing without a word."""
    with pytest.raises(InputError, match=f"{name} is told by iamfix of each account"):
        parse_extra_vars([f"{name}=x"])


def test_all_that_is_told_is_known_here() -> None:
    """A new fact of templates cannot be forgotten."""
    assert set(Renderer([]).scope(ACCOUNT, {}, None)._facts) == TOLD


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ x | mandatory('say who: x') }}", ("lab: say who: x", "")),
        ("{{ 'cs' | one_of(['cis', 'aws'], 'x') }}", ("lab: x is one of cis, aws, not 'cs'", "did you mean 'cis'?")),
        ("{{ 3 | one_of([1, 2]) }}", ("lab: a value that is taken is one of 1, 2, not 3", "")),
        ("{{ 'iamfix' | texts('x') }}", ("lab: x is a list, not 'iamfix'", "in brackets: x: [iamfix]")),
        ("{{ {'a': 1} | texts('x') }}", ("lab: x is a list, not {'a': 1}", "")),
        ("{{ ['a', 8] | texts('x') }}", ("lab: x is a list of names, and 8 is none", "put it in quotes: '8'")),
        ("{{ ['a', ''] | texts('x') }}", ("lab: x is a list of names, and '' is none", "")),
        (
            "{{ 'eu-west-1,us-east-1' | region_names('x') }}",
            ("lab: x is a list, not 'eu-west-1,us-east-1'", "in brackets: x: [eu-west-1,us-east-1]"),
        ),
        ("{{ ['eu-west1'] | region_names }}", ("lab: it: there is no region 'eu-west1'", "did you mean 'eu-west-1'?")),
        ("{{ ['us-*'] | region_names }}", ("lab: it: there is no region 'us-*'", "such as eu-west-1")),
        ("{{ 'audit' | account_id('x') }}", ("lab: x is the id of an account, 12 digits, not 'audit'", "")),
        ("{{ '-5' | days('x') }}", ("lab: x is a number of days, 0 or more, not '-5'", "")),
        ("{{ (-1) | days }}", ("lab: it is a number of days, 0 or more, not -1", "")),
        ("{{ 1.5 | days('x') }}", ("lab: x is a number of days, 0 or more, not 1.5", "")),
        ("{{ true | days('x') }}", ("lab: x is a number of days, 0 or more, not True", "")),
        (
            "{{ 12345 | account_id('x') }}",
            (
                "lab: x is the id of an account, 12 digits, not 12345",
                "put it in quotes: YAML drops the zeros before a number",
            ),
        ),
    ],
)
def test_a_value_that_cannot_be_is_told(text: str, told: tuple[str, str]) -> None:
    """In the playbook's own words, or with what may be."""
    assert _told(text) == told


@pytest.mark.parametrize("text", ["maybe", "ture", "yes please", "2"])
def test_what_is_neither_yes_nor_no_is_refused(text: str) -> None:
    """`-e trail_organization=ture` was a no without a word."""
    summary, _ = _told("{{ x | bool }}", x=text)
    assert f"bool takes yes or no, true or false, not {text!r}" in summary


def test_yes_and_no_in_every_spelling() -> None:
    """As text and as they are; nothing at all is no."""
    scope = _scope(
        yes=["true", "Yes", " on", "y", "T", "1", True], no=["false", "NO", "off", "n", "F", "0", "", False, None]
    )
    told = [
        scope.render(f"{{{{ {name} | map('bool') | unique | list }}}}", lambda *_: Place("p.yml"))
        for name in ("yes", "no")
    ]
    assert told == [[True], [False]]


def test_a_value_that_can_be_stays_as_it_is() -> None:
    """Also where a template does without what is mandatory elsewhere."""
    scope = _scope(x="cis", number=111111111111)
    texts = {
        "{{ x | one_of(['cis', 'aws']) }}": "cis", "{{ x | mandatory('x!') }}": "cis",
        "{{ ['a'] | texts('x') | first }}": "a", "{{ [] | region_names('x') | length }}": 0,
        "{{ ['eu-west-1', 'af-south-1'] | region_names('x') | last }}": "af-south-1",
        "{{ number | account_id }}": "111111111111", "{{ y | mandatory('y!') if x == 'aws' else x }}": "cis",
        "{{ '45' | days('x') }}": 45, "{{ 0 | days }}": 0,
    }  # fmt: skip
    assert {text: scope.render(text, lambda *_: Place("p.yml")) for text in texts} == texts
    assert list(scope.undefined("{{ y | mandatory('y!') }}", (), lambda *_: Place("p.yml"))) == []


@pytest.mark.parametrize(("value", "got"), [("", "an empty one"), (None, "nothing (null)"), (["x"], "a list")])
def test_what_is_no_name_is_told(value: Any, got: str) -> None:
    """`-e mfa_group=` is text, and no name."""
    with pytest.raises(InputError, match=re.escape(f"a name must be text, got {got}")):
        name_of(value, Place("p.yml", 3))
