"""Random States of providers, profiles, aliases and service-linked roles, and certificates as they are found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from iamfix.kinds import (
    iam_account_alias,
    iam_instance_profile,
    iam_oidc_provider,
    iam_saml_provider,
    iam_service_linked_role,
)
from iamfix.model import UNREAD, Call
from tests.kinds.states.found import Found
from tests.kinds.states.iam import TRUST_EC2, paths, tags
from tests.public_keys import certificate, ssh_key

THUMBPRINTS = tuple(letter * 40 for letter in "abc")
METADATA = tuple(
    f'<EntityDescriptor entityID="{name}"><KeyDescriptor>{"x" * 1000}</KeyDescriptor></EntityDescriptor>'
    for name in ("one", "two")
)

STATES: Mapping[str, st.SearchStrategy[Any]] = {
    "iam_instance_profile": st.builds(
        iam_instance_profile.State, path=st.just("/app/"), role=st.sampled_from((None, "web", "batch")), tags=tags,
        created=st.none(),
    ),
    "iam_account_alias": st.builds(iam_account_alias.State, alias=st.sampled_from(("acme", "acme-prod", "a-1"))),
    "iam_oidc_provider": st.builds(
        iam_oidc_provider.State, client_ids=st.frozensets(st.sampled_from(("sts.amazonaws.com", "b", "c/d"))),
        thumbprints=st.just(UNREAD) | st.frozensets(st.sampled_from(THUMBPRINTS), min_size=1), tags=tags,
        created=st.none(),
    ),
    "iam_saml_provider": st.builds(
        iam_saml_provider.State, saml_metadata_document=st.sampled_from(METADATA), tags=tags, valid_until=st.none(),
        expires_in_days=st.none(), private_keys=st.just(()), created=st.none(),
    ),
    "iam_service_linked_role": st.builds(
        iam_service_linked_role.State, role=st.none(), description=st.sampled_from(("", "ours", "für zwei")), tags=tags,
        created=st.none(), last_used=st.none(), unused_days=st.none(),
    ),
}  # fmt: skip

NAMES: Mapping[str, str] = {
    "iam_account_alias": "account",
    "iam_oidc_provider": "token.example.com/path",
    "iam_service_linked_role": "guardduty.amazonaws.com",
}

SURROUNDINGS = tuple(
    Call("iam", "create_role", {"RoleName": name, "AssumeRolePolicyDocument": TRUST_EC2}) for name in ("web", "batch")
)

_PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
_STATUS = st.fixed_dictionaries({"status": st.sampled_from(("Active", "Inactive"))})

FOUND: Mapping[str, Found] = {
    "iam_server_certificate": Found(
        (
            (Call("iam", "upload_server_certificate", {
                "ServerCertificateName": "shop", "CertificateBody": _PEM, "PrivateKey": "secret"}),),
            (Call("iam", "upload_server_certificate", {
                "ServerCertificateName": "shop", "CertificateBody": _PEM, "PrivateKey": "secret",
                "Path": "/cloudfront/", "Tags": [{"Key": "Owner", "Value": "x"}]}),),
        ),
        lambda _: "shop",
        st.fixed_dictionaries({"path": paths, "tags": tags}),
    ),
    "iam_ssh_public_key": Found(
        ((Call("iam", "upload_ssh_public_key", {"UserName": "cyd", "SSHPublicKeyBody": ssh_key()}),),),
        lambda answers: "cyd/" + answers["upload_ssh_public_key"]["SSHPublicKey"]["SSHPublicKeyId"],
        _STATUS,
    ),
    "iam_signing_certificate": Found(
        ((Call("iam", "upload_signing_certificate", {"UserName": "cyd", "CertificateBody": certificate()}),),),
        lambda answers: "cyd/" + answers["upload_signing_certificate"]["Certificate"]["CertificateId"],
        _STATUS,
    ),
    "iam_service_credential": Found(
        ((Call("iam", "create_service_specific_credential", {
            "UserName": "cyd", "ServiceName": "codecommit.amazonaws.com"}),),),
        lambda answers: "cyd/" + answers["create_service_specific_credential"]["ServiceSpecificCredential"][
            "ServiceSpecificCredentialId"],
        _STATUS,
    ),
}  # fmt: skip
