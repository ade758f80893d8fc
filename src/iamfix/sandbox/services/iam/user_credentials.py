"""Signing certificates, SSH keys and service-specific credentials of users."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.lookup import iam, no_such_entity, see_user, take_user
from iamfix.sandbox.services.iam.public_keys import certificate_serial, ssh_fingerprint
from iamfix.sandbox.services.iam.state import Credential, User
from iamfix.sandbox.services.iam.users import caller_user_name, told_name

MOST_CERTIFICATES = 2
MOST_SSH_KEYS = 5
MOST_PER_SERVICE = 2


def _find(have: tuple[Credential, ...], credential_id: str, words: str) -> Credential:
    for credential in have:
        if credential.id == credential_id:
            return credential
    raise no_such_entity(f"The {words} with id {credential_id} cannot be found.")


def _without(have: tuple[Credential, ...], gone: Credential) -> tuple[Credential, ...]:
    return tuple(credential for credential in have if credential.id != gone.id)


def _swapped(have: tuple[Credential, ...], changed: Credential) -> tuple[Credential, ...]:
    return tuple(changed if credential.id == changed.id else credential for credential in have)


def _status(credential: Credential) -> str:
    return "Active" if credential.active else "Inactive"


# --- signing certificates


def _certificate_member(user: User, certificate: Credential) -> dict[str, Any]:
    return {
        "UserName": told_name(user),
        "CertificateId": certificate.id,
        "CertificateBody": certificate.body,
        "Status": _status(certificate),
        "UploadDate": certificate.created,
    }


def upload_signing_certificate(call: Call) -> Answer:
    """UploadSigningCertificate: at most two, and each once."""
    user, body = take_user(call, caller_user_name(call)), call.param("CertificateBody")
    found = certificate_serial(body)
    if any(found == certificate_serial(one.body) for one in user.signing_certificates if one.body):
        raise AwsError("DuplicateCertificate", f"Certificate is already associated with user {user.name}.")
    if len(user.signing_certificates) >= MOST_CERTIFICATES:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for CertificatesPerUser: {MOST_CERTIFICATES}")
    certificate = Credential(call.cloud.new_id("ASCA", 32), call.cloud.now(), body=body)
    iam(call).put_user(replace(user, signing_certificates=(*user.signing_certificates, certificate)))
    return {"Certificate": _certificate_member(user, certificate)}


def list_signing_certificates(call: Call) -> Answer:
    """ListSigningCertificates."""
    user = see_user(call, caller_user_name(call))
    some, marker = page(call, user.signing_certificates)
    told = [_certificate_member(user, certificate) for certificate in some]
    return {"Certificates": told, "IsTruncated": marker is not None, "Marker": marker}


def update_signing_certificate(call: Call) -> Answer:
    """UpdateSigningCertificate."""
    user = take_user(call, caller_user_name(call))
    found = _find(user.signing_certificates, call.param("CertificateId"), "Certificate")
    changed = replace(found, active=call.param("Status") == "Active")
    iam(call).put_user(replace(user, signing_certificates=_swapped(user.signing_certificates, changed)))
    return {}


def delete_signing_certificate(call: Call) -> Answer:
    """DeleteSigningCertificate."""
    user = take_user(call, caller_user_name(call))
    found = _find(user.signing_certificates, call.param("CertificateId"), "Certificate")
    iam(call).put_user(replace(user, signing_certificates=_without(user.signing_certificates, found)))
    return {}


# --- SSH keys


def _ssh_member(user: User, key: Credential, *, body: bool) -> dict[str, Any]:
    told = {
        "UserName": told_name(user),
        "SSHPublicKeyId": key.id,
        "Status": _status(key),
        "UploadDate": key.created,
    }
    return {**told, "SSHPublicKeyBody": key.body, "Fingerprint": ssh_fingerprint(key.body)} if body else told


def upload_ssh_public_key(call: Call) -> Answer:
    """UploadSSHPublicKey: at most five, and each once."""
    user, body = take_user(call, call.param("UserName")), call.param("SSHPublicKeyBody")
    found = ssh_fingerprint(body)
    if any(found == ssh_fingerprint(key.body) for key in user.ssh_keys):
        raise AwsError("DuplicateSSHPublicKey", f"The SSH public key is already associated with user {user.name}.")
    if len(user.ssh_keys) >= MOST_SSH_KEYS:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for SSHPublicKeysPerUser: {MOST_SSH_KEYS}")
    key = Credential(call.cloud.new_id("APKA"), call.cloud.now(), body=body)
    iam(call).put_user(replace(user, ssh_keys=(*user.ssh_keys, key)))
    return {"SSHPublicKey": _ssh_member(user, key, body=True)}


def get_ssh_public_key(call: Call) -> Answer:
    """GetSSHPublicKey."""
    user = see_user(call, call.param("UserName"))
    key = _find(user.ssh_keys, call.param("SSHPublicKeyId"), "Public Key")
    return {"SSHPublicKey": _ssh_member(user, key, body=True)}


def list_ssh_public_keys(call: Call) -> Answer:
    """ListSSHPublicKeys."""
    user = see_user(call, caller_user_name(call))
    some, marker = page(call, user.ssh_keys)
    told = [_ssh_member(user, key, body=False) for key in some]
    return {"SSHPublicKeys": told, "IsTruncated": marker is not None, "Marker": marker}


def update_ssh_public_key(call: Call) -> Answer:
    """UpdateSSHPublicKey."""
    user = take_user(call, call.param("UserName"))
    found = _find(user.ssh_keys, call.param("SSHPublicKeyId"), "Public Key")
    changed = replace(found, active=call.param("Status") == "Active")
    iam(call).put_user(replace(user, ssh_keys=_swapped(user.ssh_keys, changed)))
    return {}


def delete_ssh_public_key(call: Call) -> Answer:
    """DeleteSSHPublicKey."""
    user = take_user(call, call.param("UserName"))
    found = _find(user.ssh_keys, call.param("SSHPublicKeyId"), "Public Key")
    iam(call).put_user(replace(user, ssh_keys=_without(user.ssh_keys, found)))
    return {}


# --- service-specific credentials


def _service_member(user: User, credential: Credential) -> dict[str, Any]:
    return {
        "UserName": told_name(user),
        "Status": _status(credential),
        "ServiceUserName": f"{user.name}-at-{credential.id[-8:].lower()}",
        "CreateDate": credential.created,
        "ServiceSpecificCredentialId": credential.id,
        "ServiceName": credential.service,
    }


def create_service_specific_credential(call: Call) -> Answer:
    """CreateServiceSpecificCredential: at most two a service. The password is told this once."""
    user, service = take_user(call, call.param("UserName")), call.param("ServiceName")
    have = [credential for credential in user.service_credentials if credential.service == service]
    if len(have) >= MOST_PER_SERVICE:
        raise AwsError(
            "LimitExceeded", f"Cannot exceed quota for ServiceSpecificCredentialsPerUser: {MOST_PER_SERVICE}"
        )
    credential = Credential(call.cloud.new_id("ACCA"), call.cloud.now(), service=service)
    iam(call).put_user(replace(user, service_credentials=(*user.service_credentials, credential)))
    told = {**_service_member(user, credential), "ServicePassword": call.cloud.new_secret(44)}
    return {"ServiceSpecificCredential": told}


def list_service_specific_credentials(call: Call) -> Answer:
    """ListServiceSpecificCredentials: of one user, or of all with AllUsers."""
    service = call.params.get("ServiceName")
    users = (
        iam(call).users.all_seen(call.replica)
        if call.params.get("AllUsers")
        else [see_user(call, caller_user_name(call))]
    )
    found = [
        _service_member(user, credential)
        for user in users
        for credential in user.service_credentials
        if service in (None, credential.service)
    ]
    some, marker = page(call, found)
    return {"ServiceSpecificCredentials": some, "IsTruncated": marker is not None, "Marker": marker}


def _service_credential(call: Call) -> tuple[User, Credential]:
    user = take_user(call, caller_user_name(call))
    words = "Service Specific Credential"
    return user, _find(user.service_credentials, call.param("ServiceSpecificCredentialId"), words)


def update_service_specific_credential(call: Call) -> Answer:
    """UpdateServiceSpecificCredential."""
    user, found = _service_credential(call)
    changed = replace(found, active=call.param("Status") == "Active")
    iam(call).put_user(replace(user, service_credentials=_swapped(user.service_credentials, changed)))
    return {}


def reset_service_specific_credential(call: Call) -> Answer:
    """ResetServiceSpecificCredential: another password."""
    user, found = _service_credential(call)
    told = {**_service_member(user, found), "ServicePassword": call.cloud.new_secret(44)}
    return {"ServiceSpecificCredential": told}


def delete_service_specific_credential(call: Call) -> Answer:
    """DeleteServiceSpecificCredential."""
    user, found = _service_credential(call)
    iam(call).put_user(replace(user, service_credentials=_without(user.service_credentials, found)))
    return {}


OPERATIONS: dict[str, Handler] = {
    "UploadSigningCertificate": upload_signing_certificate,
    "ListSigningCertificates": list_signing_certificates,
    "UpdateSigningCertificate": update_signing_certificate,
    "DeleteSigningCertificate": delete_signing_certificate,
    "UploadSSHPublicKey": upload_ssh_public_key,
    "GetSSHPublicKey": get_ssh_public_key,
    "ListSSHPublicKeys": list_ssh_public_keys,
    "UpdateSSHPublicKey": update_ssh_public_key,
    "DeleteSSHPublicKey": delete_ssh_public_key,
    "CreateServiceSpecificCredential": create_service_specific_credential,
    "ListServiceSpecificCredentials": list_service_specific_credentials,
    "UpdateServiceSpecificCredential": update_service_specific_credential,
    "ResetServiceSpecificCredential": reset_service_specific_credential,
    "DeleteServiceSpecificCredential": delete_service_specific_credential,
}
