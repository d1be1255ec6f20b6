"""What the proxy loses, and what it passes on; `tests/cluster/dev` has it before a real API server."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from dev.api import KubeApi, resource_path
from dev.fault_proxy import Call, FaultProxy, Faults
from dev.kubeconfig import Kubeconfig

JOBS = resource_path("batch/v1", "jobs", "shop")


class Handler(BaseHTTPRequestHandler):
    """Answers like an API server, and notes what arrives."""

    protocol_version = "HTTP/1.1"
    arrived: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """A watch is three events, the rest is an empty object."""
        if "watch" not in self.path:
            self._answer(b"{}")
            return
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        lines = b"".join(json.dumps({"type": "ADDED", "object": {"n": n}}).encode() + b"\n" for n in range(3))
        # Cut where no line ends.
        for chunk in (lines[:50], lines[50:], b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))

    def do_POST(self) -> None:
        """Taken."""
        self.arrived.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._answer(b'{"kind": "Job"}', 201)

    def _answer(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Not to the terminal."""


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[FaultProxy]:
    """A proxy before such a server."""
    Handler.arrived.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        serving.start()
        server.daemon_threads = True
        kubeconfig = tmp_path / "kubeconfig"
        Kubeconfig(f"http://127.0.0.1:{server.server_port}", None, token="t").write(kubeconfig)
        with FaultProxy(kubeconfig) as running:
            yield running
        server.shutdown()
        serving.join()


@pytest.fixture
def api(proxy: FaultProxy, tmp_path: Path) -> Iterator[KubeApi]:
    """A client that goes through the proxy."""
    found = KubeApi.at(proxy.write_kubeconfig(tmp_path / "through"))
    yield found
    found.close()


class Scripted(Faults):
    """Fails as told."""

    def __init__(self, *, arrives: bool = True, answers: bool = True, times: int = 1) -> None:
        self.calls: list[Call] = []
        self._arrives, self._answers, self._times = arrives, answers, times

    @override
    def arrives(self, call: Call) -> bool:
        self.calls.append(call)
        return self._arrives

    @override
    def is_answered(self, call: Call, status: int) -> bool:
        return self._answers

    @override
    def events(self, call: Call, event: dict[str, Any]) -> int:
        return self._times if event["object"]["n"] == 1 else 1


def test_without_faults_everything_passes(api: KubeApi) -> None:
    """Several requests over one connection, and a watch after them."""
    assert api.get("/readyz") == {}
    assert api.create(JOBS, {"n": 1}) == {"kind": "Job"}
    assert [event["object"]["n"] for event in api.watch(JOBS)] == [0, 1, 2]
    assert Handler.arrived == ['{"n": 1}']


@pytest.mark.parametrize(
    ("faults", "arrived"),
    [(Scripted(arrives=False), 0), (Scripted(answers=False), 1)],
    ids=["a request is lost", "an answer is lost"],
)
def test_what_is_lost_breaks_the_connection(
    proxy: FaultProxy, api: KubeApi, faults: Faults, arrived: int
) -> None:
    """The client cannot tell the two apart; the next request finds everything as ever."""
    proxy.faults = faults
    with pytest.raises((OSError, http.client.HTTPException)):
        api.create(JOBS, {})
    assert len(Handler.arrived) == arrived

    proxy.faults = Faults()
    assert api.create(JOBS, {}) == {"kind": "Job"}


@pytest.mark.parametrize(("times", "seen"), [(0, [0, 2]), (2, [0, 1, 1, 2])])
def test_events_are_swallowed_and_doubled(
    proxy: FaultProxy, api: KubeApi, times: int, seen: list[int]
) -> None:
    """Each by itself, however the stream is cut."""
    proxy.faults = Scripted(times=times)

    assert [event["object"]["n"] for event in api.watch(JOBS)] == seen


@pytest.mark.parametrize(
    ("method", "target", "namespace", "resource", "is_write", "is_watch"),
    [
        ("POST", f"{JOBS}?fieldManager=slipway", "shop", "jobs", True, False),
        ("PATCH", f"{JOBS}/api-1/status", "shop", "jobs", True, False),
        ("GET", "/api/v1/namespaces/shop/pods?watch=true", "shop", "pods", False, True),
        ("GET", "/apis/slipway.dev/v1alpha1/warehouses?watch=false", "", "warehouses", False, False),
        ("DELETE", "/api/v1/namespaces/shop", "", "namespaces", True, False),
        ("GET", "/readyz", "", "", False, False),
    ],
)
def test_a_call_says_what_it_is_about(
    method: str, target: str, namespace: str, resource: str, *, is_write: bool, is_watch: bool
) -> None:
    """Read from its request line alone."""
    call = Call(method, target)

    assert (call.namespace, call.resource) == (namespace, resource)
    assert (call.is_write, call.is_watch) == (is_write, is_watch)
