"""A real OCI registry (distribution v3) on loopback, plain or with passwords, tokens or TLS."""

from __future__ import annotations

import http.client
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import bcrypt
import yaml

from dev import ports, processes
from dev.binaries import binaries
from dev.certificates import Authority, KeyPair
from dev.processes import Program

__all__ = ["Registry", "TokenAuthentication", "answers", "program"]

_START_TIMEOUT = 15.0


@dataclass(frozen=True, slots=True)
class TokenAuthentication:
    """Where clients get their tokens; `dev.tokens.TokenServer` is one such place."""

    realm: str
    """URL that the challenge names."""
    service: str
    issuer: str
    root_certificates: Path
    """PEM file of the authority that signs the certificates in the tokens' headers."""


def program(
    binary: Path,
    directory: Path,
    port: int,
    *,
    users: Mapping[str, str] | None = None,
    token: TokenAuthentication | None = None,
    tls: KeyPair | None = None,
    client_authority: Path | None = None,
) -> Program:
    """The program of a registry that keeps its data and configuration in `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    configuration = {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(directory / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}", **_tls(tls, client_authority)},
        **_authentication(directory, users, token),
    }
    path = directory / "registry.yaml"
    path.write_text(yaml.safe_dump(configuration))
    # Otherwise it posts traces to a collector that nobody runs.
    return Program("registry", (str(binary), "serve", str(path)), {"OTEL_TRACES_EXPORTER": "none"})


def answers(url: str, context: ssl.SSLContext | None = None) -> bool:
    """Whether a registry is up at this URL, whatever it demands from clients."""
    address = urlsplit(url)
    connection: http.client.HTTPConnection
    if address.scheme == "https":
        connection = http.client.HTTPSConnection(address.netloc, timeout=2, context=context)
    else:
        connection = http.client.HTTPConnection(address.netloc, timeout=2)
    try:
        connection.request("GET", "/v2/")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return status in {http.client.OK, http.client.UNAUTHORIZED}


class Registry:
    """A registry that lives as long as a with block, and never longer than this process.

    Args:
        users: passwords by user name; demands HTTP Basic authentication.
        token: demands bearer tokens from this place.
        tls: serve HTTPS with a certificate for `localhost` and 127.0.0.1, signed by `authority`.
        client_certificates: with `tls`, demand a client certificate that `authority` signed.

    After `start`: `host` as it stands in image references, `url`, `directory`, and with `tls` the
    `authority` that clients must trust.
    """

    def __init__(
        self,
        *,
        users: Mapping[str, str] | None = None,
        token: TokenAuthentication | None = None,
        tls: bool = False,
        client_certificates: bool = False,
    ) -> None:
        self._users = users
        self._token = token
        self._client_certificates = client_certificates
        self._reservation = ports.reserve(1)
        self._process: subprocess.Popen[bytes] | None = None
        self.directory = Path(tempfile.mkdtemp(prefix="slipway-registry-"))
        self.authority = Authority(self.directory / "pki") if tls else None
        self._server_pair = (
            self.authority.server("registry", dns=["localhost"], addresses=["127.0.0.1"])
            if self.authority
            else None
        )
        self.host = f"127.0.0.1:{self._reservation.ports[0]}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the process, or start it again after `stop`, with the same address and data.

        Raises:
            RuntimeError: it ended at once or does not answer; the message has the end of its log.
        """
        client_authority = self.authority.files.certificate if self.authority else None
        registry = program(
            binaries()["registry"],
            self.directory,
            self._reservation.ports[0],
            users=self._users,
            token=self._token,
            tls=self._server_pair,
            client_authority=client_authority if self._client_certificates else None,
        )
        self._process = processes.start(registry, self._log)
        self._wait_until_up(self._process)

    def stop(self) -> None:
        """End the process and keep its address and data: an outage."""
        if self._process is not None:
            processes.kill_all([self._process])
            self._process = None

    def close(self) -> None:
        """End the process, give its port back and remove its data."""
        self.stop()
        self._reservation.release()
        shutil.rmtree(self.directory, ignore_errors=True)

    def ssl_context(self) -> ssl.SSLContext | None:
        """What a client needs to be let in: trust in `authority` and, if demanded, a client certificate."""
        if self.authority is None:
            return None
        context = ssl.create_default_context(cafile=str(self.authority.files.certificate))
        if self._client_certificates:
            client = self.authority.client("probe", user="probe")
            context.load_cert_chain(client.certificate, client.key)
        return context

    @property
    def _log(self) -> Path:
        return self.directory / "registry.log"

    def _wait_until_up(self, process: subprocess.Popen[bytes]) -> None:
        context = self.ssl_context()
        deadline = time.monotonic() + _START_TIMEOUT
        while not answers(self.url, context):
            if process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                msg = f"the registry at {self.url} did not come up:\n{processes.log_tail(self._log)}"
                raise RuntimeError(msg)
            time.sleep(0.02)


def _tls(pair: KeyPair | None, client_authority: Path | None) -> dict[str, Any]:
    if pair is None:
        return {}
    settings: dict[str, Any] = {"certificate": str(pair.certificate), "key": str(pair.key)}
    if client_authority is not None:
        settings["clientcas"] = [str(client_authority)]
    return {"tls": settings}


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
