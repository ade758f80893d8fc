"""Fields with parts: read strictly, told in a user's words, and the same again from their JSON form."""

from __future__ import annotations

from typing import Any

import pytest

from iamfix.fields import PLAIN, Exact, FieldError
from iamfix.typed import Flag, Number, Part, Text, Texts, Typed


class Rule(Part):
    id: Text
    days: Number | None = None
    on: Flag = True
    only: Texts = ()


RULES = Typed(tuple[Rule, ...], "a list of rules")


def test_it_reads_what_it_writes() -> None:
    """The JSON form of a value gives the value; order and repetition in a set of texts do not count."""
    asked = RULES.read([{"id": "a", "only": ["y", "x", "y"]}, {"id": "b", "days": 3, "on": False}], PLAIN)
    assert isinstance(asked, Exact)
    plain = RULES.plain(asked.value)
    assert plain == [{"id": "a", "on": True, "only": ["x", "y"]}, {"id": "b", "days": 3, "on": False, "only": []}]
    assert RULES.parse(plain, "aws") == asked.value == (Rule(id="a", only=("x", "y")), Rule(id="b", days=3, on=False))
    assert RULES.merge((), asked) == asked.value


@pytest.mark.parametrize(
    ("value", "path", "told"),
    [
        ({}, (), "expected a list"),
        ([{"id": "a", "dayz": 3}], (0, "dayz"), "unknown key 'dayz'"),
        ([{"days": 3}], (0,), "'id' is missing"),
        ([{"id": "a"}, {"id": 5}], (1, "id"), "expected text"),
        ([{"id": "a", "days": "3"}], (0, "days"), "expected a number"),
        ([{"id": "a", "on": "yes"}], (0, "on"), "expected true or false"),
        ([{"id": "a", "only": "x"}], (0, "only"), "expected a list"),
        ([{"id": ""}], (0, "id"), "string should have at least 1 character"),
    ],
)
def test_mistakes_have_a_path(value: Any, path: tuple[str | int, ...], told: str) -> None:
    """Each says what was expected, and where."""
    with pytest.raises(FieldError) as caught:
        RULES.read(value, PLAIN)
    assert (caught.value.path, caught.value.summary) == (path, told)


def test_an_unknown_key_names_the_nearest() -> None:
    """What was probably meant stands in the hint."""
    with pytest.raises(FieldError) as caught:
        RULES.read([{"id": "a", "dayz": 3}], PLAIN)
    assert "'days'" in caught.value.hint


def test_its_schema_is_for_editors() -> None:
    """The JSON Schema names the parts, and allows no others."""
    schema = RULES.schema()
    assert schema["type"] == "array"
    assert "additionalProperties" in str(schema)
