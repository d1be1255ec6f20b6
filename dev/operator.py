"""The operator as a process of its own, as users run it: `python -m slipway` with `SLIPWAY_*` settings.

Scripts in this folder are run with `python -m` or `python -I`: with the folder itself on `sys.path` this
module would shadow the standard library's `operator`.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn, Self

from dev import ports, processes
from dev.cache import PROJECT
from dev.cluster import Cluster
from dev.processes import Program

__all__ = ["OperatorFailed", "OperatorProcess"]

_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class OperatorFailed(RuntimeError):  # noqa: N818 - the name is the sentence
    """The operator ended, or did not get ready in time; the message has the end of its log."""


class OperatorProcess:
    """One operator against one cluster; it dies with this process.

    ```python
    with OperatorProcess(cluster, environment={"SLIPWAY_MINIMUM_INTERVAL": "2s"}) as operator:
        ...  # ready here
    ```

    Args:
        cluster: the cluster it works for.
        environment: further `SLIPWAY_*` variables; none of this process's own are handed on. Without
            another value it may connect to any port of 127.0.0.1, where the test bed's registries are, and
            all operators have one identity, as a container has that is started anew in its pod: the next one
            need not wait until the Lease of a killed one ends. Two at a time need a `SLIPWAY_IDENTITY` each.
        kubeconfig: another way to the API server than the cluster's own, such as through a relay.
        log: where its output goes, appended over restarts; None is a file in a temporary directory.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        environment: Mapping[str, str] | None = None,
        kubeconfig: Path | None = None,
        log: Path | None = None,
    ) -> None:
        self._scratch = ExitStack()
        self.log = log or self._scratch_directory() / "operator.log"
        self._reservation = ports.reserve(1)
        self.health_port = self._reservation.ports[0]
        self._settings = {
            "SLIPWAY_KUBECONFIG": str(kubeconfig or cluster.kubeconfig),
            "SLIPWAY_HEALTH_HOST": "127.0.0.1",
            "SLIPWAY_HEALTH_PORT": str(self.health_port),
            "SLIPWAY_EGRESS_ALLOW": "127.0.0.1:*",
            "SLIPWAY_IDENTITY": "test-bed",
            "SLIPWAY_LEASE_NAMESPACE": "default",
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
            self.wait_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _scratch_directory(self) -> Path:
        return Path(self._scratch.enter_context(tempfile.TemporaryDirectory(prefix="slipway-operator-")))

    @property
    def pid(self) -> int:
        """Process id.

        Raises:
            OperatorFailed: it does not run.
        """
        return self._check_alive().pid

    def start(self) -> None:
        """Start the process, or start it anew after `kill` or `stop`; `wait_ready` waits for it."""
        # Empty counts as not there.
        others = dict.fromkeys((name for name in os.environ if name.startswith("SLIPWAY_")), "")
        python = {"PYTHONPATH": str(PROJECT / "operator"), "PYTHONUNBUFFERED": "1"}
        environment = {**others, **self._settings, **python}
        program = Program("slipway", (sys.executable, "-m", "slipway"), environment)
        self._process = processes.start(program, self.log)

    def wait_ready(self, timeout: float = 120.0) -> float:
        """Wait until `/readyz` says that it works and is synced; how many seconds that took.

        A second where nothing else runs; a busy machine takes half a minute for the imports alone.

        Raises:
            OperatorFailed: it ended, stands by, or is not ready in time.
        """
        begun = time.monotonic()
        while self.readiness() != "ok":
            self._check_alive()
            if time.monotonic() - begun > timeout:
                self._fail(f"is not ready after {timeout:g} s")
            time.sleep(0.02)
        return time.monotonic() - begun

    def is_healthy(self) -> bool:
        """What `/healthz` says."""
        return self._answer("/healthz")[0] == http.client.OK

    def is_ready(self) -> bool:
        """What `/readyz` says; one that stands by is ready."""
        return self._answer("/readyz")[0] == http.client.OK

    def readiness(self) -> str:
        """The text of `/readyz`: `ok` when it works; empty when nobody answers."""
        return self._answer("/readyz")[1]

    def is_running(self) -> bool:
        """Whether the process exists."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL: no chance to finish anything. Returns when the process has ended."""
        if self._process is not None:
            processes.kill_all([self._process])

    def stop(self, timeout: float = 15.0) -> float:
        """SIGTERM and wait for the end; how many seconds that took.

        Raises:
            OperatorFailed: it did not end in time and was killed.
        """
        process = self._check_alive()
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            self._fail(f"did not end within {timeout:g} s of SIGTERM")
        return time.monotonic() - begun

    def close(self) -> None:
        """End the process whatever it does, and give its port back."""
        self.kill()
        self._reservation.release()
        self._scratch.close()

    def exit_code(self, timeout: float = 15.0) -> int:
        """Wait for it to end by itself and return its exit code, negative for a signal.

        Raises:
            OperatorFailed: it still runs after `timeout` seconds.
        """
        try:
            return self._started().wait(timeout)
        except subprocess.TimeoutExpired:
            self._fail(f"still runs after {timeout:g} s")

    def cpu_seconds(self) -> float:
        """CPU time it has used so far, user and system, all threads."""
        # proc(5): fields 14 and 15, counted after the command name, which may contain spaces.
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS

    def rss(self) -> int:
        """Resident memory in bytes."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE

    def _check_alive(self) -> subprocess.Popen[bytes]:
        process = self._started()
        code = process.poll()
        if code is not None:
            self._fail(f"ended with exit code {code}")
        return process

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            msg = "the operator was never started"
            raise OperatorFailed(msg)
        return self._process

    def _fail(self, what: str) -> NoReturn:
        msg = f"the operator {what}; the end of its log:\n{processes.log_tail(self.log, 40)}"
        raise OperatorFailed(msg)

    def _answer(self, path: str) -> tuple[int, str]:
        """Status and text; 0 and nothing when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.health_port, timeout=2)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode().strip()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()
