"""The trail and its alarms in whole runs: applied, planned again, rolled back; for an account and an organization."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from iamfix.model import Account
from iamfix.sandbox import Sandbox
from tests.direct import Direct
from tests.kinds.states.trails import bucket_policy
from tests.practices.planning import PLAYBOOKS, apply, plan
from tests.running import Project

BOOKS = [PLAYBOOKS / "practices" / "cloudtrail.yml", PLAYBOOKS / "practices" / "alarms.yml"]
ARCHIVE, MANAGEMENT = "444444444444", "111111111111"
ACCOUNT = "222222222222"


def _there(sandbox: Sandbox, account: str) -> dict[str, list[str]]:
    """What there is of everything that the practices make."""

    def ask(service: str, operation: str, **params: Any) -> Any:
        return getattr(sandbox.client(service, account), operation)(**params)

    aliases = ask("kms", "list_aliases")["Aliases"]
    roles = ask("iam", "list_roles")["Roles"]
    return {
        "trails": [one["Name"] for one in ask("cloudtrail", "describe_trails")["trailList"]],
        "alarms": [one["AlarmName"] for one in ask("cloudwatch", "describe_alarms")["MetricAlarms"]],
        "filters": [one["filterName"] for one in ask("logs", "describe_metric_filters")["metricFilters"]],
        "groups": [one["logGroupName"] for one in ask("logs", "describe_log_groups")["logGroups"]],
        "topics": [one["TopicArn"] for one in ask("sns", "list_topics")["Topics"]],
        "buckets": [one["Name"] for one in ask("s3", "list_buckets")["Buckets"]],
        "keys": [one["AliasName"] for one in aliases if not one["AliasName"].startswith("alias/aws/")],
        "roles": [one["RoleName"] for one in roles if "iamfix-" in one["RoleName"]],
    }


def test_apply_plan_rollback(tmp_path: Path, bare: Sandbox) -> None:
    """From an account with nothing: an apply, an empty second plan, and a rollback that leaves nothing."""
    project = Project(tmp_path, limit="payments-prod", allow=("irreversible",))
    before = _there(bare, ACCOUNT)
    outcome = project.apply(project.runner().plan(BOOKS))
    assert (outcome.accounts, outcome.problems) == ({"payments-prod": "done"}, ())
    made = _there(bare, ACCOUNT)
    assert {name: len(found) for name, found in made.items()} == {
        "trails": 1, "alarms": 15, "filters": 15, "groups": 1, "topics": 1, "buckets": 2, "keys": 1, "roles": 1,
    }  # fmt: skip
    assert list(project.runner().plan(BOOKS).changes()) == []
    runner = project.runner()
    back = runner.apply(runner.rollback(outcome.run_id), "rollback")
    assert back.accounts == {"payments-prod": "done"}
    assert _there(bare, ACCOUNT) == before


def test_an_organizations_trail_keeps_its_logs_in_the_archive(tmp_path: Path, bare: Sandbox) -> None:
    """The management account has trail and alarms, the archive the bucket; members have nothing of their own."""
    variables = {
        "trail_organization": True, "trail_management": MANAGEMENT, "trail_archive": ARCHIVE,
        "trail_organization_id": "o-practice01",
    }  # fmt: skip
    project = Project(tmp_path, extra_vars=variables)
    outcome = project.apply(project.runner().plan(BOOKS))
    assert set(outcome.accounts.values()) <= {"done", "nothing"}, outcome.problems
    assert [len(_there(bare, MANAGEMENT)[what]) for what in ("trails", "alarms", "buckets", "keys")] == [1, 15, 0, 1]
    assert [len(_there(bare, ARCHIVE)[what]) for what in ("alarms", "buckets", "keys")] == [0, 2, 0]
    assert [len(_there(bare, ACCOUNT)[what]) for what in ("alarms", "buckets", "keys", "groups")] == [0, 0, 0, 0]
    second = project.runner().plan(BOOKS)
    assert list(second.changes()) == []
    # A trail that a member has for itself is a second copy of its events.
    bare.client("s3", ACCOUNT).create_bucket(Bucket="own-logs")
    bare.client("s3", ACCOUNT).put_bucket_policy(Bucket="own-logs", Policy=bucket_policy("own-logs"))
    bare.client("cloudtrail", ACCOUNT).create_trail(Name="own", S3BucketName="own-logs")
    bare.client("cloudtrail", ACCOUNT).start_logging(Name="own")
    own = project.runner(limit="payments-prod").plan(BOOKS)
    copies = [one.message for account in own.accounts for one in account.findings if one.severity == "low"]
    assert [copy.startswith("own records what iamfix records as well; AWS bills each copy") for copy in copies] == [
        True
    ]
    bare.client("cloudtrail", ACCOUNT).delete_trail(Name="own")
    # Run with the variables of an account trail, members see that the organization's does the job already.
    alone = project.runner(extra_vars={}, limit="payments-prod").plan(BOOKS)
    assert list(alone.changes()) == []
    (finding,) = (finding for account in alone.accounts for finding in account.findings)
    assert finding.message.startswith(f"iamfix of account {MANAGEMENT} does the job")


def test_an_account_trail_is_not_taken_for_the_organizations(tmp_path: Path, bare: Sandbox) -> None:
    """Where the management account has a trail for itself, the organization's is made all the same, at the stated cost.

    The trail that the practice made for the account becomes the organization's, with a bucket of another name.
    """
    variables = {"trail_organization": True, "trail_management": MANAGEMENT, "trail_organization_id": "o-practice01"}
    project = Project(tmp_path, limit="management")
    project.apply(project.runner().plan(BOOKS[:1]))
    other = project.runner(extra_vars={**variables, "trail_name": "org"}).plan(BOOKS[:1])
    made = [change for change in other.changes() if change.kind == "cloudtrail"]
    assert [(change.action, change.address.rpartition("/")[2]) for change in made] == [("create", "org")]
    assert "iamfix records management events already" in made[0].notes[0]
    runner = project.runner(extra_vars=variables)
    assert runner.apply(runner.plan(BOOKS[:1]), "apply").accounts == {"management": "done"}
    (trail,) = bare.client("cloudtrail", MANAGEMENT).describe_trails()["trailList"]
    assert (trail["Name"], trail["IsOrganizationTrail"]) == ("iamfix", True)
    assert trail["S3BucketName"] == f"iamfix-organization-trail-{MANAGEMENT}-us-east-1"
    assert list(project.runner(extra_vars=variables).plan(BOOKS[:1]).changes()) == []


@pytest.mark.parametrize("enforce", [None, "all"])
@pytest.mark.parametrize(
    ("account", "trail"),
    [("222222222222", "payments-trail"), ("333333333333", "dev-trail"), ("444444444444", "iamfix")],
)
def test_an_untidy_account_settles(account: str, trail: str, enforce: str | None) -> None:
    """With the whole baseline one apply leaves a second plan empty; a trail that is there is completed, none added."""
    aws = Direct(Account(id=account, name="untidy"), "practice")
    variables = {"enforce": enforce} if enforce else {}
    apply(aws, plan(aws, "baseline", **variables))
    second = plan(aws, "baseline", **variables)
    assert second.changes == ()
    assert [one["Name"] for one in aws.get("cloudtrail", "describe_trails")["trailList"]] == [trail]
    told = {one.message.partition(". ")[2] for one in second.findings if "does not reach anybody" in one.message}
    assert told == {"subscription: nobody is subscribed to the topic iamfix-alarms"}


def test_an_alarm_that_never_fired_comes_back(tmp_path: Path, bare: Sandbox) -> None:
    """A rollback restores what was there, good or not: the guard on what is made only warns."""
    client = bare.client("cloudwatch", MANAGEMENT)
    old = {
        "AlarmName": "old", "MetricName": "M", "Namespace": "N", "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0, "Period": 300, "EvaluationPeriods": 1, "Statistic": "Average",
    }  # fmt: skip
    client.put_metric_alarm(**old)
    logs = bare.client("logs", MANAGEMENT)
    logs.create_log_group(logGroupName="g")
    metric = {"metricName": "M", "metricNamespace": "N", "metricValue": "1", "defaultValue": 0}
    logs.put_metric_filter(logGroupName="g", filterName="f", filterPattern="{$.a=1}", metricTransformations=[metric])
    project = Project(tmp_path)
    outcome = project.apply(project.plan({"name": "t", "cloudwatch_metric_alarm": {"name": "old", "statistic": "Sum"}}))
    assert outcome.accounts == {"management": "done"}
    runner = project.runner()
    back = runner.rollback(outcome.run_id)
    assert [(one.severity, one.rule, one.hint) for one in back.problems()] == [
        ("warning", "never-fires", "so it was before the run")
    ]
    assert runner.apply(back, "rollback").accounts == {"management": "done"}
    assert client.describe_alarms()["MetricAlarms"][0]["Statistic"] == "Average"
