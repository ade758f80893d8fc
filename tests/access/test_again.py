"""A saved plan in other hands: whoever applies it, and whoever the inventory protects by then, keeps its access."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from iamfix.access.again import judged_again
from iamfix.model import AccountPlan, Problem, Protected
from iamfix.world import World
from tests.access.lab import CALLER, ID, ROLE, Lab, arns, role, trust, user
from tests.access.test_lockout import ADMIN, POLICIES

ANN = f"arn:aws:iam::{ID}:user/ann"


def _lab() -> Lab:
    """iamfix runs as its role; ann is an administrator whose policies go."""
    lab = Lab(
        roles={"iamfix": role(inline_policies={"all": ADMIN})}, policies=POLICIES,
        users={"ann": user(managed_policies=arns("Admin"))},
    )  # fmt: skip
    lab.set("iam_user", "ann", managed_policies=frozenset())
    return lab


def _again(plan: AccountPlan, lab: Lab, runs_as: str, caller: str = CALLER, allow: Sequence[str] = ()) -> list[Problem]:
    account = plan.account

    def world() -> World:
        lab.reads.append("again")
        return World(account, lab.world.kinds, lab._observe)

    return list(judged_again(plan, world, runs_as, lambda: caller, allow))


def test_the_same_principals_are_not_judged_twice() -> None:
    """Who planned applies, in whatever session: nothing is read."""
    lab = _lab()
    plan = lab.judged()
    assert plan.problems == ()
    lab.reads.clear()
    assert _again(plan, lab, ROLE) == []
    assert _again(replace(plan, judged_for=()), lab, ANN) == []
    assert lab.reads == []


def test_whoever_applies_keeps_its_access() -> None:
    """The user whose policies the plan takes cannot apply it, unless the guard is overridden."""
    lab = _lab()
    plan = lab.judged()
    [problem] = _again(plan, lab, ANN)
    assert problem.rule == "own-access"
    assert "after iam:detach_user_policy (call 1 of 1 of this change)" in problem.summary
    assert f"{ANN}, as which iamfix runs, may no longer" in problem.summary
    assert _again(plan, lab, ANN, allow=("own-access",)) == []


def test_whoever_is_protected_since_keeps_its_access() -> None:
    """The inventory of the day of the apply counts, with the probes that it gives."""
    lab = _lab()
    plan = lab.judged()
    for protected in (Protected(ANN), Protected(ANN, (("s3:GetObject", "arn:aws:s3:::vault/x"),))):
        [problem] = _again(replace(plan, account=replace(plan.account, protected=(protected,))), lab, ROLE)
        assert f"{ANN}, which the inventory protects, may no longer" in problem.summary


def test_whoever_enters_the_account_can_do_so_afterwards() -> None:
    """Who planned may get in and who applies may not: refused. Another session of the same role is no other caller."""
    session = "arn:aws:sts::999999999999:assumed-role/ci/one"
    lab = Lab(
        roles={"iamfix": role(inline_policies={"all": ADMIN}, assume_role_policy_document=trust("999999999999"))},
        caller=session,
    )
    lab.set("iam_role", "iamfix", assume_role_policy_document=trust("arn:aws:iam::999999999999:role/ci"))
    plan = lab.judged()
    assert plan.problems == ()
    assert _again(plan, lab, ROLE, session.replace("one", "two")) == []
    [problem] = _again(plan, lab, ROLE, "arn:aws:sts::999999999999:assumed-role/night/one")
    assert "assumed-role/night/one (sts:AssumeRole)" in problem.summary


def test_a_key_that_goes_may_be_that_of_whoever_applies() -> None:
    """A plan that takes credentials is judged again too, though it changes no policy."""
    plan = AccountPlan(Lab().account, judged_for=(f"runs as {ROLE}",))
    lab = _lab()
    assert _again(plan, lab, ANN) == []
    assert "again" in lab.reads
