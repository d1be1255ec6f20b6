"""The operator as a process of the test bed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dev.cache import PROJECT
from dev.cluster import Cluster
from dev.operator import OperatorFailed, OperatorProcess

_OWNER = """
import sys
from pathlib import Path
from dev.cluster import Cluster
from dev.operator import OperatorProcess

operator = OperatorProcess(Cluster(Path(sys.argv[1]), "127.0.0.1:1"), log=Path(sys.argv[2]))
operator.start()
print(operator.pid, flush=True)
sys.stdin.read()
"""


def test_a_ready_operator_is_healthy_and_can_be_measured(operator: OperatorProcess) -> None:
    """CPU time only grows; memory is that of a Python process."""
    before = operator.cpu_seconds()

    assert operator.is_healthy()
    assert operator.is_ready()
    assert 20_000_000 < operator.rss() < 500_000_000
    assert operator.cpu_seconds() >= before > 0


def test_it_comes_back_after_a_kill_under_the_same_address(operator: OperatorProcess) -> None:
    """SIGKILL in the middle, as the crash tests do it."""
    first = operator.pid

    operator.kill()

    assert not operator.is_running()
    assert not operator.is_healthy()
    operator.start()
    operator.wait_ready()
    assert operator.pid != first


def test_it_stops_when_asked(operator: OperatorProcess) -> None:
    """SIGTERM is enough, and the exit code says that all was well."""
    assert operator.stop() <= 10.0
    assert operator.exit_code() == 0


def test_an_operator_that_cannot_start_says_why(cluster: Cluster, crds: None, tmp_path: Path) -> None:
    """The end of its log is in the message, so that nobody has to look for it."""
    broken = OperatorProcess(cluster, environment={"SLIPWAY_WORKERS": "many"}, log=tmp_path / "log")
    broken.start()

    with pytest.raises(OperatorFailed, match=r"(?s)ended with exit code [1-9].*SLIPWAY_WORKERS"):
        broken.wait_ready()
    broken.close()


def test_it_dies_with_its_owner(cluster: Cluster, crds: None, tmp_path: Path) -> None:
    """A killed test run leaves no operator that works on."""
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(cluster.kubeconfig), str(tmp_path / "log")],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as owner:
        assert owner.stdout is not None
        operator = os.pidfd_open(int(owner.stdout.readline()))
        owner.kill()

    deadline = time.monotonic() + 10
    while _lives(operator):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.close(operator)


def _lives(handle: int) -> bool:
    try:
        signal.pidfd_send_signal(handle, 0)
    except ProcessLookupError:
        return False
    return True
