"""The smallest IAM policy with which a plan, its apply or its rollback runs: derived from the requests and calls.

What a call must be allowed is the kinds' knowledge (`needs`); what was read, the run's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from iamfix.aws.actions import action_of
from iamfix.fields import fields_of
from iamfix.kinds.protocol import Kind
from iamfix.model import Call, Change, Need, Plan
from iamfix.wanted import known_details

Statement = dict[str, Any]
Purpose = Literal["plan", "apply", "rollback", "all"]


def policy_for(plan: Plan, kinds: Mapping[str, Kind], purpose: Purpose) -> dict[str, Any]:
    """Return a policy document: what planning reads, and what an apply of the plan, its rollback or both read and do.

    Reads (`Look`) are allowed on everything: nearly all of them list. Changes (`Change1` …) and those that take them
    back (`Back1` …) are allowed on the resources of the plan only.
    """
    forward, back = purpose in ("apply", "all"), purpose in ("rollback", "all")
    looked = {action_of(*read) for account in plan.accounts for read in account.reads}
    for change in plan.changes():
        kind = kinds[change.kind]
        looked |= {action_of(*read) for read in (_looks(kind, change) if forward else ())}
        looked |= {action_of(*read) for read in (_looks_back(kind, change) if back else ())}
    statements: list[Statement] = []
    if looked:
        statements.append({"Sid": "Look", "Effect": "Allow", "Action": sorted(looked), "Resource": "*"})
    if forward:
        pairs = ((change.calls, change.needs) for change in plan.changes())
        statements += _change_statements("Change", pairs)
    if back:
        pairs = ((change.undo, change.undo_needs) for change in plan.changes())
        statements += _change_statements("Back", pairs)
    return {"Version": "2012-10-17", "Statement": statements}


def _looks(kind: Kind, change: Change) -> Iterator[tuple[str, str]]:
    """Yield the (service, operation) with which an apply looks at a resource before and after its change."""
    specs = fields_of(kind.State)
    details = {name for spec in specs.values() for name in spec.reads}
    yield from (read for read in kind.READS if read[1] not in details)
    compared: set[str] = set()
    if change.before is not None:
        compared |= known_details(kind, change.before, seen=True)
    if change.after is not None:
        compared |= known_details(kind, change.after, seen=False)
    wanted = {name for field in compared for name in specs[field].reads}
    yield from (read for read in kind.READS if read[1] in wanted)


def _looks_back(kind: Kind, change: Change) -> Iterator[tuple[str, str]]:
    """Yield the (service, operation) with which a rollback looks: at all of what the run has made, for that may go."""
    if change.before is None:
        yield from kind.READS
    else:
        yield from _looks(kind, change)


def _change_statements(
    name: str, work: Iterable[tuple[Sequence[Call], Sequence[Sequence[Need]]]]
) -> Iterator[Statement]:
    """Yield a statement for each set of resources, with the actions that need just these."""
    needed: dict[str, set[str]] = {}
    for calls, of_calls in work:
        for call, needs in zip(calls, of_calls, strict=True):
            for need in needs:
                action = need.action or action_of(call.service, call.operation)
                needed.setdefault(action, set()).add(need.resource)
    groups: dict[tuple[str, ...], list[str]] = {}
    for action, found in needed.items():
        groups.setdefault(tuple(sorted(found)), []).append(action)
    ordered = sorted(groups.items(), key=lambda item: sorted(item[1]))
    for number, (arns, actions) in enumerate(ordered, start=1):
        yield {"Sid": f"{name}{number}", "Effect": "Allow", "Action": sorted(actions), "Resource": list(arns)}
