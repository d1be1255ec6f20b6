"""Lets pods reach a server of the test bed that listens on the host's loopback, such as a git server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from dev.node.crossing import Crossing, Way
from dev.node.network import ADDRESS, listening_socket

__all__ = ["exposed"]


@contextmanager
def exposed(port: int) -> Iterator[str]:
    """For the length of a with block `ADDRESS:port` leads to 127.0.0.1:port, from pods and from the host.

    Needs a node that runs. Gives host and port, as they stand in URLs.
    """
    server = ("127.0.0.1", port)
    outside = socket.create_server((ADDRESS, port), backlog=128)
    with Crossing([Way(listening_socket(port), server), Way(outside, server)]):
        yield f"{ADDRESS}:{port}"
