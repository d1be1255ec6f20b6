from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from dev.certificates import Authority
from slipway.egress import ClientCertificate, InvalidCertificate
from slipway.egress.tls import tls_context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A certificate authority of the test's own."""
    return Authority(tmp_path)


def test_the_system_is_trusted_and_everything_checked_by_default() -> None:
    """Without settings, names and chains are checked against the system's authorities, read once."""
    context = tls_context()

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.get_ca_certs()
    assert tls_context() is context


def test_own_authorities_are_trusted_beside_the_system(authority: Authority) -> None:
    """A private authority is added: storage behind the registry may be public."""
    before = len(tls_context().get_ca_certs())

    context = tls_context(authorities=authority.files.certificate.read_bytes())

    assert len(context.get_ca_certs()) == before + 1


def test_a_file_of_authorities_is_trusted(authority: Authority) -> None:
    """A path is read."""
    before = len(tls_context().get_ca_certs())

    assert len(tls_context(authority.files.certificate).get_ca_certs()) == before + 1


def test_checking_can_be_turned_off() -> None:
    """`verify=False` trusts everybody, in a context of its own."""
    context = tls_context(verify=False)

    assert context.verify_mode is ssl.CERT_NONE
    assert tls_context().verify_mode is ssl.CERT_REQUIRED


def test_a_context_is_used_as_it_is() -> None:
    """Whoever brings a context has decided everything."""
    context = ssl.create_default_context()

    assert tls_context(context) is context


def test_garbage_is_refused_with_its_place(authority: Authority) -> None:
    """The message says which of the three entries is wrong."""
    pair = authority.client("client", user="client")
    other = authority.client("other", user="other")
    mixed = ClientCertificate(pair.certificate.read_bytes(), other.key.read_bytes())

    with pytest.raises(InvalidCertificate, match=r"ca\.crt"):
        tls_context(authorities=b"no PEM")
    with pytest.raises(InvalidCertificate, match=r"ca\.crt"):
        tls_context(authorities="né".encode())
    with pytest.raises(InvalidCertificate, match=r"tls\.key"):
        tls_context(client=mixed)
    with pytest.raises(InvalidCertificate, match=r"tls\.crt"):
        tls_context(client=ClientCertificate(b"no PEM", b"no PEM"))


def test_a_client_certificate_is_taken(authority: Authority) -> None:
    """Certificate and key are loaded without touching a disk."""
    pair = authority.client("client", user="client")

    tls_context(client=ClientCertificate(pair.certificate.read_bytes(), pair.key.read_bytes()))
