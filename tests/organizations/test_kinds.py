"""Cases of the Organizations kinds: which calls, in which order; what AWS would not take; and where they live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iamfix.kinds import KINDS, organization, organization_account, organizational_unit, organizations_policies
from iamfix.kinds.protocol import Want
from iamfix.model import Account, InputError, Result
from iamfix.policy.document import Document
from iamfix.sandbox import Sandbox
from iamfix.world import Spot, World
from tests.direct import Direct
from tests.organizations.building import add_account, add_unit, sent, state_of
from tests.running import Project

MANAGER = Account(id="111111111111", name="management")
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}]}


def _look(variables: Mapping[str, Any] | None = None) -> Spot:
    aws = Direct(around="bare")
    account = replace(MANAGER, vars=variables or {})

    def observe(kind: str, region: str | None, want: Want) -> Mapping[str, Any]:
        return KINDS[kind].observe(aws.at(region), want)

    return Spot(World(account, KINDS, observe), None)


def _policy(*targets: str, content: Any = DENY, **more: Any) -> organizations_policies.State:
    return organizations_policies.State(content=Document.parse(content), targets=frozenset(targets), **more)


def _told(kind: str, name: str, before: Any, after: Any, look: Spot) -> list[tuple[str, str]]:
    return [(one.rule, one.summary) for one in KINDS[kind].breaches(name, before, after, look)]


def test_a_policy_is_attached_before_it_is_detached() -> None:
    """The text first, then the new targets, then those that go; ids are AWS's."""
    before = _policy("sandbox", "payments-prod", id="p-12345678", tags={})
    after = replace(before, description="new", targets=frozenset(("root", "workloads/prod")))
    calls = list(KINDS["scp"].calls("x", before, after, _look()))
    assert [(call.operation, call.params.get("TargetId")) for call in calls] == [
        ("update_policy", None), ("attach_policy", "r-prac"), ("attach_policy", "ou-prac-11000000"),
        ("detach_policy", "222222222222"), ("detach_policy", "ou-prac-20000000"),
    ]  # fmt: skip


def test_a_policy_goes_off_its_targets_before_it_goes() -> None:
    """AWS deletes no policy that is attached."""
    calls = KINDS["scp"].calls("x", _policy("sandbox", id="p-12345678"), None, _look())
    assert [call.operation for call in calls] == ["detach_policy", "delete_policy"]


def test_documents_are_sent_without_white_space() -> None:
    """Organizations counts every character."""
    spaced = '{ "Version": "2012-10-17",\n "Statement": [ ] }'
    (call,) = KINDS["scp"].calls("x", None, _policy(content=spaced), _look())
    assert call.params["Content"] == '{"Version":"2012-10-17","Statement":[]}'


def test_what_is_not_made_yet_is_referred_to() -> None:
    """A unit in a planned unit, and a policy on it, take the ids that the earlier calls will give."""
    look = _look()
    look.world.put("organizational_unit", "new", None, organizational_unit.State(tags={}))
    (unit,) = KINDS["organizational_unit"].calls("new/inner", None, organizational_unit.State(tags={}), look)
    made = Result("management/organizational_unit/new", "create_organizational_unit", "OrganizationalUnit.Id", "id")
    assert (unit.params["ParentId"], unit.params["Name"]) == (made, "inner")
    _, attach = KINDS["scp"].calls("x", None, _policy("new"), look)
    assert attach.params == {
        "PolicyId": Result("management/scp/x", "create_policy", "Policy.PolicySummary.Id", "id"), "TargetId": made,
    }  # fmt: skip


SSO = "sso.amazonaws.com"
ORGANIZATION = organization.State(trusted_services=frozenset((SSO,)))
TAGS = {"tags": {"Env": {"tag_key": {"@@assign": "Env"}}}}
BIG = {"Version": "2012-10-17", "Statement": [{**DENY["Statement"][0], "Sid": "a" * 10200}]}  # type: ignore[dict-item]
REFUSED: dict[str, tuple[str, str, Any, Any, str, str]] = {
    "too large": ("scp", "x", None, _policy(content=BIG), "quota", "a document of 10304 characters; AWS takes 10240"),
    "the last SCP": (
        "scp", "FullAWSAccess", _policy("root", "sandbox", aws_managed=True), _policy("root", aws_managed=True),
        "quota", "it is the last SCP of sandbox, and AWS keeps one",
    ),
    "AWS's own text": (
        "scp", "FullAWSAccess", _policy("root", aws_managed=True),
        _policy("root", aws_managed=True, description="mine"), "quota", "it is a policy of AWS",
    ),
    "a type that is off": (
        "rcp", "x", None, _policy("sandbox"), "quota", "policies of the type RESOURCE_CONTROL_POLICY are not enabled",
    ),
    "another type's document": (
        "tag_policy", "x", None, _policy(), "quota", "has just the key 'tags' at its top",
    ),
    "an SCP without Version": (
        "scp", "x", None, _policy(content={"Statement": DENY["Statement"]}), "quota", "every SCP has the Version",
    ),
    "an operator for one value": (
        "tag_policy", "x", None, _policy(content={"tags": {"a": {"tag_key": {"@@append": ["a"]}}}}), "quota",
        "tags.a.tag_key takes one value",
    ),
    "a text for a list": (
        "tag_policy", "x", None, _policy(content={"tags": {"a": {"tag_value": {"@@assign": "x"}}}}), "quota",
        "tags.a.tag_value.@@assign takes a list of texts",
    ),
    "another key": (
        "tag_policy", "x", None, _policy(content={"tags": {"a": {"tag_key": {"@@assign": "b"}}}}), "quota",
        "may differ from 'a' in its case only",
    ),
    "two wildcards": (
        "tag_policy", "x", None, _policy(content={"tags": {"a": {"tag_value": {"@@assign": ["*x*"]}}}}), "quota",
        "'*x*' has several *",
    ),
    "enforced for everything": (
        "tag_policy", "x", None, _policy(content={"tags": {"a": {"enforced_for": {"@@assign": ["*"]}}}}), "quota",
        "'*' is no type of resource",
    ),
    "no such setting": (
        "tag_policy", "x", None, _policy(content={"tags": {"a": {"values": {"@@assign": ["x"]}}}}), "quota",
        "tags.a has no setting 'values'",
    ),
    "a word for children": (
        "tag_policy", "x", None,
        _policy(content={"tags": {"a": {"tag_key": {"@@operators_allowed_for_child_policies": ["none"]}}}}), "quota",
        "takes a list of @@all, @@none",
    ),
    "operators where names are": (
        "tag_policy", "x", None, _policy(content={"tags": {"@@assign": {}}}), "quota", "tags does not take @@assign",
    ),
    "no tags at all": ("tag_policy", "x", None, _policy(content={"tags": {}}), "quota", "tags names nothing"),
    "opting out in another case": (
        "ai_opt_out_policy", "x", None,
        _policy(content={"services": {"default": {"opt_out_policy": {"@@assign": "optout"}}}}), "quota",
        "'optout'",
    ),
    "another setting of a service": (
        "ai_opt_out_policy", "x", None, _policy(content={"services": {"lex": {"opt_out": {}}}}), "quota",
        "services.lex has no setting 'opt_out'",
    ),
    "no principal": (
        "organization", "organization", None, organization.State(trusted_services=frozenset(("account",))), "quota",
        "'account' is no service principal",
    ),
    "the management account as administrator": (
        "organization", "organization", ORGANIZATION,
        replace(ORGANIZATION, delegated_administrators={SSO: frozenset(("management",))}), "quota",
        "management is the management account",
    ),
    "an administrator without trusted access": (
        "organization", "organization", ORGANIZATION,
        replace(ORGANIZATION, delegated_administrators={"iam.amazonaws.com": frozenset(("data-prod",))}), "quota",
        "iam.amazonaws.com has administrators but no trusted access",
    ),
    "a new account called root": (
        "organization_account", "root", None, organization_account.State(email="a@example.com"), "quota",
        "'root' is no name for a new account",
    ),
    "a new account called like an id": (
        "organization_account", "123456789012", None, organization_account.State(email="a@example.com"), "quota",
        "'123456789012' is no name for a new account",
    ),
    "a new account called like a tag": (
        "organization_account", "tag:env", None, organization_account.State(email="a@example.com"), "quota",
        "'tag:env' is no name for a new account",
    ),
    "a new unit called root": (
        "organizational_unit", "root", None, organizational_unit.State(), "quota", "'root' is no name for a new unit",
    ),
    "an address of other letters": (
        "organization_account", "new", None, organization_account.State(email="müll@example.com"), "quota",
        "'müll@example.com' is no e-mail address",
    ),
    "an address with a comma": (
        "organization_account", "new", None, organization_account.State(email="a,b@example.com"), "quota",
        "'a,b@example.com' is no e-mail address",
    ),
    "a domain with a hyphen at its end": (
        "organization_account", "new", None, organization_account.State(email="a@example.com-"), "quota",
        "no domain that AWS takes",
    ),
    "on the root": ("scp", "x", None, _policy("root"), "whole-organization", "the root is among its targets"),
    "text of what is on the root": (
        "scp", "x", _policy("root"), _policy("root", content={**DENY, "Id": "other"}), "whole-organization",
        "it holds for every account of the organization",
    ),
    "off the root": ("scp", "x", _policy("root"), _policy(), "whole-organization", "it holds for every account"),
    "on the management account": (
        "scp", "x", None, _policy("management"), "quota", "no SCP holds for it",
    ),
    "the management account moved": (
        "organization_account", "management", organization_account.State(id="111111111111", management=True),
        organization_account.State(id="111111111111", management=True, ou="sandbox"), "whole-organization",
        "it is the management account",
    ),
    "a tag policy on the management account": (
        "tag_policy", "x", None, _policy("management", content=TAGS), "whole-organization",
        "it holds for the management account, by management",
    ),
    "a unit that is not empty": (
        "organizational_unit", "workloads",
        organizational_unit.State(units=frozenset(("workloads/prod",)), accounts=frozenset(("a",))), None, "quota",
        "it is not empty: a, workloads/prod",
    ),
    "a unit in no unit": (
        "organizational_unit", "nowhere/prod", None, organizational_unit.State(), "quota", "there is no unit 'nowhere'",
    ),
    "six levels deep": (
        "organizational_unit", "a/b/c/d/e/f", None, organizational_unit.State(), "quota", "6 levels deep; AWS takes 5",
    ),
    "a taken address": (
        "organization_account", "new", None, organization_account.State(email="aws+data-prod@example.com"), "quota",
        "data-prod has the e-mail address",
    ),
    "a closed account": (
        "organization_account", "data-prod", organization_account.State(status="SUSPENDED"),
        organization_account.State(status="SUSPENDED", ou="sandbox"), "quota", "the account is SUSPENDED",
    ),
    "contacts without trusted access": (
        "organization_account", "data-prod", organization_account.State(security_contact=None),
        organization_account.State(security_contact=organization_account.Contact(
            name="a", title="b", email="c@d.e", phone="1")),
        "quota", "contacts of other accounts need trusted access of account.amazonaws.com",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_aws_would_not_take_is_told_when_planned(case: str) -> None:
    """Sizes, counts, order, and what holds for everybody, before anything is sent."""
    kind, name, before, after, rule, summary = REFUSED[case]
    told = _told(kind, name, before, after, _look())
    assert any(found == rule and summary in text for found, text in told), told


def test_policies_of_others_count_and_limits_can_be_raised() -> None:
    """The eleventh policy of a target is one too many, whoever attached the ten; a variable says another limit."""
    for variables, refused in (
        (None, True),
        ({"organization_limits": {"scp": {"attached": 12}}}, False),
        ({"organization_limits": {"scp": {"attached": 5}}}, True),
    ):
        look = _look(variables)
        for number in range(9):
            look.world.put("scp", f"theirs-{number}", None, _policy("sandbox"))
        told = [text for _, text in _told("scp", "mine", None, _policy("sandbox"), look)]
        assert any("sandbox would carry 11 policies of this type" in text for text in told) == refused
        most = 10 if variables is None else variables["organization_limits"]["scp"]["attached"]  # type: ignore[index]
        notes = list(KINDS["scp"].notes("mine", None, _policy("sandbox"), look))
        assert f"11 of {most} policies of this type attached to sandbox" in notes


@pytest.mark.parametrize("limits", [5, {"scps": {}}, {"scp": 5}, {"scp": {"atached": 5}}, {"scp": {"size": "5"}}])
def test_limits_of_another_form_are_a_mistake(limits: Any) -> None:
    """A limit that would be let pass in silence is worse than none."""
    with pytest.raises(InputError, match="the variable organization_limits is not understood"):
        _told("scp", "mine", None, _policy("sandbox"), _look({"organization_limits": limits}))


def test_no_account_is_closed(bare: Sandbox, tmp_path: Path) -> None:
    """`state: absent` is refused with a sentence, for an account and for the organization."""
    project = Project(tmp_path)
    for kind, name in (("organization_account", "data-prod"), ("organization", None)):
        plan = project.plan({kind: {"state": "absent", **({"name": name} if name else {})}})
        (problem,) = plan.problems()
        assert "is not deleted: iamfix" in problem.summary
        with pytest.raises(InputError):
            project.apply(plan)


def test_an_account_is_made_moved_and_given_contacts_in_one_run(bare: Sandbox, tmp_path: Path) -> None:
    """AWS makes it in the background, over several polls; then it goes to its unit, with its contact."""
    project = Project(tmp_path)
    contact = {"name": "Security", "title": "SOC", "email": "soc@example.com", "phone": "+1 555 0100"}
    task = {
        "organization_account": {
            "name": "new one", "email": "new@example.com", "ou": "workloads/prod", "tags": {"env": "prod"},
            "security_contact": contact,
        }
    }  # fmt: skip
    trust = {"organization": {"trusted_services": {"include": ["account.amazonaws.com"]}}}
    scp = {"scp": {"name": "x", "content": DENY, "targets": ["new one"]}}
    plan = project.plan(trust, task, scp)
    assert "a new account is not taken back: iamfix closes no account" in [
        note for change in plan.changes() for note in change.notes
    ]
    outcome = project.apply(plan)
    assert dict(outcome.accounts) == {"management": "done"}
    assert sent(bare).count("DescribeCreateAccountStatus") == 4
    assert list(project.plan(trust, task, scp).changes()) == []
    made = next(one for one in state_of(bare.cloud).members.all_latest() if one.name == "new one")
    assert made.parent == "ou-prac-11000000"

    back = project.runner(allow=("whole-organization",))
    way = back.rollback(outcome.run_id)
    kept = [one.summary for one in way.problems() if one.where == "management/organization_account/new one"]
    assert kept == ["it stays: iamfix closes no account; close it by hand, its state is then told"]
    back.apply(way, "rollback")
    assert state_of(bare.cloud).members.latest(made.id) is not None


def test_an_address_that_is_taken_elsewhere_fails_with_awss_word(bare: Sandbox, tmp_path: Path) -> None:
    """What only the background work finds out is told as AWS says it, and nothing else of the account is tried."""
    project = Project(tmp_path)
    plan = project.plan({"organization_account": {"name": "late", "email": "late@example.com", "ou": "sandbox"}})
    state_of(bare.cloud)
    add_account(bare.cloud, 809, "other")
    member = state_of(bare.cloud).members.latest("000000000809")
    assert member is not None
    state_of(bare.cloud).members.put(member.id, replace(member, email="LATE@example.com"))
    outcome = project.apply(plan)
    assert dict(outcome.accounts) == {"management": "failed"}
    assert "EMAIL_ALREADY_EXISTS" in outcome.problems[0].summary
    assert "MoveAccount" not in sent(bare)


def test_policy_types_take_their_time(bare: Sandbox, tmp_path: Path) -> None:
    """What is being enabled is waited for before policies of the type are attached."""
    state_of(bare.cloud).type_polls = 4
    project = Project(tmp_path)
    content = {"services": {"default": {"opt_out_policy": {"@@assign": "optOut"}}}}
    tasks = (
        {"organization": {"policy_types": {"include": ["ai_opt_out_policy"]}}},
        {"ai_opt_out_policy": {"name": "x", "content": content, "targets": ["sandbox"]}},
    )
    outcome = project.apply(project.plan(*tasks))
    assert dict(outcome.accounts) == {"management": "done"}
    assert list(project.plan(*tasks).changes()) == []


def test_disabling_a_type_is_guarded_twice(bare: Sandbox, tmp_path: Path) -> None:
    """It holds for the whole organization, and the attachments do not come back."""
    plan = Project(tmp_path).plan({"organization": {"policy_types": []}})
    assert {problem.rule for problem in plan.problems() if problem.severity == "error"} == {
        "whole-organization", "irreversible",
    }  # fmt: skip


def test_a_member_account_is_told_so_once(bare: Sandbox, tmp_path: Path) -> None:
    """Plays of the organization in another account: one sentence, whatever the number of tasks and kinds."""
    tasks = (
        {"organization": {"policy_types": {"include": ["scp"]}}},
        {"organizational_unit": {"name": "a"}},
        {"organizational_unit": {"name": "b"}},
        {"organization_account": {"name": "data-prod", "ou": "a"}},
        {"scp": {"name": "x", "content": DENY, "targets": ["a"]}},
        {"rcp": {"name": "x", "content": DENY, "targets": ["a"]}},
        {"tag_policy": {"select": "true", "description": "x"}},
        {"iam_group": {"name": "still-planned"}},
    )
    plan = Project(tmp_path).plan(*tasks, accounts="payments-prod")
    (problem,) = plan.problems()
    assert problem.summary == (
        "account 222222222222 is neither the organization's management account (111111111111) nor a delegated "
        "administrator of it, and the organization is planned from there"
    )
    assert [change.kind for change in plan.changes()] == ["iam_group"]


def test_a_delegated_administrator_may_plan(bare: Sandbox, tmp_path: Path) -> None:
    """An account that may look at the organization plans it as the management account does."""
    org_client = bare.client("organizations")
    service = {"ServicePrincipal": "sso.amazonaws.com"}
    org_client.register_delegated_administrator(AccountId="222222222222", **service)
    plan = Project(tmp_path).plan({"organizational_unit": {"name": "new"}}, accounts="payments-prod")
    assert list(plan.problems()) == []
    assert [change.address for change in plan.changes()] == ["payments-prod/organizational_unit/new"]


def test_without_an_organization_one_is_made_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From a lone account: the organization, units in it and a policy on them, in one apply."""
    from tests import ledger
    from tests.running import use

    with Sandbox(layout="none") as sandbox:
        use(sandbox, monkeypatch)
        project = Project(tmp_path)
        unit = {"organizational_unit": {"name": "{{ item }}"}, "loop": ["a", "a/b"]}
        plan = project.plan(unit)
        assert [one.summary for one in plan.problems()] == ["account 111111111111 is in no organization"]
        tasks = (
            {"organization": {"features": "ALL"}}, unit, {"scp": {"name": "x", "content": DENY, "targets": ["a/b"]}},
        )  # fmt: skip
        outcome = project.apply(project.plan(*tasks))
        assert (dict(outcome.accounts), outcome.problems) == ({"management": "done"}, ())
        assert list(project.plan(*tasks).changes()) == []
        ledger.check(sandbox, tmp_path)


def test_units_go_innermost_first(bare: Sandbox, tmp_path: Path) -> None:
    """A `select` of units that shall go begins with those inside."""
    add_unit(bare.cloud, "old/one/two")
    project = Project(tmp_path)
    task = {"organizational_unit": {"select": "name.startswith('old')", "state": "absent"}}
    plan = project.plan(task)
    assert [change.name for change in plan.changes()] == ["old/one/two", "old/one", "old"]
    assert dict(project.apply(plan).accounts) == {"management": "done"}
    assert list(project.plan(task).changes()) == []


def test_contacts_wait_for_trusted_access_and_are_never_dropped(bare: Sandbox, tmp_path: Path) -> None:
    """What AWS does not tell is set all the same where an earlier task asks for access, and refused where none does."""
    project = Project(tmp_path)
    contact = {"name": "Security", "title": "SOC", "email": "soc@example.com", "phone": "+1 555 0100"}
    task = {"organization_account": {"name": "data-prod", "security_contact": contact}}
    trust = {"organization": {"trusted_services": {"include": ["account.amazonaws.com"]}}}
    refused = project.plan(task)
    assert [one.summary for one in refused.problems()] == [
        "contacts of other accounts need trusted access of account.amazonaws.com"
    ]
    plan = project.plan(trust, task)
    assert list(plan.problems()) == []
    (note,) = (note for change in plan.changes() for note in change.notes)
    assert note.startswith("security_contact becomes Security <soc@example.com>; what it is now, AWS does not tell yet")
    outcome = project.apply(plan)
    assert (dict(outcome.accounts), outcome.problems) == ({"management": "done"}, ())
    assert list(project.plan(trust, task).changes()) == []
    way = project.runner(allow=("whole-organization",)).rollback(outcome.run_id)
    assert [change.kind for change in way.changes()] == ["organization"]


def test_contacts_that_aws_does_not_tell_are_not_taken_for_none(bare: Sandbox, tmp_path: Path) -> None:
    """A check of contacts without trusted access says that it could not be made, instead of finding none everywhere."""
    check = {"kind": "organization_account", "select": "not security_contact", "message": "none"}
    plan = Project(tmp_path).plan({"check": check})
    assert [one.rule for one in plan.problems()] == ["unreadable"]
    assert [finding for one in plan.accounts for finding in one.findings] == []


@pytest.mark.parametrize(
    ("has", "asked", "told"),
    [
        ("ALL", "CONSOLIDATED_BILLING", "the organization has all features, and AWS does not take them back"),
        ("CONSOLIDATED_BILLING", "ALL", "the organization has CONSOLIDATED_BILLING only"),
    ],
)
def test_features_do_not_change_in_silence(bare: Sandbox, tmp_path: Path, has: str, asked: str, told: str) -> None:
    """Features that no call can give or take are refused with words; those that are there are no change."""
    state = state_of(bare.cloud)
    assert state.organization is not None
    state.organization = replace(state.organization, features=has)
    project = Project(tmp_path)
    (problem,) = project.plan({"organization": {"features": asked}}).problems()
    assert told in problem.summary
    assert problem.where.startswith(f"{tmp_path}/playbook.yml:")
    assert problem.hint
    same = project.plan({"organization": {"features": has}})
    assert (list(same.changes()), list(same.problems())) == ([], [])


def test_an_empty_list_of_administrators_is_none(bare: Sandbox, tmp_path: Path) -> None:
    """A service without administrators is as one that is not named: no change, or the last one is deregistered."""
    project = Project(tmp_path)
    asked = {"organization": {"delegated_administrators": {"include": {"sso.amazonaws.com": []}}}}
    assert list(project.plan(asked).changes()) == []
    for one in ("payments-prod", "222222222222"):
        project.apply(project.plan({"organization": {"delegated_administrators": {"sso.amazonaws.com": [one]}}}))
        assert [account for account, _ in state_of(bare.cloud).delegated] == ["222222222222"]
        plan = project.plan(asked)
        assert [call.operation for change in plan.changes() for call in change.calls] == [
            "deregister_delegated_administrator"
        ]
        runner = project.runner()
        began = runner.clock.monotonic()
        outcome = runner.apply(plan)
        assert (dict(outcome.accounts), outcome.problems) == ({"management": "done"}, ())
        assert runner.clock.monotonic() - began < 30
        assert state_of(bare.cloud).delegated == {}
        assert list(project.plan(asked).changes()) == []


def test_limits_come_from_wherever_variables_come_from(bare: Sandbox, tmp_path: Path) -> None:
    """`organization_limits` of a play, of its files, of a task and of -e are heard, the later one first."""
    project, one = Project(tmp_path), {"scp": {"name": "x", "content": DENY, "targets": ["sandbox"]}}
    (tmp_path / "limits.yml").write_text("organization_limits: {scp: {size: 60}}", encoding="utf-8")
    low, high = ({"organization_limits": {"scp": {"size": size}}} for size in (70, 200))

    def refused(task: dict[str, Any], extra: dict[str, Any] | None = None, **play: Any) -> list[str]:
        plan = project.runner(extra_vars=extra or {}).plan([project.playbook(task, **play)])
        sizes = [problem.summary for problem in plan.problems() if "characters; AWS takes" in problem.summary]
        return [size.partition(" (")[0] for size in sizes]

    assert refused(one) == []
    assert refused(one, vars=low) == ["a document of 95 characters; AWS takes 70"]
    assert refused(one, vars=low, vars_files="limits.yml") == ["a document of 95 characters; AWS takes 60"]
    assert refused({**one, "vars": high}, vars=low) == []
    assert refused({**one, "vars": high}, low) == ["a document of 95 characters; AWS takes 70"]


def test_a_tag_that_nobody_carries_is_told(bare: Sandbox, tmp_path: Path) -> None:
    """A target that stands for no account now is remarked with its place: no error, since accounts come and go."""
    project = Project(tmp_path)
    task = {"scp": {"name": "x", "content": DENY, "targets": ["tag:env=prod"]}}
    plan = project.plan(task)
    (told,) = plan.problems()
    assert (told.severity, told.summary) == (
        "info", "management/scp/x: no account carries 'tag:env=prod' now: it stands for nothing",
    )  # fmt: skip
    assert told.where.startswith(f"{tmp_path}/playbook.yml:")
    state_of(bare.cloud).tags.put("444444444444", {"env": "prod"})
    assert list(project.plan(task).problems()) == []


def test_a_part_within_a_part_is_a_mistake_with_its_place(bare: Sandbox, tmp_path: Path) -> None:
    """`include` stands around the services, not around the accounts of one: said where it was written, no crash."""
    asked = {"sso.amazonaws.com": {"include": ["payments-prod"]}}
    with pytest.raises(InputError) as caught:
        Project(tmp_path).plan({"organization": {"delegated_administrators": asked}})
    (problem,) = caught.value.problems
    assert "'sso.amazonaws.com' takes a list of text, and all of it" in problem.summary
    assert problem.hint == "include: {sso.amazonaws.com: […]}"
    assert problem.where.startswith(f"{tmp_path}/playbook.yml:6:")


@pytest.mark.parametrize(
    "tags", [{"owner": "me;you"}, {"own;er": "me"}, {"owner": "x" * 257}, {"o" * 129: "me"}, {"": "me"}]
)
def test_tags_that_aws_does_not_take_are_refused_when_planned(
    bare: Sandbox, tmp_path: Path, tags: dict[str, str]
) -> None:
    """Characters and lengths of AWS's model, for what is new and what is there; letters of all scripts go."""
    project = Project(tmp_path)
    for task in (
        {"organizational_unit": {"name": "new", "tags": tags}},
        {"organization_account": {"name": "data-prod", "tags": {"include": tags}}},
    ):
        plan = project.plan(task)
        assert [problem.rule for problem in plan.problems() if problem.severity == "error"] == ["quota"]
        with pytest.raises(InputError):
            project.apply(plan)
    good = project.plan({"organizational_unit": {"name": "new", "tags": {"Größe": "東京 4/7 @x+y=z"}}})
    assert list(good.problems()) == []
    assert project.apply(good).exit_code == 0
