"""Who can do something in an account: every user and role, with the statement that decides.

The policies of resources (of buckets, keys, …) and of the organization are not asked; a role's trust policy is, for
`sts:AssumeRole` on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iamfix.access.picture import Holder, Picture
from iamfix.access.probes import Limits, Probe, Watched, ask
from iamfix.model import Json
from iamfix.policy.difference import access
from iamfix.policy.document import Document
from iamfix.policy.escalation import Way
from iamfix.policy.globs import action_pattern
from iamfix.policy.reach import escalations, grants
from iamfix.policy.spans import ALL, Box, span
from iamfix.policy.statements import Statement, statements

__all__ = ["Can", "who_can"]

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

    Args:
        picture: the account.
        action: such as `s3:GetObject`.
        resource: an ARN; None: on which resources is part of the answer.
        limits: the organization's policies, where they are known.

    Raises:
        RequestError: the action or resource is not well formed.
        DocumentError: a policy of the account is not of the policy grammar.
    """
    found = [_can(picture, holder, action, resource, limits or Limits()) for holder in picture.principals()]
    return sorted(found, key=lambda one: (_ORDER[one.verdict], not one.escalation, one.principal))


def _can(picture: Picture, holder: Holder, action: str, resource: str | None, limits: Limits) -> Can:
    arn = picture.arn(holder)
    resources: tuple[str, ...] = ()
    if resource is None:
        resources = tuple(_on(picture, holder, action))
        asked = resources[0] if resources else "*"
    else:
        asked = resource
    role = _role(picture, asked) if action.lower() == "sts:assumerole" else None
    watched = Watched("role" if role else holder.kind, role.name if role else holder.name, arn, "", (), {})
    verdict = ask(picture, watched, Probe(action, asked, caller=arn if role else None), limits)
    could = () if verdict.value == "allowed" else _escalation(picture, holder)
    return Can(
        arn, verdict.value, verdict.why, tuple(key for key in verdict.decision.unknown_keys if " " not in key),
        resources if verdict.value in ("allowed", "unknown") else (), could,
    )  # fmt: skip


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
