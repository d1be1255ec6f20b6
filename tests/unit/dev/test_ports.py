"""Free ports that nobody takes twice."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dev import ports
from dev.cache import PROJECT
from dev.ports import NoFreePort, reserve, reserved


@pytest.fixture(autouse=True)
def _own_lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def _only(monkeypatch: pytest.MonkeyPatch, first: int, last: int) -> None:
    monkeypatch.setattr(ports, "FIRST", first)
    monkeypatch.setattr(ports, "LAST", last)


def test_ports_are_distinct_and_within_the_range() -> None:
    """Below the ephemeral ports of Linux."""
    with reserved(20) as numbers:
        assert len(set(numbers)) == 20
        assert all(20000 <= number <= 29999 for number in numbers)


def test_a_reserved_port_is_not_given_out_again_until_released(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two clusters that start at the same time never meet."""
    _only(monkeypatch, 29000, 29003)
    with reserved(1) as (first,):
        pass
    reservation = reserve(4 - _busy(range(29000, 29004)))

    with pytest.raises(NoFreePort, match="free TCP ports are needed between 29000 and 29003"):
        reserve(1)
    reservation.release()
    reservation.release()
    with reserved(1) as (again,):
        assert again in range(29000, 29004)
    assert first in range(29000, 29004)


def _busy(numbers: range) -> int:
    return sum(not ports._is_free(number) for number in numbers)


def test_the_kernel_gives_ports_back_when_their_process_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No stale lock can ever eat up the range."""
    _only(monkeypatch, 29010, 29013)
    free = 4 - _busy(range(29010, 29014))
    script = (
        "from dev import ports; ports.FIRST, ports.LAST = 29010, 29013; "
        f"kept = ports.reserve({free}); print('reserved', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"reserved\n"
        with pytest.raises(NoFreePort):
            reserve(1)
        other.kill()

    with reserved(1) as numbers:
        assert len(numbers) == 1


def test_a_port_that_a_stranger_uses_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks only bind ourselves; others just listen."""
    with reserved(1) as (number,), socket.create_server(("127.0.0.1", number)):
        _only(monkeypatch, number, number)
        monkeypatch.setattr(ports, "_lock", lambda *_: True)
        with pytest.raises(NoFreePort):
            reserve(1)
