"""AWS's rules on identity providers, server certificates and service-linked roles, as the sandbox holds them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iamfix.sandbox import Sandbox, TurnableClock
from iamfix.sandbox.services.iam.state import IamState
from tests.sandbox.test_sandbox_iam_rules import CERTIFICATE, Step, code_of_last

OIDC_ARN = "arn:aws:iam::111111111111:oidc-provider/token.example.com"
SAML_ARN = "arn:aws:iam::111111111111:saml-provider/s"
METADATA = f"<EntityDescriptor>{'x' * 1000}</EntityDescriptor>"
OIDC: Step = ("create_open_id_connect_provider", {"Url": "https://token.example.com", "ClientIDList": ["a"]})
SAML: Step = ("create_saml_provider", {"Name": "s", "SAMLMetadataDocument": METADATA})
SERVER: Step = (
    "upload_server_certificate",
    {"ServerCertificateName": "c", "CertificateBody": CERTIFICATE, "PrivateKey": "k"},
)
OTHER_SERVER: Step = ("upload_server_certificate", {**SERVER[1], "ServerCertificateName": "d"})
SUFFIXED: Step = ("create_service_linked_role", {"AWSServiceName": "autoscaling.amazonaws.com"})
SLR: Step = ("create_service_linked_role", {"AWSServiceName": "guardduty.amazonaws.com"})
WHO = {"OpenIDConnectProviderArn": OIDC_ARN}

CASES: dict[str, tuple[list[Step], str | None]] = {
    "a provider's address without https": (
        [("create_open_id_connect_provider", {"Url": "http://token.example.com"})], "ValidationError",
    ),
    "the same provider twice": ([OIDC, OIDC], "EntityAlreadyExists"),
    "six thumbprints": (
        [OIDC, ("update_open_id_connect_provider_thumbprint", {**WHO, "ThumbprintList": [c * 40 for c in "abcdef"]})],
        "InvalidInput",
    ),
    "a thumbprint that is too long": (
        [OIDC, ("update_open_id_connect_provider_thumbprint", {**WHO, "ThumbprintList": ["a" * 41]})],
        "ValidationError",
    ),
    "a client id twice": ([OIDC, ("add_client_id_to_open_id_connect_provider", {**WHO, "ClientID": "a"})], None),
    "a client id that is not there": (
        [OIDC, ("remove_client_id_from_open_id_connect_provider", {**WHO, "ClientID": "z"})], None,
    ),
    "101 client ids": (
        [
            ("create_open_id_connect_provider", {**OIDC[1], "ClientIDList": [f"c{n}" for n in range(100)]}),
            ("add_client_id_to_open_id_connect_provider", {**WHO, "ClientID": "more"}),
        ],
        "LimitExceeded",
    ),
    "deleting a provider that is not there": ([("delete_open_id_connect_provider", WHO)], "NoSuchEntity"),
    "a reserved tag on a provider": (
        [OIDC, ("tag_open_id_connect_provider", {**WHO, "Tags": [{"Key": "aws:x", "Value": ""}]})], "InvalidInput",
    ),
    "tags of a provider, in two cases": (
        [OIDC, ("tag_open_id_connect_provider", {**WHO, "Tags": [
            {"Key": "A", "Value": ""}, {"Key": "a", "Value": ""}]})],
        None,
    ),
    "metadata that is none": (
        [("create_saml_provider", {"Name": "s", "SAMLMetadataDocument": "x" * 1000})], "InvalidInput",
    ),
    "the same SAML provider twice": ([SAML, SAML], "EntityAlreadyExists"),
    "metadata of no provider": (
        [("update_saml_provider", {"SAMLProviderArn": SAML_ARN, "SAMLMetadataDocument": METADATA})], "NoSuchEntity",
    ),
    "tags of a SAML provider": (
        [SAML, ("tag_saml_provider", {"SAMLProviderArn": SAML_ARN, "Tags": [{"Key": "a", "Value": "b"}]})], None,
    ),
    "a certificate that is none": (
        [("upload_server_certificate", {**SERVER[1], "CertificateBody": "junk"})], "MalformedCertificate",
    ),
    "the same certificate twice": ([SERVER, SERVER], "EntityAlreadyExists"),
    "a certificate's new name that is taken": (
        [SERVER, OTHER_SERVER, (
            "update_server_certificate", {"ServerCertificateName": "c", "NewServerCertificateName": "d"})],
        "EntityAlreadyExists",
    ),
    "a certificate that is not there": (
        [("delete_server_certificate", {"ServerCertificateName": "c"})], "NoSuchEntity",
    ),
    "21 certificates": (
        [("upload_server_certificate", {**SERVER[1], "ServerCertificateName": f"c{n}"}) for n in range(21)],
        "LimitExceeded",
    ),
    "a service's role twice": ([SLR, SLR], "InvalidInput"),
    "a service's role with a suffix": (
        [SUFFIXED, ("create_service_linked_role", {**SUFFIXED[1], "CustomSuffix": "two"})], None,
    ),
    "the trust policy of a service-linked role": (
        [SLR, ("update_assume_role_policy", {"RoleName": "AWSServiceRoleForAmazonGuardDuty", "PolicyDocument": "{}"})],
        "UnmodifiableEntity",
    ),
    "the description of a service-linked role": (
        [SLR, ("update_role", {"RoleName": "AWSServiceRoleForAmazonGuardDuty", "Description": "x"})], None,
    ),
    "the tags of a service-linked role": (
        [SLR, ("tag_role", {"RoleName": "AWSServiceRoleForAmazonGuardDuty", "Tags": [{"Key": "a", "Value": "b"}]})],
        None,
    ),
    "the deletion of an ordinary role as a service-linked one": (
        [
            ("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": json.dumps({
                "Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})}),
            ("delete_service_linked_role", {"RoleName": "r"}),
        ],
        "NoSuchEntity",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rule_holds_with_awss_code(sandbox: Sandbox, case: str) -> None:
    """The last call of the sequence is answered with AWS's error code, or goes well where AWS lets it."""
    steps, code = CASES[case]
    assert code_of_last(sandbox.client("iam"), steps) == code


def test_a_certificate_in_use_stays(sandbox: Sandbox) -> None:
    """A load balancer's certificate is not deleted."""
    iam = sandbox.client("iam")
    iam.upload_server_certificate(**SERVER[1])
    store = sandbox.cloud.state(IamState, "111111111111", "aws").server_certificates
    found = store.latest("c")
    assert found is not None
    store.put("c", type(found)(**{**vars(found), "in_use": True}))
    with pytest.raises(ClientError, match="DeleteConflict"):
        iam.delete_server_certificate(ServerCertificateName="c")


def test_the_deletion_of_a_service_linked_role_is_a_task(sandbox: Sandbox, clock: TurnableClock) -> None:
    """It goes on by itself, takes its time, is told by its task, and fails while the service needs the role."""
    iam, state = sandbox.client("iam"), sandbox.cloud.state(IamState, "111111111111", "aws")
    name = iam.create_service_linked_role(**SLR[1])["Role"]["RoleName"]

    def status(task: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = iam.get_service_linked_role_deletion_status(DeletionTaskId=task["DeletionTaskId"])
        return told

    state.roles_in_use[name] = "A detector uses it."
    refused = status(iam.delete_service_linked_role(RoleName=name))
    assert (refused["Status"], refused["Reason"]["Reason"]) == ("FAILED", "A detector uses it.")
    state.roles_in_use.clear()
    state.role_deletion = 30.0
    task = iam.delete_service_linked_role(RoleName=name)
    assert status(task)["Status"] == "IN_PROGRESS"
    assert iam.get_role(RoleName=name)
    clock.turn(31)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName=name)
    assert status(task)["Status"] == "SUCCEEDED"
    iam.create_service_linked_role(**SLR[1])
    assert iam.get_role(RoleName=name)
