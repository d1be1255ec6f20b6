"""What is written down about a cluster."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dev.state import ClusterOptions, ClusterRecord, StateDirectory, StateInUse


def test_options_and_record_read_as_they_were_written(tmp_path: Path) -> None:
    """Both are JSON files in the state directory."""
    state = StateDirectory(tmp_path)
    options = ClusterOptions(watch_cache=False, nodes=5, owned=False)
    record = ClusterRecord(1, "https://127.0.0.1:1", "http://127.0.0.1:2", "127.0.0.1:3", {"etcd": 4})

    assert state.read_record() is None
    options.write(state.options)
    state.write_record(record)

    assert ClusterOptions.read(state.options) == options
    assert state.read_record() == record


def test_a_directory_has_one_supervisor_at_a_time(tmp_path: Path) -> None:
    """Its process id can be read as long as it lives, and no longer."""
    state = StateDirectory(tmp_path)
    assert state.supervisor() is None

    with state.supervised():
        assert state.supervisor() == os.getpid()
        with pytest.raises(StateInUse, match="another supervisor works"), state.supervised():
            pytest.fail("there are two")

    assert state.supervisor() is None
