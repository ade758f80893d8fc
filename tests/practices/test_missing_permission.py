"""A read that AWS refuses: what can be told without it is told, and what cannot is named and never called fine."""

from __future__ import annotations

import pytest
import yaml

from iamfix.model import AccountPlan
from tests.direct import Direct
from tests.practices.planning import PLAYBOOKS, plan

PRACTICES = (
    "password-policy", "root", "credentials", "least-privilege", "managed-policies", "groups", "boundaries", "mfa",
)  # fmt: skip
READS = (
    "get_account_password_policy", "get_account_summary", "list_virtual_mfa_devices", "list_mfa_devices",
    "get_login_profile", "list_access_keys", "get_access_key_last_used", "list_users", "list_roles",
    "get_account_authorization_details",
)  # fmt: skip
_PRACTICE_OF = {
    task["name"]: file
    for file in PRACTICES
    for play in yaml.safe_load((PLAYBOOKS / "practices" / f"{file}.yml").read_text())
    for task in play["tasks"]
}
REPORT = ("generate_credential_report", "get_credential_report")


def _account() -> Direct:
    """Root in use, people with and without devices, old and new keys, direct and inline policies, a role for all."""
    aws = Direct()
    aws.build.root(used=3, mfa="virtual")
    star = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    aws.build.user("ann", console=True, console_used=2, mfa=True, attached=["arn:aws:iam::aws:policy/SecurityAudit"])
    aws.build.user("bob", console=True, console_used=100, keys=[(300, 1, True), (20, None, True)], inline={"all": star})
    aws.build.role(
        "open", '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}'
    )
    aws.get("iam", "create_virtual_mfa_device", VirtualMFADeviceName="lost")
    aws.clock.turn(20 * 86400)
    return aws


def _told(made: AccountPlan) -> set[tuple[str, str, str]]:
    """(task, resource, message) of all findings and changes."""
    found = {(one.origin.task, one.address, one.message) for one in made.findings}
    return found | {(one.origin.task, one.address, str(one.after)) for one in made.changes}


@pytest.mark.parametrize("operation", READS)
def test_without_a_read_the_rest_is_planned_and_the_gap_is_told(operation: str) -> None:
    """Where a practice has less to say, a warning names its task and the operation."""
    whole = _told(plan(_account(), *PRACTICES))
    aws = _account()
    aws.refuse(operation, "AccessDenied")
    made = plan(aws, *PRACTICES)
    warnings = [one.summary for one in made.problems if one.rule == "unreadable"]
    assert made.incomplete
    assert warnings
    assert all(f"iam:{operation}: AccessDenied" in one for one in warnings)
    silent = {_PRACTICE_OF[task.split(": not planned")[0]] for task in warnings}
    missing = {_PRACTICE_OF[task] for task, _, _ in whole - _told(made)}
    assert missing, "the account shows nothing that hangs on it"
    assert missing - silent == set()


@pytest.mark.parametrize("operation", REPORT)
@pytest.mark.parametrize("code", ["AccessDenied", "ReportInProgress"])
def test_without_the_credential_report_only_the_root_users_last_use_is_unknown(operation: str, code: str) -> None:
    """All else is read live, with the same result; of the root user nothing else tells when it was used."""
    whole = _told(plan(_account(), *PRACTICES))
    aws = _account()
    aws.refuse(operation, code)
    made = plan(aws, *PRACTICES)
    assert {task for task, _, _ in whole ^ _told(made)} == {"The root user is not used"}
    (warning,) = (one for one in made.problems if one.rule == "unreadable")
    assert (
        warning.summary
        == f"The root user is not used: not planned, because AWS refused a read: iam:{operation}: {code}"
    )
    assert made.incomplete
