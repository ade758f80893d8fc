"""Practice 7, Access Analyzer: an analyzer in every region, and one request a region to see that all is well."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iamfix.model import Call, Plan
from iamfix.options import Options
from iamfix.run import Runner
from iamfix.sandbox import Sandbox
from iamfix.sandbox.building import trust
from tests.direct import ACCOUNT, Direct
from tests.practices.planning import plan
from tests.running import Project, Quiet

PLAYBOOK = Path("playbooks/practices/access-analyzer.yml")


def _runner(project: Project, **extra: Any) -> Runner:
    options = Options(
        inventory=project.inventory, journal=project.folder / "journal", limit="management", extra_vars=extra
    )
    return Runner(options, Quiet())


def _plan(project: Project, **extra: Any) -> Plan:
    made = _runner(project, **extra).plan([PLAYBOOK])
    assert [(one.error, one.incomplete) for one in made.accounts] == [(None, False)]
    return made


def test_every_region_gets_one(bare: Sandbox, tmp_path: Path) -> None:
    """All regions that the account has enabled; where somebody made one already, it is kept; again is nothing to do."""
    bare.client("accessanalyzer", region="eu-west-1").create_analyzer(analyzerName="theirs", type="ACCOUNT")
    regions = [one["RegionName"] for one in bare.client("ec2").describe_regions()["Regions"]]
    project = Project(tmp_path)
    runner = _runner(project)
    outcome = runner.apply(runner.plan([PLAYBOOK]))
    assert outcome.accounts == {"management": "done"}
    for region in regions:
        found = bare.client("accessanalyzer", region=region).list_analyzers()["analyzers"]
        assert [one["name"] for one in found] == ["theirs" if region == "eu-west-1" else "iamfix-external-access"]
    assert list(_plan(project).changes()) == []


def test_what_costs_is_asked_for_and_named(bare: Sandbox, tmp_path: Path) -> None:
    """An analyzer of unused access is made only when a variable says so, and the plan says that it costs."""
    project = Project(tmp_path)
    assert {change.after.type for change in _plan(project).changes()} == {"ACCOUNT"}
    costly = _plan(project, unused_access_analyzer=True)
    (change,) = [change for change in costly.changes() if change.after.type != "ACCOUNT"]
    assert change.region == "us-east-1"
    assert any("charges" in note for note in change.notes)


def test_findings_are_told(bare: Sandbox, tmp_path: Path) -> None:
    """What an analyzer has found is a finding of the plan, until an archive rule says that it is meant."""
    trust = {"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    bare.client("iam").create_role(RoleName="partner", AssumeRolePolicyDocument=document)
    bare.client("accessanalyzer").create_analyzer(analyzerName="theirs", type="ACCOUNT")
    project = Project(tmp_path)
    (finding,) = [finding for account in _plan(project).accounts for finding in account.findings]
    assert finding.address.startswith("management/us-east-1/access_analyzer_finding/")
    assert "arn:aws:iam::111111111111:role/partner: ExternalAccess" in finding.message
    known = {"analyzerName": "theirs", "ruleName": "known", "filter": {"principal.AWS": {"eq": ["999999999999"]}}}
    bare.client("accessanalyzer").create_archive_rule(**known)
    assert [account.findings for account in _plan(project).accounts] == [()]


WIDE = replace(ACCOUNT, regions=("us-east-1", "eu-west-1", "eu-west-2"))


def _analyzer(region: str) -> Call:
    return Call("accessanalyzer", "create_analyzer", {"analyzerName": "theirs", "type": "ACCOUNT"}, region)


def _told_in(aws: Direct, **variables: Any) -> list[str]:
    """The regions whose findings are told."""
    return [finding.address.split("/")[1] for finding in plan(aws, "access-analyzer", **variables).findings]


def test_nobody_is_told_to_lock_iamfix_out(practice: Sandbox, tmp_path: Path) -> None:
    """How iamfix and AWS Control Tower come in is told as such; other access from outside shall be removed."""
    practice.client("accessanalyzer", "222222222222").create_analyzer(analyzerName="theirs", type="ACCOUNT")
    options = Options(Project(tmp_path).inventory, journal=tmp_path / "journal", limit="payments-prod")
    (account,) = Runner(options, Quiet()).plan([PLAYBOOK]).accounts
    told = {one.message.partition(": ")[0].rpartition("/")[2]: one for one in account.findings}
    severities = {name: one.severity for name, one in told.items()}
    assert severities == {
        "iamfix": "low", "AWSControlTowerExecution": "medium", "aws-controltower-ReadOnlyExecutionRole": "medium",
        "VendorMonitoring": "high", "LegacyCrossAccount": "high",
    }  # fmt: skip
    assert {name for name, one in told.items() if "Remove" in one.message} == {"VendorMonitoring", "LegacyCrossAccount"}


def test_a_role_is_told_once() -> None:
    """Every region's analyzer finds the same roles; where the home region has no analyzer, each region tells them."""
    aws = Direct(WIDE)
    aws.build.role("partner", trust({"AWS": "999999999999"}))
    aws.follow([_analyzer("eu-west-1"), _analyzer("eu-west-2")])
    assert _told_in(aws) == ["eu-west-1", "eu-west-2"]
    aws.follow([_analyzer("us-east-1")])
    assert _told_in(aws) == ["us-east-1"]
    assert _told_in(aws, analyzer_regions=["eu-west-1", "eu-west-2"]) == ["eu-west-1"]
    assert _told_in(aws, analyzer_regions="eu-west-2") == ["eu-west-2"]


def test_settings_may_come_from_the_command_line() -> None:
    """`-e` gives text: days are a number all the same, and "false" is no yes."""
    given = {"unused_access_days": "30", "analyzer_regions": "us-east-1"}
    made = plan(Direct(), "access-analyzer", unused_access_analyzer="yes", **given)
    assert {change.after.type: change.after.unused_access_age for change in made.changes} == {
        "ACCOUNT": None, "ACCOUNT_UNUSED_ACCESS": 30,
    }  # fmt: skip
    without = plan(Direct(), "access-analyzer", unused_access_analyzer="false", **given)
    assert [change.after.type for change in without.changes] == ["ACCOUNT"]


@pytest.mark.parametrize("regions", [1, 17])
def test_one_request_a_region(regions: int, bare: Sandbox, tmp_path: Path) -> None:
    """Besides who we are and which regions there are, seeing that nothing is to do takes one request a region."""
    names = [one["RegionName"] for one in bare.client("ec2").describe_regions()["Regions"]][:regions]
    task = {"access_analyzer": {"name": "all", "type": "ACCOUNT"}, "regions": names}
    project = Project(tmp_path)
    project.apply(project.plan(task))
    again = project.plan(task)
    assert list(again.changes()) == []
    assert again.accounts[0].api_calls == regions + 1


def test_many_regions_take_hardly_longer_than_one(bare: Sandbox, tmp_path: Path) -> None:
    """17 regions side by side take less than three times what one takes; slow requests, so that only waiting counts."""
    names = [one["RegionName"] for one in bare.client("ec2").describe_regions()["Regions"]][:17]
    bare.faults.latency = 0.4
    project = Project(tmp_path)
    playbooks = {
        count: project.playbook({"access_analyzer": {"name": "all"}, "regions": names[:count]}).rename(
            tmp_path / f"{count}.yml"
        )
        for count in (1, 17)
    }
    took: dict[int, list[float]] = {1: [], 17: []}
    for _ in range(2):
        for count, playbook in playbooks.items():
            began = time.monotonic()
            project.runner().plan([playbook])
            took[count].append(time.monotonic() - began)
    assert min(took[17]) < 3 * min(took[1]), took
