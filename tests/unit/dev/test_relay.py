"""The relay between a client and a server."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Iterator

import pytest

from dev.relay import Relay


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1]
        # Wakes the thread that waits in accept().
        server.shutdown(socket.SHUT_RDWR)


def _serve(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_echo, args=(connection,), daemon=True).start()


def _echo(connection: socket.socket) -> None:
    with connection:
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            return


@pytest.fixture
def relay(echo: int) -> Iterator[Relay]:
    """A relay in front of the echo server."""
    with Relay("127.0.0.1", echo) as running:
        yield running


def _connect(relay: Relay) -> socket.socket:
    return socket.create_connection(("127.0.0.1", relay.port), timeout=5)


def _ask(connection: socket.socket, text: bytes) -> bytes:
    connection.sendall(text)
    return _receive(connection, len(text))


def _receive(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size and (part := connection.recv(65536)):
        received += part
    return received


def test_bytes_pass_in_both_directions(relay: Relay) -> None:
    """More than fits into any buffer, too."""
    text = b"0123456789" * 20_000
    with _connect(relay) as connection:
        threading.Thread(target=connection.sendall, args=(text,)).start()

        assert _receive(connection, len(text)) == text
        assert relay.connections == 1


def test_the_end_of_one_direction_is_passed_on(relay: Relay) -> None:
    """A client that has said everything still hears the answer."""
    with _connect(relay) as connection:
        connection.sendall(b"last words")
        connection.shutdown(socket.SHUT_WR)

        assert _receive(connection, 100) == b"last words"


def test_a_cut_resets_what_is_open_and_lets_new_ones_in(relay: Relay) -> None:
    """As when a load balancer restarts."""
    with _connect(relay) as connection:
        _ask(connection, b"hello")

        relay.cut()

        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    with _connect(relay) as another:
        assert _ask(another, b"hello") == b"hello"


def test_refused_clients_cannot_connect_until_it_reopens(relay: Relay) -> None:
    """As when the server is down; the port stays the same."""
    relay.refuse()
    relay.refuse()

    with pytest.raises(ConnectionRefusedError):
        _connect(relay)

    relay.reopen()
    relay.reopen()
    with _connect(relay) as connection:
        assert _ask(connection, b"hello") == b"hello"


def test_a_server_that_is_down_breaks_the_connection(echo: int) -> None:
    """The relay does not pretend that there is somebody behind it."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    # The reset may arrive before the connection is ours: the relay accepts it in another thread.
    with (
        Relay("127.0.0.1", port) as relay,
        pytest.raises(ConnectionResetError),
        _connect(relay) as connection,
    ):
        connection.recv(1)


def test_whoever_comes_in_while_it_begins_to_refuse_is_closed_too(relay: Relay) -> None:
    """Nothing is left to the collector, which would complain of it in some other test."""
    for _ in range(200):
        with _connect(relay):
            relay.refuse()
        relay.reopen()
    assert gc.collect() >= 0
