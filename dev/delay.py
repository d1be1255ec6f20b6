"""Distance for benchmarks: a relay in front of a registry that adds a round trip's time, and counts requests.

A registry on loopback answers in a fraction of a millisecond, where real ones are twenty away; a client that
asks one thing after the other looks as good there as one that does not. The relay runs in a process of its
own, so that its work is never counted as that of what is measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from dev import ports, processes
from dev.cache import PROJECT
from dev.endpoints import Endpoint
from dev.processes import Program

__all__ = ["ROUND_TRIP", "Delay"]

ROUND_TRIP: Final = 0.020
"""Seconds to a registry that is not far away."""

_START_TIMEOUT: Final = 10.0


class Delay:
    """A relay in front of one HTTP server, for the length of a with block; `url` and `host` are its own.

    TLS cannot be read and so not be counted: put it before servers without.

    Args:
        upstream: the URL of the server.
        seconds: what every request waits, and every new connection once more.
    """

    def __init__(self, upstream: str, seconds: float = ROUND_TRIP) -> None:
        self._reservation = ports.reserve(2)
        port, control = self._reservation.ports
        self.host = f"127.0.0.1:{port}"
        self.url = f"http://{self.host}"
        self._control = f"http://127.0.0.1:{control}"
        self._directory = tempfile.TemporaryDirectory(prefix="slipway-delay-")
        self._log = Path(self._directory.name) / "delay.log"
        address = urlsplit(upstream)
        self._arguments = (str(port), str(control), f"{address.hostname}:{address.port or 80}", str(seconds))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        argv = (sys.executable, "-m", "dev.delay_process", *self._arguments)
        environment = {"PYTHONPATH": str(PROJECT)}
        self._process = processes.start(Program("delay", argv, environment, PROJECT), self._log)
        try:
            self._wait_until_up(self._process)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            processes.kill_all([self._process])
        self._reservation.release()
        self._directory.cleanup()

    @property
    def pid(self) -> int:
        """Of the relay's process, to measure what it costs."""
        assert self._process is not None, "not started"
        return self._process.pid

    def counts(self) -> Mapping[Endpoint, int]:
        """How many requests there were of each endpoint; those that are under way count."""
        return Counter({Endpoint(name): count for name, count in self._asked("counts").items()})

    def targets(self) -> list[str]:
        """Every request in its order, as `METHOD target`."""
        found: list[str] = self._asked("targets")
        return found

    def _asked(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self._control}/{what}", timeout=10) as response:
            return json.load(response)

    def _wait_until_up(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_TIMEOUT
        while True:
            try:
                self._asked("counts")
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    msg = f"the relay did not come up:\n{processes.log_tail(self._log)}"
                    raise RuntimeError(msg) from None
                time.sleep(0.02)
            else:
                return
