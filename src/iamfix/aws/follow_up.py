"""Calls whose work goes on after AWS has answered: what to ask until it is done, and what the answer then is.

Sources: Organizations API Reference: CreateAccount, DescribeCreateAccountStatus, CreateOrganization, EnablePolicyType,
DisablePolicyType (all say that they work in the background, and where to look).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from iamfix.model import Call

Answer = Mapping[str, Any]
EVERY = 5.0
"""Seconds between two questions."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What is asked after a call. Its answer is added to the call's own, so that later calls can refer to it."""

    operation: str
    done: Callable[[Call, Answer], bool]
    """(the call, the follow-up's answer) -> whether AWS is done"""
    params: Callable[[Answer], Mapping[str, Any]] | None = None
    """(the call's answer) -> what to ask with"""
    failed: Callable[[Answer], str] | None = None
    """Why AWS gave up, in its own word; empty while it has not."""
    seconds: float = 900.0
    why: Mapping[str, str] = field(default_factory=dict)
    """What AWS's word for why it gave up means."""


def _request(answer: Answer) -> Mapping[str, Any]:
    return {"CreateAccountRequestId": answer["CreateAccountStatus"]["Id"]}


def _account_made(_: Call, answer: Answer) -> bool:
    return bool(answer["CreateAccountStatus"]["State"] == "SUCCEEDED")


def _account_failed(answer: Answer) -> str:
    status = answer["CreateAccountStatus"]
    return str(status.get("FailureReason", "FAILED")) if status["State"] == "FAILED" else ""


def _root_made(_: Call, answer: Answer) -> bool:
    return bool(answer["Roots"])


def _statuses(call: Call, answer: Answer) -> list[str]:
    """Return how the root has the call's policy type."""
    wanted = call.params["PolicyType"]
    return [one["Status"] for root in answer["Roots"] for one in root["PolicyTypes"] if one["Type"] == wanted]


def _type_enabled(call: Call, answer: Answer) -> bool:
    return _statuses(call, answer) == ["ENABLED"]


def _type_disabled(call: Call, answer: Answer) -> bool:
    return not _statuses(call, answer)


_TABLE: Mapping[tuple[str, str], FollowUp] = {
    ("organizations", "create_account"): FollowUp(
        "describe_create_account_status",
        _account_made,
        _request,
        _account_failed,
        why={
            "EMAIL_ALREADY_EXISTS": "the e-mail address is taken by an account, of this organization or outside of it",
            "ACCOUNT_LIMIT_EXCEEDED": "the organization has as many accounts as it may: ask AWS for more",
            "INVALID_EMAIL": "AWS does not take this e-mail address",
        },
    ),
    ("organizations", "create_organization"): FollowUp("list_roots", _root_made),
    ("organizations", "enable_policy_type"): FollowUp("list_roots", _type_enabled),
    ("organizations", "disable_policy_type"): FollowUp("list_roots", _type_disabled),
}


def follow_up_of(call: Call) -> FollowUp | None:
    """Return what is asked after a call; None where its answer says all."""
    return _TABLE.get((call.service, call.operation))
