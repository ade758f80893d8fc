"""`iamfix simulate` for one request by options, and for cases from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from iamfix.cli import run

USER = "arn:aws:iam::111111111111:user/ann"
SESSION = "arn:aws:sts::111111111111:assumed-role/app/build"
OBJECT = "arn:aws:s3:::b/k"
READ = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*",
     "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}},
    {"Sid": "Never", "Effect": "Deny", "Action": "s3:GetBucketPolicy", "Resource": "*"}
  ]
}
"""


def document(effect: str = "Allow", action: str = "*", **more: Any) -> str:
    statement = {"Effect": effect, "Action": action, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "read.json": READ,
        "all.json": document(),
        "ec2.json": document(action="ec2:*"),
        "region.json": document("Deny", "s3:*", Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}),
        "bucket.json": document(Principal={"AWS": SESSION}),
        "trust.json": json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "sts:AssumeRole"}],
            }
        ),
        "rcp.json": document("Deny", "s3:*", Principal="*"),
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert run(["simulate", *arguments, "--format", "json"]) == 0
    answers: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return answers


@pytest.mark.parametrize(
    ("options", "decision"),
    [
        ([], "implicit_deny"),
        (["--policy", "all.json"], "allowed"),
        (["--policy", "ec2.json", "--policy", "all.json"], "allowed"),
        (["--policy", "read.json"], "implicit_deny"),
        (["--policy", "read.json", "-c", "aws:RequestedRegion=eu-west-1"], "allowed"),
        (["--policy", "read.json", "--partial"], "unknown"),
        (["--policy", "read.json", "--partial", "-c", "aws:RequestedRegion="], "implicit_deny"),
        (["--policy", "all.json", "--boundary", "ec2.json"], "implicit_deny"),
        (["--policy", "all.json", "--session-policy", "ec2.json"], "implicit_deny"),
        (["--policy", "all.json", "--session-policy", "ec2.json", "--session-policy", "all.json"], "allowed"),
        (["--policy", "all.json", "--scp", "FullAWSAccess", "--scp", "ec2.json"], "implicit_deny"),
        (["--policy", "all.json", "--scp", "FullAWSAccess", "--scp", "ec2.json,FullAWSAccess"], "allowed"),
        (["--policy", "all.json", "--scp", "FullAWSAccess,region.json"], "explicit_deny"),
        (["--policy", "all.json", "--scp", "region.json", "--management-account", "111111111111"], "allowed"),
        (["--policy", "all.json", "--rcp", "RCPFullAWSAccess,rcp.json"], "explicit_deny"),
        (["--policy", "all.json", "--resource-account", "222222222222"], "implicit_deny"),
    ],
)
def test_each_layer_has_its_option(
    files: Path, capsys: pytest.CaptureFixture[str], options: list[str], decision: str
) -> None:
    """Every layer of policies, the context and the owner of the resource can be given."""
    [answer] = ask(capsys, "s3:GetObject", "-p", USER, "-r", OBJECT, *options)
    assert answer["decision"] == decision


def test_resource_and_trust_policies(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A resource policy may name a session; the policy of a role that is assumed is its trust policy."""
    [answer] = ask(capsys, "s3:GetObject", "-p", SESSION, "-r", OBJECT, "--resource-policy", "bucket.json")
    assert answer["statement"]["layer"] == "resource_policy"
    role = "arn:aws:iam::111111111111:role/app"
    [answer] = ask(capsys, "sts:AssumeRole", "-p", USER, "-r", role, "--resource-policy", "trust.json")
    assert answer["statement"]["layer"] == "trust_policy"


def test_the_answer_names_file_and_line(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each action on each resource is answered, with the place of the statement and the keys taken as absent."""
    asked = [
        "s3:GetObject,s3:GetBucketPolicy",
        "-p",
        USER,
        "-r",
        OBJECT,
        "-r",
        "arn:aws:s3:::c",
        "--policy",
        "read.json",
    ]
    answers = ask(capsys, *asked)
    assert [(one["action"], one["resource"]) for one in answers] == [
        ("s3:GetObject", OBJECT),
        ("s3:GetObject", "arn:aws:s3:::c"),
        ("s3:GetBucketPolicy", OBJECT),
        ("s3:GetBucketPolicy", "arn:aws:s3:::c"),
    ]
    assert answers[0]["taken_as_absent"] == ["aws:RequestedRegion"]
    assert answers[2]["statement"] == {
        "layer": "identity_policy", "document": 0, "statement": 1, "sid": "Never", "where": "read.json:6:5",
    }  # fmt: skip
    assert set(answers[0]) == {
        "principal", "action", "resource", "decision", "reason", "statement", "unknown_keys", "taken_as_absent",
    }  # fmt: skip
    assert run(["simulate", *asked]) == 0
    text = capsys.readouterr().out
    assert "explicit_deny  s3:GetBucketPolicy  arn:aws:s3:::c" in text
    assert "denied by statement 2 (Never) of identity policy 1 (read.json:6:5)" in text


def test_exit_codes(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A denied request is an answer; with --detailed-exitcode it is exit code 2."""
    asked = ["simulate", "s3:GetObject", "-p", USER, "-r", OBJECT]
    assert run([*asked]) == 0
    assert run([*asked, "--detailed-exitcode"]) == 2
    assert run([*asked, "--policy", "all.json", "--detailed-exitcode"]) == 0
    case = {"request": {"principal": USER, "action": "s3:GetObject", "resource": OBJECT}}
    Path("cases.jsonl").write_text(json.dumps(case) + "\n", encoding="utf-8")
    assert run(["simulate", "--cases", "cases.jsonl"]) == 0
    assert run(["simulate", "--cases", "cases.jsonl", "--detailed-exitcode"]) == 2
    capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "ACTION: name an action"),
        (["s3:GetObject"], "--principal: say who asks"),
        (["GetObject", "-p", USER], "not of the form service:Name"),
        (["s3:GetObject", "-p", "ann:x", "-r", ""], "--resource: is empty"),
        (["s3:GetObject", "-p", "nonsense"], "--principal: 'nonsense' is no principal"),
        (["s3:GetObject", "-p", "nonsense"], "hint: such as arn:aws:iam::111111111111:user/ann"),
        (["s3:GetObject", "-p", ""], "--principal: '' is no principal"),
        (["s3:GetObject", "-p", "arn:aws:iam::111111111111:user/*"], "a request is made by one principal"),
        (["s3:GetObject", "-p", "arn:aws:iam::111111111111:user/a b"], "characters that IAM refuses"),
        (["s3:GetObject", "-p", "arn:amazon:iam::111111111111:user/ann"], "is not the ARN of a principal"),
        (["s3:GetObject", "-p", "AIDAALICEEXAMPLE00001"], "is a unique id; name the principal by its ARN"),
        (["s3:GetObject", "-p", USER, "-r", "nonsense"], "--resource: 'nonsense' is no ARN"),
        (["s3:GetObject", "-p", USER, "-r", "arn:aws:s3:b/k"], "hint: such as arn:aws:s3:::bucket/key"),
        (["s3:*", "-p", USER], "ACTION: 's3:*' is not of the form service:Name, such as s3:GetObject; a request is"),
        (["s4:GetObject", "-p", USER], "ACTION: AWS lists no service 's4'"),
        (["nonsense", "-p", "nonsense", "-r", "nonsense"], "3 problems."),
        (
            ["s3:GetObject", "-p", "arn:aws:iam::111111111111:group/g"],
            "--principal: 'arn:aws:iam::111111111111:group/g'",
        ),
        (["s3:GetObject", "-p", USER, "--resource-account", "12"], "--resource-account: '12' is not 12 digits"),
        (["s3:GetObject", "-p", USER, "-c", "aws:SourceIp"], "--context: 'aws:SourceIp' is not key=value"),
        (["s3:GetObject", "-p", USER, "--policy", "nowhere.json"], "nowhere.json: this file cannot be read"),
        (["s3:GetObject", "-p", USER, "--policy", "."], "this file cannot be read: Is a directory"),
        (["s3:GetObject", "-p", USER, "--policy", "bucket.json"], "bucket.json:1:27: statement 1: has a Principal"),
        (["s3:GetObject", "-p", USER, "--policy", "cut.json"], "cut.json:2:1: not JSON"),
        (["s3:GetObject", "-p", USER, "--policy", "bytes.json"], "bytes.json: this file is not UTF-8 text"),
        (["s3:GetObject", "-p", USER, "--scp", "FullAWSAccess,nowhere.json"], "nowhere.json: this file cannot be read"),
        (
            ["sts:AssumeRole", "-p", USER, "-r", "arn:aws:iam::1:role/x", "--resource-policy", "cut.json"],
            "cut.json:2:1",
        ),
        (["s3:GetObject", "--cases", "cases.jsonl"], "--cases: a case says all that it asks itself"),
        (["--cases", "nowhere.jsonl"], "nowhere.jsonl: this file cannot be read"),
        (["--cases", "bytes.json"], "bytes.json: this file is not UTF-8 text"),
        (["--cases", "cases.jsonl"], "cases.jsonl:2: column 1: not JSON"),
    ],
)
def test_mistakes(files: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    """Each mistake exits 1 and is told with its place: the option, or file, line and column."""
    Path("cut.json").write_text('{"Version": "2012-10-17",\n', encoding="utf-8")
    Path("bytes.json").write_bytes(b'{"\xff"}')
    Path("cases.jsonl").write_text("\nnonsense\n", encoding="utf-8")
    assert run(["simulate", *arguments]) == 1
    told = capsys.readouterr().err
    assert words in told
    assert "defect" not in told


def test_an_action_that_aws_does_not_list(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelled action is answered, with a warning that names the nearest one."""
    assert run(["simulate", "s3:GetObjet", "-p", USER, "-r", OBJECT, "--policy", "all.json"]) == 0
    assert "did you mean s3:GetObject?" in capsys.readouterr().err


def test_lines_end_where_json_lines_end(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Characters that only look like line breaks to Python do not cut a case in two."""
    case = {"id": "a\u2028b\x85c", "request": {"principal": USER, "action": "s3:GetObject", "resource": OBJECT}}
    Path("cases.jsonl").write_text("\ufeff" + json.dumps(case, ensure_ascii=False) + "\r\n", encoding="utf-8")
    assert run(["simulate", "--cases", "cases.jsonl"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "a\u2028b\x85c"
