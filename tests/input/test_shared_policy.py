"""Policies of shared resources: merged by statement id, taken back by statement id."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamfix.fields import PLAIN, FieldError
from iamfix.policy.document import Document
from iamfix.shared_policy import SHARED_POLICY


def _statement(sid: str | None, action: str = "s3:GetObject", resource: str = "arn:aws:s3:::b/*") -> dict[str, Any]:
    own = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource}
    return own if sid is None else {"Sid": sid, **own}


def _document(*statements: dict[str, Any], **more: Any) -> Document:
    return Document.parse({"Version": "2012-10-17", **more, "Statement": list(statements)})


def _merged(before: Document | None, asked: Any) -> Document | None:
    found: Document | None = SHARED_POLICY.merge(before, SHARED_POLICY.read(asked, PLAIN))
    return found


OTHERS = _statement("Theirs", "s3:ListBucket", "arn:aws:s3:::b")
NAMELESS = _statement(None, "s3:PutObject")


def test_other_peoples_statements_stay() -> None:
    """A document sets the statements of its Sids, and touches no other, with or without a Sid."""
    there = _document(OTHERS, _statement("Mine", "s3:PutObject"), NAMELESS, Id="kept")
    assert _merged(there, {"Statement": [_statement("Mine"), _statement("New")]}) == _document(
        OTHERS, _statement("Mine"), NAMELESS, _statement("New"), Id="kept"
    )
    assert _merged(None, _statement("Mine")) == _document(_statement("Mine"))


def test_what_is_there_already_changes_nothing() -> None:
    """However the same statement is spelled, the policy stays equal."""
    there = _document(OTHERS, {**_statement("Mine"), "Principal": {"AWS": ["*"]}, "Action": ["s3:GetObject"]})
    assert _merged(there, [_statement("Mine")]) == there


def test_include_and_exclude() -> None:
    """`exclude` takes statements away by Sid; a policy without statements is no policy."""
    there = _document(OTHERS, _statement("Old"))
    assert _merged(there, {"exclude": ["Old", "Never"]}) == _document(OTHERS)
    assert _merged(there, {"include": [_statement("New")], "exclude": ["Old"]}) == _document(OTHERS, _statement("New"))
    assert _merged(_document(_statement("Old")), {"exclude": ["Old"]}) is None
    assert _merged(None, {"exclude": ["Old"]}) is None


def test_exactly() -> None:
    """`exactly` replaces the whole policy, also by none; its statements need no Sid."""
    there = _document(OTHERS)
    assert _merged(there, {"exactly": {"Version": "2012-10-17", "Statement": [NAMELESS]}}) == _document(NAMELESS)
    assert _merged(there, {"exactly": None}) is None


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (None, "exactly: null"),
        ([NAMELESS], "no Sid"),
        ({"Statement": [_statement("A"), _statement("A", "s3:PutObject")]}, "two statements"),
        ({"include": [NAMELESS]}, "no Sid"),
        ({"exclude": "Old"}, "list"),
        ({"Version": "2012-10-17"}, "no Statement"),
        ({"Statement": []}, "no statement is given"),
        ("{", "JSON"),
        (7, "policy document"),
    ],
)
def test_mistakes(asked: Any, says: str) -> None:
    """Each mistake is told, with what to write in its place where that is not plain."""
    with pytest.raises(FieldError) as caught:
        SHARED_POLICY.read(asked, PLAIN)
    assert says in f"{caught.value.summary} {caught.value.hint}"


def test_the_version_of_others_does_not_change_under_them() -> None:
    """Variables need 2012-10-17; where others have `${` as plain text, the user must decide."""
    variable = _statement("Mine", resource="arn:aws:s3:::b/${aws:username}/*")
    old = Document.parse({"Version": "2008-10-17", "Statement": [OTHERS]})
    assert _merged(old, [_statement("Mine")]) == Document.parse({"Statement": [OTHERS, _statement("Mine")], **_OLD})
    assert _merged(old, [variable]) == _document(OTHERS, variable)
    literal = Document.parse({"Statement": [{**OTHERS, "Resource": "arn:aws:s3:::b/${x}"}], **_OLD})
    with pytest.raises(FieldError, match="plain text"):
        _merged(literal, [variable])


_OLD = {"Version": "2008-10-17"}
_ANY = st.lists(
    st.sampled_from([_statement(sid, action) for sid in ("A", "B", "C", None) for action in ("s3:Get*", "s3:Put*")]),
    max_size=5,
    unique_by=lambda one: one.get("Sid", one["Action"]),
)


def _or_none(statements: list[dict[str, Any]]) -> Document | None:
    return _document(*statements) if statements else None


@given(before=_ANY, own=_ANY, later=_ANY)
@settings(max_examples=500, deadline=None)
def test_undo_takes_back_only_its_own_statements(
    before: list[dict[str, Any]], own: list[dict[str, Any]], later: list[dict[str, Any]]
) -> None:
    """After a merge, its undo leads back; statements that others have added since stay."""
    own = [one for one in own if "Sid" in one] or [_statement("A")]
    there = _or_none(before)
    after = _merged(there, own)
    assert SHARED_POLICY.back(after, there, after) == there
    added = [{**one, "Sid": f"Later{number}"} for number, one in enumerate(later)]
    now = _merged(after, added) if added else after
    assert SHARED_POLICY.back(now, there, after) == (_merged(there, added) if added else there)


def test_a_json_form_is_the_value() -> None:
    """What a plan file says of a policy is the policy."""
    there = _document(OTHERS, NAMELESS)
    assert SHARED_POLICY.parse(SHARED_POLICY.plain(there), "aws") == there
    assert SHARED_POLICY.parse(SHARED_POLICY.plain(None), "aws") is None
