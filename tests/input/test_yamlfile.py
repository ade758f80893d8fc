"""YAML as iamfix reads it: YAML 1.2 scalars, places, and mistakes instead of surprises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamfix.model import InputError, Problem
from iamfix.yamlfile import MAX_BYTES, load, nearest, parse, walk


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2012-10-17", "2012-10-17"),
        ("012345678901", "012345678901"),
        ("111111111111", 111111111111),
        ("yes", "yes"),
        ("on", "on"),
        ("NO", "NO"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("1.50", 1.5),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("12:30:45", "12:30:45"),
        (".inf", ".inf"),
        ("'7'", "7"),
        ("!!str 7", "7"),
    ],
)
def test_scalars_are_read_as_yaml_1_2_does(text: str, value: Any) -> None:
    """What other readers turn into dates, octal numbers or booleans stays text."""
    found = parse(text, "f").data
    assert found == value
    assert type(found) is type(value)


def test_values_and_keys_know_their_places() -> None:
    """A place is found by path, and that of the nearest thing around it where a value has none."""
    source = parse("a:\n  - b: 1\n    c: x\n", "f.yml")
    assert str(source.place("a", 0, "c")) == "f.yml:3:8"
    assert str(source.place("a", 0, "c", key=True)) == "f.yml:3:5"
    assert str(source.place("a", 0, "nowhere")) == "f.yml:2:5"
    assert str(source.place("a", 7, "nowhere")) == "f.yml:2:3"


def test_merges_give_way_to_own_keys() -> None:
    """`<<` adds what the mapping does not say itself, wherever it stands, and the place is that of the winner."""
    source = parse("base: &b {x: 1, y: 2}\nuse:\n  y: 3\n  <<: *b\n", "f")
    assert source.data["use"] == {"x": 1, "y": 3}
    assert str(source.place("use", "y")) == "f:3:6"
    assert parse("a: [&a {x: 1}, &b {x: 2, y: 3}]\nu: {<<: [*a, *b]}", "f").data["u"] == {"x": 1, "y": 3}


@pytest.mark.parametrize(
    ("text", "where", "summary"),
    [
        ("a: 1\nb: 2\na: 3\n", "f:3:1", "the key 'a' is given twice"),
        ("a: {b: 1, b: 2}", "f:1:11", "the key 'b' is given twice"),
        ("a: {{ b }}", "f:1:5", "a key must be text"),
        ("? [a]\n: b", "f:1:3", "a key must be text"),
        ("x: !!python/object:os.system x", "f:1:4", "tag:yaml.org,2002:python/object:os.system"),
        ("x: !!binary aGk=", "f:1:4", "is not read here"),
        ("x: !!set {a}", "f:1:4", "is not read here"),
        ("x: !foo [a]", "f:1:4", "is not read here"),
        ("1.0e999", "f:1:1", "this is no number that can be read"),
        ("9" * 5000, "f:1:1", "this is no number that can be read"),
        ("<<: 5", "f:1:1", "<< takes a mapping"),
        ("a: *nowhere", "f:1:4", "undefined alias"),
        ("--- a\n--- b", "f:2:1", "another document"),
        ("a: 'x", "f:1:6", "unexpected end"),
        ("a\nb: \x00", "f:2", "control characters are not allowed"),
        ("&a [*a]", "f:1:1", "unfolds to nested more than 60 deep"),
        ("&a {<<: *a}", "f:1:1", "unfolds to nested more than 60 deep"),
    ],
)
def test_mistakes_have_a_place(text: str, where: str, summary: str) -> None:
    """Each mistake is told with line and column (of a character that is not allowed: the line)."""
    with pytest.raises(InputError) as caught:
        parse(text, "f")
    problem = caught.value.problems[0]
    assert problem.where == where
    assert summary in problem.summary


@pytest.mark.parametrize("text", ["[" * 100_000, "{" * 100_000, "- " * 100_000, "{a: " * 50_000, "[" * 900 + "]" * 900])
def test_deep_nesting_is_a_mistake_and_never_a_crash(text: str) -> None:
    """Nesting that would overflow a stack is refused before anything is built."""
    with pytest.raises(InputError, match="nested more than 60 deep"):
        parse(text, "f")


def test_tabs_and_bare_templates_get_a_hint() -> None:
    """The usual causes of broken YAML are named."""
    with pytest.raises(InputError) as caught:
        parse("a:\n\tb: 1\n", "f")
    assert caught.value.problems[0].hint == "YAML is indented with spaces, not tabs"
    with pytest.raises(InputError) as caught:
        parse("a: x: {{ b }}", "f")
    assert (
        caught.value.problems[0].hint
        == "look at the indentation here and above; text that holds {{ }} or a colon needs quotes"
    )


def test_all_mistakes_are_told_at_once() -> None:
    """Two mistakes in a file are two problems."""
    with pytest.raises(InputError) as caught:
        parse("a: !x 1\nb: 1\nb: 2\n", "f")
    assert [problem.where for problem in caught.value.problems] == ["f:1:4", "f:3:1"]


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """Missing, a folder, no UTF-8, too big: each names the file."""
    (tmp_path / "bytes.yml").write_bytes(b"a: 1\nb: \xff\n")
    (tmp_path / "big.yml").write_bytes(b"#" * (MAX_BYTES + 1))
    (tmp_path / "bom.yml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    for name, summary in (
        ("no.yml", "cannot be read: No such file"),
        (".", "cannot be read: Is a directory"),
        ("bytes.yml", "not UTF-8"),
        ("big.yml", "at most 4,000,000"),
    ):
        with pytest.raises(InputError) as caught:
            load(tmp_path / name)
        assert summary in caught.value.problems[0].summary
        assert str(tmp_path) in caught.value.problems[0].where
    assert load(tmp_path / "bom.yml").data == {"a": 1}


def test_an_empty_file_is_null() -> None:
    """Nothing, or only comments, is null and no mistake of YAML."""
    assert parse("", "f").data is None
    assert parse("# x\n", "f").data is None


@pytest.mark.parametrize(
    ("word", "words", "hint"),
    [
        ("iam_grup", ["iam_group", "iam_user"], "did you mean 'iam_group'?"),
        ("HOME-region", ["home_region", "id"], "did you mean 'home_region'?"),
        ("zzz", ["b", "a"], "one of: a, b"),
        ("zzz", [], ""),
        ("zzz", [f"word{n}" for n in range(30)], ""),
    ],
)
def test_the_nearest_word_is_named(word: str, words: list[str], hint: str) -> None:
    """A hint names the word that was meant, or all where there are few."""
    assert nearest(word, words) == hint


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(st.characters(codec="ascii"), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc<", min_size=1, max_size=3), inner),
    max_leaves=12,
)


@given(_VALUES)
def test_json_is_read_as_json(value: Any) -> None:
    """YAML 1.2 holds JSON: what JSON says, is read; and every value in it has a place."""
    source = parse(json.dumps(value), "f")
    assert source.data == value
    assert all(source.place(*path).line == 1 for path, _ in walk(source.data))


@given(st.text(max_size=60))
def test_any_text_is_read_or_explained(text: str) -> None:
    """No text does anything but load or be a mistake with a place."""
    try:
        problems = [Problem("error", str(parse(text, "f").place()), "it was read")]
    except InputError as error:
        problems = list(error.problems)
    assert problems
    assert all(problem.where.startswith("f") and problem.summary for problem in problems)
