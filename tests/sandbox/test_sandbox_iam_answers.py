"""What IAM answers in the sandbox where moto answers something else."""

import csv
import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iamfix.sandbox import Sandbox, TurnableClock
from tests.public_keys import ssh_key

ACCOUNT = "111111111111"
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]})
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
BOUNDARY = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": ADMIN}


def trust(principal: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


EC2 = trust({"Service": "ec2.amazonaws.com"})


def test_users_have_boundaries_in_get_user_and_in_the_account_details(sandbox: Sandbox) -> None:
    """A boundary given at creation or later is told by GetUser and the account details, not by ListUsers."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="a", PermissionsBoundary=ADMIN)
    iam.create_user(UserName="b")
    iam.put_user_permissions_boundary(UserName="b", PermissionsBoundary=ADMIN)
    assert [iam.get_user(UserName=name)["User"]["PermissionsBoundary"] for name in "ab"] == [BOUNDARY, BOUNDARY]
    details = iam.get_account_authorization_details(Filter=["User"])["UserDetailList"]
    assert [user["PermissionsBoundary"] for user in details] == [BOUNDARY, BOUNDARY]
    assert "PermissionsBoundary" not in iam.list_users()["Users"][0]
    iam.delete_user_permissions_boundary(UserName="b")
    assert "PermissionsBoundary" not in iam.get_user(UserName="b")["User"]


def test_update_role_keeps_what_is_left_out(sandbox: Sandbox) -> None:
    """UpdateRole changes only the fields it is given."""
    iam = sandbox.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=EC2, Description="d", MaxSessionDuration=7200)
    iam.update_role(RoleName="r", MaxSessionDuration=3600)
    role = iam.get_role(RoleName="r")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("d", 3600)
    iam.update_role(RoleName="r", Description="e")
    role = iam.get_role(RoleName="r")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("e", 3600)


def test_a_renamed_user_keeps_everything(sandbox: Sandbox) -> None:
    """Tags, keys, memberships and attachments follow a user to the new name."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="u", Tags=[{"Key": "k", "Value": "v"}])
    iam.create_group(GroupName="g")
    iam.add_user_to_group(UserName="u", GroupName="g")
    iam.attach_user_policy(UserName="u", PolicyArn=ADMIN)
    key = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    iam.update_user(UserName="u", NewUserName="v", NewPath="/x/")
    user = iam.get_account_authorization_details(Filter=["User"])["UserDetailList"][0]
    assert (user["Arn"], user["GroupList"], user["Tags"]) == (
        f"arn:aws:iam::{ACCOUNT}:user/x/v",
        ["g"],
        [{"Key": "k", "Value": "v"}],
    )
    assert [policy["PolicyArn"] for policy in user["AttachedManagedPolicies"]] == [ADMIN]
    assert [told["AccessKeyId"] for told in iam.list_access_keys(UserName="v")["AccessKeyMetadata"]] == [key]


def test_a_group_gets_a_new_path_alone(sandbox: Sandbox) -> None:
    """UpdateGroup applies NewPath without NewGroupName, and members stay."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(UserName="u", GroupName="g")
    iam.update_group(GroupName="g", NewPath="/team/")
    told = iam.get_group(GroupName="g")
    assert told["Group"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/team/g"
    assert [user["UserName"] for user in told["Users"]] == ["u"]


def test_tag_keys_of_users_and_roles_fold_case(sandbox: Sandbox) -> None:
    """A key that differs in case only replaces the other; a policy has both."""
    iam = sandbox.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=EC2, Tags=[{"Key": "Dept", "Value": "1"}])
    iam.tag_role(RoleName="r", Tags=[{"Key": "dept", "Value": "2"}])
    assert iam.list_role_tags(RoleName="r")["Tags"] == [{"Key": "dept", "Value": "2"}]
    iam.untag_role(RoleName="r", TagKeys=["DEPT"])
    assert iam.list_role_tags(RoleName="r")["Tags"] == []
    arn = iam.create_policy(PolicyName="p", PolicyDocument=ALLOW)["Policy"]["Arn"]
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "Dept", "Value": "1"}])
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "dept", "Value": "2"}])
    assert len(iam.list_policy_tags(PolicyArn=arn)["Tags"]) == 2


def test_policy_uses_are_counted(sandbox: Sandbox) -> None:
    """AttachmentCount and PermissionsBoundaryUsageCount say how often a policy is used, also one of AWS's."""
    iam = sandbox.client("iam")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=ALLOW)["Policy"]["Arn"]
    iam.create_group(GroupName="g")
    for name in "uv":
        iam.create_user(UserName=name, PermissionsBoundary=arn)
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
    iam.attach_group_policy(GroupName="g", PolicyArn=arn)
    told = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (told["AttachmentCount"], told["PermissionsBoundaryUsageCount"]) == (3, 2)
    listed = iam.list_policies(Scope="Local")["Policies"][0]
    assert (listed["AttachmentCount"], listed["PermissionsBoundaryUsageCount"]) == (3, 2)
    both = iam.list_entities_for_policy(PolicyArn=arn)
    assert [user["UserName"] for user in both["PolicyUsers"]] == ["u", "v"]
    assert [group["GroupName"] for group in both["PolicyGroups"]] == ["g"]
    bounded = iam.list_entities_for_policy(PolicyArn=arn, PolicyUsageFilter="PermissionsBoundary")
    assert (len(bounded["PolicyUsers"]), len(bounded["PolicyGroups"])) == (2, 0)


def test_versions_are_newest_first_and_ids_are_never_used_again(sandbox: Sandbox) -> None:
    """The newest version is first; after v5 is deleted comes v6; setting the present default is no change."""
    iam = sandbox.client("iam")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=ALLOW)["Policy"]["Arn"]
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=ALLOW)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v5")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=ALLOW, SetAsDefault=True)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v6")
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [(version["VersionId"], version["IsDefaultVersion"]) for version in versions] == [
        ("v6", True),
        ("v4", False),
        ("v3", False),
        ("v2", False),
        ("v1", False),
    ]
    details = iam.get_account_authorization_details(Filter=["LocalManagedPolicy"])["Policies"][0]
    assert [version["VersionId"] for version in details["PolicyVersionList"]] == ["v6", "v4", "v3", "v2", "v1"]
    assert details["PolicyVersionList"][0]["Document"] == json.loads(ALLOW)


def test_aws_managed_policies_exist_in_every_account(sandbox: Sandbox) -> None:
    """More than a thousand policies of AWS are there; ListPolicies pages through them; details tell those in use."""
    iam = sandbox.client("iam", "222222222222")
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={"PageSize": 1000})
    assert len([policy for told in pages for policy in told["Policies"]]) > 1000
    assert iam.get_policy(PolicyArn=ADMIN)["Policy"]["AttachmentCount"] == 1
    used = iam.get_account_authorization_details(Filter=["AWSManagedPolicy"])["Policies"]
    assert [policy["PolicyName"] for policy in used] == ["AdministratorAccess"]
    version = iam.get_policy(PolicyArn=ADMIN)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=ADMIN, VersionId=version)["PolicyVersion"]["Document"]
    assert document["Statement"][0]["Action"] == "*"


def test_a_deleted_principal_stays_in_a_trust_policy_as_an_id(sandbox: Sandbox) -> None:
    """A role deleted and made again is not the role that was trusted: the trust policy shows its old AROA id."""
    iam = sandbox.client("iam")
    role_id = iam.create_role(RoleName="r", AssumeRolePolicyDocument=EC2)["Role"]["RoleId"]
    trusting = trust({"AWS": [f"arn:aws:iam::{ACCOUNT}:role/r", "222222222222"]})
    iam.create_role(RoleName="s", AssumeRolePolicyDocument=trusting)
    iam.delete_role(RoleName="r")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=EC2)
    shown = iam.get_role(RoleName="s")["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"]
    assert shown == [role_id, "arn:aws:iam::222222222222:root"]


def test_a_renamed_principal_is_followed_by_trust_policies(sandbox: Sandbox) -> None:
    """A trusted user who gets another name is shown with that name."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/u"}))
    iam.update_user(UserName="u", NewUserName="v")
    shown = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"]
    assert shown == f"arn:aws:iam::{ACCOUNT}:user/v"


@pytest.mark.parametrize(
    ("operation", "prefix", "member"),
    [
        ("create_user", "AIDA", ("User", "UserId")),
        ("create_group", "AGPA", ("Group", "GroupId")),
        ("create_role", "AROA", ("Role", "RoleId")),
        ("create_policy", "ANPA", ("Policy", "PolicyId")),
        ("create_instance_profile", "AIPA", ("InstanceProfile", "InstanceProfileId")),
    ],
)
def test_ids_have_awss_prefixes(sandbox: Sandbox, operation: str, prefix: str, member: tuple[str, str]) -> None:
    """The unique id of a new thing starts as AWS's ids of its kind do and has 21 characters."""
    params: dict[str, dict[str, str]] = {
        "create_user": {"UserName": "x"},
        "create_group": {"GroupName": "x"},
        "create_role": {"RoleName": "x", "AssumeRolePolicyDocument": EC2},
        "create_policy": {"PolicyName": "x", "PolicyDocument": ALLOW},
        "create_instance_profile": {"InstanceProfileName": "x"},
    }
    told = getattr(sandbox.client("iam"), operation)(**params[operation])[member[0]][member[1]]
    assert told.startswith(prefix)
    assert len(told) == 21


def test_the_password_policy_is_replaced_whole(sandbox: Sandbox) -> None:
    """What UpdateAccountPasswordPolicy leaves out goes back to AWS's default."""
    iam = sandbox.client("iam")
    iam.update_account_password_policy(MinimumPasswordLength=14, MaxPasswordAge=90, RequireSymbols=True)
    iam.update_account_password_policy(RequireNumbers=True)
    assert iam.get_account_password_policy()["PasswordPolicy"] == {
        "MinimumPasswordLength": 6,
        "RequireSymbols": False,
        "RequireNumbers": True,
        "RequireUppercaseCharacters": False,
        "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": False,
        "ExpirePasswords": False,
    }
    iam.delete_account_password_policy()
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.delete_account_password_policy()


def test_a_login_profile_keeps_its_reset_flag(sandbox: Sandbox) -> None:
    """PasswordResetRequired is kept on create, and on an update that leaves it out."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    iam.create_login_profile(UserName="u", Password="Correct-Horse-7", PasswordResetRequired=True)
    iam.update_login_profile(UserName="u", Password="Correct-Horse-8")
    assert iam.get_login_profile(UserName="u")["LoginProfile"]["PasswordResetRequired"] is True


def test_a_user_is_deleted_after_all_its_belongings(sandbox: Sandbox) -> None:
    """With everything removed in order, DeleteUser goes well."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(UserName="u", GroupName="g")
    iam.create_login_profile(UserName="u", Password="Correct-Horse-7")
    key = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    ssh = iam.upload_ssh_public_key(UserName="u", SSHPublicKeyBody=ssh_key())["SSHPublicKey"]["SSHPublicKeyId"]
    made = iam.create_service_specific_credential(UserName="u", ServiceName="codecommit.amazonaws.com")
    service_credential = made["ServiceSpecificCredential"]["ServiceSpecificCredentialId"]
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="u")["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(UserName="u", SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="654321")
    listed = iam.list_service_specific_credentials(UserName="u")["ServiceSpecificCredentials"]
    assert [told["ServiceSpecificCredentialId"] for told in listed] == [service_credential]
    assert iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"][0]["User"]["UserName"] == "u"
    iam.deactivate_mfa_device(UserName="u", SerialNumber=device)
    iam.delete_virtual_mfa_device(SerialNumber=device)
    iam.delete_service_specific_credential(UserName="u", ServiceSpecificCredentialId=service_credential)
    iam.delete_ssh_public_key(UserName="u", SSHPublicKeyId=ssh)
    iam.delete_access_key(UserName="u", AccessKeyId=key)
    iam.delete_login_profile(UserName="u")
    iam.remove_user_from_group(UserName="u", GroupName="g")
    iam.delete_user(UserName="u")
    assert iam.list_users()["Users"] == []


def test_the_account_summary_counts(sandbox: Sandbox) -> None:
    """GetAccountSummary tells live numbers, quotas and what the root user has."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    summary = iam.get_account_summary()["SummaryMap"]
    assert (summary["Users"], summary["Roles"], summary["AccountMFAEnabled"]) == (1, 2, 1)
    assert summary["AccountPasswordPresent"] == 1
    assert summary["AttachedPoliciesPerUserQuota"] == 10


def test_the_credential_report_has_a_row_for_root(sandbox: Sandbox, clock: TurnableClock) -> None:
    """The report starts with <root_account>, is kept for four hours, and then expires."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    rows = list(csv.DictReader(io.StringIO(iam.get_credential_report()["Content"].decode())))
    assert [row["user"] for row in rows] == ["<root_account>", "u"]
    assert (rows[0]["mfa_active"], rows[0]["password_enabled"]) == ("true", "not_supported")
    assert (rows[1]["password_enabled"], rows[1]["access_key_1_last_used_date"]) == ("false", "N/A")
    clock.turn(4 * 3600)
    with pytest.raises(ClientError, match="ReportExpired"):
        iam.get_credential_report()


PAGED = {
    "list_users": ("Users", {}),
    "list_groups": ("Groups", {}),
    "list_roles": ("Roles", {"PathPrefix": "/app/"}),
    "list_policies": ("Policies", {"Scope": "Local"}),
    "list_instance_profiles": ("InstanceProfiles", {}),
    "get_group": ("Users", {"GroupName": "g0"}),
    "list_groups_for_user": ("Groups", {"UserName": "u0"}),
    "list_attached_user_policies": ("AttachedPolicies", {"UserName": "u0"}),
    "list_user_policies": ("PolicyNames", {"UserName": "u0"}),
    "list_user_tags": ("Tags", {"UserName": "u0"}),
    "list_policy_versions": ("Versions", {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/p0"}),
    "list_entities_for_policy": ("PolicyUsers", {"PolicyArn": ADMIN, "EntityFilter": "User"}),
    "get_account_authorization_details": ("UserDetailList", {"Filter": ["User"]}),
}


def fill(iam: Any) -> None:
    """Five of everything."""
    for number in range(5):
        iam.create_user(UserName=f"u{number}")
        iam.create_group(GroupName=f"g{number}")
        iam.create_role(RoleName=f"r{number}", Path="/app/", AssumeRolePolicyDocument=EC2)
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=ALLOW)
        iam.create_instance_profile(InstanceProfileName=f"i{number}")
        iam.attach_user_policy(UserName=f"u{number}", PolicyArn=ADMIN)
    for number in range(5):
        iam.add_user_to_group(UserName=f"u{number}", GroupName="g0")
        iam.put_user_policy(UserName="u0", PolicyName=f"i{number}", PolicyDocument=ALLOW)
        iam.tag_user(UserName="u0", Tags=[{"Key": f"k{number}", "Value": ""}])
        if number:
            iam.add_user_to_group(UserName="u0", GroupName=f"g{number}")
            iam.attach_user_policy(UserName="u0", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/p{number}")
            iam.create_policy_version(PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/p0", PolicyDocument=ALLOW)


def test_every_list_honours_max_items_and_pages(sandbox: Sandbox) -> None:
    """With MaxItems 2, five things come in three pages; with empty pages switched on, in four, and none is lost."""
    iam = sandbox.client("iam")
    fill(iam)
    for operation, (member, params) in PAGED.items():
        for empty, sizes in ((False, [2, 2, 1]), (True, [2, 0, 2, 1])):
            sandbox.faults.empty_pages = empty
            told, got = {"Marker": None}, []
            while "Marker" in told:
                more = {"Marker": told["Marker"]} if told["Marker"] else {}
                told = getattr(iam, operation)(**params, MaxItems=2, **more)
                assert told["IsTruncated"] == ("Marker" in told)
                got.append(len(told[member]))
            assert (operation, got) == (operation, sizes)


def test_the_page_size_can_be_lowered(sandbox: Sandbox) -> None:
    """Whatever is asked, no page of the account's details has more entries than the switch says."""
    iam = sandbox.client("iam")
    fill(iam)
    sandbox.faults.page_size = 4
    first = iam.get_account_authorization_details(MaxItems=1000)
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    assert first["IsTruncated"]
    assert sum(len(first[name]) for name in lists) == 4
    pages = iam.get_paginator("get_account_authorization_details").paginate(
        Filter=["User", "Role", "Group", "LocalManagedPolicy"]
    )
    names = [entry for told in pages for name in lists for entry in told[name]]
    assert len(names) == 5 + 5 + 7 + 5


def test_last_use_of_keys_and_roles_is_told(sandbox: Sandbox) -> None:
    """A key that was used tells when, where and for what; an unused one N/A; a role's last use is in GetRole."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    before = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    assert before == {"Region": "N/A", "ServiceName": "N/A"}
    own = sandbox.client_as(key["AccessKeyId"], "sts")
    assert own.get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/u"
    after = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    assert (after["Region"], after["ServiceName"]) == ("us-east-1", "sts")
    iam.update_access_key(UserName="u", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        own.get_caller_identity()
    assert "LastUsedDate" not in iam.get_role(RoleName="iamfix")["Role"].get("RoleLastUsed", {})


def test_accounts_and_partitions_are_apart(sandbox: Sandbox) -> None:
    """A user made in one account is not in another, nor in another partition."""
    sandbox.client("iam", "222222222222").create_user(UserName="u")
    assert sandbox.client("iam", "333333333333").list_users()["Users"] == []
    china = sandbox.client("iam", "222222222222", region="cn-north-1")
    assert china.list_users()["Users"] == []
    assert china.create_user(UserName="u")["User"]["Arn"] == "arn:aws-cn:iam::222222222222:user/u"
