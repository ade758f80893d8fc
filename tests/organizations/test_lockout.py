"""The lock-out guard: changes of the organization that would shut somebody out are refused, all others are let be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from iamfix.kinds import KINDS
from iamfix.kinds.organizations_policies import State
from iamfix.kinds.protocol import Want
from iamfix.model import Account, Call, Protected
from iamfix.policy.document import Document
from iamfix.world import Spot, World
from tests.direct import Direct

OWN, GLASS = "arn:aws:iam::*:role/iamfix", "arn:aws:iam::*:role/break-glass"
EXEMPT = {"ArnNotLike": {"aws:PrincipalArn": [OWN, GLASS]}}
GLOBAL = ["iam:*", "sts:*", "organizations:*", "ec2:DescribeRegions", "support:*"]
ORG = "o-practice01"
MANAGER = Account(id="111111111111", name="management")
NAMES = {
    "222222222222": "payments-prod", "333333333333": "payments-dev", "444444444444": "data-prod",
    "555555555555": "sandbox-alice",
}  # fmt: skip
AUDIT = Protected("arn:aws:iam::222222222222:role/auditor", (("s3:GetObject", "arn:aws:s3:::audit/log"),))
INVENTORY = (
    MANAGER,
    *(
        Account(
            id=number, name=name, role_arn=f"arn:aws:iam::{number}:role/iamfix", regions=("us-east-1", "eu-west-1"),
            home_region="us-east-1", protected=(Protected(GLASS), AUDIT),
        )
        for number, name in NAMES.items()
    ),
)  # fmt: skip


def _deny(action: Any, *, but: bool = False, **elements: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "NotAction" if but else "Action": action, "Resource": "*", **elements}


def _rcp(action: Any, **elements: Any) -> dict[str, Any]:
    return _deny(action, Principal="*", **elements)


def _allow(*actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


@dataclass(frozen=True)
class Put:
    """A policy is made, or made otherwise, with these statements and targets."""

    statements: tuple[dict[str, Any], ...] = ()
    targets: tuple[str, ...] = ("workloads",)
    kind: str = "scp"
    name: str = "new"

    def __init__(self, *statements: dict[str, Any], on: tuple[str, ...] = ("workloads",), kind: str = "scp") -> None:
        object.__setattr__(self, "statements", statements)
        object.__setattr__(self, "targets", on)
        object.__setattr__(self, "kind", kind)


@dataclass(frozen=True)
class Off:
    """A policy is taken off these targets; `gone`: it is deleted."""

    targets: tuple[str, ...]
    name: str = "FullAWSAccess"
    gone: bool = False


@dataclass(frozen=True)
class Move:
    account: str
    unit: str


Step = Put | Off | Move

HARMFUL: Mapping[str, tuple[list[Step], str]] = {
    "deny everything": ([Put(_deny("*"))], "may no longer sts:AssumeRole"),
    "deny everything at the root": ([Put(_deny("*"), on=("root",))], "may no longer"),
    "deny everything in one account": ([Put(_deny("*"), on=("data-prod",))], "data-prod: "),
    "deny IAM": ([Put(_deny("iam:*"))], "may no longer iam:"),
    "deny IAM's writes": ([Put(_deny(["iam:Put*", "iam:Update*"]))], "may no longer iam:UpdateAssumeRolePolicy"),
    "deny assuming roles": ([Put(_deny("sts:AssumeRole"))], "may no longer sts:AssumeRole"),
    "deny Organizations": ([Put(_deny("organizations:*"))], "break-glass, which the inventory protects, may no longer"),
    "deny all but data services": ([Put(_deny(["s3:*", "sqs:*"], but=True))], "may no longer"),
    "deny CloudTrail": ([Put(_deny("cloudtrail:*"))], "may no longer cloudtrail:"),
    "FullAWSAccess taken from a unit": ([Off(("workloads/prod",))], "no scp at workloads/prod allows it"),
    "FullAWSAccess taken from an account": ([Off(("payments-dev",))], "no scp at payments-dev allows it"),
    "FullAWSAccess taken from the root": ([Off(("root",))], "no scp at root allows it"),
    "allow-list without STS": (
        [Put(_allow("iam:*", "organizations:*", "cloudtrail:*", "ec2:*", "cloudwatch:*")), Off(("workloads",))],
        "may no longer sts:AssumeRole",
    ),
    "allow-list without IAM": ([Put(_allow("s3:*", "sts:*")), Off(("workloads",))], "may no longer iam:"),
    "deny the home region": (
        [Put(_deny(GLOBAL, but=True, Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}))],
        "may no longer cloudtrail:UpdateTrail",
    ),
    "deny a region of the inventory": (
        [Put(_deny(GLOBAL, but=True, Condition={"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}))],
        "in eu-west-1",
    ),
    "deny regions, global services forgotten": (
        [Put(_deny("iam:*", Condition={"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}}))],
        "may no longer iam:",
    ),
    "exemption of another role": (
        [Put(_deny("iam:*", Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}}))],
        "role/iamfix, as which iamfix runs, may no longer iam:",
    ),
    "exemption in another account": (
        [Put(_deny("iam:*", Condition={"ArnNotLike": {"aws:PrincipalArn": OWN.replace("*", "999999999999")}}))],
        "may no longer iam:",
    ),
    "exemption of iamfix, not of break-glass": (
        [Put(_deny("iam:*", Condition={"ArnNotLike": {"aws:PrincipalArn": OWN}}))],
        "break-glass, which the inventory protects, may no longer iam:",
    ),
    "own probe of a protected principal": ([Put(_deny("s3:GetObject"))], "auditor, which the inventory protects"),
    "hangs on a tag": (
        [Put(_deny("iam:*", Condition={"StringNotEquals": {"aws:PrincipalTag/team": "platform"}}))],
        "keep iam:ListRoles on * in us-east-1 (and 4 more actions): it hangs on aws:PrincipalTag/team",
    ),
    "hangs on an address": (
        [Put(_deny("*", Condition={"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))],
        "cannot be proven to keep",
    ),
    "hangs on MFA": (
        [Put(_deny("*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}))],
        "it hangs on aws:MultiFactorAuthPresent",
    ),
    "harmless text made harmful": ([Put(_deny("s3:PutObject")), Put(_deny("iam:*"))], "denied by statement 1"),
    "move below a deny": (
        [Put(_deny("iam:*"), on=("empty",)), Move("sandbox-alice", "empty")],
        "sandbox-alice: arn:aws:iam::555555555555:role/iamfix",
    ),
    "move to where nothing is allowed": (
        [Put(_deny("s3:PutObject"), on=("empty",)), Off(("empty",)), Move("sandbox-alice", "empty")],
        "no scp at empty allows it",
    ),
    "RCP: nobody assumes roles": ([Put(_rcp("sts:AssumeRole"), kind="rcp")], "may no longer sts:AssumeRole"),
    "RCP: only another organization": (
        [Put(_rcp("sts:*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-other"}}), kind="rcp")],
        "may no longer sts:AssumeRole",
    ),
    "RCP: only one caller, and ours is not known": (
        [Put(_rcp("sts:*", Condition={"ArnNotLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/ci", GLASS, OWN]}}),
             kind="rcp")],
        "it hangs on aws:PrincipalArn",
    ),
}  # fmt: skip

HARMLESS: Mapping[str, list[Step]] = {
    "deny leaving": [Put(_deny("organizations:LeaveOrganization"), on=("root",))],
    "deny the root user": [
        Put(_deny("*", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}), on=("root",))
    ],
    "deny assumed root sessions": [Put(_deny("*", Condition={"Null": {"aws:AssumedRoot": "false"}}))],
    "deny everything with exemptions": [
        Put(_deny("*", Condition={"ArnNotLike": {"aws:PrincipalArn": [OWN, GLASS, AUDIT.principal]}}))
    ],
    "deny IAM with exemptions": [Put(_deny("iam:*", Condition=EXEMPT))],
    "deny CloudTrail changes with exemptions": [Put(_deny("cloudtrail:StopLogging", Condition=EXEMPT))],
    "deny other regions": [
        Put(_deny(GLOBAL, but=True, Condition={
            "StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}))
    ],
    "deny one bucket": [Put({**_deny("s3:*"), "Resource": "arn:aws:s3:::payments/*"})],
    "deny unencrypted objects": [
        Put(_deny("s3:PutObject", Condition={"Null": {"s3:x-amz-server-side-encryption": "true"}}))
    ],
    "deny a service nobody needs": [Put(_deny(["lambda:*", "redshift:*"]))],
    "deny changes of some roles": [Put({**_deny("iam:*"), "Resource": "arn:aws:iam::*:role/app/*"})],
    "deny to one role": [
        Put(_deny("*", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/intern"}}))
    ],
    "deny IAM users": [Put(_deny(["iam:CreateUser", "iam:CreateAccessKey"]))],
    "deny old instance credentials": [Put(_deny("*", Condition={"NumericLessThan": {"ec2:RoleDelivery": "2.0"}}))],
    "deny below a unit without accounts": [Put(_deny("*"), on=("empty",))],
    "deny on the management account, which no SCP binds": [Put(_deny("*"), on=("management",))],
    "FullAWSAccess changed for an allow-all": [Put(_allow("*")), Off(("workloads",))],
    "allow-list with all that is needed": [
        Put(_allow("iam:*", "sts:*", "organizations:*", "cloudtrail:*", "ec2:*", "cloudwatch:*", "s3:GetObject")),
        Off(("workloads",)),
    ],
    "a harmless policy taken off": [Put(_deny("s3:PutObject")), Off(("workloads",), "new")],
    "a harmless policy deleted": [Put(_deny("s3:PutObject")), Off((), "new", gone=True)],
    "move among equals": [Move("payments-dev", "workloads/prod")],
    "move to the root": [Move("payments-dev", "root")],
    "text in other order": [Put(_deny(["lambda:*", "glue:*"])), Put(_deny(["glue:*", "lambda:*"]))],
    "RCP: buckets for the organization": [
        Put(_rcp("s3:*", Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORG}}), kind="rcp")
    ],
    "RCP: roles for the organization": [
        Put(_rcp("sts:AssumeRole", Condition={"StringNotEquals": {"aws:PrincipalOrgID": ORG}}), kind="rcp")
    ],
    "RCP: only by TLS": [Put(_rcp("s3:*", Condition={"Bool": {"aws:SecureTransport": "false"}}), kind="rcp")],
}  # fmt: skip


def _world(account: Account = MANAGER, inventory: Sequence[Account] = INVENTORY) -> World:
    aws = Direct(around="bare")
    aws.follow(
        [
            Call("organizations", "enable_policy_type", {"RootId": "r-prac", "PolicyType": "RESOURCE_CONTROL_POLICY"}),
            Call("organizations", "list_roots", {}),
            Call("organizations", "create_organizational_unit", {"ParentId": "r-prac", "Name": "empty"}),
        ]
    )

    def observe(kind: str, region: str | None, want: Want) -> Mapping[str, Any]:
        return KINDS[kind].observe(aws.at(region), want)

    return World(account, KINDS, observe, accounts=inventory)


def _losses(steps: list[Step]) -> list[str]:
    """What the guard says of each step, with the steps before it done."""
    world = _world()
    found: list[str] = []
    for step in steps:
        kind = "organization_account" if isinstance(step, Move) else getattr(step, "kind", "scp")
        name = step.account if isinstance(step, Move) else step.name
        before = world.get(kind, name)
        after: Any
        if isinstance(step, Move):
            after = replace(before, ou=step.unit)
        elif isinstance(step, Off):
            after = None if step.gone else replace(before, targets=before.targets - set(step.targets))
        else:
            content = Document.parse({"Version": "2012-10-17", "Statement": list(step.statements)})
            after = replace(before or State(), content=content, targets=frozenset(step.targets))
        breaches = KINDS[kind].breaches(name, before, after, Spot(world, None))
        found = [breach.summary for breach in breaches if breach.rule == "own-access"]
        if found and step is not steps[-1]:
            raise AssertionError(f"{step} is harmful already: {found}")
        world.put(kind, name, None, after)
    return found


@pytest.mark.parametrize("case", HARMFUL)
def test_harmful_changes_are_refused(case: str) -> None:
    """The refusal names the accounts, the principal, the action, and the statement or place that takes it."""
    steps, expected = HARMFUL[case]
    assert expected in "\n".join(_losses(steps))


@pytest.mark.parametrize("case", HARMLESS)
def test_harmless_changes_pass(case: str) -> None:
    """Nobody loses anything that a next run or a rescue needs."""
    assert _losses(HARMLESS[case]) == []


def test_a_refusal_says_all() -> None:
    """Account, principal, action, resource, region, policy, statement and place: in one sentence."""
    assert _losses([Put({**_deny("iam:*"), "Sid": "NoIam"}, on=("payments-prod",))])[0] == (
        "payments-prod: arn:aws:iam::222222222222:role/iamfix, as which iamfix runs, may no longer "
        "iam:GetAccountAuthorizationDetails on * in us-east-1 (and 16 more actions): "
        "denied by statement 1 (NoIam) of scp new at payments-prod"
    )


def test_the_account_in_which_iamfix_was_started_is_asked_for_too() -> None:
    """A delegated administrator's own credentials have no role in the inventory: who runs there must keep access."""
    own = replace(INVENTORY[1], role_arn=None, protected=())
    for principal, expected in (
        ("arn:aws:sts::222222222222:assumed-role/Admin/me", "arn:aws:iam::222222222222:role/Admin, as which iamfix"),
        ("arn:aws:iam::222222222222:user/ann", "arn:aws:iam::222222222222:user/ann, as which iamfix"),
        (None, None),
    ):  # fmt: skip
        world = _world(own, (MANAGER, own))
        world.principal = principal
        denied = State(content=Document.parse([_deny("iam:*")]), targets=frozenset(("workloads",)))
        breaches = KINDS["scp"].breaches("new", None, denied, Spot(world, None))
        told = [breach.summary for breach in breaches if breach.rule == "own-access"]
        assert (not told) if expected is None else (expected in told[0])


def test_what_is_lost_already_is_not_lost_again() -> None:
    """A second policy that denies the same takes nothing away."""
    world = _world()
    harmful = State(content=Document.parse([_deny("*")]), targets=frozenset(("workloads",)))
    world.put("scp", "first", None, harmful)
    breaches = KINDS["scp"].breaches("second", None, harmful, Spot(world, None))
    assert [breach for breach in breaches if breach.rule == "own-access"] == []


def test_accounts_that_the_inventory_has_not_are_told() -> None:
    """Who cannot be asked for is no silent pass: the plan's note names the accounts."""
    aws = Direct(around="bare")
    look = Spot(World(MANAGER, KINDS, lambda kind, region, want: KINDS[kind].observe(aws, want)), None)
    after = State(content=Document.parse([_deny("*")]), targets=frozenset(("workloads",)))
    assert (
        "who keeps access is not checked in accounts that the inventory has not: data-prod, payments-dev, payments-prod"
        in list(KINDS["scp"].notes("new", None, after, look))
    )
