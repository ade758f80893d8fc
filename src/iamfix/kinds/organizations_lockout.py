"""The lock-out guard of SCPs and RCPs: who below a changed target would lose what the next run, or a rescue, needs.

The organization is evaluated as it is planned, for iamfix's role and every protected principal of each account of the
inventory, and compared with how it is before the change. A member's own policies cannot be seen from here, so its
principals are taken for administrators: what is asked is whether the organization's policies take something away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from iamfix.kinds import organizations_shared as org
from iamfix.kinds.protocol import Breach, Look
from iamfix.model import Account
from iamfix.policy.decision import Decision
from iamfix.policy.document import ALLOW_ALL, Document, DocumentError
from iamfix.policy.evaluate import Policies, compile_policies, evaluate
from iamfix.policy.probes import Probe, break_glass_probes, run_probes
from iamfix.policy.request import Request, RequestError, make_request

RULE = "own-access"
_TRUST = Document.parse(
    [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}], trust=True
)  # fmt: skip

Held = Mapping[str, Any]
"""Name -> State of all policies of one kind."""
Levels = tuple[tuple[str, tuple[tuple[str, Document], ...]], ...]
"""From the root down to the account: (place, its policies by name)."""


def policy_breaches(kind: str, name: str, before: Any | None, after: Any | None, look: Look) -> Iterator[Breach]:
    """Yield who would lose access by a change of one policy: of its text, of its targets, or by its end."""
    old, new = (state.targets if state is not None else frozenset() for state in (before, after))
    touched = old ^ new
    if before is not None and after is not None and before.content != after.content:
        touched |= old & new
    if not touched:
        return
    now = dict(look.all(kind))
    then = {key: state for key, state in now.items() if key != name} | ({} if after is None else {name: after})
    places = {account: org_levels(account, state.ou) for account, state in look.all("organization_account").items()}
    below = {account: levels for account, levels in places.items() if touched & set(levels)}
    yield from _breaches(kind, look, {account: ((now, levels), (then, levels)) for account, levels in below.items()})


def move_breaches(name: str, before: Any, after: Any, look: Look) -> Iterator[Breach]:
    """Yield who would lose access by the move of an account to another unit."""
    for kind in ("scp", "rcp"):
        held = look.all(kind)
        moved = {name: ((held, org_levels(name, before.ou)), (held, org_levels(name, after.ou)))}
        yield from _breaches(kind, look, moved)


def org_levels(account: str, unit: str) -> tuple[str, ...]:
    """Return the places whose policies bear on an account: the root, the units above it, and itself."""
    return (*org.levels(unit), account)


def unchecked(kind: str, name: str, before: Any | None, after: Any | None, look: Look) -> list[str]:
    """Return the accounts below a policy's targets for which nobody can be asked: they are not in the inventory."""
    targets = (before.targets if before is not None else frozenset()) | (
        after.targets if after is not None else frozenset()
    )
    known = {account.id for account in look.accounts}
    return sorted(
        account
        for account, state in look.all("organization_account").items()
        if targets & set(org_levels(account, state.ou))
        and not state.management
        and state.id not in known
        and state.status == "ACTIVE"
    )


Side = tuple[Held, Sequence[str]]


def _breaches(kind: str, look: Look, accounts: Mapping[str, tuple[Side, Side]]) -> Iterator[Breach]:
    organization = look.get("organization", "organization")
    if organization is None or org.POLICY_KINDS[kind] not in organization.policy_types:
        return
    inventory = {account.id: account for account in look.accounts}
    facts = look.all("organization_account")
    guard = _Guard(kind, str(organization.id), str(organization.management), look.account, look.principal)
    for name, (before, after) in accounts.items():
        state = facts[name]
        account = inventory.get(str(state.id))
        if account is None or state.management:
            continue
        guard.account(account, _held(*before), _held(*after))
    yield from guard.breaches()


def _held(held: Held, places: Sequence[str]) -> Levels:
    return tuple(
        (place, tuple((name, held[name].content) for name in sorted(held) if place in held[name].targets))
        for place in places
    )


@dataclass(slots=True)
class _Loss:
    """What principals of the same name lose by the same statement."""

    why: str
    accounts: list[str] = field(default_factory=list)
    principals: list[str] = field(default_factory=list)
    actions: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class _Guard:
    """Asks all probes of all accounts of one change, and gathers what is lost."""

    kind: str
    organization: str
    management: str
    caller: Account
    principal: str | None = None
    """As which iamfix runs in the account of the plan, which may be a delegated administrator's."""
    losses: dict[tuple[str, str, bool], _Loss] = field(default_factory=dict)
    broken: dict[str, None] = field(default_factory=dict)
    compiled: dict[Levels, tuple[Policies, Policies]] = field(default_factory=dict)

    @property
    def own_role(self) -> str | None:
        """As whom iamfix runs where the inventory says no role; of a session, the role behind it, without its path."""
        if self.principal is None or ":assumed-role/" not in self.principal:
            return self.principal
        role = self.principal.split("/")[1]
        return f"arn:{self.caller.partition}:iam::{self.caller.id}:role/{role}"

    def account(self, account: Account, before: Levels, after: Levels) -> None:
        try:
            now, then = self._compile(before), self._compile(after)
        except DocumentError as error:
            self.broken[str(error)] = None
            return
        for principal, request in self._requests(account):
            trust = request.action_lower.startswith("sts:assume")
            decision = evaluate(then[trust], request)
            if decision.allowed:
                continue
            was = evaluate(now[trust], request)
            if was.decision not in ("allowed", "unknown") or was.decision == decision.decision:
                continue
            self._lost(account, principal, request, decision, after)

    def _compile(self, levels: Levels) -> tuple[Policies, Policies]:
        if levels not in self.compiled:
            documents = [[document for _, document in policies] for _, policies in levels]
            layers: dict[str, Any] = {"scps" if self.kind == "scp" else "rcps": documents}
            shared = {"identity": [ALLOW_ALL], "management_account": self.management, **layers}
            self.compiled[levels] = (compile_policies(**shared), compile_policies(resource=_TRUST, **shared))
        return self.compiled[levels]

    def _requests(self, account: Account) -> Iterator[tuple[str, Request]]:
        """Yield the requests that an account's principals must stay able to make."""
        partition, home = account.partition, account.home_region
        role = account.role_arn or (self.own_role if account.id == self.caller.id else None)
        if role is not None:
            if self.kind == "rcp" and account.role_arn is not None:
                yield role, self._entry(account, role)
            probes = run_probes(role, account.id, partition, home, account.regions)
            yield from self._asked(account, role, probes)
        for protected in account.protected:
            principal = _principal_in(protected.principal, account.id, partition)
            if principal is None or principal == role:
                continue
            own = (Probe(action, resource, home) for action, resource in protected.probes)
            yield from self._asked(
                account, principal, own if protected.probes else break_glass_probes(account.id, partition, home)
            )

    def _asked(self, account: Account, principal: str, probes: Iterator[Probe]) -> Iterator[tuple[str, Request]]:
        for probe in probes:
            try:
                request = make_request(
                    principal, probe.action, probe.resource, resource_account=account.id,
                    context=self._context(probe.region), partial=True,
                )  # fmt: skip
            except RequestError as error:
                self.broken[f"{principal}: {error}"] = None
                continue
            yield principal, request

    def _entry(self, account: Account, role: str) -> Request:
        """The request with which iamfix gets into an account; who makes it is known only where a role says so."""
        who = self.caller.role_arn or f"arn:{account.partition}:iam::{self.caller.id}:role/unknown"
        request = make_request(
            who, "sts:AssumeRole", role, resource_account=account.id, context=self._context(account.home_region),
            partial=True,
        )  # fmt: skip
        if self.caller.role_arn is not None:
            return request
        hidden = ("aws:principalarn", "aws:userid", "aws:username", "aws:principaltype")
        return replace(request, context={k: v for k, v in request.context.items() if k not in hidden})

    def _context(self, region: str) -> dict[str, Any]:
        """What is known of the requests; all other keys are unknown, and what hangs on them is not decided."""
        return {
            "aws:RequestedRegion": region,
            "aws:PrincipalOrgID": self.organization,
            "aws:ResourceOrgID": self.organization,
            "aws:PrincipalIsAWSService": "false",
            "aws:ViaAWSService": "false",
            "aws:CalledVia": None,
            "aws:AssumedRoot": None,
            # Only sessions that EC2 gives an instance have these; iamfix's and a person's have not.
            "ec2:RoleDelivery": None,
            "ec2:SourceInstanceARN": None,
            "aws:SecureTransport": "true",
        }

    def _lost(self, account: Account, principal: str, request: Request, decision: Decision, levels: Levels) -> None:
        undecided = decision.decision == "unknown"
        where = self._words(decision, levels)
        generic = principal.replace(account.id, "*")
        own = principal in (account.role_arn, self.own_role)
        why = "as which iamfix runs" if own else "which the inventory protects"
        loss = self.losses.setdefault((generic, where, undecided), _Loss(why))
        if account.name not in loss.accounts:
            loss.accounts.append(account.name)
            loss.principals.append(principal)
        region = request.context.get("aws:requestedregion", ("",))[0]
        if len(loss.accounts) == 1:
            loss.actions[f"{request.action} on {request.resource} in {region}"] = None

    def _words(self, decision: Decision, levels: Levels) -> str:
        """Say what decided, with the names of policy and place in the stead of numbers."""
        if decision.decision == "unknown":
            return f"it hangs on {', '.join(decision.unknown_keys)}"
        ref = decision.statement
        if ref is not None and ref.level is not None:
            place, policies = levels[ref.level]
            sid = f" ({ref.sid})" if ref.sid else ""
            return f"denied by statement {ref.statement + 1}{sid} of {self.kind} {policies[ref.document][0]} at {place}"
        for number, (place, _) in enumerate(levels):
            if f"at level {number + 1} " in f"{decision.reason} ":
                return f"no {self.kind} at {place} allows it"
        return decision.reason

    def breaches(self) -> Iterator[Breach]:
        for text in self.broken:
            yield Breach(f"who keeps access cannot be proven: {text}", "mend that, or allow `own-access`", RULE)
        for (generic, where, undecided), loss in self.losses.items():
            principal = loss.principals[0] if len(loss.principals) == 1 else generic
            first, *more = loss.actions
            actions = first + (f" (and {len(more)} more actions)" if more else "")
            words = "cannot be proven to keep" if undecided else "may no longer"
            yield Breach(
                f"{_several(loss.accounts)}: {principal}, {loss.why}, {words} {actions}: {where}",
                "exempt it (ArnNotLike on aws:PrincipalArn), attach the successor first, or allow `own-access`",
                RULE,
            )


def _principal_in(principal: str, account: str, partition: str) -> str | None:
    """Return a protected principal as it is in an account; None when it is another account's."""
    parts = principal.split(":", 5)
    if len(parts) != 6 or parts[4] not in ("*", account):
        return None
    return ":".join(("arn", partition if parts[1] == "*" else parts[1], *parts[2:4], account, parts[5]))


def _several(items: Sequence[str], most: int = 6) -> str:
    shown = ", ".join(items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"
