"""The network namespace of a real node, which has no link to the host, and its address.

The host gets the same address on its loopback device: with a relay there, `ADDRESS:PORT` is the same server
for the operator, the node and the pods, so that they can share image references.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

__all__ = ["ADDRESS", "NAMESPACE", "NETNS", "enter", "in_namespace", "listening_socket", "make", "remove"]

NAMESPACE = "slipway-node"
"""Name of the network namespace."""

NETNS = Path("/run/netns") / NAMESPACE
"""Where `ip netns` binds it."""

ADDRESS = "10.123.0.1"
"""Of the node, inside the namespace; on the host it is one more loopback address."""

_GATEWAY = "10.123.0.254"
_CLONE_NEWNET = 0x40000000


def make() -> None:
    """Make the namespace.

    The kernel may lack dummy links, so the address is on a veth pair with both ends inside. Nothing answers
    at the gateway: packets to Services need some route before they are sent elsewhere.
    """
    _ip("netns", "add", NAMESPACE)
    for line in (
        "link set lo up",
        "link add node0 type veth peer name node0p",
        f"addr add {ADDRESS}/24 dev node0",
        "link set node0 up",
        "link set node0p up",
        f"route add default via {_GATEWAY} dev node0",
    ):
        _ip("-n", NAMESPACE, *line.split())
    in_namespace(lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1"))
    _ip("addr", "replace", f"{ADDRESS}/32", "dev", "lo")


def remove() -> None:
    """Remove the namespace and the host's address; what does not exist is no error."""
    _ip("addr", "del", f"{ADDRESS}/32", "dev", "lo", tolerant=True)
    _ip("netns", "del", NAMESPACE, tolerant=True)


def enter(namespace: Path) -> None:
    """Move the calling thread, and what it starts from now on, into a network namespace.

    Sockets that it has keep the namespace they were made in.
    """
    descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _setns(descriptor)
    finally:
        os.close(descriptor)


def listening_socket(port: int) -> socket.socket:
    """A socket that listens at `ADDRESS` inside the namespace, for a process outside."""
    made: list[socket.socket] = []
    in_namespace(lambda: made.append(socket.create_server((ADDRESS, port), backlog=128)))
    return made[0]


def in_namespace(work: Callable[[], object]) -> None:
    """Do something inside the namespace, in a thread that ends with it."""
    failures: list[BaseException] = []

    def do() -> None:
        try:
            enter(NETNS)
            work()
        except BaseException as error:  # noqa: BLE001 - raised anew below
            failures.append(error)

    thread = threading.Thread(target=do, name="in-namespace")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def _ip(*arguments: str, tolerant: bool = False) -> None:
    complaints = subprocess.DEVNULL if tolerant else None
    subprocess.run(["ip", *arguments], check=not tolerant, stderr=complaints)


def _setns(descriptor: int) -> None:
    # `os.setns` came with Python 3.12.
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"setns: {os.strerror(code)}")
