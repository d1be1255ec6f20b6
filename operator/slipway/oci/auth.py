"""How a registry is convinced: pure flows that yield the requests they need and are sent the answers.

Follows distribution's spec/auth/{token,oauth}.md. Nothing here knows a network; `session.py` carries the
requests.
"""

from __future__ import annotations

import base64
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from pydantic_core import from_json

from slipway.egress import InvalidUrl, Origin
from slipway.egress.policy import literal_address
from slipway.http import join_url, origin_of
from slipway.oci.challenge import AuthChallenge
from slipway.oci.credentials import ALLOWED_HOSTS, Credential, CredentialKind
from slipway.oci.errors import AuthenticationFailed, InvalidResponse

__all__ = [
    "BearerToken",
    "TokenAnswer",
    "TokenRequest",
    "basic_header",
    "fetch_token",
    "merge_scopes",
    "realm_for",
    "repository_scope",
]

_SHORTEST_LIFE: Final = 60.0  # seconds; token.md's default, and as little as it allows
_LONGEST_LIFE: Final = 24 * 3600.0
_LEAST_LEFT: Final = (
    15.0  # seconds; a token is renewed 5 s early, and one that is just given is good for more
)
_CLIENT: Final = "slipway"
# What registries expect as the user name beside a personal access token; most ignore it.
_USER_OF_TOKENS: Final = "oauth2"


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A bearer token; `lifetime` is in seconds from the moment it was asked for."""

    value: str = field(repr=False)
    lifetime: float


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request to a token server."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the token server said; `now` is the wall clock when it said it."""

    status: int
    body: bytes = field(repr=False)
    now: datetime


def repository_scope(repository: str, *, push: bool = False) -> str:
    """The scope that reading (and writing) a repository needs."""
    return f"repository:{repository}:{'pull,push' if push else 'pull'}"


def merge_scopes(asked: Iterable[str], demanded: str) -> tuple[str, ...]:
    """The demanded scopes first, for some token servers read only the first one; each once."""
    return tuple(dict.fromkeys((*demanded.split(), *asked)))


def basic_header(credential: Credential) -> str:
    """The Authorization value that shows the credential itself."""
    user, password = credential.username, credential.password
    if credential.kind is CredentialKind.TOKEN:
        user, password = _USER_OF_TOKENS, credential.token
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def realm_for(challenge: AuthChallenge, registry: Origin, base: str, credential: Credential) -> str:
    """The URL of the token server that the registry names, when the credential may be sent there.

    Args:
        challenge: A Bearer challenge that came from the registry itself.
        registry: The registry's origin.
        base: The URL that was asked, against which a relative realm is read.
        credential: Its hosts, and those of the registry's own domain, are trusted with it.

    Raises:
        InvalidResponse: when the realm is no URL.
        AuthenticationFailed: when it is less trustworthy than the registry, or of a private network though
            the registry is not.
    """
    try:
        realm = join_url(base, challenge.get("realm"))
        origin = origin_of(realm)
    except InvalidUrl as error:
        msg = f"{registry} names a token server that is no URL"
        raise InvalidResponse(msg) from error
    if registry.scheme == "https" and origin.scheme != "https":
        msg = f"{registry} names the token server {origin}; tokens do not travel over plain http"
        raise AuthenticationFailed(msg)
    is_named = origin.host in _named_hosts(credential)
    if _is_inside(origin.host) and not (is_named or registry.scheme == "http" or _is_inside(registry.host)):
        msg = (
            f"{registry} names the token server {origin}, which is a private address, though the registry has"
            f" a public one, so it was not asked: if that is right, name {origin.host} in the Secret"
            f" ({ALLOWED_HOSTS}), too"
        )
        raise AuthenticationFailed(msg)
    if credential.kind is not CredentialKind.ANONYMOUS and not _may_have(origin, registry, credential):
        msg = (
            f"{registry} names the token server {origin}, which is in another domain, so the credential"
            f" was not sent: if that is right, name {origin.host} in the Secret ({ALLOWED_HOSTS}), too"
        )
        raise AuthenticationFailed(msg)
    return realm


def fetch_token(
    realm: str, service: str, scopes: tuple[str, ...], credential: Credential
) -> Generator[TokenRequest, TokenAnswer, BearerToken]:
    """Gets a token: by POST with an identity token, falling back to GET; by GET with Basic; or anonymously.

    Raises:
        AuthenticationFailed: when the token server refuses the credential.
        InvalidResponse: when its answer holds no token.
    """
    server = origin_of(realm)
    if credential.kind is CredentialKind.TOKEN:
        answer = yield _oauth_request(realm, service, scopes, credential)
        if answer.status == 200:
            return _read_token(answer, server)
        # Servers without the OAuth2 endpoint say 404 or 405; others take a personal access token only as a
        # password.
    answer = yield _get_request(realm, service, scopes, credential)
    if answer.status == 200:
        return _read_token(answer, server)
    raise _refusal(answer.status, server, credential)


def _oauth_request(realm: str, service: str, scopes: tuple[str, ...], credential: Credential) -> TokenRequest:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": credential.token,
        "service": service,
        "client_id": _CLIENT,
        "scope": " ".join(scopes),
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    return TokenRequest("POST", realm, headers, urlencode(form).encode())


def _get_request(realm: str, service: str, scopes: tuple[str, ...], credential: Credential) -> TokenRequest:
    query = [("service", service)] if service else []
    query += [("scope", scope) for scope in scopes]
    headers = {"Accept": "application/json"}
    if credential.kind is not CredentialKind.ANONYMOUS:
        headers["Authorization"] = basic_header(credential)
        query.append(("client_id", _CLIENT))
    if credential.kind is CredentialKind.BASIC:
        query.append(("account", credential.username))
    joint = "&" if "?" in realm else "?"
    return TokenRequest("GET", f"{realm}{joint}{urlencode(query)}" if query else realm, headers)


def _refusal(status: int, server: Origin, credential: Credential) -> AuthenticationFailed | InvalidResponse:
    if status in {400, 401, 403}:
        if credential.kind is CredentialKind.ANONYMOUS:
            return AuthenticationFailed(f"{server} gives no anonymous access: name a Secret in secretRef")
        shown = f"user {credential.username}" if credential.username else "the token"
        return AuthenticationFailed(
            f"{server} refuses {shown}: check user name and password or token in the Secret"
        )
    return InvalidResponse(f"the token server {server} answered with status {status} instead of a token")


def _read_token(answer: TokenAnswer, server: Origin) -> BearerToken:
    try:
        body = from_json(answer.body)
    except ValueError:
        body = None
    fields: dict[str, Any] = body if isinstance(body, dict) else {}
    value = fields.get("token") or fields.get("access_token")
    if not isinstance(value, str) or not _is_header_value(value):
        msg = f"the token server {server} answered without a token"
        raise InvalidResponse(msg)
    return BearerToken(value, _lifetime(fields, answer.now))


def _is_header_value(value: str) -> bool:
    return value.isascii() and value.isprintable() and not value.isspace()


def _lifetime(fields: dict[str, Any], now: datetime) -> float:
    """Seconds left; where clocks disagree so much that nearly nothing is left, `issued_at` does not count."""
    life = fields.get("expires_in")
    if isinstance(life, bool) or not isinstance(life, (int, float)) or not life >= _SHORTEST_LIFE:
        life = _SHORTEST_LIFE
    life = min(float(life), _LONGEST_LIFE)
    age = (now - _issued_at(fields.get("issued_at"), now)).total_seconds()
    return life - age if 0 < age < life - _LEAST_LEFT else life


def _issued_at(text: Any, now: datetime) -> datetime:
    try:
        issued = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return now
    return issued if issued.tzinfo is not None else issued.replace(tzinfo=UTC)


def _may_have(server: Origin, registry: Origin, credential: Credential) -> bool:
    """The registry's own host and domain, and every host that the Secret names."""
    return (
        server.host == registry.host
        or server.host in _named_hosts(credential)
        or _domain(server.host) == _domain(registry.host)
    )


def _named_hosts(credential: Credential) -> set[str]:
    return {host.partition(":")[0] if host.count(":") == 1 else host for host in credential.hosts}


def _is_inside(host: str) -> bool:
    """Whether a host, by its name alone, is of a private network: a registry out there has no business to
    have us call one.
    """
    address = literal_address(host)
    if address is not None:
        return not address.is_global
    name = host.rstrip(".")
    return "." not in name or name.endswith((".svc", ".local", ".internal", ".localhost"))


def _domain(host: str) -> str:
    """What one owner registers, approximately: `example.com`, `example.co.uk`; addresses and bare names
    whole.

    An approximation is enough: the registry already has the credential when it names its token server, and
    this only keeps one that was tampered with from passing it on to anywhere.
    """
    labels = host.rstrip(".").split(".")
    if len(labels) < 3 or literal_address(host) is not None:
        return host
    country_code = len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3 if country_code else -2 :])
