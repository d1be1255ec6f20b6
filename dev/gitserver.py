"""A real git server on loopback: git's own `http-backend` behind a small HTTP server."""

from __future__ import annotations

import base64
import http.client
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, Self

from typing_extensions import override

from dev import ports
from dev.certificates import Authority
from dev.gitrepository import GitRepository

__all__ = ["GitServer", "Request", "upload_pack_settings"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    """With its query."""

    authorization: str
    agent: str
    protocol: str
    """The header Git-Protocol."""


class GitServer:
    """Serves bare repositories over HTTP in threads of this process; use it as a context manager.

    Args:
        users: passwords by user name; demands HTTP Basic authentication.
        token: demands this bearer token.
        tls: serve HTTPS with a certificate for `localhost` and 127.0.0.1, signed by `authority`.
        filters: let clients leave out blobs and trees (`uploadpack.allowFilter`).
        by_id: let clients fetch any commit by its id.
        newest_protocol: 2, or 0 for an old server, which sends all refs whatever is asked.

    `replies` are fixed answers by path (without its query): a status and headers; `bodies`
    likewise: headers and content of an answer that is no error. `pauses` are two events by
    path: the first is set when it is asked for, the answer waits for the second. `requests` is what came,
    `sent` how many bytes went out in bodies.
    """

    def __init__(
        self,
        *,
        users: Mapping[str, str] | None = None,
        token: str | None = None,
        tls: bool = False,
        filters: bool = True,
        by_id: bool = True,
        newest_protocol: int = 2,
    ) -> None:
        self.users, self.token = users, token
        self.newest_protocol = newest_protocol
        self.settings = upload_pack_settings(filters=filters, by_id=by_id)
        self.replies: dict[str, tuple[int, dict[str, str]]] = {}
        self.bodies: dict[str, tuple[dict[str, str], bytes]] = {}
        self.pauses: dict[str, tuple[threading.Event, threading.Event]] = {}
        self.requests: list[Request] = []
        self.sent = 0
        self.directory = Path(tempfile.mkdtemp(prefix="slipway-gitserver-"))
        self.authority = Authority(self.directory / "pki") if tls else None
        self._reservation = ports.reserve(1)
        self.port = self._reservation.ports[0]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._server = self._listening()
        self._thread = threading.Thread(target=self._server.serve_forever, name="git-http", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._reservation.release()
        shutil.rmtree(self.directory, ignore_errors=True)

    def repository(self, name: str, **options: str) -> GitRepository:
        """A new repository, at `url/NAME`."""
        return GitRepository(self.repositories / name, **options)

    @property
    def repositories(self) -> Path:
        """Where the repositories lie."""
        return self.directory / "repositories"

    def admits(self, authorization: str) -> bool:
        """Whether this header lets somebody in."""
        if self.token is not None:
            return authorization == f"Bearer {self.token}"
        if self.users is None:
            return True
        scheme, _, encoded = authorization.partition(" ")
        if scheme != "Basic":
            return False
        user, _, password = base64.b64decode(encoded).decode().partition(":")
        return self.users.get(user) == password

    def _listening(self) -> ThreadingHTTPServer:
        class Handler(_Handler):
            git = self

        server = _Server(("127.0.0.1", self.port), Handler)
        if self.authority is not None:
            pair = self.authority.server("git", dns=["localhost"], addresses=["127.0.0.1"])
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pair.certificate, pair.key)
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        return server


def upload_pack_settings(*, filters: bool, by_id: bool) -> dict[str, str]:
    """All the environment of `git upload-pack`, with its configuration in the form of git-config(1)."""
    settings = {
        "uploadpack.allowFilter": str(filters).lower(),
        "uploadpack.allowAnySHA1InWant": str(by_id).lower(),
        "safe.directory": "*",
    }
    variables = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    for number, (key, value) in enumerate(settings.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that break off are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    git: ClassVar[GitServer]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self._body())

    @override
    def log_message(self, format: str, *_: object) -> None:
        """Say nothing: standard error belongs to the tests."""

    def _answer(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        seen = Request(self.command, self.path, *(self.headers.get(name, "") for name in _KEPT))
        self.git.requests.append(seen)
        if path in self.git.pauses:
            asked, go_on = self.git.pauses[path]
            asked.set()
            go_on.wait()
        if path in self.git.replies:
            self._reply(*self.git.replies[path], b"no repository, just words")
        elif path in self.git.bodies:
            self._reply(200, *self.git.bodies[path])
        elif not self.git.admits(seen.authorization):
            self._reply(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"")
        else:
            self._run_backend(path, query, body, seen.protocol)

    def _run_backend(self, path: str, query: str, body: bytes, protocol: str) -> None:
        environment = {
            **self.git.settings,
            "GIT_PROJECT_ROOT": str(self.git.repositories),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": protocol if self.git.newest_protocol == 2 else "",
        }
        finished = subprocess.run(
            ["git", "http-backend"], input=body, capture_output=True, env=environment, check=False
        )
        head, _, content = finished.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        status = int(headers.pop("Status", "200 OK").split()[0])
        self._reply(status, headers, content)

    def _reply(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status, http.client.responses.get(status, "Unknown"))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.git.sent += len(content)
        self.wfile.write(content)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)


_KEPT = ("Authorization", "User-Agent", "Git-Protocol")
