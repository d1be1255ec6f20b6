from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.oci.errors import CredentialInvalid
from slipway.oci.exchange.jwt import lifetime_of, signed_jwt


def _pem(key: RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _unsigned(claims: object) -> str:
    return f"eyJ0.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln"


def test_a_token_is_signed_by_the_key(rsa_key: RSAPrivateKey) -> None:
    """RS256 over header and claims, as RFC 7515 has it: without padding."""
    token = signed_jwt({"kid": "k1"}, {"iss": "a@b", "iat": 1}, _pem(rsa_key))
    header, claims, signature = token.split(".")

    assert "=" not in token
    assert json.loads(_decoded(header)) == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    assert json.loads(_decoded(claims)) == {"iss": "a@b", "iat": 1}
    rsa_key.public_key().verify(_decoded(signature), f"{header}.{claims}".encode(), PKCS1v15(), SHA256())


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("", "cannot be read"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n", "cannot be read"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), "not one for RSA"),
    ],
    ids=["nothing", "a torn key", "a key for ECDSA"],
)
def test_a_key_that_is_none_is_an_error_of_the_secret(key: str, said: str) -> None:
    """Without the key in its words."""
    with pytest.raises(CredentialInvalid, match=said) as caught:
        signed_jwt({}, {}, key)

    assert "BEGIN" not in str(caught.value)


@pytest.mark.parametrize(
    ("claims", "lifetime"),
    [
        ({"iat": 100, "exp": 10_900}, 10_800.0),
        ({"nbf": 100, "exp": 400}, 300.0),
        ({"iat": 400, "exp": 100}, 0.0),
        ({"exp": 400}, None),
        ({"iat": "1", "exp": 400}, None),
        ({"iat": 0, "exp": 10**400}, 366.0 * 24 * 3600),
        ([], None),
        (None, None),
    ],
    ids=repr,
)
def test_a_token_says_how_long_it_holds(claims: Any, lifetime: float | None) -> None:
    """From its issue to its end, so that our clock does not matter."""
    assert lifetime_of(_unsigned(claims)) == lifetime


@settings(max_examples=25, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60), st.binary(max_size=40).map(lambda b: f"a.{base64.b64encode(b).decode()}.c")
    )
)
def test_whatever_is_no_token_says_nothing(token: str) -> None:
    """Opaque tokens are as good as others."""
    assert lifetime_of(token) is None or isinstance(lifetime_of(token), float)
