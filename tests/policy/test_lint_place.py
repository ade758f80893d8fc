"""Where an element stands in the text of a document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamfix.policy.lint import duplicate_keys, locate, positions

TEXT = """{
\t"Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["s3:Get\\u0041", "s3:Put*"],
     "Resource": "*"},
    {
      "Effect": "Deny"
    }
  ]
}
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (1, 1)),
        (("Version",), (2, 2)),
        (("Statement", 0), (4, 5)),
        (("Statement", 0, "Action", 1), (4, 52)),
        (("Statement", 0, "Resource"), (5, 6)),
        (("Statement", 1, "Effect"), (7, 7)),
        (("Statement", 1, "Action", 3), (6, 5)),
        (("Nowhere",), (1, 1)),
    ],
)
def test_locate(path: tuple[str | int, ...], place: tuple[int, int]) -> None:
    """A path's place is its element's, or its key's; that of the nearest element around it where it is absent."""
    assert locate(TEXT, path) == place


@pytest.mark.parametrize("text", ["", "{", '{"a" 1}', "[1,", '"x', "{a: 1}", "[" * 5000])
def test_what_is_no_json_has_all_at_its_start(text: str) -> None:
    """Locating in broken text is no error; asking for all positions is a ValueError."""
    assert locate(text, ("a",)) == (1, 1)
    with pytest.raises(ValueError, match=r"missing|deeper|Unterminated"):
        positions(text)


def test_duplicate_keys() -> None:
    """Keys that are given twice are found with the place of the second one."""
    assert duplicate_keys('{"a": 1,\n "b": {"c": 1, "c": 2},\n "a": 2}') == ((("b", "c"), 2, 16), (("a",), 3, 2))
    assert duplicate_keys(TEXT) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return {path}.union(*(paths(v, (*path, k)) for k, v in inner))


@given(value=JSON, indent=st.sampled_from([None, 0, 2]))
def test_every_element_has_a_position(value: Any, indent: int | None) -> None:
    """The positions of a text are those of exactly the elements that a JSON parser sees."""
    assert set(positions(json.dumps(value, indent=indent))) == paths(value)
