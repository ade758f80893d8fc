"""The smallest IAM policy with which a plan, and its apply, runs: derived from the requests and calls themselves.

What a call must be allowed is the kinds' knowledge (`needs`); what was read, the run's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from iamfix.aws.actions import action_of
from iamfix.fields import fields_of
from iamfix.kinds.protocol import Kind
from iamfix.model import Change, Plan
from iamfix.wanted import known_details

Statement = dict[str, Any]


def policy_for(plan: Plan, kinds: Mapping[str, Kind], *, writes: bool) -> dict[str, Any]:
    """Return a policy document: what planning read, and, with `writes`, what an apply of the plan reads and does.

    Reads are allowed on everything: nearly all of them list. Changes are allowed on the resources of the plan only.
    """
    looked = {action_of(*read) for account in plan.accounts for read in account.reads}
    if writes:
        looked |= {action_of(*read) for change in plan.changes() for read in _looks(kinds[change.kind], change)}
    statements: list[Statement] = []
    if looked:
        statements.append({"Sid": "Look", "Effect": "Allow", "Action": sorted(looked), "Resource": "*"})
    if writes:
        statements += _change_statements(plan.changes())
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


def _change_statements(changes: Iterable[Change]) -> Iterator[Statement]:
    """Yield a statement for each set of resources, with the actions that need just these."""
    needed: dict[str, set[str]] = {}
    for change in changes:
        for call, needs in zip(change.calls, change.needs, strict=True):
            for need in needs:
                action = need.action or action_of(call.service, call.operation)
                needed.setdefault(action, set()).add(need.resource)
    groups: dict[tuple[str, ...], list[str]] = {}
    for action, found in needed.items():
        groups.setdefault(tuple(sorted(found)), []).append(action)
    ordered = sorted(groups.items(), key=lambda item: sorted(item[1]))
    for number, (arns, actions) in enumerate(ordered, start=1):
        yield {"Sid": f"Change{number}", "Effect": "Allow", "Action": sorted(actions), "Resource": list(arns)}
