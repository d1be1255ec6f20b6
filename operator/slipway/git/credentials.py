"""Credentials for git hosts out of Kubernetes Secrets, in the form that Flux made known. Pure.

::

    https, http   `username` and `password` (also of type kubernetes.io/basic-auth)    sent as Basic
                  `username` and `token`                                               sent as Basic
                  `bearerToken`, or `token` alone                                      sent as Bearer
                  `ca.crt`                          authorities trusted beside the system's
    ssh           `identity` (or `ssh-privatekey` of type kubernetes.io/ssh-auth)      key without passphrase
                  `known_hosts`                     required: lines as `ssh-keyscan HOST` prints them

The annotation `slipway.dev/allowed-hosts` of the Secret names the hosts (`host` or `host:port`) that its
content may be sent to.
"""

from __future__ import annotations

import base64
import binascii
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from slipway.binding import ALLOWED_HOSTS, REFUSED_TYPES, hosts_named, matches
from slipway.git.errors import CertificateUnusable, CredentialInvalid, CredentialNotBound
from slipway.git.url import GitUrl

__all__ = ["ANONYMOUS", "GitCredential", "SecretContent", "git_credential_for"]

_TYPES: Final = frozenset({"Opaque", "kubernetes.io/basic-auth", "kubernetes.io/ssh-auth"})


class SecretContent(Protocol):
    """What is read of a Kubernetes Secret; `slipway.oci.credentials.Secret` is one."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def type(self) -> str:
        """Its type, such as `Opaque`."""

    @property
    def data(self) -> Mapping[str, bytes]:
        """Its content, decoded."""

    @property
    def annotations(self) -> Mapping[str, str]:
        """Its annotations."""


@dataclass(frozen=True, slots=True)
class GitCredential:
    """Who we are to a git host, and whom we trust to be that host."""

    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    """Sent as a bearer token."""

    identity: bytes = field(default=b"", repr=False)
    """Private key for ssh."""

    known_hosts: bytes = field(default=b"", repr=False)
    authorities: bytes | None = field(default=None, repr=False)
    """PEM certificates trusted beside the system's."""

    @property
    def authorization(self) -> str | None:
        """The Authorization header for http(s); None for nobody."""
        if self.token:
            return f"Bearer {self.token}"
        return f"Basic {self._pair}" if self.password else None

    @property
    def is_anonymous(self) -> bool:
        """Whether nothing proves who we are."""
        return not (self.password or self.token or self.identity)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every form in which it could come back in an error message."""
        return tuple(filter(None, (self.password, self.token, self._pair if self.password else "")))

    @property
    def _pair(self) -> str:
        return base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


ANONYMOUS: Final = GitCredential()


def git_credential_for(secret: SecretContent, url: GitUrl) -> GitCredential:
    """The credential that the Secret holds for the host of this URL.

    Raises:
        CredentialNotBound: when the Secret does not name this host.
        CredentialInvalid: when its type is refused, or it has not what the URL needs.
        CertificateUnusable: when its `ca.crt` is not PEM.
    """
    if secret.type in REFUSED_TYPES:
        why = REFUSED_TYPES[secret.type]
        msg = f"Secret {secret.name} has the type {secret.type}, which is refused: {why}"
        raise CredentialInvalid(msg)
    if secret.type not in _TYPES:
        msg = f"Secret {secret.name} of type {secret.type} holds no git credential: use one of {_listed()}"
        raise CredentialInvalid(msg)
    if not any(matches(entry, url.place) for entry in hosts_named(secret.annotations)):
        msg = (
            f"Secret {secret.name} does not say that it may be sent to {url.place}: annotate it with"
            f" {ALLOWED_HOSTS}: {url.place}"
        )
        raise CredentialNotBound(msg)
    return _for_ssh(secret) if url.scheme == "ssh" else _for_http(secret)


def _for_http(secret: SecretContent) -> GitCredential:
    username, password = _text(secret, "username").strip(), _text(secret, "password")
    token = (_text(secret, "bearerToken") or _text(secret, "token")).strip()
    credential = GitCredential(authorities=_authorities(secret))
    if ":" in username:
        msg = f"Secret {secret.name}: a `username` has no colon"
        raise CredentialInvalid(msg)
    if username and (password or token):
        return replace(credential, username=username, password=password or token)
    if token:
        if not (token.isascii() and token.isprintable()) or " " in token:
            msg = f"Secret {secret.name}: the token is not one word of printable ASCII"
            raise CredentialInvalid(msg)
        return replace(credential, token=token)
    if credential.authorities is None or username or password:
        msg = f"Secret {secret.name} needs `username` and `password`, or `bearerToken`, for an http(s) url"
        raise CredentialInvalid(msg)
    return credential


def _for_ssh(secret: SecretContent) -> GitCredential:
    key = secret.data.get("identity") or secret.data.get("ssh-privatekey") or b""
    known_hosts = secret.data.get("known_hosts", b"")
    if not key.strip() or not known_hosts.strip():
        lacking = "`known_hosts`, as ssh-keyscan prints it" if key.strip() else "`identity`, a private key"
        msg = f"Secret {secret.name} lacks {lacking}: an ssh url needs both `identity` and `known_hosts`"
        raise CredentialInvalid(msg)
    identity = key.replace(b"\r\n", b"\n").strip() + b"\n"  # ssh takes no other form
    if not identity.startswith(b"-----BEGIN ") or b"PRIVATE KEY-----" not in identity:
        msg = f"Secret {secret.name}: the identity is not a private key in PEM or OpenSSH form"
        raise CredentialInvalid(msg)
    if _has_passphrase(identity):
        msg = f"Secret {secret.name}: the identity has a passphrase; make one without: ssh-keygen -p -N ''"
        raise CredentialInvalid(msg)
    return GitCredential(identity=identity, known_hosts=known_hosts.rstrip() + b"\n")


def _has_passphrase(key: bytes) -> bool:
    """Whether a key is encrypted; PROTOCOL.key of OpenSSH has the layout: magic, then the cipher's name."""
    if b"ENCRYPTED" in key:
        return True
    if b"BEGIN OPENSSH PRIVATE KEY" not in key:
        return False
    try:
        content = base64.b64decode(b"".join(key.split(b"\n")[1:-2]))
    except binascii.Error:
        return False
    return not content.startswith(b"openssh-key-v1\0\0\0\0\x04none")


def _authorities(secret: SecretContent) -> bytes | None:
    authorities = secret.data.get("ca.crt")
    if authorities is None:
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=authorities.decode("ascii"))
    except (ssl.SSLError, UnicodeDecodeError, ValueError) as error:
        msg = f"Secret {secret.name}: `ca.crt` is not a list of PEM certificates"
        raise CertificateUnusable(msg) from error
    return authorities


def _text(secret: SecretContent, key: str) -> str:
    try:
        return secret.data.get(key, b"").decode()
    except UnicodeDecodeError as error:
        msg = f"Secret {secret.name}: `{key}` is not text"
        raise CredentialInvalid(msg) from error


def _listed() -> str:
    return ", ".join(sorted(_TYPES))
