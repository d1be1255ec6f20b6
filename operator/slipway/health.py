"""`/healthz` and `/readyz` for the probes of Kubernetes.

They are answered from a thread of their own, so that a blocked main loop shows as an answer, not as silence.
Neither asks the API server: if that is down, a restart of the operator would not help.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

from typing_extensions import override

__all__ = ["HealthPortUnusable", "HealthServer"]

Check = Callable[[], str | None]
"""What is wrong, in a sentence; None when nothing is."""


class HealthPortUnusable(Exception):  # noqa: N818 - it tells a state of the machine
    """There is no listening on that address."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        """Say which setting is to be changed."""
        super().__init__(
            f"{host}:{port} cannot be listened on ({error.strerror}): "
            "choose others with SLIPWAY_HEALTH_HOST and SLIPWAY_HEALTH_PORT"
        )


class HealthServer:
    """Answers 200 `ok`, or 503 and what is wrong, from `start` to `stop`."""

    def __init__(self, host: str, port: int, *, illness: Check, delay: Check, turn: Check) -> None:
        """Bind the address at once; port 0 takes a free one. The checks run in the server's threads.

        Raises:
            HealthPortUnusable: when another process has the port, or the address is none of this machine.

        Args:
            host: address to listen on.
            port: to listen on.
            illness: why the process is to be started anew.
            delay: why the process does not work yet.
            turn: whose turn it is, if it is not that of this process. Then it is ready all the same: in a
                rolling update the old replica gives way only when the new one is ready.
        """
        checks = MappingProxyType({"/healthz": illness, "/readyz": delay})
        try:
            self._server = ThreadingHTTPServer((host, port), _handler_for(checks, turn))
        except OSError as error:
            raise HealthPortUnusable(host, port, error) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """The port that is bound."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Give the port free."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


def _handler_for(checks: Mapping[str, Check], turn: Check) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            check = checks.get(self.path)
            if check is None:
                self._answer(HTTPStatus.NOT_FOUND, f"there are {' and '.join(checks)}")
                return
            others = turn() if self.path == "/readyz" else None
            if others is not None:
                self._answer(HTTPStatus.OK, others)
                return
            problem = check()
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE if problem else HTTPStatus.OK, problem or "ok")

        def _answer(self, status: HTTPStatus, text: str) -> None:
            content = f"{text}\n".encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        @override
        def log_message(self, *_: Any) -> None:
            """Probes come every few seconds; nobody wants to read about them."""

    return Handler
