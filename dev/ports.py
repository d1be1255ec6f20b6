"""Free TCP ports on loopback that no other process of ours takes at the same time.

Every port is one byte of one lock file, taken with an open-file-description lock: it is held as long as the
reservation is open, and the kernel gives it back when the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dev.cache import cache_directory

__all__ = ["FIRST", "LAST", "NoFreePort", "Reservation", "reserve", "reserved"]

FIRST, LAST = 20000, 29999
"""Below Linux' ephemeral range (32768 and up), so that no outgoing connection sits on a port of ours."""


class NoFreePort(RuntimeError):  # noqa: N818 - the name is the sentence
    """Fewer ports are free between `FIRST` and `LAST` than asked for."""


@dataclass(slots=True)
class Reservation:
    """Ports that belong to this process until `release` or its end."""

    ports: tuple[int, ...]
    _descriptor: int

    def release(self) -> None:
        """Give the ports back; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def reserve(count: int) -> Reservation:
    """Take `count` free ports.

    Raises:
        NoFreePort: there are not that many.
    """
    descriptor = os.open(cache_directory() / "ports.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    start = random.randint(FIRST, LAST)
    taken: list[int] = []
    for port in (*range(start, LAST + 1), *range(FIRST, start)):
        if len(taken) == count:
            break
        if _lock(descriptor, port) and _is_free(port):
            taken.append(port)
    if len(taken) < count:
        os.close(descriptor)
        msg = f"{count} free TCP ports are needed between {FIRST} and {LAST}, found {len(taken)}"
        raise NoFreePort(msg)
    return Reservation(tuple(taken), descriptor)


@contextmanager
def reserved(count: int) -> Iterator[tuple[int, ...]]:
    """`reserve` for the length of a with block."""
    reservation = reserve(count)
    try:
        yield reservation.ports
    finally:
        reservation.release()


def _lock(descriptor: int, port: int) -> bool:
    # struct flock of fcntl(2) on 64-bit Linux: l_type, l_whence, l_start, l_len, l_pid.
    request = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, port, 1, 0)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, request)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of an earlier owner in TIME_WAIT are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
