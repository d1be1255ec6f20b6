"""Credentials out of Kubernetes Secrets, and the hosts that they may be sent to. Pure.

A credential belongs to the hosts that its Secret names: the keys of a docker configuration, or the annotation
`slipway.dev/allowed-hosts` (comma separated) on the other types. Whoever may edit a Registry, but not the
Secret, can therefore not have it sent to a host of their own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from pydantic_core import from_json

from slipway.binding import ALLOWED_HOSTS, REFUSED_TYPES, hosts_named, matches
from slipway.egress import ClientCertificate
from slipway.oci.errors import CertificateUnusable, CredentialInvalid, CredentialNotBound
from slipway.oci.reference import DOCKER_HUB, DOCKER_HUB_NAMES

__all__ = [
    "ALLOWED_HOSTS",
    "ANONYMOUS",
    "Certificates",
    "Credential",
    "CredentialKind",
    "Secret",
    "bound_hosts",
    "certificates_from",
    "credential_for",
    "credential_id",
    "names_host",
]

# Known only to this process: an id cannot be used to try out passwords, and says nothing after a restart. Who
# wants ids that outlive a process brings a key of their own.
_KEY: Final = secrets.token_bytes(32)


class CredentialKind(StrEnum):
    """How a credential is shown."""

    ANONYMOUS = "Anonymous"
    BASIC = "Basic"
    TOKEN = "Token"  # noqa: S105 - the name of a kind


@dataclass(frozen=True, slots=True)
class Credential:
    """Who we are to a registry."""

    kind: CredentialKind = CredentialKind.ANONYMOUS
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    """An identity (refresh) token or personal access token."""

    hosts: tuple[str, ...] = ()
    """The hosts (`host` or `host:port`, globs per label) that the Secret names."""

    @classmethod
    def basic(cls, username: str, password: str, hosts: tuple[str, ...] = ()) -> Credential:
        """A user name and password."""
        return cls(CredentialKind.BASIC, username=username, password=password, hosts=hosts)

    @classmethod
    def bearer(cls, token: str, hosts: tuple[str, ...] = ()) -> Credential:
        """An identity token or personal access token."""
        return cls(CredentialKind.TOKEN, token=token, hosts=hosts)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every form in which it could come back in an error message."""
        plain = tuple(filter(None, (self.password, self.token)))
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode() if self.password else ""
        return (*plain, pair) if pair else plain


ANONYMOUS: Final = Credential()


@dataclass(frozen=True, slots=True)
class Secret:
    """What is read of a Kubernetes Secret; `data` is decoded."""

    name: str
    type: str
    data: Mapping[str, bytes] = field(repr=False)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_object(cls, body: Mapping[str, Any]) -> Secret:
        """The Secret in an object as the API server gives it.

        Raises:
            CredentialInvalid: when its data is not base64.
        """
        metadata = body.get("metadata") or {}
        name = str(metadata.get("name", ""))
        try:
            data = {k: base64.b64decode(v, validate=True) for k, v in (body.get("data") or {}).items()}
        except (binascii.Error, ValueError, TypeError) as error:
            msg = f"Secret {name} holds data that is not base64"
            raise CredentialInvalid(msg) from error
        return cls(name, str(body.get("type") or "Opaque"), data, dict(metadata.get("annotations") or {}))


@dataclass(frozen=True, slots=True)
class Certificates:
    """What `certSecretRef` brings, PEM encoded."""

    authorities: bytes | None = None
    client: ClientCertificate | None = None


def credential_for(secret: Secret, host: str, repository: str = "") -> Credential:
    """The credential that the Secret holds for a registry.

    Args:
        secret: Of type kubernetes.io/dockerconfigjson, kubernetes.io/dockercfg or kubernetes.io/basic-auth,
            or Opaque with `token` (optionally with `username`, as registries that take a token for a password
            want it).
        host: Host and, unless it is the standard one, port of the registry.
        repository: Narrows a docker configuration whose keys have paths.

    Raises:
        CredentialNotBound: when the Secret does not name this host.
        CredentialInvalid: when its type is refused, or it has not what its type promises.
    """
    if secret.type in REFUSED_TYPES:
        why = REFUSED_TYPES[secret.type]
        msg = f"Secret {secret.name} has the type {secret.type}, which is refused: {why}"
        raise CredentialInvalid(msg)
    if secret.type in {"kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"}:
        return _from_docker_config(secret, host, repository)
    return _bound(secret, host, _from_fields(secret))


def bound_hosts(secret: Secret, host: str) -> tuple[str, ...]:
    """The hosts that the annotation of a Secret lists, of which this must be one.

    Raises:
        CredentialNotBound: when it is not.
    """
    hosts = hosts_named(secret.annotations)
    if not names_host(hosts, host):
        msg = (
            f"Secret {secret.name} does not say that it may be sent to {host}: annotate it with"
            f" {ALLOWED_HOSTS}: {host}, or use a Secret of type kubernetes.io/dockerconfigjson with the host"
        )
        raise CredentialNotBound(msg)
    return hosts


def names_host(entries: Iterable[str], host: str) -> bool:
    """Whether one of the entries, each a host whose labels may be globs, names this host and port."""
    return any(matches(pattern, _folded(host)) for entry in entries for pattern in _patterns(entry))


def certificates_from(secret: Secret) -> Certificates:
    """Authorities (`ca.crt`) and client certificate (`tls.crt` with `tls.key`) of a Secret.

    Raises:
        CertificateUnusable: when it has neither, or only one half of a client certificate.
    """
    authorities = secret.data.get("ca.crt")
    certificate, key = secret.data.get("tls.crt"), secret.data.get("tls.key")
    if (certificate is None) != (key is None):
        msg = f"Secret {secret.name} has only one of tls.crt and tls.key; a client certificate needs both"
        raise CertificateUnusable(msg)
    if authorities is None and certificate is None:
        msg = f"Secret {secret.name} has neither ca.crt nor tls.crt with tls.key; certSecretRef needs either"
        raise CertificateUnusable(msg)
    client = None if certificate is None or key is None else ClientCertificate(certificate, key)
    return Certificates(authorities, client)


def credential_id(
    credential: Credential,
    authorities: bytes | None,
    client: ClientCertificate | None,
    verify: bool,
    key: bytes | None = None,
) -> str:
    """A name for this authority, equal for equal credential, CA and TLS mode under one key.

    Args:
        credential: who asks.
        authorities: PEM, trusted beside the system's.
        client: the certificate that is shown.
        verify: whether the registry's certificate is checked.
        key: a secret of up to 64 bytes; by default one that only this process has.
    """
    mac = hashlib.blake2b(key=key or _KEY, digest_size=16)
    parts = (
        credential.kind.encode(),
        credential.username.encode(),
        credential.password.encode(),
        credential.token.encode(),
        *(host.encode() for host in credential.hosts),
        authorities or b"",
        client.certificate if client else b"",
        client.key if client else b"",
        b"verify" if verify else b"",
    )
    for part in parts:
        mac.update(len(part).to_bytes(8, "big") + part)
    return mac.hexdigest()


def _from_fields(secret: Secret) -> Credential:
    if secret.type == "kubernetes.io/basic-auth":
        username, password = _text(secret, "username"), _text(secret, "password")
        if not username or not password:
            msg = f"Secret {secret.name} of type kubernetes.io/basic-auth needs `username` and `password`"
            raise CredentialInvalid(msg)
        return Credential.basic(username, password)
    token = _text(secret, "token").strip()
    if secret.type != "Opaque" or not token:
        msg = (
            f"Secret {secret.name} of type {secret.type} holds no registry credential: use"
            " kubernetes.io/dockerconfigjson, kubernetes.io/basic-auth, or Opaque with `token`"
        )
        raise CredentialInvalid(msg)
    username = _text(secret, "username").strip()
    return Credential.basic(username, token) if username else Credential.bearer(token)


def _bound(secret: Secret, host: str, credential: Credential) -> Credential:
    return replace(credential, hosts=bound_hosts(secret, host))


def _from_docker_config(secret: Secret, host: str, repository: str) -> Credential:
    """The first match in reverse lexical order of the keys, as the kubelet's keyring orders them."""
    entries = _docker_entries(secret)
    for key in sorted(entries, reverse=True):
        if any(matches(pattern, _folded(host), repository) for pattern in _patterns(key)):
            credential = _from_docker_entry(secret, key, entries[key])
            if credential is not None:
                return credential
    named = ", ".join(sorted(entries)[:5]) or "no host"
    msg = f"Secret {secret.name} has no credential for {host} (it names {named}): add an entry for {host}"
    raise CredentialNotBound(msg)


def _docker_entries(secret: Secret) -> dict[str, Any]:
    legacy = secret.type == "kubernetes.io/dockercfg"
    key = ".dockercfg" if legacy else ".dockerconfigjson"
    try:
        config = from_json(secret.data.get(key, b"").rstrip(b"\0"))
        entries = config if legacy else config["auths"]
    except (ValueError, KeyError, TypeError) as error:
        msg = f"Secret {secret.name} has no docker configuration with `auths` under the key {key}"
        raise CredentialInvalid(msg) from error
    if not isinstance(entries, dict):
        msg = f"Secret {secret.name}: `auths` under the key {key} is not an object"
        raise CredentialInvalid(msg)
    return entries


def _from_docker_entry(secret: Secret, key: str, entry: Any) -> Credential | None:
    """None for an empty entry, which docker writes where a credential helper has the password."""
    if not isinstance(entry, dict):
        msg = f"Secret {secret.name}: the entry for {key} is not an object"
        raise CredentialInvalid(msg)
    hosts = (_strip(key).partition("/")[0].lower(),)
    if identity := entry.get("identitytoken"):
        return Credential.bearer(str(identity), hosts)
    username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if auth := entry.get("auth"):
        username, password = _decode_auth(secret, key, str(auth))
    if not username and not password:
        return None
    return Credential.basic(username, password, hosts)


def _decode_auth(secret: Secret, key: str, auth: str) -> tuple[str, str]:
    try:
        pair = base64.b64decode(auth, validate=True).decode().rstrip("\0")
    except (binascii.Error, ValueError) as error:
        msg = f"Secret {secret.name}: `auth` of {key} is not base64"
        raise CredentialInvalid(msg) from error
    username, colon, password = pair.partition(":")
    if not colon:
        msg = f"Secret {secret.name}: `auth` of {key} is not user:password in base64"
        raise CredentialInvalid(msg)
    return username, password.rstrip("\0")


def _patterns(key: str) -> Iterator[str]:
    """The key, and for Docker Hub each of its names."""
    stripped = _strip(key)
    host, slash, path = stripped.partition("/")
    if host.lower() in DOCKER_HUB_NAMES:
        yield f"{DOCKER_HUB}{slash}{path}"
    else:
        yield f"{host.lower()}{slash}{path}"


def _strip(key: str) -> str:
    """Without scheme and without the API version that old docker versions wrote behind the host."""
    bare = key.strip()
    for scheme in ("https://", "http://"):
        bare = bare.removeprefix(scheme)
    bare = bare.rstrip("/")
    host, _, path = bare.partition("/")
    if path in {"v1", "v2"}:
        return host
    for version in ("v1/", "v2/"):
        path = path.removeprefix(version)
    return f"{host}/{path}" if path else host


def _folded(host: str) -> str:
    return DOCKER_HUB if host.lower() in DOCKER_HUB_NAMES else host.lower()


def _text(secret: Secret, key: str) -> str:
    try:
        return secret.data.get(key, b"").decode()
    except UnicodeDecodeError as error:
        msg = f"Secret {secret.name}: `{key}` is not text"
        raise CredentialInvalid(msg) from error
