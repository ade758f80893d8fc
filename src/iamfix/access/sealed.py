"""Policies of resources that shut out those who must get in: the last door to a bucket, a key, a topic or a queue.

What a resource's own policy denies, no policy of the account gives back. So whoever iamfix runs as, and whoever the
inventory protects, must be able to read and write such a policy after every change of it.

Sources: S3 User Guide, "Bucket policies" (only the root user of the owner may still change one that denies everybody);
KMS Developer Guide, "Key policies in AWS KMS" (a key that nobody may manage takes AWS Support); IAM User Guide,
reference_policies_evaluation-logic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from iamfix.access.picture import Picture
from iamfix.fields import fields_of
from iamfix.kinds.protocol import Kind
from iamfix.model import AccountPlan, Change, Problem
from iamfix.policy.decision import Decision
from iamfix.policy.document import ALLOW_ALL, Document
from iamfix.policy.evaluate import Policies, compile_policies, evaluate
from iamfix.policy.principals import Principal, parse_principal
from iamfix.policy.request import make_request
from iamfix.shared_policy import SharedPolicy
from iamfix.world import Spot, World

__all__ = ["seals", "shares_policies"]

_RULE = "own-access"
_OF_ORGANIZATION = frozenset({"aws:principalorgid", "aws:principalorgpaths", "aws:resourceorgid"})
"""Keys that an account's own calls have, whatever nobody here knows their values are."""
_KNOWN: Mapping[str, str | None] = {
    "aws:SecureTransport": "true",
    "s3:TlsVersion": "1.2",
    "aws:ViaAWSService": "false",
    "aws:CalledVia": None,
    "aws:SourceArn": None,
    "aws:SourceAccount": None,
    "aws:SourceOwner": None,
    "kms:ViaService": None,
    "kms:GrantIsForAWSResource": None,
    "kms:BypassPolicyLockoutSafetyCheck": "false",
}
"""What is known of the requests that iamfix sends: they come over TLS, and from no service of AWS."""


def shares_policies(plan: AccountPlan, kinds: Mapping[str, Kind]) -> bool:
    """Tell whether the plan changes the policy of a resource."""
    return any(True for change in plan.changes for _ in _policies(change, kinds))


def seals(plan: AccountPlan, world: World, runs_as: str, picture: Callable[[], Picture]) -> Iterator[Problem]:
    """Yield the policies of resources with which somebody who must get in could not manage the resource any more.

    Args:
        plan: the account's, as folded over `world`.
        world: as the plan leaves it.
        runs_as: ARN of the principal that the calls are made as.
        picture: gives the account's users and roles; called only where the inventory protects some.

    Raises:
        AwsError: the protected principals cannot be read.
        DocumentError: a policy is not of the policy grammar.
    """
    watched = [(parse_principal(runs_as), "as which iamfix runs")]
    if plan.account.protected:
        there = picture()
        arns = [arn for holder in there.principals() if (arn := there.arn(holder)) != runs_as]
        protected = [arn for arn in arns if any(one.means(arn) for one in plan.account.protected)]
        watched += [(parse_principal(arn), "which the inventory protects") for arn in protected]
    for change in plan.changes:
        for codec, old, new in _policies(change, world.kinds):
            arn = world.kinds[change.kind].arn(change.name, change.after, Spot(world, change.region)) or "*"
            for who, why in watched:
                if not (who.kind == "root" and codec.root_stays):
                    yield from _sealed(change, codec, (old, new), arn, (who, why))


def _policies(change: Change, kinds: Mapping[str, Kind]) -> Iterator[tuple[SharedPolicy, Document | None, Document]]:
    """Yield the policies that a change writes: how they are managed, what there was, what there will be."""
    if change.after is None:
        return
    for name, spec in fields_of(kinds[change.kind].State).items():
        if not isinstance(spec.codec, SharedPolicy) or not spec.codec.managed_by:
            continue
        old, new = getattr(change.before, name, None), getattr(change.after, name)
        if isinstance(new, Document) and new != old:
            yield spec.codec, old if isinstance(old, Document) else None, new


def _sealed(
    change: Change,
    codec: SharedPolicy,
    policies: tuple[Document | None, Document],
    arn: str,
    watched: tuple[Principal, str],
) -> Iterator[Problem]:
    """Yield that a policy takes from somebody what it takes to change it again."""
    (old, new), (who, why) = policies, watched
    for action in codec.managed_by:
        was, now = (_ask(document, who, action, arn) for document in (old, new))
        if now.allowed or was.decision in ("explicit_deny", "implicit_deny") or was == now:
            continue
        sure = now.decision != "unknown"
        keys = {key.lower() for key in now.unknown_keys}
        told = "may no longer do" if sure else "cannot be proven to keep"
        because = now.reason if sure else f"it hangs on {', '.join(now.unknown_keys)}"
        yield Problem(
            "warning" if keys and keys <= _OF_ORGANIZATION else "error",
            change.address,
            f"{who.name}, {why}, {told} {action} on it: {because}; {codec.then}",
            "leave it out of the Deny (a condition ArnNotEquals on aws:PrincipalArn), or allow `own-access`",
            _RULE,
        )
        return


def _ask(policy: Document | None, who: Principal, action: str, arn: str) -> Decision:
    context = dict(_KNOWN)
    if who.account is not None and action.startswith("kms:"):
        context["kms:CallerAccount"] = who.account
    return evaluate(_compiled(policy and policy.text), make_request(who, action, arn, context=context, partial=True))


@lru_cache(maxsize=256)
def _compiled(policy: str | None) -> Policies:
    """The account's own policies are taken to allow all: this is about what they cannot give."""
    return compile_policies(identity=[ALLOW_ALL], resource=None if policy is None else Document(policy))
