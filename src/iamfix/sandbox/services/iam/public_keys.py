"""What users upload to be known by: SSH public keys and signing certificates, read as AWS reads them."""

from __future__ import annotations

import binascii
from hashlib import md5

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
    load_ssh_public_key,
)

from iamfix.sandbox.errors import AwsError

LEAST_BITS = 2048


def ssh_fingerprint(body: str) -> str:
    """Return the MD5 fingerprint of an SSH public key: an RSA key of 2048 bits or more, as ssh-rsa or PEM.

    Source: IAM API Reference, UploadSSHPublicKey.

    Raises:
        AwsError: UnrecognizedPublicKeyEncoding or InvalidPublicKey.
    """
    text = body.strip().encode()
    if not text.startswith((b"ssh-", b"ecdsa-", b"-----BEGIN ")):
        raise AwsError("UnrecognizedPublicKeyEncoding", "The public key is in neither ssh-rsa nor PEM encoding.")
    try:
        key = load_pem_public_key(text) if text.startswith(b"-") else load_ssh_public_key(text)
    except (ValueError, UnsupportedAlgorithm):
        raise AwsError("InvalidPublicKey", "The public key is malformed.") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
        raise AwsError("InvalidPublicKey", f"The public key is not an RSA key of at least {LEAST_BITS} bits.")
    blob = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1]
    digest = md5(binascii.a2b_base64(blob), usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def certificate_serial(body: str) -> str:
    """Return what tells one X.509 certificate from another.

    Raises:
        AwsError: MalformedCertificate.
    """
    try:
        found = x509.load_pem_x509_certificate(body.strip().encode())
    except ValueError:
        raise AwsError("MalformedCertificate", "Certificate is malformed.") from None
    return found.public_bytes(Encoding.DER).hex()
