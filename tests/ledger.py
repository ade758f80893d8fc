"""The sandbox's log against the journals: what holds of every run of the whole test suite.

iamfix names its run in the user agent of each request (`run/<id>`); that is how a request is laid at its door. Tests
change the sandbox with clients of their own, whose user agent has no run.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore import xform_name

from iamfix.sandbox import Record, Sandbox

Line = Mapping[str, Any]


def check(sandbox: Sandbox, folder: Path, after: int = 0) -> None:
    """Assert that iamfix sent no change but the calls of its plans, as planned, in order, and journalled before.

    `folder` has the journals of all runs that spoke to this sandbox, at whatever depth; requests up to the number
    `after` were checked already.
    """
    sent: dict[str, list[Record]] = {}
    for record in sandbox.log.changes():
        if record.number > after and "iamfix/" in record.agent:
            run = re.search(r" run/(\S+)", record.agent)
            assert run is not None, f"{record} was sent by no run: {record.agent}"
            sent.setdefault(run[1], []).append(record)
    journals = {path.stem: path for path in folder.rglob("*.jsonl")}
    for run_id, records in sent.items():
        assert run_id in journals, f"{records[0]} was sent by a run without a journal, so by no apply"
        _check_run(list(_lines(journals[run_id])), records)


def _apart(records: Sequence[Record]) -> Iterator[Record]:
    """Yield a request about several items as one for each: AWS takes some calls together."""
    for record in records:
        for item in record.params.get("ResourceARNList") or [None]:
            params = {**record.params, "ResourceARNList": [item]} if item else record.params
            yield dataclasses.replace(record, params=params)


def _lines(path: Path) -> Iterator[Line]:
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(text)
        except ValueError:
            return  # the half line of a run that was killed


def _check_run(lines: Sequence[Line], records: Sequence[Record]) -> None:
    calls = [line for line in lines if line["event"] == "call"]
    results = {line["n"]: line for line in lines if line["event"] == "result"}
    for account in lines[0]["plan"]["accounts"]:
        mine = [call for call in calls if call["account"] == account["name"]]
        _check_planned(account, mine)
        _check_sent(mine, results, [record for record in records if record.account == account["id"]])
    known = {account["id"] for account in lines[0]["plan"]["accounts"]}
    assert not [record for record in records if record.account not in known], "a change in an account without a plan"


def _check_planned(account: Line, calls: Sequence[Line]) -> None:
    """Each resource's calls are the plan's, from some change of it on, without a gap; tasks come in order."""
    steps: list[tuple[int, Sequence[int]]] = []
    for address in {call["address"] for call in calls}:
        changes = [change for change in account["changes"] if change["address"] == address]
        planned = [(call, change["step"]) for change in changes for call in change["calls"]]
        starts = [sum(len(change["calls"]) for change in changes[:number]) for number in range(len(changes))]
        done = [call for call in calls if call["address"] == address]
        fits = [start for start in starts if [c["call"] for c in done] == [c for c, _ in planned[start:]][: len(done)]]
        assert fits, f"what was sent for {address} is not what was planned"
        steps += [(call["n"], planned[fits[0] + number][1]) for number, call in enumerate(done)]
    ordered = [step for _, step in sorted(steps)]
    assert ordered == sorted(ordered), f"the tasks of {account['name']} did not run in order"


def _check_sent(calls: Sequence[Line], results: Mapping[int, Line], records: Sequence[Record]) -> None:
    """Each request is one that a journalled call made; those of one resource's calls do not overlap."""
    left = list(_apart(records))
    last: dict[str, int] = {}
    for call in sorted(calls, key=lambda call: (call["n"] not in results, call["n"])):
        result = results.get(call["n"])
        found = [record for record in left if _is(call["call"], record)]
        if result is not None:
            found = found[: result["attempts"]]
            assert found or not result["ok"], f"the journal says that {call['call']} went well, and nothing arrived"
        for record in found:
            assert record.number > last.get(call["address"], 0), f"{record} came before the call planned before it"
            left.remove(record)
        if found:
            last[call["address"]] = found[-1].number
    assert not left, f"no call of the plan is {left[0]} with {left[0].params}"


def _is(call: Line, record: Record) -> bool:
    same = call["operation"] == xform_name(record.operation) and call["region"] in (None, record.region)
    same = same and call.get("as_root", False) == record.caller.endswith(":root")
    return same and _fits(call["params"], record.params)


_ADDED = frozenset(
    {
        "ChecksumAlgorithm",
        "ContentMD5",
        "ContentLength",
        "ContentType",
        "clientToken",
        "ClientToken",
        "CreatorRequestId",
    }
)
"""Parameters that botocore adds to S3's requests by itself, and those by which AWS knows a repeated request."""


def _fits(planned: Any, sent: Any) -> bool:
    """Tell whether a parameter is what was planned; what only the apply knew, and what the log hides, is any text."""
    if isinstance(planned, Mapping) and planned.keys() & {"$result", "$generated"}:
        return isinstance(sent, str | int)
    if sent == "***" or (isinstance(sent, str) and re.fullmatch(r"<\w+>", sent)):
        return True
    if isinstance(planned, Mapping):
        given = {key: value for key, value in planned.items() if value not in ([], {}, None)}
        got = {key: value for key, value in dict(sent or {}).items() if value not in ([], {}, None)}
        got = {key: value for key, value in got.items() if key in given or key not in _ADDED}
        return given.keys() == got.keys() and all(_fits(value, got[key]) for key, value in given.items())
    if isinstance(planned, list):
        return isinstance(sent, list) and len(planned) == len(sent) and all(map(_fits, planned, sent))
    return bool(planned == sent or str(planned).lower() == str(sent).lower())
