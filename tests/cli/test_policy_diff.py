"""`iamfix policy diff`: equal or not, what is gained and lost, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from iamfix.cli import run

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
PASS = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
TRUST = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}
OPEN = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}


def document(*statements: dict[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def compare(capsys: pytest.CaptureFixture[str], before: Any, after: Any, *options: str) -> tuple[int, dict[str, Any]]:
    for name, one in (("a.json", before), ("b.json", after)):
        Path(name).write_text(one if isinstance(one, str) else json.dumps(one, indent=1), encoding="utf-8")
    code = run(["policy", "diff", "a.json", "b.json", "--format", "json", *options])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("before", "after", "options"),
    [
        (document(READ, PASS), document(PASS, READ, READ), []),
        (document(READ), {"Statement": {**READ, "Action": ["s3:GetObject"]}, "Version": "2012-10-17"}, []),
        (document(TRUST), document({**TRUST, "Principal": {"AWS": ["arn:aws:iam::111111111111:root"]}}), []),
        (document(OPEN), document({**OPEN, "Principal": {"AWS": "*"}}), []),
        (document(OPEN), document({**OPEN, "Principal": {"AWS": "*"}}), ["--kind", "resource"]),
    ],
)
def test_equal(capsys: pytest.CaptureFixture[str], before: Any, after: Any, options: list[str]) -> None:
    """Equal documents have no gains and losses, and exit 0."""
    assert compare(capsys, before, after, *options) == (0, {"equal": True, "gained": [], "lost": []})


def test_gained_and_lost(capsys: pytest.CaptureFixture[str]) -> None:
    """What the second gives more and less is told in the form of a plan's `access`, and exits 2."""
    code, found = compare(capsys, document(READ), document({**PASS, "Condition": MFA}))
    assert (code, found["equal"]) == (2, False)
    [gained], [lost] = found["gained"], found["lost"]
    assert (gained["actions"], gained["resources"], gained["conditions"]) == (["iam:PassRole"], ["*"], MFA)
    assert gained["risk"] == "permissions management"
    assert (lost["actions"], lost["resources"], lost["conditions"]) == (["s3:GetObject"], ["arn:aws:s3:::b/*"], None)
    assert lost["risk"] == "data exposure"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (document(READ), document(READ, version="2008-10-17")),
        (document(READ), document({**READ, "Action": "S3:GETOBJECT"})),
        (document(READ), document({**READ, "Sid": "Named"})),
        (
            document({**READ, "Resource": "*"}),
            document({**READ, "Resource": "*"}, {**READ, "Resource": "arn:aws:s3:::b/x"}),
        ),
    ],
)
def test_equal_in_meaning_only(capsys: pytest.CaptureFixture[str], before: Any, after: Any) -> None:
    """Documents that AWS tells apart and that allow the same are not equal, and nothing is gained or lost."""
    assert compare(capsys, before, after) == (2, {"equal": False, "gained": [], "lost": []})
    assert run(["policy", "diff", "a.json", "b.json"]) == 2
    assert "the same in meaning" in capsys.readouterr().out


def test_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    """In a trust policy `*` and `{"AWS": "*"}` are two things; the kind is told from the content, or given."""
    all_of_aws = {**TRUST, "Principal": {"AWS": "*"}}
    code, found = compare(capsys, document({**TRUST, "Principal": "*"}), document(all_of_aws))
    assert (code, found["equal"]) == (2, False)
    assert found["lost"]
    code, found = compare(capsys, document(TRUST), document(all_of_aws))
    assert found["gained"][0]["principals"] == ["AWS:*"]
    code, found = compare(capsys, document(READ), document({**READ, "Action": "s3:*"}), "--kind", "scp")
    assert (code, len(found["gained"]), found["lost"]) == (2, 1, [])


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Text names patterns first, then resources, conditions and the known actions with their risk."""
    Path("a.json").write_text(json.dumps(document(READ)), encoding="utf-8")
    Path("b.json").write_text(json.dumps(document({**PASS, "Action": "iam:*", "Condition": MFA})), encoding="utf-8")
    assert run(["policy", "diff", "a.json", "b.json"]) == 2
    text = capsys.readouterr().out
    assert text.startswith("+ iam:*  (privilege escalation (")
    assert '    when {"Bool": {"aws:MultiFactorAuthPresent": "true"}}' in text
    assert "- s3:GetObject  (data exposure)\n    on arn:aws:s3:::b/*\n" in text
    assert text.endswith("Not equal: 1 gained, 1 lost.\n")
    assert run(["policy", "diff", "a.json", "a.json"]) == 0
    assert capsys.readouterr().out == "Equal.\n"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("{", document(READ), "a.json:1:2: not JSON"),
        (document(READ), '{"Version": "2012-10-17", "Version": "x"}', "b.json:1:27: the key 'Version' is given twice"),
        (document(READ), document({**READ, "Effect": "allow"}), "b.json:4:3: statement 1: Effect is 'allow'"),
        (document(READ), document(OPEN), "a.json:4:3: statement 1: has neither Principal nor NotPrincipal"),
    ],
)
def test_mistakes(capsys: pytest.CaptureFixture[str], before: Any, after: Any, words: str) -> None:
    """What cannot be compared exits 1, with file, line and column."""
    for name, one in (("a.json", before), ("b.json", after)):
        Path(name).write_text(one if isinstance(one, str) else json.dumps(one, indent=1), encoding="utf-8")
    assert run(["policy", "diff", "a.json", "b.json"]) == 1
    assert words in capsys.readouterr().err
    assert run(["policy", "diff", "a.json", "nowhere.json"]) == 1
    assert "nowhere.json: this file cannot be read" in capsys.readouterr().err


def test_what_no_service_takes_is_not_compared_for_minutes(capsys: pytest.CaptureFixture[str]) -> None:
    """Of documents far beyond AWS's sizes it is told that they are, unless they are equal: that is found at once."""
    many = [{**READ, "Resource": f"arn:aws:s3:::bucket-{number}/*"} for number in range(1500)]
    Path("a.json").write_text(json.dumps(document(*many), indent=1), encoding="utf-8")
    Path("b.json").write_text(json.dumps(document(*many, PASS), indent=1), encoding="utf-8")
    assert run(["policy", "diff", "a.json", "a.json"]) == 0
    capsys.readouterr()
    assert run(["policy", "diff", "a.json", "b.json"]) == 1
    told = capsys.readouterr().err
    assert "a.json: this document has" in told
    assert "b.json: this document has" in told
