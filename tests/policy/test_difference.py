"""The access diff by cases: equal in meaning is empty, and what differs is shown as the policies have it."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from iamfix.policy.difference import Difference, Rights, compare, compare_resource, difference
from iamfix.policy.document import Document
from iamfix.policy.globs import action_pattern, empty, intersections, resource_pattern
from iamfix.policy.match import action_test, resource_test
from iamfix.policy.variables import parse_template
from tests.policy.random_policies import ACTIONS, RESOURCES

MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
ANN = "arn:aws:iam::111111111111:user/ann"
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


def doc(*statements: dict[str, Any], version: str = "2012-10-17") -> Document:
    return Document.parse({"Version": version, "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def when(**operators: Any) -> dict[str, Any]:
    return {"Condition": operators}


def TAG(values: Any) -> dict[str, Any]:
    return {"aws:PrincipalTag/x": values}


def KEYS(values: Any) -> dict[str, Any]:
    return {"aws:TagKeys": values}


EQUAL = [
    ("case of actions", [allow("s3:GetObject")], [allow("S3:getobject")]),
    ("an action that a wildcard holds", [allow(["s3:*"])], [allow(["s3:*", "s3:GetObject"])]),
    ("a statement that another one holds", [allow("s3:*")], [allow("s3:*"), allow("s3:Get*", "arn:aws:s3:::b/*")]),
    ("statements split", [allow(["s3:Get*", "s3:Put*"])], [allow("s3:Put*"), allow("s3:Get*")]),
    ("Sid and order", [allow("s3:*"), allow("ec2:*")], [allow("ec2:*", Sid="A"), allow("s3:*", Sid="B")]),
    ("two ways to say all actions", [allow("*")], [allow("*:*")]),
    ("case of keys", [allow("s3:*", **when(Bool={"aws:MultiFactorAuthPresent": True}))],
     [allow("s3:*", **when(Bool={"AWS:multifactorauthpresent": "true"}))]),
    ("ArnEquals is ArnLike", [allow("s3:*", **when(ArnEquals={"aws:SourceArn": "arn:aws:s3:::b"}))],
     [allow("s3:*", **when(ArnLike={"aws:SourceArn": "arn:aws:s3:::b"}))]),
    ("a bare address is its /32", [allow("s3:*", **when(IpAddress={"aws:SourceIp": "10.0.0.1"}))],
     [allow("s3:*", **when(IpAddress={"aws:SourceIp": "10.0.0.1/32"}))]),
    ("StringLike without wildcards", [allow("s3:*", **when(StringLike={"aws:PrincipalTag/a": "b"}))],
     [allow("s3:*", **when(StringEquals={"aws:principaltag/A": "b"}))]),
    ("what is allowed under a condition is allowed without one", [allow("s3:*")],
     [allow("s3:*"), allow("s3:Get*", Condition=MFA)]),
    ("fewer values of a condition lie within more",
     [allow("s3:*", **when(StringEquals={"aws:PrincipalTag/a": ["b", "c"]}))],
     [allow("s3:*", **when(StringEquals={"aws:PrincipalTag/a": ["b", "c"]})),
      allow("s3:*", **when(StringEquals={"aws:PrincipalTag/a": "c"}))]),
    ("IfExists holds what holds without", [allow("s3:*", **when(StringEqualsIfExists={"aws:PrincipalTag/a": "b"}))],
     [allow("s3:*", **when(StringEqualsIfExists={"aws:PrincipalTag/a": "b"})),
      allow("s3:*", **when(StringEquals={"aws:PrincipalTag/a": "b"}))]),
    ("what is denied anyhow", [deny("s3:*")], [deny("s3:*"), allow("s3:Get*")]),
    ("a Deny within a Deny", [allow("*"), deny("s3:*")], [allow("*"), deny("s3:*"), deny("s3:Put*", "arn:aws:s3:::b")]),
    ("NotAction that names the same",
     [allow("*"), {"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}],
     [allow("*"), {"Effect": "Deny", "NotAction": ["STS:*", "iam:*", "iam:Get*"], "Resource": "*"}]),
    ("a variable's case",
     [allow("s3:*", "arn:aws:s3:::b/${aws:username}")], [allow("s3:*", "arn:aws:s3:::b/${aws:UserName}")]),
    ("a variable within a wildcard", [allow("s3:*", "arn:aws:s3:::b/*")],
     [allow("s3:*", ["arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:username}/*"])]),
    ("wildcards that together say the same", [allow(["s3:*"])], [allow(["s3:?*", "s3:*"])]),
    ("an empty list allows nothing", [], [allow([])]),
    ("values of a condition in two statements", [allow("s3:*", **when(StringEquals=TAG(["a", "b"])))],
     [allow("s3:*", **when(StringEquals=TAG("a"))), allow("s3:*", **when(StringEquals=TAG("b")))]),
    ("values of a Deny's condition in two statements",
     [allow("*"), deny("s3:*", **when(StringLike=TAG(["a*", "b"])))],
     [allow("*"), deny("s3:*", **when(StringLike=TAG("b"))), deny("s3:*", **when(StringLike=TAG("a*")))]),
    ("values of two conditions in four statements",
     [allow("s3:*", **when(StringEquals=TAG(["a", "b"]), IpAddress={"aws:SourceIp": ["10.0.0.0/8", "192.0.2.1"]}))],
     [allow("s3:*", **when(StringEquals=TAG(tag), IpAddress={"aws:SourceIp": ip}))
      for tag in ("a", "b") for ip in ("192.0.2.1/32", "10.0.0.0/8")]),
    ("values with IfExists split, of which one statement needs it",
     [allow("s3:*", **when(StringEqualsIfExists=TAG(["a", "b"])))],
     [allow("s3:*", **when(StringEqualsIfExists=TAG("a"))), allow("s3:*", **when(StringEquals=TAG("b")))]),
    ("values with ForAnyValue split", [allow("s3:*", Condition={"ForAnyValue:StringEquals": KEYS(["k", "l"])})],
     [allow("s3:*", Condition={"ForAnyValue:StringEquals": KEYS(key)}) for key in ("l", "k")]),
    ("a condition and its opposite are none", [allow("s3:*")],
     [allow("s3:*", **when(StringEquals=TAG("a"))), allow("s3:*", **when(StringNotEquals=TAG("a")))]),
    ("with MFA and without is always", [allow("s3:*")],
     [allow("s3:*", Condition=MFA), allow("s3:*", Condition=NO_MFA)]),
    ("absent or not is always", [allow("s3:*")],
     [allow("s3:*", **when(Null={"aws:PrincipalTag/x": value})) for value in ("true", "false")]),
    ("three statements that together are always", [allow("s3:*")],
     [allow("s3:*", **when(StringEquals=TAG("a"))),
      allow("s3:*", **when(StringNotEquals=TAG("a"), Bool={"aws:SecureTransport": "true"})),
      allow("s3:*", **when(StringNotEquals=TAG("a"), BoolIfExists={"aws:SecureTransport": "false"}))]),
    ("IfExists of a negated operator", [allow("s3:*", **when(StringNotEquals=TAG("a")))],
     [allow("s3:*", **when(StringNotEqualsIfExists=TAG("a")))]),
    ("a value within a wildcard", [allow("s3:*", **when(StringLike=TAG("a*")))],
     [allow("s3:*", **when(StringLike=TAG(["a*", "ab?"])))]),
    ("a value that a wildcard of another statement holds", [allow("s3:*", **when(StringLike=TAG("a*")))],
     [allow("s3:*", **when(StringLike=TAG("a*"))), allow("s3:*", **when(StringEquals=TAG("ab")))]),
    ("a range within a range", [allow("s3:*", **when(IpAddress={"aws:SourceIp": "10.0.0.0/8"}))],
     [allow("s3:*", **when(IpAddress={"aws:SourceIp": ["10.0.0.0/8", "10.1.0.0/16"]}))]),
    ("a lower bound within a higher", [allow("s3:*", **when(NumericLessThan={"aws:MultiFactorAuthAge": "600"}))],
     [allow("s3:*", **when(NumericLessThan={"aws:MultiFactorAuthAge": ["600", "60"]}))]),
    ("one moment in two spellings", [allow("s3:*", **when(DateLessThan={"aws:CurrentTime": "2026-01-01"}))],
     [allow("s3:*", **when(DateLessThan={"aws:CurrentTime": "2026-01-01T00:00:00Z"}))]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "before", "after"), EQUAL, ids=[rule for rule, _, _ in EQUAL])
def test_equal_in_meaning_is_no_difference(
    rule: str, before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    """Documents that answer every request alike have an empty diff, both ways."""
    assert not difference([doc(*before)], [doc(*after)])
    assert not difference([doc(*after)], [doc(*before)])


SPLIT_AND_NOT_EQUAL = [
    ("all of several values is not each of them", "ForAllValues:StringEquals", ["k", "l"]),
    ("of values that are all refused only one is", "StringNotEquals", ["a", "b"]),
    ("any value that is none of two is not any of one", "ForAnyValue:StringNotEquals", ["k", "l"]),
]


@pytest.mark.parametrize(("rule", "operator", "values"), SPLIT_AND_NOT_EQUAL, ids=[r for r, *_ in SPLIT_AND_NOT_EQUAL])
def test_values_that_cannot_be_split(rule: str, operator: str, values: list[str]) -> None:
    """Where the values of a condition do not stand for themselves, two statements mean something else than one."""
    key = "aws:TagKeys" if ":" in operator else "aws:PrincipalTag/x"
    one = doc(allow("s3:*", Condition={operator: {key: values}}))
    two = doc(*(allow("s3:*", Condition={operator: {key: value}}) for value in values))
    assert difference([one], [two]), rule


def test_versions_are_equal_where_no_variable_stands() -> None:
    """Version 2008-10-17 differs only in that `${` is no variable there."""
    for resource, same in (("arn:aws:s3:::b/*", True), ("arn:aws:s3:::b/${aws:username}", False)):
        found = difference([doc(allow("s3:*", resource), version="2008-10-17")], [doc(allow("s3:*", resource))])
        assert bool(found) is not same


def shown(found: Difference) -> list[Any]:
    """What a diff says, without risk: (side, actions, resources, the rest)."""
    result = []
    for side in ("gained", "lost"):
        for entry in getattr(found, side):
            data = entry.as_json()
            for name in ("risk", "paths", "known"):
                data.pop(name, None)
            rest = {key: value for key, value in data.items() if value and key not in ("actions", "resources")}
            result.append((side, data["actions"], data["resources"], rest))
    return result


DIFFERENT: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]], list[Any]]] = [
    ("a pattern is shown as written", [], [allow(["s3:Get*", "s3:PutObject"])],
     [("gained", ["s3:Get*", "s3:PutObject"], ["*"], {})]),
    ("many actions never become a wildcard", [], [allow(["s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectTagging"])],
     [("gained", ["s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectTagging"], ["*"], {})]),
    ("what is left of a wildcard", [allow("s3:*")], [allow("s3:Get*")],
     [("lost", ["s3:*"], ["*"], {"not_actions": ["s3:Get*"]})]),
    ("a Deny takes away what is allowed, and nothing else",
     [allow("s3:Get*")], [allow("s3:Get*"), deny("s3:GetObject")],
     [("lost", ["s3:GetObject"], ["*"], {})]),
    ("a Deny without an Allow is shown, for a bucket policy may allow", [], [deny("s3:*")],
     [("lost", ["s3:*"], ["*"], {"denied": True})]),
    ("a condition takes away where it does not hold", [allow("s3:*")], [allow("s3:*", Condition=MFA)],
     [("lost", ["s3:*"], ["*"], {"unless": [MFA]})]),
    ("a Deny with a condition takes away where it holds",
     [allow("s3:*")], [allow("s3:*"), deny("s3:Put*", Condition=NO_MFA)],
     [("lost", ["s3:Put*"], ["*"], {"conditions": NO_MFA})]),
    ("NotAction loses an action", [{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}],
     [{"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}], [("lost", ["sts:*"], ["*"], {})]),
    ("NotResource", [{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::a/*"}],
     [allow("s3:*")], [("gained", ["s3:*"], ["arn:aws:s3:::a/*"], {})]),
    ("resources", [allow("s3:*", "arn:aws:s3:::a/*")], [allow("s3:*", ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"])],
     [("gained", ["s3:*"], ["arn:aws:s3:::b/*"], {})]),
    ("the cut of two patterns is spelled out", [allow("s3:*Object"), deny("s3:Get*")], [allow("s3:*Object")],
     [("gained", ["s3:get*object"], ["*"], {}),
      ("gained", ["s3:Get*"], ["*"], {"not_actions": ["s3:*Object"], "denied": True})]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "before", "after", "expected"), DIFFERENT, ids=[rule for rule, *_ in DIFFERENT])
def test_what_differs(rule: str, before: list[Any], after: list[Any], expected: list[Any]) -> None:
    """Each difference is shown by the patterns that make it."""
    assert shown(difference([doc(*before)], [doc(*after)])) == expected


def test_a_boundary_limits_what_is_shown() -> None:
    """What a new boundary leaves out is lost; what it allows beyond the policies is not gained."""
    bound = doc(allow(["s3:Get*", "ec2:*"]))
    found = compare(
        Rights((doc(allow(["s3:GetObject", "s3:PutObject"])),)),
        Rights((doc(allow(["s3:GetObject", "s3:PutObject"])),), bound),
    )
    assert shown(found) == [("lost", ["s3:PutObject"], ["*"], {})]
    assert not compare(Rights((), bound), Rights((), doc(allow("*"))))


def test_a_deny_in_a_boundary_is_a_deny() -> None:
    """An explicit deny in the boundary takes away what the policies allow."""
    mine = doc(allow("s3:*"))
    found = compare(Rights((mine,), doc(allow("*"))), Rights((mine,), doc(allow("*"), deny("s3:Put*"))))
    assert ("lost", ["s3:Put*"], ["*"], {}) in shown(found)


def test_groups_that_give_the_same_are_no_difference() -> None:
    """A policy that moves from the user to the group changes nothing."""
    assert not compare(Rights((doc(allow("s3:*")), doc(allow("ec2:*")))), Rights((doc(allow("ec2:*"), allow("s3:*")),)))


def test_a_policy_that_could_not_be_read_is_named() -> None:
    """Without its document a policy is shown by its ARN, as the worst that it may be."""
    arn = "arn:aws:iam::aws:policy/Unknown"
    [entry] = compare(Rights(), Rights((), None, frozenset((arn,)))).gained
    assert entry.as_json() == {
        "actions": [], "resources": [], "conditions": None, "risk": "privilege escalation", "policy": arn,
    }  # fmt: skip


def trust(*principals: Any, **more: Any) -> Document:
    statements = [{"Effect": "Allow", "Principal": one, "Action": "sts:AssumeRole", **more} for one in principals]
    return Document.parse({"Version": "2012-10-17", "Statement": statements}, trust=True)


def test_who_may_assume_a_role() -> None:
    """A trust policy's principals are told one by one; an account's number and its root are one."""
    root = "arn:aws:iam::111111111111:root"
    before, after = (
        trust({"AWS": ["111111111111", "222222222222"]}),
        trust({"AWS": root, "Service": "ec2.amazonaws.com"}),
    )
    found = compare_resource(before, after)
    assert [entry.principals for entry in found.gained] == [("ec2.amazonaws.com",)]
    assert [entry.principals for entry in found.lost] == [("arn:aws:iam::222222222222:root",)]
    assert not compare_resource(trust({"AWS": root}), trust({"AWS": "111111111111"}))


def test_everyone_in_a_trust_policy_is_not_everyone_of_aws() -> None:
    """`*` holds services and federated users, `{"AWS": "*"}` does not; elsewhere both are one."""
    assert compare_resource(trust({"AWS": "*"}), trust("*")).gained[0].principals == ("*",)
    assert not compare_resource(trust("*"), trust("*", {"AWS": "111111111111"}))
    both = [
        Document.parse([{"Effect": "Allow", "Principal": one, "Action": "s3:*", "Resource": "*"}])
        for one in ("*", {"AWS": "*"})
    ]
    assert not compare_resource(*both)


def test_not_principal_is_taken_whole() -> None:
    """Whom NotPrincipal means hangs on account, role and session: another one is always shown, the same one never."""
    sides = [
        Document.parse([{"Effect": "Allow", "NotPrincipal": {"AWS": names}, "Action": "sts:AssumeRole"}], trust=True)
        for names in (["111111111111", ANN], [ANN, "arn:aws:iam::111111111111:root"], [ANN])
    ]
    assert not compare_resource(sides[0], sides[1])
    [entry] = compare_resource(trust({"AWS": "111111111111"}), sides[2]).gained
    assert entry.principals == (f"everyone except {ANN}",)
    assert compare_resource(trust({"AWS": "111111111111"}), sides[2]).lost


def test_risk_is_told_with_the_paths_that_open() -> None:
    """Privilege escalation is named by pathfinding's ids; a condition on what is touched closes the path."""

    def risk(*statements: dict[str, Any]) -> list[str]:
        return [entry.as_json()["risk"] for entry in difference([], [doc(*statements)]).gained]

    assert risk(allow("iam:CreatePolicyVersion")) == ["privilege escalation (iam-001)"]
    assert risk(allow("iam:AttachRolePolicy", **when(ArnEquals={"iam:PolicyARN": "arn:aws:iam::aws:policy/X"}))) == [
        "permissions management"
    ]
    assert risk(allow("s3:GetObject"), allow("s3:ListBucket", "arn:aws:s3:::b")) == ["data exposure", "read"]
    assert risk(allow("s3:PutObject")) == ["write"]


def test_known_actions_stand_behind_patterns() -> None:
    """A wildcard is shown as written, then the listed actions by risk class; a list of actions needs none."""
    [entry] = difference([], [doc(allow("sqs:*"))]).gained
    data = entry.as_json()
    assert data["actions"] == ["sqs:*"]
    assert data["known"]["data exposure"] == {"count": 1, "actions": ["sqs:ReceiveMessage"]}
    assert "known" not in difference([], [doc(allow("sqs:SendMessage"))]).gained[0].as_json()


def _texts(letters: str, most: int) -> list[str]:
    return ["".join(one) for size in range(most + 1) for one in itertools.product(letters, repeat=size)]


def test_sets_of_patterns_are_followed_exactly() -> None:
    """Whether patterns have a text in common, and none of others', is as trying all short texts says."""
    chance = random.Random(1)
    texts = _texts("a:b", 6)
    globs = _texts("ab:*?", 3)[1:]
    for _ in range(250):
        inside, outside = chance.sample(globs, chance.randint(1, 2)), chance.sample(globs, chance.randint(0, 2))
        tests = [[resource_test([((one, False),)]) for one in side] for side in (inside, outside)]
        found = any(all(t(x) for t in tests[0]) and not any(t(x) for t in tests[1]) for x in texts)
        sides = [frozenset(resource_pattern(parse_template(g, True), g) for g in side) for side in (inside, outside)]
        assert empty(*sides) is not found, (inside, outside)
        crossed = intersections(inside)
        both = [action_test([one]) for one in inside]
        if len(inside) == 2:
            test = action_test(crossed) if crossed else (lambda _: False)
            assert all(test(x) == all(t(x) for t in both) for x in texts), (inside, crossed)


def test_hostile_patterns_take_no_long_time() -> None:
    """Patterns made to explode are given up, and then count as different."""
    evil = [allow(f"s3:{'*a' * 20}{letter}*") for letter in "bcdefghij"]
    assert difference([doc(*evil[:8])], [doc(*evil)])
    assert empty(frozenset((action_pattern("s3:*a*a*a*a*a*a*b"),)), frozenset((action_pattern("s3:*b"),)))


def test_the_tables_of_random_policies_meet() -> None:
    """The random patterns of the laws are different ones, and often have texts in common."""
    patterns = {action_pattern(one) for one in ACTIONS}
    assert len(patterns) == len(ACTIONS) - 2  # `*:*` is `*`, and one action stands there in two cases
    assert len({resource_pattern(parse_template(one, True), one) for one in RESOURCES}) == len(RESOURCES)
