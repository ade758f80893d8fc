"""The scorecard as an HTML page: well-formed, complete, safe, and readable with one account and with a thousand."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from iamfix.views.report import render
from iamfix.views.report_html import MATRIX
from tests.views.test_text import change, finding, plan

_VOID = {"meta", "rect"}


class _Page(HTMLParser):
    """Reads a page; every tag must be closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: dict[str, set[str]] = {}
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value or "")
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def _page(*accounts: dict[str, Any]) -> tuple[str, _Page]:
    made = {**plan(*accounts), "id": "x", "made_at": "2026-11-24T09:30:00Z"}
    asked = {account["name"]: {(5, ("CIS-7.0/2.13",)), (7, ())} for account in made["accounts"]}
    text = render(made, asked, "html")
    return text, _Page(text)


_PROBLEM = {"severity": "warning", "where": "p.yml:1:2", "summary": "not planned", "hint": "ask", "rule": "unreadable"}
_ACCOUNTS: tuple[dict[str, Any], ...] = (
    {"changes": [change(controls=["CIS-7.0/2.13"])]}, {"findings": [finding("a1")]}, {"error": "denied"},
    {"incomplete": True, "problems": [_PROBLEM]},
)  # fmt: skip


def test_a_few_accounts_have_a_column_each() -> None:
    """Each cell says ok, what is open, or that it is unknown; findings and what could not be planned follow."""
    _, page = _page(*_ACCOUNTS)
    assert page.rows[:3] == [
        ["", "a0", "a1", "a2", "a3"], ["5 Groups by job", "1 open", "ok", "unknown", "unknown"],
        ["7 Permissions reviewed", "ok", "1 open", "unknown", "unknown"],
    ]  # fmt: skip
    assert ["high", "iam_user/bob", "a1", "has an old key"] in page.rows
    assert ["error", "a2", "denied", ""] in page.rows
    assert ["warning", "a3", "p.yml:1:2: not planned", "ask"] in page.rows


def test_of_many_accounts_each_row_names_those_that_matter() -> None:
    """Where most is open comes first, long lists are cut and counted, and the page stays small."""
    many = [{"findings": [finding(f"a{n}", f"u{m}") for m in range(n % 3)]} for n in range(999)] + [{"error": "denied"}]
    text, page = _page(*many)
    (row,) = (row for row in page.rows if row[0] == "7 Permissions reviewed")
    assert row[1] == "333 of 1000"
    assert row[2].startswith("a101 (2), a104 (2), ")
    assert row[2].endswith(" and 654 more")
    assert row[3] == "a999"
    assert max(map(len, page.rows)) == 4
    assert len(text) < 20_000


@pytest.mark.parametrize("count", [1, MATRIX + 1])
def test_what_others_have_named_is_text(count: int) -> None:
    """Names, messages and controls never become tags, attributes or commands."""
    evil = "<script>alert('x')</script>\"'&\x1b]0;x"
    account = {
        "name": evil, "findings": [{**finding(evil, evil, evil)}], "changes": [change(name=evil, controls=[evil])],
        "problems": [{**_PROBLEM, "where": evil, "summary": evil, "hint": evil}], "error": evil,
        "access": [{"principal": evil, "gained": [{"actions": [evil], "resources": [evil], "conditions": None,
                                                   "risk": evil}], "lost": []}],
    }  # fmt: skip
    text, page = _page(account, *({} for _ in range(count - 1)))
    assert not {"script", "img", "iframe", "a", "link"} & set(page.tags)
    assert "\x1b" not in text
    assert not any("alert" in value for values in page.attributes.values() for value in values)


def test_the_page_needs_nothing_else() -> None:
    """It loads nothing and runs nothing, follows the reader's dark mode, and repeats table heads in print."""
    text, page = _page(*_ACCOUNTS)
    assert not {"src", "href", "onclick", "onload"} & page.attributes.keys()
    assert "http" not in text
    assert page.tags.count("thead") == page.tags.count("table") == 4
    for rule in ("@media (prefers-color-scheme:dark)", "@media print", "overflow-x:auto"):
        assert rule in text
    assert {"width=device-width,initial-scale=1"} == page.attributes["content"]
