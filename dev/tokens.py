"""A token service for registries, as the distribution token specification describes it."""

from __future__ import annotations

import base64
import json
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from typing_extensions import override

from dev import ports
from dev.certificates import Authority
from dev.registry import TokenAuthentication

__all__ = ["TokenServer"]

_ISSUER = "slipway-test-bed"
_SERVICE = "slipway-registry"


class TokenServer:
    """Hands out bearer tokens for what is asked, in a thread of this process; use it as a context manager.

    ```python
    with TokenServer(users={"robot": "secret"}) as tokens, Registry(token=tokens.authentication) as registry:
        ...
    ```

    Args:
        users: passwords by user name; None lets everybody in.
        lifetime: seconds until a token expires.
    """

    def __init__(self, users: Mapping[str, str] | None = None, *, lifetime: int = 300) -> None:
        self._users = users
        self._lifetime = lifetime
        self._directory = Path(tempfile.mkdtemp(prefix="slipway-tokens-"))
        authority = Authority(self._directory)
        pair = authority.server("tokens", dns=["localhost"], addresses=["127.0.0.1"])
        self._key = pair.key.read_bytes()
        self._chain = [_der(pair.certificate)]
        self._reservation = ports.reserve(1)
        address = ("127.0.0.1", self._reservation.ports[0])
        self._server = ThreadingHTTPServer(address, self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, name="tokens", daemon=True)
        self.requests = 0
        """How many tokens were asked for, refused ones too."""
        self.authentication = TokenAuthentication(
            realm=f"http://127.0.0.1:{address[1]}/token",
            service=_SERVICE,
            issuer=_ISSUER,
            root_certificates=authority.files.certificate,
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._reservation.release()
        shutil.rmtree(self._directory, ignore_errors=True)

    def answer(self, query: Mapping[str, list[str]], authorization: str) -> tuple[int, dict[str, Any]]:
        """Status and body for one request, whose scopes read `repository:shop/api:pull,push`."""
        self.requests += 1
        user = self._user(authorization)
        if user is None:
            return 401, {"errors": [{"code": "UNAUTHORIZED", "message": "wrong user name or password"}]}
        scopes = [scope for value in query.get("scope", []) for scope in value.split()]
        return 200, {"token": self._token(user, scopes), "expires_in": self._lifetime}

    def _user(self, authorization: str) -> str | None:
        if self._users is None:
            return "anonymous"
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return None
        user, _, password = base64.b64decode(encoded).decode().partition(":")
        return user if self._users.get(user) == password else None

    def _token(self, user: str, scopes: list[str]) -> str:
        now = int(time.time())
        claims = {
            "iss": _ISSUER,
            "sub": user,
            "aud": _SERVICE,
            "iat": now,
            "nbf": now - 10,
            "exp": now + self._lifetime,
            "jti": secrets.token_hex(8),
            "access": [_access(scope) for scope in scopes],
        }
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"x5c": self._chain})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        class Handler(_Handler):
            tokens = self

        return Handler


class _Handler(BaseHTTPRequestHandler):
    tokens: ClassVar[TokenServer]
    protocol_version = "HTTP/1.1"  # connections are kept, as all clouds do

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        status, body = self.tokens.answer(query, self.headers.get("Authorization", ""))
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    @override
    def log_message(self, format: str, *_: object) -> None:
        """Say nothing: standard error belongs to the tests."""


def _access(scope: str) -> dict[str, Any]:
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    return {"type": kind, "name": name, "actions": actions.split(",")}


def _der(certificate: Path) -> str:
    parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
    return base64.b64encode(parsed.public_bytes(serialization.Encoding.DER)).decode()
