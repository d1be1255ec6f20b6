"""A registry as a process on loopback: started, stopped, started again, and gone with whoever wanted it."""

from __future__ import annotations

import http.client
import shutil
import ssl
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from dev import ports, processes
from dev.processes import Program

__all__ = ["RegistryProcess", "answers"]

_START_TIMEOUT = 15.0


def answers(url: str, context: ssl.SSLContext | None = None) -> bool:
    """Whether a registry is up at this URL, whatever it demands from clients."""
    address = urlsplit(url)
    connection: http.client.HTTPConnection
    if address.scheme == "https":
        connection = http.client.HTTPSConnection(address.netloc, timeout=2, context=context)
    else:
        connection = http.client.HTTPConnection(address.netloc, timeout=2)
    try:
        connection.request("GET", "/v2/")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return status in {http.client.OK, http.client.UNAUTHORIZED}


class RegistryProcess(ABC):
    """A registry that lives as long as a with block, and never longer than this process.

    `host` is how it stands in image references; `url`, `directory` and `log` are where it, its data and its
    output are.

    Args:
        scheme: `http` or `https`.
        parent: where its directory is made; None is the system's place for what is temporary.
    """

    def __init__(self, scheme: str = "http", parent: Path | None = None) -> None:
        self._reservation = ports.reserve(1)
        self._process: subprocess.Popen[bytes] | None = None
        self.directory = Path(tempfile.mkdtemp(prefix="slipway-registry-", dir=parent))
        self.port = self._reservation.ports[0]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"{scheme}://{self.host}"

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def log(self) -> Path:
        """What the process has written."""
        return self.directory / "registry.log"

    @abstractmethod
    def program(self) -> Program:
        """What is to be run."""

    def ssl_context(self) -> ssl.SSLContext | None:
        """What a client needs to be let in; None where there is no TLS."""
        return None

    def start(self) -> None:
        """Start the process, or start it again after `stop`, with the same address and data.

        Raises:
            RuntimeError: it ended at once or does not answer; the message has the end of its log.
        """
        self._process = processes.start(self.program(), self.log)
        self._wait_until_up(self._process)

    def stop(self) -> None:
        """End the process and keep its address and its data on disk: an outage."""
        if self._process is not None:
            processes.kill_all([self._process])
            self._process = None

    def close(self) -> None:
        """End the process, give its port back and remove its data."""
        self.stop()
        self._reservation.release()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _wait_until_up(self, process: subprocess.Popen[bytes]) -> None:
        context = self.ssl_context()
        deadline = time.monotonic() + _START_TIMEOUT
        while not answers(self.url, context):
            if process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                msg = f"the registry at {self.url} did not come up:\n{processes.log_tail(self.log)}"
                raise RuntimeError(msg)
            time.sleep(0.02)
