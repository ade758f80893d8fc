"""Users' credentials: told by the credential report where that does no harm, looked at before anything changes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from iamfix.model import AccountPlan, Call
from iamfix.world import Spot
from tests.direct import Direct
from tests.public_keys import certificate, ssh_key

CHECK = {"message": "{{ name }}", "severity": "low"}


def check(kind: str, select: str, **more: Any) -> dict[str, Any]:
    return {"check": {"kind": kind, "select": select, **CHECK, **more}}


def found(plan: AccountPlan) -> list[str]:
    assert [problem for problem in plan.problems if problem.severity != "info"] == []
    return [finding.message for finding in plan.findings]


@pytest.fixture
def aws() -> Direct:
    """200 users: every tenth has a password, every twentieth a key, all passwords but ten's have MFA."""
    aws = Direct()
    for number in range(200):
        console = number % 10 == 0
        aws.build.user(
            f"u{number:03}", console=console, console_used=3 if console else None, mfa=console and number % 20 == 0,
            keys=[(400, 100, True)] if number % 20 == 5 else (),
        )  # fmt: skip
    return aws


TOLD: dict[str, tuple[dict[str, Any], int, int]] = {
    "nobody matches": (check("iam_user", "console_access and not mfa_active and path != '/'"), 0, 0),
    "console without MFA, looked at again": (check("iam_user", "console_access and not mfa_active"), 10, 20),
    "keys not used": (check("iam_user", "access_keys | selectattr('unused_days', 'gt', 45) | list"), 10, 20),
    "old keys": (check("iam_access_key", "status == 'Active' and unused_days > 45"), 10, 20),
    "no old keys": (check("iam_access_key", "unused_days > 145"), 0, 10),
    "no old passwords": (check("iam_login_profile", "unused_days > 45"), 0, 0),
    "passwords": (check("iam_login_profile", "unused_days > 2"), 20, 20),
    "devices of nobody": (check("iam_mfa_device", "kind == 'virtual' and not user"), 0, 0),
}


@pytest.mark.parametrize("case", TOLD)
def test_the_report_saves_the_requests_for_each_user(aws: Direct, case: str) -> None:
    """Only what the report makes interesting is looked at; 200 users never cost 200 requests; nothing is read twice."""
    task, findings, requests = TOLD[case]
    aws.sent.clear()
    assert len(found(aws.plan(task))) == findings
    bulk = ("generate_credential_report", "get_credential_report", "get_account_authorization_details",
            "list_virtual_mfa_devices", "list_users")  # fmt: skip
    sent = Counter(aws.sent)
    assert all(sent[one] <= 1 for one in bulk)
    assert sum(count for one, count in sent.items() if one not in bulk) == requests


def test_all_practices_together_read_nothing_twice(aws: Direct) -> None:
    """Tasks of several kinds share their reads: no request is sent a second time."""
    aws.sent.clear()
    asked: list[tuple[Any, ...]] = []
    get = aws.get

    def noted(service: str, operation: str, **params: Any) -> Any:
        asked.append((service, operation, repr(sorted(params.items()))))
        return get(service, operation, **params)

    aws.get = noted  # type: ignore[method-assign]
    aws.plan(*(task for task, _, _ in TOLD.values()))
    assert [one for one, count in Counter(asked).items() if count > 1] == []


def test_the_age_of_the_report_is_said(aws: Direct) -> None:
    """The plan tells when AWS wrote the report that it leaned on; without a report it says nothing."""
    aws.plan(check("iam_user", "console_access"))
    aws.clock.turn(3 * 3600)
    plan = aws.plan(check("iam_user", "console_access"))
    told = [problem.summary for problem in plan.problems if problem.rule == "report"]
    assert told == ["IAM's credential report of 2026-09-21T00:00:00Z told what needs no closer look"]
    assert aws.plan(check("iam_user", "path != '/'")).problems == ()


def test_what_changed_since_the_report_is_not_changed_again(aws: Direct) -> None:
    """A password that was removed, a key that was used since the report was written: no change and no finding."""
    aws.plan(check("iam_user", "console_access"))  # AWS writes the report
    tasks = (
        {"iam_login_profile": {"select": "name == 'u010' and unused_days > 2", "state": "absent"}},
        {"iam_access_key": {"select": "user == 'u005' and unused_days > 45", "status": "Inactive"}},
        {"iam_user": {"select": "name == 'u010' and console_access", "console_access": False}},
    )
    assert [change.address for change in aws.plan(*tasks).changes] == [
        "lab/iam_login_profile/u010", f"lab/iam_access_key/{_key(aws, 'u005')}",
    ]  # fmt: skip
    aws.follow([Call("iam", "delete_login_profile", {"UserName": "u010"})])
    aws.build.use_key(_key(aws, "u005").partition("/")[2])
    plan = aws.plan(*tasks, check("iam_login_profile", "password_last_used_days > 2 and name == 'u010'"))
    assert (plan.changes, plan.findings) == ((), ())


def _key(aws: Direct, user: str) -> str:
    keys = aws.get("iam", "list_access_keys", UserName=user)["AccessKeyMetadata"]
    return f"{user}/{keys[0]['AccessKeyId']}"


def test_what_is_younger_than_the_report_is_found_by_its_name(aws: Direct) -> None:
    """A task that names a key, password or device that the report does not know sees how it is now."""
    aws.plan(check("iam_user", "console_access"))
    aws.follow(
        [
            Call("iam", "create_access_key", {"UserName": "u001"}),
            Call("iam", "create_login_profile", {"UserName": "u001", "Password": "Correct-Horse-7"}),
        ]
    )
    aws.build.hardware_device(aws.build.state.users.latest("u001"), "GAHT12345678")  # type: ignore[arg-type]
    plan = aws.plan(
        check("iam_access_key", "false"), check("iam_login_profile", "false"), check("iam_mfa_device", "false"),
        {"iam_access_key": {"name": _key(aws, "u001"), "status": "Inactive"}},
        {"iam_login_profile": {"name": "u001", "state": "absent"}},
        {"iam_mfa_device": {"name": "GAHT12345678", "state": "absent"}},
        {"iam_user": {"name": "u001", "console_access": False}},
    )  # fmt: skip
    assert [problem.severity for problem in plan.problems] == ["info"]
    assert [(change.kind, change.action) for change in plan.changes] == [
        ("iam_access_key", "update"), ("iam_login_profile", "delete"), ("iam_mfa_device", "delete"),
    ]  # fmt: skip


def test_later_tasks_see_what_earlier_ones_do_to_credentials(aws: Direct) -> None:
    """A password, key or device that a task takes away is away for the tasks after it, of whatever kind."""
    plan = aws.plan(
        {"iam_login_profile": {"select": "unused_days > 2", "state": "absent"}},
        {"iam_access_key": {"select": "true", "status": "Inactive"}},
        check("iam_user", "console_access"),
        check("iam_user", "access_keys | selectattr('status', 'equalto', 'Active') | list"),
        {"iam_user": {"name": "u000", "state": "absent"}},
        check("iam_mfa_device", "user == 'u000'"),
    )
    assert len(plan.changes) == 20 + 10 + 1
    assert plan.findings == ()


def test_without_leave_to_read_the_report_everybody_is_looked_at(aws: Direct) -> None:
    """The report saves requests, and is not needed: the same is found without it."""
    tasks = [task for task, _, _ in TOLD.values()]
    with_report = found(aws.plan(*tasks))
    aws.refuse("generate_credential_report", "AccessDenied")
    plan = aws.plan(*tasks)
    assert found(plan) == with_report
    assert [problem for problem in plan.problems if problem.rule == "report"] == []


def test_hardware_devices_and_security_keys_are_seen() -> None:
    """Each device is of its kind; the root user's is `<root_account>`'s; nobody's devices have no user."""
    aws = Direct()
    aws.build.root(mfa="virtual")
    aws.build.user("ann", mfa=True)
    aws.build.hardware_device(aws.build.user("bob"), "GAHT12345678")
    key = "arn:aws:iam::111111111111:u2f/user/cyd/blue-ABCDEF"
    aws.build.hardware_device(aws.build.user("cyd"), key)
    orphan = aws.build.virtual_device("old")
    wanted = {
        "arn:aws:iam::111111111111:mfa/root-account-mfa-device": ("<root_account>", "virtual"),
        "arn:aws:iam::111111111111:mfa/ann": ("ann", "virtual"),
        "GAHT12345678": ("bob", "hardware"),
        key: ("cyd", "fido"),
        orphan: (None, "virtual"),
    }
    for live in (False, True):
        devices = aws.world(live=live).all("iam_mfa_device")
        assert {name: (state.user, state.kind) for name, state in devices.items()} == wanted
        named = aws.world(live=live)
        for name, state in devices.items():
            assert named.get("iam_mfa_device", name) == state
    root = aws.plan({"iam_mfa_device": {"name": next(iter(wanted)), "state": "absent"}})
    assert "only the root user can remove it" in root.problems[0].summary


ROOTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "hardware device": ({"used": 3.2}, {"root_mfa": True, "root_mfa_hardware": True, "root_last_used_days": 3}),
    "virtual device": ({"mfa": "virtual"}, {"root_mfa": True, "root_mfa_hardware": False, "root_last_used": None}),
    "no device": ({"mfa": None}, {"root_mfa": False, "root_mfa_hardware": False, "has_root_credentials": True}),
    "keys, used": (
        {"keys": 1, "used": 90, "key_used": 2}, {"root_access_keys": True, "root_last_used_days": 2},
    ),
    "certificates": ({"certificates": 1}, {"root_signing_certificates": True}),
    "credentials removed centrally": (
        {"mfa": None, "password": False},
        {"has_root_credentials": False, "root_mfa": None, "root_mfa_hardware": None, "root_password": False},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ROOTS)
def test_the_root_user_is_seen(case: str) -> None:
    """`iam_account` tells what the root user has and when it was last used, and the report's age."""
    root, wanted = ROOTS[case]
    aws = Direct()
    aws.build.root(**root)
    aws.follow([Call("iam", "generate_credential_report", {})])
    aws.clock.turn(5400)
    details = frozenset(("root_mfa_hardware", "root_last_used", "root_last_used_days", "report_age_hours"))
    state = aws.world().get("iam_account", "account", None, details)
    assert state is not None
    assert {field: getattr(state, field) for field in wanted} == wanted
    assert state.report_age_hours == 1.5
    assert state.quotas["Users"] == 5000
    assert state.used["Users"] == 0


def _whole_user(aws: Direct) -> None:
    """A user with everything that a user can have."""
    group = aws.build.group("team")
    user = aws.build.user(
        "max", groups=[group], attached=["arn:aws:iam::aws:policy/ReadOnlyAccess"], console=True, mfa=True,
        inline={"own": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'},
        boundary="arn:aws:iam::aws:policy/PowerUserAccess", tags={"Owner": "a"},
        keys=[(400, 1, True), (900, None, False)],
    )  # fmt: skip
    aws.build.hardware_device(user, "GAHT12345678")
    who = {"UserName": "max"}
    calls = [Call("iam", "upload_signing_certificate", {**who, "CertificateBody": certificate(n)}) for n in (1, 2)]
    calls += [Call("iam", "upload_ssh_public_key", {**who, "SSHPublicKeyBody": ssh_key(n)}) for n in range(5)]
    calls += [
        Call("iam", "create_service_specific_credential", {**who, "ServiceName": f"{service}.amazonaws.com"})
        for service in ("codecommit", "cassandra")
    ]
    aws.follow(calls)


def test_a_user_who_has_everything_is_deleted_and_no_call_can_be_left_out() -> None:
    """One change deletes such a user, credentials first; without any one of its calls AWS refuses to."""
    aws = Direct()
    _whole_user(aws)
    (change,) = aws.plan({"iam_user": {"name": "max", "state": "absent"}}).changes
    operations = [call.operation for call in change.calls]
    assert operations[:3] == ["delete_access_key", "delete_access_key", "delete_login_profile"]
    assert operations[-1] == "delete_user"
    assert Counter(operations) == {
        "delete_access_key": 2, "delete_login_profile": 1, "delete_signing_certificate": 2, "delete_ssh_public_key": 5,
        "delete_service_specific_credential": 2, "deactivate_mfa_device": 2, "delete_virtual_mfa_device": 1,
        "delete_user_policy": 1, "detach_user_policy": 1, "remove_user_from_group": 1, "delete_user": 1,
    }  # fmt: skip
    assert len(change.loses) == 14
    for left_out in range(len(change.calls) - 1):
        aws = Direct()
        _whole_user(aws)
        (change,) = aws.plan({"iam_user": {"name": "max", "state": "absent"}}).changes
        kept = [call for number, call in enumerate(change.calls) if number != left_out]
        if change.calls[left_out].operation == "delete_virtual_mfa_device":
            aws.follow(kept)
            assert aws.world().all("iam_mfa_device"), "it stays behind"
            continue
        with pytest.raises(Exception, match="DeleteConflict"):
            aws.follow(kept)
    assert Spot(aws.world(), None).get("iam_user", "max") is not None
