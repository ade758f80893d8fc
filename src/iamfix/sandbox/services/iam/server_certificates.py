"""Server certificates that were uploaded to IAM. The private key is not kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.lookup import iam, see, take
from iamfix.sandbox.services.iam.state import ServerCertificate
from iamfix.sandbox.services.iam.tags import tag_list, tags_page, with_tags, without_tags

MOST_CERTIFICATES = 20
VALID = timedelta(days=365)
"""How long an uploaded certificate is taken to be valid; the sandbox reads no certificates."""


def _member(call: Call, certificate: ServerCertificate) -> dict[str, Any]:
    return {
        "Path": certificate.path,
        "ServerCertificateName": certificate.name,
        "ServerCertificateId": certificate.id,
        "Arn": f"arn:{call.partition}:iam::{call.account}:server-certificate{certificate.path}{certificate.name}",
        "UploadDate": certificate.created,
        "Expiration": certificate.expires,
    }


def _take(call: Call) -> ServerCertificate:
    return take(call, iam(call).server_certificates, "Server Certificate", call.param("ServerCertificateName"))


def _see(call: Call) -> ServerCertificate:
    return see(call, iam(call).server_certificates, "Server Certificate", call.param("ServerCertificateName"))


def _put(call: Call, certificate: ServerCertificate) -> Answer:
    iam(call).server_certificates.put(certificate.name.lower(), certificate)
    return {}


def upload_server_certificate(call: Call) -> Answer:
    """UploadServerCertificate."""
    name, body = call.param("ServerCertificateName"), call.param("CertificateBody")
    if not body.lstrip().startswith("-----BEGIN CERTIFICATE-----"):
        raise AwsError("MalformedCertificate", "Unable to parse certificate. Please ensure it is in PEM format.")
    if iam(call).server_certificates.latest(name.lower()) is not None:
        raise AwsError("EntityAlreadyExists", f"The Server Certificate with name {name} already exists.")
    if len(iam(call).server_certificates) >= MOST_CERTIFICATES:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for ServerCertificatesPerAccount: {MOST_CERTIFICATES}")
    now = call.cloud.now()
    certificate = ServerCertificate(
        name, call.params.get("Path", "/"), call.cloud.new_id("ASCA"), now, now + VALID, body,
        tags=with_tags({}, call.params.get("Tags", []), fold_case=False),
    )  # fmt: skip
    _put(call, certificate)
    return {"ServerCertificateMetadata": _member(call, certificate), "Tags": tag_list(certificate.tags) or None}


def get_server_certificate(call: Call) -> Answer:
    """GetServerCertificate."""
    certificate = _see(call)
    told = {"ServerCertificateMetadata": _member(call, certificate), "CertificateBody": certificate.body}
    return {"ServerCertificate": {**told, "Tags": tag_list(certificate.tags) or None}}


def list_server_certificates(call: Call) -> Answer:
    """ListServerCertificates."""
    prefix = call.params.get("PathPrefix", "/")
    seen = [one for one in iam(call).server_certificates.all_seen(call.replica) if one.path.startswith(prefix)]
    some, marker = page(call, sorted(seen, key=lambda one: one.name.lower()))
    told = [_member(call, one) for one in some]
    return {"ServerCertificateMetadataList": told, "IsTruncated": marker is not None, "Marker": marker}


def update_server_certificate(call: Call) -> Answer:
    """UpdateServerCertificate: another name or path."""
    certificate, store = _take(call), iam(call).server_certificates
    name = call.params.get("NewServerCertificateName", certificate.name)
    other = store.latest(name.lower())
    if other is not None and other.id != certificate.id:
        raise AwsError("EntityAlreadyExists", f"The Server Certificate with name {name} already exists.")
    if name.lower() != certificate.name.lower():
        store.delete(certificate.name.lower())
    return _put(call, replace(certificate, name=name, path=call.params.get("NewPath", certificate.path)))


def delete_server_certificate(call: Call) -> Answer:
    """DeleteServerCertificate: not while a load balancer has it."""
    certificate = _take(call)
    if certificate.in_use:
        told = f"Certificate: {certificate.id} is currently in use by a load balancer. Please remove it first."
        raise AwsError("DeleteConflict", told)
    iam(call).server_certificates.delete(certificate.name.lower())
    return {}


def tag_server_certificate(call: Call) -> Answer:
    """TagServerCertificate."""
    certificate = _take(call)
    return _put(call, replace(certificate, tags=with_tags(certificate.tags, call.params["Tags"], fold_case=False)))


def untag_server_certificate(call: Call) -> Answer:
    """UntagServerCertificate."""
    certificate = _take(call)
    kept = without_tags(certificate.tags, call.params["TagKeys"], fold_case=False)
    return _put(call, replace(certificate, tags=kept))


def list_server_certificate_tags(call: Call) -> Answer:
    """ListServerCertificateTags."""
    return tags_page(call, _see(call).tags)


OPERATIONS: dict[str, Handler] = {
    "UploadServerCertificate": upload_server_certificate,
    "GetServerCertificate": get_server_certificate,
    "ListServerCertificates": list_server_certificates,
    "UpdateServerCertificate": update_server_certificate,
    "DeleteServerCertificate": delete_server_certificate,
    "TagServerCertificate": tag_server_certificate,
    "UntagServerCertificate": untag_server_certificate,
    "ListServerCertificateTags": list_server_certificate_tags,
}
