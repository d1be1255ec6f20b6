"""Reading and writing kubeconfig files: one cluster, one user, one context are enough here."""

from __future__ import annotations

import base64
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from dev.certificates import KeyPair

__all__ = ["Kubeconfig", "UnusableKubeconfig"]


class UnusableKubeconfig(ValueError):  # noqa: N818 - the name is the sentence
    """The kubeconfig names no usable server or uses a way to log in that is not supported here."""


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """How to reach one API server as one user."""

    server: str
    """URL, such as `https://127.0.0.1:20001`."""
    authority: bytes | None
    """PEM of the authority that signed the server's certificate; None uses the system's authorities."""
    certificate: bytes | None = None
    """PEM of the client certificate."""
    key: bytes | None = None
    """PEM of its key."""
    token: str | None = None
    """Bearer token, where the user has one."""
    verify: bool = True

    @classmethod
    def of(cls, server: str, authority: Path, client: KeyPair) -> Kubeconfig:
        """The kubeconfig of a client certificate."""
        return cls(server, authority.read_bytes(), client.certificate.read_bytes(), client.key.read_bytes())

    @classmethod
    def read(cls, path: Path) -> Kubeconfig:
        """The current context of a kubeconfig file.

        Raises:
            UnusableKubeconfig: no current context, or a login by plugin or password.
        """
        document = yaml.safe_load(path.read_text()) or {}
        context = _named(document, "contexts", document.get("current-context"), "context", path)
        cluster = _named(document, "clusters", context.get("cluster"), "cluster", path)
        user = _named(document, "users", context.get("user"), "user", path)
        if not (user.keys() & {"token", "tokenFile", "client-certificate", "client-certificate-data"}):
            msg = f"{path}: only client certificates and bearer tokens are supported by the test bed"
            raise UnusableKubeconfig(msg)
        return cls(
            server=cluster["server"],
            authority=_content(cluster, "certificate-authority", path),
            certificate=_content(user, "client-certificate", path),
            key=_content(user, "client-key", path),
            token=_token(user, path),
            verify=not cluster.get("insecure-skip-tls-verify", False),
        )

    def write(self, path: Path) -> None:
        """Write a kubeconfig file that holds everything itself; only its owner may read it."""
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(self._document(), sort_keys=False))

    def through(self, server: str) -> Kubeconfig:
        """The same user at another address of the same server, such as a relay's."""
        return replace(self, server=server)

    def ssl_context(self) -> ssl.SSLContext:
        """A context for TLS connections to the server."""
        context = ssl.create_default_context(cadata=self.authority.decode() if self.authority else None)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate is not None and self.key is not None:
            _load_client_certificate(context, self.certificate + b"\n" + self.key)
        return context

    def _document(self) -> dict[str, Any]:
        cluster = {"server": self.server, **_data("certificate-authority-data", self.authority)}
        if not self.verify:
            cluster["insecure-skip-tls-verify"] = True
        user = {
            **_data("client-certificate-data", self.certificate),
            **_data("client-key-data", self.key),
            **({"token": self.token} if self.token else {}),
        }
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "slipway", "cluster": cluster}],
            "users": [{"name": "slipway", "user": user}],
            "contexts": [{"name": "slipway", "context": {"cluster": "slipway", "user": "slipway"}}],
            "current-context": "slipway",
        }


def _named(
    document: Mapping[str, Any], listing: str, name: str | None, field: str, path: Path
) -> dict[str, Any]:
    for entry in document.get(listing) or []:
        if entry.get("name") == name:
            found: dict[str, Any] = entry.get(field) or {}
            return found
    msg = f"{path}: there is no entry named {name!r} in {listing}"
    raise UnusableKubeconfig(msg)


def _content(section: Mapping[str, Any], field: str, path: Path) -> bytes | None:
    if f"{field}-data" in section:
        return base64.b64decode(section[f"{field}-data"])
    if field in section:
        return Path(path.parent, section[field]).read_bytes()
    return None


def _token(user: Mapping[str, Any], path: Path) -> str | None:
    if "tokenFile" in user:
        return Path(path.parent, user["tokenFile"]).read_text().strip()
    token: str | None = user.get("token")
    return token


def _data(field: str, content: bytes | None) -> dict[str, Any]:
    return {} if content is None else {field: base64.b64encode(content).decode()}


def _load_client_certificate(context: ssl.SSLContext, chain_and_key: bytes) -> None:
    # The ssl module reads certificates from files only.
    with tempfile.NamedTemporaryFile(suffix=".pem") as handle:
        handle.write(chain_and_key)
        handle.flush()
        context.load_cert_chain(handle.name)
