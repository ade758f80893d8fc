"""The plan's public JSON form: what `-o` saves, what views show, what `apply` takes back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from iamfix.fields import from_plain, to_plain
from iamfix.kinds.protocol import Kind
from iamfix.model import (
    Account,
    AccountPlan,
    Call,
    Change,
    Finding,
    Generated,
    InputError,
    Json,
    Need,
    Origin,
    Plan,
    Problem,
    Result,
    Wave,
)

FORMAT = "1.0"


def to_json(plan: Plan) -> dict[str, Json]:
    """Return the plan as design section 8 promises it, with a few fields more."""
    body = _body(plan)
    return {"format_version": FORMAT, "id": plan.id, **body}


def identify(plan: Plan) -> str:
    """Return the id of a plan: a digest of all that it says."""
    return _digest(_body(plan))


def _digest(body: Json) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _body(plan: Plan) -> dict[str, Json]:
    actions = [change.action for change in plan.changes()]
    return {
        "made_at": plan.made_at,
        "digests": dict(plan.digests),
        "summary": {
            "create": actions.count("create"),
            "update": actions.count("update"),
            "delete": actions.count("delete"),
            "unchanged": sum(account.unchanged for account in plan.accounts),
            "findings": sum(len(account.findings) for account in plan.accounts),
            "problems": sum(len(account.problems) for account in plan.accounts),
            "accounts": len(plan.accounts),
        },
        "accounts": [_account(account) for account in plan.accounts],
        "waves": [
            {
                "play": wave.play,
                "batches": [list(batch) for batch in wave.batches],
                "max_fail_percentage": wave.max_fail_percentage,
            }
            for wave in plan.waves
        ],
    }


def _account(plan: AccountPlan) -> dict[str, Json]:
    return {
        "id": plan.account.id,
        "name": plan.account.name,
        "error": plan.error,
        "api_calls": plan.api_calls,
        "unchanged": plan.unchanged,
        "ignored": plan.ignored,
        "seconds": plan.seconds,
        "incomplete": plan.incomplete,
        "changes": [_change(change) for change in plan.changes],
        "findings": [_finding(finding) for finding in plan.findings],
        "problems": [problem_json(problem) for problem in plan.problems],
        "reads": [list(one) for one in plan.reads],
        "access": list(plan.access),
        "judged_for": list(plan.judged_for),
    }


def _change(change: Change) -> dict[str, Json]:
    return {
        "address": change.address,
        "kind": change.kind,
        "name": change.name,
        "region": change.region,
        "action": change.action,
        "before": None if change.before is None else to_plain(change.before),
        "after": None if change.after is None else to_plain(change.after),
        "calls": [call_json(call) for call in change.calls],
        "undo": [call_json(call) for call in change.undo],
        "loses": list(change.loses),
        "task": change.origin.task,
        "practice": change.origin.practice,
        "controls": list(change.origin.controls),
        "where": change.origin.where,
        "allow": list(change.origin.allow),
        "step": list(change.origin.step),
        "notes": list(change.notes),
        "needs": _needs(change.needs),
        "undo_needs": _needs(change.undo_needs),
    }


def _needs(needs: tuple[tuple[Need, ...], ...]) -> Json:
    return [[{"action": need.action, "resource": need.resource} for need in of_call] for of_call in needs]


def _finding(finding: Finding) -> dict[str, Json]:
    return {
        "task": finding.origin.task,
        "address": finding.address,
        "message": finding.message,
        "severity": finding.severity,
        "practice": finding.origin.practice,
        "controls": list(finding.origin.controls),
        "where": finding.origin.where,
        "staged": finding.staged,
    }


def problem_json(problem: Problem) -> dict[str, Json]:
    return {
        "severity": problem.severity,
        "where": problem.where,
        "summary": problem.summary,
        "hint": problem.hint,
        "rule": problem.rule,
    }


def call_json(call: Call) -> dict[str, Json]:
    return {
        "service": call.service,
        "operation": call.operation,
        "params": _params(call.params),
        "region": call.region,
    } | ({"as_root": True} if call.as_root else {})


def _params(value: Any) -> Json:
    if isinstance(value, Result):
        return {
            "$result": {"address": value.address, "operation": value.operation, "path": value.path}
            | ({"field": value.field} if value.field else {})
        }
    if isinstance(value, Generated):
        return {"$generated": value.what}
    if isinstance(value, Mapping):
        return {key: _params(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_params(item) for item in value]
    return value


def from_json(data: Json, kinds: Mapping[str, Kind], accounts: Mapping[str, Account], where: str) -> Plan:
    """Return the plan that `to_json` wrote. `accounts` are those of today's inventory, by name.

    Raises:
        InputError: not a plan, of another format, edited by hand, or of accounts that the inventory does not have so.
    """
    _check_format(data, where)
    try:
        plan = Plan(
            id=str(data["id"]),
            made_at=str(data["made_at"]),
            digests={str(key): str(value) for key, value in data["digests"].items()},
            accounts=tuple(_read_account(item, kinds, accounts, where) for item in data["accounts"]),
            waves=tuple(
                Wave(item["play"], tuple(tuple(batch) for batch in item["batches"]), item["max_fail_percentage"])
                for item in data["waves"]
            ),
        )
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _bad(where, f"this plan is damaged ({type(error).__name__}: {error})", "plan again") from None
    check_whole(data, where)
    return plan


def check_whole(data: Json, where: str) -> None:
    """Refuse what is no saved plan, or no longer the one that was made: who reviews it must see what was planned.

    Raises InputError.
    """
    _check_format(data, where)
    if _digest({key: item for key, item in data.items() if key not in ("format_version", "id")}) != data.get("id"):
        raise _bad(
            where, "this plan was changed after it was made", "plan again; a plan is applied exactly or not at all"
        )


def _check_format(data: Json, where: str) -> None:
    if not isinstance(data, dict) or "format_version" not in data:
        raise _bad(where, "this is not a saved plan", "save one with `iamfix plan -o plan.json`")
    if data["format_version"] != FORMAT:
        raise _bad(where, f"a plan of format {data['format_version']!r}; this iamfix reads {FORMAT}", "plan again")


def _read_account(
    item: Mapping[str, Any], kinds: Mapping[str, Kind], accounts: Mapping[str, Account], where: str
) -> AccountPlan:
    name = item["name"]
    account = accounts.get(name)
    if account is None or account.id != item["id"]:
        found = "no such account" if account is None else f"account {account.id}"
        raise _bad(
            where, f"the plan is for {name!r} ({item['id']}), the inventory has {found} of that name", "plan again"
        )
    return AccountPlan(
        account=account,
        changes=tuple(_read_change(change, kinds, account.partition) for change in item["changes"]),
        findings=tuple(
            Finding(found["address"], found["message"], found["severity"], _read_origin(found), found["staged"])
            for found in item["findings"]
        ),
        problems=tuple(Problem(**problem) for problem in item["problems"]),
        unchanged=item["unchanged"],
        ignored=item["ignored"],
        api_calls=item["api_calls"],
        seconds=item["seconds"],
        error=item["error"],
        incomplete=item["incomplete"],
        reads=tuple((service, operation) for service, operation in item["reads"]),
        access=tuple(item["access"]),
        judged_for=tuple(item.get("judged_for", ())),
    )


def _read_change(item: Mapping[str, Any], kinds: Mapping[str, Kind], partition: str) -> Change:
    state = kinds[item["kind"]].State
    sides = [None if item[side] is None else from_plain(state, item[side], partition) for side in ("before", "after")]
    return Change(
        address=item["address"],
        kind=item["kind"],
        name=item["name"],
        region=item["region"],
        before=sides[0],
        after=sides[1],
        calls=tuple(_read_call(call) for call in item["calls"]),
        undo=tuple(_read_call(call) for call in item["undo"]),
        loses=tuple(item["loses"]),
        origin=_read_origin(item),
        notes=tuple(item["notes"]),
        needs=_read_needs(item, "needs"),
        undo_needs=_read_needs(item, "undo_needs"),
    )


def _read_needs(item: Mapping[str, Any], of: str) -> tuple[tuple[Need, ...], ...]:
    return tuple(tuple(Need(**need) for need in needs) for needs in item.get(of, ()))


def read_changes(items: list[Mapping[str, Any]], kinds: Mapping[str, Kind], partition: str) -> list[Change]:
    """Return the changes of one account of a journal's plan."""
    return [_read_change(item, kinds, partition) for item in items]


def _read_origin(item: Mapping[str, Any]) -> Origin:
    return Origin(
        task=item["task"],
        where=item["where"],
        practice=item["practice"],
        controls=tuple(item["controls"]),
        allow=tuple(item.get("allow", ())),
        step=tuple(item["step"]) if "step" in item else (0, 0),
    )


def _read_call(item: Mapping[str, Any]) -> Call:
    params, as_root = _read_params(item["params"]), bool(item.get("as_root", False))
    return Call(item["service"], item["operation"], params, item["region"], as_root)


def _read_params(value: Json) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"$result"}:
            return Result(**value["$result"])
        if value.keys() == {"$generated"}:
            return Generated(value["$generated"])
        return {key: _read_params(item) for key, item in value.items()}
    return [_read_params(item) for item in value] if isinstance(value, list) else value


def _bad(where: str, summary: str, hint: str) -> InputError:
    return InputError(Problem("error", where, summary, hint))
