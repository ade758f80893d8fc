"""The trail and its alarms in one account, in-process: made by the practices, broken by hand."""

from __future__ import annotations

from typing import Any

import yaml

from iamfix.model import AccountPlan, Call, Finding
from iamfix.sandbox.services.sns.subscriptions import confirm
from tests.direct import ACCOUNT, Direct
from tests.practices.planning import PLAYBOOKS, apply, plan

REGION = ACCOUNT.home_region
EMAIL = "security@example.com"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT.id}:iamfix-alarms"
GROUP, TRAIL = "iamfix-trail", "iamfix"
ALARMS: dict[str, Any] = yaml.safe_load((PLAYBOOKS / "vars" / "alarms.yml").read_text(encoding="utf-8"))["alarms"]
PRACTICES = ("cloudtrail", "alarms")


def call(service: str, operation: str, **params: Any) -> Call:
    return Call(service, operation, params, REGION)


def made(aws: Direct | None = None, **variables: Any) -> Direct:
    """An account in which the practices have been applied once, with somebody who listens."""
    aws = aws or Direct()
    apply(aws, plan(aws, *PRACTICES, alarm_email=EMAIL, **variables))
    confirm(aws._cloud, TOPIC, EMAIL)
    return aws


def again(aws: Direct, **variables: Any) -> AccountPlan:
    return plan(aws, *PRACTICES, alarm_email=EMAIL, **variables)


def chains(aws: Direct, **variables: Any) -> dict[str, str]:
    """What the chain check says today: the broken link of each alarm, by name."""
    return {one.address.rpartition("/")[2]: _told(one) for one in again_only(aws, **variables).findings}


def again_only(aws: Direct, **variables: Any) -> AccountPlan:
    """The chain check alone, as with --tags alarm-chain."""
    return plan(aws, "alarms", alarm_email=EMAIL, tags=("alarm-chain",), **variables)


def _told(finding: Finding) -> str:
    name = finding.address.rpartition("/")[2]
    head = f"{name} does not reach anybody. "
    assert finding.message.startswith(head)
    return finding.message.removeprefix(head)


def trails(aws: Direct) -> list[str]:
    return [one["Name"] for one in aws.get("cloudtrail", "describe_trails")["trailList"]]
