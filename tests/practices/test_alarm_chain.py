"""The chain check: each link of each alarm, broken by hand, is named; nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from iamfix.sandbox.services.sns.subscriptions import confirm
from tests.direct import ACCOUNT, Direct
from tests.practices.broken_links import (
    OWN,
    POLICY,
    SHARED,
    key_policy,
    own_key,
    put_alarm,
    put_filter,
    subscription_waits,
    topic_policy,
)  # fmt: skip
from tests.practices.chains import ALARMS, EMAIL, TOPIC, again, again_only, call, chains, made

NAMES = sorted(ALARMS)


@cache
def _whole() -> tuple[Direct, object]:
    aws = made()
    return aws, aws._cloud.save()


@pytest.fixture
def aws() -> Iterator[Direct]:
    """An account whose chains all hold; what a test breaks is whole again afterwards."""
    account, saved = _whole()
    yield account
    account._cloud.restore(saved)


def test_a_whole_chain_has_no_finding(aws: Direct) -> None:
    """Fifteen alarms that reach somebody: the check is silent, and the practices have nothing to change."""
    assert len(ALARMS) == 15
    assert chains(aws) == {}
    assert again(aws).changes == ()


@pytest.mark.parametrize("case", sorted(OWN))
def test_a_link_of_every_alarm_is_named(case: str, aws: Direct) -> None:
    """Broken in each of the 15 alarms, the link is named for each of the 15."""
    broken, told = OWN[case]
    for name in NAMES:
        aws.follow(list(broken(aws, name)))
    found = chains(aws)
    assert sorted(found) == NAMES
    assert all(found[name].startswith(told.format(name, name)) for name in NAMES)


@pytest.mark.parametrize("case", sorted(OWN))
def test_a_link_of_one_alarm_is_named_for_it_alone(case: str, aws: Direct) -> None:
    """Broken in one alarm, the link is named for that alarm, and the other 14 are left in peace."""
    broken, told = OWN[case]
    name = NAMES[sorted(OWN).index(case) % len(NAMES)]
    aws.follow(list(broken(aws, name)))
    found = chains(aws)
    assert list(found) == [name]
    assert found[name].startswith(told.format(name, name))


@pytest.mark.parametrize("case", sorted(SHARED))
def test_a_shared_link_is_named_for_everyput_alarm(case: str, aws: Direct) -> None:
    """What all alarms share is named for each of them."""
    broken, told = SHARED[case]
    aws.follow(list(broken(aws, "")))
    found = chains(aws)
    assert sorted(found) == NAMES
    assert all(found[name].startswith(told) for name in NAMES)


def test_the_first_broken_link_is_named(aws: Direct) -> None:
    """Of several broken links the one nearest to the API call is named, until it is mended."""
    steps = (
        (SHARED["subscription gone"], None), (SHARED["topic that denies"], None), (OWN["no action"], "RootUse"),
        (OWN["filter gone"], "RootUse"), (SHARED["trail without a log group"], None), (SHARED["trail gone"], None),
    )  # fmt: skip
    for (broken, told), name in steps:
        aws.follow(list(broken(aws, name or "")))
        assert chains(aws)["RootUse"].startswith(told.format("RootUse", "RootUse"))


def test_a_topic_with_awss_own_policy_lets_alarms_in(aws: Direct) -> None:
    """AWS's default policy lets whoever acts for the account publish: CloudWatch's alarms do."""
    default = {"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"AWS:SourceOwner": "111111111111"}}}
    aws.follow([call("sns", "set_topic_attributes", TopicArn=TOPIC, **POLICY, AttributeValue=topic_policy(**default))])
    assert chains(aws) == {}


def test_a_topic_with_a_key_that_lets_cloudwatch_in_is_whole(aws: Direct) -> None:
    """A key of one's own is fine where its policy lets CloudWatch use it."""
    aws.follow(list(own_key(policy=key_policy("cloudwatch.amazonaws.com"))(aws, "")))
    assert chains(aws) == {}


def test_a_topic_of_another_account_is_not_called_heard(aws: Direct) -> None:
    """What its policy says and who is subscribed is not seen: each alarm says so, mildly, unless it tells another."""
    far = TOPIC.replace(ACCOUNT.id, "222222222222")
    for name in NAMES:
        aws.follow([put_alarm(aws, name, AlarmActions=[far])])
    found = again_only(aws).findings
    assert sorted(one.address.rpartition("/")[2] for one in found) == NAMES
    assert {one.severity for one in found} == {"info"}
    told = f"may not reach anybody. topic: {far} is not seen from account {ACCOUNT.id}: its policy must let CloudWatch "
    told += "publish for the alarms of this account, and somebody must be subscribed"
    assert {one.message.partition(" ")[2] for one in found} == {told}
    aws.follow([put_alarm(aws, "RootUse", AlarmActions=[far, TOPIC])])
    assert "RootUse" not in {one.address.rpartition("/")[2] for one in again_only(aws).findings}


def test_an_alarm_of_the_unit_of_its_metric_is_whole(aws: Direct) -> None:
    """A unit that the filter gives its metric is no break."""
    metric = {"metricName": "RootUse", "metricNamespace": "LogMetrics", "metricValue": "1", "unit": "Count"}
    aws.follow([put_filter(aws, "RootUse", metricTransformations=[metric]), put_alarm(aws, "RootUse", Unit="Count")])
    assert chains(aws) == {}


def test_a_person_who_follows_the_link_mends_the_chain(aws: Direct) -> None:
    """What only a person can do is a finding until it is done."""
    aws.follow(list(subscription_waits(aws, "")))
    assert len(chains(aws)) == 15
    confirm(aws._cloud, TOPIC, EMAIL)
    assert chains(aws) == {}
