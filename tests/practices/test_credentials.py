"""Credential hygiene: by last use and key id, step by step, and deleted only a time after it was deactivated."""

from __future__ import annotations

from dataclasses import replace

import pytest

from iamfix.fields import to_plain
from iamfix.model import AccountPlan, Protected
from tests.direct import ACCOUNT, Direct
from tests.practices.planning import apply, folded, plan
from tests.public_keys import certificate

DAY = 86_400.0


def _keys(aws: Direct) -> dict[str, list[str]]:
    """Return the status of each user's keys, the older key first."""
    found: dict[str, list[tuple[int, str]]] = {}
    for key in aws.world().all("iam_access_key").values():
        found.setdefault(key.user, []).append((-key.age_days, key.status))
    return {user: [status for _, status in sorted(mine)] for user, mine in found.items()}


def _told(made: AccountPlan) -> dict[tuple[str, str | None], str]:
    """Return the findings: (user, word that enforces it) and what it says."""
    return {(one.address.split("/")[2], one.staged): one.message for one in made.findings}


def _account() -> Direct:
    aws = Direct()
    aws.build.user("fresh", keys=[(20, 1, True)])
    aws.build.user("idle", keys=[(300, 60, True)])
    aws.build.user("never", keys=[(50, None, True)])
    aws.build.user("new", keys=[(10, None, True)])
    aws.build.user("daily", keys=[(400, 0.1, True)])
    aws.build.user("two", keys=[(80, 30, True), (60, 2, True)])
    aws.build.user("rotating", keys=[(80, 1, True), (3, None, True)])
    aws.build.user("reader", console=True, console_used=3)
    aws.build.user("gone", console=True, console_used=100)
    return aws


def test_each_credential_is_judged_by_its_own_use() -> None:
    """Nothing changes unasked; each finding names the step that would, and the dates."""
    made = plan(_account(), "credentials")
    assert made.changes == ()
    told = _told(made)
    assert set(told) == {
        ("idle", "unused-keys"), ("never", "unused-keys"), ("daily", "old-keys"), ("two", "second-keys"),
        ("gone", "unused-passwords"),
    }  # fmt: skip
    assert told["idle", "unused-keys"].startswith("unused for 60 days (last used 2026-07-23); it would be deactivated")
    assert told["never", "unused-keys"].startswith("unused for 50 days (never used, made 2026-08-02)")
    assert "400 days old and in use (last used 2026-09-20)" in told["daily", "old-keys"]
    assert "two active keys, and this is the less used one (last used 2026-08-22)" in told["two", "second-keys"]
    assert told["gone", "unused-passwords"].startswith(
        "the console password is unused for 100 days (last used 2026-06-13)"
    )


@pytest.mark.parametrize(
    ("enforce", "off"),
    [
        ("unused-keys", {"idle", "never"}),
        ("old-keys", {"daily"}),
        ("second-keys", {"two"}),
        ("7", {"idle", "never", "daily", "two"}),
        ("all", {"idle", "never", "daily", "two"}),
    ],
)
def test_each_step_is_enforced_by_its_own_word(enforce: str, off: set[str]) -> None:
    """Only what is named is deactivated, of two keys the less used one; a second plan has nothing left to do."""
    aws = _account()
    apply(aws, plan(aws, "credentials", enforce=enforce))
    assert {user for user, statuses in _keys(aws).items() if "Inactive" in statuses} == off
    assert _keys(aws)["two"] == (["Inactive", "Active"] if "two" in off else ["Active", "Active"])
    again = plan(aws, "credentials", enforce=enforce)
    assert again.changes == ()
    assert not (enforce in ("7", "all") and again.findings)


def test_a_password_goes_where_it_is_enforced() -> None:
    """The one that nobody used for 45 days, and no other."""
    aws = _account()
    apply(aws, plan(aws, "credentials", enforce="unused-passwords"))
    assert set(aws.world().all("iam_login_profile")) == {"reader"}


def test_a_key_is_deleted_only_a_time_after_it_was_deactivated() -> None:
    """However long it was unused before: the day is written down at the user, and 90 days count from there."""
    aws = _account()
    apply(aws, plan(aws, "credentials", enforce="all"))
    idle = aws.world().get("iam_user", "idle")
    ((mark, value),) = idle.tags.items()
    key = next(name for name in aws.world().all("iam_access_key") if name.startswith("idle/"))
    assert (mark, value) == ("iamfix:inactive-keys", f"{key.split('/')[1]}=2026-09-21")
    for days in (30, 60):
        aws.clock.turn(days * DAY)
        made = plan(aws, "credentials", enforce="delete-keys")
        assert made.changes == ()
    aws.clock.turn(1 * DAY)
    made = plan(aws, "credentials")
    assert made.changes == ()
    assert _told(made)["idle", "delete-keys"].startswith("deactivated since 2026-09-21, and last used 2026-07-23")
    made = plan(aws, "credentials", enforce="delete-keys")
    assert {loss for change in made.changes for loss in change.loses if "idle" in loss} == {
        f"access key {key.split('/')[1]} of idle (Inactive)"
    }
    apply(aws, made)
    assert set(_keys(aws)) == {"fresh", "new", "two", "rotating"}
    assert [to_plain(user)["tags"] for user in aws.world().all("iam_user").values()] == [{}] * 9
    assert plan(aws, "credentials", enforce="delete-keys").changes == ()


def test_keys_that_others_deactivated_are_written_down_from_the_first_run_on() -> None:
    """Their time counts from then; and the tag goes when the key is used again."""
    aws = Direct()
    aws.build.user("ann", keys=[(700, 650, False), (600, 500, False)])
    made = plan(aws, "credentials")
    assert [call.operation for change in made.changes for call in change.calls] == ["tag_user"]
    apply(aws, made)
    (value,) = aws.world().get("iam_user", "ann").tags.values()
    first, second = sorted(name.split("/")[1] for name in aws.world().all("iam_access_key"))
    assert sorted(value.split()) == [f"{first}=2026-09-21", f"{second}=2026-09-21"]
    aws.clock.turn(30 * DAY)
    assert plan(aws, "credentials").changes == ()
    aws.get("iam", "update_access_key", UserName="ann", AccessKeyId=first, Status="Active")
    apply(aws, plan(aws, "credentials"))
    assert aws.world().get("iam_user", "ann").tags == {"iamfix:inactive-keys": f"{second}=2026-09-21"}
    aws.get("iam", "update_access_key", UserName="ann", AccessKeyId=second, Status="Active")
    apply(aws, plan(aws, "credentials"))
    assert aws.world().get("iam_user", "ann").tags == {}


def test_protected_users_and_the_one_that_iamfix_runs_as_are_left_alone() -> None:
    """The break-glass user never signs in, and iamfix does not take its own key away."""
    aws = Direct(replace(ACCOUNT, protected=(Protected("break-glass"),)))
    aws.build.user("break-glass", console=True, keys=[(900, 800, True)], days=1000)
    aws.build.user("runner", keys=[(900, 0.1, True), (800, None, False)])
    made = plan(aws, "credentials", principal=f"arn:aws:iam::{ACCOUNT.id}:user/runner", enforce="all")
    assert (made.changes, made.findings) == ((), ())


def test_the_periods_are_variables() -> None:
    """Days without use, of age and of replacement can be set."""
    aws = _account()
    assert _told(plan(aws, "credentials", unused_for=1000, rotate_after=1000, second_key_for=1000)) == {}
    assert len(plan(aws, "credentials", unused_for=1, rotate_after=1, second_key_for=1).findings) > 7


def test_the_periods_may_be_text_as_given_with_e() -> None:
    """`-e unused_for=1000` is text; what is no number is a mistake, and nobody's credentials are unused for it."""
    aws = _account()
    assert _told(plan(aws, "credentials", unused_for="1000", rotate_after="1000", second_key_for="1000")) == {}
    with pytest.raises(AssertionError):  # the plan has an error
        plan(aws, "credentials", unused_for="soon", enforce="all")


@pytest.mark.parametrize("written", ["soon", "", "2026-02-31", "9999-12-31"])
def test_a_mark_that_somebody_spoilt_is_written_anew(written: str) -> None:
    """Whoever may tag a user can write anything: the time counts from the day on which that is seen."""
    aws = Direct()
    aws.build.user("ann", keys=[(700, 650, False)])
    (key,) = (name.split("/")[1] for name in aws.world().all("iam_access_key"))
    aws.get("iam", "tag_user", UserName="ann", Tags=[{"Key": "iamfix:inactive-keys", "Value": f"{key}={written}"}])
    made = plan(aws, "credentials", enforce="delete-keys")
    apply(aws, made)
    assert aws.world().get("iam_user", "ann").tags == {"iamfix:inactive-keys": f"{key}=2026-09-21"}
    assert plan(aws, "credentials", enforce="delete-keys").changes == ()


def test_who_has_no_room_for_a_tag_is_reported() -> None:
    """AWS takes 50 tags: the plan stays one that AWS takes, and a finding says what does not happen."""
    aws = Direct()
    aws.build.user("ann", keys=[(700, 650, False)])
    aws.get("iam", "tag_user", UserName="ann", Tags=[{"Key": f"k{number}", "Value": "v"} for number in range(50)])
    made = plan(aws, "credentials", enforce="all")
    assert made.changes == ()
    (found,) = made.findings
    assert found.message.startswith("ann has 50 tags, and no room for iamfix:inactive-keys")
    aws.get("iam", "untag_user", UserName="ann", TagKeys=["k0"])
    apply(aws, plan(aws, "credentials"))
    made = plan(aws, "credentials")
    assert (made.changes, made.findings) == ((), ())


def test_server_certificates_that_have_ended_are_removed_where_that_is_enforced() -> None:
    """One that still holds stays; one that has ended is a finding with its date first."""
    aws = Direct()
    for name in ("old", "new"):
        aws.get(
            "iam", "upload_server_certificate", ServerCertificateName=name, CertificateBody=certificate(),
            PrivateKey="secret",
        )  # fmt: skip
        aws.clock.turn(200 * DAY)
    made = plan(aws, "credentials")
    assert made.changes == ()
    assert [(one.address, one.staged) for one in made.findings] == [("lab/iam_server_certificate/old", "certificates")]
    assert made.findings[0].message.startswith("ended on 2027-09-21; it would be removed")
    apply(aws, plan(aws, "credentials", enforce="certificates"))
    assert set(aws.world().all("iam_server_certificate")) == {"new"}


@pytest.mark.parametrize("name", ["unused_for", "delete_after", "second_key_for", "rotate_after"])
def test_less_than_no_days_is_refused(name: str) -> None:
    """With a negative number, what was used today would be unused: enforced, all passwords and keys would go."""
    aws = _account()
    aws.build.user("stopped", keys=[(300, 200, False), (300, 1, True)])
    made = folded(aws, "credentials", enforce="all", **{name: "-5"})
    assert {one.summary for one in made.problems if one.severity == "error"} == {
        f"lab: {name} is a number of days, 0 or more, not '-5'"
    }
