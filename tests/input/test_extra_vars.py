"""`-e`: what Ansible's users know, and lists in brackets; no mistake repeats a value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from iamfix.model import InputError
from iamfix.variables import parse_extra_vars


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("a=1", {"a": "1"}),
        ("id=012345678901", {"id": "012345678901"}),
        ("flag=true", {"flag": "true"}),
        ("enforce=[2,x]", {"enforce": [2, "x"]}),
        ("enforce=[2, x, 'y z']", {"enforce": [2, "x", "y z"]}),
        ("m={a: 1, b: [true]}", {"m": {"a": 1, "b": [True]}}),
        ("a=1 b=2", {"a": "1", "b": "2"}),
        ('a="two words" b=x', {"a": "two words", "b": "x"}),
        ("msg=two words", {"msg": "two words"}),
        ("msg=it's", {"msg": "it's"}),
        ("url=https://x/?a=b&c=#d", {"url": "https://x/?a=b&c=#d"}),
        ("path=C:\\x\\y", {"path": "C:\\x\\y"}),
        ("empty=", {"empty": ""}),
        ("t={{ account_id }}", {"t": "{{ account_id }}"}),
        ('{"a": 1, "b": [2]}', {"a": 1, "b": [2]}),
        ("{a: 1, b: yes}", {"a": 1, "b": "yes"}),
        ('m={"a":{"b":1}}', {"m": {"a": {"b": 1}}}),
        ('m={"a":"x","b":["1","c,d"]} n="two words"', {"m": {"a": "x", "b": ["1", "c,d"]}, "n": "two words"}),
        ("m='[1, 2]' n=[3]", {"m": [1, 2], "n": [3]}),
        ('a="" b=x"y z"', {"a": "", "b": "xy z"}),
    ],
)
def test_what_is_given_is_what_is_meant(text: str, variables: dict[str, Any]) -> None:
    """Text after `=`, several pairs, quotes, brackets, mappings."""
    assert parse_extra_vars([text]) == variables


def test_later_ones_win_and_files_are_read(tmp_path: Path) -> None:
    """`@file` is YAML or JSON; an empty one has no variables."""
    for name, text in {"v.yml": "a: file\nl: [1]\n", "v.json": '{"b": 1}', "e.yml": ""}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    given = ["a=first", f"@{tmp_path}/v.yml", f"@{tmp_path}/v.json", f"@{tmp_path}/e.yml", "b=last"]
    assert parse_extra_vars(given) == {"a": "file", "l": [1], "b": "last"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("s3cret", "not of the form name=value"),
        ("=s3cret", "not of the form name=value"),
        ("1x=s3cret", "not of the form name=value"),
        ("a=[s3cret", "the value of a is no list or mapping in YAML, at character"),
        ("{a: s3cret", "no mapping in YAML or JSON, at character"),
        ("{a: 1, a: s3cret}", "no mapping in YAML or JSON, at character 8"),
        ("@{folder}/list.yml", "is no file of names with values"),
        ("@{folder}/missing.yml", "this file cannot be read"),
    ],
)
def test_a_mistake_says_what_is_taken_and_repeats_no_value(tmp_path: Path, text: str, said: str) -> None:
    """Each has its reason, and what might be a secret is not in it."""
    (tmp_path / "list.yml").write_text("[s3cret]", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        parse_extra_vars([text.replace("{folder}", str(tmp_path))])
    told = str(caught.value.problems)
    assert said in told
    assert "s3cret" not in told
