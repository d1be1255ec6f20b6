"""Remotes for tests: where the servers of the test bed lie, and who may call them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.gitssh import GitSshServer
from slipway.egress import EgressPolicy
from slipway.git import ANONYMOUS, GitCredential, Remote, parse_git_url

__all__ = ["LOOPBACK", "key_of", "listening", "remote", "traces"]

LOOPBACK = EgressPolicy(allow=("127.0.0.1", "git.example.com"))
"""Lets the servers of the test bed be called, also by the name that resolvers of tests know."""


def remote(url: str, credential: GitCredential = ANONYMOUS) -> Remote:
    """A repository of the test bed."""
    return Remote(parse_git_url(url), credential, LOOPBACK)


def key_of(server: GitSshServer) -> GitCredential:
    """What a Secret for this server would hold."""
    return GitCredential(identity=server.identity, known_hosts=server.known_hosts)


def traces(homes: Path) -> list[str]:
    """What conversations have left behind in the directory of their homes, and programs that run there."""
    left = [str(path) for path in homes.iterdir()]
    places = (_place(process) for process in Path("/proc").iterdir() if process.name.isdigit())
    return left + [place for place in places if place.startswith(str(homes))]


def _place(process: Path) -> str:
    try:
        return str((process / "cwd").readlink())
    except OSError:
        return ""


@contextmanager
def listening(answer: bytes = b"", *, is_endless: bool = False) -> Iterator[int]:
    """The port of a server that says the same to everybody, and then hangs up or goes on for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server, answer, is_endless), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _serve(server: socket.socket, answer: bytes, is_endless: bool) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            try:
                connection.recv(65536)
                connection.sendall(answer)
                while is_endless:
                    connection.sendall(answer)
            except OSError:
                continue
