"""A real OCI registry (distribution v3) on loopback: open, guarded, with TLS, or a mirror."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bcrypt
import yaml
from typing_extensions import override

from dev.binaries import binary
from dev.certificates import Authority, KeyPair
from dev.processes import Program
from dev.registry_process import RegistryProcess, answers

__all__ = ["Notifications", "Registry", "TokenAuthentication", "answers", "program", "storage"]


@dataclass(frozen=True, slots=True)
class TokenAuthentication:
    """Where clients get their tokens; `dev.tokens.TokenServer` is one such place."""

    realm: str
    """URL that the challenge names."""
    service: str
    issuer: str
    root_certificates: Path
    """PEM file of the authority that signs the certificates in the tokens' headers."""


@dataclass(frozen=True, slots=True)
class Notifications:
    """Where a registry posts what happens in it."""

    url: str
    authorization: str = field(repr=False)
    """The Authorization header of its requests."""


def program(
    executable: Path,
    directory: Path,
    port: int,
    *,
    bind: str = "127.0.0.1",
    users: Mapping[str, str] | None = None,
    token: TokenAuthentication | None = None,
    tls: KeyPair | None = None,
    client_authority: Path | None = None,
    proxy: str | None = None,
    notifications: Notifications | None = None,
    access_log: bool = False,
) -> Program:
    """The program of a registry that keeps its data and configuration in `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    configuration = {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": not access_log}},
        "storage": {"filesystem": {"rootdirectory": str(storage(directory))}, "delete": {"enabled": True}},
        "http": {"addr": f"{bind}:{port}", **_tls(tls, client_authority)},
        **_authentication(directory, users, token),
        **({"proxy": {"remoteurl": proxy}} if proxy else {}),
        **_notifications(notifications),
    }
    path = directory / "registry.yaml"
    path.write_text(yaml.safe_dump(configuration))
    # Otherwise it posts traces to a collector that nobody runs.
    return Program("registry", (str(executable), "serve", str(path)), {"OTEL_TRACES_EXPORTER": "none"})


class Registry(RegistryProcess):
    """A registry of one kind, or of several at once.

    Args:
        users: passwords by user name; demands HTTP Basic authentication.
        token: demands bearer tokens from this place.
        tls: serve HTTPS with a certificate for `localhost`, 127.0.0.1 and `addresses`, signed by `authority`.
        addresses: other addresses under which it is known.
        client_certificates: with `tls`, demand a client certificate that `authority` signed.
        proxy: the URL of another registry, whose images it passes on and keeps; it takes no pushes then.
        notifications: where to post pushes, pulls and deletions.
        access_log: write a line per request into `log`.
        parent: where its directory is made; `/dev/shm` suits thousands of small files.

    With `tls`, `authority` is whom clients must trust.
    """

    def __init__(
        self,
        *,
        users: Mapping[str, str] | None = None,
        token: TokenAuthentication | None = None,
        tls: bool = False,
        addresses: Sequence[str] = (),
        client_certificates: bool = False,
        proxy: str | None = None,
        notifications: Notifications | None = None,
        access_log: bool = False,
        parent: Path | None = None,
    ) -> None:
        super().__init__("https" if tls else "http", parent)
        self._users = users
        self._token = token
        self._client_certificates = client_certificates
        self._proxy = proxy
        self._notifications = notifications
        self._access_log = access_log
        self.authority = Authority(self.directory / "pki") if tls else None
        self._server_pair = (
            self.authority.server("registry", dns=["localhost"], addresses=["127.0.0.1", *addresses])
            if self.authority
            else None
        )

    @property
    def storage(self) -> Path:
        """The root directory of its storage driver."""
        return storage(self.directory)

    @override
    def program(self) -> Program:
        client_authority = self.authority.files.certificate if self.authority else None
        return program(
            binary("registry"),
            self.directory,
            self.port,
            users=self._users,
            token=self._token,
            tls=self._server_pair,
            client_authority=client_authority if self._client_certificates else None,
            proxy=self._proxy,
            notifications=self._notifications,
            access_log=self._access_log,
        )

    @override
    def ssl_context(self) -> ssl.SSLContext | None:
        """What a client needs to be let in: trust in `authority` and, if demanded, a client certificate."""
        if self.authority is None:
            return None
        context = ssl.create_default_context(cafile=str(self.authority.files.certificate))
        if self._client_certificates:
            client = self.authority.client("probe", user="probe")
            context.load_cert_chain(client.certificate, client.key)
        return context


def storage(directory: Path) -> Path:
    """Where the registry of this directory keeps its content."""
    return directory / "data"


def _tls(pair: KeyPair | None, client_authority: Path | None) -> dict[str, Any]:
    if pair is None:
        return {}
    settings: dict[str, Any] = {"certificate": str(pair.certificate), "key": str(pair.key)}
    if client_authority is not None:
        settings["clientcas"] = [str(client_authority)]
    return {"tls": settings}


def _notifications(target: Notifications | None) -> dict[str, Any]:
    if target is None:
        return {}
    endpoint = {
        "name": "test-bed",
        "url": target.url,
        "headers": {"Authorization": [target.authorization]},
        "timeout": "1s",
        "threshold": 5,
        "backoff": "100ms",
    }
    return {"notifications": {"endpoints": [endpoint]}}


def _authentication(
    directory: Path, users: Mapping[str, str] | None, token: TokenAuthentication | None
) -> dict[str, Any]:
    if users is not None:
        passwords = directory / "htpasswd"
        passwords.write_text("".join(_password_line(user, word) for user, word in users.items()))
        return {"auth": {"htpasswd": {"realm": "slipway test bed", "path": str(passwords)}}}
    if token is not None:
        settings = {
            "realm": token.realm,
            "service": token.service,
            "issuer": token.issuer,
            "rootcertbundle": str(token.root_certificates),
        }
        return {"auth": {"token": settings}}
    return {}


def _password_line(user: str, password: str) -> str:
    # Four rounds are bcrypt's minimum: the registry checks the password at every request.
    return f"{user}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=4)).decode()}\n"
