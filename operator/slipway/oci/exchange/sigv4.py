"""Signs requests to Amazon Web Services with Signature Version 4 (AWS4-HMAC-SHA256). Pure.

Follows "Create a signed AWS API request", IAM User Guide,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

__all__ = ["AwsKeys", "SigningScope", "sign"]

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_UNRESERVED: Final = "-_.~"


@dataclass(frozen=True, slots=True)
class AwsKeys:
    """An access key. The secret half signs and never travels."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    """Comes with keys that end after a while, and travels with each request."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not come back in a message."""
        return tuple(filter(None, (self.secret_access_key, self.session_token)))


@dataclass(frozen=True, slots=True)
class SigningScope:
    """What a signature is good for: one service in one region, on the day of the request."""

    region: str
    service: str

    def on(self, day: str) -> str:
        """The credential scope of a day, given as YYYYMMDD."""
        return f"{day}/{self.region}/{self.service}/aws4_request"


def sign(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    keys: AwsKeys,
    scope: SigningScope,
    now: datetime,
) -> dict[str, str]:
    """The headers with date, token and Authorization added; all of them, and the host, are signed.

    Args:
        method: In capitals.
        url: Absolute; its host must be what the Host header says.
        headers: What is sent besides.
        body: Hashed into the signature.
        keys: Who signs.
        scope: For what.
        now: AWS refuses a signature that is more than 5 minutes away from its own clock.
    """
    time = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    sent = {**headers, "X-Amz-Date": time}
    if keys.session_token:
        sent["X-Amz-Security-Token"] = keys.session_token
    signed = _canonical_headers(sent, urlsplit(url).netloc)
    names = ";".join(signed)
    request = _canonical_request(method, url, signed, names, body)
    place = scope.on(time[:8])
    text = "\n".join((_ALGORITHM, time, place, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.new(_signing_key(keys, scope, time[:8]), text.encode(), hashlib.sha256).hexdigest()
    shown = f"Credential={keys.access_key_id}/{place}, SignedHeaders={names}, Signature={signature}"
    return {**sent, "Authorization": f"{_ALGORITHM} {shown}"}


def _canonical_headers(headers: Mapping[str, str], host: str) -> dict[str, str]:
    """By lower-case name, in order; runs of spaces count as one."""
    plain = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    return dict(sorted({**plain, "host": host}.items()))


def _canonical_request(method: str, url: str, headers: Mapping[str, str], names: str, body: bytes) -> str:
    parts = urlsplit(url)
    query = sorted(
        (quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED))
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return "\n".join(
        (
            method,
            # Every service but S3 has the path encoded once more than it is sent.
            quote(parts.path or "/", safe="/" + _UNRESERVED),
            "&".join(f"{name}={value}" for name, value in query),
            *(f"{name}:{value}" for name, value in headers.items()),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )


def _signing_key(keys: AwsKeys, scope: SigningScope, day: str) -> bytes:
    key = f"AWS4{keys.secret_access_key}".encode()
    for part in (day, scope.region, scope.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
