"""SSH public keys and certificates for tests: real ones, of which nobody has the private part."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@cache
def ssh_key(number: int = 0, bits: int = 2048, *, pem: bool = False) -> str:
    """An RSA public key of so many bits; another number, another key."""
    key = RSAPublicNumbers(65537, 2 ** (bits - 1) + 2 * number + 1).public_key()
    if pem:
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


@cache
def certificate(number: int = 1) -> str:
    """A self-signed certificate with this serial number, in PEM."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    made = x509.CertificateBuilder(name, name, key.public_key(), number)
    times = made.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
    return times.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
