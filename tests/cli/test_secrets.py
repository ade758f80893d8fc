"""No secret is in stdout, stderr, journals, plans or reports: some are planted, and all that was written searched."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from iamfix.cli import run as iamfix
from iamfix.sandbox import Sandbox, inventory_yaml

KEY, TOKEN = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY42", "IQoJb3JpZ2luX2VjEXAMPLETOKEN" * 4
PLANTED = {
    "group": "gr0up-s3cret", "file": "f1le-s3cret", "extra": "extr4-s3cret", "json": "js0n-s3cret",
    "external_id": "ext3rnal-1d-s3cret", "profile_key": "pr0fileSecretAccessKeyOfFortyCharacters0",
    "profile_token": "pr0file" * 17,
}  # fmt: skip
PLAYBOOK = """\
- name: People
  accounts: all
  vars: {play_password: pl4y-s3cret}
  tasks:
    - name: A user who signs in
      iam_user: {name: ann, console_access: true}
      when: extra_token != '' and group_password != '' and file_token | length > 3
      practice: 2
      controls: [CIS-7.0/2.9]
    - name: Who is there
      check: {kind: iam_user, select: "true", message: "user {{ name }}", severity: low}
      vars: {task_password: t4sk-s3cret}
      practice: 5
"""


@pytest.fixture
def here(bare: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with secrets in the environment, in the inventory, in variables and in the sandbox's answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    (tmp_path / "aws.ini").write_text(
        f"[profile hidden]\nregion = us-east-1\naws_access_key_id = {bare.environment()['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {PLANTED['profile_key']}\naws_session_token = {PLANTED['profile_token']}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws.ini"))
    trust = bare.client("iam", "222222222222").get_role(RoleName="iamfix")["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": PLANTED["external_id"]}}
    bare.client("iam", "222222222222").update_assume_role_policy(RoleName="iamfix", PolicyDocument=json.dumps(trust))
    folder = tmp_path / "inventory"
    (folder / "group_vars").mkdir(parents=True)
    (folder / "account_vars").mkdir()
    (folder / "account_vars" / "payments-prod.yml").write_text(
        f"external_id: {PLANTED['external_id']}\nprofile: hidden\nrole_arn: arn:aws:iam::222222222222:role/iamfix\n",
        encoding="utf-8",
    )
    (folder / "accounts.yml").write_text(inventory_yaml(), encoding="utf-8")
    (folder / "group_vars" / "all.yml").write_text(f"group_password: {PLANTED['group']}\n", encoding="utf-8")
    (tmp_path / "vars.yml").write_text(f"file_token: {PLANTED['file']}\n", encoding="utf-8")
    (tmp_path / "p.yml").write_text(PLAYBOOK, encoding="utf-8")
    return tmp_path


GIVEN = ("-e", f"extra_token={PLANTED['extra']}", "-e", f'{{"json_token": "{PLANTED["json"]}"}}', "-e", "@vars.yml")
SECRETS = [KEY, TOKEN, *PLANTED.values(), "pl4y-s3cret", "t4sk-s3cret"]


def test_no_secret_is_written_anywhere(here: Path, bare: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever command, form and verbosity: passwords, keys and tokens are nowhere but in the file of passwords."""
    loud = (*GIVEN, "-v", "-v")
    for form in ("text", "json", "markdown", "html"):
        assert iamfix(["plan", "p.yml", *loud, "--format", form, "-o", f"plan-{form}.json"]) == 0
        assert iamfix(["report", "p.yml", *GIVEN, "--format", form, "-o", f"report.{form}"]) == 0
        assert iamfix(["report", "p.yml", *GIVEN, "--format", form]) == 0
    bare.fail("iam", "CreateUser", "AccessDenied", account="444444444444")
    assert iamfix(["apply", "plan-text.json", "-v", "-v", "--auto-approve"]) == 3
    for form in ("text", "json", "markdown", "html"):
        assert iamfix(["show", "latest", "--format", form, "-v", "-v"]) == 0
        assert iamfix(["show", f"plan-{form}.json", "--format", form, "-v", "-v"]) == 0
    for form in ("text", "json"):
        assert iamfix(["runs", "--format", form]) == 0
        assert iamfix(["inventory", "--format", form]) == 0
        assert iamfix(["who-can", "iam:CreateUser", "--format", form]) == 0
    assert iamfix(["validate", "p.yml", *GIVEN]) == 0
    bare.client("iam", "222222222222").delete_login_profile(UserName="ann")
    assert iamfix(["drift", "p.yml", *loud, "--fix"]) == 0
    assert iamfix(["permissions", "p.yml", *GIVEN, "--for", "all"]) == 0
    assert iamfix(["rollback", "latest", "--auto-approve", "--allow", "irreversible", "-v", "-v"]) == 0
    told = capsys.readouterr()

    kept = list((here / ".iamfix").glob("*.secrets/*"))
    assert len(kept) >= 5
    passwords = [path.read_text(encoding="utf-8").strip() for path in kept]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in kept)
    inputs = {here / "p.yml", here / "vars.yml", here / "aws.ini", *(here / "inventory").rglob("*")}
    written = {path for path in here.rglob("*") if path.is_file()} - set(kept) - inputs
    assert len(written) >= 11
    for where, text in {"out": told.out, "err": told.err, **{str(p): p.read_text("utf-8") for p in written}}.items():
        for secret in (*SECRETS, *passwords):
            assert secret not in text, f"{secret} is in {where}"
        # What the sandbox gives as secret keys (40) and session tokens (120).
        assert not re.search(r"\b(?:[A-Za-z0-9]{40}|[A-Za-z0-9]{120})\b", text), where


@pytest.mark.parametrize(
    "arguments",
    [
        ("-e", "hunter2-s3cret"),
        ("-e", '{"token": "hunter2-s3cret"'),
        ("-e", "1x=hunter2-s3cret"),
        (*GIVEN, "-e", "names=hunter2-s3cret"),
    ],
    ids=["no name", "no JSON", "no identifier", "no list"],
)
def test_errors_do_not_repeat_values(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """A mistake in a variable is told by its place and kind, not by its value."""
    (here / "p.yml").write_text(
        "- accounts: all\n  tasks: [{iam_group: {name: '{{ item }}'}, loop: '{{ names }}'},\n"
        "    {iam_group: {name: '{{ [names] }}'}}]\n", encoding="utf-8"
    )  # fmt: skip
    for what in ("plan", "validate"):
        assert iamfix([what, "p.yml", *arguments]) == 1
    told = capsys.readouterr()
    assert "error" in told.err + told.out
    assert "hunter2" not in told.err + told.out
