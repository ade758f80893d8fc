"""`iamfix validate` lints the policy documents of playbooks and templates, and says in which line each finding is."""

from __future__ import annotations

from pathlib import Path

import pytest

from iamfix.cli import run
from iamfix.model import InputError, Problem
from iamfix.options import Options
from iamfix.validate import validate

INVENTORY = "all:\n  accounts:\n" + "".join(f'    a{n}: {{id: "{n:012}"}}\n' for n in range(1, 4))
PLAYBOOK = """\
- name: Policies
  accounts: all
  vars: {limit: Limit}
  tasks:
    - name: Inline in YAML
      iam_managed_policy:
        name: Wide
        policy:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Action: ["s3:GetObjet"]
              Resource: "*"
    - name: From a template
      iam_managed_policy:
        name: Passing
        policy: "{{ template('passing.json.j2') }}"
    - name: A template of YAML
      iam_role:
        name: app
        assume_role_policy_document: "{{ template('trust.yml.j2') }}"
        inline_policies:
          include:
            all:
              Version: "2012-10-17"
              Statement: {Effect: Allow, Action: "*", Resource: "*"}
    - name: A boundary
      iam_managed_policy:
        name: Limit
        policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "*", Resource: "*"}]}
    - name: Bounded
      iam_role:
        select: "true"
        permissions_boundary: "{{ limit }}"
"""
PASSING = """\
{
  "Version": "2012-10-17",
  {# a comment
     of two lines #}
  "Statement": [
{% for service in ["s3", "sqs"] %}
    {"Effect": "Allow", "Action": "{{ service }}:List*", "Resource": "*"},
{% endfor %}
    {"Effect": "Allow",
     "Action": "iam:PassRole",
     "Resource": "arn:{{ partition }}:iam::{{ account_id }}:role/*"}
  ]
}
"""
TRUST = """\
Version: "2012-10-17"
Statement:
  - Effect: Allow
    Principal: {AWS: "*"}
    Action: sts:AssumeRole
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "templates").mkdir()
    for name, text in {
        "inventory.yml": INVENTORY, "play.yml": PLAYBOOK, "templates/passing.json.j2": PASSING,
        "templates/trust.yml.j2": TRUST,
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def notes_of(project: Path) -> list[Problem]:
    notes: list[Problem] = []
    assert validate([project / "play.yml"], Options(inventory=project / "inventory.yml"), notes.append) == (1, 3)
    return notes


def test_findings_have_the_line_of_playbook_or_template(project: Path) -> None:
    """Each is told once for all accounts, with severity, rule and place: in YAML, in templates, behind loops too."""
    found = {(one.severity, one.rule, one.where.removeprefix(f"{project}/")) for one in notes_of(project)}
    assert found == {
        ("warning", "unknown-action", "play.yml:12:24"),
        ("warning", "pass-role-star", "templates/passing.json.j2:10:6"),
        ("warning", "trust-anyone", "templates/trust.yml.j2:4:22"),
        ("warning", "star-star", "play.yml:26:50"),
    }


def test_a_boundary_only_limits(project: Path) -> None:
    """A policy that a task gives somebody as boundary is no grant of all that it allows."""
    assert not any("play.yml:30" in one.where for one in notes_of(project))
    (project / "play.yml").write_text(
        PLAYBOOK.replace('permissions_boundary: "{{ limit }}"', "path: /x/"), encoding="utf-8"
    )
    assert any("play.yml:30" in one.where and one.rule == "star-star" for one in notes_of(project))


def test_what_aws_refuses_is_an_error(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A document that AWS would not take makes validate exit 1; what else lint finds is shown, and exits 0."""
    arguments = ["validate", "play.yml", "-i", "inventory.yml"]
    assert run(arguments) == 0
    told = capsys.readouterr()
    assert told.out == "Valid: 1 play, 3 accounts.\n"
    assert "warning [star-star]: play.yml:26:50: inline_policies: The statement allows all actions" in told.err
    (project / "play.yml").write_text(PLAYBOOK.replace("Effect: Allow\n", "Effect: allow\n"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        validate([project / "play.yml"], Options(inventory=project / "inventory.yml"))
    assert [(one.where.rpartition("/")[2], one.rule) for one in caught.value.problems] == [("play.yml:11:23", "effect")]
    assert run(arguments) == 1


def test_the_accounts_own_id_is_told(project: Path) -> None:
    """Summaries name the account's own id, though a document is linted once for all accounts."""
    foreign = TRUST.replace('"*"', "'arn:aws:iam::{{ account_id }}:root'") + (
        "  - {Effect: Allow, Principal: {AWS: 'arn:aws:iam::999999999999:root'}, Action: sts:AssumeRole}\n"
    )
    (project / "templates/trust.yml.j2").write_text(foreign, encoding="utf-8")
    found = [one for one in notes_of(project) if one.rule == "cross-account-trust"]
    assert [(one.where.rpartition("/")[2], "999999999999" in one.summary) for one in found] == [
        ("trust.yml.j2:6:38", True)
    ]
    assert all("000000000000" not in one.summary for one in notes_of(project))


SELECTED = """
    - name: Whatever is matched
      iam_role:
        select: "path == '/app/'"
        inline_policies:
          include:
            limits:
              Version: "2012-10-17"
              Statement: {Effect: Allow, Action: "s3:GetObjet", Resource: "*"}
        assume_role_policy_document: "{{ template('trust.yml.j2') }}"
        permissions_boundary: "{{ resource.name }}"
    - name: What is matched is asked
      iam_role:
        select: "true"
        inline_policies:
          include:
            own: {Version: "2012-10-17", Statement: {Effect: Allow, Action: "*", Resource: "{{ resource.arn }}"}}
        assume_role_policy_document: "{{ template('own.yml.j2') }}"
"""


def test_documents_of_tasks_that_select_are_linted_too(project: Path) -> None:
    """What is the same for all that is matched needs no resource; what asks the resource is left for the plan."""
    (project / "play.yml").write_text(PLAYBOOK.partition("    - name: From a template")[0] + SELECTED, "utf-8")
    (project / "templates/own.yml.j2").write_text(TRUST.replace('"*"', '"{{ resource.arn }}"'), encoding="utf-8")
    found = {(one.rule, one.where.removeprefix(f"{project}/")) for one in notes_of(project)}
    assert found == {
        ("unknown-action", "play.yml:12:24"), ("unknown-action", "play.yml:22:50"),
        ("trust-anyone", "templates/trust.yml.j2:4:22"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ("Statement: {Effect: allow, Action: 's3:GetObject', Resource: '*'}", "effect"),
        ("Statement: {Effect: Allow, Action: 's3:GetObject', Resource: '{{ nowhere }}'}", ""),
    ],
)
def test_mistakes_in_tasks_that_select_are_errors(project: Path, wrong: str, rule: str) -> None:
    """A document that AWS would not take, or a variable that is nowhere, is an error there as everywhere."""
    text = PLAYBOOK.partition("    - name: From a template")[0] + SELECTED
    text = text.replace('Statement: {Effect: Allow, Action: "s3:GetObjet", Resource: "*"}', wrong)
    (project / "templates/own.yml.j2").write_text(TRUST, encoding="utf-8")
    (project / "play.yml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        validate([project / "play.yml"], Options(inventory=project / "inventory.yml"))
    assert [one.rule for one in caught.value.problems] == [rule]
    assert "play.yml:22" in caught.value.problems[0].where
