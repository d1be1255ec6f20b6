"""The ground that a real node stands on: the only one of the machine, its network namespace, the ways in."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from dev.components import Place, Ports
from dev.needs import MissingNeeds
from dev.node import network
from dev.node.crossing import Crossing, Way
from dev.node.leftovers import remove_leftovers
from dev.state import StateDirectory

__all__ = ["grounds"]

_LOCK = Path("/run/slipway-node.lock")
"""Held as long as a node lives; it names the state directory, for whoever clears up after a crash."""

_LOOPBACK = "127.0.0.1"


@contextmanager
def grounds(state: StateDirectory, ports: Ports) -> Iterator[Place]:
    """Be in the network namespace of the node: all that this thread starts meanwhile is in there, too.

    From the host, API server, etcd and registry are found under the addresses and ports that they have
    inside. What an earlier node left behind is removed first, and everything of this one at the end.

    Raises:
        MissingNeeds: another node runs on this machine.
    """
    with _LOCK.open("a+") as lock:
        _take(lock)
        _remove_state_of_the_last(lock)
        remove_leftovers()
        lock.write(str(state.root))
        lock.flush()
        outside = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            network.make()
            ways = _ways(ports)
            network.enter(network.NETNS)
            with Crossing(ways):
                yield Place(bind="0.0.0.0", address=network.ADDRESS)
        finally:
            network.enter(Path(f"/proc/self/fd/{outside}"))
            os.close(outside)
            remove_leftovers()
            lock.truncate(0)


def _ways(ports: Ports) -> list[Way]:
    """One per server that is used from outside; to be made outside."""
    known = [
        (_LOOPBACK, ports.api),
        (_LOOPBACK, ports.etcd),
        (_LOOPBACK, ports.registry),
        (network.ADDRESS, ports.api),
        (network.ADDRESS, ports.registry),
    ]
    return [Way(socket.create_server(address, backlog=128), (_LOOPBACK, address[1])) for address in known]


def _take(lock: IO[str]) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        msg = f"another real node runs on this machine ({_LOCK} is locked): end it first"
        raise MissingNeeds(msg) from error


def _remove_state_of_the_last(lock: IO[str]) -> None:
    lock.seek(0)
    named = lock.read()
    if named:
        shutil.rmtree(named, ignore_errors=True)
    lock.truncate(0)
