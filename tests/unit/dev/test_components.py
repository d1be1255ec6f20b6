"""The command lines of the servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev.components import COMPONENTS, Layout, Ports
from dev.processes import Program
from dev.state import ClusterOptions, StateDirectory


def _layout(directory: Path, options: ClusterOptions | None = None) -> Layout:
    state = StateDirectory(directory)
    state.certificates.mkdir(parents=True, exist_ok=True)
    ports = Ports(20001, 20002, 20003, 20004, 20005, 20006, 20007)
    return Layout(
        {name: Path("/bin") / name for name in COMPONENTS}, state, ports, options or ClusterOptions()
    )


def _programs(layout: Layout) -> list[Program]:
    stages = layout.state.root / "stages.yaml"
    return [layout.etcd(), layout.api_server(), layout.controllers(), layout.scheduler(), layout.kwok(stages)]


def test_every_server_listens_on_loopback_and_on_ports_of_its_own(tmp_path: Path) -> None:
    """Nothing of the test bed can be reached from outside, and no default port is used."""
    for program in _programs(_layout(tmp_path)):
        line = " ".join(program.argv)
        assert "127.0.0.1" in line
        assert "0.0.0.0" not in line
        assert any(f"2000{number}" in line for number in range(1, 7))


def test_the_watch_cache_can_be_switched_off(tmp_path: Path) -> None:
    """Tests of expired watches need it."""
    options = ClusterOptions(watch_cache=False)

    assert "--watch-cache=true" in _layout(tmp_path).api_server().argv
    assert "--watch-cache=false" in _layout(tmp_path, options).api_server().argv


def test_the_audit_log_is_complete_when_a_request_is_done(tmp_path: Path) -> None:
    """Level Metadata, without stages that would count a request twice."""
    layout = _layout(tmp_path)

    assert "--audit-log-mode=blocking" in layout.api_server().argv
    policy = (layout.state.certificates / "audit-policy.yaml").read_text()
    assert "level: Metadata" in policy
    assert "omitStages: [RequestReceived]" in policy


@pytest.mark.parametrize(("durable", "unsafe"), [(False, True), (True, False)])
def test_a_durable_etcd_syncs_and_keeps_its_default_times(
    tmp_path: Path, durable: bool, unsafe: bool
) -> None:
    """Benchmarks must not profit from a disk that is never written."""
    argv = _layout(tmp_path, ClusterOptions(durable_etcd=durable)).etcd().argv

    assert ("--unsafe-no-fsync=true" in argv) is unsafe
    assert any(argument.startswith("--election-timeout") for argument in argv) is unsafe
