"""JSON Web Tokens (RFC 7519): signs our own with a service account's key, and reads how long others hold."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import from_json, to_json

from slipway.oci.errors import CredentialInvalid

__all__ = ["lifetime_of", "signed_jwt"]

_LONGEST: Final = 366 * 24 * 3600  # seconds; what is more is no time but a number


def signed_jwt(header: Mapping[str, str], claims: Mapping[str, Any], key: str) -> str:
    """The token, signed with RS256.

    It takes some milliseconds, most of them for reading the key: call it in a thread.

    Args:
        header: What stands beside `alg` and `typ`.
        claims: What it says.
        key: The private key, PEM.

    Raises:
        CredentialInvalid: when the key is none, or not for RSA.
    """
    # 6 MB of memory that only who signs with a Google key needs.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        private = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        msg = "the private_key in the key file of the service account cannot be read: make a new key"
        raise CredentialInvalid(msg) from error
    if not isinstance(private, RSAPrivateKey):
        msg = "the private_key in the key file of the service account is not one for RSA: make a new key"
        raise CredentialInvalid(msg)
    text = f"{_part({'alg': 'RS256', 'typ': 'JWT', **header})}.{_part(claims)}"
    return f"{text}.{_encoded(private.sign(text.encode(), PKCS1v15(), SHA256()))}"


def lifetime_of(token: str) -> float | None:
    """Seconds between issue and end by the token's own word, which is not verified; None when it has none."""
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = from_json(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), allow_inf_nan=False)
    except (binascii.Error, ValueError):
        return None
    if not isinstance(claims, dict):
        return None
    end, issue = claims.get("exp"), claims.get("iat", claims.get("nbf"))
    if not isinstance(end, (int, float)) or not isinstance(issue, (int, float)):
        return None
    return float(min(max(end - issue, 0), _LONGEST))


def _part(fields: Mapping[str, Any]) -> str:
    return _encoded(to_json(fields))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
