"""The access section of a plan: short, worst first, once for all for whom it is the same."""

from __future__ import annotations

from typing import Any

from iamfix.views.access import GROUPS
from iamfix.views.markdown import markdown_plan
from iamfix.views.report import render
from tests.views.test_text import plan, shown


def entry(*actions: str, risk: str = "write", **more: Any) -> dict[str, Any]:
    return {"actions": list(actions), "resources": ["*"], "conditions": None, "risk": risk, **more}


def who(account: int, name: str, gained: Any = (), lost: Any = ()) -> dict[str, Any]:
    return {"principal": f"arn:aws:iam::{account:012}:{name}", "gained": list(gained), "lost": list(lost)}


def test_the_same_change_of_many_is_shown_once() -> None:
    """Principals and accounts for which the same changes stand in one line, without what all their ARNs begin with."""
    gained = [entry("s3:PutObject", resources=["arn:aws:s3:::b/*"])]
    accounts = [{"access": [who(n, "role/a", gained), who(n, "role/b", gained)]} for n in range(2)]
    assert shown(plan(*accounts)).startswith(
        "Access\n  role/a, role/b in a0, a1\n    + s3:PutObject on arn:aws:s3:::b/* (write)\n"
    )


def test_entries_in_words() -> None:
    """Exceptions, conditions, denials and policies that could not be read are told."""
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    lost = [
        entry("s3:*", risk="permissions management", not_actions=["s3:Get*"], unless=[mfa]),
        entry("ec2:*", conditions=mfa, denied=True),
        {"actions": [], "resources": [], "conditions": None, "risk": "privilege escalation", "policy": "arn:x"},
    ]
    text = shown(plan({"access": [who(0, "user/ann", (), lost)]}))
    assert '- s3:* but not s3:Get* unless {"Bool": {"aws:MultiFactorAuthPresent": "true"}} (perm' in text
    assert "ec2" not in text
    assert "- all that arn:x says (not readable) (privilege escalation)" in text
    alone = shown(plan({"access": [who(0, "user/ann", (), lost[1:2])]}))
    assert '- ec2:* when {"Bool": {"aws:MultiFactorAuthPresent": "true"}} (denied now, whatever allows it)' in alone


def test_the_section_is_short_and_the_worst_comes_first() -> None:
    """What is left out is counted; an escalation is never among it."""
    access = [who(0, f"user/u{n}", [entry(f"s3:A{n}", risk="read")]) for n in range(GROUPS + 5)]
    access.append(who(0, "user/evil", [entry("iam:PutUserPolicy", risk="privilege escalation (iam-007)")] * 9))
    lines = shown(plan({"access": access})).splitlines()
    assert lines[1] == "  user/evil in a0"
    assert lines[6] == "    and 5 more gained"
    assert "and 6 more principals" in lines[-2]
    assert len(lines) < 2 * GROUPS + 12


def test_a_trusted_account_is_called_an_account() -> None:
    """`arn:…:root` as principal is the account, as AWS says it; its root user cannot even assume a role."""
    far = {"principal": "arn:aws:iam::999999999999:root except arn:x", "gained": [entry("sts:AssumeRole")], "lost": []}
    accounts = [{"access": [who(n, "root", [entry("sts:TagSession")]), far]} for n in range(2)]
    text = shown(plan(*accounts))
    assert "  the account itself in a0, a1\n" in text
    assert "  account 999999999999 except arn:x in a0, a1\n" in text
    assert "root" not in text


def test_the_html_report_has_it_and_hostile_names_are_harmless() -> None:
    """Who gains and loses stands in the report as in the plan; where nobody does there is no section."""
    lost = [entry("ec2:*", risk="read")]
    made = plan({"access": [who(0, "user/<b>\x1b", [entry("s3:*</p><script>")], lost)]})
    page = render({**made, "id": "x", "made_at": "2026-11-24T09:30:00Z"}, {}, "html")
    assert "<h2>Access</h2>" in page
    assert "<h3 class=who>user/&lt;b&gt;\\x1b in a0</h3>" in page
    assert "<p class=gained>+ s3:*&lt;/p&gt;&lt;script&gt; (write)</p>" in page
    assert "ec2:* (read)</p>" in page
    assert "Access" not in render({**plan({}), "id": "x", "made_at": "2026-11-24T09:30:00Z"}, {}, "html")


def test_markdown_has_it_too_and_hostile_names_are_harmless() -> None:
    """The section is in the pull request's comment, and no name breaks out of it."""
    page = markdown_plan(plan({"access": [who(0, "user/<b>\x1b", [entry("s3:*</pre>")])]}))
    assert "Access: who gains and loses what" in page
    assert "user/&lt;b&gt;\\x1b in a0" in page
    assert "+ s3:*&lt;/pre&gt; (write)" in page
    assert "Access" not in markdown_plan(plan({}))
