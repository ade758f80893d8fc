"""Lint takes anything: whatever is in a document, the answer is findings, and soon."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iamfix.policy.lint import LintKind, kind_of, lint, locate

KINDS: tuple[LintKind, ...] = ("identity", "trust", "resource", "scp", "rcp", "boundary", "session")
WORDS = st.sampled_from(
    [
        *("Version", "Statement", "Effect", "Action", "NotAction", "Resource", "Principal", "Condition", "Sid"),
        *(
            "Allow",
            "Deny",
            "*",
            "s3:*",
            "iam:PassRole",
            "sts:AssumeRole",
            "2012-10-17",
            "arn:aws:s3:::b/*",
            "${",
            "arn:",
        ),
        *(
            "StringEquals",
            "ForAllValues:",
            "NullIfExists",
            "aws:SourceIp",
            "aws:",
            ":",
            "AWS",
            "Service",
            "",
            "é",
            "😀",
        ),
        *(
            "../../services",
            "aws:RequestTag/",
            "Bool",
            "true",
            "10.0.0.0/8",
            "arn:aws:iam::1:role/",
            "Date",
            "DateEquals",
        ),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Action": VALUES,
        "NotAction": VALUES,
        "Resource": VALUES,
        "NotResource": VALUES,
        "Principal": VALUES,
        "NotPrincipal": VALUES,
        "Condition": st.dictionaries(
            st.sampled_from(
                ["StringLike", "Bool", "IpAddress", "DateEquals", "Null", "NumericEquals", "ArnLike", "Foo"]
            ),
            st.dictionaries(WORDS, VALUES, max_size=2) | VALUES,
            max_size=2,
        ),
        "Sid": VALUES,
    },
)
SOON = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SOON
@given(data=st.dictionaries(WORDS, VALUES, max_size=4) | VALUES, kind=st.sampled_from(KINDS))
def test_any_value(data: Any, kind: LintKind) -> None:
    """Any JSON value gives findings with places, never an exception."""
    for found in lint(data, kind):
        assert found.summary
        assert found.hint
        assert "\n" not in found.summary


@SOON
@given(statements=st.lists(STATEMENTS, max_size=3), kind=st.sampled_from(KINDS))
def test_any_statements(statements: list[Any], kind: LintKind) -> None:
    """Statements of the right shape with anything in them give findings whose paths lead into the document's text."""
    data = {"Version": "2012-10-17", "Statement": statements}
    text = json.dumps(data, indent=1)
    kind_of(data)
    for found in lint(data, kind):
        line, column = locate(text, found.path)
        assert 1 <= line <= text.count("\n") + 1
        assert column >= 1


def test_nested_too_deep() -> None:
    """A document nested without end is one finding."""
    data: Any = "x"
    for _ in range(5000):
        data = {"Statement": [data]}
    assert [f.rule for f in lint(data, "identity")] == ["element-type"]


@pytest.mark.parametrize("pattern", ["*a" * 3000, "?" * 5000, "*" * 5000, "${a}" * 2000, "a:" * 4000])
def test_patterns_that_make_matchers_slow(pattern: str) -> None:
    """Patterns made to keep a matcher busy are done within seconds."""
    started = time.process_time()
    statement = {"Effect": "Allow", "Action": [f"s3:{pattern}", "s3:GetObject"], "Resource": f"arn:aws:s3:::{pattern}"}
    lint({"Version": "2012-10-17", "Statement": [statement | {"Sid": pattern}]}, "identity")
    assert time.process_time() - started < 5
