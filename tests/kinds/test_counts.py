"""How many users, groups, roles, policies and instance profiles an account may have: told when planned."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iamfix.sandbox.building import allow, trust
from tests.direct import Direct

_EC2 = trust({"Service": "ec2.amazonaws.com"})
_GROUPS = [{"iam_group": {"name": f"new{number}"}} for number in range(3)]


def _groups(aws: Direct, count: int) -> None:
    for number in range(count):
        aws.build.group(f"g{number:03}")


def test_the_first_group_too_many_is_refused() -> None:
    """Of three new groups beside 298 two find room; AWS refuses the third, and so does the plan."""
    aws = Direct()
    _groups(aws, 298)
    made = aws.plan(*_GROUPS)
    assert [(problem.where, problem.rule) for problem in made.problems] == [("lab/iam_group/new2", "quota")]
    assert made.problems[0].summary == "there are 300 groups then already, and AWS takes no more in this account"
    with pytest.raises(Exception, match="LimitExceeded"):
        aws.follow(call for change in made.changes for call in change.calls)


def test_what_goes_in_an_earlier_task_makes_room() -> None:
    """The account is counted as the tasks before have left it; what is there is changed as before."""
    aws = Direct()
    _groups(aws, 300)
    assert aws.plan({"iam_group": {"name": "g001", "path": "/a/"}}).problems == ()
    made = aws.plan({"iam_group": {"name": "g000", "state": "absent"}}, *_GROUPS)
    assert [problem.where for problem in made.problems] == ["lab/iam_group/new1", "lab/iam_group/new2"]


def test_the_account_is_asked_for_its_quota_only_near_the_least() -> None:
    """Below AWS's ordinary numbers no request is sent for it."""
    for count, asked in ((290, 0), (298, 1)):
        aws = Direct()
        _groups(aws, count)
        aws.plan(*_GROUPS)
        assert aws.sent.count("get_account_summary") == asked


_MANY: dict[str, tuple[int, Callable[[Direct, str], object], dict[str, object]]] = {
    "iam_role": (1000, lambda aws, name: aws.build.role(name, _EC2), {"assume_role_policy_document": _EC2}),
    "iam_managed_policy": (1500, lambda aws, name: aws.build.policy(name, allow("s3:Get*")), {"policy": allow("s3:*")}),
}


@pytest.mark.parametrize("kind", _MANY)
def test_other_kinds_are_counted_too(kind: str) -> None:
    """Roles and policies; roles of AWS services do not count."""
    most, make, fields = _MANY[kind]
    aws = Direct()
    for number in range(most - len(aws.world().all(kind))):
        make(aws, f"x{number:04}")
    aws.build.service_linked_role("config", "Config")
    (problem,) = aws.plan({kind: {"name": "more", **fields}}).problems
    assert problem.rule == "quota"
