"""Every rule of Organizations that moto lacks and the sandbox holds."""

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iamfix.sandbox import Sandbox, TurnableClock
from iamfix.sandbox.services.organizations.state import OrgState

ROOT, PROD, SANDBOX = "r-prac", "ou-prac-11000000", "ou-prac-20000000"
DENY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]})
RCP = DENY.replace('"Action"', '"Principal": "*", "Action"').replace("iam:*", "s3:*")
SCP = {"Description": "", "Type": "SERVICE_CONTROL_POLICY"}
FULL = "p-FullAWSAccess"

STATEMENT = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}

Step = tuple[str, dict[str, Any]]


def scp(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def policy(name: str = "p", content: str = DENY, **more: Any) -> Step:
    return "create_policy", {**SCP, "Name": name, "Content": content, **more}


def attach(policy_id: str, target: str = PROD) -> Step:
    return "attach_policy", {"PolicyId": policy_id, "TargetId": target}


def detach(policy_id: str, target: str = PROD) -> Step:
    return "detach_policy", {"PolicyId": policy_id, "TargetId": target}


def unit(name: str, parent: str = ROOT) -> Step:
    return "create_organizational_unit", {"ParentId": parent, "Name": name}


def move(account: str, source: str, destination: str) -> Step:
    params = {"AccountId": account, "SourceParentId": source, "DestinationParentId": destination}
    return "move_account", params


RCPS: Step = ("enable_policy_type", {"RootId": ROOT, "PolicyType": "RESOURCE_CONTROL_POLICY"})
LOOK: Step = ("list_roots", {})
SERVICE = {"ServicePrincipal": "iam.amazonaws.com"}
DELEGATE: Step = ("register_delegated_administrator", {"AccountId": "222222222222", **SERVICE})

# "{}" stands for the id of the policy or unit that was made last
CASES: dict[str, tuple[list[Step], str | None, str | None]] = {
    "last SCP": ([detach(FULL)], "ConstraintViolationException", "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"),
    "SCP swap": ([policy(), attach("{}"), detach(FULL)], None, None),
    "attached twice": ([policy(), attach("{}"), attach("{}")], "DuplicatePolicyAttachmentException", None),
    "detaching what is not attached": ([policy(), detach("{}")], "PolicyNotAttachedException", None),
    "eleventh SCP": (
        [step for n in range(10) for step in (policy(f"p{n}"), attach("{}"))],
        "ConstraintViolationException",
        "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
    ),
    "unknown target": ([policy(), attach("{}", "999999999999")], "TargetNotFoundException", None),
    "unknown policy": ([attach("p-abcdefgh")], "PolicyNotFoundException", None),
    "SCP of 10240 characters": ([policy(content=DENY + " " * (10240 - len(DENY)))], None, None),
    "SCP of 10241 characters": (
        [policy(content=DENY + " " * (10241 - len(DENY)))],
        "ConstraintViolationException",
        "POLICY_CONTENT_LIMIT_EXCEEDED",
    ),
    "RCP of 5121 characters": (
        [RCPS, LOOK, policy(content=RCP + " " * (5121 - len(RCP)), Type="RESOURCE_CONTROL_POLICY")],
        "ConstraintViolationException",
        "POLICY_CONTENT_LIMIT_EXCEEDED",
    ),
    "not JSON": ([policy(content="not json")], "MalformedPolicyDocumentException", None),
    "SCP with a principal": ([policy(content=RCP)], "MalformedPolicyDocumentException", None),
    "RCP that allows": (
        [RCPS, LOOK, policy(content=RCP.replace("Deny", "Allow"), Type="RESOURCE_CONTROL_POLICY")],
        "MalformedPolicyDocumentException",
        None,
    ),
    **{
        f"SCP: {why}": ([policy(content=content)], "MalformedPolicyDocumentException", None)
        for why, content in {
            "no Version": json.dumps({"Statement": [STATEMENT]}),
            "old Version": json.dumps({"Version": "2008-10-17", "Statement": [STATEMENT]}),
            "no statement": json.dumps({"Version": "2012-10-17", "Statement": []}),
            "unknown element": scp({**STATEMENT, "Actions": "iam:*"}),
            "Principal": scp({**STATEMENT, "Principal": "*"}),
            "no Resource": scp({"Effect": "Deny", "Action": "iam:*"}),
            "Action and NotAction": scp({**STATEMENT, "NotAction": "iam:*"}),
            "action without a service": scp({**STATEMENT, "Action": "CreateUser"}),
            "resource that is no ARN": scp({**STATEMENT, "Resource": "bucket"}),
            "operator that does not exist": scp({**STATEMENT, "Condition": {"StringIs": {"aws:PrincipalArn": "x"}}}),
            "key without a service": scp({**STATEMENT, "Condition": {"StringLike": {"PrincipalArn": "x"}}}),
            "the same Sid twice": scp({**STATEMENT, "Sid": "a"}, {**STATEMENT, "Sid": "a"}),
            "Sid with a space": scp({**STATEMENT, "Sid": "a b"}),
            "a key twice": DENY.replace('"Action"', '"Effect": "Deny", "Action"'),
        }.items()
    },
    **{
        f"SCP takes {what}": ([policy(content=scp(statement))], None, None)
        for what, statement in {
            "Allow with a condition": {
                "Effect": "Allow",
                "Action": "s3:*",
                "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "true"}},
            },
            "Allow of a resource": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"},
            "Allow with NotAction": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            "NotResource": {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::b/*"},
            "a wildcard in the middle": {"Effect": "Deny", "Action": "ec2:*Instances", "Resource": "*"},
        }.items()
    },
    **{
        f"RCP: {why}": (
            [policy(content=scp(statement), Type="RESOURCE_CONTROL_POLICY")],
            "MalformedPolicyDocumentException",
            None,
        )
        for why, statement in {
            "no principal": STATEMENT,
            "one principal": {**STATEMENT, "Action": "s3:*", "Principal": {"AWS": "222222222222"}},
            "every action": {**STATEMENT, "Action": "*", "Principal": "*"},
            "NotAction": {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*", "Principal": "*"},
            "no Resource": {"Effect": "Deny", "Action": "s3:*", "Principal": "*"},
        }.items()
    },
    **{
        f"tag policy: {why}": (
            [policy(content=json.dumps(content), Type="TAG_POLICY")],
            "MalformedPolicyDocumentException",
            None,
        )
        for why, content in {
            "another type's": {"services": {}},
            "two keys at the top": {"tags": {"a": {"tag_key": {"@@assign": "a"}}}, "x": 1},
            "no tags": {"tags": {}},
            "no operator": {"tags": {"a": {"tag_key": "a"}}},
            "unknown operator": {"tags": {"a": {"tag_value": {"@@set": ["x"]}}}},
            "text for a list": {"tags": {"a": {"tag_value": {"@@assign": "x"}}}},
            "several keys": {"tags": {"a": {"tag_key": {"@@append": ["a"]}}}},
            "another key": {"tags": {"CostCenter": {"tag_key": {"@@assign": "Owner"}}}},
            "two wildcards": {"tags": {"a": {"tag_value": {"@@assign": ["*x*"]}}}},
            "no such setting": {"tags": {"a": {"tag_values": {"@@assign": ["x"]}}}},
            "enforced for everything": {"tags": {"a": {"enforced_for": {"@@assign": ["*"]}}}},
            "unknown word for children": {"tags": {"a": {"@@operators_allowed_for_child_policies": ["@@some"]}}},
        }.items()
    },
    "tag policy with all that there is": (
        [
            policy(
                Type="TAG_POLICY",
                content=json.dumps(
                    {
                        "tags": {
                            "@@operators_allowed_for_child_policies": ["@@none"],
                            "CostCenter": {
                                "tag_key": {
                                    "@@assign": "costcenter",
                                    "@@operators_allowed_for_child_policies": ["@@none"],
                                },
                                "tag_value": {"@@append": ["1*"], "@@remove": ["2"]},
                                "enforced_for": {"@@assign": ["ec2:*"]},
                                "report_required_tag_for": {"@@assign": ["ec2:ALL_SUPPORTED"]},
                            },
                        }
                    }
                ),
            )
        ],
        None,
        None,
    ),
    **{
        f"AI policy: {why}": (
            [policy(content=json.dumps(content), Type="AISERVICES_OPT_OUT_POLICY")],
            "MalformedPolicyDocumentException",
            None,
        )
        for why, content in {
            "another case": {"services": {"default": {"opt_out_policy": {"@@assign": "optout"}}}},
            "a list": {"services": {"default": {"opt_out_policy": {"@@assign": ["optOut"]}}}},
            "no such setting": {"services": {"default": {"opt_out": {"@@assign": "optOut"}}}},
            "nothing": {"services": {"default": {}}},
        }.items()
    },
    "the manager leaves": ([("leave_organization", {})], "MasterCannotLeaveOrganizationException", None),
    "an account that was made here cannot pay": (
        [("remove_account_from_organization", {"AccountId": "555555555555"})],
        "ConstraintViolationException",
        "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED",
    ),
    "a delegated administrator is removed": (
        [
            ("enable_aws_service_access", SERVICE),
            DELEGATE,
            ("remove_account_from_organization", {"AccountId": "222222222222"}),
        ],
        "ConstraintViolationException",
        "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
    ),
    "a tag's value with another character": (
        [("tag_resource", {"ResourceId": PROD, "Tags": [{"Key": "x", "Value": "a;b"}]})],
        "InvalidInputException",
        "INVALID_PATTERN",
    ),
    "policy name twice": ([policy(), policy()], "DuplicatePolicyException", None),
    "policy name in two types": (
        [policy(), policy(content=RCP, Type="RESOURCE_CONTROL_POLICY")],
        None,
        None,
    ),
    "type not enabled": (
        [policy(content=RCP, Type="RESOURCE_CONTROL_POLICY"), attach("{}")],
        "PolicyTypeNotEnabledException",
        None,
    ),
    "type being enabled": (
        [policy(content=RCP, Type="RESOURCE_CONTROL_POLICY"), RCPS, attach("{}")],
        "PolicyChangesInProgressException",
        None,
    ),
    "type enabled": ([policy(content=RCP, Type="RESOURCE_CONTROL_POLICY"), RCPS, LOOK, attach("{}")], None, None),
    "type enabled twice": ([RCPS, RCPS], "PolicyTypeAlreadyEnabledException", None),
    "SCPs are enabled": (
        [("enable_policy_type", {"RootId": ROOT, "PolicyType": "SERVICE_CONTROL_POLICY"})],
        "PolicyTypeAlreadyEnabledException",
        None,
    ),
    "AWS's RCP": ([RCPS, LOOK, detach("p-RCPFullAWSAccess")], "InvalidInputException", "NON_DETACHABLE_POLICY"),
    "AWS's SCP": ([("delete_policy", {"PolicyId": FULL})], "InvalidInputException", "IMMUTABLE_POLICY"),
    "policy in use": ([policy(), attach("{}"), ("delete_policy", {"PolicyId": "{}"})], "PolicyInUseException", None),
    "unit name twice": ([unit("a"), unit("a")], "DuplicateOrganizationalUnitException", None),
    "unit name in two parents": ([unit("a"), unit("a", SANDBOX)], None, None),
    "unit in nothing": ([unit("a", "ou-prac-99999999")], "ParentNotFoundException", None),
    "unit with accounts": (
        [("delete_organizational_unit", {"OrganizationalUnitId": SANDBOX})],
        "OrganizationalUnitNotEmptyException",
        None,
    ),
    "unit with units": (
        [("delete_organizational_unit", {"OrganizationalUnitId": "ou-prac-10000000"})],
        "OrganizationalUnitNotEmptyException",
        None,
    ),
    "empty unit": ([unit("a"), ("delete_organizational_unit", {"OrganizationalUnitId": "{}"})], None, None),
    "five levels": ([unit("a", PROD), unit("b", "{}"), unit("c", "{}")], None, None),
    "six levels": (
        [unit("a", PROD), unit("b", "{}"), unit("c", "{}"), unit("d", "{}")],
        "ConstraintViolationException",
        "OU_DEPTH_LIMIT_EXCEEDED",
    ),
    "wrong source": ([move("222222222222", SANDBOX, ROOT)], "SourceParentNotFoundException", None),
    "wrong destination": ([move("222222222222", PROD, "ou-prac-99999999")], "DestinationParentNotFoundException", None),
    "already there": ([move("222222222222", PROD, PROD)], "DuplicateAccountException", None),
    "moved": ([move("222222222222", PROD, SANDBOX)], None, None),
    "unknown account": ([move("999999999999", PROD, ROOT)], "AccountNotFoundException", None),
    "closing the manager": (
        [("close_account", {"AccountId": "111111111111"})],
        "ConstraintViolationException",
        "CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
    ),
    "closing twice": ([("close_account", {"AccountId": "555555555555"})] * 2, "AccountAlreadyClosedException", None),
    "delegation without service access": (
        [DELEGATE],
        "ConstraintViolationException",
        "SERVICE_ACCESS_NOT_ENABLED",
    ),
    "delegation": ([("enable_aws_service_access", SERVICE), DELEGATE], None, None),
    "delegation twice": (
        [("enable_aws_service_access", SERVICE), DELEGATE, DELEGATE],
        "AccountAlreadyRegisteredException",
        None,
    ),
    "service access while delegated": (
        [("enable_aws_service_access", SERVICE), DELEGATE, ("disable_aws_service_access", SERVICE)],
        "ConstraintViolationException",
        "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE",
    ),
    "reserved tag": (
        [("tag_resource", {"ResourceId": PROD, "Tags": [{"Key": "aws:x", "Value": ""}]})],
        "InvalidInputException",
        "INVALID_SYSTEM_TAGS_PARAMETER",
    ),
    "name of a policy too long": ([policy("x" * 129)], "InvalidInputException", "MAX_LENGTH_EXCEEDED"),
    "second organization": ([("create_organization", {})], "AlreadyInOrganizationException", None),
}


def made_id(told: dict[str, Any]) -> str | None:
    if "OrganizationalUnit" in told:
        return str(told["OrganizationalUnit"]["Id"])
    return str(told["Policy"]["PolicySummary"]["Id"]) if "Policy" in told else None


@pytest.mark.parametrize("case", CASES)
def test_rule_holds_with_awss_code_and_reason(sandbox: Sandbox, case: str) -> None:
    """The last call is answered with AWS's error code and reason, or goes well where AWS lets it."""
    steps, code, reason = CASES[case]
    client, last_made = sandbox.client("organizations"), ""

    def take(step: Step) -> str:
        filled = {key: last_made if value == "{}" else value for key, value in step[1].items()}
        return made_id(getattr(client, step[0])(**filled)) or last_made

    for step in steps[:-1]:
        last_made = take(step)
    if code is None:
        take(steps[-1])
        return
    with pytest.raises(ClientError) as caught:
        take(steps[-1])
    assert (caught.value.response["Error"]["Code"], caught.value.response.get("Reason")) == (code, reason)


def test_creating_an_account_takes_several_polls_and_then_time(sandbox: Sandbox, clock: TurnableClock) -> None:
    """CreateAccount is IN_PROGRESS for some polls; then the account is in the root, and its access role works."""
    organizations = sandbox.client("organizations")
    asked = organizations.create_account(AccountName="new", Email="new@example.com")["CreateAccountStatus"]
    states = []
    while not states or states[-1] == "IN_PROGRESS":
        told = organizations.describe_create_account_status(CreateAccountRequestId=asked["Id"])["CreateAccountStatus"]
        states.append(told["State"])
    assert states == ["IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED"]
    assert organizations.list_parents(ChildId=told["AccountId"])["Parents"] == [{"Id": ROOT, "Type": "ROOT"}]
    role = f"arn:aws:iam::{told['AccountId']}:role/OrganizationAccountAccessRole"
    codes = []
    for _ in range(6):
        codes.append(_tried_in(sandbox, role))
        clock.turn(6)
    assert codes == ["AccessDenied", "AccessDenied", "SubscriptionRequiredException", "SubscriptionRequiredException",
                     "PendingVerification", "well"]  # fmt: skip


def _tried_in(sandbox: Sandbox, role: str) -> str:
    """Assume a role, and list roles and regions with it; the first error's code."""
    try:
        assumed = sandbox.client("sts").assume_role(RoleArn=role, RoleSessionName="run")
        key = assumed["Credentials"]["AccessKeyId"]
        roles = sandbox.client_as(key, "iam").list_roles()["Roles"]
        assert [told["RoleName"] for told in roles] == ["OrganizationAccountAccessRole"]
        sandbox.client_as(key, "ec2").describe_regions()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "well"


def test_a_repeated_email_address_fails_in_the_background(sandbox: Sandbox) -> None:
    """CreateAccount with an address in use, here or elsewhere, or a wrong one, is accepted, and FAILED later."""
    organizations = sandbox.client("organizations")
    inside, outside = organizations.list_accounts()["Accounts"][1]["Email"], "elsewhere@example.com"
    sandbox.cloud.state(OrgState, "111111111111", "aws").addresses_elsewhere.add(outside)
    for address, reason in (
        (inside.upper(), "EMAIL_ALREADY_EXISTS"), (outside, "EMAIL_ALREADY_EXISTS"),
        ("müll@example.com", "INVALID_EMAIL"), (".a@example.com", "INVALID_EMAIL"),
        ("a,b@example.com", "INVALID_EMAIL"),
    ):  # fmt: skip
        asked = organizations.create_account(AccountName="new", Email=address)["CreateAccountStatus"]
        assert asked["State"] == "IN_PROGRESS"
        for _ in range(4):
            told = organizations.describe_create_account_status(CreateAccountRequestId=asked["Id"])
        status = told["CreateAccountStatus"]
        assert (status["State"], status["FailureReason"]) == ("FAILED", reason)
    assert len(organizations.list_accounts()["Accounts"]) == 5


def test_lists_have_twenty_a_page_and_may_have_an_empty_one(sandbox: Sandbox) -> None:
    """Thirty units come in pages of 20, an empty one in between when switched on; none is lost."""
    organizations = sandbox.client("organizations")
    for number in range(30):
        organizations.create_organizational_unit(ParentId=SANDBOX, Name=f"u{number}")
    sandbox.faults.empty_pages = True
    pages = organizations.get_paginator("list_organizational_units_for_parent").paginate(ParentId=SANDBOX)
    assert [len(told["OrganizationalUnits"]) for told in pages] == [20, 0, 10]


def test_a_member_account_may_not_ask(sandbox: Sandbox) -> None:
    """A member reads DescribeOrganization only; all else is AccessDeniedException until it is a delegated admin."""
    member = sandbox.client("organizations", "222222222222")
    assert member.describe_organization()["Organization"]["MasterAccountId"] == "111111111111"
    with pytest.raises(ClientError, match="AccessDeniedException"):
        member.list_accounts()
    manager = sandbox.client("organizations")
    manager.enable_aws_service_access(**SERVICE)
    manager.register_delegated_administrator(AccountId="222222222222", **SERVICE)
    assert len(member.list_accounts()["Accounts"]) == 5
    with pytest.raises(ClientError, match="AccessDeniedException"):
        member.create_organizational_unit(ParentId=ROOT, Name="x")


def test_who_was_invited_leaves(sandbox: Sandbox) -> None:
    """An invited member leaves by its own call, unless an SCP denies it; one that was made here waits first."""
    manager, state = sandbox.client("organizations"), sandbox.cloud.state(OrgState, "111111111111", "aws")
    for account, method in (("555555555555", "INVITED"), ("444444444444", "CREATED")):
        member = state.members.latest(account)
        assert member is not None
        state.members.put(account, replace(member, method=method, joined=sandbox.cloud.now()))
    with pytest.raises(ClientError) as caught:
        sandbox.client("organizations", "444444444444").leave_organization()
    assert caught.value.response["Reason"] == "WAIT_PERIOD_ACTIVE"
    denied = scp({"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"})
    made = manager.create_policy(Name="stay", Content=denied, **SCP)["Policy"]["PolicySummary"]["Id"]
    manager.attach_policy(PolicyId=made, TargetId="555555555555")
    with pytest.raises(ClientError, match="explicit deny in a service control policy"):
        sandbox.client("organizations", "555555555555").leave_organization()
    manager.detach_policy(PolicyId=made, TargetId="555555555555")
    sandbox.client("organizations", "555555555555").leave_organization()
    assert "555555555555" not in [one["Id"] for one in manager.list_accounts()["Accounts"]]
    with pytest.raises(ClientError, match="AWSOrganizationsNotInUseException"):
        sandbox.client("organizations", "555555555555").describe_organization()


def test_an_account_without_an_organization_is_told_so() -> None:
    """Where there is no organization, every call is AWSOrganizationsNotInUseException; it can be created."""
    with Sandbox(layout="none") as lone:
        organizations = lone.client("organizations")
        with pytest.raises(ClientError, match="AWSOrganizationsNotInUseException"):
            organizations.list_accounts()
        organizations.create_organization(FeatureSet="ALL")
        root = organizations.list_roots()["Roots"][0]
        assert root["PolicyTypes"] == [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]
        attached = organizations.list_policies_for_target(TargetId=root["Id"], Filter="SERVICE_CONTROL_POLICY")
        assert [told["Name"] for told in attached["Policies"]] == ["FullAWSAccess"]


def test_disabling_a_type_detaches_its_policies_for_good(sandbox: Sandbox) -> None:
    """After disabling and enabling SCPs again, only FullAWSAccess is attached."""
    organizations = sandbox.client("organizations")
    made = organizations.create_policy(Name="p", Content=DENY, **SCP)["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=made, TargetId=PROD)
    organizations.disable_policy_type(RootId=ROOT, PolicyType="SERVICE_CONTROL_POLICY")
    organizations.enable_policy_type(RootId=ROOT, PolicyType="SERVICE_CONTROL_POLICY")
    organizations.list_roots()
    attached = organizations.list_policies_for_target(TargetId=PROD, Filter="SERVICE_CONTROL_POLICY")["Policies"]
    assert [told["Id"] for told in attached] == [FULL]
    assert organizations.list_targets_for_policy(PolicyId=made)["Targets"] == []
    assert len(organizations.list_targets_for_policy(PolicyId=FULL)["Targets"]) == 10


def test_a_closed_account_is_pending_first(sandbox: Sandbox) -> None:
    """CloseAccount shows PENDING_CLOSURE, then SUSPENDED."""
    organizations = sandbox.client("organizations")
    organizations.close_account(AccountId="555555555555")
    states = []
    for _ in range(2):
        accounts = organizations.list_accounts()["Accounts"]
        states.append(next(told["State"] for told in accounts if told["Id"] == "555555555555"))
    assert states == ["PENDING_CLOSURE", "SUSPENDED"]


def test_content_is_kept_as_sent(sandbox: Sandbox) -> None:
    """DescribePolicy tells the content character for character."""
    organizations = sandbox.client("organizations")
    text = json.dumps(json.loads(DENY), indent=4)
    made = organizations.create_policy(Name="p", Content=text, **SCP)["Policy"]["PolicySummary"]
    assert organizations.describe_policy(PolicyId=made["Id"])["Policy"]["Content"] == text
    assert made["Arn"] == f"arn:aws:organizations::111111111111:policy/o-practice01/service_control_policy/{made['Id']}"
