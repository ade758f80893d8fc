"""Who must keep access in an account, and which: iamfix itself, and the inventory's `protected:` principals.

The default probes are what iamfix needs for its next run: to get in, to read, to send the calls of this plan and those
that take it back, and to mend its own role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from iamfix.access.picture import Holder, HolderKind, Picture
from iamfix.access.probes import Probe, Watched
from iamfix.aws.actions import action_of
from iamfix.kinds.protocol import Kind
from iamfix.model import Account, AccountPlan, Call

__all__ = ["default_probes", "watched_of"]

RESOURCES_ASKED = 4
"""Resources for which each action of the plan is asked."""

ROLES_ASKED = 50
"""Roles of other accounts that the caller is asked for."""

_NAMED = {"GroupName": "group", "UserName": "user", "RoleName": "role"}
_MEND: Mapping[HolderKind, tuple[str, ...]] = {
    "role": ("AttachRolePolicy", "PutRolePolicy", "DeleteRolePolicy", "DetachRolePolicy", "UpdateAssumeRolePolicy"),
    "user": ("AttachUserPolicy", "PutUserPolicy", "DeleteUserPolicy", "DetachUserPolicy"),
    "group": (),
}
_MEND_POLICY = ("CreatePolicyVersion", "SetDefaultPolicyVersion")


def watched_of(
    plan: AccountPlan,
    before: Picture,
    runs_as: str,
    caller: str | None,
    kinds: Mapping[str, Kind],
    accounts: Sequence[Account] = (),
) -> Iterator[Watched]:
    """Yield those who must keep access, as far as they are users and roles of the account.

    Args:
        plan: the account's.
        before: the account before it.
        runs_as: ARN of the principal that the calls are made as: a role, a session of one, a user, or root.
        caller: ARN of who assumes the account's role; None where it has none.
        kinds: by name.
        accounts: all of the inventory; whoever needs no role here must be able to assume those of the others.
    """
    account = plan.account
    own = _holder(before, runs_as)
    if own is not None:
        probes = default_probes(plan, before, own, kinds)
        known: dict[str, str] = {}
        if account.role_arn is not None and own.kind == "role":
            # AssumeRole without a device gives a session without MFA (reference_policies_condition-keys).
            known["aws:MultiFactorAuthPresent"] = "false"
            if caller is not None:
                probes = (Probe("sts:AssumeRole", before.arn(own), caller, account.external_id), *probes)
        if account.role_arn is None:
            probes = (*_others(accounts), *probes)
        yield Watched(own.kind, own.name, before.arn(own), "as which iamfix runs", probes, known)
    for protected in account.protected:
        for holder in before.principals():
            arn = before.arn(holder)
            if not protected.means(arn) or (holder is own and not protected.probes):
                continue
            given = tuple(Probe(action, resource) for action, resource in protected.probes)
            probes = given or default_probes(plan, before, holder, kinds)
            yield Watched(
                holder.kind, holder.name, arn, "which the inventory protects", probes, {},
                any_trust=holder.kind == "role",
            )  # fmt: skip


def _holder(picture: Picture, arn: str) -> Holder | None:
    """The user or role of the account behind an ARN; None for root and for others."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[4] != picture.account.id:
        return None
    kind, _, name = parts[5].partition("/")
    if kind == "assumed-role":
        return picture.holder("role", name.partition("/")[0])
    return picture.holder(kind, name.rpartition("/")[2]) if kind in ("user", "role") else None  # type: ignore[arg-type]


def _others(accounts: Sequence[Account]) -> list[Probe]:
    """Getting into the other accounts, as far as the caller's own policies go."""
    roles = [one.role_arn for one in accounts if one.role_arn is not None]
    return [Probe("sts:AssumeRole", role) for role in roles[:ROLES_ASKED]]


def default_probes(plan: AccountPlan, before: Picture, holder: Holder, kinds: Mapping[str, Kind]) -> tuple[Probe, ...]:
    """What iamfix needs for its next run, as probes; those that do not hold before the plan count for nothing."""
    found: dict[Probe, None] = {}
    for kind in {change.kind: None for change in plan.changes}:
        found |= {Probe(action_of(*read), "*"): None for read in kinds[kind].READS}
    arn = before.arn(holder)
    found |= {Probe(f"iam:{name}", arn): None for name in _MEND[holder.kind]}
    for policy in sorted(arn for arn in holder.attached if arn in before.policies):
        found |= {Probe(f"iam:{name}", policy): None for name in _MEND_POLICY}
    asked: dict[str, set[str]] = {}
    for probe in (*_sent(plan), *_back(plan, before)):
        resources = asked.setdefault(probe.action, set())
        if probe.resource not in resources and len(resources) < RESOURCES_ASKED:
            resources.add(probe.resource)
            found[probe] = None
    return tuple(found)


def _sent(plan: AccountPlan) -> Iterator[Probe]:
    """Yield what the plan's calls need."""
    for change in plan.changes:
        for call, needs in zip(change.calls, change.needs, strict=False):
            for need in needs:
                yield Probe(need.action or action_of(call.service, call.operation), need.resource)


def _back(plan: AccountPlan, before: Picture) -> Iterator[Probe]:
    """Yield what the IAM calls of the way back need."""
    for change in plan.changes:
        for call in change.undo:
            if call.service == "iam":
                yield Probe(action_of(call.service, call.operation), _resource(call, before))


def _resource(call: Call, picture: Picture) -> str:
    """The ARN that an IAM call works on, as far as its parameters and the account tell; `*` where they do not."""
    base = f"arn:{picture.account.partition}:iam::{picture.account.id}"
    for key, kind in _NAMED.items():
        if key in call.params:
            name = str(call.params[key])
            holder = picture.holder(kind, name)  # type: ignore[arg-type]
            return f"{base}:{kind}{call.params.get('Path', '/')}{name}" if holder is None else picture.arn(holder)
    if "PolicyArn" in call.params:
        return str(call.params["PolicyArn"])
    if call.operation == "create_policy":
        return f"{base}:policy{call.params.get('Path', '/')}{call.params['PolicyName']}"
    return "*"
