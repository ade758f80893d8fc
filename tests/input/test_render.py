"""Templates: filters for practices, what resources tell of themselves, and variables that are rendered once."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest

from iamfix.model import Account, InputError, Place, Protected
from iamfix.render import Renderer, Scope
from iamfix.sandbox import building
from iamfix.world import World
from tests.direct import ACCOUNT, Direct

HERE = Place("playbook.yml", 1)


def _scope(world: World | None = None, account: Account = ACCOUNT, **variables: Any) -> Scope:
    return Renderer([]).scope(account, {}, world).child(variables)


def _world(aws: Direct, account: Account = ACCOUNT) -> World:
    return World(account, aws.world().kinds, aws.world()._observe)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[{'n': 1, 'm': ['a', 'b']}, {'n': 2, 'm': []}] | subelements('m') | map('last') | list", ["a", "b"]),
        ("[{'m': {'k': 1}}] | subelements('m') | map('last') | list", [{"key": "k", "value": 1}]),
        ("['a', 'b'] | zip([1, 2]) | list", [["a", 1], ["b", 2]]),
        ("dict(['a'] | zip([1]))", {"a": 1}),
        ("['b', 'a'] | map('extract', {'a': 1, 'b': 2}) | list", [2, 1]),
    ],
)
def test_filters_that_put_lists_together(expression: str, value: Any) -> None:
    """They do what Ansible's of the same name do; a mapping's members are {key, value}."""
    assert _scope().expression(expression, HERE) == value


def test_digest_is_the_same_for_documents_that_mean_the_same() -> None:
    """Order and spelling do not count, content does; it is a fixed value, not one of the process."""
    one = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["a:b", "c:d"], "Resource": "*"}}
    same = {"Statement": [{"Resource": ["*"], "Action": ["c:d", "a:b"], "Effect": "Allow"}], "Version": "2012-10-17"}
    other = {**one, "Version": "2008-10-17"}
    scope = _scope(one=one, same=same, other=other)
    assert scope.expression("one | digest == same | digest", HERE)
    assert scope.expression("one | digest != other | digest", HERE)
    assert scope.expression("(one | digest)[:12]", HERE) == "c74dee4501c3"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("namespace", "AWS/EC2"),
        ("namespace(x=1).x ~ namespace", "1AWS/EC2"),
        ("one.namespace('x')", "called"),
        ("range(namespace | length) | list | length", 7),
        ("told", "2 AWS/EC2"),
    ],
)
def test_what_is_called_is_the_function_whatever_fields_are_called(expression: str, value: Any) -> None:
    """An alarm has a namespace, and Jinja a function of that name: one is looked at, the other one is called."""
    told = "{% set all = namespace(n=1) %}{% set all.n = all.n + 1 %}{{ all.n }} {{ namespace }}"
    scope = _scope(told=told).child({}, {"namespace": "AWS/EC2", "one": _One()})
    assert scope.expression(expression, HERE) == value


class _One:
    def namespace(self, _: str) -> str:
        return "called"


@pytest.mark.parametrize("expression", ["3 | digest", "nothing | digest", "'{' | digest", "'x' | extract({})"])
def test_filters_say_what_they_cannot_take(expression: str) -> None:
    """A mistake is the playbook's, with its place."""
    with pytest.raises(InputError, match=r"playbook\.yml:1"):
        _scope().expression(expression, HERE)


def test_a_resource_tells_its_arn_its_owner_and_whether_it_is_protected() -> None:
    """What needs no request is there for every kind."""
    aws = Direct()
    for name, path in (("ann", "/"), ("bob", "/app/")):
        aws.get("iam", "create_user", UserName=name, Path=path)
    trust = building.trust({"Service": "ec2.amazonaws.com"})
    for name in ("AWSControlTowerExecution", "iamfix", "plain"):
        aws.get("iam", "create_role", RoleName=name, AssumeRolePolicyDocument=trust)
    account = Account(
        id="111111111111", name="lab", role_arn="arn:aws:iam::111111111111:role/iamfix",
        protected=(Protected("arn:aws:iam::*:user/app/bob"), Protected("ann")),
    )  # fmt: skip
    scope = _scope(_world(aws, account), account)
    assert scope.expression("resources('iam_user') | map(attribute='arn') | list", HERE) == [
        "arn:aws:iam::111111111111:user/ann", "arn:aws:iam::111111111111:user/app/bob",
    ]  # fmt: skip
    assert scope.expression("resources('iam_user') | map(attribute='protected') | list", HERE) == [True, True]
    roles = {
        role.name: (role["owned_by"], role["protected"]) for role in scope.expression("resources('iam_role')", HERE)
    }
    assert roles["AWSControlTowerExecution"] == ("AWS Control Tower", False)
    assert roles["iamfix"] == (None, True)
    assert roles["plain"] == (None, False)


@pytest.mark.parametrize(
    ("principal", "protected"),
    [
        ("arn:aws:iam::111111111111:user/app/bob", {"bob"}),
        ("arn:aws:iam::111111111111:role/x/deployer", {"deployer"}),
        ("arn:aws:sts::111111111111:assumed-role/deployer/session", {"deployer"}),
        ("arn:aws:sts::111111111111:assumed-role/bob/session", set()),
        (None, set()),
    ],
)
def test_who_iamfix_runs_as_is_protected(principal: str | None, protected: set[str]) -> None:
    """A user, a role, or the role behind a session, whatever its path."""
    aws = Direct()
    aws.get("iam", "create_user", UserName="bob", Path="/app/")
    trust = building.trust({"Service": "ec2.amazonaws.com"})
    aws.get("iam", "create_role", RoleName="deployer", Path="/x/", AssumeRolePolicyDocument=trust)
    world = _world(aws)
    world.principal = principal
    scope = _scope(world)
    everybody = scope.expression("resources('iam_user') + resources('iam_role')", HERE)
    assert {one.name for one in everybody if one["protected"]} == protected


def test_days_are_counted_to_the_day_of_the_run() -> None:
    """From a date or a time, both of UTC; what is no date is a mistake."""
    scope = Renderer([]).scope(ACCOUNT, {}, None, datetime(2026, 3, 1, 0, 5, tzinfo=UTC))
    assert scope.expression("today", HERE) == "2026-03-01"
    assert scope.expression("'2026-02-28T23:59:59Z' | days_since", HERE) == 1
    assert scope.expression("'2025-03-01' | days_since", HERE) == 365
    assert scope.expression("['soon', '', '2026-02-30', '2026-02-28'] | map('days_since', -1) | list", HERE) == [
        -1, -1, -1, 1,
    ]  # fmt: skip
    with pytest.raises(InputError, match="days_since takes a date"):
        scope.expression("'soon' | days_since", HERE)


def test_what_is_no_number_is_not_silently_zero() -> None:
    """Unlike Jinja's own `int`: a mistyped number of days must not make everything old."""
    scope = Renderer([]).scope(ACCOUNT, {}, None, datetime(2026, 3, 1, tzinfo=UTC))
    assert scope.expression("['30', 30, ' 7 ', '-1'] | map('int') | list", HERE) == [30, 30, 7, -1]
    assert scope.expression("'soon' | int(5)", HERE) == 5
    for wrong in ("'soon'", "''", "none", "[]"):
        with pytest.raises(InputError, match="int takes a whole number"):
            scope.expression(f"{wrong} | int", HERE)


def test_resources_of_some_names_are_read_alone_and_reports_do_where_they_may() -> None:
    """Details cost requests: `names` keeps them to those few, `live=false` takes what a report tells of all."""
    aws = Direct()
    for number in range(6):
        aws.build.user(f"user{number}", console=number % 2 == 0)
    scope = _scope(aws.world(live=False))
    aws.sent.clear()
    asked = "resources('iam_user', live=false) | selectattr('console_access') | map(attribute='name') | list"
    assert scope.expression(asked, HERE) == ["user0", "user2", "user4"]
    assert "get_login_profile" not in aws.sent
    few = "resources('iam_user', names=['user2', 'user3', 'nobody']) | map(attribute='console_access') | list"
    assert scope.expression(few, HERE) == [True, False]
    assert aws.sent.count("get_login_profile") == 2


def test_a_variable_is_rendered_once_and_anew_when_the_world_has_changed() -> None:
    """A list of all users is not made anew for each resource; a user that a task makes is in it at once."""
    aws = Direct()
    aws.get("iam", "create_user", UserName="ann")
    world = _world(aws)
    play = _scope(world, users="{{ resources('iam_user') | map(attribute='name') | list }}")
    first = play.child({}, {"name": "x"}).expression("users", HERE)
    assert first == ["ann"]
    assert play.child({}, {"name": "y"}).expression("users", HERE) is first
    world.put("iam_user", "bob", None, world.get("iam_user", "ann"))
    assert play.child({}, {"name": "y"}).expression("users", HERE) == ["ann", "bob"]


@pytest.mark.parametrize(
    ("variables", "inner", "facts", "value"),
    [
        ({"a": "{{ item }}"}, {}, {"item": 2}, 2),
        ({"a": "{{ b }}", "b": 1}, {"b": 2}, {}, 2),
        ({"a": "{{ b }}", "b": "{{ c }}", "c": 1}, {"c": 2}, {}, 2),
        ({"a": "{{ b | default(1) }}"}, {"b": 2}, {}, 2),
        ({"a": "{{ b is defined }}"}, {"b": 2}, {}, True),
        ({"a": ["{{ name }}"]}, {}, {"name": "n"}, ["n"]),
    ],
)
def test_what_hangs_on_an_inner_name_is_rendered_there(
    variables: dict[str, Any], inner: dict[str, Any], facts: dict[str, Any], value: Any
) -> None:
    """Values kept from the outer scope never hide what the inner one sets, directly or through other variables."""
    outer = _scope(**variables)
    with contextlib.suppress(InputError):
        outer.expression("a", HERE)
    for _ in range(2):
        assert outer.child(inner, facts).expression("a", HERE) == value
        assert outer.child({}).child(inner, facts).expression("a", HERE) == value


def test_variables_in_a_circle_are_told() -> None:
    """At any depth of scopes."""
    with pytest.raises(InputError, match="a -> b -> a"):
        _scope(a="{{ b }}", b="{{ a }}").child({"c": 1}).expression("a", HERE)


def test_documents_of_resources_are_never_rendered() -> None:
    """A policy that holds template marks stays as it is."""
    aws = Direct()
    aws.get("iam", "create_user", UserName="ann")
    text = building.allow("s3:GetObject", resource="arn:aws:s3:::{{ 1 }}")
    aws.get("iam", "put_user_policy", UserName="ann", PolicyName="p", PolicyDocument=text)
    found = _scope(_world(aws), x="{{ (resources('iam_user') | first).inline_policies.p }}").expression("x", HERE)
    assert found["Statement"][0]["Resource"] == "arn:aws:s3:::{{ 1 }}"
