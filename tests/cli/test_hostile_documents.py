"""Documents that are broken, odd or hostile, given to every command that takes some: explained, never a traceback."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from iamfix.cli import run

USER = "arn:aws:iam::111111111111:user/ann"
GOOD = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'


def of(statement: str) -> bytes:
    return f'{{"Version":"2012-10-17","Statement":[{statement}]}}'.encode()


def allow(**elements: str) -> bytes:
    """A statement that allows all, with some elements as other JSON."""
    given = {"Effect": '"Allow"', "Action": '"*"', "Resource": '"*"', **elements}
    return of("{" + ",".join(f'"{name}":{value}' for name, value in given.items()) + "}")


DOCUMENTS: dict[str, bytes] = {
    "empty": b'',
    "space": b'  \n\t ',
    "bom only": b'\xef\xbb\xbf',
    "bom": b"\xef\xbb\xbf" + GOOD.encode(),
    "utf16": GOOD.encode("utf-16"),
    "latin1": b'{"Version":"2012-10-17","Statement":[{"Sid":"\xe9","Effect":"Allow","Action":"*","Resource":"*"}]}',
    "null": b'null',
    "true": b'true',
    "num": b'12',
    "str": b'"x"',
    "list": b'[]',
    "listlist": b'[[]]',
    "obj": b'{}',
    "nan": b'{"Version":NaN}',
    "inf": b'{"Statement":Infinity}',
    "trailing": b'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]},',
    "two": GOOD.encode() * 2,
    "cut": b'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"',
    "comment": b'{/*x*/"Version":"2012-10-17"}',
    "single": b"{'Version':'2012-10-17'}",
    "trailcomma": b'{"Version":"2012-10-17",}',
    "deep cond": allow(Condition='{"a":' * 200 + "1" + "}" * 200),
    "dup top": b'{"Version":"2012-10-17","Version":"2008-10-17","Statement":[]}',
    "dup stmt": of('{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}'),
    "dup cond": allow(Condition='{"Bool":{"a:b":"1","a:b":"2"}}'),
    "dup case": allow(Resource='"*","Condition":{"Bool":{"aws:SecureTransport":"true","AWS:securetransport":"false"}}'),
    "bigfloat": b'{"Version":1e999,"Statement":[]}',
    "nul": allow(Sid='"\\u0000"'),
    "rawnul": allow(Sid='"a\x00b"'),
    "surrogate": allow(Sid='"\\ud800"'),
    "surr key": b'{"\\ud800":1}',
    "emoji": of('{"Sid":"😀","Effect":"Allow","Action":"s3:😀","Resource":"\u202e"}'),
    "ansi": of('{"Sid":"\\u001b[31m","Effect":"Allow","Action":"\\u001b]0;x\\u0007","Resource":"*"}'),
    "eff num": of('{"Effect":1,"Action":"*","Resource":"*"}'),
    "eff list": of('{"Effect":["Allow"],"Action":"*","Resource":"*"}'),
    "eff null": of('{"Effect":null,"Action":"*","Resource":"*"}'),
    "act num": allow(Action='7'),
    "act obj": allow(Action='{"a":1}'),
    "act nest": allow(Action='[["*"]]'),
    "act empty": allow(Action='[]'),
    "act blank": of('{"Effect":"Allow","Action":"","Resource":""}'),
    "res null": allow(Resource='null'),
    "stmt str": b'{"Version":"2012-10-17","Statement":"x"}',
    "stmt null": b'{"Version":"2012-10-17","Statement":null}',
    "stmt num": of('1,null,"x",[],{}'),
    "ver list": b'{"Version":["2012-10-17"],"Statement":[]}',
    "ver obj": b'{"Version":{"a":1},"Statement":[]}',
    "ver old": b'{"Version":"2020-01-01","Statement":[]}',
    "cond str": allow(Condition='"x"'),
    "cond list": allow(Condition='[1]'),
    "cond op": allow(Condition='{"Nope":{"a":"b"}}'),
    "cond opstr": allow(Condition='{"Bool":"x"}'),
    "cond null": allow(Condition='{"Bool":{"a:b":null}}'),
    "cond vobj": allow(Condition='{"Bool":{"a:b":{"c":1}}}'),
    "cond empty": allow(Condition='{"":{"":""}}'),
    "cond ip": allow(Condition='{"IpAddress":{"aws:SourceIp":["${x}","999.1.1.1","::/0","0.0.0.0/99"]}}'),
    "cond num": allow(Condition='{"NumericEquals":{"a:b":[1e308,"1e99999","-0","x",0.1]}}'),
    "cond date": allow(
        Condition='{"DateLessThan":{"aws:CurrentTime":["9999-99-99","0000-01-01","2026-01-01T00:00:00+99:99","9" ]}}'
    ),
    "prin num": allow(Principal='1'),
    "prin list": allow(Principal='["*"]'),
    "prin type": allow(Principal='{"Foo":"x"}'),
    "prin nest": allow(Principal='{"AWS":{"a":1}}'),
    "prin odd": of(
        '{"Effect":"Allow","Principal":{"AWS":["","nonsense","arn:","arn:aws:iam::1:root"]},"Action":"sts:AssumeRole"}'
    ),
    "both": allow(NotAction='"*"', NotResource='"*"', Principal='"*"', NotPrincipal='"*"'),
    "vars": allow(Resource='["${","${}","${${a}}","${a,\'b\'}","${*}${?}${$}","arn:aws:s3:::${aws:username"]'),
    "unknown el": allow(Foo='1,"":2'),
    "crlf": GOOD.replace(",", ",\r\n").encode(),
    "ls": allow(Sid='"a\u2028b"'),
    "percent": b'%7B%22Version%22%3A%222012-10-17%22%7D',
    "yaml": b'Version: 2012-10-17\nStatement: []\n',
    "deep list": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "long number": b'{"Version":' + b"9" * 5000 + b"}",
    "colons": allow(Action='"::::"', Resource=f'"{":" * 5000}"'),
    "wildcards": allow(Action=f'"s3:{"*a" * 3000}"', Resource=f'"arn:aws:s3:::{"*?" * 3000}"'),
    "long name": allow(Sid=f'"{"x" * 90_000}"'),
    "many statements": of(",".join(f'{{"Effect":"Allow","Action":"s3:Get{n}*","Resource":"*"}}' for n in range(2500))),
    "lower case": b'{"version":"2012-10-17","statement":[{"effect":"Allow"}]}',
}  # fmt: skip


def commands(name: str) -> list[list[str]]:
    return [
        ["policy", "lint", name], ["policy", "diff", name, "good.json"],
        ["simulate", "s3:GetObject", "-p", USER, "-r", "arn:aws:s3:::b/k", "--policy", name],
        ["simulate", "--cases", name],
    ]  # fmt: skip


def test_there_are_many() -> None:
    """At least sixty documents are tried, and none is like another."""
    assert len(DOCUMENTS) >= 60
    assert len(set(DOCUMENTS.values())) == len(DOCUMENTS)


@pytest.mark.parametrize("what", DOCUMENTS)
def test_it_is_explained(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command answers, or says in which file what is wrong; a mistake in a statement has line and column."""
    monkeypatch.chdir(tmp_path)
    Path("odd.json").write_bytes(DOCUMENTS[what])
    Path("good.json").write_text(GOOD, encoding="utf-8")
    for arguments in commands("odd.json"):
        began = time.process_time()
        code = run(arguments)
        seconds = time.process_time() - began
        told = capsys.readouterr()
        text = told.out + told.err
        assert code in (0, 1, 2), arguments
        assert "Traceback" not in text, arguments
        assert "defect of iamfix" not in text, (arguments, text)
        assert "\x1b" not in text, arguments
        assert seconds < 20, arguments
        if code == 1:
            assert re.search(r"(odd|good)\.json", text), (arguments, text)
        if code == 1 and "statement" in told.err:
            assert re.search(r"\.json:[0-9]+", told.err), (arguments, text)


@pytest.mark.parametrize(
    "arguments",
    [
        ["", "arn:aws:s3:::b"], ["s3:GetObject", ""], ["s3:GetObject", "arn:aws:s3:::"], ["s3:GetObject", "b/k"],
        ["\x1b[31m:GetObject"], ["s3:GetObject\n"], ["s3 :GetObject"], ["*"], ["s3:"], [":"], ["é:é"],
        ["s3:GetObject", "arn:aws:s3"], ["s3:GetObject", "arn::::::"], ["sts:AssumeRole", "arn:aws:iam::1:role/x"],
    ],
)  # fmt: skip
def test_odd_questions_to_who_can(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is no action or no ARN is refused with a hint, before any account is asked."""
    monkeypatch.chdir(tmp_path)
    Path("inventory.yml").write_text('all: {accounts: {a: {id: "111111111111"}}}\n', encoding="utf-8")
    assert run(["who-can", *arguments, "-i", "inventory.yml"]) == 1
    told = capsys.readouterr().err
    assert re.search(r"(ACTION|RESOURCE): ", told)
    assert "hint: " in told
    assert "\x1b" not in told
