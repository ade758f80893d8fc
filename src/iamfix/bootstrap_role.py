"""Bootstrap: what the role of iamfix in a new account may do, and who may assume it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from iamfix.aws.actions import action_of
from iamfix.bootstrap_wait import READS
from iamfix.kinds import KINDS
from iamfix.model import Account, Json, Plan
from iamfix.permissions import policy_for
from iamfix.playbook import Playbooks
from iamfix.policy.document import Document

_MOST = 10_000
"""Characters; AWS takes 10,240 of all inline policies of a role together, and it may have another one."""
Grants = dict[str, set[str]]
"""Action -> the resources on which it is allowed."""


def trust_of(account: Account, manager: Account) -> dict[str, Json]:
    """Return a trust policy that lets the management account in, with the inventory's external id if it has one."""
    statement: dict[str, Json] = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{account.partition}:iam::{manager.id}:root"},
        "Action": "sts:AssumeRole",
    }
    if account.external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": account.external_id}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def policy_of(plan: Plan, playbooks: Playbooks, held: Document | None) -> Json:
    """Return what the role needs for a plan and its apply: all reads of kinds that its playbooks name, and its calls.

    What the role already has stays, and is returned as it is when it is enough: once the baseline is applied, a plan of
    it needs no calls, and a later one may need some again.
    """
    grants = _grants(policy_for(plan, KINDS, "apply")["Statement"])
    reads = {read for kind in _kinds(playbooks) for read in KINDS[kind].READS} | set(READS)
    for service, operation in reads:
        grants.setdefault(action_of(service, operation), set()).add("*")
    if held is not None:
        had = _grants(held.data["Statement"])
        if all(_covered(found, had.get(action, set())) for action, found in grants.items()):
            return held.data
        for action, resources in had.items():
            grants.setdefault(action, set()).update(resources)
    return _document(grants)


def _covered(needed: set[str], had: set[str]) -> bool:
    """Tell whether each resource is among others, as it is or in one of the wider forms of `_document`."""
    return "*" in had or all(
        one in had or _any_region(one) in had or _any_name(_any_region(one)) in had for one in needed
    )


def _document(grants: Grants) -> dict[str, Json]:
    """Return the policy document; where it would be longer than a role takes, resources are named more widely.

    First those of many regions in one, then all of a type: a network in each region has ids by the dozen.
    """
    document: dict[str, Json] = {"Version": "2012-10-17", "Statement": list(_statements(grants))}
    for fold in (_any_region, _any_name):
        if len(json.dumps(document, separators=(",", ":"))) <= _MOST:
            break
        grants = {action: {fold(one) for one in found} for action, found in grants.items()}
        document["Statement"] = list(_statements(grants))
    return document


def _any_region(arn: str) -> str:
    parts = arn.split(":", 5)
    return ":".join([*parts[:3], "*", *parts[4:]]) if len(parts) == 6 and parts[3] else arn


def _any_name(arn: str) -> str:
    parts = arn.split(":", 5)
    word, slash, _ = parts[-1].partition("/")
    return ":".join([*parts[:5], f"{word}/*"]) if len(parts) == 6 and parts[3] and slash else arn


def _kinds(playbooks: Playbooks) -> set[str]:
    """Return the kinds that the playbooks name: of tasks, of checks, and in templates, which may ask only later."""
    text = "\n".join(Path(file).read_text(encoding="utf-8") for file in playbooks.files)
    return KINDS.keys() & set(re.findall(r"[a-z0-9_]+", text))


def _grants(statements: Any) -> Grants:
    """Return what statements allow; those that do more than list actions and resources are left to their owner."""
    found: Grants = {}
    for statement in statements if isinstance(statements, list) else [statements]:
        if statement["Effect"] == "Allow" and statement.keys() <= {"Sid", "Effect", "Action", "Resource"}:
            for action in _listed(statement["Action"]):
                found.setdefault(action, set()).update(_listed(statement["Resource"]))
    return found


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _statements(grants: Mapping[str, set[str]]) -> Iterator[dict[str, Json]]:
    """Yield a statement for each set of resources; what is allowed on everything needs no narrower one."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for action, found in grants.items():
        groups.setdefault(("*",) if "*" in found else tuple(sorted(found)), []).append(action)
    for resources, actions in sorted(groups.items()):
        on: Json = "*" if resources == ("*",) else list(resources)
        yield {"Effect": "Allow", "Action": sorted(actions), "Resource": on}
