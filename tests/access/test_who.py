"""Who can: each user and role with its verdict, the statement that decides, and what it hangs on."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from iamfix.access.judge import present
from iamfix.access.who import Can, NoSuchRoleError, who_can
from iamfix.cli import run
from iamfix.policy.document import Document
from iamfix.sandbox import Sandbox, inventory_yaml
from iamfix.views.who import markdown_who, show_who
from tests.access.lab import AWS_ADMIN, ID, Lab, allow, arn, arns, deny, doc, group, role, trust, user

BASE = f"arn:aws:iam::{ID}"
BUCKET = "arn:aws:s3:::b/x"
APP = f"{BASE}:role/app"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def lab() -> Lab:
    return Lab(
        users={
            "plain": user(),
            "direct": user(inline_policies={"r": doc(allow("s3:Get*", "arn:aws:s3:::b/*", Sid="Read"))}),
            "grouped": user(groups=frozenset(("g",))),
            "denied": user(groups=frozenset(("g",)), inline_policies={"no": doc(deny("s3:*", Sid="No"))}),
            "mfa": user(inline_policies={"m": doc(allow("s3:*", Condition=MFA))}),
            "climber": user(inline_policies={"c": doc(allow("iam:PutUserPolicy"))}),
            "held": user(inline_policies={"c": doc(allow(["iam:*", "s3:*"]))}, permissions_boundary=arn("Sns")),
        },
        groups={"g": group(managed_policies=arns("S3"), users=frozenset(("grouped", "denied")))},
        roles={
            "app": role(
                managed_policies=frozenset((AWS_ADMIN,)),
                assume_role_policy_document=trust(f"{BASE}:user/plain"),
            ),
            "odd": role(managed_policies=frozenset(("arn:aws:iam::aws:policy/Gone",))),
        },
        policies={"S3": doc(allow("s3:*")), "Sns": doc(allow("sns:*"))},
        aws={"AdministratorAccess": doc(allow())},
    )  # fmt: skip


def answers(action: str, resource: str | None) -> dict[str, Can]:
    return {one.principal.rpartition("/")[2]: one for one in who_can(present(lab().world), action, resource)}


@pytest.mark.parametrize(
    ("who", "verdict", "reason"),
    [
        ("plain", "implicit_deny", "no identity policy allows it"),
        ("direct", "allowed", "allowed by statement 1 (Read) of inline policy r of user direct"),
        ("grouped", "allowed", "allowed by statement 1 of policy S3 of group g"),
        ("denied", "explicit_deny", "denied by statement 1 (No) of inline policy no of user denied"),
        ("mfa", "unknown", "it hangs on aws:MultiFactorAuthPresent"),
        ("held", "implicit_deny", "the permissions boundary does not allow it"),
        ("app", "allowed", "allowed by statement 1 of policy AdministratorAccess of role app"),
        ("odd", "unknown", "it hangs on the document of policy Gone of role odd, which could not be read"),
    ],
)
def test_each_has_a_verdict_and_the_statement_that_decides(who: str, verdict: str, reason: str) -> None:
    """Groups, boundaries, conditions, AWS's policies and unreadable ones are all told."""
    found = answers("s3:GetObject", BUCKET)[who]
    assert (found.verdict, found.reason) == (verdict, reason)


def test_without_a_resource_the_answer_says_on_which() -> None:
    """The patterns on which the action is allowed are part of the answer."""
    found = answers("s3:GetObject", None)
    assert found["direct"].resources == ("arn:aws:s3:::b/*",)
    assert found["grouped"].resources == ("*",)
    assert found["plain"].resources == ()
    assert found["denied"].verdict in ("explicit_deny", "implicit_deny")


def test_who_could_take_it_in_one_step() -> None:
    """A path to more rights is named for those who may not; one that the boundary closes is not."""
    found = answers("s3:GetObject", BUCKET)
    assert found["climber"].escalation == ("iam-007",)
    assert found["held"].escalation == ()
    assert found["app"].escalation == ()


def test_assuming_a_role_asks_its_trust_policy() -> None:
    """Who is named there may, and whoever is allowed sts:AssumeRole elsewhere may not."""
    found = answers("sts:AssumeRole", f"{BASE}:role/app")
    assert found["plain"].verdict == "allowed"
    assert "the trust policy of role app" in found["plain"].reason
    assert found["odd"].verdict == "implicit_deny"


def trusting(document: Document) -> Lab:
    """One role with this trust policy, and users with and without sts:AssumeRole of their own."""
    return Lab(
        users={
            "able": user(inline_policies={"a": doc(allow("sts:AssumeRole"))}), "plain": user(),
            "abroad": user(inline_policies={"a": doc(allow("sts:AssumeRole", "arn:aws:iam::333333333333:role/far"))}),
        },
        roles={"app": role(assume_role_policy_document=document)},
    )  # fmt: skip


def on_app(document: Document, action: str = "sts:AssumeRole", resource: str | None = APP) -> dict[str, Can]:
    return {one.principal: one for one in who_can(present(trusting(document).world), action, resource)}


def test_the_trust_policy_delegates_to_the_account() -> None:
    """A trust policy that names the account lets in who has sts:AssumeRole, and nobody else."""
    found = on_app(trust(ID))
    verdicts = {name.rpartition("/")[2]: one.verdict for name, one in found.items()}
    assert verdicts == {
        "able": "allowed", "plain": "implicit_deny", "abroad": "implicit_deny", "app": "implicit_deny",
    }  # fmt: skip


def test_outsiders_whom_the_trust_policy_lets_in_are_told() -> None:
    """Services, identity providers and other accounts are named with what decides about them."""
    document = doc(
        {
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": ["999999999999", f"{BASE}:root"], "Service": "ec2.amazonaws.com"},
        },
        {
            "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::888888888888:role/ci"}, "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "x"}},
        },
        {
            "Effect": "Allow", "Principal": {"Federated": "accounts.google.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {"accounts.google.com:sub": "x"}},
        },
        trust=True,
    )  # fmt: skip
    found = on_app(document)
    assert found["account 999999999999"].verdict == "allowed"
    assert "as far as the policies of that account let them" in found["account 999999999999"].reason
    assert found["ec2.amazonaws.com"].verdict == "allowed"
    assert found["arn:aws:iam::888888888888:role/ci"].unknown_keys == ("sts:ExternalId",)
    assert not [name for name in found if "AIDA" in name or name.endswith(":root") or "google" in name]
    found = on_app(document, "sts:AssumeRoleWithWebIdentity")
    assert found["accounts.google.com"].unknown_keys == ("accounts.google.com:sub",)
    assert [name for name, one in found.items() if one.verdict == "allowed"] == []


def test_a_deleted_principal_is_nobody() -> None:
    """AWS shows a unique id only of who is no more: nobody is let in by it, and nobody's answer hangs on it."""
    found = on_app(trust("AIDAGONEEXAMPLE000001", "AROAGONEEXAMPLE000001"))
    assert {one.verdict for one in found.values()} == {"implicit_deny"}
    found = on_app(trust(ID, "AROAGONEEXAMPLE000001"))
    assert found[f"{BASE}:user/able"].verdict == "allowed"


def test_anyone_is_told_as_such() -> None:
    """A role that trusts every account is open to anyone; within the account only to who has sts:AssumeRole."""
    found = on_app(trust("*"))
    assert found["anyone in any account"].verdict == "allowed"


def test_without_a_role_each_is_told_its_roles() -> None:
    """Which roles trust whom is part of the answer; roles of other accounts hang on their trust policies."""
    found = on_app(trust(f"{BASE}:user/plain"), resource=None)
    assert (found[f"{BASE}:user/plain"].verdict, found[f"{BASE}:user/plain"].resources) == ("allowed", (APP,))
    assert found[f"{BASE}:user/abroad"].verdict == "unknown"
    assert "the trust policies of roles in other accounts" in found[f"{BASE}:user/abroad"].reason
    assert found[f"{BASE}:role/app"].verdict == "implicit_deny"


def test_a_role_of_another_account_hangs_on_its_trust_policy() -> None:
    """What one's own policies allow is not yet a way in."""
    far = "arn:aws:iam::333333333333:role/far"
    found = on_app(trust(ID), resource=far)
    assert found[f"{BASE}:user/abroad"].reason == f"it hangs on the trust policy of {far}"
    assert found[f"{BASE}:user/plain"].verdict == "implicit_deny"


def test_a_role_that_is_not_there() -> None:
    """A role that the account has not is an error of that account, not an empty answer."""
    with pytest.raises(NoSuchRoleError, match="there is no role"):
        on_app(trust(ID), resource=f"{BASE}:role/application")


def test_those_who_can_come_first() -> None:
    """Allowed, then what hangs on the request, then who could take it, then the others."""
    found = who_can(present(lab().world), "s3:GetObject", BUCKET)
    order = [one.verdict for one in found]
    order = ["deny" if one.endswith("deny") else one for one in order]
    assert order == sorted(order, key=["allowed", "unknown", "deny"].index)
    assert next(one for one in found if one.verdict.endswith("deny")).principal.endswith("/climber")


def command(*arguments: str) -> int:
    return run(["who-can", *arguments, "-i", "sandbox.yml"])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("sandbox.yml").write_text(inventory_yaml(), encoding="utf-8")
    return tmp_path


def test_on_live_accounts(bare: Sandbox, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command reads the accounts that --limit names, and answers in JSON, text and Markdown."""
    iam = bare.client("iam", "222222222222")
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn=AWS_ADMIN)
    iam.create_user(UserName="bob")
    assert command("iam:PassRole", "-l", "payments-prod", "--format", "json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    [account] = found["accounts"]
    verdicts = {one["principal"].rpartition("/")[2]: one["verdict"] for one in account["principals"]}
    assert (verdicts["ann"], verdicts["bob"], account["name"]) == ("allowed", "implicit_deny", "payments-prod")
    assert command("iam:PassRole", "-l", "payments-prod") == 0
    text = capsys.readouterr().out
    assert "allowed       arn:aws:iam::222222222222:user/ann" in text
    assert "policy AdministratorAccess of user ann" in text
    assert command("iam:PassRole", "-l", "payments-prod", "--format", "markdown") == 0
    assert "| arn:aws:iam::222222222222:user/ann | allowed |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("s3:GetObjet",), "did you mean s3:GetObject?"),
        (("s3:*",), "without wildcards"),
        (("PassRole",), "service:Name"),
        (("s3:GetObject", "nonsense"), "RESOURCE: 'nonsense' is no ARN"),
        (("s3:GetObject", "arn:aws:s3"), "hint: such as arn:aws:s3:::bucket/key"),
        (("nonsense", "nonsense"), "2 problems."),
        (("sts:AssumeRole", "arn:aws:s3:::b/x"), "is not the ARN of a role"),
        (("sts:AssumeRole", f"{BASE}:role/"), "is not the ARN of a role"),
        (("s3:GetObject", "-l", "nowhere"), "nowhere"),
    ],
)
def test_questions_that_make_no_sense(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    """A wrong action or account is explained, with the nearest right word."""
    assert command(*arguments) == 1
    assert words in capsys.readouterr().err


def test_hostile_names_are_harmless() -> None:
    """Names from AWS are cleaned for the terminal and escaped in Markdown; an account's error is told."""
    one = Can("arn:\x1b[31m|<b>", "allowed", "x|y").as_json()
    found = {
        "action": "s3:GetObject", "resource": None,
        "accounts": [
            {"id": "1", "name": "a", "error": None, "principals": [one]},
            {"id": "2", "name": "b", "error": "no way in", "principals": []},
        ],
    }  # fmt: skip
    console = Console(file=io.StringIO(), width=100, highlight=False)
    show_who(found, console)
    assert isinstance(console.file, io.StringIO)
    assert "\x1b" not in console.file.getvalue()
    assert "no way in" in console.file.getvalue()
    page = markdown_who(found)
    assert "<b>" not in page
    assert "x\\|y" in page
