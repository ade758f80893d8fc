"""Every rule of IAM that moto lacks and the sandbox holds: a sequence of calls, and the error code of the last one."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iamfix.sandbox import Sandbox
from tests.public_keys import certificate, ssh_key

ACCOUNT = "111111111111"
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]})
CERTIFICATE = certificate()


def trust(principal: Any = None, **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal or {"Service": "ec2.amazonaws.com"}, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Action": "sts:AssumeRole", **statement}]})


def _ssh(body: str) -> tuple[str, dict[str, Any]]:
    return ("upload_ssh_public_key", {"UserName": "u", "SSHPublicKeyBody": body})


def _alias(alias: str) -> tuple[str, dict[str, Any]]:
    return ("create_account_alias", {"AccountAlias": alias})


def padded(size: int) -> str:
    """A policy document of exactly `size` characters that count."""
    base = json.loads(ALLOW)
    base["Statement"][0]["Sid"] = ""
    missing = size - len(json.dumps(base, separators=(",", ":")))
    base["Statement"][0]["Sid"] = "x" * missing
    return json.dumps(base, separators=(",", ":"))


def arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:policy/{name}"


USER = ("create_user", {"UserName": "u"})
GROUP = ("create_group", {"GroupName": "g"})
ROLE = ("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": trust()})
POLICY = ("create_policy", {"PolicyName": "p", "PolicyDocument": ALLOW})
PROFILE = ("create_instance_profile", {"InstanceProfileName": "i"})
LOGIN = ("create_login_profile", {"UserName": "u", "Password": "Correct-Horse-7"})
MEMBER = ("add_user_to_group", {"UserName": "u", "GroupName": "g"})
DELETE_USER = ("delete_user", {"UserName": "u"})
DELETE_GROUP = ("delete_group", {"GroupName": "g"})
DELETE_ROLE = ("delete_role", {"RoleName": "r"})
DELETE_POLICY = ("delete_policy", {"PolicyArn": arn("p")})
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
DEVICE = f"arn:aws:iam::{ACCOUNT}:mfa/u"

Step = tuple[str, dict[str, Any]]


def attach_many(kind: str) -> list[Step]:
    names = [f"p{number}" for number in range(11)]
    who = {f"{kind.title()}Name": kind[0]}
    return [
        *[("create_policy", {"PolicyName": name, "PolicyDocument": ALLOW}) for name in names],
        *[(f"attach_{kind}_policy", {**who, "PolicyArn": arn(name)}) for name in names],
    ]


CASES: dict[str, tuple[list[Step], str | None]] = {
    # --- what blocks deletion
    "user with a login profile": ([USER, LOGIN, DELETE_USER], "DeleteConflict"),
    "user with an access key": ([USER, ("create_access_key", {"UserName": "u"}), DELETE_USER], "DeleteConflict"),
    "user in a group": ([USER, GROUP, MEMBER, DELETE_USER], "DeleteConflict"),
    "user with an attached policy": (
        [USER, ("attach_user_policy", {"UserName": "u", "PolicyArn": ADMIN}), DELETE_USER],
        "DeleteConflict",
    ),
    "user with an inline policy": (
        [USER, ("put_user_policy", {"UserName": "u", "PolicyName": "x", "PolicyDocument": ALLOW}), DELETE_USER],
        "DeleteConflict",
    ),
    "user with MFA": (
        [
            USER,
            ("create_virtual_mfa_device", {"VirtualMFADeviceName": "u"}),
            (
                "enable_mfa_device",
                {
                    "UserName": "u",
                    "SerialNumber": DEVICE,
                    "AuthenticationCode1": "123456",
                    "AuthenticationCode2": "654321",
                },
            ),
            DELETE_USER,
        ],
        "DeleteConflict",
    ),
    "user with a signing certificate": (
        [USER, ("upload_signing_certificate", {"UserName": "u", "CertificateBody": CERTIFICATE}), DELETE_USER],
        "DeleteConflict",
    ),
    "user with an SSH key": (
        [USER, ("upload_ssh_public_key", {"UserName": "u", "SSHPublicKeyBody": ssh_key()}), DELETE_USER],
        "DeleteConflict",
    ),
    "user with a service credential": (
        [
            USER,
            (
                "create_service_specific_credential",
                {"UserName": "u", "ServiceName": "codecommit.amazonaws.com"},
            ),
            DELETE_USER,
        ],
        "DeleteConflict",
    ),
    "user with a boundary only": (
        [("create_user", {"UserName": "u", "PermissionsBoundary": ADMIN}), DELETE_USER],
        None,
    ),
    "group with a member": ([USER, GROUP, MEMBER, DELETE_GROUP], "DeleteConflict"),
    "group with an attached policy": (
        [GROUP, ("attach_group_policy", {"GroupName": "g", "PolicyArn": ADMIN}), DELETE_GROUP],
        "DeleteConflict",
    ),
    "group with an inline policy": (
        [GROUP, ("put_group_policy", {"GroupName": "g", "PolicyName": "x", "PolicyDocument": ALLOW}), DELETE_GROUP],
        "DeleteConflict",
    ),
    "role with an attached policy": (
        [ROLE, ("attach_role_policy", {"RoleName": "r", "PolicyArn": ADMIN}), DELETE_ROLE],
        "DeleteConflict",
    ),
    "role with an inline policy": (
        [ROLE, ("put_role_policy", {"RoleName": "r", "PolicyName": "x", "PolicyDocument": ALLOW}), DELETE_ROLE],
        "DeleteConflict",
    ),
    "role in an instance profile": (
        [
            ROLE,
            PROFILE,
            ("add_role_to_instance_profile", {"RoleName": "r", "InstanceProfileName": "i"}),
            DELETE_ROLE,
        ],
        "DeleteConflict",
    ),
    "instance profile with a role": (
        [
            ROLE,
            PROFILE,
            ("add_role_to_instance_profile", {"RoleName": "r", "InstanceProfileName": "i"}),
            ("delete_instance_profile", {"InstanceProfileName": "i"}),
        ],
        "DeleteConflict",
    ),
    "attached policy": (
        [USER, POLICY, ("attach_user_policy", {"UserName": "u", "PolicyArn": arn("p")}), DELETE_POLICY],
        "DeleteConflict",
    ),
    "policy used as a boundary": (
        [
            USER,
            POLICY,
            ("put_user_permissions_boundary", {"UserName": "u", "PermissionsBoundary": arn("p")}),
            DELETE_POLICY,
        ],
        "DeleteConflict",
    ),
    "policy with two versions": (
        [POLICY, ("create_policy_version", {"PolicyArn": arn("p"), "PolicyDocument": ALLOW}), DELETE_POLICY],
        "DeleteConflict",
    ),
    "default version": (
        [POLICY, ("delete_policy_version", {"PolicyArn": arn("p"), "VersionId": "v1"})],
        "DeleteConflict",
    ),
    "enabled virtual MFA device": (
        [
            USER,
            ("create_virtual_mfa_device", {"VirtualMFADeviceName": "u"}),
            (
                "enable_mfa_device",
                {
                    "UserName": "u",
                    "SerialNumber": DEVICE,
                    "AuthenticationCode1": "123456",
                    "AuthenticationCode2": "654321",
                },
            ),
            ("delete_virtual_mfa_device", {"SerialNumber": DEVICE}),
        ],
        "DeleteConflict",
    ),
    # --- sizes
    "managed policy of 6144 characters": (
        [("create_policy", {"PolicyName": "p", "PolicyDocument": padded(6144)})],
        None,
    ),
    "managed policy of 6145 characters": (
        [("create_policy", {"PolicyName": "p", "PolicyDocument": padded(6145)})],
        "LimitExceeded",
    ),
    "white space does not count": (
        [("create_policy", {"PolicyName": "p", "PolicyDocument": padded(6144).replace("{", "{ \n\t")})],
        None,
    ),
    "policy version too large": (
        [POLICY, ("create_policy_version", {"PolicyArn": arn("p"), "PolicyDocument": padded(6145)})],
        "LimitExceeded",
    ),
    "inline policies of a user, 2048 together": (
        [
            USER,
            ("put_user_policy", {"UserName": "u", "PolicyName": "a", "PolicyDocument": padded(1024)}),
            ("put_user_policy", {"UserName": "u", "PolicyName": "b", "PolicyDocument": padded(1024)}),
        ],
        None,
    ),
    "inline policies of a user, 2049 together": (
        [
            USER,
            ("put_user_policy", {"UserName": "u", "PolicyName": "a", "PolicyDocument": padded(1024)}),
            ("put_user_policy", {"UserName": "u", "PolicyName": "b", "PolicyDocument": padded(1025)}),
        ],
        "LimitExceeded",
    ),
    "inline policies of a group": (
        [GROUP, ("put_group_policy", {"GroupName": "g", "PolicyName": "a", "PolicyDocument": padded(5121)})],
        "LimitExceeded",
    ),
    "inline policies of a role": (
        [ROLE, ("put_role_policy", {"RoleName": "r", "PolicyName": "a", "PolicyDocument": padded(10241)})],
        "LimitExceeded",
    ),
    "trust policy too large": (
        [
            (
                "create_role",
                {"RoleName": "r", "AssumeRolePolicyDocument": trust(Condition={"StringEquals": {"aws:x": "y" * 2048}})},
            )
        ],
        "LimitExceeded",
    ),
    # --- counts
    "eleventh policy of a user": ([USER, *attach_many("user")], "LimitExceeded"),
    "eleventh policy of a group": ([GROUP, *attach_many("group")], "LimitExceeded"),
    "eleventh policy of a role": ([ROLE, *attach_many("role")], "LimitExceeded"),
    "eleventh group of a user": (
        [
            USER,
            *[("create_group", {"GroupName": f"g{n}"}) for n in range(11)],
            *[("add_user_to_group", {"UserName": "u", "GroupName": f"g{n}"}) for n in range(11)],
        ],
        "LimitExceeded",
    ),
    "sixth policy version": (
        [POLICY, *[("create_policy_version", {"PolicyArn": arn("p"), "PolicyDocument": ALLOW})] * 5],
        "LimitExceeded",
    ),
    "third access key": ([USER, *[("create_access_key", {"UserName": "u"})] * 3], "LimitExceeded"),
    "51 tags at once": (
        [USER, ("tag_user", {"UserName": "u", "Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]})],
        "ValidationError",
    ),
    "51st tag": (
        [
            USER,
            ("tag_user", {"UserName": "u", "Tags": [{"Key": f"k{n}", "Value": ""} for n in range(50)]}),
            ("tag_user", {"UserName": "u", "Tags": [{"Key": "one-more", "Value": ""}]}),
        ],
        "LimitExceeded",
    ),
    "second role of an instance profile": (
        [
            ROLE,
            PROFILE,
            ("add_role_to_instance_profile", {"RoleName": "r", "InstanceProfileName": "i"}),
            ("create_role", {"RoleName": "r2", "AssumeRolePolicyDocument": trust()}),
            ("add_role_to_instance_profile", {"RoleName": "r2", "InstanceProfileName": "i"}),
        ],
        "LimitExceeded",
    ),
    "third signing certificate": (
        [
            USER,
            *(("upload_signing_certificate", {"UserName": "u", "CertificateBody": certificate(n)}) for n in (1, 2, 3)),
        ],
        "LimitExceeded",
    ),
    "a signing certificate twice": (
        [USER, *[("upload_signing_certificate", {"UserName": "u", "CertificateBody": CERTIFICATE})] * 2],
        "DuplicateCertificate",
    ),
    "a signing certificate that is none": (
        [
            USER,
            (
                "upload_signing_certificate",
                {"UserName": "u", "CertificateBody": f"{CERTIFICATE[:80]}\n{CERTIFICATE[-30:]}"},
            ),
        ],
        "MalformedCertificate",
    ),
    "an SSH key": ([USER, _ssh(ssh_key())], None),
    "an SSH key in PEM": ([USER, _ssh(ssh_key(pem=True))], None),
    "an SSH key twice, in two encodings": ([USER, _ssh(ssh_key()), _ssh(ssh_key(pem=True))], "DuplicateSSHPublicKey"),
    "six SSH keys": ([USER, *(_ssh(ssh_key(n)) for n in range(6))], "LimitExceeded"),
    "an SSH key that is none": ([USER, _ssh("ssh-rsa AAAA")], "InvalidPublicKey"),
    "an SSH key that is too short": ([USER, _ssh(ssh_key(bits=1024))], "InvalidPublicKey"),
    "an SSH key of another kind": (
        [USER, _ssh("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFWLwGNmandr8fQGj12xQAfHP/q05h8RJwPZ+RfCuOB8")],
        "InvalidPublicKey",
    ),
    "an SSH key in no encoding": ([USER, _ssh("what is this")], "UnrecognizedPublicKeyEncoding"),
    # --- the account's alias
    "an alias": ([_alias("acme-1")], None),
    "an alias of digits": ([_alias("12345")], None),
    "an alias in the form of an account id": ([_alias("123456789012")], "ValidationError"),
    **{
        f"the alias {alias}": ([_alias(alias)], "ValidationError")
        for alias in ("Acme", "-acme", "acme-", "a--b", "a.b", "a" * 64)
    },
    # --- names
    "user names differ by case": ([USER, ("create_user", {"UserName": "U"})], "EntityAlreadyExists"),
    "group names differ by case": ([GROUP, ("create_group", {"GroupName": "G"})], "EntityAlreadyExists"),
    "role names differ by case": (
        [ROLE, ("create_role", {"RoleName": "R", "AssumeRolePolicyDocument": trust()})],
        "EntityAlreadyExists",
    ),
    "policy names differ by case": (
        [POLICY, ("create_policy", {"PolicyName": "P", "PolicyDocument": ALLOW})],
        "EntityAlreadyExists",
    ),
    "policy names are unique over paths": (
        [POLICY, ("create_policy", {"PolicyName": "p", "Path": "/other/", "PolicyDocument": ALLOW})],
        "EntityAlreadyExists",
    ),
    "user name of 65 characters": ([("create_user", {"UserName": "x" * 65})], "ValidationError"),
    "role name with a space": (
        [("create_role", {"RoleName": "a b", "AssumeRolePolicyDocument": trust()})],
        "ValidationError",
    ),
    "group name of 129 characters": ([("create_group", {"GroupName": "x" * 129})], "ValidationError"),
    "name with an accent": ([("create_user", {"UserName": "zoé"})], "ValidationError"),
    "path without slashes": ([("create_user", {"UserName": "u", "Path": "app"})], "ValidationError"),
    "session of 12 hours and a second": (
        [("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": trust(), "MaxSessionDuration": 43201})],
        "ValidationError",
    ),
    "renaming onto another user": (
        [USER, ("create_user", {"UserName": "v"}), ("update_user", {"UserName": "u", "NewUserName": "V"})],
        "EntityAlreadyExists",
    ),
    "renaming onto another group": (
        [GROUP, ("create_group", {"GroupName": "h"}), ("update_group", {"GroupName": "g", "NewGroupName": "h"})],
        "EntityAlreadyExists",
    ),
    # --- tags
    "reserved tag key": (
        [USER, ("tag_user", {"UserName": "u", "Tags": [{"Key": "aws:x", "Value": "y"}]})],
        "InvalidInput",
    ),
    "the same key twice, by case": (
        [ROLE, ("tag_role", {"RoleName": "r", "Tags": [{"Key": "A", "Value": "1"}, {"Key": "a", "Value": "2"}]})],
        "InvalidInput",
    ),
    "policy tag keys differ by case": (
        [
            POLICY,
            ("tag_policy", {"PolicyArn": arn("p"), "Tags": [{"Key": "A", "Value": "1"}, {"Key": "a", "Value": "2"}]}),
        ],
        None,
    ),
    "tag key with a character outside the set": (
        [USER, ("tag_user", {"UserName": "u", "Tags": [{"Key": "a!", "Value": "y"}]})],
        "ValidationError",
    ),
    # --- boundaries
    "boundary of a role that does not exist": (
        [ROLE, ("put_role_permissions_boundary", {"RoleName": "r", "PermissionsBoundary": arn("nope")})],
        "NoSuchEntity",
    ),
    "boundary of a new user that does not exist": (
        [("create_user", {"UserName": "u", "PermissionsBoundary": arn("nope")})],
        "NoSuchEntity",
    ),
    "boundary that is no ARN": (
        [USER, ("put_user_permissions_boundary", {"UserName": "u", "PermissionsBoundary": "x" * 20})],
        "InvalidInput",
    ),
    "boundary of another account": (
        [
            USER,
            (
                "put_user_permissions_boundary",
                {"UserName": "u", "PermissionsBoundary": "arn:aws:iam::222222222222:policy/p"},
            ),
        ],
        "InvalidInput",
    ),
    "AWS managed boundary": (
        [USER, ("put_user_permissions_boundary", {"UserName": "u", "PermissionsBoundary": ADMIN})],
        None,
    ),
    "removing a boundary that is not there": (
        [USER, ("delete_user_permissions_boundary", {"UserName": "u"})],
        "NoSuchEntity",
    ),
    # --- trust policies
    "trust that is no JSON": (
        [("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": "junk"})],
        "MalformedPolicyDocument",
    ),
    "trust in a role that does not exist": (
        [
            (
                "create_role",
                {"RoleName": "r", "AssumeRolePolicyDocument": trust({"AWS": f"arn:aws:iam::{ACCOUNT}:role/nope"})},
            )
        ],
        "MalformedPolicyDocument",
    ),
    "trust in a user of another account that does not exist": (
        [
            (
                "create_role",
                {"RoleName": "r", "AssumeRolePolicyDocument": trust({"AWS": "arn:aws:iam::222222222222:user/nope"})},
            )
        ],
        "MalformedPolicyDocument",
    ),
    "trust in a role that exists": (
        [
            ROLE,
            (
                "create_role",
                {"RoleName": "s", "AssumeRolePolicyDocument": trust({"AWS": f"arn:aws:iam::{ACCOUNT}:role/r"})},
            ),
        ],
        None,
    ),
    "trust in an outside account": (
        [("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": trust({"AWS": "999999999999"})})],
        None,
    ),
    "trust with a wildcard role": (
        [
            (
                "create_role",
                {"RoleName": "r", "AssumeRolePolicyDocument": trust({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"})},
            )
        ],
        "MalformedPolicyDocument",
    ),
    "trust with a resource": (
        [("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": trust(Resource="*")})],
        "MalformedPolicyDocument",
    ),
    "trust without a principal": (
        [("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": ALLOW.replace("s3:Get*", "sts:AssumeRole")})],
        "MalformedPolicyDocument",
    ),
    "trust with another action": (
        [("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": trust(Action="s3:GetObject")})],
        "MalformedPolicyDocument",
    ),
    "a new trust in a principal that does not exist": (
        [
            ROLE,
            (
                "update_assume_role_policy",
                {"RoleName": "r", "PolicyDocument": trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/nope"})},
            ),
        ],
        "MalformedPolicyDocument",
    ),
    # --- documents
    "policy that is no JSON": (
        [("create_policy", {"PolicyName": "p", "PolicyDocument": "{"})],
        "MalformedPolicyDocument",
    ),
    "policy with a principal": (
        [USER, ("put_user_policy", {"UserName": "u", "PolicyName": "x", "PolicyDocument": trust(Resource="*")})],
        "MalformedPolicyDocument",
    ),
    "policy with an emoji": (
        [("create_policy", {"PolicyName": "p", "PolicyDocument": ALLOW.replace("Get", "\U0001f600")})],
        "ValidationError",
    ),
    "two statements with one Sid": (
        [
            (
                "create_policy",
                {
                    "PolicyName": "p",
                    "PolicyDocument": json.dumps(
                        {
                            "Version": "2012-10-17",
                            "Statement": [{"Sid": "a", "Effect": "Allow", "Action": "*", "Resource": "*"}] * 2,
                        }
                    ),
                },
            )
        ],
        "MalformedPolicyDocument",
    ),
    # --- attachments
    "attaching twice": (
        [USER, *[("attach_user_policy", {"UserName": "u", "PolicyArn": ADMIN})] * 2],
        None,
    ),
    "attaching what does not exist": (
        [USER, ("attach_user_policy", {"UserName": "u", "PolicyArn": arn("nope")})],
        "NoSuchEntity",
    ),
    "detaching what is not attached": (
        [USER, ("detach_user_policy", {"UserName": "u", "PolicyArn": ADMIN})],
        "NoSuchEntity",
    ),
    "adding a member twice": ([USER, GROUP, MEMBER, MEMBER], None),
    "removing one who is no member": (
        [USER, GROUP, ("remove_user_from_group", {"UserName": "u", "GroupName": "g"})],
        None,
    ),
    "changing an AWS managed policy": (
        [("create_policy_version", {"PolicyArn": ADMIN, "PolicyDocument": ALLOW})],
        "AccessDenied",
    ),
    # --- passwords
    "weak password without a policy": (
        [USER, ("create_login_profile", {"UserName": "u", "Password": "password"})],
        "PasswordPolicyViolation",
    ),
    "password shorter than the policy wants": (
        [USER, ("update_account_password_policy", {"MinimumPasswordLength": 20}), LOGIN],
        "PasswordPolicyViolation",
    ),
    "password without the symbol that the policy wants": (
        [
            USER,
            ("update_account_password_policy", {"RequireSymbols": True}),
            ("create_login_profile", {"UserName": "u", "Password": "Abcdefgh12"}),
        ],
        "PasswordPolicyViolation",
    ),
    "second login profile": ([USER, LOGIN, LOGIN], "EntityAlreadyExists"),
    "password policy of 129 characters": (
        [("update_account_password_policy", {"MinimumPasswordLength": 129})],
        "ValidationError",
    ),
    "no password policy": ([("get_account_password_policy", {})], "NoSuchEntity"),
    "MFA codes that are the same": (
        [
            USER,
            ("create_virtual_mfa_device", {"VirtualMFADeviceName": "u"}),
            (
                "enable_mfa_device",
                {
                    "UserName": "u",
                    "SerialNumber": DEVICE,
                    "AuthenticationCode1": "123456",
                    "AuthenticationCode2": "123456",
                },
            ),
        ],
        "InvalidAuthenticationCode",
    ),
    # --- roles of AWS
    "policy of a service-linked role": (
        [
            ("create_service_linked_role", {"AWSServiceName": "access-analyzer.amazonaws.com"}),
            ("attach_role_policy", {"RoleName": "AWSServiceRoleForAccessAnalyzer", "PolicyArn": ADMIN}),
        ],
        "UnmodifiableEntity",
    ),
    "a service-linked role of nothing": (
        [("create_service_linked_role", {"AWSServiceName": "nonsense.amazonaws.com"})],
        "AccessDenied",
    ),
    "a service-linked role of a service in other letters": (
        [("create_service_linked_role", {"AWSServiceName": "Config.amazonaws.com"})],
        "AccessDenied",
    ),
    "a suffix where there is none": (
        [("create_service_linked_role", {"AWSServiceName": "config.amazonaws.com", "CustomSuffix": "two"})],
        "InvalidInput",
    ),
    "second service-linked role": (
        [("create_service_linked_role", {"AWSServiceName": "access-analyzer.amazonaws.com"})] * 2,
        "InvalidInput",
    ),
    "boundary of an Identity Center role": (
        [
            (
                "put_role_permissions_boundary",
                {
                    "RoleName": "AWSReservedSSO_AdministratorAccess_0a1b2c3d4e5f6071",
                    "PermissionsBoundary": ADMIN,
                },
            )
        ],
        "UnmodifiableEntity",
    ),
    "deleting a service-linked role": (
        [
            ("create_service_linked_role", {"AWSServiceName": "support.amazonaws.com"}),
            ("delete_role", {"RoleName": "AWSServiceRoleForSupport"}),
        ],
        "UnmodifiableEntity",
    ),
    "last use of an unknown key": (
        [("get_access_key_last_used", {"AccessKeyId": "AKIAAAAAAAAAAAAAAAAA"})],
        "AccessDenied",
    ),
    "no credential report yet": ([("get_credential_report", {})], "ReportNotPresent"),
    "a page of 1001": ([("list_users", {"MaxItems": 1001})], "ValidationError"),
    "wrong marker": ([("list_users", {"Marker": "x"})], "ValidationError"),
}


def code_of_last(iam: Any, steps: list[Step]) -> str | None:
    """The error code of the last step; all before it must go well."""
    for operation, params in steps[:-1]:
        getattr(iam, operation)(**params)
    try:
        getattr(iam, steps[-1][0])(**steps[-1][1])
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


@pytest.mark.parametrize("case", CASES)
def test_rule_holds_with_awss_code(sandbox: Sandbox, case: str) -> None:
    """The last call of the sequence is answered with AWS's error code, or goes well where AWS lets it."""
    steps, code = CASES[case]
    assert code_of_last(sandbox.client("iam"), steps) == code
