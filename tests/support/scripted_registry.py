"""A web server that behaves as a test tells it, where a real registry cannot be made to behave so."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self

from typing_extensions import override

from dev import ports

__all__ = ["Answer", "ScriptedRegistry", "denied", "html", "image", "tags"]


@dataclass(frozen=True)
class Answer:
    """What the server sends back."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def html(status: int = 200) -> Answer:
    """A page, as any web server has one."""
    return Answer(status, {"Content-Type": "text/html"}, b"<!doctype html><h1>Welcome</h1>")


def tags(*names: str, following: str | None = None) -> Answer:
    """A page of a tag list; `following` is the path of the next one."""
    link = {"Link": f'<{following}>; rel="next"'} if following else {}
    body = json.dumps({"name": "any", "tags": list(names)}).encode()
    # As distribution does: without it a list is looked behind, in case it was cut.
    says = {"Docker-Distribution-Api-Version": "registry/2.0"}
    return Answer(200, {"Content-Type": "application/json", **says, **link}, body)


def denied() -> Answer:
    """The answer to who may not see it: so an image is chosen, and nothing is told of it."""
    return Answer(403, {"Content-Type": "application/json"}, b'{"errors": [{"code": "DENIED"}]}')


def image(digest: str) -> Answer:
    """The answer to a HEAD of a manifest."""
    headers = {
        "Content-Type": "application/vnd.oci.image.manifest.v1+json",
        "Content-Length": "700",
        "Docker-Content-Digest": digest,
    }
    return Answer(200, headers)


class ScriptedRegistry:
    """Answers every request by `script(method, path)`, in threads of this process; use it in a with block.

    The script may be exchanged at any time; `requests` has what was asked so far, as `METHOD path`.
    """

    def __init__(self, script: Callable[[str, str], Answer]) -> None:
        self.script = script
        self.requests: list[str] = []
        self._reservation = ports.reserve(1)
        address = ("127.0.0.1", self._reservation.ports[0])
        self.host = f"127.0.0.1:{address[1]}"
        self.url = f"http://{self.host}"
        self._server = ThreadingHTTPServer(address, self._handler())
        self._server.daemon_threads = True
        # It looks every 20 ms whether it shall end: the default would cost every test half a second.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._reservation.release()

    def answer(self, method: str, path: str) -> Answer:
        """The answer to one request, which is remembered."""
        self.requests.append(f"{method} {path}")
        return self.script(method, path)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        class Handler(_Handler):
            registry = self

        return Handler


class _Handler(BaseHTTPRequestHandler):
    registry: ClassVar[ScriptedRegistry]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer("GET")

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    @override
    def log_message(self, format: str, *_: Any) -> None:
        """Say nothing: standard error belongs to the tests."""

    def _answer(self, method: str) -> None:
        answer = self.registry.answer(method, self.path)
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if method != "HEAD":
            self.wfile.write(answer.body)
