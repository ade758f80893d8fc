"""What a plan means for access, put into it: who gains and loses what, and whether those who must get in keep it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches

from iamfix.access.changed import access_diff, changed_holders
from iamfix.access.doors import provider_of
from iamfix.access.lockout import lockouts
from iamfix.access.must import watched_of
from iamfix.access.picture import Holder, Picture, picture_of, taken_back
from iamfix.access.probes import Limits
from iamfix.access.replay import CREDENTIALS
from iamfix.access.sealed import seals, shares_policies
from iamfix.access.trusted import living
from iamfix.model import Account, AccountPlan, AwsError, Problem
from iamfix.policy.document import Document
from iamfix.policy.json_text import DocumentError
from iamfix.world import World

__all__ = ["AwsPolicies", "judged", "judged_for", "present"]

_POLICY_KINDS = ("iam_user", "iam_group", "iam_role", "iam_managed_policy")
_AWS_POLICY = "iam_aws_managed_policy"


def judged(
    plan: AccountPlan, world: World, runs_as: str, caller: Callable[[], str | None], limits: Limits | None = None
) -> AccountPlan:
    """Return the plan with its access diff, and with the problems of the guard `own-access`.

    Nothing is read or computed where the plan changes no user, group, role or policy, that of a resource included.

    Args:
        plan: the account's, as folded over `world`.
        world: as the plan leaves it.
        runs_as: ARN of the principal that the calls are made as.
        caller: gives the ARN of who assumes the account's role; called only where it matters.
        limits: the organization's policies for the account, where they are known.
    """
    shares = shares_policies(plan, world.kinds)
    if not (shares or _changes_policies(plan) or _takes_credentials(plan)):
        return plan
    plan = replace(plan, judged_for=judged_for(plan.account, runs_as))
    try:
        if shares:
            sealed = seals(plan, world, runs_as, lambda: picture_of(plan.account, world.all, AwsPolicies(world)))
            plan = replace(plan, problems=(*plan.problems, *sealed))
        if not (_changes_policies(plan) or _takes_credentials(plan)):
            return plan
        if not (_changes_policies(plan) or _takes_provider(plan) or ":user/" in runs_as or plan.account.protected):
            return plan  # a user's key, password or device goes, where no user is one who must get in
        return _judged(plan, world, runs_as, caller, limits)
    except (AwsError, DocumentError) as error:
        # What cannot be read or understood is no reason to be sure.
        return replace(plan, problems=(*plan.problems, _unproven(plan, str(error))), incomplete=True)


def judged_for(account: Account, runs_as: str, enters: str | None = None) -> tuple[str, ...]:
    """Return for whom a plan is judged, as text: of a session, its role; of the protected, what they must keep."""
    found = [f"runs as {_lasting(runs_as)}", *([] if enters is None else [f"entered by {_lasting(enters)}"])]
    return (*found, *(f"protects {one.principal} {list(one.probes) or ''}".strip() for one in account.protected))


def _lasting(arn: str) -> str:
    """An ARN without the name of a session."""
    return arn.rpartition("/")[0] if ":assumed-role/" in arn else arn


def _changes_policies(plan: AccountPlan) -> bool:
    return any(change.kind in _POLICY_KINDS for change in plan.changes)


def _takes_credentials(plan: AccountPlan) -> bool:
    """Whether a user's key, password or device goes, or a provider through which somebody comes."""
    return _takes_provider(plan) or any(
        call.operation in CREDENTIALS for change in plan.changes for call in change.calls
    )


def _takes_provider(plan: AccountPlan) -> bool:
    return any(provider_of(call) is not None for change in plan.changes for call in change.calls)


def _judged(
    plan: AccountPlan, world: World, runs_as: str, caller: Callable[[], str | None], limits: Limits | None
) -> AccountPlan:
    aws = AwsPolicies(world)
    after = picture_of(plan.account, world.all, aws, roles=(roles := _bears_on_roles(plan)))
    before = taken_back(after, plan.changes)
    changed = list(changed_holders(before, after))
    enters = caller() if plan.account.role_arn is not None and _bears_on_entry(plan, changed) else None
    if enters is not None and enters.split(":")[4:5] == [plan.account.id] and not roles:
        after = picture_of(plan.account, world.all, aws)
        before = taken_back(after, plan.changes)
    watched = list(watched_of(plan, before, runs_as, enters, world.kinds, world.accounts))
    aws.fetch(
        arn
        for _, was, now in changed
        for picture, holder in ((before, was), (after, now))
        for arn in _attached(picture, holder)
    )
    problems = [*_nobody(plan, (before, after), roles), *lockouts(before, plan.changes, watched, limits)]
    return replace(
        plan, access=access_diff(before, after), problems=(*plan.problems, *problems),
        judged_for=judged_for(plan.account, runs_as, enters),
    )  # fmt: skip


def _nobody(plan: AccountPlan, pictures: Sequence[Picture], roles: bool) -> Iterable[Problem]:
    """Warn of protected principals that there are not, though there is one of nearly that name: a slip of the pen."""
    there = {picture.arn(holder): holder.name for picture in pictures for holder in picture.principals()}
    for one in plan.account.protected:
        if any(one.means(arn) for arn in there) or (":role/" in one.principal and not roles):
            continue
        name = one.principal.rpartition("/")[2]
        close = get_close_matches(name, there.values(), n=1, cutoff=0.75)
        if close and "*" not in one.principal:
            arn = next(arn for arn, other in there.items() if other == close[0])
            yield Problem(
                "warning", plan.account.name, f"there is no {one.principal}, which the inventory protects",
                f"did you mean {arn}?",
            )  # fmt: skip


def _bears_on_entry(plan: AccountPlan, changed: Sequence[tuple[str, Holder | None, Holder | None]]) -> bool:
    """Whether the role by which iamfix gets in changes, or somebody who was there before: it may be who assumes it."""
    if any(was is not None for _, was, _ in changed) or _moves(plan):
        return True
    own = str(plan.account.role_arn).rpartition("/")[2]
    return any(call.params.get("RoleName") == own for change in plan.changes for call in change.calls)


def _moves(plan: AccountPlan) -> bool:
    """Whether the ARN of a user changes: roles may name it, and it may be who assumes one."""
    users = ((change.before, change.after) for change in plan.changes if change.kind == "iam_user")
    return any(old is not None and new is not None and old.path != new.path for old, new in users)


def _bears_on_roles(plan: AccountPlan) -> bool:
    """Whether a role's access can change: if not, roles need not be read, which would take a permission more."""
    if _takes_provider(plan) or _moves(plan):
        return True
    for change in plan.changes:
        if change.kind == "iam_role":
            return True
        for state in (change.before, change.after):
            users = (*getattr(state, "attached_to", ()), *getattr(state, "boundary_of", ()))
            if any(user.startswith("role/") for user in users):
                return True
    return False


def _attached(picture: Picture, holder: Holder | None) -> Iterable[str]:
    """The managed policies that bear on a user or role."""
    if holder is None:
        return
    groups = [picture.holder("group", name) for name in sorted(holder.groups)]
    for one in (holder, *(group for group in groups if group is not None)):
        yield from one.attached
    if holder.boundary is not None:
        yield holder.boundary


def _unproven(plan: AccountPlan, why: str) -> Problem:
    return Problem(
        "error", plan.account.name, f"who keeps access cannot be proven: {why}", "mend that, or allow `own-access`",
        "own-access",
    )  # fmt: skip


def present(world: World) -> Picture:
    """Return the picture of an account as it is, the AWS managed policies that somebody has read at once.

    Raises:
        AwsError: the users, groups, roles or policies cannot be read.
    """
    aws = AwsPolicies(world)
    picture = picture_of(world.account, world.all, aws)
    aws.fetch(arn for holder in picture.principals() for arn in _attached(picture, holder))
    return living(picture)


class AwsPolicies:
    """The documents of AWS managed policies: read side by side where many are asked for, kept, None where refused."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._found: dict[str, Document | None] = {}

    def __call__(self, arn: str) -> Document | None:
        if arn not in self._found:
            self.fetch((arn,))
        return self._found[arn]

    def fetch(self, arns: Iterable[str]) -> None:
        """Read those that are AWS's and are not known yet."""
        wanted = {arn: arn.rpartition("/")[2] for arn in arns if ":iam::aws:" in arn and arn not in self._found}
        if not wanted:
            return
        for arn in wanted:
            self._found[arn] = None
        with suppress(AwsError):  # whoever uses them says that they could not be read
            for field in ("policy", "unused_policy"):
                left = {arn: name for arn, name in wanted.items() if self._found[arn] is None}
                self._world.look(_AWS_POLICY, frozenset(left.values()), None, frozenset((field,)))
                for arn, name in left.items():
                    document = getattr(self._world.get(_AWS_POLICY, name), field, None)
                    self._found[arn] = document if isinstance(document, Document) else None
