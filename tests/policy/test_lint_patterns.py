"""Wildcard patterns: matching and overlap, against what the definition says."""

from __future__ import annotations

from fnmatch import translate
from itertools import product
from re import compile as regex

from hypothesis import given
from hypothesis import strategies as st

from iamfix.policy.patterns import arns_overlap, matches, overlap

PATTERNS = st.text(alphabet="ab*?", max_size=5)
ALL_TEXTS = ["".join(letters) for length in range(9) for letters in product("ab", repeat=length)]


@given(pattern=PATTERNS, text=st.text(alphabet="ab", max_size=8))
def test_matches(pattern: str, text: str) -> None:
    """A pattern matches what the regular expression of the same meaning does."""
    assert matches(pattern, text) == bool(regex(translate(pattern)).match(text))


@given(a=st.text(alphabet="ab*?", max_size=4), b=st.text(alphabet="ab*?", max_size=4))
def test_overlap(a: str, b: str) -> None:
    """Two patterns overlap exactly when some text fits both."""
    assert overlap(a, b) == any(matches(a, text) and matches(b, text) for text in ALL_TEXTS)


def test_arns() -> None:
    """ARNs overlap part by part; a last star reaches over missing parts; variables stand for anything."""
    bucket = "arn:${Partition}:s3:::${BucketName}"
    assert arns_overlap("arn:aws:s3:::b", bucket)
    assert arns_overlap("arn:aws:s3*", bucket)
    assert arns_overlap("arn:aws:s3:::${aws:username}-x", bucket)
    assert not arns_overlap("arn:aws:sqs:::b", bucket)
    assert not arns_overlap("arn:aws:s3:eu-west-1::b", bucket)
    assert not arns_overlap("nothing", bucket)
