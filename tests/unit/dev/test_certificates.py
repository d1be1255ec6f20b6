"""Certificates for clusters and registries."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dev.certificates import Authority, write_signing_key


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_a_server_certificate_is_signed_and_names_its_addresses(tmp_path: Path) -> None:
    """Clients compare names and addresses with the subject alternative names."""
    authority = Authority(tmp_path)
    pair = authority.server("api", dns=["localhost"], addresses=["127.0.0.1"])

    certificate = _read(pair.certificate)

    certificate.verify_directly_issued_by(_read(authority.files.certificate))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]


def test_a_client_certificate_carries_user_and_group(tmp_path: Path) -> None:
    """Kubernetes reads them from CN and O."""
    pair = Authority(tmp_path).client("admin", user="ada", group="system:masters")

    certificate = _read(pair.certificate)

    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "ada"
    assert certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "system:masters"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    """Private keys on a shared machine."""
    pairs = [Authority(tmp_path).client("admin", user="ada"), write_signing_key(tmp_path)]

    for pair in pairs:
        assert pair.key.stat().st_mode & 0o077 == 0
        assert isinstance(load_pem_private_key(pair.key.read_bytes(), password=None), EllipticCurvePrivateKey)


def test_the_signing_key_has_a_public_half_without_certificate(tmp_path: Path) -> None:
    """The API server verifies service account tokens with it."""
    public = load_pem_public_key(write_signing_key(tmp_path).certificate.read_bytes())

    assert isinstance(public, EllipticCurvePublicKey)
