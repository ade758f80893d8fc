"""The plan as text and Markdown."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from iamfix.views.markdown import BUDGET, MARKER, markdown_plan
from iamfix.views.text import show_plan, summary

MISTAKE = {"severity": "error", "where": "a.yml:1:1", "summary": "wrong", "hint": "", "rule": ""}


def change(**fields: Any) -> dict[str, Any]:
    return {
        "address": "a/iam_group/Admins", "kind": "iam_group", "name": "Admins", "region": None, "action": "create",
        "before": None, "after": {"path": "/", "managed_policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
        "calls": [{"service": "iam", "operation": "create_group", "params": {"GroupName": "Admins"}, "region": None}],
        "undo": [], "loses": [], "task": "Groups", "practice": 5, "controls": [], "notes": [], **fields,
    }  # fmt: skip


def plan(*accounts: dict[str, Any]) -> dict[str, Any]:
    filled = [
        {"id": f"{number:012}", "name": f"a{number}", "error": None, "changes": [], "findings": [], "problems": [],
         "ignored": 0, "access": [], **account}
        for number, account in enumerate(accounts)
    ]  # fmt: skip
    actions = [one["action"] for account in filled for one in account["changes"]]
    counts = {action: actions.count(action) for action in ("create", "update", "delete")}
    return {"id": "x", "made_at": "", "summary": counts, "accounts": filled}


def shown(data: dict[str, Any], **options: Any) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False, soft_wrap=True)
    show_plan(data, console, **options)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_same_change_in_many_accounts_is_shown_once() -> None:
    """Accounts are named beside the change, and the last line counts them."""
    assert shown(plan({"changes": [change()]}, {"changes": [change()]})) == (
        "Groups  practice 5\n"
        "  + iam_group Admins  in a0, a1\n"
        "      path: /\n"
        "      managed_policies:\n"
        "        + arn:aws:iam::aws:policy/ReadOnlyAccess\n"
        "Plan: 2 to create, 0 to change, 0 to delete in 2 accounts.\n"
    )


def test_changes_that_differ_only_in_the_account_id_are_the_same() -> None:
    """An ARN of the account's own policy does not keep accounts apart."""
    changes = [
        {"changes": [change(after={"managed_policies": [f"arn:aws:iam::{number:012}:policy/P"]})]} for number in (0, 1)
    ]
    assert shown(plan(*changes)).count("iam_group Admins") == 1


def test_what_is_the_same_but_for_the_account_names_none() -> None:
    """What holds for several accounts does not show the id of the first; what holds for one shows its own."""
    arns = [f"arn:aws:iam::{number:012}:policy/P" for number in (0, 1)]
    entry = {"actions": ["s3:Get*"], "conditions": None, "risk": "read", "known": {}}
    accounts = [
        {
            "changes": [change(after={"managed_policies": [arn]})],
            "access": [{"principal": f"{arn[:25]}:user/u", "lost": [], "gained": [{**entry, "resources": [arn]}]}],
        }
        for arn in arns
    ]
    both, one = shown(plan(*accounts)), shown(plan(accounts[0]))
    assert both.count("arn:aws:iam::{account}:policy/P") == one.count(arns[0]) == 2
    assert "{account}" not in one
    assert not any(arn in both for arn in arns)


def test_a_task_stands_once_where_the_playbook_has_it() -> None:
    """What only later accounts need done stands with its task's other changes, before what later tasks do."""
    first, second = ({"where": f"p.yml:{n}", "task": f"T{n}", "step": [0, n]} for n in (1, 2))
    accounts = [{"changes": [change(**second)]}, {"changes": [change(name="Own", **first), change(**second)]}]
    lines = shown(plan(*accounts)).splitlines()
    assert [line.split("  in ")[0].strip() for line in lines if line[:4] != "    " and not line.startswith("Plan")] == [
        "T1  practice 5", "+ iam_group Own", "T2  practice 5", "+ iam_group Admins",
    ]  # fmt: skip


def test_what_differs_between_accounts_stands_together() -> None:
    """One task's changes of a resource of one name come one after the other, each with the accounts it holds for."""
    task = {"where": "p.yml:1", "task": "T", "step": [0, 1]}
    own, other = change(**task), change(after={"path": "/other/"}, **task)
    accounts = [{"changes": [own, change(name="Last", **task)]}, {"changes": [other]}, {"changes": [own]}]
    lines = [line for line in shown(plan(*accounts)).splitlines() if line.startswith("  + ")]
    assert lines == ["  + iam_group Admins  in a0, a2", "  + iam_group Admins  in a1", "  + iam_group Last  in a0"]


def test_what_goes_away_is_none() -> None:
    """A value that is taken away is told in words, not in Python's."""
    gone = change(action="update", before={"permissions_boundary": "B"}, after={"permissions_boundary": None})
    assert "permissions_boundary: B -> none\n" in shown(plan({"changes": [gone]}))


def test_what_is_lost_stands_out_and_calls_show_when_asked() -> None:
    """Removals say what they destroy; -v shows the AWS calls."""
    gone = change(action="delete", before={"path": "/"}, after=None, loses=["access key AKIA1"])
    text = shown(plan({"changes": [gone]}), verbose=1)
    assert "- iam_group Admins" in text
    assert "! destroys for good: access key AKIA1" in text
    assert "> iam:create_group" in text


@pytest.mark.parametrize(
    ("accounts", "line"),
    [
        ([{}], "No changes. 1 account matches the playbooks."),
        ([{}, {}], "No changes. 2 accounts match the playbooks."),
        (
            [{}, {"incomplete": True}, {"problems": [MISTAKE]}],
            "No changes. 1 account matches the playbooks. 2 accounts could not be planned whole.",
        ),
        ([{"problems": [MISTAKE]}], "No changes. 1 account could not be planned whole."),
        ([{"problems": [{**MISTAKE, "rule": "quota"}]}], "No changes. 1 account matches the playbooks."),
        ([{}, {"error": "no way in"}], "No changes. 1 account matches the playbooks. 1 account could not be planned."),
        ([{"error": "no way in"}, {"error": "nor here"}], "2 accounts could not be planned."),
        ([{"changes": [change()]}], "Plan: 1 to create, 0 to change, 0 to delete in 1 account."),
        (
            [{"findings": [{"severity": "low"}, {"severity": "critical"}]}, {"findings": [{"severity": "low"}]}],
            "No changes. 2 accounts match the playbooks. Findings: 1 critical, 2 low.",
        ),
    ],
)
def test_the_last_line(accounts: list[dict[str, Any]], line: str) -> None:
    """One line sums a plan up."""
    assert summary(plan(*accounts)) == line


def test_hostile_names_do_not_reach_the_terminal_or_the_page() -> None:
    """Escapes, control characters and markup in names are shown, not obeyed."""
    evil = change(name="\x1b[31mred\x07<script>|`[x](y)")
    text = shown(plan({"changes": [evil]}))
    assert "\x1b" not in text
    assert "\x07" not in text
    page = markdown_plan(plan({"changes": [evil]}))
    assert "<script>" not in page
    assert "\x1b" not in page


def test_markdown_stays_within_what_a_comment_may_hold() -> None:
    """A plan that is too large says how much was left out; the marker is its first line."""
    many = [change(name=f"Group{number}", after={"path": "/" + "x" * 500}) for number in range(500)]
    page = markdown_plan(plan({"changes": many}))
    assert page.startswith(MARKER)
    assert len(page) <= BUDGET
    assert "more entries are in the saved plan" in page


def finding(account: str, name: str = "bob", message: str = "has an old key") -> dict[str, Any]:
    return {
        "task": "Keys", "address": f"{account}/iam_user/{name}", "message": message, "severity": "high",
        "practice": 7, "controls": [], "where": "",
    }  # fmt: skip


def test_the_same_finding_in_many_accounts_is_shown_once() -> None:
    """Findings of one name and message are one line, with the accounts; another name is another line."""
    text = shown(plan({"findings": [finding("a0"), finding("a0", "eve")]}, {"findings": [finding("a1")]}))
    assert text.splitlines()[:2] == [
        "? high iam_user/bob  in a0, a1: has an old key",
        "? high iam_user/eve  in a0: has an old key",
    ]


def test_a_finding_of_many_accounts_names_the_resource_of_none() -> None:
    """A resource that is called by its ARN has another one in each account: none of them stands for all."""
    told = [finding(f"a{number}", f"arn:aws:iam::{number:012}:role/r") for number in (0, 1)]
    assert shown(plan({"findings": told[:1]}, {"findings": told[1:]})).splitlines()[0] == (
        "? high iam_user/arn:aws:iam::{account}:role/r  in a0, a1: has an old key"
    )
    assert "{account}" not in shown(plan({"findings": told[:1]}))


def test_the_same_problem_in_many_accounts_is_shown_once() -> None:
    """What is wrong in the same way in several accounts is told with the others' names."""
    problems = [
        {"problems": [{"severity": "warning", "where": "p.yml:3", "summary": f"a{n}: no", "hint": "ask", "rule": "x"}]}
        for n in range(3)
    ]
    assert shown(plan(*problems)).splitlines()[:2] == ["warning [x]: p.yml:3: a0: no  (and in a1, a2)", "  hint: ask"]


def test_a_new_document_is_told_by_its_statements_and_whole_when_asked() -> None:
    """A reviewer sees what a new policy says in a line; -v shows every word; a changed one is shown line by line."""
    allow = {"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}
    deny = {"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [allow, deny]}
    made = plan({"changes": [change(kind="iam_managed_policy", after={"policy": document})]})
    assert "policy: + 2 statements: Allow Read, Deny all but iam:* sts:*\n" in shown(made)
    assert '"NotAction": [' in shown(made, verbose=1)
    other = {"Version": "2012-10-17", "Statement": [allow]}
    changed = change(action="update", before={"policy": document}, after={"policy": other})
    assert '-      "Effect": "Deny",' in shown(plan({"changes": [changed]}))


def test_tasks_head_their_changes() -> None:
    """A task is named once above its changes, with its practice and controls."""
    text = shown(plan({"changes": [change(controls=["CIS-7.0/2.13"]), change(name="Devs", controls=["CIS-7.0/2.13"])]}))
    assert text.count("Groups  practice 5 [CIS-7.0/2.13]\n") == 1


def test_a_mistake_in_many_places_is_shown_at_the_first() -> None:
    """What is wrong in the same words at several lines is one mistake; findings of guards stand for themselves."""

    def wrong(line: int, rule: str = "", summary: str = "no x") -> dict[str, Any]:
        return {"severity": "error", "where": f"p.yml:{line}", "summary": summary, "hint": "give x", "rule": rule}

    problems = [wrong(3), wrong(5), wrong(4, summary="no y"), wrong(9), wrong(6, "quota"), wrong(7, "quota")]
    told = [line for line in shown(plan({"problems": problems})).splitlines() if not line.startswith(" ")]
    assert told[:4] == [
        "error: p.yml:3 (and 2 more places): no x", "error: p.yml:4: no y", "error [quota]: p.yml:6: no x",
        "error [quota]: p.yml:7: no x",
    ]  # fmt: skip
