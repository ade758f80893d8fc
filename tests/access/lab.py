"""An account as States, and plans over it: the core's own steps, without AWS or sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from iamfix.access.judge import judged
from iamfix.access.probes import Limits
from iamfix.kinds import (
    KINDS,
    iam_aws_managed_policy,
    iam_group,
    iam_managed_policy,
    iam_oidc_provider,
    iam_role,
    iam_user,
)
from iamfix.kinds.protocol import Want
from iamfix.model import Account, AccountPlan, AwsError, Change, Origin, Problem, Protected
from iamfix.policy.document import Document
from iamfix.step import change, follow
from iamfix.world import World

ID = "111111111111"
ROLE = f"arn:aws:iam::{ID}:role/iamfix"
CALLER = "arn:aws:iam::999999999999:role/ci"
AWS_ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def doc(*statements: Mapping[str, Any], trust: bool = False) -> Document:
    return Document.parse({"Version": "2012-10-17", "Statement": list(statements)}, trust=trust)


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def trust(*principals: str, **more: Any) -> Document:
    return doc(
        {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole", **more}, trust=True
    )


def arn(policy: str) -> str:
    return f"arn:aws:iam::{ID}:policy/{policy}"


def arns(*policies: str) -> frozenset[str]:
    return frozenset(arn(one) for one in policies)


def managed(document: Document, **more: Any) -> iam_managed_policy.State:
    return iam_managed_policy.State(policy=document, versions={"v1": document}, **more)


def role(**fields: Any) -> iam_role.State:
    return iam_role.State(**{"assume_role_policy_document": trust(CALLER), **fields})


def user(**fields: Any) -> iam_user.State:
    return iam_user.State(**fields)


def group(**fields: Any) -> iam_group.State:
    return iam_group.State(**fields)


def _uses(policy: str, **holders: Mapping[str, Any] | None) -> dict[str, frozenset[str]]:
    """What a policy's State tells of those who carry it, and whom it bounds."""
    every = {f"{kind}/{name}": state for kind, some in holders.items() for name, state in (some or {}).items()}
    return {
        "attached_to": frozenset(who for who, state in every.items() if policy in state.managed_policies),
        "boundary_of": frozenset(
            who for who, state in every.items() if getattr(state, "permissions_boundary", None) == policy
        ),
    }


class Lab:
    """An account; `to()` and `set()` plan what becomes of it."""

    def __init__(
        self, *, role_arn: str | None = ROLE, runs_as: str | None = None, protected: tuple[Protected, ...] = (),
        users: Mapping[str, Any] | None = None, groups: Mapping[str, Any] | None = None,
        roles: Mapping[str, Any] | None = None, policies: Mapping[str, Document] | None = None,
        aws: Mapping[str, Document] | None = None, accounts: tuple[Account, ...] = (), caller: str = CALLER,
        providers: Mapping[str, frozenset[str]] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        self.account = Account(ID, "lab", role_arn=role_arn, protected=protected)
        self.runs_as, self.caller = runs_as or role_arn or "", caller
        self.there: dict[str, dict[str, Any]] = {
            "iam_user": dict(users or {}), "iam_group": dict(groups or {}), "iam_role": dict(roles or {}),
            "iam_managed_policy": {
                name: managed(one, **_uses(arn(name), user=users, group=groups, role=roles))
                for name, one in (policies or {}).items()
            },
            "iam_aws_managed_policy": {
                name: iam_aws_managed_policy.State(policy=one, attached=True) for name, one in (aws or {}).items()
            },
        }  # fmt: skip
        self.there["iam_oidc_provider"] = {
            name: iam_oidc_provider.State(client_ids=ids) for name, ids in providers.items()
        }
        self.reads: list[str] = []
        self.world = World(self.account, KINDS, self._observe, accounts=accounts)
        self.changes: list[Change] = []
        self.step = 0

    def _observe(self, kind: str, region: str | None, want: Want) -> Mapping[str, Any]:
        self.reads.append(kind)
        if kind not in self.there:
            raise AwsError("iam", f"list_{kind}", "AccessDenied", "not in this lab")
        return self.there[kind]

    def to(self, kind: str, name: str, after: Any | None, *, same_task: bool = False) -> None:
        """Plan a resource's new look (None: away), in a task of its own unless it is in the last one."""
        self.step += not same_task
        done = change(self.world, kind, name, None, after, Origin(f"task {self.step}", step=(0, self.step)))
        assert done is not None, "a change without calls tests nothing"
        self.changes.append(done)
        follow(self.world, done)

    def set(self, kind: str, name: str, *, same_task: bool = False, **fields: Any) -> None:
        """Plan some fields of a resource anew."""
        now = self.world.get(kind, name)
        assert now is not None
        self.to(kind, name, replace(now, **fields), same_task=same_task)

    def judged(self, limits: Limits | None = None) -> AccountPlan:
        plan = AccountPlan(self.account, changes=tuple(self.changes))
        return judged(plan, self.world, self.runs_as, lambda: self.caller, limits)

    def problems(self, limits: Limits | None = None) -> list[Problem]:
        return list(self.judged(limits).problems)
