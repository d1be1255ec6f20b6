from __future__ import annotations

import socket
import socketserver
import threading

from typing_extensions import override

from dev.node.crossing import Crossing, Way


class _Echo(socketserver.StreamRequestHandler):
    @override
    def handle(self) -> None:
        self.wfile.write(self.rfile.readline())


def test_what_comes_at_a_socket_is_passed_on_and_the_answer_back() -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        listening = socket.create_server(("127.0.0.1", 0))
        address = listening.getsockname()
        with (
            Crossing([Way(listening, ("127.0.0.1", server.server_address[1]))]),
            socket.create_connection(address, timeout=5) as client,
        ):
            client.sendall(b"hello\n")
            assert client.makefile().readline() == "hello\n"
        server.shutdown()


def test_a_client_of_a_server_that_is_not_there_is_let_go() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        target = gone.getsockname()
    listening = socket.create_server(("127.0.0.1", 0))
    address = listening.getsockname()
    with (
        Crossing([Way(listening, target)]),
        socket.create_connection(address, timeout=5) as client,
    ):
        assert client.recv(1) == b""
