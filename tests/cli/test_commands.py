"""The commands end to end, on the repository's own playbooks and a practice AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from iamfix.cli import run
from iamfix.kinds import KINDS
from iamfix.sandbox import Sandbox, inventory_yaml

ROOT = Path(__file__).parents[2]
BASELINE = str(ROOT / "playbooks" / "baseline.yml")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("sandbox.yml").write_text(inventory_yaml(), encoding="utf-8")
    return tmp_path


def iamfix(*arguments: str) -> int:
    return run([*arguments])


def test_plan_apply_drift_rollback(practice: Sandbox, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole story: a saved plan is applied, nothing is left, drift is found and mended, the run is taken back."""
    inventory = ["-i", "sandbox.yml", "-l", "management:payments-prod"]
    assert iamfix("plan", BASELINE, *inventory, "--detailed-exitcode", "-o", "plan.json") == 2
    assert "Apply it with: iamfix apply plan.json -i sandbox.yml" in capsys.readouterr().err
    assert Path("plan.json").stat().st_mode & 0o777 == 0o600
    assert practice.log.mutating() == []
    assert iamfix("apply", "plan.json", *inventory, "--auto-approve") == 0
    assert iamfix("plan", BASELINE, *inventory, "--detailed-exitcode") == 0
    assert "No changes. 2 accounts match the playbooks." in capsys.readouterr().out
    assert iamfix("apply", "plan.json", *inventory, "--auto-approve") == 0
    assert "with nothing to do" in capsys.readouterr().err

    practice.client("iam", "222222222222").delete_account_password_policy()
    assert iamfix("drift", BASELINE, *inventory) == 2
    assert "deleted since run" in capsys.readouterr().out
    assert iamfix("drift", BASELINE, *inventory, "--fix") == 0
    assert iamfix("drift", BASELINE, *inventory) == 0

    assert iamfix("rollback", "latest", *inventory, "--auto-approve") == 0
    assert iamfix("drift", BASELINE, "-i", "sandbox.yml", "-l", "payments-prod") == 2
    assert iamfix("runs") == 0
    assert iamfix("show", "latest") == 0
    assert "delete_account_password_policy" in capsys.readouterr().out


def test_the_plans_json_has_the_promised_fields(
    practice: Sandbox, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The public form is as the design promises it."""
    assert iamfix("plan", BASELINE, "-i", "sandbox.yml", "--format", "json") == 0
    plan: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert plan["format_version"] == "1.0"
    assert {"id", "made_at", "digests", "summary", "accounts"} <= plan.keys()
    assert plan["digests"]["playbooks"].startswith("sha256:")
    account = next(one for one in plan["accounts"] if one["changes"])
    assert {"id", "name", "error", "api_calls", "changes", "findings", "problems", "access"} <= account.keys()
    change = account["changes"][0]
    expected = {"address", "kind", "name", "region", "action", "before", "after", "calls", "undo", "loses", "task"}
    assert expected | {"practice", "controls"} <= change.keys()
    assert set(change["calls"][0]) == {"service", "operation", "params", "region"}
    assert any(one["findings"] for one in plan["accounts"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["frobnicate"], "No such command"),
        (["plan"], "Missing argument"),
        (["plan", "missing.yml", "-i", "sandbox.yml"], "missing.yml"),
        (["plan", BASELINE, "-i", "nowhere"], "there is no such inventory"),
        (["plan", BASELINE, "-i", "sandbox.yml", "-l", "paymnts-prod"], "did you mean 'payments-prod'?"),
        (["plan", BASELINE, "-i", "sandbox.yml", "-l", ""], "the pattern names no account"),
        (["apply", BASELINE, "-i", "sandbox.yml", "-l", "", "--auto-approve"], "the pattern names no account"),
        (["drift", BASELINE, "-i", "sandbox.yml", "-l", ""], "the pattern names no account"),
        (["plan", BASELINE, "-i", "sandbox.yml", "-t", ""], "--tags: it names no tag"),
        (["plan", BASELINE, "-i", "sandbox.yml", "--skip-tags", ","], "--skip-tags: it names no tag"),
        (["who-can", "s3:GetObject", "-i", "sandbox.yml", "-l", ""], "the pattern names no account"),
        (["validate", BASELINE, "-i", "sandbox.yml", "-l", ""], "the pattern names no account"),
        (["plan", BASELINE, "-i", "sandbox.yml", "--allow", "quotta"], "did you mean 'quota'?"),
        (["plan", BASELINE, "-i", "sandbox.yml", "-e", "x"], "name=value"),
        (["apply", "plan.json", "-i", "sandbox.yml"], "plan.json"),
        (["show", "20200101T000000Z-0000"], "there is no run"),
        (["rollback", "latest", "-i", "sandbox.yml"], "there are no runs"),
        (["doc", "iam_rol"], "did you mean 'iam_role'?"),
        (["aply"], "Did you mean 'apply'"),
        (["who-can", "s3:GetObject", "bucket/key", "-i", "sandbox.yml"], "'bucket/key' is no ARN"),
    ],
)
def test_mistakes_exit_1_with_a_hint(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """Wrong usage is explained, and is never exit code 2."""
    assert iamfix(*arguments) == 1
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told


def test_without_a_command_the_help_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Who asks for nothing sees the help, and no error before it."""
    assert iamfix() == 1
    told = capsys.readouterr().err
    assert told.startswith("Usage: iamfix")
    assert "error" not in told


def test_a_plan_that_was_changed_is_not_shown(
    practice: Sandbox, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who reviews a saved plan sees the one that was made, or none: neither an edited one nor half of one."""
    text = "- {accounts: management, tasks: [{iam_group: {name: Fresh}}]}\n"
    Path("p.yml").write_text(text, encoding="utf-8")
    assert iamfix("plan", "p.yml", "-i", "sandbox.yml", "-o", "plan.json") == 0
    assert iamfix("show", "plan.json") == 0
    made = Path("plan.json").read_text(encoding="utf-8")
    data = json.loads(made)
    del data["accounts"][0]["changes"][0]["kind"]
    for text, words in (
        (made.replace("Fresh", "Other"), "this plan was changed after it was made"),
        (json.dumps(data), "this plan was changed after it was made"),
        (made.replace('"1.0"', '"9.0"'), "a plan of format '9.0'; this iamfix reads 1.0"),
        (made[:500], "this is not a saved plan"),
    ):
        Path("plan.json").write_text(text, encoding="utf-8")
        capsys.readouterr()
        assert iamfix("show", "plan.json") == 1
        told = capsys.readouterr()
        assert (told.out, words in told.err) == ("", True)


def test_a_run_is_named_by_the_beginning_of_its_id(
    practice: Sandbox, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As much of an id as names one run is enough; an apply that changed nothing says so when it is taken back."""
    Path("p.yml").write_text("- {accounts: management, tasks: [{iam_group: {name: Fresh}}]}\n", encoding="utf-8")
    for _ in range(2):
        assert iamfix("apply", "p.yml", "-i", "sandbox.yml", "--auto-approve") == 0
    assert iamfix("plan", "p.yml", "-i", "sandbox.yml", "-o", "plan.json") == 0
    assert iamfix("apply", "plan.json", "-i", "sandbox.yml", "--auto-approve") == 0
    (first, *_) = ids = sorted(one.stem for one in Path(".iamfix").glob("*.jsonl"))
    capsys.readouterr()
    assert iamfix("show", first[:-1]) == 0
    assert capsys.readouterr().out.startswith(first)
    if len(ids) > 1:
        assert iamfix("show", "2") == 1
        assert f"{len(ids)} runs begin with '2'" in capsys.readouterr().err
    assert iamfix("rollback", first[:-1], "-i", "sandbox.yml", "--auto-approve") == 0
    capsys.readouterr()
    assert iamfix("rollback", first, "-i", "sandbox.yml", "--auto-approve") == 0
    assert capsys.readouterr().err == f"Nothing of the run {first} is left to take back.\n"


def test_nobody_to_ask_is_refused(practice: Sandbox, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal and without --auto-approve nothing is applied."""
    assert iamfix("apply", BASELINE, "-i", "sandbox.yml") == 1
    assert "--auto-approve" in capsys.readouterr().err
    assert practice.log.mutating() == []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_its_page(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`doc` and `schema` come from the kinds themselves."""
    assert iamfix("doc", kind) == 0
    assert kind in capsys.readouterr().out


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_example_is_valid(kind: str, here: Path) -> None:
    """The example on a kind's page passes `validate`."""
    text = "".join(f"    {line}\n" for line in KINDS[kind].EXAMPLE.splitlines())
    Path("example.yml").write_text(f"- accounts: all\n  tasks:\n{text}", encoding="utf-8")
    assert iamfix("validate", "example.yml", "-i", "sandbox.yml") == 0


def test_the_shipped_project_is_valid(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`init` writes a project that validates as it is, and never overwrites."""
    assert iamfix("init", "project") == 0
    assert iamfix("validate", "project/playbooks/baseline.yml", "-i", "project/inventory") == 0
    assert iamfix("init", "project") == 0
    assert "left alone" in capsys.readouterr().out


def test_the_printed_permissions_are_enough(practice: Sandbox, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A role with just what `permissions` prints can plan and apply."""
    assert iamfix("permissions", BASELINE, "-i", "sandbox.yml", "-l", "payments-prod") == 0
    policy = capsys.readouterr().out
    iam = practice.client("iam", "222222222222")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}],
    }
    iam.create_role(RoleName="narrow", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName="narrow", PolicyName="narrow", PolicyDocument=policy)
    Path("narrow.yml").write_text(
        "all:\n  vars: {role_name: narrow}\n  accounts:\n    payments-prod: {id: '222222222222'}\n",
        encoding="utf-8",
    )
    assert iamfix("apply", BASELINE, "-i", "narrow.yml", "--auto-approve") == 0
    assert iamfix("plan", BASELINE, "-i", "narrow.yml", "--detailed-exitcode") == 0


def test_reports_in_all_forms(practice: Sandbox, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The scorecard names practices and controls, and its page needs nothing from elsewhere."""
    for form, words in (("text", "MFA for everyone"), ("json", '"practices"'), ("markdown", "|---"), ("html", "<svg")):
        assert iamfix("report", BASELINE, "-i", "sandbox.yml", "--format", form) == 0
        page = capsys.readouterr().out
        assert words in page
        assert "http://" not in page
        assert "https://" not in page


def test_policy_lint_tells_file_and_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Findings have their place; what AWS would refuse is exit code 1."""
    Path("wide.json").write_text(
        '{"Version": "2012-10-17", "Statement": [\n  {"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
        encoding="utf-8",
    )
    assert iamfix("policy", "lint", "wide.json") == 0
    assert "wide.json:2:" in capsys.readouterr().out
    Path("bad.json").write_text('{"Version": "2012-10-17", "Statement": [{"Action": "s3:*"}]}', encoding="utf-8")
    assert iamfix("policy", "lint", "bad.json", "--format", "json") == 1
    assert json.loads(capsys.readouterr().out)[0]["severity"] == "error"
    Path("none.json").write_text("{", encoding="utf-8")
    assert iamfix("policy", "lint", "none.json") == 1
    assert "none.json:1:" in capsys.readouterr().err


def test_simulate_answers_each_case_on_a_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A case that is no case is told with its line; the others are answered."""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    request = {
        "principal": "arn:aws:iam::111111111111:user/ann",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k",
    }
    request |= {"resource_account": "111111111111"}
    case = json.dumps({"id": "one", "identity_policies": [policy], "request": request})
    Path("cases.jsonl").write_text(f"{case}\nnonsense\n{case}\n", encoding="utf-8")
    assert iamfix("simulate", "--cases", "cases.jsonl") == 1
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer.get("decision") for answer in answers] == ["allowed", None, "allowed"]
    assert "2" in str(answers[1])
    assert iamfix("simulate", "--cases", "nowhere.jsonl") == 1
