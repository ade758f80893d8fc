"""Who can do something in an account: every user and role, with the statement that decides.

The policies of resources (of buckets, keys, …) and of the organization are not asked; a role's trust policy is, for
`sts:AssumeRole` and the like.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iamfix.access.picture import Holder, Picture
from iamfix.access.probes import Limits, Probe, Verdict, Watched, ask, named
from iamfix.access.trusted import named_in, outsiders
from iamfix.model import IamfixError, Json
from iamfix.policy.decision import Decision
from iamfix.policy.difference import access
from iamfix.policy.document import Document
from iamfix.policy.escalation import Way
from iamfix.policy.globs import action_pattern
from iamfix.policy.principals import parse_principal
from iamfix.policy.reach import escalations, grants
from iamfix.policy.spans import ALL, Box, span
from iamfix.policy.statements import Statement, statements

__all__ = ["Can", "NoSuchRoleError", "who_can"]

_ORDER = {"allowed": 0, "unknown": 1, "explicit_deny": 2, "implicit_deny": 2}
_ONE_STEP = (Way.SELF, Way.PRINCIPAL, Way.NEW_PASSROLE)


@dataclass(frozen=True, slots=True)
class Can:
    """What one principal can.

    Attributes:
        principal: its ARN.
        verdict: `allowed`, `explicit_deny`, `implicit_deny`, or `unknown` where it hangs on `unknown_keys`.
        reason: why, in one clause, with the statement and the policy that decided.
        unknown_keys: context keys of the request.
        resources: patterns on which it is allowed, where no resource was asked for.
        escalation: ids of pathfinding.cloud by which it could take more rights in one step, where it is not allowed.
    """

    principal: str
    verdict: str
    reason: str
    unknown_keys: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    escalation: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Json]:
        return {
            "principal": self.principal, "verdict": self.verdict, "reason": self.reason,
            "unknown_keys": list(self.unknown_keys), "resources": list(self.resources),
            "escalation": list(self.escalation),
        }  # fmt: skip


def who_can(picture: Picture, action: str, resource: str | None = None, limits: Limits | None = None) -> list[Can]:
    """Return every user and role of the account with its answer; those who can come first.

    Of a role that is to be assumed the trust policy decides: who from outside is named there is told as well.

    Args:
        picture: the account.
        action: such as `s3:GetObject`.
        resource: an ARN; None: on which resources is part of the answer.
        limits: the organization's policies, where they are known.

    Raises:
        NoSuchRoleError: the role that is to be assumed would be of this account, which has none of that name.
        RequestError: the action or resource is not well formed.
        DocumentError: a policy of the account is not of the policy grammar.
    """
    asked = _Asked(picture, action, limits or Limits())
    if action.lower() not in _ENTRIES:
        found = [asked.on(holder, resource) for holder in picture.principals()]
    elif resource is None or resource == "*":
        found = [asked.on_roles(holder) for holder in picture.principals()]
    elif _account_of(resource) != picture.account.id:
        found = [asked.on_role_elsewhere(holder, resource) for holder in picture.principals()]
    else:
        role = _role(picture, resource)
        if role is None:
            raise NoSuchRoleError(f"there is no role {resource}")
        found = [asked.on_role(holder, role) for holder in picture.principals()]
        found += [_of_outsider(name, role, decision) for name, decision in outsiders(picture, role, action)]
    return sorted(found, key=lambda one: (_ORDER[one.verdict], not one.escalation, one.principal))


class NoSuchRoleError(IamfixError):
    """A role that is asked for does not exist."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The question; its methods answer it for one user or role."""

    picture: Picture
    action: str
    limits: Limits

    def on(self, holder: Holder, resource: str | None) -> Can:
        resources: tuple[str, ...] = ()
        if resource is None:
            resources = tuple(_on(self.picture, holder, self.action))
            resource = resources[0] if resources else "*"
        return self._can(holder, self._own_side(holder, resource), resources)

    def on_role(self, holder: Holder, role: Holder) -> Can:
        return self._can(holder, self._entry(holder, role))

    def on_role_elsewhere(self, holder: Holder, role: str) -> Can:
        """What the principal's own policies let it do; the role's trust policy is another account's."""
        return self._can(holder, _if_trusted(self._own_side(holder, role), f"the trust policy of {role}"))

    def on_roles(self, holder: Holder) -> Can:
        """Which roles of the account trust it, and let it in."""
        who = parse_principal(self.picture.arn(holder))
        verdicts = [
            (self._entry(holder, role), self.picture.arn(role))
            for _, role in sorted(self.picture.holders["role"].items())
            if role.trust is not None and named_in(role.trust, who)
        ]
        for value in ("allowed", "unknown"):
            into = [(verdict, arn) for verdict, arn in verdicts if verdict.value == value]
            if into:
                return self._can(holder, into[0][0], tuple(arn for _, arn in into))
        patterns = tuple(_on(self.picture, holder, self.action))
        own = self._own_side(holder, patterns[0] if patterns else "*")
        return self._can(holder, _if_trusted(own, "the trust policies of roles in other accounts"), patterns)

    def _own_side(self, holder: Holder, resource: str) -> Verdict:
        watched = Watched(holder.kind, holder.name, self.picture.arn(holder), "", (), {})
        return ask(self.picture, watched, Probe(self.action, resource), self.limits)

    def _entry(self, holder: Holder, role: Holder) -> Verdict:
        watched = Watched("role", role.name, self.picture.arn(role), "", (), {})
        probe = Probe(self.action, watched.arn, caller=self.picture.arn(holder))
        return ask(self.picture, watched, probe, self.limits)

    def _can(self, holder: Holder, verdict: Verdict, resources: tuple[str, ...] = ()) -> Can:
        could = () if verdict.value == "allowed" else _escalation(self.picture, holder)
        return Can(
            self.picture.arn(holder), verdict.value, verdict.why, _keys(verdict.decision),
            resources if verdict.value in ("allowed", "unknown") else (), could,
        )  # fmt: skip


_ENTRIES = ("sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity")


def _keys(decision: Decision) -> tuple[str, ...]:
    """The context keys on which an answer hangs; what else it hangs on has spaces in it, and is in the reason."""
    return tuple(key for key in decision.unknown_keys if " " not in key)


def _if_trusted(verdict: Verdict, what: str) -> Verdict:
    """What one's own policies allow, when the other side is not known."""
    if verdict.value not in ("allowed", "unknown"):
        return verdict
    return Verdict(Decision("unknown", "", None, (*verdict.decision.unknown_keys, what)))


def _of_outsider(name: str, role: Holder, decision: Decision) -> Can:
    trust = f"the trust policy of role {role.name}"
    verdict = Verdict(decision, trust if decision.allowed else named(decision.statement, (), None, trust))
    more = ", as far as the policies of that account let them" if verdict.value == "allowed" and " " in name else ""
    return Can(name, verdict.value, verdict.why + more, _keys(decision))


def _account_of(arn: str) -> str:
    return arn.split(":", 5)[4]


def _role(picture: Picture, arn: str) -> Holder | None:
    holder = picture.holder("role", arn.rpartition("/")[2])
    return holder if holder is not None and picture.arn(holder) == arn else None


def _on(picture: Picture, holder: Holder, action: str) -> Iterator[str]:
    """Yield the resource patterns on which the policies allow the action, those without conditions first."""
    within = Box(span([action_pattern(action)]), ALL)
    boxes = sorted(access(picture.rights(holder), within), key=lambda box: bool(box.when or box.unless))
    found: dict[str, None] = {}
    for box in boxes:
        for cell in box.resources:
            longest = max(cell.includes, key=lambda pattern: len(pattern.steps))
            found[longest.text] = None
    yield from found


def _escalation(picture: Picture, holder: Holder) -> tuple[str, ...]:
    """The paths that the policies open within the boundary."""
    rights = picture.rights(holder)
    bound = None if rights.boundary is None else _statements([rights.boundary])
    return tuple(
        opened.path.id
        for opened in escalations(_statements(rights.identity))
        if opened.path.way in _ONE_STEP
        and (bound is None or all(any(grants(bound, action)) for action in opened.path.actions))
    )


def _statements(documents: Sequence[Document]) -> list[Statement]:
    return [statement for document in documents for statement in statements(document.data)]
