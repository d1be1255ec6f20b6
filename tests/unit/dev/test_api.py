"""Paths of the Kubernetes API."""

from __future__ import annotations

import socket
import threading

import pytest

from dev.api import ApiError, KubeApi, resource_path
from dev.kubeconfig import Kubeconfig


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("v1", "nodes"), "/api/v1/nodes"),
        (("v1", "pods", "shop"), "/api/v1/namespaces/shop/pods"),
        (("apps/v1", "deployments", "shop", "api"), "/apis/apps/v1/namespaces/shop/deployments/api"),
        (("v1", "namespaces", None, "shop"), "/api/v1/namespaces/shop"),
    ],
)
def test_paths_follow_the_conventions_of_the_api(arguments: tuple[str, ...], path: str) -> None:
    """The core group lies apart; namespaces and names are optional."""
    assert resource_path(*arguments) == path


def test_an_error_reads_as_the_server_meant_it() -> None:
    """Status, reason and the server's own sentence."""
    error = ApiError(409, "the object has been modified", "Conflict")

    assert str(error) == "409 Conflict: the object has been modified"
    assert str(ApiError(502, "bad gateway")) == "502: bad gateway"


def test_a_write_goes_out_on_a_new_connection_when_the_server_has_ended_the_old_one() -> None:
    """A write must not be repeated, so it is not sent where it would be lost."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[bytes] = []

        def serve() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    taken.append(connection.recv(65536).split(b" ")[0])
                    connection.sendall(answer)
                    connection.shutdown(socket.SHUT_RDWR)
                ended.set()

        ended = threading.Event()
        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        api = KubeApi(Kubeconfig(f"http://127.0.0.1:{server.getsockname()[1]}", None))
        api.get("/version")
        assert ended.wait(10)
        api.create("/api/v1/namespaces", {})
        serving.join(10)
        api.close()

    assert taken == [b"GET", b"POST"]
