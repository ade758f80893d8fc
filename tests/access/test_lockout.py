"""The lock-out guard: 19 plans that lock out half-way though they end well, and 18 that only look dangerous."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from iamfix.access.judge import AwsPolicies
from iamfix.access.picture import picture_of, taken_back
from iamfix.access.probes import Limits
from iamfix.guards import allowed
from iamfix.model import Account, Protected
from tests.access.lab import (
    AWS_ADMIN,
    CALLER,
    ID,
    ROLE,
    Lab,
    allow,
    arn,
    arns,
    deny,
    doc,
    group,
    role,
    trust,
    user,
)  # fmt: skip

ADMIN = doc(allow())
POLICIES = {"Admin": ADMIN, "Second": ADMIN, "Narrow": doc(allow("s3:*")), "All": ADMIN}
ANN = f"arn:aws:iam::{ID}:user/ann"
GLASS = Protected(f"arn:aws:iam::{ID}:user/glass")
DENY_ALL = doc(deny())


def own(**fields: Any) -> Lab:
    """iamfix runs as a role that carries the policy Admin."""
    fields = {"managed_policies": arns("Admin"), **fields}
    return Lab(roles={"iamfix": role(**fields), "other": role()}, policies=POLICIES)


def person(protected: tuple[Protected, ...] = (), **more: Any) -> Lab:
    """iamfix runs as user ann, whose rights come from the group admins."""
    users = {
        "ann": user(groups=frozenset(("admins",))), "glass": user(groups=frozenset(("admins",))), "bob": user(),
        **more.pop("users", {}),
    }  # fmt: skip
    groups = {
        "admins": group(managed_policies=arns("Admin"), users=frozenset(("ann", "glass"))), "others": group(),
        "seconds": group(managed_policies=arns("Second")), **more.pop("groups", {}),
    }  # fmt: skip
    return Lab(
        role_arn=None, runs_as=ANN, users=users, groups=groups, policies=POLICIES, protected=protected, **more
    )  # fmt: skip


def detach_then_attach() -> Lab:
    lab = own()
    lab.set("iam_role", "iamfix", managed_policies=frozenset())
    lab.set("iam_role", "iamfix", managed_policies=arns("Second"))
    return lab


def swap_without_room() -> Lab:
    names = [f"P{number}" for number in range(9)]
    lab = Lab(
        roles={"iamfix": role(managed_policies=arns("Admin", *names))},
        policies={**POLICIES, **{name: doc(allow("sqs:*")) for name in names}},
    )
    lab.set("iam_role", "iamfix", managed_policies=arns("Second", *names))
    return lab


def inline_without_room() -> Lab:
    padding = {f"s3:GetObject{number:04}": None for number in range(500)}
    big = doc(allow(["*", *padding]))
    lab = own(managed_policies=frozenset(), inline_policies={"old": big})
    lab.set("iam_role", "iamfix", inline_policies={"new": big})
    return lab


def version_then_inline() -> Lab:
    lab = own()
    lab.set("iam_managed_policy", "Admin", policy=doc(allow("s3:*")))
    lab.set("iam_role", "iamfix", inline_policies={"mine": ADMIN})
    return lab


def trust_and_back() -> Lab:
    lab = own()
    lab.set("iam_role", "iamfix", assume_role_policy_document=trust("222222222222"))
    lab.set("iam_role", "iamfix", assume_role_policy_document=trust("222222222222", CALLER))
    return lab


def trust_demands_external_id() -> Lab:
    condition = {"StringEquals": {"sts:ExternalId": "x"}}
    lab = own()
    lab.set("iam_role", "iamfix", assume_role_policy_document=trust(CALLER, Condition=condition))
    lab.set("iam_role", "iamfix", assume_role_policy_document=trust(CALLER, ROLE))
    return lab


def bound_and_unbound() -> Lab:
    lab = own()
    lab.set("iam_role", "iamfix", permissions_boundary=arn("Narrow"))
    lab.set("iam_role", "iamfix", permissions_boundary=None)
    return lab


def boundary_narrowed_and_widened() -> Lab:
    lab = own(permissions_boundary=arn("All"))
    lab.set("iam_managed_policy", "All", policy=doc(allow("s3:*")))
    lab.set("iam_managed_policy", "All", policy=doc(allow("*"), allow("s3:*")))
    return lab


def leave_then_join() -> Lab:
    lab = person()
    lab.set("iam_group", "admins", users=frozenset(("glass",)))
    lab.set("iam_group", "seconds", users=frozenset(("ann",)))
    return lab


def group_policy_then_inline() -> Lab:
    lab = person()
    lab.set("iam_group", "admins", managed_policies=frozenset())
    lab.set("iam_group", "admins", inline_policies={"all": ADMIN})
    return lab


def deny_and_away() -> Lab:
    lab = own()
    lab.set("iam_role", "iamfix", inline_policies={"stop": DENY_ALL})
    lab.set("iam_role", "iamfix", inline_policies={})
    return lab


def delete_and_create() -> Lab:
    lab = own()
    lab.to("iam_role", "iamfix", None)
    lab.to("iam_role", "iamfix", role(managed_policies=arns("Admin")))
    return lab


def policy_deleted_another_attached() -> Lab:
    lab = own()
    lab.to("iam_managed_policy", "Admin", None)
    lab.set("iam_role", "iamfix", managed_policies=arns("Second"))
    return lab


def policy_of_the_group_deleted() -> Lab:
    lab = person()
    lab.to("iam_managed_policy", "Admin", None)
    lab.set("iam_group", "admins", managed_policies=arns("Second"))
    return lab


def protected_user_moves() -> Lab:
    lab = person((GLASS,))
    lab.set("iam_group", "admins", users=frozenset(("ann",)))
    lab.set("iam_group", "seconds", users=frozenset(("glass",)))
    return lab


def protected_trust_and_back() -> Lab:
    glass = f"arn:aws:iam::{ID}:role/glass"
    lab = Lab(
        roles={"glass": role(assume_role_policy_document=trust(ANN, CALLER)), "iamfix": role()},
        protected=(Protected(glass),), policies=POLICIES,
    )  # fmt: skip
    lab.set("iam_role", "glass", assume_role_policy_document=trust(CALLER))
    lab.set("iam_role", "glass", assume_role_policy_document=trust(ANN, CALLER, ROLE))
    return lab


def groups_side_by_side() -> Lab:
    lab = person(
        users={"ann": user(groups=frozenset(("admins", "others")))},
        groups={"others": group(users=frozenset(("ann",)))},
    )  # fmt: skip
    lab.set("iam_group", "admins", managed_policies=frozenset())
    lab.set("iam_group", "others", managed_policies=arns("Admin"), same_task=True)
    return lab


def policies_side_by_side() -> Lab:
    lab = own(managed_policies=arns("Admin", "Narrow"))
    lab.set("iam_managed_policy", "Narrow", policy=ADMIN)
    lab.set("iam_managed_policy", "Admin", policy=doc(allow("s3:*")), same_task=True)
    return lab


def own_probe() -> Lab:
    backup = Protected(f"arn:aws:iam::{ID}:role/backup", (("s3:PutObject", "arn:aws:s3:::vault/x"),))
    lab = Lab(
        roles={"backup": role(managed_policies=arns("Narrow")), "iamfix": role()}, protected=(backup,),
        policies=POLICIES,
    )  # fmt: skip
    lab.set("iam_role", "backup", managed_policies=frozenset())
    lab.set("iam_role", "backup", managed_policies=arns("All"))
    return lab


LOCKED: list[tuple[Callable[[], Lab], str, str, str]] = [
    (detach_then_attach, "iam:detach_role_policy (call 1 of 1", ROLE, "before"),
    (swap_without_room, "iam:detach_role_policy (call 1 of 2", ROLE, "statement 1 of policy Admin of role iamfix"),
    (inline_without_room, "iam:delete_role_policy (call 1 of 2", ROLE, "inline policy old of role iamfix"),
    (version_then_inline, "iam:set_default_policy_version (call 2 of 2", ROLE, "no identity policy allows it"),
    (trust_and_back, "iam:update_assume_role_policy (call 1 of 1", ROLE, f"be assumed by {CALLER} (sts:AssumeRole)"),
    (trust_demands_external_id, "iam:update_assume_role_policy (call 1 of 1", ROLE, "sts:AssumeRole"),
    (bound_and_unbound, "iam:put_role_permissions_boundary (call 1 of 1", ROLE, "the permissions boundary"),
    (boundary_narrowed_and_widened, "iam:set_default_policy_version (call 2 of 2", ROLE, "boundary does not allow it"),
    (leave_then_join, "iam:remove_user_from_group (call 1 of 1", ANN, "policy Admin of group admins"),
    (group_policy_then_inline, "iam:detach_group_policy (call 1 of 1", ANN, "policy Admin of group admins"),
    (deny_and_away, "iam:put_role_policy (call 1 of 1", ROLE, "denied by statement 1 of inline policy stop"),
    (delete_and_create, "iam:detach_role_policy (call 1 of 2", ROLE, "no identity policy allows it"),
    (policy_deleted_another_attached, "iam:detach_role_policy (call 1 of 2", ROLE, "policy Admin of role iamfix"),
    (policy_of_the_group_deleted, "iam:detach_group_policy (call 1 of 2", ANN, "policy Admin of group admins"),
    (protected_user_moves, "iam:remove_user_from_group (call 1 of 1", "user/glass", "which the inventory protects"),
    (protected_trust_and_back, "iam:update_assume_role_policy (call 1 of 1", "role/glass", f"be assumed by {ANN}"),
    (groups_side_by_side, "iam:detach_group_policy (call 1 of 1", ANN, "no identity policy allows it"),
    (policies_side_by_side, "iam:set_default_policy_version (call 2 of 2", ROLE, "no identity policy allows it"),
    (own_probe, "iam:detach_role_policy (call 1 of 1", "role/backup", "s3:PutObject on arn:aws:s3:::vault/x"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "call", "who", "words"), LOCKED, ids=[one[0].__name__ for one in LOCKED])
def test_a_plan_that_locks_out_half_way_is_refused_at_the_call(
    make: Callable[[], Lab], call: str, who: str, words: str
) -> None:
    """Account, principal, call, statement and action of the first loss are named, though the plan ends well."""
    problem, *more = make().problems()
    assert problem.rule == "own-access"
    assert problem.severity == "error"
    assert problem.where.startswith("lab/iam_")
    assert f"lab: after {call}" in problem.summary
    assert who in problem.summary
    assert words in problem.summary
    assert "may no longer" in problem.summary
    assert len(more) <= 3


def test_the_hint_tells_that_the_plan_ends_well() -> None:
    """A loss that a later task would mend is explained so; one that stays is not."""
    assert "the plan ends well" in detach_then_attach().problems()[0].hint
    lab = own()
    lab.set("iam_role", "iamfix", managed_policies=frozenset())
    assert "the plan ends well" not in lab.problems()[0].hint


def test_the_guard_is_overridden_by_name_only() -> None:
    """`--allow own-access` makes a warning of it, another name does not."""
    problem = detach_then_attach().problems()[0]
    assert allowed(problem, ["irreversible"]).severity == "error"
    assert allowed(problem, ["own-access"]).severity == "warning"


def tag_own() -> Lab:
    lab = own()
    lab.set("iam_role", "iamfix", tags={"Owner": "platform"})
    return lab


def describe_own() -> Lab:
    lab = own()
    lab.set("iam_role", "iamfix", description="iamfix", max_session_duration=7200)
    return lab


def swap_with_room() -> Lab:
    lab = own()
    lab.set("iam_role", "iamfix", managed_policies=arns("Second"))
    return lab


def swap_inline() -> Lab:
    lab = own(managed_policies=frozenset(), inline_policies={"a": ADMIN})
    lab.set("iam_role", "iamfix", inline_policies={"b": ADMIN})
    return lab


def inline_for_managed() -> Lab:
    lab = own()
    lab.set("iam_role", "iamfix", inline_policies={"b": ADMIN}, managed_policies=frozenset())
    return lab


def more_trust() -> Lab:
    lab = own()
    lab.set("iam_role", "iamfix", assume_role_policy_document=trust(CALLER, "222222222222"))
    return lab


def trust_of_the_account() -> Lab:
    lab = own()
    lab.set("iam_role", "iamfix", assume_role_policy_document=trust("arn:aws:iam::999999999999:root"))
    return lab


def wide_boundary() -> Lab:
    lab = own()
    lab.set("iam_role", "iamfix", permissions_boundary=arn("All"))
    return lab


def deny_of_something_else() -> Lab:
    lab = own()
    lab.set("iam_role", "iamfix", inline_policies={"stop": doc(deny(["s3:*", "organizations:LeaveOrganization"]))})
    return lab


def deny_by_a_tag_that_it_has_not() -> Lab:
    lab = own(tags={"kind": "tool"})
    condition = {"StringEquals": {"aws:PrincipalTag/kind": "app"}}
    lab.set("iam_role", "iamfix", inline_policies={"stop": doc(deny(Condition=condition))})
    return lab


def join_before_leaving() -> Lab:
    lab = person()
    lab.set("iam_group", "seconds", users=frozenset(("ann",)))
    lab.set("iam_group", "admins", users=frozenset(("glass",)))
    return lab


def same_meaning() -> Lab:
    lab = own()
    lab.set("iam_managed_policy", "Admin", policy=doc(allow("*:*"), allow(["iam:*"])))
    return lab


def unneeded_policy() -> Lab:
    lab = own(managed_policies=arns("Admin", "Narrow"))
    lab.set("iam_role", "iamfix", managed_policies=arns("Admin"))
    return lab


def others_go() -> Lab:
    lab = own()
    lab.to("iam_role", "other", None)
    return lab


def groups_side_by_side_with_a_third() -> Lab:
    lab = person(
        users={"ann": user(groups=frozenset(("admins", "others", "seconds")))},
        groups={"others": group(users=frozenset(("ann",)))},
    )  # fmt: skip
    lab.set("iam_group", "admins", managed_policies=frozenset())
    lab.set("iam_group", "others", managed_policies=arns("Admin"), same_task=True)
    return lab


def never_had_it() -> Lab:
    lab = own(managed_policies=arns("Narrow"))
    lab.set("iam_role", "iamfix", managed_policies=frozenset())
    return lab


def hangs_on_the_network_as_before() -> Lab:
    office = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    lab = own(managed_policies=frozenset(), inline_policies={"a": doc(allow(Condition=office))})
    lab.set("iam_role", "iamfix", inline_policies={"a": doc(allow(Condition=office), allow("s3:*"))})
    return lab


def protected_user_gains() -> Lab:
    lab = person((GLASS,))
    lab.set("iam_user", "glass", managed_policies=arns("Second"))
    lab.set("iam_group", "admins", users=frozenset(("ann",)))
    return lab


HARMLESS = [
    tag_own, describe_own, swap_with_room, swap_inline, inline_for_managed, more_trust, trust_of_the_account,
    wide_boundary, deny_of_something_else, deny_by_a_tag_that_it_has_not, join_before_leaving, same_meaning,
    unneeded_policy, others_go, groups_side_by_side_with_a_third, never_had_it, hangs_on_the_network_as_before,
    protected_user_gains,
]  # fmt: skip


@pytest.mark.parametrize("make", HARMLESS, ids=[one.__name__ for one in HARMLESS])
def test_a_plan_that_only_looks_dangerous_passes(make: Callable[[], Lab]) -> None:
    """What keeps access at every call has no problem."""
    assert make().problems() == []


@pytest.mark.parametrize("make", [*(one[0] for one in LOCKED), *HARMLESS], ids=lambda one: one.__name__)
def test_the_account_before_a_plan_is_the_one_that_was_read(make: Callable[[], Lab]) -> None:
    """What is taken back from the world after a plan is the account as it was observed, whatever the plan does."""
    lab = make()
    aws = AwsPolicies(lab.world)
    before = picture_of(lab.account, lambda kind: lab.there[kind], aws)
    assert taken_back(picture_of(lab.account, lab.world.all, aws), lab.changes) == before


@pytest.mark.parametrize(
    ("principal", "held"),
    [
        (f"arn:aws:iam::{ID}:role/backup", True), ("arn:aws:iam::*:role/ops/backup", True),
        (f"arn:aws:iam::{ID}:role/ops/*", True), (f"arn:aws:iam::{ID}:role/back*", True),
        (f"arn:aws:iam::{ID}:role/other/backup", False), (f"arn:aws:iam::{ID}:user/backup", False),
        ("arn:aws:iam::222222222222:role/backup", False),
    ],
)  # fmt: skip
def test_a_protected_name_is_found_in_any_path(principal: str, held: bool) -> None:
    """AWS gives a name once in an account, so that a name without path means it wherever it is; `*` is a wildcard."""
    backup = role(path="/ops/", managed_policies=arns("Admin"))
    lab = Lab(roles={"backup": backup, "iamfix": role()}, protected=(Protected(principal),), policies=POLICIES)
    lab.set("iam_role", "backup", managed_policies=frozenset())
    [problem] = lab.problems()
    assert problem.severity == ("error" if held else "warning")
    assert ("role/ops/backup, which the inventory protects, may no longer" in problem.summary) == held
    assert (f"there is no {principal}, which" in problem.summary) != held
    assert held or problem.hint == f"did you mean arn:aws:iam::{ID}:role/ops/backup?"


def test_a_protected_principal_that_is_not_there_is_no_problem() -> None:
    """Accounts may lack what their inventory protects in all of them."""
    lab = Lab(roles={"backup": role(), "iamfix": role()}, protected=(Protected(f"arn:aws:iam::{ID}:user/glass"),))
    lab.set("iam_role", "backup", tags={"a": "b"})
    assert lab.problems() == []


def test_the_probes_that_are_given_for_the_own_role_are_asked_too() -> None:
    """Who protects the role iamfix runs as with probes of its own gets both: these and iamfix's."""
    lab = Lab(
        roles={"iamfix": role(inline_policies={"a": ADMIN})}, policies=POLICIES,
        protected=(Protected(ROLE, (("s3:PutObject", "arn:aws:s3:::vault/x"),)),),
    )  # fmt: skip
    lab.set("iam_role", "iamfix", inline_policies={"a": doc(allow(["iam:*", "sts:*"]))})
    [problem] = lab.problems()
    assert "may no longer s3:PutObject on arn:aws:s3:::vault/x" in problem.summary


def test_what_hangs_on_unknown_keys_cannot_be_proven() -> None:
    """A new Deny by network is neither a loss nor safe: it needs the override."""
    lab = own()
    condition = {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    lab.set("iam_role", "iamfix", inline_policies={"net": doc(deny(Condition=condition))})
    [problem] = lab.problems()
    assert "cannot be proven to keep" in problem.summary
    assert "aws:SourceIp" in problem.summary
    assert (problem.severity, problem.rule) == ("error", "own-access")


def test_a_policy_that_cannot_be_read_is_no_proof() -> None:
    """AWS's policy whose document is refused may give nothing; where it is read, it gives what it says."""
    for known, problems in (({}, 1), ({"AdministratorAccess": ADMIN}, 0)):
        lab = Lab(roles={"iamfix": role(managed_policies=arns("Admin"))}, policies=POLICIES, aws=known)
        lab.set("iam_role", "iamfix", managed_policies=frozenset((AWS_ADMIN,)))
        assert len(lab.problems()) == problems


def test_a_mfa_rule_takes_away_what_an_assumed_role_has() -> None:
    """A session of AssumeRole without a device is one without MFA, and a Deny for those surely holds."""
    lab = own()
    condition = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    lab.set("iam_role", "iamfix", inline_policies={"mfa": doc(deny("iam:*", Condition=condition, Sid="NoMfa"))})
    [problem] = lab.problems()
    assert "denied by statement 1 (NoMfa) of inline policy mfa of role iamfix" in problem.summary


def test_credentials_of_those_who_must_get_in() -> None:
    """A password that goes may be the one way in: that cannot be proven."""
    lab = person((GLASS,), users={"glass": user(groups=frozenset(("admins",)), console_access=True)})
    lab.set("iam_user", "glass", console_access=False)
    [problem] = lab.problems()
    assert "delete_login_profile" in problem.summary
    assert "cannot be proven to get in" in problem.summary


def _federated(**more: Any) -> Lab:
    who = {"Federated": f"arn:aws:iam::{ID}:oidc-provider/{OIDC}"}
    people = {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRoleWithWebIdentity"}
    roles = {"iamfix": role(inline_policies={"all": ADMIN}, assume_role_policy_document=doc(people, trust=True))}
    return Lab(
        roles=roles, policies=POLICIES, providers={OIDC: frozenset(("sts", "old")), "b.example": frozenset()}, **more
    )


OIDC = "token.example"


@pytest.mark.parametrize(
    "more",
    [
        {"role_arn": None, "runs_as": f"arn:aws:sts::{ID}:assumed-role/iamfix/ci"},
        {"role_arn": None, "runs_as": ANN, "protected": (Protected(ROLE),)},
    ],
    ids=["runs as", "protected"],
)
def test_the_provider_through_which_one_comes_stays(more: dict[str, Any]) -> None:
    """The identity provider of a role that must get in, or a client of it, goes with the override only; others may."""
    for after, told in ((None, 1), (frozenset(("sts",)), 1), (frozenset(("sts", "old", "new")), 0)):
        lab = _federated(**more)
        lab.to("iam_oidc_provider", OIDC, None) if after is None else lab.set(
            "iam_oidc_provider", OIDC, client_ids=after
        )
        problems = lab.problems()
        assert [problem.rule for problem in problems] == ["own-access"] * told
        assert all("cannot be proven to be assumed as before" in problem.summary for problem in problems)
    lab = _federated(**more)
    lab.to("iam_oidc_provider", "b.example", None)
    assert lab.problems() == []


def test_the_role_that_is_assumed_does_not_come_through_a_provider() -> None:
    """iamfix gets into accounts with AssumeRole: the providers there are not its way in."""
    lab = _federated()
    lab.to("iam_oidc_provider", OIDC, None)
    assert lab.problems() == []


def test_a_session_is_its_role_and_root_cannot_be_locked_out() -> None:
    """The ambient caller's session ARN means its role; root has no policies to lose."""
    for runs_as, problems in ((f"arn:aws:sts::{ID}:assumed-role/iamfix/me", 1), (f"arn:aws:iam::{ID}:root", 0)):
        lab = Lab(
            role_arn=None, runs_as=runs_as, policies=POLICIES, roles={"iamfix": role(managed_policies=arns("Admin"))}
        )  # fmt: skip
        lab.set("iam_role", "iamfix", managed_policies=frozenset())
        assert len(lab.problems()) == problems


def test_a_caller_of_the_same_account_needs_its_own_policies_too() -> None:
    """Where the trust policy names the account, losing sts:AssumeRole locks the caller out."""
    sts = doc(allow("sts:AssumeRole", ROLE))
    roles = {"iamfix": role(managed_policies=arns("Admin"), assume_role_policy_document=trust(ID))}
    lab = Lab(roles=roles, users={"ann": user(inline_policies={"sts": sts})}, policies=POLICIES, caller=ANN)
    lab.set("iam_user", "ann", inline_policies={})
    [problem] = lab.problems()
    assert "iam:delete_user_policy" in problem.summary
    assert f"be assumed by {ANN}" in problem.summary


def test_who_enters_the_other_accounts_must_still_be_able_to() -> None:
    """The caller's own account must leave it sts:AssumeRole on the roles of the inventory, and need leave no more."""
    roles = [f"arn:aws:iam::{number:012}:role/iamfix" for number in (2, 3)]
    accounts = tuple(Account(one.split(":")[4], "other", role_arn=one) for one in roles)
    for left, problems in ((doc(allow("sts:AssumeRole", roles)), 0), (doc(allow("sts:AssumeRole", roles[0])), 1)):
        sts = {"sts": doc(allow("sts:*"))}
        lab = Lab(
            role_arn=None, runs_as=ANN, users={"ann": user(inline_policies=sts)}, policies=POLICIES, accounts=accounts
        )  # fmt: skip
        lab.set("iam_user", "ann", inline_policies={"sts": left})
        found = lab.problems()
        assert len(found) == problems
        assert all(f"sts:AssumeRole on {roles[1]}" in one.summary for one in found)


def test_too_many_orders_cannot_be_proven() -> None:
    """Very many changes side by side that all bear on one principal are not claimed to be safe."""
    names = [f"P{number}" for number in range(9)]
    lab = Lab(
        roles={"iamfix": role(managed_policies=arns("Admin", *names))},
        policies={"Admin": ADMIN, **{name: doc(allow("sqs:*")) for name in names}},
    )
    for number, name in enumerate(names):
        lab.set("iam_managed_policy", name, policy=doc(allow("sns:*")), same_task=number > 0)
    assert lab.problems() == []
    for name in names:
        lab.set("iam_managed_policy", name, policy=doc(allow("kms:*")), same_task=True)
    assert ["more orders than can be looked at" in one.summary for one in lab.problems()] == [True]


def test_policies_of_the_organization_count() -> None:
    """An SCP that forbids a probe makes it one that never held, and so no loss."""
    lab = detach_then_attach()
    limits = Limits(scps=((doc(allow()), doc(deny("iam:*"))),))
    assert [one.where for one in lab.problems()] == ["lab/iam_role/iamfix"]
    assert lab.problems(limits) == []


def test_an_arn_that_changes_cannot_be_proven_to_be_meant() -> None:
    """A new path is a new ARN: conditions and resources that name the old one are told, trust policies follow."""
    named = {"Condition": {"ArnEquals": {"aws:PrincipalArn": GLASS.principal}}}
    lab = person(
        (GLASS,),
        roles={"vault": role(assume_role_policy_document=trust(ID, **named)), "other": role()},
        users={"bob": user(inline_policies={"mend": doc(allow("iam:*", GLASS.principal, Sid="Mend"))})},
    )
    lab.set("iam_user", "glass", path="/break/")
    [problem] = lab.problems()
    assert (problem.rule, problem.severity) == ("own-access", "error")
    assert "lab: after iam:update_user (call 1 of 1" in problem.summary
    assert "cannot be proven to keep its access: its ARN becomes " in problem.summary
    assert f"arn:aws:iam::{ID}:user/break/glass" in problem.summary
    assert "statement 1 (Mend) of inline policy mend of user bob" in problem.summary
    assert "statement 1 of the trust policy of role vault" in problem.summary
    assert "mend what names it first" in problem.hint


def test_an_arn_that_changes_is_told_though_nothing_here_names_it() -> None:
    """Bucket policies, other accounts and the organization may name it; those who are not protected may move."""
    lab = person((GLASS,), roles={})
    lab.set("iam_user", "glass", path="/break/")
    [problem] = lab.problems()
    assert f"what names {GLASS.principal} in a Resource or a condition does not follow" in problem.summary
    lab = person((GLASS,))
    lab.set("iam_user", "bob", path="/staff/")
    lab.set("iam_user", "glass", tags={"a": "b"})
    assert lab.problems() == []


def test_the_arn_of_who_assumes_the_role_counts_too() -> None:
    """Where iamfix's caller is a user of the account, its move is as dangerous as that of the role would be."""
    lab = Lab(
        users={"ci": user(managed_policies=arns("Admin"))}, caller=f"arn:aws:iam::{ID}:user/ci", policies=POLICIES,
        roles={"iamfix": role(
            managed_policies=arns("Admin"),
            assume_role_policy_document=trust(
                ID, Condition={"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ID}:user/ci"}}
            ),
        )},
    )  # fmt: skip
    lab.set("iam_user", "ci", path="/robots/")
    assert any("the ARN of user ci, which assumes it, becomes" in one.summary for one in lab.problems())
